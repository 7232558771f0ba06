"""What is asked for in vain is found, wherever it is written, and nothing else is."""

import timeit
from typing import Any

import pytest

from controlplane.api import codec, defaults, registry, support
from controlplane.api.objects import ApiObject
from controlplane.api.registry import (
    CONFIG_MAPS,
    CRON_JOBS,
    DEPLOYMENTS,
    NETWORK_POLICIES,
    POD_TEMPLATES,
    PODS,
    SERVICES,
    STATEFUL_SETS,
    Kind,
)

Doc = dict[str, Any]


def stored(kind: Kind[Any], doc: Doc) -> ApiObject:
    obj = codec.from_dict(kind, {"metadata": {"name": "web", "namespace": "shop"}} | doc)
    defaults.apply_defaults(kind, obj)
    return obj


def found(kind: Kind[Any], doc: Doc) -> dict[str, str]:
    """The fields found, each with what becomes of it."""
    return {one.path: one.row.what for one in support.unsupported(kind, stored(kind, doc))}


def pod(container: Doc | None = None, **fields: Any) -> Doc:
    return {"spec": {"containers": [{"name": "web", "image": "nginx:1"} | (container or {})]} | fields}


ORDINARY = pod(
    {
        "ports": [{"containerPort": 80}],
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
        "livenessProbe": {"httpGet": {"port": 80}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 1}}, "stopSignal": "SIGQUIT"},
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumeMounts": [{"name": "a", "mountPath": "/a", "subPath": "b"}],
    },
    volumes=[
        {"name": "a", "configMap": {"name": "x"}},
        {"name": "b", "emptyDir": {}},
        {"name": "c", "hostPath": {"path": "/"}},
    ],
    hostUsers=True,
    shareProcessNamespace=True,
    tolerations=[{"operator": "Exists"}],
    affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 1, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}]}},
)  # fmt: skip


def test_an_ordinary_pod_asks_for_nothing_in_vain() -> None:
    assert found(PODS, ORDINARY) == {}
    assert found(CONFIG_MAPS, {"data": {"a": "b"}}) == {}


def test_looking_at_an_ordinary_pod_costs_little() -> None:
    obj = stored(PODS, pod())
    seconds = min(timeit.repeat(lambda: support.unsupported(PODS, obj), number=200, repeat=20)) / 200
    assert seconds < 40e-6, "meant to be under 20 µs on a machine that has nothing else to do"


