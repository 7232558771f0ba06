"""Objects as a running cluster has them, one or more of every kind. NOW is the moment they are looked at."""

from __future__ import annotations

from typing import Any

from controlplane.api import times
from protos.v1 import apps_pb2 as apps
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from protos.v1 import meta_pb2 as meta

NOW = 1_763_800_000.0


def ago(seconds: float) -> meta.Time:
    return times.to_time(NOW - seconds)


def quantities(**amounts: str) -> dict[str, meta.Quantity]:
    return {name.replace("_", "-"): meta.Quantity(string=text) for name, text in amounts.items()}


def metadata(name: str, created: float = 3600, namespace: str = "default", **more: Any) -> meta.ObjectMeta:
    return meta.ObjectMeta(
        name=name, namespace=namespace, uid=f"uid-{name}", resource_version="100", creation_timestamp=ago(created), **more
    )


def container(name: str = "web", image: str = "httpd:1", **more: Any) -> core.Container:
    return core.Container(name=name, image=image, **more)


def waiting(name: str = "web", reason: str = "", message: str = "", **more: Any) -> core.ContainerStatus:
    status = core.ContainerStatus(name=name, image="httpd:1", **more)
    status.state.waiting.reason, status.state.waiting.message = reason, message
    return status


def running(name: str = "web", started: float = 300, **more: Any) -> core.ContainerStatus:
    status = core.ContainerStatus(name=name, image="httpd:1", ready=True, started=True, **more)
    status.container_id, status.image_id = f"docker://c0ffee-{name}", "docker://sha256:feed"
    status.state.running.started_at.CopyFrom(ago(started))
    return status


def ended(name: str = "web", reason: str = "", code: int = 0, signal: int = 0, **more: Any) -> core.ContainerStatus:
    status = core.ContainerStatus(name=name, image="httpd:1", **more)
    status.state.terminated.CopyFrom(
        core.ContainerStateTerminated(
            reason=reason, exit_code=code, signal=signal, started_at=ago(200), finished_at=ago(100)))  # fmt: skip
    return status


def with_last_end(status: core.ContainerStatus, reason: str, code: int, finished: float) -> core.ContainerStatus:
    status.last_state.terminated.CopyFrom(
        core.ContainerStateTerminated(
            reason=reason, exit_code=code, started_at=ago(finished + 60), finished_at=ago(finished)))  # fmt: skip
    return status


def pod(
    name: str,
    phase: str = "Running",
    statuses: tuple[core.ContainerStatus, ...] = (),
    *,
    init_statuses: tuple[core.ContainerStatus, ...] = (),
    containers: int = 1,
    inits: int = 0,
    initialized: bool = True,
    created: float = 300,
    node: str = "node-1",
    ip: str = "10.244.1.2",
    **status: Any,
) -> core.Pod:
    made = core.Pod(metadata=metadata(name, created, labels={"app": "web", "pod-template-hash": "7bdfd97dcd"}))
    names = ["web", "sidecar", "third"]
    made.spec.containers.extend(container(n) for n in names[:containers])
    made.spec.init_containers.extend(container(f"init-{i}") for i in range(inits))
    made.spec.node_name = node
    ready = bool(statuses) and all(s.ready for s in statuses)
    made.status.CopyFrom(
        core.PodStatus(phase=phase, pod_ip=ip, container_statuses=statuses, init_container_statuses=init_statuses, **status)
    )
    for condition, holds in (("Initialized", initialized), ("Ready", ready)):
        made.status.conditions.add(type=condition, status="True" if holds else "False")
    return made


def terminating(obj: core.Pod) -> core.Pod:
    obj.metadata.deletion_timestamp.CopyFrom(ago(-20))
    obj.metadata.deletion_grace_period_seconds = 30
    return obj


