"""Deployments: one ReplicaSet per template, and the way from the old ones to the new.

A plan writes ReplicaSets and one thing of the Deployment itself: first its revision annotation, and once that stands its
status. Old ReplicaSets stay, with no pods, as the history that undo goes back to.
"""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.api import labels, objects, registry, rollouts
from controlplane.api.rollouts import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    POD_TEMPLATE_HASH,
    REVISION,
    REVISION_HISTORY,
    desired_replicas,
)
from controlplane.controllers import ownership, pods
from controlplane.controllers.deployment_status import is_complete, next_status, seconds_to_deadline
from controlplane.controllers.plan import Create, Delete, Event, Plan, Update, Write, plan_of, status_update
from controlplane.controllers.rollout import (
    Rollout,
    Sizes,
    first_size,
    is_scaling,
    recreate_sizes,
    rolling_sizes,
    scaled_sizes,
)
from controlplane.controllers.view import CONTROLLED_BY, ORPHANS_IN, View
from protos.v1 import apps_pb2 as apps

_DEFAULT_HISTORY = 10


def plan_deployment(deployment: apps.Deployment, view: View, now: float) -> Plan:
    owned = view.select(registry.REPLICA_SETS, CONTROLLED_BY, deployment.metadata.uid)
    orphans = view.select(registry.REPLICA_SETS, ORPHANS_IN, deployment.metadata.namespace)
    selector = labels.from_label_selector(deployment.spec.selector)
    claims = ownership.claims(deployment, selector, owned=owned, orphans=orphans)
    if claims:
        return Plan(tuple(claims))
    rollout = _gather(deployment, owned)
    writes = () if objects.is_terminating(deployment) else _replica_set_writes(rollout, view)
    annotated = _with_revision(rollout)
    if annotated is not None:
        return plan_of(*writes, annotated)
    collided = rollout.new is None and any(_collides(write, view) for write in writes)
    status = next_status(rollout, now, collided=collided)
    changed = objects.copy_of(deployment)
    changed.status.CopyFrom(status)
    return plan_of(
        *(write for write in writes if not _collides(write, view)),
        status_update(changed) if status != deployment.status else None,
        requeue_after=seconds_to_deadline(deployment, status, now),
    )


def _gather(deployment: apps.Deployment, owned: Sequence[apps.ReplicaSet]) -> Rollout:
    ordered = sorted(owned, key=rollouts.age_order)
    new = rollouts.new_replica_set(deployment, ordered)
    return Rollout(deployment, new, tuple(rs for rs in ordered if rs is not new))


def _replica_set_writes(rollout: Rollout, view: View) -> Sequence[Write]:
    if rollout.deployment.spec.paused:
        return [*_resized(rollout, scaled_sizes(rollout)), *_outdated(rollout)]
    if is_scaling(rollout):
        return _resized(rollout, scaled_sizes(rollout))
    if rollout.is_rolling:
        sizes, may_create = rolling_sizes(rollout), True
    else:
        left = _old_pods_left(rollout, view)
        sizes = recreate_sizes(rollout, old_pods_left=left)
        may_create = not left and not any(desired_replicas(rs) for rs in rollout.old)
    if rollout.new is None and may_create:
        return [_create(rollout)]
    return [*_resized(rollout, sizes), *(_outdated(rollout) if is_complete(rollout) else ())]


def _old_pods_left(rollout: Rollout, view: View) -> bool:
    return any(
        not pods.is_finished(pod) for rs in rollout.old for pod in view.select(registry.PODS, CONTROLLED_BY, rs.metadata.uid)
    )


def _create(rollout: Rollout) -> Create:
    deployment = rollout.deployment
    suffix = rollouts.template_hash(deployment.spec.template, deployment.status.collision_count)
    made = apps.ReplicaSet()
    made.metadata.name, made.metadata.namespace = f"{deployment.metadata.name}-{suffix}", deployment.metadata.namespace
    made.metadata.labels.update(deployment.spec.template.metadata.labels)
    made.metadata.owner_references.append(ownership.reference_to(deployment))
    made.spec.replicas = first_size(rollout)
    made.spec.selector.CopyFrom(deployment.spec.selector)
    made.spec.template.CopyFrom(deployment.spec.template)
    for owner_of_label in (made.metadata.labels, made.spec.selector.match_labels, made.spec.template.metadata.labels):
        owner_of_label[POD_TEMPLATE_HASH] = suffix
    _annotate(rollout, made, is_new=True)
    told = Event(deployment, "ScalingReplicaSet", f"Scaled up replica set {{name}} from 0 to {made.spec.replicas}")
    trouble = f'Failed to create new replica set "{made.metadata.name}": {{error}}'
    failure = Event(deployment, "ReplicaSetCreateError", trouble, "Warning")
    return Create(made, event=told if made.spec.replicas else None, failure=failure)


