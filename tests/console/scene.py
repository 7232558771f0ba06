"""A small cluster as an operator would meet it: a shop with a rollout behind it, a pod that crashes, a job that is done."""

from __future__ import annotations

from controlplane.api import objects, registry, times
from controlplane.api.objects import ApiObject
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from tests.console import samples
from tests.console.fake_cluster import FakeCluster
from tests.support import builders

NOW = samples.NOW
_DAY = 86_400


def cluster() -> FakeCluster:
    """Everything settled, at NOW."""
    world = FakeCluster(*_nodes(), *_namespaces(), now=NOW - 2 * 3600)
    web = builders.make_deployment("web", replicas=3, image="nginx:1.24", max_surge=1, max_unavailable=0)
    web.metadata.creation_timestamp.CopyFrom(times.to_time(world.now))
    web.spec.template.spec.containers[0].name = "nginx"
    service = builders.make_service("web", type="NodePort", cluster_ip="10.96.12.7",
                                    ports=[builders.make_service_port(80, target=8080, node_port=30080)])  # fmt: skip
    service.metadata.creation_timestamp.CopyFrom(times.to_time(world.now))
    for obj in (web, service):
        world.put(obj)
    world.settle()
    world.store.now = NOW - 900
    for obj in (_crashing(), _job(), *_others()):
        world.put(obj)
    for event in _events(world):
        world.put(event)
    world.store.now = NOW
    return world


def new_image(world: FakeCluster, image: str) -> None:
    """Starts a rollout of web."""
    fresh = objects.copy_of(world.get(registry.DEPLOYMENTS, "web"))
    fresh.spec.template.spec.containers[0].image = image
    fresh.metadata.generation += 1
    world.put(fresh)


def _nodes() -> list[core.Node]:
    made = []
    for number in (1, 2, 3):
        node = samples.node(f"node-{number}")
        node.status.addresses[0].address = f"192.168.66.{10 + number}"
        node.spec.pod_cidr = f"10.244.{number}.0/24"
        made.append(node)
    made[0].metadata.labels["node-role.kubernetes.io/control-plane"] = ""
    return made


def _namespaces() -> list[core.Namespace]:
    made = []
    for name in ("default", "kube-system", "kube-node-lease", "shop"):
        namespace = builders.make_namespace(name)
        namespace.metadata.creation_timestamp.CopyFrom(samples.ago(9 * _DAY))
        made.append(namespace)
    return made


def _crashing() -> core.Pod:
    status = samples.with_last_end(
        samples.waiting("api", "CrashLoopBackOff", "back-off 40s restarting failed container=api", restart_count=7),
        "Error", 1, 12)  # fmt: skip
    status.last_state.terminated.message = "panic: DATABASE_URL is not set\n"
    pod = samples.pod("api-6d4f8c9b7-2kxqp", statuses=(status,), created=840, node="node-2", ip="10.244.2.4")
    _rename(pod, "api", "shop/api:9")
    return pod


def _job() -> core.Pod:
    pod = samples.pod("import-x7k2p", "Succeeded", (samples.ended("import", "Completed"),), created=_DAY + 300,
                      node="node-2", ip="10.244.2.9")  # fmt: skip
    _rename(pod, "import", "shop/import:3")
    return pod


def _rename(pod: core.Pod, name: str, image: str) -> None:
    pod.metadata.labels.clear()
    pod.metadata.labels["app"] = name
    pod.spec.containers[0].name, pod.spec.containers[0].image = name, image


def _others() -> list[ApiObject]:
    dns = samples.pod("dns-5f7d9-abcde", statuses=(samples.running("dns", 9 * _DAY),), created=9 * _DAY, ip="10.244.1.250")
    dns.metadata.namespace = "kube-system"
    _rename(dns, "dns", "dns:1.11")
    kubernetes = builders.make_service("kubernetes", selector={}, cluster_ip="10.96.0.1",
                                       ports=[builders.make_service_port(443, target=6443, name="https")])  # fmt: skip
    kubernetes.metadata.creation_timestamp.CopyFrom(samples.ago(9 * _DAY))
    secret = core.Secret(metadata=samples.metadata("login"), type="Opaque", data={"password": b"hunter2", "user": b"admin"})
    config = core.ConfigMap(metadata=samples.metadata("app"), data={"color": "blue", "app.conf": "listen 80\nworkers 4\n"})
    return [dns, kubernetes, secret, config, *samples.leases()]


def _events(world: FakeCluster) -> list[core.Event]:
    made: list[core.Event] = []
    crashing = world.get(registry.PODS, "api-6d4f8c9b7-2kxqp")
    made.append(_event(crashing, "BackOff", "Back-off restarting failed container api in pod api-6d4f8c9b7-2kxqp", 11,
                       warning=True, count=31, since=830))  # fmt: skip
    made.append(
        _event(crashing, "Pulled", 'Container image "shop/api:9" already present on machine', 60, count=8, since=840)
    )
    for number, pod in enumerate(sorted(world.store.all(registry.PODS), key=lambda pod: pod.metadata.name)):
        if pod.metadata.labels.get("app") == "web":
            node = pod.spec.node_name
            made.append(
                _event(pod, "Scheduled", f"Successfully assigned default/{pod.metadata.name} to {node}", 7195 - number)
            )
            made.append(_event(pod, "Started", "Started container nginx", 7190 - number))
    web = world.get(registry.DEPLOYMENTS, "web")
    made.append(_event(web, "ScalingReplicaSet", "Scaled up replica set web-1 from 0 to 3", 7200))
    return made


def _event(
    about: ApiObject, reason: str, message: str, ago: float, *, warning: bool = False, count: int = 1, since: float = 0
) -> core.Event:
    kind = registry.kind_of(about)
    event = core.Event(
        metadata=meta.ObjectMeta(
            name=f"{about.metadata.name}.{reason.lower()}", namespace="default", uid=f"{about.metadata.uid}-{reason}",
            creation_timestamp=samples.ago(since or ago)),
        type="Warning" if warning else "Normal", reason=reason, message=message, count=count)  # fmt: skip
    event.involved_object.CopyFrom(core.ObjectReference(
        kind=kind.name, api_version=kind.api_version, namespace=about.metadata.namespace, name=about.metadata.name,
        uid=about.metadata.uid))  # fmt: skip
    event.source.component = "kubelet"
    event.first_timestamp.CopyFrom(samples.ago(since or ago))
    event.last_timestamp.CopyFrom(samples.ago(ago))
    return event