def pods() -> list[core.Pod]:
    creating = waiting(reason="ContainerCreating")
    starting = waiting(reason="PodInitializing")
    gated = pod("gated", "Pending", node="", ip="")
    gated.status.conditions.add(type="PodScheduled", status="False", reason="SchedulingGated")
    lost = terminating(pod("lost", statuses=(running(),)))
    lost.status.reason = "NodeLost"
    gates = pod("gates", statuses=(running(),))
    gates.spec.readiness_gates.add(condition_type="example.com/one")
    gates.spec.readiness_gates.add(condition_type="example.com/two")
    gates.status.conditions.add(type="example.com/one", status="True")
    sidecar = pod("sidecar", statuses=(running(),), init_statuses=(running("init-0"),), inits=1)
    sidecar.spec.init_containers[0].restart_policy = "Always"
    crashed = waiting(reason="CrashLoopBackOff", restart_count=7)
    return [
        pod("pending", "Pending", node="", ip=""),
        pod("creating", "Pending", (creating,), ip=""),
        pod("running", statuses=(running(),)),
        pod("restarted", statuses=(with_last_end(running(restart_count=3), "Error", 1, 300),)),
        pod("two-of-three", statuses=(running(), running("sidecar"), waiting("third", "ImagePullBackOff")), containers=3),
        pod("unready", statuses=(core.ContainerStatus(name="web", state=running().state),)),
        pod("crashing", statuses=(with_last_end(crashed, "Error", 1, 45),)),
        pod("no-image", "Pending", (waiting(reason="ErrImagePull"),), ip=""),
        pod("completed", "Succeeded", (ended(reason="Completed"),)),
        pod("failed", "Failed", (ended(reason="Error", code=1),)),
        pod("oom", statuses=(ended(reason="OOMKilled", code=137),)),
        pod("signal", statuses=(ended(signal=9, code=137),)),
        pod("exit-code", statuses=(ended(code=3),)),
        pod("evicted", "Failed", reason="Evicted"),
        terminating(pod("terminating", statuses=(running(),))),
        terminating(pod("ended-terminating", "Succeeded", (ended(reason="Completed"),))),
        lost,
        gated,
        gates,
        pod("half-done", statuses=(running(), ended("sidecar", "Completed")), containers=2),
        pod("init", "Pending", (starting,), init_statuses=(ended("init-0", "Completed"), running("init-1")),
            inits=2, initialized=False),
        pod("init-waits", "Pending", (starting,), init_statuses=(waiting("init-0", "PodInitializing"),),
            inits=2, initialized=False),
        pod("init-error", "Pending", (starting,), init_statuses=(ended("init-0", "Error", 1),), inits=1, initialized=False),
        pod("init-code", "Pending", (starting,), init_statuses=(ended("init-0", "", 4),), inits=1, initialized=False),
        pod("init-crash", "Pending", (starting,), inits=1, initialized=False, init_statuses=(
            with_last_end(waiting("init-0", "CrashLoopBackOff", restart_count=2), "Error", 1, 20),)),
        sidecar,
    ]  # fmt: skip


def node(name: str, ready: str = "True", **more: Any) -> core.Node:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux"}
    made = core.Node(metadata=metadata(name, 86400 * 3, "", labels=labels))
    made.spec.CopyFrom(core.NodeSpec(pod_cidr="10.244.1.0/24", pod_cidrs=["10.244.1.0/24"], **more))
    made.status.capacity.MergeFrom(core.NodeStatus(capacity=quantities(
        cpu="2", memory="8148352Ki", ephemeral_storage="61255492Ki", pods="110")).capacity)  # fmt: skip
    made.status.allocatable.MergeFrom(core.NodeStatus(allocatable=quantities(
        cpu="1900m", memory="8045952Ki", ephemeral_storage="56453061334", pods="110")).allocatable)  # fmt: skip
    for condition, status, reason, message in (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", ready, "KubeletReady", "kubelet is posting ready status"),
    ):
        made.status.conditions.add(type=condition, status=status, reason=reason, message=message,
                                   last_heartbeat_time=ago(12), last_transition_time=ago(86400))  # fmt: skip
    made.status.addresses.add(type="InternalIP", address="192.168.66.11")
    made.status.addresses.add(type="Hostname", address=name)
    made.status.node_info.CopyFrom(core.NodeSystemInfo(
        machine_id="d2f0", system_uuid="5a1c", boot_id="77e0", kernel_version="6.1.0-28-amd64", architecture="amd64",
        os_image="Debian GNU/Linux 12 (bookworm)", operating_system="linux", kubelet_version="v0.1.0",
        container_runtime_version="docker://20.10.24", kube_proxy_version="v0.1.0"))  # fmt: skip
    return made


