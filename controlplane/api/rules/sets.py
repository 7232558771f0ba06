"""Rules for StatefulSets and DaemonSets, and for the revisions that both leave behind."""

from __future__ import annotations

from google.protobuf.message import Message

from controlplane.api import names, patch
from controlplane.api.encoding import message_to_dict
from controlplane.api.rules.places import Place, report_duplicates
from controlplane.api.rules.workloads import check_own_selector, check_runs_on, check_share, check_template_of
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

_MANAGEMENT = ("OrderedReady", "Parallel")
_SET_STRATEGIES = ("RollingUpdate", "OnDelete")
_DAEMON_STRATEGIES = ("OnDelete", "RollingUpdate")
_RETENTION = ("Delete", "Retain")
_CHANGEABLE = (
    "replicas",
    "ordinals",
    "template",
    "update_strategy",
    "revision_history_limit",
    "persistent_volume_claim_retention_policy",
    "min_ready_seconds",
)


def check_stateful_set(at: Place, stateful_set: apps.StatefulSet) -> None:
    spec, place = stateful_set.spec, at / "spec"
    (place / "replicas").at_least_zero(spec.replicas)
    (place / "minReadySeconds").at_least_zero(spec.min_ready_seconds)
    (place / "revisionHistoryLimit").at_least_zero(spec.revision_history_limit)
    (place / "ordinals" / "start").at_least_zero(spec.ordinals.start)
    if spec.service_name:
        (place / "serviceName").check(spec.service_name, names.dns_label)
    _one_of_two(place / "podManagementPolicy", spec.pod_management_policy, _MANAGEMENT)
    _check_set_strategy(place / "updateStrategy", spec.update_strategy)
    _check_retention(place / "persistentVolumeClaimRetentionPolicy", spec)
    _check_claims(place / "volumeClaimTemplates", spec)
    check_own_selector(place / "selector", spec, owner="statefulset")
    if not spec.HasField("template"):
        (place / "template").required("describe the pods to run")
        return
    check_template_of(place / "template", spec.selector, _with_claims(spec))
    check_runs_on(place / "template" / "spec", spec.template.spec, owner="StatefulSet")


def _one_of_two(at: Place, value: str, words: tuple[str, str]) -> None:
    if not value:
        at.required()
    elif value not in words:
        at.invalid(value, f"must be '{words[0]}' or '{words[1]}'")


def _check_set_strategy(at: Place, strategy: apps.StatefulSetUpdateStrategy) -> None:
    _one_of_two(at / "type", strategy.type, _SET_STRATEGIES)
    rolling, place = strategy.rolling_update, at / "rollingUpdate"
    if strategy.type == "OnDelete" and strategy.HasField("rolling_update"):
        place.invalid(rolling, "only allowed for updateStrategy 'RollingUpdate'")
    if strategy.type != "RollingUpdate":
        return
    (place / "partition").at_least_zero(rolling.partition)
    if rolling.HasField("max_unavailable"):
        share = place / "maxUnavailable"
        if check_share(share, rolling.max_unavailable) == 0:
            share.invalid(message_to_dict(rolling.max_unavailable), "cannot be 0")
        check_at_most_all(share, rolling.max_unavailable)


def check_at_most_all(at: Place, share: meta.IntOrString) -> None:
    """A percentage may not exceed 100."""
    if share.type and not names.percent(share.str_val) and int(share.str_val.removesuffix("%")) > 100:
        at.invalid(share.str_val, "must not be greater than 100%")


def _check_retention(at: Place, spec: apps.StatefulSetSpec) -> None:
    if spec.HasField("persistent_volume_claim_retention_policy"):
        policy = spec.persistent_volume_claim_retention_policy
        (at / "whenDeleted").one_of(policy.when_deleted, _RETENTION)
        (at / "whenScaled").one_of(policy.when_scaled, _RETENTION)


