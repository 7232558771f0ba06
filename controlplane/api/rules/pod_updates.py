"""Rules for what of a pod may still change, and what only a new one may not have."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from controlplane.api import patch
from controlplane.api.encoding import message_to_dict
from controlplane.api.rules.places import Place
from protos.v1 import core_pb2 as core

_ADDITIONS = "only additions are allowed (no mutations or deletions)"


def check_new_pod(at: Place, spec: core.PodSpec) -> None:
    if spec.ephemeral_containers:
        (at / "ephemeralContainers").forbidden("cannot be set on create")
    if spec.node_name and spec.scheduling_gates:
        (at / "nodeName").forbidden("cannot be set until all schedulingGates have been cleared")


def check_ephemeral_update(at: Place, old: core.PodSpec, new: core.PodSpec) -> None:
    """More may come; those that are there stay as they are."""
    kept = {one.ephemeral_container_common.name: one for one in new.ephemeral_containers}
    for container in old.ephemeral_containers:
        name = container.ephemeral_container_common.name
        if name not in kept:
            at.forbidden(f'existing ephemeral containers "{name}" may not be removed')
        elif kept[name] != container:
            at.forbidden(f'existing ephemeral containers "{name}" may not be changed')


def check_pod_update(at: Place, old: core.PodSpec, new: core.PodSpec) -> None:
    """Nearly all of a pod stands once it is made. `nodeName` may be given once: that is what binding does."""
    if old == new:
        return
    _check_deadline(at / "activeDeadlineSeconds", old, new)
    if not all(_is_kept(toleration, new) for toleration in old.tolerations):
        (at / "tolerations").forbidden("existing tolerations may not be changed or removed, only new ones added")
    _check_gates(at, old, new)
    before, after = (_fixed_part(spec, old=old, new=new) for spec in (old, new))
    if before != after:
        changed = sorted(patch.merge_diff(message_to_dict(before), message_to_dict(after)))
        at.forbidden(
            "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, "
            "`spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations), "
            "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative); changed: "
            f"{', '.join(changed)}. Delete the pod and create it anew, or change the object that owns it"
        )


def _check_deadline(at: Place, old: core.PodSpec, new: core.PodSpec) -> None:
    if not old.HasField("active_deadline_seconds"):
        return
    if not new.HasField("active_deadline_seconds"):
        at.invalid(None, "must not update from a positive integer to nil value")
    elif new.active_deadline_seconds > old.active_deadline_seconds:
        at.invalid(
            new.active_deadline_seconds, f"must be less than or equal to previous value {old.active_deadline_seconds}"
        )


def _is_kept(toleration: core.Toleration, new: core.PodSpec) -> bool:
    """Whether the new pod still has it; how long it lasts may change."""

    def essence(one: core.Toleration) -> tuple[str, str, str, str]:
        return (one.key, one.operator, one.value, one.effect)

    return any(essence(toleration) == essence(other) for other in new.tolerations)


def _check_gates(at: Place, old: core.PodSpec, new: core.PodSpec) -> None:
    """Gates only open. While one holds the pod back, it may be told more closely where to go."""
    known = {gate.name for gate in old.scheduling_gates}
    for gate in new.scheduling_gates:
        if gate.name not in known:
            (at / "schedulingGates").forbidden(f"only deletion is allowed, but found new scheduling gate '{gate.name}'")
    if not old.scheduling_gates:
        return
    if any(new.node_selector.get(key) != value for key, value in old.node_selector.items()):
        (at / "nodeSelector").invalid(
            dict(new.node_selector), "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        )
    _check_terms(at / "affinity" / "nodeAffinity" / "requiredDuringSchedulingIgnoredDuringExecution", old, new)


def _check_terms(at: Place, old: core.PodSpec, new: core.PodSpec) -> None:
    before, after = _terms(old), _terms(new)
    if not before:
        return
    if len(before) != len(after):
        (at / "nodeSelectorTerms").invalid(
            len(after), "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        )
        return
    for index, (one, other) in enumerate(zip(before, after, strict=True)):
        place = (at / "nodeSelectorTerms")[index]
        if not _grows(one.match_expressions, other.match_expressions) or not _grows(one.match_fields, other.match_fields):
            place.invalid(other, _ADDITIONS)


def _terms(spec: core.PodSpec) -> list[core.NodeSelectorTerm]:
    return list(spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms)


def _grows(old: Collection[core.NodeSelectorRequirement], new: Iterable[core.NodeSelectorRequirement]) -> bool:
    """Whether what was asked is asked still, in the same order and before what is new."""
    return list(new)[: len(old)] == list(old)


def _fixed_part(spec: core.PodSpec, *, old: core.PodSpec, new: core.PodSpec) -> core.PodSpec:
    """The spec without what may change from `old` to `new`, or has a rule of its own."""
    fixed = core.PodSpec()
    fixed.CopyFrom(spec)
    for container in (*fixed.init_containers, *fixed.containers):
        container.image = ""
    for field in ("active_deadline_seconds", "tolerations", "scheduling_gates"):
        fixed.ClearField(field)
    if not old.node_name and not new.scheduling_gates:
        fixed.node_name = ""
    if old.termination_grace_period_seconds < 0 and new.termination_grace_period_seconds == 1:
        fixed.ClearField("termination_grace_period_seconds")
    if old.scheduling_gates:
        fixed.ClearField("node_selector")
        fixed.affinity.ClearField("node_affinity")
        if not fixed.affinity.ListFields():
            fixed.ClearField("affinity")
    return fixed