def nodes() -> list[core.Node]:
    main = node("node-1")
    main.metadata.labels["node-role.kubernetes.io/control-plane"] = ""
    new = core.Node(metadata=metadata("node-4", 3, ""))
    return [main, node("node-2", "False"), node("node-3", unschedulable=True), new]


def selector(**labels: str) -> meta.LabelSelector:
    return meta.LabelSelector(match_labels=labels)


def template(**labels: str) -> core.PodTemplateSpec:
    made = core.PodTemplateSpec(metadata=meta.ObjectMeta(labels=labels))
    made.spec.containers.append(container(ports=[core.ContainerPort(container_port=8080, protocol="TCP")]))
    made.spec.containers.append(container("log", "shipper:2"))
    return made


def deployment(name: str = "web", wanted: int = 3, **status: Any) -> apps.Deployment:
    made = apps.Deployment(metadata=metadata(name, labels={"app": name}, generation=2))
    made.metadata.annotations["deployment.kubernetes.io/revision"] = "2"
    made.spec.CopyFrom(apps.DeploymentSpec(replicas=wanted, selector=selector(app=name), template=template(app=name)))
    made.spec.strategy.type = "RollingUpdate"
    quarter = meta.IntOrString(type=1, str_val="25%")
    made.spec.strategy.rolling_update.max_surge.CopyFrom(quarter)
    made.spec.strategy.rolling_update.max_unavailable.CopyFrom(quarter)
    made.status.CopyFrom(apps.DeploymentStatus(observed_generation=2, **status))
    return made


def deployments() -> list[apps.Deployment]:
    chosen = deployment("chosen", 1, replicas=1)
    chosen.spec.selector.CopyFrom(meta.LabelSelector(match_labels={"app": "x"}, match_expressions=[
        meta.LabelSelectorRequirement(key="tier", operator="In", values=["front", "back"]),
        meta.LabelSelectorRequirement(key="canary", operator="DoesNotExist")]))  # fmt: skip
    full = {"replicas": 3, "updated_replicas": 3, "ready_replicas": 3, "available_replicas": 3}
    half = {"replicas": 4, "updated_replicas": 2, "ready_replicas": 3, "available_replicas": 3}
    return [deployment("web", **full), deployment("rolling", **half), chosen]


def replica_sets() -> list[apps.ReplicaSet]:
    made = []
    for name, wanted, have, ready in (("web-7bdfd97dcd", 3, 3, 2), ("web-5cc8746f96", 0, 0, 0)):
        digest = name.removeprefix("web-")
        labels = {"app": "web", "pod-template-hash": digest}
        one = apps.ReplicaSet(metadata=metadata(name, labels=labels))
        one.metadata.owner_references.add(
            kind="Deployment", name="web", api_version="apps/v1", uid="uid-web", controller=True
        )
        one.spec.CopyFrom(
            apps.ReplicaSetSpec(replicas=wanted, selector=selector(**labels), template=template(**labels)))  # fmt: skip
        one.status.CopyFrom(apps.ReplicaSetStatus(replicas=have, ready_replicas=ready, available_replicas=ready))
        made.append(one)
    return made


def service(name: str, service_type: str = "ClusterIP", **spec: Any) -> core.Service:
    made = core.Service(metadata=metadata(name))
    made.spec.CopyFrom(core.ServiceSpec(type=service_type, **spec))
    return made


def port(number: int, node_port: int = 0, name: str = "", target: int = 8080) -> core.ServicePort:
    into = meta.IntOrString(int_val=target)
    return core.ServicePort(name=name, protocol="TCP", port=number, node_port=node_port, target_port=into)


