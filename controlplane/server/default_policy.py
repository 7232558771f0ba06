"""Brings the default roles and bindings into a cluster and keeps them: what is missing is added, what others added stays.

An object that says `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar, cast

import structlog

from controlplane.api import errors, rbac, registry
from controlplane.api.objects import ApiObject, copy_of, key_of
from controlplane.server.access.default_roles import AUTOUPDATE, default_objects
from controlplane.server.users import Caller
from controlplane.server.verbs import Verbs
from controlplane.store.store import Store
from protos.v1 import meta_pb2 as meta
from protos.v1 import rbac_pb2
from protos.v1 import resources_pb2 as wire

log = structlog.get_logger()

_ATTEMPTS = 5

AnyRole = rbac_pb2.Role | rbac_pb2.ClusterRole
AnyBinding = rbac_pb2.RoleBinding | rbac_pb2.ClusterRoleBinding
O = TypeVar("O", bound=ApiObject)  # noqa: E741


def reconciled(default: O, stored: O) -> O | None:
    """The stored object with all that the default has; itself if nothing lacks; None if it must be made anew, as a binding
    that refers to another role must."""
    if stored.metadata.annotations.get(AUTOUPDATE) == "false":
        return stored
    result = copy_of(stored)
    _add_metadata(default.metadata, result.metadata)
    if isinstance(result, AnyRole):
        _add_rules(cast("AnyRole", default), result)
    elif isinstance(result, AnyBinding):
        wanted = cast("AnyBinding", default)
        if wanted.role_ref != result.role_ref:
            return None
        result.subjects.extend(subject for subject in wanted.subjects if subject not in result.subjects)
    return result


def _add_metadata(default: meta.ObjectMeta, target: meta.ObjectMeta) -> None:
    for name, value in default.labels.items():
        target.labels[name] = value
    for name, value in default.annotations.items():
        if name not in target.annotations:
            target.annotations[name] = value


def _add_rules(default: AnyRole, target: AnyRole) -> None:
    """An aggregated role's rules are its controller's; it gets the selectors it lacks."""
    if isinstance(default, rbac_pb2.ClusterRole) and isinstance(target, rbac_pb2.ClusterRole):
        selectors = target.aggregation_rule.cluster_role_selectors
        lacking = [one for one in default.aggregation_rule.cluster_role_selectors if one not in selectors]
        selectors.extend(lacking)
        if default.aggregation_rule.cluster_role_selectors:
            return
        if not selectors:
            target.ClearField("aggregation_rule")
    held = [rbac.from_message(rule) for rule in target.rules]
    target.rules.extend(map(rbac.to_message, rbac.missing(held, map(rbac.from_message, default.rules))))


async def ensure_default_roles(store: Store, verbs: Verbs, caller: Caller) -> None:
    """Creates or mends all of them, through the verbs. Other servers may do so at the same time."""
    await asyncio.gather(*(_ensure(store, verbs, caller, default) for default in default_objects()))


async def _ensure(store: Store, verbs: Verbs, caller: Caller, default: ApiObject) -> None:
    kind, key = registry.kind_of(default), key_of(default)
    record = store.cache.of(kind).get(key)
    for _ in range(_ATTEMPTS):
        try:
            if record is None:
                await verbs.create(caller.another(), wire.CreateRequest(object=registry.wrap(default)))
                return
            stored = record.message()
            mended = reconciled(default, stored)
            if mended == stored:
                return
            if mended is None:
                await verbs.delete(
                    caller.another(), wire.DeleteRequest(resource=kind.resource, namespace=key.namespace, name=key.name)
                )
                record = None
                continue
            log.info("default role mended", resource=kind.resource, name=str(key))
            await verbs.update(caller.another(), wire.UpdateRequest(object=registry.wrap(mended)))
            return
        except (errors.AlreadyExists, errors.Conflict, errors.NotFound):
            record = await store.get(kind, key)
    log.warning("default role not mended", resource=kind.resource, name=str(key))