def _collides(write: Write, view: View) -> bool:
    """Whether the name is taken by a ReplicaSet of another template or owner."""
    if not isinstance(write, Create):
        return False
    return view.get(registry.REPLICA_SETS, write.obj.metadata.name, write.obj.metadata.namespace) is not None


def _resized(rollout: Rollout, sizes: Sizes) -> list[Write]:
    return [write for rs in rollout.all if (write := _resize(rollout, rs, sizes)) is not None]


def _resize(rollout: Rollout, rs: apps.ReplicaSet, sizes: Sizes) -> Update | None:
    before, after = desired_replicas(rs), sizes.get(rs.metadata.name, desired_replicas(rs))
    fresh = objects.copy_of(rs)
    fresh.spec.replicas = after
    _annotate(rollout, fresh, is_new=rs is rollout.new)
    if fresh == rs:
        return None
    direction = "up" if after > before else "down"
    told = f"Scaled {direction} replica set {rs.metadata.name} from {before} to {after}"
    return Update(fresh, event=Event(rollout.deployment, "ScalingReplicaSet", told) if after != before else None)


def _annotate(rollout: Rollout, rs: apps.ReplicaSet, *, is_new: bool) -> None:
    """Notes on the ReplicaSet, in place: what it was sized for; on the new one also its revision and what it inherits."""
    notes = rs.metadata.annotations
    if rs.spec.replicas:
        notes[DESIRED_REPLICAS] = str(rollout.replicas)
        notes[MAX_REPLICAS] = str(rollout.replicas + rollout.max_surge)
    if not is_new:
        return
    rs.spec.min_ready_seconds = rollout.deployment.spec.min_ready_seconds
    notes.update(rollouts.carried_annotations(rollout.deployment.metadata.annotations))
    had, has = rollouts.revision(rs), _new_revision(rollout)
    if has != had:
        notes[REVISION] = str(has)
        if had:
            earlier = notes.get(REVISION_HISTORY, "")
            notes[REVISION_HISTORY] = f"{earlier},{had}" if earlier else str(had)


def _new_revision(rollout: Rollout) -> int:
    """One more than any old ReplicaSet has."""
    have = rollouts.revision(rollout.new) if rollout.new is not None else 0
    return max(have, 1 + max(map(rollouts.revision, rollout.old), default=0))


def _with_revision(rollout: Rollout) -> Update | None:
    """The Deployment with the revision of its new ReplicaSet, if it does not show that yet."""
    if rollout.new is None or objects.is_terminating(rollout.deployment):
        return None
    number = str(rollouts.revision(rollout.new))
    if number == "0" or rollout.deployment.metadata.annotations.get(REVISION) == number:
        return None
    fresh = objects.copy_of(rollout.deployment)
    fresh.metadata.annotations[REVISION] = number
    return Update(fresh)


def _outdated(rollout: Rollout) -> list[Delete]:
    """Old ReplicaSets beyond the history limit, the lowest revisions first; never one that still has pods."""
    spec = rollout.deployment.spec
    limit = spec.revision_history_limit if spec.HasField("revision_history_limit") else _DEFAULT_HISTORY
    kept = [rs for rs in rollout.old if not objects.is_terminating(rs)]
    surplus = sorted(kept, key=rollouts.revision)[: max(0, len(kept) - limit)]
    return [Delete(rs) for rs in surplus if _is_idle(rs)]


def _is_idle(rs: apps.ReplicaSet) -> bool:
    seen = rs.status.observed_generation >= rs.metadata.generation
    return seen and not desired_replicas(rs) and not rs.status.replicas
