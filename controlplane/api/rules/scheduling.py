"""Rules for PriorityClasses."""

from __future__ import annotations

from controlplane.api.pod_defaults import SYSTEM_PRIORITIES
from controlplane.api.rules.places import Place
from protos.v1 import scheduling_pb2 as scheduling

_SYSTEM = "system-"
HIGHEST_USER_PRIORITY = 1_000_000_000
PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")


def check_priority_class(at: Place, priority_class: scheduling.PriorityClass) -> None:
    name, value = priority_class.metadata.name, priority_class.value
    if name.startswith(_SYSTEM):
        wrong = _why_not_system(priority_class)
        if wrong:
            (at / "metadata" / "name").forbidden(
                f"priority class names with '{_SYSTEM}' prefix are reserved for system use only. error: {wrong}"
            )
    elif value > HIGHEST_USER_PRIORITY:
        (at / "value").forbidden(f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}")
    (at / "preemptionPolicy").one_of(priority_class.preemption_policy, PREEMPTION_POLICIES)


def _why_not_system(priority_class: scheduling.PriorityClass) -> str:
    """Why it is none of the two classes that every cluster has; empty if it is."""
    name = priority_class.metadata.name
    if name not in SYSTEM_PRIORITIES:
        return f"{name} is not a known system priority class"
    if priority_class.value != SYSTEM_PRIORITIES[name]:
        return f"value of {name} PriorityClass must be {SYSTEM_PRIORITIES[name]}"
    return f"globalDefault of {name} must be false" if priority_class.global_default else ""


def check_priority_class_update(at: Place, old: scheduling.PriorityClass, new: scheduling.PriorityClass) -> None:
    if old.value != new.value:
        (at / "value").forbidden("may not be changed in an update.")
    (at / "preemptionPolicy").unchanged(old.preemption_policy, new.preemption_policy)
