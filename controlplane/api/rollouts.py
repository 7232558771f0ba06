"""What a Deployment's rollout means: template hashes, revisions, history, undo and the words of `rollout status`. Pure.

Shared by the deployment controller, the command line and the console, so that all tell the same story.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controlplane.api import objects
from controlplane.api.objects import ApiObject
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
CHANGE_CAUSE = "kubernetes.io/change-cause"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
POD_TEMPLATE_HASH = "pod-template-hash"

TIMED_OUT = "ProgressDeadlineExceeded"

# Annotations that describe one object alone and are not carried between a Deployment and its ReplicaSets.
_OWN_ANNOTATIONS = frozenset({LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS})

# No vowels and no look-alikes, so that a hash never spells a word (as in Kubernetes' generated names).
_SAFE = "bcdfghjklmnpqrstvwxz2456789"


class RolloutError(Exception):
    """A rollout failed, or what was asked of it makes no sense. `str()` is the message for people."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a rollout's history. The template carries no `pod-template-hash`."""

    number: int
    replica_set: str
    template: core.PodTemplateSpec
    annotations: Mapping[str, str]

    @property
    def change_cause(self) -> str:
        return self.annotations.get(CHANGE_CAUSE, "")


def revision(obj: ApiObject) -> int:
    """The revision of a Deployment or ReplicaSet; 0 when it has none yet."""
    text = obj.metadata.annotations.get(REVISION, "")
    return int(text) if text.isdecimal() else 0


def change_cause(obj: ApiObject) -> str:
    return obj.metadata.annotations.get(CHANGE_CAUSE, "")


def carried_annotations(annotations: Mapping[str, str]) -> dict[str, str]:
    """Those that a ReplicaSet takes over from its Deployment, and gives back on undo."""
    return {key: value for key, value in annotations.items() if key not in _OWN_ANNOTATIONS}


def bare_template(template: core.PodTemplateSpec) -> core.PodTemplateSpec:
    """A copy without the `pod-template-hash` label."""
    bare = core.PodTemplateSpec()
    bare.CopyFrom(template)
    bare.metadata.labels.pop(POD_TEMPLATE_HASH, None)
    return bare


def template_hash(template: core.PodTemplateSpec, collisions: int = 0) -> str:
    """The suffix of a ReplicaSet's name, `7bdfd97dcd`: equal templates give equal hashes; `collisions` gives another."""
    content = bare_template(template).SerializeToString(deterministic=True)
    salt = collisions.to_bytes(4, "big") if collisions else b""
    digest = hashlib.blake2b(content, digest_size=4, salt=salt).digest()
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(int.from_bytes(digest, "big")))


def same_template(a: core.PodTemplateSpec, b: core.PodTemplateSpec) -> bool:
    """Whether two templates make the same pods; the `pod-template-hash` label does not count."""
    if POD_TEMPLATE_HASH in a.metadata.labels or POD_TEMPLATE_HASH in b.metadata.labels:
        return bare_template(a) == bare_template(b)
    return a == b


def owned_replica_sets(deployment: apps.Deployment, replica_sets: Iterable[apps.ReplicaSet]) -> list[apps.ReplicaSet]:
    """Those that the deployment manages, oldest first."""
    owned = [rs for rs in replica_sets if _owner_uid(rs) == deployment.metadata.uid]
    return sorted(owned, key=age_order)


def age_order(obj: ApiObject) -> tuple[int, str]:
    """Sorts the oldest first."""
    return obj.metadata.creation_timestamp.seconds, obj.metadata.name


def _owner_uid(obj: ApiObject) -> str | None:
    owner = objects.controller_of(obj)
    return owner.uid if owner is not None else None


def new_replica_set(deployment: apps.Deployment, owned: Iterable[apps.ReplicaSet]) -> apps.ReplicaSet | None:
    """The one that has the deployment's present template; the oldest if several do."""
    template = deployment.spec.template
    return next((rs for rs in sorted(owned, key=age_order) if same_template(rs.spec.template, template)), None)


