"""Rules for the bodies of subresources: binding a pod, and asking for a token."""

from __future__ import annotations

from controlplane.api import names
from controlplane.api.rules.places import Place
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import core_pb2 as core

_LEAST_SECONDS = 600
_MOST_SECONDS = 1 << 32
_BINDABLE = {"Pod": "v1", "Secret": "v1", "Node": "v1"}


def check_binding(at: Place, binding: core.Binding) -> None:
    target = binding.target
    if target.kind and target.kind != "Node":
        (at / "target" / "kind").one_of(target.kind, ("Node", "<empty>"))
    (at / "target" / "name").needs(target.name, names.dns_subdomain)


def check_token_request(at: Place, request: authentication.TokenRequest) -> None:
    spec, place = request.spec, at / "spec"
    seconds = spec.expiration_seconds
    if seconds < _LEAST_SECONDS:
        (place / "expirationSeconds").invalid(seconds, "may not specify a duration less than 10 minutes")
    if seconds > _MOST_SECONDS:
        (place / "expirationSeconds").invalid(seconds, "may not specify a duration larger than 2^32 seconds")
    if spec.HasField("bound_object_ref"):
        _check_bound(place / "boundObjectRef", spec.bound_object_ref)


def _check_bound(at: Place, ref: authentication.BoundObjectReference) -> None:
    (at / "kind").one_of(ref.kind, tuple(_BINDABLE))
    if ref.kind in _BINDABLE:
        (at / "apiVersion").one_of(ref.api_version, (_BINDABLE[ref.kind],))
    (at / "name").needs(ref.name)
