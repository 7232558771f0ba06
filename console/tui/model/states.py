"""The state of an object as a shape: one glyph for what an operator must tell apart at a glance, whatever the kind."""

from __future__ import annotations

from enum import Enum
from typing import Any

from console.tui.model.spans import Role
from controlplane.api import registry
from controlplane.api.objects import ApiObject, condition_is, is_terminating
from controlplane.api.registry import Kind
from protos.v1 import core_pb2 as core


class State(Enum):
    """Glyph and role. The order is that of a sort by state: what needs attention comes first."""

    FAILING = ("▲", "bad")
    WAITING = ("◐", "wait")
    LEAVING = ("◌", "dim")
    WELL = ("●", "ok")
    QUIET = ("·", "faint")
    ENDED = ("○", "dim")

    @property
    def glyph(self) -> str:
        return str(self.value[0])

    @property
    def role(self) -> Role:
        return self.value[1]


_WORDS = {
    "Running": State.WELL, "Ready": State.WELL, "Available": State.WELL, "Active": State.WELL, "Normal": State.QUIET,
    "Completed": State.ENDED, "Succeeded": State.ENDED, "Idle": State.ENDED, "Empty": State.WAITING,
    "Ready,SchedulingDisabled": State.WAITING,
    "Terminating": State.LEAVING,
    "Pending": State.WAITING, "ContainerCreating": State.WAITING, "PodInitializing": State.WAITING,
    "Progressing": State.WAITING, "Paused": State.WAITING, "Unavailable": State.FAILING, "Failed": State.FAILING,
    "NotReady": State.FAILING, "Unknown": State.FAILING, "Warning": State.FAILING, "SchedulingGated": State.WAITING,
}  # fmt: skip


# Kinds that are there or not, and nothing else.
_STATELESS = (registry.CONFIG_MAPS, registry.SECRETS, registry.LEASES)


def state_of(kind: Kind[Any], obj: ApiObject, word: str) -> State:
    """`word` is the printers' for the state."""
    if is_terminating(obj):
        return State.LEAVING
    if kind is registry.PODS and isinstance(obj, core.Pod):
        return _pod_state(obj, word)
    if kind in _STATELESS:
        return State.QUIET
    return _WORDS.get(word, State.FAILING if word.startswith("NotReady") else State.WELL)


def _pod_state(pod: core.Pod, word: str) -> State:
    if word == "Running" and not condition_is(pod.status.conditions, "Ready"):
        return State.WAITING
    if word.startswith("Init:"):
        step = word.removeprefix("Init:")
        return State.WAITING if step[:1].isdigit() else State.FAILING
    return _WORDS.get(word, State.FAILING)
