"""Endpoints: ready and not ready addresses under the service's name."""

from __future__ import annotations

from controlplane.api.objects import ApiObject, Key
from controlplane.controllers.endpoints import MOST_ADDRESSES, OVER_CAPACITY, plan_endpoints
from controlplane.controllers.plan import Plan
from protos.v1 import core_pb2 as core
from tests.support.builders import CREATED, make_container, make_pod, make_port, make_service, make_service_port
from tests.support.simulation import LaggingView, Store

WEB = Key("default", "web")


def plan_for(*known: ApiObject) -> Plan:
    return plan_endpoints(WEB, LaggingView(Store(*known)), CREATED)


def backend(name: str, ip: str, *, ready: bool = True, deleted: float | None = None) -> core.Pod:
    return make_pod(name, labels={"app": "web"}, ip=ip, ready=ready, node="n1", deleted=deleted)


def written(plan: Plan) -> core.Endpoints:
    (found,) = (*plan.creates, *plan.updates)
    assert isinstance(found, core.Endpoints)
    return found


def test_ready_and_not_ready_addresses_are_told_apart_in_order() -> None:
    service = make_service("web", ports=[make_service_port(80, target=8080, name="http")], labels={"team": "a"})
    pods = [backend("c", "10.244.0.10"), backend("a", "10.244.0.9"), backend("b", "10.244.0.3", ready=False)]
    found = written(plan_for(service, *pods, backend("gone", "10.244.0.4", deleted=CREATED)))
    assert found.metadata.labels["team"] == "a"
    (subset,) = found.subsets
    assert [address.ip for address in subset.addresses] == ["10.244.0.9", "10.244.0.10"]
    assert [address.ip for address in subset.not_ready_addresses] == ["10.244.0.3"]
    assert (subset.addresses[0].target_ref.name, subset.addresses[0].node_name) == ("a", "n1")
    assert [(port.name, port.port, port.protocol) for port in subset.ports] == [("http", 8080, "TCP")]


def test_what_is_right_is_not_written_again() -> None:
    service, pod = make_service("web"), backend("a", "10.244.0.9")
    assert not plan_for(service, pod, written(plan_for(service, pod))).writes


def test_pods_on_different_ports_are_different_subsets() -> None:
    service = make_service("web", ports=[make_service_port(80, target="http")])
    pods = [backend("a", "10.244.0.2"), backend("b", "10.244.0.3")]
    for pod, port in zip(pods, (8080, 9090), strict=True):
        del pod.spec.containers[:]
        pod.spec.containers.append(make_container(ports=[make_port(port, name="http")]))
    found = written(plan_for(service, *pods))
    assert {subset.ports[0].port: subset.addresses[0].ip for subset in found.subsets} == {
        8080: "10.244.0.2", 9090: "10.244.0.3"}  # fmt: skip


def test_a_service_that_publishes_all_has_no_address_that_is_not_ready() -> None:
    service = make_service("web", publish_not_ready=True)
    (subset,) = written(plan_for(service, backend("a", "10.244.0.2", ready=False))).subsets
    assert [address.ip for address in subset.addresses] == ["10.244.0.2"]
    assert not subset.not_ready_addresses


def test_the_object_goes_with_its_service_but_a_foreign_one_stays() -> None:
    own = written(plan_for(make_service("web")))
    assert [obj.metadata.name for obj in plan_for(own).deletes] == ["web"]
    own.metadata.labels.clear()
    assert not plan_for(own).writes
    assert not plan_for(make_service("web", selector={}), own).writes


def test_too_many_addresses_are_cut_and_that_is_said() -> None:
    service = make_service("web")
    pods = [backend(f"p{n}", f"10.244.{n // 250}.{n % 250}") for n in range(MOST_ADDRESSES + 5)]
    found = written(plan_for(service, *pods))
    assert sum(len(subset.addresses) for subset in found.subsets) == MOST_ADDRESSES
    assert found.metadata.annotations[OVER_CAPACITY] == "truncated"
    assert OVER_CAPACITY not in written(plan_for(service, *pods[:3], found)).metadata.annotations
