"""Resource quotas: gives back what is used no longer. The API server adds to a quota's status in the transaction of whatever
uses it (and counts for itself when a status is written), so this only has to see that something has gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controlplane.api import pod_amounts, quotas, registry
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.api.quotas import Amounts
from controlplane.controllers.plan import Plan, plan_of, status_update
from controlplane.controllers.view import NAMESPACE, View
from protos.v1 import core_pb2 as core

COUNTED: tuple[Kind[Any], ...] = tuple(kind for kind in registry.STORED if quotas.is_counted(kind))
_RESYNC_SECONDS = 300.0  # pods whose end is overdue stop counting without any event
_LOOK_AGAIN_SECONDS = 1.0


def plan_quota(quota: core.ResourceQuota, view: View, now: float) -> Plan:
    kinds = [kind for kind in map(view.catalogue.by_resource, sorted(quotas.resources_of(quota))) if kind is not None]
    namespace = quota.metadata.namespace
    used = quotas.used_by(
        quota,
        (quotas.charge_of(kind, obj, now) for kind in kinds for obj in view.select(kind, NAMESPACE, namespace)),
    )
    told = pod_amounts.read(quota.status.used)
    if told == used and dict(quota.status.hard) == dict(quota.spec.hard):
        return Plan(requeue_after=_RESYNC_SECONDS)
    behind = {kind.resource for kind in kinds if view.revision(kind) < int(quota.metadata.resource_version)}
    if behind & _lower(used, told):
        return Plan(requeue_after=_LOOK_AGAIN_SECONDS)
    return plan_of(status_update(quotas.with_status(quota, used)), requeue_after=_RESYNC_SECONDS)


def _lower(used: Amounts, told: Amounts) -> set[str]:
    """The resources of which less is in view than the status tells: what is missing may only not be in view yet."""
    return {quotas.resource_of(name) for name, amount in used.items() if amount < told.get(name, 0)}


def quotas_of(old: ApiObject | None, new: ApiObject | None, view: View) -> Iterable[Key]:
    """The quotas to count again after a change of an object: those of its namespace, when it may have changed its use."""
    obj = new if new is not None else old
    if obj is None:
        return ()
    found = view.select(registry.RESOURCE_QUOTAS, NAMESPACE, obj.metadata.namespace)
    return map(key_of, found) if found and _changes_use(old, new) else ()


def _changes_use(old: ApiObject | None, new: ApiObject | None) -> bool:
    if old is None or new is None:
        return True
    if isinstance(new, core.Pod) and isinstance(old, core.Pod):
        return new.status.phase != old.status.phase or new.spec != old.spec
    return isinstance(new, core.Service | core.PersistentVolumeClaim)
