"""Rules for Jobs: how many pods, which pods, and what of a Job may still change."""

from __future__ import annotations

from google.protobuf.message import Message

from controlplane.api import labels, names
from controlplane.api.batch_defaults import generated_labels
from controlplane.api.rules.job_policies import check_failure_policy, check_success_policy
from controlplane.api.rules.metadata import check_selector
from controlplane.api.rules.places import IMMUTABLE, Place
from controlplane.api.rules.pods import check_template
from protos.v1 import batch_pb2 as batch
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

_MODES = ("NonIndexed", "Indexed")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_MANY = 100_000  # indexes; beyond, an index's failures are kept account of only within _MOST_OF_MANY
_MOST_OF_MANY = 10_000
_LONGEST_MANAGER = 63
_NOT_BELOW_ZERO = {
    "parallelism": "parallelism",
    "completions": "completions",
    "active_deadline_seconds": "activeDeadlineSeconds",
    "backoff_limit": "backoffLimit",
    "ttl_seconds_after_finished": "ttlSecondsAfterFinished",
    "backoff_limit_per_index": "backoffLimitPerIndex",
    "max_failed_indexes": "maxFailedIndexes",
}
_FIXED = {
    "completion_mode": "completionMode",
    "pod_failure_policy": "podFailurePolicy",
    "backoff_limit_per_index": "backoffLimitPerIndex",
    "managed_by": "managedBy",
    "success_policy": "successPolicy",
}
# What queueing controllers set on the template of a Job that waits for its turn.
_SCHEDULING = ("node_selector", "affinity", "tolerations", "scheduling_gates")


def check_job(at: Place, job: batch.Job) -> None:
    spec, place = job.spec, at / "spec"
    _check_generated_selector(at, job)
    check_job_spec(place, spec)
    if not spec.HasField("selector"):
        (place / "selector").required()
    else:
        check_selector(place / "selector", spec.selector)
    if _does_not_match(spec.selector, dict(spec.template.metadata.labels)):
        (place / "template" / "metadata" / "labels").invalid(
            dict(spec.template.metadata.labels), "`selector` does not match template `labels`"
        )
    _check_hostnames(at / "metadata" / "name", job)


def _check_generated_selector(at: Place, job: batch.Job) -> None:
    if job.spec.manual_selector or not job.spec.HasField("selector"):
        return
    if not job.metadata.uid:
        (at / "metadata" / "uid").required()
    place, given = at / "spec" / "template" / "metadata" / "labels", job.spec.template.metadata.labels
    expected = generated_labels(job)
    for key, value in expected.items():
        if key not in given:
            place[key].required(f"must be '{value}'")
        elif given[key] != value:
            place[key].invalid(given[key], f"must be '{value}'")
    if _does_not_match(job.spec.selector, expected):
        (at / "spec" / "selector").invalid(job.spec.selector, "`selector` not auto-generated")


def _does_not_match(selector: meta.LabelSelector, given: dict[str, str]) -> bool:
    try:
        return not labels.from_label_selector(selector).matches(given)
    except ValueError:
        return False  # what is wrong with the selector itself is told by itself


def _check_hostnames(at: Place, job: batch.Job) -> None:
    """Pods of an indexed Job are named, as hosts, after the Job and their index."""
    spec = job.spec
    if spec.completion_mode != "Indexed" or spec.completions <= 0 or not job.metadata.name:
        return
    last = f"{job.metadata.name}-{spec.completions - 1}"
    if names.dns_label(last):
        at.invalid(job.metadata.name, f"will not able to create pod with invalid DNS label: {last}")


def check_job_spec(at: Place, spec: batch.JobSpec) -> None:
    """All but the selector, which the template of a CronJob has not."""
    for field, name in _NOT_BELOW_ZERO.items():
        (at / name).at_least_zero(getattr(spec, field))
    if spec.HasField("max_failed_indexes") and not spec.HasField("backoff_limit_per_index"):
        (at / "backoffLimitPerIndex").required("when maxFailedIndexes is specified")
    _check_manager(at / "managedBy", spec)
    if spec.HasField("completion_mode"):
        (at / "completionMode").one_of(spec.completion_mode, _MODES)
    if spec.completion_mode == "Indexed":
        _check_indexed(at, spec)
    else:
        if spec.HasField("backoff_limit_per_index"):
            (at / "backoffLimitPerIndex").invalid(spec.backoff_limit_per_index, "requires indexed completion mode")
        if spec.HasField("max_failed_indexes"):
            (at / "maxFailedIndexes").invalid(spec.max_failed_indexes, "requires indexed completion mode")
    _check_replacement(at / "podReplacementPolicy", spec)
    check_failure_policy(at / "podFailurePolicy", spec)
    check_success_policy(at / "successPolicy", spec)
    if not spec.HasField("template"):
        (at / "template").required("describe the pods to run")
        return
    check_template(at / "template", spec.template)
    _check_restarts(at / "template" / "spec" / "restartPolicy", spec)


