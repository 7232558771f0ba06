"""What is asked of the runtime for a pod's containers."""

from __future__ import annotations

from typing import Any

import pytest

from dataplane.agent.environment import EnvironmentProblem, Sources, environment, needed
from dataplane.agent.qos import oom_score_adjust, qos_class
from dataplane.agent.specs import container_spec, expand, hostname, why_root
from dataplane.runtime.types import ContainerSpec
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container, make_meta, make_pod

GIB = 1 << 30


def spec_of(container: core.Container, env: list[tuple[str, str]] | None = None) -> ContainerSpec:
    return container_spec(
        make_pod(containers=[container]), container, attempt=0, backoff_seconds=0, env=env or [], mounts=[],
        memory_capacity=4 * GIB)  # fmt: skip


def from_config_map(name: str, *, key: str = "", optional: bool = False) -> core.EnvVarSource:
    reference = core.LocalObjectReference(name=name)
    selector = core.ConfigMapKeySelector(local_object_reference=reference, key=key, optional=optional)
    return core.EnvVarSource(config_map_key_ref=selector)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("$(NAME)!", "web!"),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$$(NAME)", "$(NAME)"),
        ("$$$(NAME)", "$web"),
        ("$NAME $( $", "$NAME $( $"),
        ("$(NAME)$(NAME)", "webweb"),
    ],
)
def test_references_are_replaced_by_values(text: str, expanded: str) -> None:
    assert expand(text, {"NAME": "web"}) == expanded


def test_command_and_args_stay_unset_when_the_pod_has_none() -> None:
    assert (spec_of(make_container()).command, spec_of(make_container()).args) == (None, None)
    container = make_container()
    container.command.extend(["serve", "$(PORT)"])
    container.args.append("--name=$(NAME)")
    spec = spec_of(container, [("PORT", "80"), ("NAME", "web")])
    assert (spec.command, spec.args) == (["serve", "80"], ["--name=web"])


@pytest.mark.parametrize(
    ("requests", "limits", "shares", "quota", "memory"),
    [
        ({}, {}, 2, 0, 0),
        ({"cpu": "250m"}, {}, 256, 0, 0),
        ({"cpu": "1"}, {"cpu": "2", "memory": "64Mi"}, 1024, 200_000, 64 << 20),
        ({}, {"cpu": "5m"}, 5, 1000, 0),
        ({"cpu": "1m"}, {}, 2, 0, 0),
    ],
)
def test_requests_become_shares_and_limits_become_limits(
    requests: dict[str, str], limits: dict[str, str], shares: int, quota: int, memory: int
) -> None:
    found = spec_of(make_container(requests=requests, limits=limits)).resources
    assert (found.cpu_shares, found.cpu_quota_micros, found.memory_bytes) == (shares, quota, memory)


@pytest.mark.parametrize(
    ("requests", "limits", "quality", "score"),
    [
        ({}, {}, "BestEffort", 1000),
        ({"cpu": "1", "memory": "1Gi"}, {"cpu": "1", "memory": "1Gi"}, "Guaranteed", -997),
        ({"memory": "1Gi"}, {}, "Burstable", 750),
        ({"cpu": "1", "memory": "1Gi"}, {"cpu": "1", "memory": "2Gi"}, "Burstable", 750),
        ({"cpu": "1"}, {}, "Burstable", 999),
        ({"memory": "8Gi"}, {}, "Burstable", 2),
    ],
)
def test_quality_of_service_follows_from_requests_and_limits(
    requests: dict[str, str], limits: dict[str, str], quality: str, score: int
) -> None:
    pod = make_pod(containers=[make_container(requests=requests, limits=limits)])
    assert qos_class(pod) == quality
    assert oom_score_adjust(pod, pod.spec.containers[0], memory_capacity=4 * GIB) == score


WHERE = '(pod: "web_default(uid-web)", container: web)'


@pytest.mark.parametrize(
    ("above", "own", "image_user", "problem"),
    [
        ({}, {}, "", ""),
        ({"run_as_non_root": True}, {"run_as_non_root": False}, "", ""),
        ({"run_as_non_root": True}, {}, "1000", ""),
        ({"run_as_non_root": True}, {}, "1000:0", ""),
        ({"run_as_non_root": True, "run_as_user": 1000}, {}, "", ""),
        ({"run_as_non_root": True}, {"run_as_user": 1}, "root", ""),
        ({"run_as_non_root": True}, {}, "", "container has runAsNonRoot and image will run as root"),
        ({}, {"run_as_non_root": True}, "0:0", "container has runAsNonRoot and image will run as root"),
        (
            {"run_as_user": 1}, {"run_as_non_root": True, "run_as_user": 0}, "1",
            "container's runAsUser breaks non-root policy",
        ),
        (
            {"run_as_non_root": True}, {}, "nginx",
            "container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root",
        ),
    ],
)  # fmt: skip
def test_who_must_not_be_root_is_not(above: dict[str, Any], own: dict[str, Any], image_user: str, problem: str) -> None:
    pod = make_pod()
    pod.spec.security_context.MergeFrom(core.PodSecurityContext(**above))
    container = pod.spec.containers[0]
    container.security_context.MergeFrom(core.SecurityContext(**own))
    assert why_root(pod, container, image_user) == (f"{problem} {WHERE}" if problem else "")


