"""Every namespace has a config map with the cluster's authority, by which pods know the API server."""

from __future__ import annotations

from controlplane.api import objects, registry
from controlplane.controllers.plan import NOTHING, Create, Plan, Update, plan_of
from controlplane.controllers.view import View
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

NAME = "kube-root-ca.crt"
_KEY = "ca.crt"


def plan_root_ca(namespace: core.Namespace, view: View, *, authority: str) -> Plan:
    """`authority` is the certificate, in PEM."""
    if objects.is_terminating(namespace):
        return NOTHING
    found = view.get(registry.CONFIG_MAPS, NAME, namespace.metadata.name)
    if found is None:
        metadata = meta.ObjectMeta(name=NAME, namespace=namespace.metadata.name)
        return plan_of(Create(core.ConfigMap(metadata=metadata, data={_KEY: authority})))
    if dict(found.data) == {_KEY: authority}:
        return NOTHING
    fresh = objects.copy_of(found)
    fresh.data.clear()
    fresh.data[_KEY] = authority
    return plan_of(Update(fresh))
