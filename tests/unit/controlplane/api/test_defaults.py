"""What the server fills in, as Kubernetes documents it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.api import codec, defaults, registry
from controlplane.api.pod_defaults import pull_policy
from controlplane.api.registry import KINDS, Kind
from protos.v1 import core_pb2 as core
from tests.support.messages import messages

CONTAINER = {
    "name": "a",
    "image": "nginx",
    "imagePullPolicy": "Always",
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
TEMPLATE = {
    "containers": [CONTAINER],
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "securityContext": {},
}
PLAIN = {"containers": [{"name": "a", "image": "nginx"}]}


def defaulted(kind: Kind[Any], doc: dict[str, Any]) -> dict[str, Any]:
    obj = codec.from_dict(kind, doc)
    defaults.apply_defaults(kind, obj)
    return {name: value for name, value in codec.to_dict(kind, obj).items() if name not in {"apiVersion", "kind"}}


@pytest.mark.parametrize(
    ("kind", "doc", "result"),
    [
        pytest.param(
            registry.PODS,
            {"spec": PLAIN},
            {
                "spec": TEMPLATE | {"enableServiceLinks": True},
                "status": {"phase": "Pending"},
            },
            id="pod",
        ),
        pytest.param(
            registry.DEPLOYMENTS,
            {"spec": {"template": {"spec": PLAIN}}},
            {
                "spec": {
                    "replicas": 1,
                    "revisionHistoryLimit": 10,
                    "progressDeadlineSeconds": 600,
                    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                    "template": {"spec": TEMPLATE},
                }
            },
            id="deployment",
        ),
        pytest.param(
            registry.REPLICA_SETS,
            {"spec": {"template": {"spec": PLAIN}}},
            {"spec": {"replicas": 1, "template": {"spec": TEMPLATE}}},
            id="replica-set",
        ),
        pytest.param(
            registry.SERVICES,
            {"spec": {"ports": [{"port": 80}]}},
            {
                "spec": {
                    "type": "ClusterIP",
                    "sessionAffinity": "None",
                    "internalTrafficPolicy": "Cluster",
                    "ipFamilies": ["IPv4"],
                    "ipFamilyPolicy": "SingleStack",
                    "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
                },
                "status": {"loadBalancer": {}},
            },
            id="service",
        ),
        pytest.param(
            registry.SERVICES,
            {"spec": {"type": "ExternalName", "externalName": "example.com"}},
            {
                "spec": {"type": "ExternalName", "externalName": "example.com", "sessionAffinity": "None"},
                "status": {"loadBalancer": {}},
            },
            id="external-name",
        ),
        pytest.param(registry.SECRETS, {"data": {"a": "YQ=="}}, {"data": {"a": "YQ=="}, "type": "Opaque"}, id="secret"),
        pytest.param(
            registry.SECRETS,
            {"data": {"a": "YQ=="}, "stringData": {"a": "b", "c": "d"}, "type": "x"},
            {"data": {"a": "Yg==", "c": "ZA=="}, "type": "x"},
            id="secret-in-text",
        ),
        pytest.param(
            registry.NAMESPACES,
            {"metadata": {"name": "shop"}},
            {
                "metadata": {"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop"}},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            },
            id="namespace",
        ),
        pytest.param(
            registry.NODES,
            {"status": {"capacity": {"cpu": "2", "memory": "1Gi"}, "allocatable": {"cpu": "1"}}},
            {"status": {"capacity": {"cpu": "2", "memory": "1Gi"}, "allocatable": {"cpu": "1", "memory": "1Gi"}}},
            id="node",
        ),
        pytest.param(
            registry.ENDPOINTS,
            {"subsets": [{"ports": [{"port": 80}]}]},
            {"subsets": [{"ports": [{"port": 80, "protocol": "TCP"}]}]},
            id="endpoints",
        ),
        pytest.param(
            registry.ENDPOINT_SLICES,
            {"addressType": "IPv4", "ports": [{"port": 80}]},
            {"addressType": "IPv4", "endpoints": [], "ports": [{"name": "", "port": 80, "protocol": "TCP"}]},
            id="endpoint-slice",
        ),
        pytest.param(registry.CONFIG_MAPS, {"data": {"a": "b"}}, {"data": {"a": "b"}}, id="config-map"),
    ],
)
def test_a_bare_object_is_filled_in(kind: Kind[Any], doc: dict[str, Any], result: dict[str, Any]) -> None:
    assert defaulted(kind, doc) == result


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("localhost:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:" + "a" * 64, "IfNotPresent"),
        ("nginx:latest@sha256:" + "a" * 64, "IfNotPresent"),
    ],
)
def test_the_tag_decides_when_an_image_is_pulled(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


def spec_of(spec: dict[str, Any]) -> dict[str, Any]:
    return defaulted(registry.PODS, {"spec": spec})["spec"]


def container_of(**container: Any) -> dict[str, Any]:
    return spec_of({"containers": [container]})["containers"][0]


def test_a_pod_requests_what_it_is_limited_to() -> None:
    given_resources = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}}
    assert container_of(resources=given_resources)["resources"]["requests"] == {"cpu": "100m", "memory": "1Gi"}


def test_a_template_is_left_without_the_requests_that_its_pods_will_get() -> None:
    spec = {"template": {"spec": {"containers": [{"resources": {"limits": {"cpu": "1"}}}]}}}
    template = defaulted(registry.REPLICA_SETS, {"spec": spec})["spec"]["template"]
    assert template["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}}


def test_probes_ports_and_references_of_a_container_are_filled_in() -> None:
    container = container_of(
        ports=[{"containerPort": 80}],
        livenessProbe={"httpGet": {"port": 80}},
        readinessProbe={"grpc": {"port": 9}, "periodSeconds": 3},
        startupProbe={"exec": {"command": ["true"]}},
        lifecycle={"preStop": {"httpGet": {"port": "http", "path": "/stop"}}},
        env=[{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
    )
    counts = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert container["livenessProbe"] == {"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}} | counts
    assert container["readinessProbe"] == {"grpc": {"port": 9, "service": ""}} | counts | {"periodSeconds": 3}
    assert container["startupProbe"] == {"exec": {"command": ["true"]}} | counts
    assert container["lifecycle"] == {"preStop": {"httpGet": {"port": "http", "path": "/stop", "scheme": "HTTP"}}}
    assert container["env"][0]["valueFrom"]["fieldRef"] == {"apiVersion": "v1", "fieldPath": "status.podIP"}


def test_volumes_get_their_modes_and_no_source_means_an_empty_directory() -> None:
    volumes = spec_of(
        {
            "containers": [],
            "volumes": [
                {"name": "a"},
                {"name": "b", "secret": {"secretName": "s"}},
                {"name": "c", "configMap": {"name": "c", "defaultMode": 0}},
                {"name": "d", "hostPath": {"path": "/d"}},
                {"name": "e", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
                {"name": "f", "downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            ],
        }
    )["volumes"]
    assert volumes == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "secret": {"secretName": "s", "defaultMode": 420}},
        {"name": "c", "configMap": {"name": "c", "defaultMode": 0}},
        {"name": "d", "hostPath": {"path": "/d", "type": ""}},
        {
            "name": "e",
            "projected": {
                "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                "defaultMode": 420,
            },
        },
        {
            "name": "f",
            "downwardAPI": {
                "items": [{"path": "p", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}],
                "defaultMode": 420,
            },
        },
    ]


def test_on_the_nodes_network_a_port_is_the_nodes_own() -> None:
    spec = spec_of({"hostNetwork": True, "containers": [{"ports": [{"containerPort": 80}]}]})
    assert spec["containers"][0]["ports"] == [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]


def test_a_deployment_that_recreates_gets_no_rolling_update() -> None:
    spec = defaulted(registry.DEPLOYMENTS, {"spec": {"strategy": {"type": "Recreate"}, "replicas": 0}})["spec"]
    assert spec["strategy"] == {"type": "Recreate"}
    assert spec["replicas"] == 0


@pytest.mark.parametrize(
    ("spec", "field", "value"),
    [
        ({"type": "NodePort"}, "externalTrafficPolicy", "Cluster"),
        ({"type": "LoadBalancer"}, "allocateLoadBalancerNodePorts", True),
        ({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, "externalTrafficPolicy", "Local"),
        ({"sessionAffinity": "ClientIP"}, "sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}}),
        ({"clusterIP": "None"}, "clusterIPs", ["None"]),
        ({"clusterIP": "fd00::1"}, "ipFamilies", ["IPv6"]),
        ({"ports": [{"port": 80, "targetPort": "http"}]}, "ports", [{"port": 80, "protocol": "TCP", "targetPort": "http"}]),
    ],
)
def test_a_services_kind_decides_what_it_gets(spec: dict[str, Any], field: str, value: object) -> None:
    assert defaulted(registry.SERVICES, {"spec": spec})["spec"][field] == value


def test_every_pod_stays_five_minutes_on_a_lost_node_unless_it_says_otherwise() -> None:
    pod = core.Pod(
        spec=core.PodSpec(tolerations=[core.Toleration(key="node.kubernetes.io/not-ready", toleration_seconds=7)])
    )
    for _ in range(2):
        defaults.default_tolerations(pod)
    assert [(toleration.key, toleration.toleration_seconds) for toleration in pod.spec.tolerations] == [
        ("node.kubernetes.io/not-ready", 7),
        ("node.kubernetes.io/unreachable", 300),
    ]
    everything = core.Pod(spec=core.PodSpec(tolerations=[core.Toleration(operator="Exists")]))
    defaults.default_tolerations(everything)
    assert len(everything.spec.tolerations) == 1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_filling_in_twice_changes_nothing_more(kind: Kind[Any], data: st.DataObject) -> None:
    obj = data.draw(messages(kind.message))
    defaults.apply_defaults(kind, obj)
    once = codec.to_dict(kind, obj)
    defaults.apply_defaults(kind, obj)
    assert codec.to_dict(kind, obj) == once
