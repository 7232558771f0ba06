"""A rollout as it stands: old pods and new, how many are available, what changed, and the way here.

`look` reads it off the objects; `Availability` remembers what was seen while somebody watched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.printers.ages import age
from console.printers.tables import status_of
from console.tui.model.difference import Change, changes
from console.tui.model.sanitize import clean
from console.tui.model.states import State, state_of
from controlplane.api import registry, rollouts
from controlplane.api.objects import condition_is, controller_of, find_condition, is_terminating
from controlplane.api.rollouts import Revision
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta


@dataclass(frozen=True, slots=True)
class PodLine:
    state: State
    name: str
    node: str
    word: str
    note: str


@dataclass(frozen=True, slots=True)
class Side:
    """One ReplicaSet. `revision` is 0 while it has none."""

    revision: int
    name: str
    ready: int
    wanted: int
    pods: tuple[PodLine, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """`old` is the set that is being replaced, or was last; None before there was one. `older_pods` belong to others.

    `revisions` come lowest first; `compared` is the one that `changes` start from.
    """

    name: str
    replicas: int
    promised: int
    paused: bool
    done: bool
    failed: bool
    message: str
    gate: str
    started: float
    ready: int
    new: Side | None
    old: Side | None
    older_pods: int
    revisions: tuple[Revision, ...]
    current: int
    compared: int
    changes: tuple[Change, ...]


def look(
    deployment: apps.Deployment, replica_sets: Iterable[apps.ReplicaSet], pods: Iterable[core.Pod], now: float, *,
    compare: int = 0,
) -> Rollout:  # fmt: skip
    """`pods` are those that the deployment's selector picks; `compare` is the revision to set it against, 0 for the last."""
    owned = rollouts.owned_replica_sets(deployment, replica_sets)
    by_owner = _by_owner(pods)
    new_set = rollouts.new_replica_set(deployment, owned)
    others = [rs for rs in owned if rs is not new_set]
    old_set = _replaced(others, by_owner)
    history = tuple(rollouts.history(deployment, owned))
    current = rollouts.revision(new_set) if new_set is not None else 0
    compared = _compared(history, current, compare)
    told, done, failed = _progress(deployment)
    new_pods = by_owner.get(new_set.metadata.uid, []) if new_set is not None else []
    return Rollout(
        name=clean(deployment.metadata.name),
        replicas=rollouts.desired_replicas(deployment),
        promised=promised(deployment),
        paused=deployment.spec.paused,
        done=done,
        failed=failed,
        message=clean(told),
        gate=_gate(deployment),
        started=min((float(pod.metadata.creation_timestamp.seconds) for pod in new_pods), default=0.0),
        ready=sum(_is_ready(pod) for group in by_owner.values() for pod in group),
        new=_side(new_set, by_owner, now, deployment),
        old=_side(old_set, by_owner, now, deployment),
        older_pods=sum(len(by_owner.get(rs.metadata.uid, ())) for rs in others if rs is not old_set),
        revisions=history,
        current=current,
        compared=compared.number if compared is not None else 0,
        changes=tuple(changes(compared.template, deployment.spec.template)) if compared is not None else (),
    )


def promised(deployment: apps.Deployment) -> int:
    """How many pods must be available at any time: replicas less maxUnavailable, a percentage rounded down."""
    replicas = rollouts.desired_replicas(deployment)
    if deployment.spec.strategy.type == "Recreate":
        return 0
    return max(replicas - _share(deployment.spec.strategy.rolling_update.max_unavailable, replicas), 0)


def _share(of: meta.IntOrString, whole: int) -> int:
    if not of.type:
        return of.int_val
    percent = of.str_val.removesuffix("%")
    return whole * int(percent) // 100 if percent.isdecimal() else 0


def _by_owner(pods: Iterable[core.Pod]) -> dict[str, list[core.Pod]]:
    groups: dict[str, list[core.Pod]] = {}
    for pod in pods:
        owner = controller_of(pod)
        if owner is not None:
            groups.setdefault(owner.uid, []).append(pod)
    return groups


def _replaced(others: Sequence[apps.ReplicaSet], by_owner: dict[str, list[core.Pod]]) -> apps.ReplicaSet | None:
    """Of the sets that are not the new one, that with the most pods; if none has any, the one before."""
    return max(
        others, key=lambda rs: (len(by_owner.get(rs.metadata.uid, ())), rollouts.revision(rs)), default=None
    )  # fmt: skip