def test_a_host_name_is_a_label_of_at_most_63_characters() -> None:
    pod = make_pod("a" * 62 + "-b")
    assert hostname(pod) == "a" * 62
    pod.spec.hostname = "own"
    assert hostname(pod) == "own"


def test_later_variables_win_and_may_use_earlier_ones() -> None:
    container = make_container()
    container.env_from.add(prefix="P_").config_map_ref.local_object_reference.name = "settings"
    container.env.add(name="P_A", value="own")
    container.env.add(name="B", value="$(P_A)-$(C)")
    container.env.add(name="C", value="late")
    settings = core.ConfigMap(data={"A": "1", "D": "4", "not a name": "x"})
    found = environment(make_pod(), container, Sources(config_maps={"settings": settings}))
    assert found == [("P_A", "own"), ("P_D", "4"), ("B", "own-$(C)"), ("C", "late")]


def test_a_key_that_is_missing_stops_the_container_unless_it_is_optional() -> None:
    container = make_container()
    container.env.add(name="A", value_from=from_config_map("settings", key="a", optional=True))
    assert environment(make_pod(), container, Sources()) == []
    container.env[0].value_from.CopyFrom(from_config_map("settings", key="a"))
    with pytest.raises(EnvironmentProblem, match='configmap "settings" not found'):
        environment(make_pod(), container, Sources())
    with pytest.raises(EnvironmentProblem, match="couldn't find key a in ConfigMap default/settings"):
        environment(make_pod(), container, Sources(config_maps={"settings": core.ConfigMap()}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "web"),
        ("metadata.namespace", "default"),
        ("metadata.uid", "uid-web"),
        ("metadata.labels['app']", "shop"),
        ("metadata.annotations['none']", ""),
        ("spec.nodeName", "node-1"),
        ("status.podIP", "10.1.0.5"),
        ("status.hostIP", "10.0.0.1"),
    ],
)
def test_fields_of_the_pod_become_variables(path: str, value: str) -> None:
    container = make_container()
    container.env.add(name="A").value_from.field_ref.field_path = path
    pod = make_pod(labels={"app": "shop"}, node="node-1")
    assert environment(pod, container, Sources(host_ip="10.0.0.1", pod_ip="10.1.0.5")) == [("A", value)]


@pytest.mark.parametrize(
    ("resource", "divisor", "value"),
    [
        ("limits.cpu", "", "1"), ("limits.cpu", "1m", "500"), ("requests.memory", "1Mi", "64"),
        ("limits.memory", "1Gi", "4"), ("requests.cpu", "1m", "0"),
    ],
)  # fmt: skip
def test_resources_become_variables(resource: str, divisor: str, value: str) -> None:
    container = make_container(requests={"memory": "64Mi"}, limits={"cpu": "500m"})
    reference = container.env.add(name="A").value_from.resource_field_ref
    reference.resource, reference.divisor.string = resource, divisor
    assert environment(make_pod(), container, Sources(allocatable={"memory": 4 * GIB})) == [("A", value)]


def test_a_variable_may_tell_the_resources_of_another_container() -> None:
    container, other = make_container(), make_container("other", limits={"cpu": "3"})
    reference = container.env.add(name="A").value_from.resource_field_ref
    reference.resource, reference.container_name = "limits.cpu", "other"
    assert environment(make_pod(containers=[container, other]), container, Sources()) == [("A", "3")]
    with pytest.raises(EnvironmentProblem, match="container other not found"):
        environment(make_pod(containers=[container]), container, Sources())


def test_services_become_variables_where_the_pod_wants_them() -> None:
    service = core.Service(metadata=make_meta("my-web"), spec=core.ServiceSpec(cluster_ip="10.96.0.9"))
    service.spec.ports.add(name="http", port=80, protocol="TCP")
    pod = make_pod()
    assert environment(pod, make_container(), Sources(services=[service])) == []
    pod.spec.enable_service_links = True
    found = dict(environment(pod, make_container(), Sources(services=[service])))
    assert found["MY_WEB_SERVICE_HOST"] == "10.96.0.9"
    assert (found["MY_WEB_SERVICE_PORT"], found["MY_WEB_SERVICE_PORT_HTTP"]) == ("80", "80")
    assert found["MY_WEB_PORT_80_TCP"] == "tcp://10.96.0.9:80"


def test_what_variables_come_from_is_known_beforehand() -> None:
    container = make_container()
    container.env.add(name="A", value_from=from_config_map("one", key="a"))
    container.env_from.add().config_map_ref.local_object_reference.name = "two"
    container.env_from.add().secret_ref.local_object_reference.name = "three"
    assert needed(container) == ({"one", "two"}, {"three"})
