"""The controllers of what namespaces get and what bounds them: accounts, the cluster's authority, quotas, budgets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controlplane.api import registry
from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.controllers.disruption import budgets_of, plan_budget
from controlplane.controllers.plan import Plan
from controlplane.controllers.resource_quota import COUNTED, plan_quota, quotas_of
from controlplane.controllers.root_ca import NAME, plan_root_ca
from controlplane.controllers.service_accounts import DEFAULT, plan_default_account
from controlplane.controllers.view import NAMESPACE, View
from controlplane.manager.controller import Controller, Custom, Read, Watch, for_each, itself
from protos.v1 import core_pb2 as core


def policy_controllers(root_ca: str) -> list[Controller[Any]]:
    """`root_ca` is the authority that pods are told of, in PEM; empty for none."""
    return [_service_accounts(), _quotas(), _budgets(), *([_root_ca(root_ca)] if root_ca else [])]


def _home_of(name: str) -> Any:
    """The namespace of an object with this name, once that has changed."""

    def keys(old: ApiObject | None, new: ApiObject | None, _view: View) -> Iterable[Key]:
        obj = new if new is not None else old
        if obj is not None and obj.metadata.name == name:
            yield Key("", obj.metadata.namespace)

    return keys


def _service_accounts() -> Controller[Key]:
    watches = (Watch(registry.NAMESPACES, itself), Watch(registry.SERVICE_ACCOUNTS, _home_of(DEFAULT)))
    return Controller("service-account-controller", for_each(registry.NAMESPACES, plan_default_account), watches)


def _root_ca(authority: str) -> Controller[Key]:
    def plan(namespace: core.Namespace, view: View, _now: float) -> Plan:
        return plan_root_ca(namespace, view, authority=authority)

    watches = (Watch(registry.NAMESPACES, itself), Watch(registry.CONFIG_MAPS, _home_of(NAME)))
    return Controller("root-ca-certificate-publisher", for_each(registry.NAMESPACES, plan), watches)


def _quotas() -> Controller[Key]:
    watches: list[Watch[Any]] = [Watch(kind, quotas_of) for kind in COUNTED if kind is not registry.RESOURCE_QUOTAS]
    watches.append(Watch(registry.RESOURCE_QUOTAS, itself))
    reads = tuple(Read(kind, NAMESPACE) for kind in COUNTED)
    plan = for_each(registry.RESOURCE_QUOTAS, plan_quota)
    return Controller("resourcequota-controller", plan, tuple(watches), reads, custom=Custom(quotas_of, (NAMESPACE,)))


def _budgets() -> Controller[Key]:
    def in_namespace(old: ApiObject | None, new: ApiObject | None, view: View) -> Iterable[Key]:
        obj = new if new is not None else old
        if obj is not None:
            yield from map(key_of, view.select(registry.POD_DISRUPTION_BUDGETS, NAMESPACE, obj.metadata.namespace))

    managers = (registry.DEPLOYMENTS, registry.REPLICA_SETS, registry.STATEFUL_SETS, registry.REPLICATION_CONTROLLERS)
    watches: tuple[Watch[Any], ...] = (
        Watch(registry.POD_DISRUPTION_BUDGETS, itself),
        Watch(registry.PODS, budgets_of),
        *(Watch(kind, in_namespace) for kind in managers),
    )
    reads = (Read(registry.PODS, NAMESPACE), Read(registry.POD_DISRUPTION_BUDGETS, NAMESPACE))
    return Controller("disruption-controller", for_each(registry.POD_DISRUPTION_BUDGETS, plan_budget), watches, reads)
