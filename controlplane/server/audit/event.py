"""A line of the audit log: who asked what, from where, and what became of it. Kubernetes' audit event, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from controlplane.api import codec, errors, registry
from controlplane.api.times import format_micro_time, to_micro_time
from controlplane.server.audit.policy import Level
from controlplane.server.users import Attributes, Caller, User
from protos.v1.resources_pb2 import Object

_LEVELS = {Level.METADATA: "Metadata", Level.REQUEST: "Request", Level.RESPONSE: "RequestResponse"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error` is None when the request was granted."""

    started: float
    ended: float
    error: errors.StatusError | None


@dataclass(frozen=True, slots=True)
class Bodies:
    request: Object | None = None
    response: Object | None = None


def line(audit_id: str, level: Level, caller: Caller, call: str, outcome: Outcome, bodies: Bodies) -> bytes:
    """The event, with its newline. `call` is the name of the RPC or the path of the request."""
    asked = caller.attributes or Attributes("")
    event: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": _LEVELS[level],
        "auditID": audit_id,
        "stage": "ResponseComplete",
        "requestURI": call,
        "verb": asked.verb,
        "user": _user(caller.impersonator or caller.user),
        "sourceIPs": [caller.source],
        "userAgent": caller.agent,
        "responseStatus": _status(outcome.error),
        "requestReceivedTimestamp": format_micro_time(to_micro_time(outcome.started)),
        "stageTimestamp": format_micro_time(to_micro_time(outcome.ended)),
    }
    if caller.impersonator is not None:
        event["impersonatedUser"] = _user(caller.user)
    if asked.resource:
        event["objectRef"] = _reference(asked)
    if level >= Level.REQUEST and bodies.request is not None:
        event["requestObject"] = _document(bodies.request)
    if level >= Level.RESPONSE and bodies.response is not None:
        event["responseObject"] = _document(bodies.response)
    return orjson.dumps(event) + b"\n"


def _user(user: User) -> dict[str, Any]:
    told: dict[str, Any] = {"username": user.name, "groups": sorted(user.groups)}
    if user.uid:
        told["uid"] = user.uid
    if user.extra:
        told["extra"] = {key: list(values) for key, values in user.extra}
    return told


def _status(error: errors.StatusError | None) -> dict[str, Any]:
    if error is None:
        return {"metadata": {}, "code": 200}
    return {"metadata": {}, "status": "Failure", "message": error.message, "reason": error.reason, "code": error.code}


def _reference(asked: Attributes) -> dict[str, str]:
    fields = {
        "resource": asked.resource,
        "namespace": asked.namespace,
        "name": asked.name,
        "apiGroup": asked.group,
        "apiVersion": asked.version,
        "subresource": asked.subresource,
    }
    return {name: value for name, value in fields.items() if value}


def _document(box: Object) -> Any:
    obj, kind = registry.unwrap(box), registry.kind_in(box)
    return None if obj is None or kind is None else codec.to_dict(kind, obj)
