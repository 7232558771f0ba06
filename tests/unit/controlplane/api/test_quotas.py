"""What objects use of quotas, name by name and scope by scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controlplane.api import quotas, registry
from controlplane.api.objects import ApiObject
from protos.v1 import core_pb2 as core
from tests.support.builders import (
    CREATED,
    fill,
    make_config_map,
    make_container,
    make_deployment,
    make_meta,
    make_pod,
    make_service,
    make_service_port,
)


def make_quota(hard: Mapping[str, str], *scopes: str) -> core.ResourceQuota:
    quota = core.ResourceQuota(metadata=make_meta("quota"), spec=core.ResourceQuotaSpec(scopes=scopes))
    fill(quota.spec.hard, hard)
    return quota


def used(obj: ApiObject, *names: str, now: float = CREATED) -> dict[str, str]:
    quota = make_quota(dict.fromkeys(names, "100"))
    charge = quotas.charge_of(registry.kind_of(obj), obj, now)
    told = quotas.with_status(quota, quotas.used_by(quota, [charge])).status.used
    return {name: told[name].string for name in names}


def make_claim(size: str, storage_class: str = "") -> core.PersistentVolumeClaim:
    claim = core.PersistentVolumeClaim(metadata=make_meta("data"))
    fill(claim.spec.resources.requests, {"storage": size})
    if storage_class:
        claim.spec.storage_class_name = storage_class
    return claim


def sized() -> core.Pod:
    container = make_container(
        requests={"cpu": "1", "memory": "1Gi", "ephemeral-storage": "2Gi", "hugepages-2Mi": "4Mi", "example.com/gpu": "2"},
        limits={"cpu": "2", "memory": "2Gi"},
    )
    return make_pod("a", containers=[container])


GOLD = "gold.storageclass.storage.k8s.io/"
CASES: dict[str, tuple[Any, dict[str, str]]] = {
    "requests": (sized(), {"requests.cpu": "1", "cpu": "1", "requests.memory": "1Gi", "memory": "1Gi"}),
    "limits": (sized(), {"limits.cpu": "2", "limits.memory": "2Gi"}),
    "storage on the node": (sized(), {"requests.ephemeral-storage": "2Gi", "ephemeral-storage": "2Gi"}),
    "huge pages": (sized(), {"hugepages-2Mi": "4Mi", "requests.hugepages-2Mi": "4Mi"}),
    "other resources": (sized(), {"requests.example.com/gpu": "2"}),
    "pods": (sized(), {"pods": "1", "count/pods": "1", "count/deployments.apps": "0"}),
    "ended pods": (make_pod("a", phase="Failed", requests={"cpu": "1"}), {"pods": "0", "cpu": "0", "count/pods": "1"}),
    "objects by number": (make_deployment(), {"count/deployments.apps": "1"}),
    "config maps": (make_config_map(), {"configmaps": "1", "count/configmaps": "1"}),
    "cluster services": (make_service(), {"services": "1", "services.nodeports": "0", "services.loadbalancers": "0"}),
    "node port services": (
        make_service(type="NodePort", ports=[make_service_port(80), make_service_port(81)]),
        {"services": "1", "services.nodeports": "2", "services.loadbalancers": "0"},
    ),
    "load balancers": (make_service(type="LoadBalancer"), {"services.nodeports": "1", "services.loadbalancers": "1"}),
    "claims": (
        make_claim("1Gi", "gold"),
        {
            "persistentvolumeclaims": "1",
            "requests.storage": "1Gi",
            f"{GOLD}requests.storage": "1Gi",
            f"{GOLD}persistentvolumeclaims": "1",
            "silver.storageclass.storage.k8s.io/requests.storage": "0",
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_object_is_counted_under(case: str) -> None:
    obj, expected = CASES[case]
    assert used(obj, *expected) == expected


def test_load_balancers_without_node_ports_take_none() -> None:
    service = make_service(type="LoadBalancer")
    service.spec.allocate_load_balancer_node_ports = False
    assert used(service, "services.nodeports", "services.loadbalancers") == {
        "services.nodeports": "0", "services.loadbalancers": "1"}  # fmt: skip


def test_a_pod_whose_end_is_overdue_takes_no_room() -> None:
    pod = make_pod("a", deleted=CREATED + 100)
    pod.metadata.deletion_grace_period_seconds = 30
    assert used(pod, "pods", now=CREATED + 120) == {"pods": "1"}
    assert used(pod, "pods", now=CREATED + 131) == {"pods": "0"}


@pytest.mark.parametrize(
    ("name", "resource"),
    [("limits.cpu", "pods"), ("requests.example.com/gpu", "pods"), ("count/jobs.batch", "jobs.batch"),
     ("services.nodeports", "services"), ("requests.storage", "persistentvolumeclaims"),
     (f"{GOLD}requests.storage", "persistentvolumeclaims"), ("secrets", "secrets")],
)  # fmt: skip
def test_a_name_tells_which_objects_count(name: str, resource: str) -> None:
    assert quotas.resource_of(name) == resource


def pod_with(**fields: Any) -> core.Pod:
    pod = make_pod("a", requests=fields.pop("requests", None))
    for name, value in fields.items():
        setattr(pod.spec, name, value)
    return pod


def with_foreign_affinity() -> core.Pod:
    pod = make_pod("a")
    terms = pod.spec.affinity.pod_anti_affinity.preferred_during_scheduling_ignored_during_execution
    terms.add().pod_affinity_term.namespaces.append("other")
    return pod


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        ("Terminating", pod_with(active_deadline_seconds=5), pod_with()),
        ("NotTerminating", pod_with(), pod_with(active_deadline_seconds=5)),
        ("BestEffort", pod_with(), pod_with(requests={"cpu": "1"})),
        ("NotBestEffort", pod_with(requests={"cpu": "1"}), pod_with()),
        ("PriorityClass", pod_with(priority_class_name="high"), pod_with()),
        ("CrossNamespacePodAffinity", with_foreign_affinity(), pod_with()),
    ],
)
def test_a_quota_counts_what_is_in_its_scope(scope: str, inside: core.Pod, outside: core.Pod) -> None:
    quota = make_quota({"pods": "1"}, scope)
    assert quotas.counts(quota, quotas.charge_of(registry.PODS, inside, CREATED))
    assert not quotas.counts(quota, quotas.charge_of(registry.PODS, outside, CREATED))


def test_only_pods_are_in_scopes_of_pods() -> None:
    charge = quotas.charge_of(registry.CONFIG_MAPS, make_config_map(), CREATED)
    assert not quotas.counts(make_quota({"configmaps": "1"}, "NotTerminating"), charge)


@pytest.mark.parametrize(
    ("operator", "values", "counted"),
    [("In", ["high"], {"high"}), ("NotIn", ["high"], {"low", ""}), ("Exists", [], {"high", "low"}),
     ("DoesNotExist", [], {""})],
)  # fmt: skip
def test_scope_selectors_name_priority_classes(operator: str, values: list[str], counted: set[str]) -> None:
    quota = make_quota({"pods": "1"})
    quota.spec.scope_selector.match_expressions.add(scope_name="PriorityClass", operator=operator, values=values)
    found = {
        name
        for name in ("high", "low", "")
        if quotas.counts(quota, quotas.charge_of(registry.PODS, pod_with(priority_class_name=name), CREATED))
    }
    assert found == counted


def test_what_is_given_back_does_not_make_room_for_what_is_added() -> None:
    quota = make_quota({"services.nodeports": "1", "services.loadbalancers": "1"})
    old, new = (
        quotas.charge_of(registry.SERVICES, make_service(type=kind), CREATED) for kind in ("LoadBalancer", "NodePort")
    )  # fmt: skip
    assert quotas.added(quota, new, old) == {}
    assert quotas.added(quota, old, new) == {"services.loadbalancers": 1}


def test_containers_must_say_what_is_bounded_under_its_name() -> None:
    pod = make_pod("a", containers=[make_container("b", limits={"cpu": "1"}), make_container("a")])
    quota = make_quota({"limits.cpu": "4", "requests.memory": "1Gi", "pods": "3", "requests.storage": "1Gi"})
    assert quotas.unspecified(quota, pod) == "limits.cpu for: a; requests.memory for: a,b"
    assert quotas.unspecified(make_quota({"pods": "3"}), pod) == ""


def test_a_status_that_lacks_a_name_tells_nothing() -> None:
    quota = make_quota({"pods": "3", "configmaps": "1"})
    fill(quota.status.used, {"pods": "1"})
    assert quotas.known_use(quota) is None
    fill(quota.status.used, {"configmaps": "0"})
    assert quotas.known_use(quota) == {"pods": 1, "configmaps": 0}