def services() -> list[core.Service]:
    ips = {"cluster_ip": "10.96.12.7", "cluster_ips": ["10.96.12.7"], "ip_families": ["IPv4"], "session_affinity": "None"}
    doors = [port(80, 30080, "http"), port(443, 30443, "https")]
    balanced = service("balanced", "LoadBalancer", ports=[port(443, 30443)], **ips)
    balanced.status.load_balancer.ingress.add(ip="192.168.66.100")
    return [
        service("web", ports=[port(80)], selector={"app": "web"}, **ips),
        service("doors", "NodePort", ports=doors, selector={"app": "w", "a": "b"}, **ips),
        service("headless", ports=[port(80)], cluster_ip="None"),
        service("waiting", "LoadBalancer", ports=[port(443, 30444)], **ips),
        balanced,
        service("outside", "ExternalName", external_name="db.example.com"),
        service("given", external_ips=["192.0.2.1", "192.0.2.2"], ports=[port(80)], **ips),
    ]  # fmt: skip


def endpoints() -> list[core.Endpoints]:
    web = core.Endpoints(metadata=metadata("web"))
    subset = web.subsets.add()
    subset.ports.add(port=8080, protocol="TCP")
    for number in range(2, 7):
        subset.addresses.add(ip=f"10.244.1.{number}")
    subset.not_ready_addresses.add(ip="10.244.2.9")
    portless = core.Endpoints(metadata=metadata("portless"))
    portless.subsets.add().addresses.add(ip="10.244.1.2")
    return [web, core.Endpoints(metadata=metadata("none")), portless]


def endpoint_slices() -> list[discovery.EndpointSlice]:
    web = discovery.EndpointSlice(metadata=metadata("web-abc12"), address_type="IPv4")
    web.ports.add(port=8080, protocol="TCP")
    for number in range(2, 7):
        web.endpoints.add(addresses=[f"10.244.1.{number}"]).conditions.ready = number != 6
    return [web, discovery.EndpointSlice(metadata=metadata("none-x7k2p"), address_type="IPv4")]


def event(reason: str, message: str, *, count: int = 1, first: float = 119, last: float = 19, **more: Any) -> core.Event:
    made = core.Event(metadata=metadata(f"web-1.{reason.lower()}"), type="Normal", reason=reason, message=message)
    made.involved_object.CopyFrom(core.ObjectReference(kind="Pod", namespace="default", name="web-1", uid="uid-web-1"))
    made.source.component, made.source.host = "kubelet", "node-1"
    made.count = count
    made.first_timestamp.CopyFrom(ago(first))
    made.last_timestamp.CopyFrom(ago(last))
    made.MergeFrom(core.Event(**more))
    return made


def events() -> list[core.Event]:
    scheduled = event("Scheduled", "Successfully assigned default/web-1 to node-1", first=130, last=130)
    scheduled.source.CopyFrom(core.EventSource(component="default-scheduler"))
    back_off = event("BackOff", "Back-off restarting failed container web", count=4, type="Warning")
    back_off.involved_object.field_path = "spec.containers{web}"
    series = core.Event(
        metadata=metadata("node-1.x"), type="Normal", reason="NodeReady", message="Node node-1 status is now: Ready"
    )
    series.involved_object.CopyFrom(core.ObjectReference(kind="Node", name="node-1"))
    series.event_time.seconds = int(NOW - 50)
    series.reporting_component = "orlop-agent"
    return [scheduled, event("Pulled", "Container image already present\n", first=128, last=128), back_off, series]


def namespaces() -> list[core.Namespace]:
    return [
        core.Namespace(metadata=metadata("default", 86400 * 9, ""), status=core.NamespaceStatus(phase="Active")),
        core.Namespace(metadata=metadata("shop", 60, ""), status=core.NamespaceStatus(phase="Terminating")),
    ]


def config_maps() -> list[core.ConfigMap]:
    data = {"color": "blue", "app.conf": "listen 80\nworkers 4\n"}
    return [core.ConfigMap(metadata=metadata("app"), data=data, binary_data={"logo": b"\x89PNG"})]


def secrets() -> list[core.Secret]:
    return [core.Secret(metadata=metadata("login"), type="Opaque", data={"password": b"hunter2", "user": b"admin"})]