def _compared(history: Sequence[Revision], current: int, wanted: int) -> Revision | None:
    if wanted:
        return next((entry for entry in history if entry.number == wanted), None)
    before = [entry for entry in history if entry.number != current]
    return before[-1] if before else None


def _progress(deployment: apps.Deployment) -> tuple[str, bool, bool]:
    try:
        told, done = rollouts.status_message(deployment)
    except rollouts.RolloutError as error:
        return str(error), False, True
    failure = find_condition(deployment.status.conditions, "ReplicaFailure")
    if failure is not None and failure.status == "True":
        return failure.message, False, True
    return _short(told, deployment.metadata.name), done, False


def _short(told: str, name: str) -> str:
    """`Waiting for deployment "web" rollout to finish: 1 of 3 …` -> `1 of 3 …`"""
    told = told.removeprefix(f'Waiting for deployment "{name}" rollout to finish: ').removesuffix("...")
    return "rolled out" if told.endswith("successfully rolled out") else told


def _gate(deployment: apps.Deployment) -> str:
    seconds = deployment.spec.min_ready_seconds
    return f"ready for {seconds} s" if seconds else "ready"


def _is_ready(pod: core.Pod) -> bool:
    return condition_is(pod.status.conditions, "Ready") and not is_terminating(pod)


def _side(
    replica_set: apps.ReplicaSet | None, by_owner: dict[str, list[core.Pod]], now: float, deployment: apps.Deployment
) -> Side | None:
    if replica_set is None:
        return None
    pods = sorted(by_owner.get(replica_set.metadata.uid, ()), key=lambda pod: (is_terminating(pod), rollouts.age_order(pod)))
    return Side(
        revision=rollouts.revision(replica_set),
        name=clean(replica_set.metadata.name),
        ready=sum(map(_is_ready, pods)),
        wanted=rollouts.desired_replicas(replica_set),
        pods=tuple(_pod_line(pod, replica_set.metadata.name, now, deployment.spec.min_ready_seconds) for pod in pods),
    )


def _pod_line(pod: core.Pod, owner: str, now: float, gate: int) -> PodLine:
    word = status_of(registry.PODS, pod)
    return PodLine(
        state=state_of(registry.PODS, pod, word),
        name=clean(pod.metadata.name.removeprefix(owner + "-")),
        node=clean(pod.spec.node_name),
        word=clean(word),
        note=clean(_note(pod, now, gate)),
    )


def _note(pod: core.Pod, now: float, gate: int) -> str:
    if is_terminating(pod):
        left = pod.metadata.deletion_timestamp.seconds - now
        return f"{age(left)} of grace left" if left >= 1 else ""
    ready = find_condition(pod.status.conditions, "Ready")
    if ready is not None and ready.status == "True":
        held = now - ready.last_transition_time.seconds if ready.last_transition_time.seconds else gate
        return f"ready {age(held)} of {gate}s" if held < gate else f"ready {age(held)}"
    restarts = sum(status.restart_count for status in pod.status.container_statuses)
    return f"{restarts} restarts" if restarts else ""


@dataclass(frozen=True, slots=True)
class Moment:
    """The fewest ready pods of one second, and how many were promised."""

    second: int
    ready: int
    promised: int


class Availability:
    """A memory of the last minutes, one entry a second."""

    def __init__(self, seconds: int = 600) -> None:
        self.moments: deque[Moment] = deque(maxlen=seconds)

    def add(self, now: float, ready: int, promised: int) -> None:
        second = int(now)
        last = self.moments[-1] if self.moments else None
        if last is not None and second <= last.second:
            self.moments[-1] = Moment(last.second, min(last.ready, ready), promised)
            return
        if last is not None:
            quiet = range(max(last.second + 1, second - (self.moments.maxlen or 0)), second)
            self.moments.extend(Moment(between, last.ready, last.promised) for between in quiet)
        self.moments.append(Moment(second, ready, promised))

    @property
    def lowest(self) -> int:
        return min((moment.ready for moment in self.moments), default=0)

    @property
    def was_broken(self) -> bool:
        return any(moment.ready < moment.promised for moment in self.moments)