def history(deployment: apps.Deployment, replica_sets: Iterable[apps.ReplicaSet]) -> list[Revision]:
    """The revisions there are, lowest first."""
    owned = owned_replica_sets(deployment, replica_sets)
    return sorted((_entry(rs) for rs in owned if revision(rs)), key=lambda entry: entry.number)


def _entry(rs: apps.ReplicaSet) -> Revision:
    annotations = carried_annotations(rs.metadata.annotations)
    return Revision(revision(rs), rs.metadata.name, bare_template(rs.spec.template), annotations)


def undo_template(deployment: apps.Deployment, replica_sets: Iterable[apps.ReplicaSet], to_revision: int = 0) -> Revision:
    """The revision to go back to: `to_revision`, or for 0 the one before the last. Raises RolloutError if there is none."""
    name = deployment.metadata.name
    if deployment.spec.paused:
        raise RolloutError("you cannot rollback a paused deployment; resume it first with 'rollout resume' and try again")
    revisions = history(deployment, replica_sets)
    if to_revision:
        found = next((entry for entry in revisions if entry.number == to_revision), None)
        if found is None:
            raise RolloutError(f"unable to find specified revision {to_revision} in history")
        return found
    if len(revisions) < 2:
        raise RolloutError(f'no rollout history found for deployment "{name}"')
    return revisions[-2]


def is_current(deployment: apps.Deployment, entry: Revision) -> bool:
    """Whether the deployment has that revision's template already, so that there is nothing to undo."""
    return same_template(deployment.spec.template, entry.template)


def roll_back(deployment: apps.Deployment, entry: Revision) -> apps.Deployment:
    """A copy of the deployment with that revision's template and change cause."""
    fresh = objects.copy_of(deployment)
    fresh.spec.template.CopyFrom(entry.template)
    own = {key: value for key, value in deployment.metadata.annotations.items() if key in _OWN_ANNOTATIONS}
    fresh.metadata.annotations.clear()
    fresh.metadata.annotations.update({**entry.annotations, **own})
    return fresh


def status_message(deployment: apps.Deployment, wanted_revision: int = 0) -> tuple[str, bool]:
    """How far the rollout is, in kubectl's words, and whether it is done.

    Raises RolloutError once it passed its deadline, or when `wanted_revision` is not the one being rolled out.
    """
    name, status = deployment.metadata.name, deployment.status
    running = revision(deployment)
    if wanted_revision and wanted_revision != running:
        raise RolloutError(f"desired revision ({wanted_revision}) is different from the running revision ({running})")
    if deployment.metadata.generation > status.observed_generation:
        return "Waiting for deployment spec update to be observed...", False
    progressing = objects.find_condition(status.conditions, "Progressing")
    if progressing is not None and progressing.reason == TIMED_OUT:
        raise RolloutError(f'deployment "{name}" exceeded its progress deadline')
    waiting = _what_is_missing(deployment)
    if waiting:
        return f'Waiting for deployment "{name}" rollout to finish: {waiting}...', False
    return f'deployment "{name}" successfully rolled out', True


def _what_is_missing(deployment: apps.Deployment) -> str:
    status, replicas = deployment.status, desired_replicas(deployment)
    if status.updated_replicas < replicas:
        return f"{status.updated_replicas} out of {replicas} new replicas have been updated"
    if status.replicas > status.updated_replicas:
        return f"{status.replicas - status.updated_replicas} old replicas are pending termination"
    if status.available_replicas < status.updated_replicas:
        return f"{status.available_replicas} of {status.updated_replicas} updated replicas are available"
    return ""


def desired_replicas(obj: apps.Deployment | apps.ReplicaSet) -> int:
    """`spec.replicas`, 1 when unset."""
    return obj.spec.replicas if obj.spec.HasField("replicas") else 1
