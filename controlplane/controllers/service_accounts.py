"""Every namespace has the service account that pods run as unless they name another."""

from __future__ import annotations

from controlplane.api import objects, registry
from controlplane.controllers.plan import NOTHING, Create, Plan, plan_of
from controlplane.controllers.view import View
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

DEFAULT = "default"
_LOOK_AGAIN_SECONDS = 1.0


def plan_default_account(namespace: core.Namespace, view: View, _now: float) -> Plan:
    name = namespace.metadata.name
    if objects.is_terminating(namespace) or view.get(registry.SERVICE_ACCOUNTS, DEFAULT, name) is not None:
        return NOTHING
    if view.revision(registry.SERVICE_ACCOUNTS) < int(namespace.metadata.resource_version):
        # A new namespace comes together with its account, which may only not be in view yet.
        return Plan(requeue_after=_LOOK_AGAIN_SECONDS)
    return plan_of(Create(core.ServiceAccount(metadata=meta.ObjectMeta(name=DEFAULT, namespace=name))))