def _check_claims(at: Place, spec: apps.StatefulSetSpec) -> None:
    for place, claim in at.each(spec.volume_claim_templates):
        (place / "metadata" / "name").needs(claim.metadata.name, names.dns_label)
        if not claim.spec.access_modes:
            (place / "spec" / "accessModes").required("at least 1 access mode is required")
        if "storage" not in claim.spec.resources.requests:
            (place / "spec" / "resources")["storage"].required()
    report_duplicates(at, [claim.metadata.name for claim in spec.volume_claim_templates], "metadata.name")


def _with_claims(spec: apps.StatefulSetSpec) -> core.PodTemplateSpec:
    """The template with the volumes that its pods get beside those of the template: one for each claim."""
    template = core.PodTemplateSpec()
    template.CopyFrom(spec.template)
    own = {volume.name for volume in template.spec.volumes}
    for claim in spec.volume_claim_templates:
        if claim.metadata.name and claim.metadata.name not in own:
            volume = template.spec.volumes.add(name=claim.metadata.name)
            volume.volume_source.persistent_volume_claim.claim_name = claim.metadata.name
            own.add(claim.metadata.name)
    return template


def check_stateful_set_update(at: Place, old: apps.StatefulSet, new: apps.StatefulSet) -> None:
    before, after = (_fixed_part(one.spec) for one in (old, new))
    if before != after:
        changed = sorted(patch.merge_diff(message_to_dict(before), message_to_dict(after)))
        (at / "spec").forbidden(
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
            f"; changed: {', '.join(changed)}"
        )


def _fixed_part(spec: apps.StatefulSetSpec) -> apps.StatefulSetSpec:
    fixed = apps.StatefulSetSpec()
    fixed.CopyFrom(spec)
    for claim in fixed.volume_claim_templates:
        claim.ClearField("status")
    fields: Message = fixed
    for field in _CHANGEABLE:
        fields.ClearField(field)
    return fixed


def check_daemon_set(at: Place, daemon_set: apps.DaemonSet) -> None:
    spec, place = daemon_set.spec, at / "spec"
    (place / "minReadySeconds").at_least_zero(spec.min_ready_seconds)
    (place / "revisionHistoryLimit").at_least_zero(spec.revision_history_limit)
    _check_daemon_strategy(place / "updateStrategy", spec.update_strategy)
    check_own_selector(place / "selector", spec, owner="daemonset")
    if not spec.HasField("template"):
        (place / "template").required("describe the pod to run on each node")
        return
    check_template_of(place / "template", spec.selector, spec.template)
    check_runs_on(place / "template" / "spec", spec.template.spec, owner="DaemonSet")


def _check_daemon_strategy(at: Place, strategy: apps.DaemonSetUpdateStrategy) -> None:
    (at / "type").one_of(strategy.type, _DAEMON_STRATEGIES)
    if strategy.type != "RollingUpdate":
        return
    place, rolling = at / "rollingUpdate", strategy.rolling_update
    if not strategy.HasField("rolling_update"):
        place.required()
        return
    unavailable = check_share(place / "maxUnavailable", rolling.max_unavailable)
    surge = check_share(place / "maxSurge", rolling.max_surge)
    check_at_most_all(place / "maxUnavailable", rolling.max_unavailable)
    check_at_most_all(place / "maxSurge", rolling.max_surge)
    if unavailable and surge:
        (place / "maxSurge").invalid(message_to_dict(rolling.max_surge), "may not be set when maxUnavailable is non-zero")
    if unavailable == surge == 0:
        (place / "maxUnavailable").required("cannot be 0 when maxSurge is 0")


def check_daemon_set_update(at: Place, old: apps.DaemonSet, new: apps.DaemonSet) -> None:
    (at / "spec" / "selector").unchanged(old.spec.selector, new.spec.selector)


def check_controller_revision(at: Place, revision: apps.ControllerRevision) -> None:
    if not revision.HasField("data"):
        (at / "data").required("data is mandatory")
    (at / "revision").at_least_zero(revision.revision)


def check_controller_revision_update(at: Place, old: apps.ControllerRevision, new: apps.ControllerRevision) -> None:
    (at / "data").unchanged(old.data, new.data)
