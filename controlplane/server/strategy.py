"""Which parts of an object its writer owns, and which the server does. Pure: time and new names are passed in.

Kubernetes keeps such a strategy for each kind; here one set of rules serves all, with the few exceptions spelt out.
"""

from __future__ import annotations

from typing import Any, cast

from google.protobuf.message import Message

from controlplane.api import batch_defaults, errors, parts, registry, times
from controlplane.api.objects import ApiObject, T, copy_of, is_terminating
from controlplane.api.registry import Kind
from controlplane.server import service_types, subresources
from protos.v1 import batch_pb2 as batch
from protos.v1 import certificates_pb2 as certificates
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
# Objects whose creator reports their status along with them.
_STATUS_AT_CREATION = frozenset({registry.NODES.resource})
_NAME_SUFFIX = 5
# What a creator cannot choose; who it is and since when is set anew.
_NOT_WRITTEN: tuple[Any, ...] = (
    "creation_timestamp", "deletion_timestamp", "deletion_grace_period_seconds", "generation", "resource_version",
    "self_link", "managed_fields",
)  # fmt: skip
_LONGEST_NAME = 253
_SERVER_OWNED = ("uid", "creation_timestamp", "deletion_timestamp", "deletion_grace_period_seconds", "generation")


def name_from(prefix: str, suffix: str) -> str:
    """A name made of `metadata.generateName` and chance."""
    return prefix[: _LONGEST_NAME - _NAME_SUFFIX] + suffix


def prepare_create(kind: Kind[Any], obj: ApiObject, *, uid: str, now: float) -> None:
    """Makes a request's object into one to store."""
    metadata = obj.metadata
    for field in _NOT_WRITTEN:
        metadata.ClearField(field)
    metadata.uid = uid
    metadata.creation_timestamp.seconds = int(now)
    if kind.has_generation:
        metadata.generation = 1
    if kind.has_status and kind.resource not in _STATUS_AT_CREATION:
        parts.clear_status(obj)
    if isinstance(obj, core.Pod):
        obj.status.phase = "Pending"
    elif isinstance(obj, core.Namespace):
        obj.status.phase = "Active"
    elif isinstance(obj, core.PersistentVolume):
        obj.status.phase = "Pending"
        obj.status.last_phase_transition_time.CopyFrom(times.to_time(now))
    elif isinstance(obj, batch.Job):
        batch_defaults.generate_selector(obj)


def prepare_update(kind: Kind[Any], old: T, new: T, *, subresource: str) -> T:
    """What a request's object makes of the stored one: all that is its writer's, or the part that `subresource` names."""
    if new.metadata.uid and new.metadata.uid != old.metadata.uid:
        raise errors.Conflict(
            f'{kind.resource} "{old.metadata.name}": the object with uid {new.metadata.uid} is gone and another has its '
            f"name (uid {old.metadata.uid}); read it again",
            kind=kind.resource,
            name=old.metadata.name,
        )
    return subresources.updated(kind, old, new, subresource) if subresource else _spec_update(kind, old, new)


def _spec_update(kind: Kind[Any], old: T, new: T) -> T:
    result = copy_of(new)
    metadata = result.metadata
    for field in (*_SERVER_OWNED, "self_link"):
        metadata.ClearField(cast("Any", field))
        if field == "generation" or _is_set(old.metadata, field):
            _copy_field(old.metadata, metadata, field)
    if kind.has_status:
        parts.copy_status(old, result)
    if is_terminating(old):
        _refuse_new_finalizers(kind, old, metadata)
    if isinstance(old, core.Service) and isinstance(result, core.Service):
        service_types.drop_unneeded(old, result)
    elif isinstance(old, certificates.CertificateSigningRequest):
        _keep_requester(old, cast("certificates.CertificateSigningRequest", result))
    return result


def count_generation(kind: Kind[Any], old: ApiObject, new: ApiObject) -> None:
    """One more if what is wanted has changed. `new` has its defaults: what they add is no change."""
    own = kind.has_status
    if kind.has_generation and parts.wanted(new, has_status=own) != parts.wanted(old, has_status=own):
        new.metadata.generation = old.metadata.generation + 1


def _keep_requester(old: certificates.CertificateSigningRequest, new: certificates.CertificateSigningRequest) -> None:
    """Who asked is the server's to say."""
    for field in ("username", "uid", "groups", "extra"):
        new.spec.ClearField(cast("Any", field))
    asked = certificates.CertificateSigningRequestSpec(username=old.spec.username, uid=old.spec.uid, groups=old.spec.groups)
    for key, values in old.spec.extra.items():
        asked.extra[key].CopyFrom(values)
    new.spec.MergeFrom(asked)


def _is_set(metadata: meta.ObjectMeta, field: str) -> bool:
    descriptor = metadata.DESCRIPTOR.fields_by_name[field]
    return metadata.HasField(cast("Any", field)) if descriptor.has_presence else bool(getattr(metadata, field))


def _copy_field(source: meta.ObjectMeta, target: meta.ObjectMeta, field: str) -> None:
    value = getattr(source, field)
    if isinstance(value, Message):
        getattr(target, field).CopyFrom(value)
    else:
        setattr(target, field, value)


def _refuse_new_finalizers(kind: Kind[Any], old: ApiObject, metadata: meta.ObjectMeta) -> None:
    added = sorted(set(metadata.finalizers) - set(old.metadata.finalizers))
    if added:
        problem = errors.Problem(
            "metadata.finalizers", f"no new finalizers can be added while the object is being deleted: {', '.join(added)}",
            "FieldValueForbidden",
        )  # fmt: skip
        raise errors.invalid(kind.resource, old.metadata.name, [problem])


def same(one: ApiObject, other: ApiObject) -> bool:
    """Whether two objects are equal but for their versions."""
    left, right = copy_of(one), copy_of(other)
    left.metadata.resource_version = right.metadata.resource_version = ""
    return left == right


def may_go(obj: ApiObject) -> bool:
    """Whether nothing holds back the end of an object that is being deleted."""
    held = bool(obj.metadata.finalizers) or (isinstance(obj, core.Namespace) and bool(obj.spec.finalizers))
    return is_terminating(obj) and not held and obj.metadata.deletion_grace_period_seconds == 0


def grace_of(obj: ApiObject, options: meta.DeleteOptions) -> int:
    """Seconds between asking a pod to end and ending it; 0 for what ends at once."""
    if not isinstance(obj, core.Pod):
        return 0
    if not obj.spec.node_name or obj.status.phase in ("Succeeded", "Failed"):
        return 0
    if options.HasField("grace_period_seconds"):
        return max(0, options.grace_period_seconds)
    return obj.spec.termination_grace_period_seconds if obj.spec.HasField("termination_grace_period_seconds") else 30


def mark_terminating(obj: ApiObject, *, grace_seconds: int, propagation: str, now: float) -> None:
    """Asks for the end of an object. Asking again can only bring the end nearer."""
    metadata = obj.metadata
    due = times.to_time(now + grace_seconds)
    at_once = grace_seconds == 0 != metadata.deletion_grace_period_seconds
    if not is_terminating(obj) or at_once or due.seconds < metadata.deletion_timestamp.seconds:
        metadata.deletion_timestamp.CopyFrom(due)
        metadata.deletion_grace_period_seconds = grace_seconds
    wanted = {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(propagation)
    if wanted and wanted not in metadata.finalizers:
        metadata.finalizers.append(wanted)
    if isinstance(obj, core.Namespace):
        obj.status.phase = "Terminating"