def leases() -> list[coordination.Lease]:
    made = coordination.Lease(metadata=metadata("node-1", namespace="kube-node-lease"))
    made.spec.holder_identity = "node-1"
    made.spec.lease_duration_seconds = 40
    made.spec.renew_time.seconds = int(NOW - 4)
    return [made]


def full_pod() -> core.Pod:
    """Every part that a description has."""
    made = pod(
        "web-1",
        statuses=(with_last_end(running(restart_count=2), "Error", 1, 310), waiting("sidecar", "CrashLoopBackOff")),
        init_statuses=(ended("init-0", "Completed"),),
        containers=2,
        inits=1,
        qos_class="Burstable",
        host_ip="192.168.66.11",
        start_time=ago(300),
        pod_ips=[core.PodIP(ip="10.244.1.2")],
    )
    made.metadata.annotations["example.com/note"] = "short"
    made.metadata.annotations["example.com/long"] = "x" * 200 + "\nsecond line\n"
    made.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
    made.metadata.owner_references.add(kind="ReplicaSet", name="web-7bdfd97dcd", controller=True)
    made.spec.priority, made.spec.service_account_name = 0, "default"
    for key in ("unreachable", "not-ready"):
        made.spec.tolerations.add(
            key=f"node.kubernetes.io/{key}", operator="Exists", effect="NoExecute", toleration_seconds=300)  # fmt: skip
    made.spec.tolerations.add(key="zoo", operator="Equal", value="lion")
    _fill(made.spec.containers[0])
    made.spec.volumes.add(name="cache").volume_source.empty_dir.SetInParent()
    made.spec.volumes.add(name="host").volume_source.host_path.path = "/srv"
    made.spec.volumes.add(name="conf").volume_source.config_map.local_object_reference.name = "app"
    made.spec.volumes.add(name="keys").volume_source.secret.secret_name = "login"
    projected = made.spec.volumes.add(name="kube-api-access-x2f4k").volume_source.projected
    projected.sources.add().service_account_token.expiration_seconds = 3607
    projected.sources.add().config_map.local_object_reference.name = "kube-root-ca.crt"
    projected.sources.add().downward_api.items.add(path="namespace").field_ref.field_path = "metadata.namespace"
    return made


def _fill(web: core.Container) -> None:
    web.command.extend(["sh", "-c"])
    web.args.append("echo one\nexec httpd")
    web.ports.add(name="http", container_port=8080, protocol="TCP")
    web.ports.add(container_port=9090, host_port=9090, protocol="UDP")
    limits = core.ResourceRequirements(
        limits=quantities(cpu="1", memory="128Mi"), requests=quantities(cpu="250m", memory="64Mi")
    )
    web.resources.CopyFrom(limits)
    web.liveness_probe.handler.http_get.CopyFrom(
        core.HTTPGetAction(path="/live", port=meta.IntOrString(type=1, str_val="http"))
    )
    web.readiness_probe.handler.tcp_socket.port.int_val = 8080
    web.startup_probe.handler.exec.command.extend(["test", "-f", "/ready"])
    for probe in (web.liveness_probe, web.readiness_probe, web.startup_probe):
        probe.timeout_seconds, probe.period_seconds, probe.success_threshold, probe.failure_threshold = 1, 10, 1, 3
    web.env.add(name="PLAIN", value="one\ntwo")
    web.env.add(name="NAME").value_from.field_ref.field_path = "metadata.name"
    web.env.add(name="IP").value_from.field_ref.field_path = "status.podIP"
    secret_key = web.env.add(name="PASSWORD").value_from.secret_key_ref
    secret_key.key, secret_key.local_object_reference.name = "password", "login"
    config_key = web.env.add(name="COLOR").value_from.config_map_key_ref
    config_key.key, config_key.local_object_reference.name, config_key.optional = "color", "app", True
    web.env_from.add(prefix="APP_").config_map_ref.local_object_reference.name = "app"
    web.volume_mounts.add(name="keys", mount_path="/keys", read_only=True)
    web.volume_mounts.add(name="cache", mount_path="/cache", sub_path="web")
