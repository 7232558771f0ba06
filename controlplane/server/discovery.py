"""Which kinds are served, and how they are spoken of."""

from __future__ import annotations

from typing import Any

from controlplane.api import names
from controlplane.api.catalogue import Catalogue
from controlplane.api.kind import Kind
from controlplane.server.authz import Authorizer
from controlplane.server.users import Caller
from protos.v1 import resources_pb2 as wire


class Discovery:
    def __init__(self, catalogue: Catalogue, authorizer: Authorizer) -> None:
        self._catalogue = catalogue
        self._authorizer = authorizer

    async def kinds(self, caller: Caller, _request: wire.KindsRequest) -> wire.KindsResponse:
        self._authorizer.check_path(caller, "get", "/apis")
        served = [_served(kind) for kind in self._catalogue if kind.verbs]
        return wire.KindsResponse(kinds=sorted(served, key=lambda kind: (kind.group, kind.kind)))


def _served(kind: Kind[Any]) -> wire.ServedKind:
    older = sorted(kind.older, key=lambda version: (version.rpartition("/")[0] != kind.group, _preference(version)))
    shown = sorted([kind.api_version, *older], key=_preference) if kind.is_custom else [kind.api_version, *older]
    return wire.ServedKind(
        kind=kind.name, group=kind.group, version=kind.version, versions=shown, plural=kind.plural, singular=kind.singular,
        short_names=kind.short, namespaced=kind.namespaced, categories=kind.categories, verbs=kind.verbs,
        subresources=kind.subresources,
    )  # fmt: skip


def _preference(api_version: str) -> tuple[int, int, int, str]:
    return names.by_preference(api_version.rpartition("/")[2])
