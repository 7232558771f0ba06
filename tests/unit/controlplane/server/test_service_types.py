"""What a service no longer needs goes with its type, as `kubectl patch` of the type alone expects."""

from controlplane.api import codec, defaults, validation
from controlplane.api.objects import copy_of
from controlplane.api.registry import SERVICES
from controlplane.server.service_types import drop_unneeded
from protos.v1 import core_pb2 as core


def service(type_: str, **fields: object) -> core.Service:
    spec = {"type": type_, "ports": [{"port": 80, "nodePort": 30080}], "clusterIP": "10.96.0.20"} | fields
    made = codec.from_dict(SERVICES, {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
    assert isinstance(made, core.Service)
    defaults.apply_defaults(SERVICES, made)
    return made


def changed(old: core.Service, type_: str) -> core.Service:
    """The service with another type, as a patch of the type alone makes it."""
    new = copy_of(old)
    new.spec.type = type_
    drop_unneeded(old, new)
    return new


def test_a_node_port_service_becomes_one_for_the_cluster_alone() -> None:
    new = changed(service("NodePort"), "ClusterIP")
    assert [port.node_port for port in new.spec.ports] == [0]
    assert not new.spec.external_traffic_policy
    assert new.spec.cluster_ip == "10.96.0.20"
    assert validation.problems_of(SERVICES, new) == []


def test_a_load_balancers_own_fields_go_with_it() -> None:
    old = service(
        "LoadBalancer", loadBalancerClass="example.com/lb", externalTrafficPolicy="Local", healthCheckNodePort=31000
    )
    old.status.load_balancer.ingress.add(ip="192.0.2.1")
    new = changed(old, "NodePort")
    assert not new.spec.HasField("load_balancer_class")
    assert not new.spec.HasField("allocate_load_balancer_node_ports")
    assert not new.spec.health_check_node_port
    assert not new.status.load_balancer.ingress
    assert new.spec.external_traffic_policy == "Local"
    assert new.spec.ports[0].node_port == 30080
    assert validation.problems_of(SERVICES, new) == []


def test_a_name_has_no_address() -> None:
    old = service("ClusterIP", ports=[{"port": 80}])
    new = copy_of(old)
    new.spec.type, new.spec.external_name = "ExternalName", "example.com"
    drop_unneeded(old, new)
    assert not new.spec.cluster_ip
    assert not new.spec.cluster_ips
    assert not new.spec.ip_families
    assert validation.problems_of(SERVICES, new) == []


def test_what_its_writer_changed_too_is_left_for_validation() -> None:
    old = service("NodePort")
    new = copy_of(old)
    new.spec.type, new.spec.ports[0].node_port, new.spec.external_traffic_policy = "ClusterIP", 30081, "Local"
    drop_unneeded(old, new)
    assert {problem.path for problem in validation.problems_of(SERVICES, new)} == {
        "spec.ports[0].nodePort", "spec.externalTrafficPolicy"
    }  # fmt: skip
