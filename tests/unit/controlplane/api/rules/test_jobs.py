"""Rules for Jobs, whose selector the server makes."""

from typing import Any, cast

import pytest

from controlplane.api import batch_defaults, validation
from controlplane.api.registry import JOBS
from protos.v1 import batch_pb2 as batch
from tests.unit.controlplane.api.rules.documents import pod_spec, stored

UID = "c9948307"
ONCE = {"spec": pod_spec(restartPolicy="Never")}


def made(metadata: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **spec: Any) -> batch.Job:
    """A Job as the server validates it when it is created."""
    doc = {"metadata": {"name": "pi", "uid": UID} | (metadata or {}), "spec": {"template": ONCE} | spec, "status": status}
    job = cast("batch.Job", stored(JOBS, doc))
    batch_defaults.generate_selector(job)
    return job


def problems(job: batch.Job) -> list[str]:
    return [str(problem) for problem in validation.problems_of(JOBS, job)]


def update(old: batch.Job, new: batch.Job) -> list[str]:
    return [str(problem) for problem in validation.update_problems(JOBS, old, new)]


def test_a_plain_job_is_accepted_with_the_selector_that_is_made_for_it() -> None:
    job = made()
    assert problems(job) == []
    assert dict(job.spec.selector.match_labels) == {"batch.kubernetes.io/controller-uid": UID}


def test_a_selector_of_ones_own_must_match_the_template() -> None:
    own = {"manualSelector": True, "selector": {"matchLabels": {"app": "pi"}}}
    labelled = {"metadata": {"labels": {"app": "pi"}}} | ONCE
    assert problems(made(**own, template=labelled)) == []
    assert problems(made(**own)) == [
        "spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`"
    ]
    assert problems(made(manualSelector=True)) == ["spec.selector: Required value"]


def test_a_label_that_stands_in_the_way_of_the_generated_one_is_told() -> None:
    found = problems(made(template={"metadata": {"labels": {"job-name": "mine"}}} | ONCE))
    assert found == ["spec.template.metadata.labels[job-name]: Invalid value: \"mine\": must be 'pi'"]


def test_a_selector_that_is_not_the_generated_one_is_told() -> None:
    found = problems(made(selector={"matchLabels": {"app": "pi"}}, template={"metadata": {"labels": {"app": "pi"}}} | ONCE))
    assert len(found) == 1
    assert found[0].startswith("spec.selector: Invalid value: ")
    assert found[0].endswith("`selector` not auto-generated")


RULE = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"parallelism": -1}, ["parallelism: Invalid value: -1: must be greater than or equal to 0"]),
        ({"backoffLimit": -1}, ["backoffLimit: Invalid value: -1: must be greater than or equal to 0"]),
        (
            {"ttlSecondsAfterFinished": -1},
            ["ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0"],
        ),
        ({"activeDeadlineSeconds": -1}, ["activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0"]),
        (
            {"completionMode": "Random"},
            ['completionMode: Unsupported value: "Random": supported values: "NonIndexed", "Indexed"'],
        ),
        ({"completionMode": "Indexed", "parallelism": 1}, ["completions: Required value: when completion mode is Indexed"]),
        (
            {"completionMode": "Indexed", "completions": 2, "maxFailedIndexes": 3, "backoffLimitPerIndex": 1},
            ["maxFailedIndexes: Invalid value: 3: must be less than or equal to completions"],
        ),
        (
            {"completionMode": "Indexed", "completions": 200000, "backoffLimitPerIndex": 1, "parallelism": 20000},
            ["maxFailedIndexes: Required value: must be specified when completions is above 100000",
             "parallelism: Invalid value: 20000: must be less than or equal to 10000 when completions are above 100000 and "
             "used with backoff limit per index"],
        ),
        ({"backoffLimitPerIndex": 1}, ["backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
        (
            {"maxFailedIndexes": 1, "completionMode": "Indexed", "completions": 2},
            ["backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"],
        ),
        (
            {"template": {"spec": pod_spec()}},
            ['template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
        ),
        (
            {"template": {"spec": pod_spec(restartPolicy="OnFailure")}, "podFailurePolicy": {"rules": [RULE]}},
            ['template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is '
             'specified'],
        ),
        (
            {"podFailurePolicy": {"rules": []}, "podReplacementPolicy": "TerminatingOrFailed"},
            ['podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
        ),
        (
            {"managedBy": "queue"},
            ['managedBy: Invalid value: "queue": must be a domain-prefixed path (such as "acme.io/foo")'],
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_broken_rule_of_a_job_is_told(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(made(**fields)) == [f"spec.{problem}" for problem in found]


def test_the_last_pod_of_an_indexed_job_must_get_a_host_name() -> None:
    name = "x" * 61
    found = problems(made({"name": name}, completionMode="Indexed", completions=11))
    assert len(found) == 1
    assert found[0].startswith('metadata.name: Invalid value: "xxx')
    assert found[0].endswith(f": will not able to create pod with invalid DNS label: {name}-10")
    assert problems(made({"name": name}, completionMode="Indexed", completions=10)) == []


def test_what_of_a_job_stands() -> None:
    old = made()
    for fields, told in (
        ({"completions": 3}, "spec.completions: Invalid value: 3: field is immutable"),
        ({"backoffLimitPerIndex": 3}, "spec.backoffLimitPerIndex: Invalid value: 3: field is immutable"),
        ({"managedBy": "a.io/b"}, 'spec.managedBy: Invalid value: "a.io/b": field is immutable'),
        ({"podFailurePolicy": {"rules": [RULE]}}, "spec.podFailurePolicy: Invalid value: "),
    ):
        (found,) = update(old, made(**fields, backoffLimit=1))  # type: ignore[arg-type]
        assert found.startswith(told)
    (found,) = update(old, made(template={"spec": pod_spec(restartPolicy="OnFailure")}))
    assert found.startswith("spec.template: Invalid value: ")
    assert found.endswith(": field is immutable")


def test_what_of_a_job_may_change() -> None:
    changed = made(parallelism=3, suspend=True, ttlSecondsAfterFinished=3, backoffLimit=9, activeDeadlineSeconds=9)
    changed.spec.completions = 1
    assert update(made(), changed) == []


def test_an_indexed_job_grows_as_its_parallelism_does() -> None:
    old = made(completionMode="Indexed", completions=3, parallelism=3)
    assert update(old, made(completionMode="Indexed", completions=5, parallelism=5)) == []
    assert update(old, made(completionMode="Indexed", completions=5, parallelism=4)) == [
        "spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism"
    ]


def test_a_job_that_waits_may_be_sent_elsewhere_until_it_has_started() -> None:
    elsewhere = {"template": {"spec": pod_spec(restartPolicy="Never", nodeSelector={"zone": "a"})}}
    assert update(made(suspend=True), made(suspend=False, **elsewhere)) == []
    (running,) = update(made(), made(**elsewhere))
    assert running.startswith("spec.template: Invalid value: ")
    started = made(suspend=True, status={"startTime": "2026-01-01T00:00:00Z"})
    assert len(update(started, made(**elsewhere))) == 1
