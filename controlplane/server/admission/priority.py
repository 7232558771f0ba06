"""Priorities come from classes: every new pod gets its class's, or the default class's, and may not name another by hand."""

from __future__ import annotations

from typing import cast

from controlplane.api import registry
from controlplane.api.objects import Key
from controlplane.api.pod_defaults import SYSTEM_PRIORITIES
from controlplane.server.admission.review import Review, forbidden
from controlplane.store.cache import Cache
from protos.v1 import core_pb2 as core
from protos.v1 import scheduling_pb2 as scheduling

_MAY_PREEMPT = "PreemptLowerPriority"
_DESCRIPTIONS = {
    "system-cluster-critical": (
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."
    ),
    "system-node-critical": "Used for system critical pods that must not be moved from their current node.",
}


def first_classes() -> list[scheduling.PriorityClass]:
    """The classes that every cluster has."""
    classes = []
    for name, value in SYSTEM_PRIORITIES.items():
        system = scheduling.PriorityClass(value=value, description=_DESCRIPTIONS[name], preemption_policy=_MAY_PREEMPT)
        system.metadata.name = name
        classes.append(system)
    return classes


class Priority:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def complete(self, review: Review) -> None:
        if isinstance(review.obj, core.Pod):
            if isinstance(review.old, core.Pod):
                _keep(review.obj.spec, review.old.spec)
            else:
                self._give(review, review.obj.spec)

    def check(self, review: Review) -> None:
        if review.kind is not registry.PRIORITY_CLASSES:
            return
        if review.operation == "delete" and review.key.name in SYSTEM_PRIORITIES:
            raise forbidden(review, "this is a system priority class and cannot be deleted")
        if isinstance(review.obj, scheduling.PriorityClass) and review.obj.global_default:
            others = [default.metadata.name for default in self._defaults() if default.metadata.name != review.key.name]
            if others:
                raise forbidden(
                    review, f"PriorityClass {others[0]} is already marked as default. Only one default can exist"
                )

    def _give(self, review: Review, spec: core.PodSpec) -> None:
        chosen = self._class(review, spec.priority_class_name)
        policy = chosen.preemption_policy or _MAY_PREEMPT
        if spec.HasField("priority") and spec.priority != chosen.value:
            raise forbidden(
                review,
                f"the integer value of priority ({spec.priority}) must not be provided in pod spec; priority admission "
                f"controller computed {chosen.value} from the given PriorityClass name",
            )
        if spec.HasField("preemption_policy") and spec.preemption_policy != policy:
            raise forbidden(
                review,
                f"the string value of PreemptionPolicy ({spec.preemption_policy}) must not be provided in pod spec; "
                f"priority admission controller computed {policy} from the given PriorityClass name",
            )
        spec.priority_class_name, spec.priority, spec.preemption_policy = chosen.metadata.name, chosen.value, policy

    def _class(self, review: Review, name: str) -> scheduling.PriorityClass:
        """The class that a pod names, else the default one, else one of no name and priority 0."""
        if not name:
            return min(self._defaults(), key=lambda default: default.value, default=scheduling.PriorityClass())
        found = self._cache.of(registry.PRIORITY_CLASSES).get(Key("", name))
        if found is None:
            raise forbidden(review, f"no PriorityClass with name {name} was found")
        return cast("scheduling.PriorityClass", found.message())

    def _defaults(self) -> list[scheduling.PriorityClass]:
        classes = (record.message() for record in self._cache.of(registry.PRIORITY_CLASSES).records())
        return [one for one in cast("list[scheduling.PriorityClass]", classes) if one.global_default]


def _keep(spec: core.PodSpec, old: core.PodSpec) -> None:
    """An update that leaves the priority out means the one there is."""
    if not spec.HasField("priority") and old.HasField("priority"):
        spec.priority = old.priority
    if not spec.HasField("preemption_policy") and old.HasField("preemption_policy"):
        spec.preemption_policy = old.preemption_policy
