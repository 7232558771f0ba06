"""What flags make must be what kubectl makes of them: people's habits and scripts rest on it."""

from __future__ import annotations

import pytest

from console.cli import generators
from console.cli.failures import CommandError
from controlplane.api import codec, registry
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from tests.console import samples


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx", "nginx"),
        ("nginx:1.27", "nginx"),
        ("registry:5000/team/http_d.x:2", "http-d-x"),
        ("reg.example.com/busybox@sha256:aa", "busybox"),
    ],
)
def test_a_container_is_named_after_its_image(image: str, name: str) -> None:
    assert generators.container_name(image) == name


def test_a_deployment_selects_the_pods_it_makes() -> None:
    made = generators.deployment("web", ["nginx:1", "nginx:2"], replicas=0, port=80)
    spec = codec.to_dict(registry.DEPLOYMENTS, made)["spec"]
    assert spec["replicas"] == 0
    assert spec["selector"] == {"matchLabels": {"app": "web"}}
    assert spec["template"]["metadata"] == {"labels": {"app": "web"}}
    containers = [(c["name"], c["image"], c.get("ports")) for c in spec["template"]["spec"]["containers"]]
    assert containers == [("nginx", "nginx:1", [{"containerPort": 80}]), ("nginx-2", "nginx:2", None)]


def test_a_command_needs_one_image() -> None:
    with pytest.raises(CommandError, match="cannot specify multiple --image options and command"):
        generators.deployment("web", ["a", "b"], command=["sleep"])


def test_a_pod_is_labelled_by_its_name_unless_told_otherwise() -> None:
    assert dict(generators.pod("web", "nginx").metadata.labels) == {"run": "web"}
    assert dict(generators.pod("web", "nginx", labels={"a": "b"}).metadata.labels) == {"a": "b"}


def test_an_unknown_restart_policy_is_refused() -> None:
    with pytest.raises(CommandError, match="invalid restart policy: Perhaps, valid values are: Always, OnFailure, Never"):
        generators.pod("web", "nginx", restart="Perhaps")


def test_an_environment_value_may_hold_anything() -> None:
    made = generators.environment(["A=b,c=d", "B="])
    assert [(variable.name, variable.value) for variable in made] == [("A", "b,c=d"), ("B", "")]
    with pytest.raises(CommandError, match="invalid env: =x"):
        generators.environment(["=x"])


def test_labels_may_be_joined_by_commas() -> None:
    assert generators.pairs(["a=b,c=d", "e="], "label") == {"a": "b", "c": "d", "e": ""}
    with pytest.raises(CommandError, match='invalid label "nonsense"'):
        generators.pairs(["nonsense"], "label")


def expose(obj: object, **flags: object) -> core.Service:
    given = {
        "name": "web",
        "port": 0,
        "target_port": "",
        "protocol": "",
        "service_type": "ClusterIP",
        "selector": {},
        **flags,
    }
    return generators.exposing(obj, **given)  # type: ignore[arg-type]


def told(service: core.Service) -> list[tuple[str, int, int | str, str]]:
    return [
        (p.name, p.port, p.target_port.str_val if p.target_port.type else p.target_port.int_val, p.protocol)
        for p in service.spec.ports
    ]


def test_a_service_takes_selector_port_and_labels_from_the_deployment() -> None:
    made = expose(samples.deployment())
    assert dict(made.spec.selector) == {"app": "web"}
    assert dict(made.metadata.labels) == {"app": "web"}
    assert told(made) == [("", 8080, 8080, "TCP")]


def test_a_service_for_several_ports_names_them() -> None:
    pod = samples.full_pod()
    assert told(expose(pod)) == [("port-1", 8080, 8080, "TCP"), ("port-2", 9090, 9090, "UDP")]


def test_a_target_port_may_be_a_name() -> None:
    assert told(expose(samples.deployment(), port=80, target_port="http")) == [("", 80, "http", "TCP")]


def test_what_no_selector_can_be_made_of_is_refused() -> None:
    chosen = samples.deployments()[2]
    with pytest.raises(CommandError, match="couldn't convert expressions"):
        expose(chosen, port=80)
    with pytest.raises(CommandError, match="couldn't retrieve selectors"):
        expose(core.Pod(metadata=meta.ObjectMeta(name="bare")), port=80)
    with pytest.raises(CommandError, match="cannot expose a ConfigMap"):
        expose(samples.config_maps()[0], port=80)


def test_a_port_must_come_from_somewhere() -> None:
    bare = apps.Deployment(metadata=meta.ObjectMeta(name="bare"))
    with pytest.raises(CommandError, match="couldn't find port via --port flag or introspection"):
        expose(bare, selector={"a": "b"})


def test_service_ports_are_written_port_and_target() -> None:
    made = generators.tcp_ports(["80:8080", "443"], 30080)
    assert [(p.name, p.port, p.target_port.int_val, p.node_port) for p in made] == [
        ("80-8080", 80, 8080, 30080),
        ("443", 443, 443, 30080),
    ]
    with pytest.raises(CommandError, match='invalid port "http"'):
        generators.tcp_ports(["http"])


def test_a_config_map_keeps_bytes_that_are_no_text() -> None:
    content = generators.data(["a=b=c"], [("logo", b"\x89PNG")])
    made = generators.config_map("app", content)
    assert (dict(made.data), dict(made.binary_data)) == ({"a": "b=c"}, {"logo": b"\x89PNG"})


def test_a_key_is_given_once() -> None:
    with pytest.raises(CommandError, match='cannot add key "a", another key by that name already exists'):
        generators.data(["a=b"], [("a", b"c")])