@pytest.mark.parametrize(
    ("kind", "doc", "expected"),
    [
        (PODS, pod(hostNetwork=True, hostPID=True, hostIPC=True),
         {"spec.hostNetwork": "refuse", "spec.hostPID": "refuse", "spec.hostIPC": "refuse"}),
        (PODS, pod(hostUsers=False, runtimeClassName="gvisor"),
         {"spec.hostUsers": "refuse", "spec.runtimeClassName": "refuse"}),
        (PODS, pod(volumes=[{"name": "a", "nfs": {"server": "a", "path": "/"}}, {"name": "b", "csi": {"driver": "c"}}]),
         {"spec.volumes[0].nfs": "refuse", "spec.volumes[1].csi": "refuse"}),
        (PODS, pod(volumes=[{"name": "a", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}]),
         {"spec.volumes[0].emptyDir.medium": "warn", "spec.volumes[0].emptyDir.sizeLimit": "warn"}),
        (PODS, pod(volumes=[{"name": "a", "emptyDir": {"medium": "HugePages-2Mi"}}]),
         {"spec.volumes[0].emptyDir.medium": "refuse"}),
        (PODS, pod(topologySpreadConstraints=[
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
            {"maxSkew": 1, "topologyKey": "host", "whenUnsatisfiable": "DoNotSchedule"}]),
         {"spec.topologySpreadConstraints[0].whenUnsatisfiable": "warn",
          "spec.topologySpreadConstraints[1].whenUnsatisfiable": "refuse"}),
        (PODS, pod({"lifecycle": {"postStart": {"exec": {"command": ["a"]}}}, "terminationMessagePath": "/x",
                    "ports": [{"containerPort": 80, "hostPort": 80}]}),
         {"spec.containers[0].lifecycle.postStart": "warn", "spec.containers[0].terminationMessagePath": "warn",
          "spec.containers[0].ports[0].hostPort": "warn"}),
        (PODS, pod({"resources": {"limits": {"ephemeral-storage": "1Gi"}}}),
         {"spec.containers[0].resources.limits": "warn"}),
        (PODS, pod({"readinessProbe": {"grpc": {"port": 1}}}), {"spec.containers[0].readinessProbe.grpc": "refuse"}),
        (PODS, pod(initContainers=[{"name": "i", "image": "a", "volumeMounts": [
            {"name": "v", "mountPath": "/v", "subPathExpr": "$(A)"}]}]),
         {"spec.initContainers[0].volumeMounts[0].subPathExpr": "refuse"}),
        (PODS, pod(ephemeralContainers=[{"name": "e", "image": "a", "stdinOnce": True}]),
         {"spec.ephemeralContainers[0]": "warn", "spec.ephemeralContainers[0].stdinOnce": "warn"}),
        (DEPLOYMENTS, {"spec": {"template": pod(hostNetwork=True)}}, {"spec.template.spec.hostNetwork": "refuse"}),
        (CRON_JOBS, {"spec": {"jobTemplate": {"spec": {"template": pod(subdomain="a")}}}},
         {"": "warn", "spec.jobTemplate.spec.template.spec.subdomain": "warn"}),
        (POD_TEMPLATES, {"template": pod(hostPID=True)}, {"template.spec.hostPID": "refuse"}),
        (STATEFUL_SETS, {"spec": {"template": pod()}}, {"": "warn"}),
        (NETWORK_POLICIES, {"spec": {}}, {"": "warn"}),
        (SERVICES, {"spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 1}],
                             "loadBalancerSourceRanges": ["10.0.0.0/8"]}},
         {"spec.type": "warn", "spec.externalTrafficPolicy": "refuse", "spec.loadBalancerSourceRanges[0]": "refuse"}),
        (SERVICES, {"spec": {"sessionAffinity": "ClientIP", "ports": [{"port": 1, "protocol": "SCTP"}]}},
         {"spec.sessionAffinity": "warn", "spec.ports[0].protocol": "warn"}),
    ],
)  # fmt: skip
def test_what_is_asked_for_in_vain_is_found(kind: Kind[Any], doc: Doc, expected: dict[str, str]) -> None:
    assert found(kind, doc) == expected


def test_an_update_is_held_against_what_it_brings() -> None:
    old = stored(PODS, pod(hostNetwork=True, subdomain="a"))
    new = stored(PODS, pod(hostNetwork=True, subdomain="b", hostPID=True))
    assert [one.path for one in support.newly_unsupported(PODS, old, new)] == ["spec.hostPID", "spec.subdomain"]
    assert support.newly_unsupported(PODS, new, new) == []


def test_a_kind_that_nothing_acts_on_is_told_of_once() -> None:
    first = stored(NETWORK_POLICIES, {"spec": {}})
    assert [one.warning for one in support.unsupported(NETWORK_POLICIES, first)] == [
        "NetworkPolicy is stored but not enforced yet: all traffic stays allowed"
    ]
    assert support.newly_unsupported(NETWORK_POLICIES, first, stored(NETWORK_POLICIES, {"spec": {"egress": [{}]}})) == []


def test_every_kind_that_makes_pods_is_looked_into() -> None:
    with_pods = {kind.name for kind in registry.STORED if "PodSpec" in _messages(kind.message.DESCRIPTOR)}
    assert with_pods == set(support.POD_SPECS)


def _messages(descriptor: Any, seen: set[str] | None = None) -> set[str]:
    """The names of all messages within."""
    seen = set() if seen is None else seen
    for one in descriptor.fields:
        inner = one.message_type
        if inner is not None and inner.name not in seen:
            seen.add(inner.name)
            _messages(inner, seen)
    return seen