def _check_manager(at: Place, spec: batch.JobSpec) -> None:
    if not spec.HasField("managed_by"):
        return
    prefix, slash, path = spec.managed_by.partition("/")
    if not slash or not prefix or not path:
        at.invalid(spec.managed_by, 'must be a domain-prefixed path (such as "acme.io/foo")')
    elif wrong := names.dns_subdomain(prefix):
        at.invalid(spec.managed_by, wrong)
    if len(spec.managed_by) > _LONGEST_MANAGER:
        at.too_long(_LONGEST_MANAGER)


def _check_indexed(at: Place, spec: batch.JobSpec) -> None:
    if not spec.HasField("completions"):
        (at / "completions").required("when completion mode is Indexed")
    if spec.parallelism > _MANY:
        (at / "parallelism").invalid(
            spec.parallelism, f"must be less than or equal to {_MANY} when completion mode is Indexed"
        )
    failures = at / "maxFailedIndexes"
    if spec.HasField("max_failed_indexes"):
        if spec.HasField("completions") and spec.max_failed_indexes > spec.completions:
            failures.invalid(spec.max_failed_indexes, "must be less than or equal to completions")
        if spec.max_failed_indexes > _MANY:
            failures.invalid(spec.max_failed_indexes, f"must be less than or equal to {_MANY}")
    if spec.completions > _MANY and spec.HasField("backoff_limit_per_index"):
        limit = (
            f"must be less than or equal to {_MOST_OF_MANY} when completions are above {_MANY} and used with backoff limit "
            "per index"
        )
        if not spec.HasField("max_failed_indexes"):
            failures.required(f"must be specified when completions is above {_MANY}")
        elif spec.max_failed_indexes > _MOST_OF_MANY:
            failures.invalid(spec.max_failed_indexes, limit)
        if spec.parallelism > _MOST_OF_MANY:
            (at / "parallelism").invalid(spec.parallelism, limit)


def _check_replacement(at: Place, spec: batch.JobSpec) -> None:
    if spec.HasField("pod_replacement_policy"):
        supported = _REPLACEMENTS[:1] if spec.HasField("pod_failure_policy") else _REPLACEMENTS
        at.one_of(spec.pod_replacement_policy, supported)


def _check_restarts(at: Place, spec: batch.JobSpec) -> None:
    policy = spec.template.spec.restart_policy
    if policy in ("", "Always"):
        at.required('valid values: "OnFailure", "Never"')
    elif policy == "OnFailure":
        if spec.HasField("pod_failure_policy"):
            at.invalid(policy, 'only "Never" is supported when podFailurePolicy is specified')
        if spec.HasField("backoff_limit_per_index"):
            at.invalid(policy, 'only "Never" is supported when backoffLimitPerIndex is specified')


def check_job_update(at: Place, old: batch.Job, new: batch.Job) -> None:
    place = at / "spec"
    _check_completions_update(place, old.spec, new.spec)
    (place / "selector").unchanged(old.spec.selector, new.spec.selector)
    _check_template_update(place / "template", old, new)
    before: Message = old.spec
    after: Message = new.spec
    for field, name in _FIXED.items():
        if before.HasField(field) != after.HasField(field) or getattr(before, field) != getattr(after, field):
            (place / name).invalid(getattr(after, field), IMMUTABLE)


def _check_completions_update(at: Place, old: batch.JobSpec, new: batch.JobSpec) -> None:
    """An indexed Job may grow and shrink, as long as all its indexes may run at once."""
    if old.HasField("completions") == new.HasField("completions") and old.completions == new.completions:
        return
    place = at / "completions"
    if new.completion_mode != "Indexed":
        place.invalid(new.completions if new.HasField("completions") else None, IMMUTABLE)
    elif new.completions != new.parallelism:
        place.invalid(new.completions, f"can only be modified in tandem with {(at / 'parallelism').path}")


def _check_template_update(at: Place, old: batch.Job, new: batch.Job) -> None:
    waits = old.spec.suspend and not old.status.HasField("start_time")
    before, after = (_fixed_part(job.spec.template) if waits else job.spec.template for job in (old, new))
    at.unchanged(before, after)


def _fixed_part(template: core.PodTemplateSpec) -> core.PodTemplateSpec:
    """The template without what may change while the Job has not started."""
    fixed = core.PodTemplateSpec()
    fixed.CopyFrom(template)
    fixed.metadata.labels.clear()
    fixed.metadata.annotations.clear()
    spec: Message = fixed.spec
    for field in _SCHEDULING:
        spec.ClearField(field)
    return fixed
