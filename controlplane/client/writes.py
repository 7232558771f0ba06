"""Writes as messages, for `Client.batch` and for the calls of one write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from controlplane.api import registry
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind
from protos.v1 import meta_pb2 as meta
from protos.v1 import resources_pb2 as wire


def create_write(obj: ApiObject) -> wire.WriteRequest:
    return wire.WriteRequest(create=wire.CreateRequest(object=registry.wrap(obj)))


def update_write(obj: ApiObject, subresource: str = "") -> wire.WriteRequest:
    return wire.WriteRequest(update=wire.UpdateRequest(object=registry.wrap(obj), subresource=subresource))


def patch_write(
    kind: Kind[Any], name: str, namespace: str, patch: Mapping[str, object], *, subresource: str = ""
) -> wire.WriteRequest:
    return wire.WriteRequest(patch=patch_request(kind, name, namespace, patch, subresource, dry_run=False))


def delete_write(
    kind: Kind[Any], name: str, namespace: str, *, uid: str = "", grace_seconds: int | None = None
) -> wire.WriteRequest:
    options = delete_options(uid=uid, grace_seconds=grace_seconds)
    return wire.WriteRequest(delete=wire.DeleteRequest(
        resource=kind.resource, namespace=namespace, name=name, options=options))  # fmt: skip


def bind_write(namespace: str, name: str, uid: str, node: str) -> wire.WriteRequest:
    return wire.WriteRequest(bind=wire.BindRequest(namespace=namespace, name=name, uid=uid, node=node))


def delete_options(
    *,
    grace_seconds: int | None = None,
    propagation: str = "",
    uid: str = "",
    resource_version: str = "",
    dry_run: bool = False,
) -> meta.DeleteOptions:
    """`propagation` is Background, Foreground or Orphan; empty for the kind's default, Background."""
    options = meta.DeleteOptions(grace_period_seconds=grace_seconds)
    if propagation:
        options.propagation_policy = propagation
    if uid:
        options.preconditions.uid = uid
    if resource_version:
        options.preconditions.resource_version = resource_version
    if dry_run:
        options.dry_run.append("All")
    return options


def patch_request(
    kind: Kind[Any],
    name: str,
    namespace: str,
    patch: Mapping[str, object] | Sequence[Mapping[str, object]],
    subresource: str,
    *,
    dry_run: bool,
) -> wire.PatchRequest:
    return wire.PatchRequest(
        resource=kind.resource, namespace=namespace, name=name, type=wire.PatchRequest.MERGE,
        patch=orjson.dumps(patch), subresource=subresource, dry_run=dry_run)  # fmt: skip
