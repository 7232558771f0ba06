"""The end of a namespace: everything in it is deleted, and when the store holds nothing more of it, it may go itself."""

from __future__ import annotations

from typing import Any

from controlplane.api import objects, registry
from controlplane.api.registry import Kind
from controlplane.controllers.plan import NOTHING, Delete, DeleteAll, Empty, Known, Plan, Update
from controlplane.controllers.view import NAMESPACE, View
from protos.v1 import core_pb2 as core

FINALIZER = "kubernetes"

# Events come and go too fast to be worth a copy; they are swept away without looking.
SWEPT: tuple[Kind[Any], ...] = (registry.EVENTS,)
WATCHED: tuple[Kind[Any], ...] = tuple(kind for kind in registry.STORED if kind.namespaced and kind not in SWEPT)


def plan_namespace(namespace: core.Namespace, view: View, _now: float) -> Plan:
    name = namespace.metadata.name
    if not objects.is_terminating(namespace) or FINALIZER not in namespace.spec.finalizers:
        return NOTHING
    watched = (*WATCHED, *(kind for kind in view.catalogue.custom if kind.namespaced))
    left = [obj for kind in watched for obj in view.select(kind, NAMESPACE, name)]
    if left:
        return Plan(tuple(Delete(obj) for obj in left if not objects.is_terminating(obj)))
    fresh = objects.copy_of(namespace)
    del fresh.spec.finalizers[:]
    fresh.spec.finalizers.extend(other for other in namespace.spec.finalizers if other != FINALIZER)
    known = Known(frozenset(kind.resource for kind in (*watched, *SWEPT)))
    nothing_left = tuple(Empty(kind, name) for kind in (*watched, *SWEPT))
    return Plan((*(DeleteAll(kind, name) for kind in SWEPT), Update(fresh, guards=(known, *nothing_left))))
