"""EndpointSlices: who is listed, as what, in how many slices, and with how few writes."""

from __future__ import annotations

from controlplane.api import objects
from controlplane.api.objects import ApiObject, copy_of
from controlplane.controllers.endpointslice import MOST_ENDPOINTS, plan_endpoint_slices
from controlplane.controllers.plan import Plan
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from tests.support.builders import (
    CREATED,
    make_container,
    make_pod,
    make_port,
    make_service,
    make_service_port,
    set_ready,
)
from tests.support.simulation import LaggingView, Store


def plan_for(service: core.Service, *others: ApiObject) -> Plan:
    return plan_endpoint_slices(service, LaggingView(Store(service, *others)), CREATED)


def backend(number: int, **more: object) -> core.Pod:
    options = {"labels": {"app": "web"}, "ip": f"10.244.{number // 250}.{number % 250 + 1}", "ready": True, "node": "n1"}
    return make_pod(f"web-{number}", **{**options, **more})  # type: ignore[arg-type]


def slices_in(plan: Plan) -> list[discovery.EndpointSlice]:
    return [obj for obj in (*plan.creates, *plan.updates) if isinstance(obj, discovery.EndpointSlice)]


def stored(plan: Plan, name: str = "web-abcde") -> discovery.EndpointSlice:
    (made,) = slices_in(plan)
    made.metadata.name = made.metadata.name or name
    return made


def test_a_ready_pod_is_listed_with_all_that_is_known_of_it() -> None:
    service = make_service("web", ports=[make_service_port(80, target=8080, name="http")], labels={"team": "a"})
    found = stored(plan_for(service, backend(1)))
    assert found.metadata.generate_name == "web-"
    assert dict(found.metadata.labels) == {
        "team": "a",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    assert objects.controller_of(found) is not None
    assert found.address_type == "IPv4"
    assert [(port.name, port.port, port.protocol) for port in found.ports] == [("http", 8080, "TCP")]
    (endpoint,) = found.endpoints
    assert list(endpoint.addresses) == ["10.244.0.2"]
    assert (endpoint.target_ref.kind, endpoint.target_ref.name, endpoint.node_name) == ("Pod", "web-1", "n1")
    conditions = endpoint.conditions
    assert (conditions.ready, conditions.serving, conditions.terminating) == (True, True, False)


def conditions_of(service: core.Service, pod: core.Pod) -> tuple[bool, bool, bool]:
    (endpoint,) = stored(plan_for(service, pod)).endpoints
    return endpoint.conditions.ready, endpoint.conditions.serving, endpoint.conditions.terminating


def test_conditions_say_who_may_get_connections() -> None:
    service, open_service = make_service("web"), make_service("web", publish_not_ready=True)
    assert conditions_of(service, backend(1, ready=False)) == (False, False, False)
    assert conditions_of(service, backend(1, deleted=CREATED)) == (False, True, True)
    assert conditions_of(service, backend(1, deleted=CREATED, ready=False)) == (False, False, True)
    assert conditions_of(open_service, backend(1, ready=False)) == (True, False, False)


def test_pods_without_address_or_at_their_end_and_strangers_are_not_listed() -> None:
    pods = [make_pod("new", labels={"app": "web"}), backend(2, phase="Succeeded"), backend(3, labels={"app": "else"}),
            make_pod("far", "other", labels={"app": "web"}, ip="10.244.0.9")]  # fmt: skip
    assert not stored(plan_for(make_service("web"), *pods)).endpoints


def test_named_ports_are_looked_up_in_each_pod() -> None:
    service = make_service("web", ports=[make_service_port(80, target="http")])
    eight, nine = (
        backend(n, containers=[make_container(ports=[make_port(port, name="http")])]) for n, port in ((1, 8080), (2, 9090))
    )
    nameless = backend(3)
    found = slices_in(plan_for(service, eight, nine, nameless))
    by_port = {s.ports[0].port: [endpoint.target_ref.name for endpoint in s.endpoints] for s in found}
    assert by_port == {8080: ["web-1"], 9090: ["web-2"]}


def test_a_headless_service_says_so() -> None:
    service = make_service("web", cluster_ip="None", ports=[])
    pod = backend(1)
    pod.spec.hostname, pod.spec.subdomain = "first", "web"
    found = stored(plan_for(service, pod))
    assert found.metadata.labels["service.kubernetes.io/headless"] == ""
    assert found.endpoints[0].hostname == "first"
    assert not found.ports


def test_a_service_without_backends_has_one_empty_slice_that_is_used_again() -> None:
    service = make_service("web")
    empty = stored(plan_for(service))
    assert not empty.endpoints
    assert not plan_for(service, empty).writes
    plan = plan_for(service, empty, backend(1))
    assert [s.metadata.name for s in slices_in(plan)] == [empty.metadata.name]
    full = stored(plan)
    assert [s.metadata.name for s in slices_in(plan_for(service, full))] == [empty.metadata.name]


def test_no_slice_has_more_than_a_hundred_and_a_change_touches_one() -> None:
    service = make_service("web")
    pods = [backend(n) for n in range(MOST_ENDPOINTS * 2 + 30)]
    made = slices_in(plan_for(service, *pods))
    assert sorted(len(s.endpoints) for s in made) == [30, 100, 100]
    for number, found in enumerate(made):
        found.metadata.name = f"web-{number}"
    assert not plan_for(service, *made, *pods).writes
    set_ready(pods[0], False, since=CREATED + 5)
    assert len(plan_for(service, *made, *pods).writes) == 1
    moved = plan_for(service, *made, *pods[1:], backend(999))
    assert len(moved.writes) == 1, "the newcomer takes the place of the one that left"
    assert sum(len(s.endpoints) for s in slices_in(moved)) == MOST_ENDPOINTS


def test_slices_of_ports_that_are_no_more_are_deleted() -> None:
    service, pod = make_service("web"), backend(1)
    old = stored(plan_for(service, pod))
    service.spec.ports[0].target_port.int_val = 8080
    plan = plan_for(service, old, pod)
    assert [s.ports[0].port for s in slices_in(plan)] == [8080]
    assert [obj.metadata.name for obj in plan.deletes] == [old.metadata.name]


def test_new_labels_of_the_service_reach_its_slices() -> None:
    service, pod = make_service("web"), backend(1)
    found = stored(plan_for(service, pod))
    service.metadata.labels["team"] = "b"
    assert stored(plan_for(service, found, pod)).metadata.labels["team"] == "b"


def test_services_without_selector_and_foreign_slices_are_left_alone() -> None:
    foreign = copy_of(stored(plan_for(make_service("web"), backend(1))))
    foreign.metadata.labels["endpointslice.kubernetes.io/managed-by"] = "me"
    assert not plan_for(make_service("web", selector={}), foreign, backend(1)).writes
    assert not plan_for(make_service("web"), foreign, backend(1)).deletes
    assert not plan_for(make_service("web", type="ExternalName"), backend(1)).writes
