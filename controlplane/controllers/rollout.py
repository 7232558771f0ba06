"""How far a Deployment's ReplicaSets may move next: the sizes they should have. Pure arithmetic over counts.

Promises, whatever order things happen in: never more pods than `replicas + maxSurge`, and no rollout leaves fewer than
`replicas - maxUnavailable` available. ReplicaSets act later than they are told, so the larger of their size and of what they
report counts for the first promise, the smaller for the second; and nothing grows while one has not yet seen its new size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from controlplane.api.rollouts import DESIRED_REPLICAS, MAX_REPLICAS, desired_replicas
from protos.v1 import apps_pb2 as apps
from protos.v1 import meta_pb2 as meta

# name of a ReplicaSet -> the size it should have; one that is missing stays as it is
Sizes = dict[str, int]


@dataclass(frozen=True)
class Rollout:
    """A Deployment and its ReplicaSets, `old` ones oldest first; `new` has the present template."""

    deployment: apps.Deployment
    new: apps.ReplicaSet | None
    old: tuple[apps.ReplicaSet, ...]

    @property
    def all(self) -> tuple[apps.ReplicaSet, ...]:
        return self.old if self.new is None else (*self.old, self.new)

    @property
    def active(self) -> list[apps.ReplicaSet]:
        return [rs for rs in self.all if desired_replicas(rs)]

    @cached_property
    def replicas(self) -> int:
        return desired_replicas(self.deployment)

    @property
    def is_rolling(self) -> bool:
        return self.deployment.spec.strategy.type != "Recreate"

    @cached_property
    def max_surge(self) -> int:
        return _limits(self.deployment)[0] if self.is_rolling else 0

    @cached_property
    def max_unavailable(self) -> int:
        return min(_limits(self.deployment)[1], self.replicas) if self.is_rolling else 0

    @property
    def min_available(self) -> int:
        return self.replicas - self.max_unavailable


def _limits(deployment: apps.Deployment) -> tuple[int, int]:
    """Surge rounded up, unavailable rounded down; not both zero, or nothing could ever move."""
    rolling, replicas = deployment.spec.strategy.rolling_update, desired_replicas(deployment)
    surge = _resolve(rolling.max_surge if rolling.HasField("max_surge") else None, replicas, round_up=True)
    unavailable = _resolve(
        rolling.max_unavailable if rolling.HasField("max_unavailable") else None, replicas, round_up=False
    )
    return surge, unavailable if surge or unavailable else 1


def _resolve(limit: meta.IntOrString | None, replicas: int, *, round_up: bool) -> int:
    if limit is not None and limit.type == 0:
        return limit.int_val
    percent = int(limit.str_val.rstrip("%")) if limit is not None else 25
    return -(-percent * replicas // 100) if round_up else percent * replicas // 100


def is_scaling(rollout: Rollout) -> bool:
    """Whether `spec.replicas` changed since the active ReplicaSets were sized."""
    wanted = str(rollout.replicas)
    return any(rs.metadata.annotations.get(DESIRED_REPLICAS, wanted) != wanted for rs in rollout.active)


def first_size(rollout: Rollout) -> int:
    """The size a new ReplicaSet starts with, or, if there is one, grows to."""
    have = desired_replicas(rollout.new) if rollout.new is not None else 0
    if have >= rollout.replicas or not rollout.is_rolling:
        return rollout.replicas
    return have + max(0, min(_room(rollout), rollout.replicas - have))


def _room(rollout: Rollout) -> int:
    """How many pods may be added."""
    if any(rs.status.observed_generation < rs.metadata.generation for rs in rollout.all):
        return 0
    taken = sum(max(desired_replicas(rs), rs.status.replicas) for rs in rollout.all)
    return rollout.replicas + rollout.max_surge - taken


def rolling_sizes(rollout: Rollout) -> Sizes:
    """The next step of a rolling update: grow the new as far as the surge allows, else shrink the old as far as availability
    allows, those that are not available first."""
    if rollout.new is None:
        return {}
    size = first_size(rollout)
    if size != desired_replicas(rollout.new):
        return {rollout.new.metadata.name: size}
    return _shrunk_old(rollout, rollout.new)


def _shrunk_old(rollout: Rollout, new: apps.ReplicaSet) -> Sizes:
    new_unavailable = desired_replicas(new) - _available(new)
    removable = _total(rollout.all) - rollout.min_available - new_unavailable
    sizes = {rs.metadata.name: desired_replicas(rs) for rs in rollout.old if desired_replicas(rs)}
    for rs in rollout.old:  # those that do not serve anyone
        gone = max(0, min(removable, desired_replicas(rs) - _available(rs)))
        if gone:
            sizes[rs.metadata.name] -= gone
            removable -= gone
    spare = min(removable, sum(_available(rs) for rs in rollout.all) - rollout.min_available)
    for name, size in sizes.items():
        gone = max(0, min(spare, size))
        sizes[name] -= gone
        spare -= gone
    return sizes


def recreate_sizes(rollout: Rollout, *, old_pods_left: bool) -> Sizes:
    """First all old ones to nothing; the new one only when no old pod is left."""
    old = [rs.metadata.name for rs in rollout.old if desired_replicas(rs)]
    if old or old_pods_left or rollout.new is None:
        return dict.fromkeys(old, 0)
    return {rollout.new.metadata.name: rollout.replicas}


def scaled_sizes(rollout: Rollout) -> Sizes:
    """Sizes after `spec.replicas` changed, or while paused: no rollout, only growing and shrinking what there is. In the
    middle of a rollout each ReplicaSet keeps its share."""
    if len(rollout.active) < 2:
        only = _only_one(rollout)
        return {only.metadata.name: rollout.replicas} if only is not None else {}
    if rollout.new is not None and _is_saturated(rollout, rollout.new):
        return {rs.metadata.name: 0 for rs in rollout.old if desired_replicas(rs)}
    return _proportional(rollout) if rollout.is_rolling else {}


def _only_one(rollout: Rollout) -> apps.ReplicaSet | None:
    """The active ReplicaSet; with none active the new one, or else the latest."""
    if rollout.active:
        return rollout.active[0]
    return rollout.new or (rollout.old[-1] if rollout.old else None)


def _is_saturated(rollout: Rollout, rs: apps.ReplicaSet) -> bool:
    desired = rs.metadata.annotations.get(DESIRED_REPLICAS) == str(rollout.replicas)
    return desired and desired_replicas(rs) == rollout.replicas == rs.status.available_replicas


def _proportional(rollout: Rollout) -> Sizes:
    allowed = rollout.replicas + rollout.max_surge if rollout.replicas else 0
    change = allowed - _total(rollout.active)
    if not change:
        return {}
    sizes = {rs.metadata.name: desired_replicas(rs) for rs in rollout.active}
    left = change
    for rs in _by_size(rollout.active, newest_first=change > 0):
        share = _share(rollout, rs)
        share = min(share, left) if change > 0 else max(share, left)
        sizes[rs.metadata.name] += share
        left -= share
    largest = _by_size(rollout.active, newest_first=change > 0)[0].metadata.name
    return {**sizes, largest: max(0, sizes[largest] + left)}


def _by_size(sets: Iterable[apps.ReplicaSet], *, newest_first: bool) -> Sequence[apps.ReplicaSet]:
    """The largest first; of equal ones the newest if growing, the oldest if shrinking."""
    ordered = sorted(sets, key=lambda rs: rs.metadata.creation_timestamp.seconds, reverse=newest_first)
    return sorted(ordered, key=desired_replicas, reverse=True)


def _share(rollout: Rollout, rs: apps.ReplicaSet) -> int:
    size = desired_replicas(rs)
    if not rollout.replicas:
        return -size
    before = rs.metadata.annotations.get(MAX_REPLICAS, "")
    base = int(before) if before.isdecimal() and int(before) else rollout.deployment.status.replicas
    return round(size * (rollout.replicas + rollout.max_surge) / base) - size if base else 0


def _total(sets: Iterable[apps.ReplicaSet]) -> int:
    return sum(map(desired_replicas, sets))


def _available(rs: apps.ReplicaSet) -> int:
    return min(rs.status.available_replicas, desired_replicas(rs))
