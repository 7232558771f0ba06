"""Secrets without their values, for showing."""

from __future__ import annotations

from controlplane.api.objects import ApiObject, copy_of
from protos.v1 import core_pb2 as core

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def hide_values(obj: ApiObject) -> ApiObject:
    """A secret's values give way to their length; other kinds come back as they are."""
    if not isinstance(obj, core.Secret):
        return obj
    hidden = copy_of(obj)
    for name, value in obj.data.items():
        hidden.string_data[name] = f"hidden, {len(value)} bytes; x shows it"
    hidden.data.clear()
    hidden.metadata.annotations.pop(_LAST_APPLIED, None)
    return hidden
