"""Objects of the kinds that are not part of a plain web service, as a running cluster has them."""

from __future__ import annotations

from controlplane.api import times
from protos.v1 import apiextensions_pb2 as apiextensions
from protos.v1 import apps_pb2 as apps
from protos.v1 import autoscaling_pb2 as autoscaling
from protos.v1 import batch_pb2 as batch
from protos.v1 import certificates_pb2 as certificates
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import metrics_pb2 as metrics
from protos.v1 import networking_pb2 as networking
from protos.v1 import policy_pb2 as policy
from protos.v1 import rbac_pb2 as rbac
from protos.v1 import scheduling_pb2 as scheduling
from protos.v1 import storage_pb2 as storage
from tests.console.samples import ago, container, metadata, quantities, selector, template


def stateful_sets() -> list[apps.StatefulSet]:
    made = apps.StatefulSet(metadata=metadata("db"))
    made.spec.replicas = 3
    made.spec.selector.CopyFrom(selector(app="db"))
    made.spec.template.CopyFrom(template(app="db"))
    made.status.replicas, made.status.ready_replicas = 3, 2
    return [made]


def daemon_sets() -> list[apps.DaemonSet]:
    made = apps.DaemonSet(metadata=metadata("log-agent", created=90_000))
    made.spec.selector.CopyFrom(selector(app="log-agent"))
    made.spec.template.CopyFrom(template(app="log-agent"))
    made.spec.template.spec.node_selector["disk"] = "ssd"
    status = made.status
    status.desired_number_scheduled = status.current_number_scheduled = status.number_ready = 2
    status.updated_number_scheduled = status.number_available = 2
    return [made]


def replication_controllers() -> list[core.ReplicationController]:
    made = core.ReplicationController(metadata=metadata("old"))
    made.spec.replicas = 0
    made.spec.selector["app"] = "old"
    made.spec.template.CopyFrom(template(app="old"))
    return [made]


def controller_revisions() -> list[apps.ControllerRevision]:
    made = apps.ControllerRevision(metadata=metadata("db-5f6b7c"), revision=4)
    made.metadata.owner_references.add(api_version="apps/v1", kind="StatefulSet", name="db", uid="uid-db", controller=True)
    return [made, apps.ControllerRevision(metadata=metadata("stray"), revision=1)]


def pod_templates() -> list[core.PodTemplate]:
    made = core.PodTemplate(metadata=metadata("small"))
    made.template.CopyFrom(template(app="small"))
    return [made]


def job(name: str, done: int, wanted: int | None = None, condition: str = "", **more: int) -> batch.Job:
    made = batch.Job(metadata=metadata(name))
    made.spec.parallelism = more.get("parallelism", 1)
    if wanted is not None:
        made.spec.completions = wanted
    made.spec.selector.CopyFrom(selector(job=name))
    made.spec.template.CopyFrom(template(job=name))
    made.status.succeeded = done
    made.status.start_time.CopyFrom(ago(600))
    if condition:
        made.status.conditions.add(type=condition, status="True")
    if condition == "Complete":
        made.status.completion_time.CopyFrom(ago(540))
    return made


def jobs() -> list[batch.Job]:
    return [
        job("backup", 1, 1, "Complete"), job("queue", 2, None, parallelism=4), job("import", 0, 5, "Failed"),
        job("later", 0, 1, "Suspended"),
    ]  # fmt: skip


def cron_jobs() -> list[batch.CronJob]:
    made = batch.CronJob(metadata=metadata("nightly", created=900_000))
    made.spec.schedule, made.spec.suspend, made.spec.time_zone = "0 3 * * *", False, "Europe/Berlin"
    made.spec.job_template.spec.template.spec.containers.add().CopyFrom(container("backup", "backup:2"))
    made.status.last_schedule_time.CopyFrom(ago(30_000))
    made.status.active.add(name="nightly-29387")
    other = batch.CronJob(metadata=metadata("never"))
    other.spec.schedule, other.spec.suspend = "*/5 * * * *", True
    return [made, other]


def autoscaler(name: str) -> autoscaling.HorizontalPodAutoscaler:
    made = autoscaling.HorizontalPodAutoscaler(metadata=metadata(name))
    target = made.spec.scale_target_ref
    target.kind, target.name, target.api_version = "Deployment", name, "apps/v1"
    made.spec.min_replicas, made.spec.max_replicas = 2, 10
    metric = made.spec.metrics.add(type="Resource")
    metric.resource.name = "cpu"
    metric.resource.target.type, metric.resource.target.average_utilization = "Utilization", 80
    return made


def autoscalers() -> list[autoscaling.HorizontalPodAutoscaler]:
    known, unknown = autoscaler("web"), autoscaler("api")
    known.status.current_replicas = 3
    current = known.status.current_metrics.add(type="Resource")
    current.resource.name = "cpu"
    current.resource.current.average_utilization = 35
    memory = known.spec.metrics.add(type="Resource")
    memory.resource.name = "memory"
    memory.resource.target.type = "AverageValue"
    memory.resource.target.average_value.string = "200Mi"
    known.status.conditions.add(type="ScalingActive", status="True")
    return [known, unknown]


def disruption_budgets() -> list[policy.PodDisruptionBudget]:
    least, most = (policy.PodDisruptionBudget(metadata=metadata(name)) for name in ("web", "db"))
    least.spec.min_available.CopyFrom(meta.IntOrString(int_val=2))
    least.status.disruptions_allowed = 1
    most.spec.max_unavailable.CopyFrom(meta.IntOrString(type=1, str_val="20%"))
    return [least, most]


def volumes() -> list[core.PersistentVolume]:
    bound, free = (core.PersistentVolume(metadata=metadata(name, namespace="")) for name in ("pv-1", "pv-2"))
    for volume in (bound, free):
        volume.spec.capacity["storage"].string = "5Gi"
        volume.spec.access_modes.extend(["ReadWriteOnce", "ReadOnlyMany"])
        volume.spec.persistent_volume_reclaim_policy, volume.spec.volume_mode = "Retain", "Filesystem"
        volume.spec.storage_class_name = "local"
    bound.spec.claim_ref.namespace, bound.spec.claim_ref.name = "default", "data-db-0"
    bound.status.phase, free.status.phase = "Bound", "Available"
    return [bound, free]


def claims() -> list[core.PersistentVolumeClaim]:
    bound, waiting = (core.PersistentVolumeClaim(metadata=metadata(name)) for name in ("data-db-0", "data-db-1"))
    for claim in (bound, waiting):
        claim.spec.access_modes.append("ReadWriteOnce")
        claim.spec.storage_class_name, claim.spec.volume_mode = "local", "Filesystem"
    bound.spec.volume_name, bound.status.phase, waiting.status.phase = "pv-1", "Bound", "Pending"
    bound.status.capacity["storage"].string = "5Gi"
    bound.status.access_modes.append("ReadWriteOnce")
    return [bound, waiting]


def storage_classes() -> list[storage.StorageClass]:
    made = storage.StorageClass(metadata=metadata("local", namespace=""), provisioner="orlop.dev/directory")
    made.metadata.annotations["storageclass.kubernetes.io/is-default-class"] = "true"
    made.volume_binding_mode, made.reclaim_policy = "WaitForFirstConsumer", "Delete"
    return [made]


def quotas() -> list[core.ResourceQuota]:
    made = core.ResourceQuota(metadata=metadata("team"))
    for name, amount in quantities(pods="10", requests_cpu="4", limits_memory="8Gi").items():
        made.status.hard[name.replace("requests-", "requests.").replace("limits-", "limits.")].CopyFrom(amount)
    made.status.used["pods"].string = "3"
    made.status.used["requests.cpu"].string = "1500m"
    return [made]


def limit_ranges() -> list[core.LimitRange]:
    return [core.LimitRange(metadata=metadata("defaults"))]


def priority_classes() -> list[scheduling.PriorityClass]:
    high = scheduling.PriorityClass(metadata=metadata("high", namespace=""), value=1_000_000)
    usual = scheduling.PriorityClass(metadata=metadata("usual", namespace=""), value=0, global_default=True)
    usual.preemption_policy = "Never"
    return [high, usual]


def service_accounts() -> list[core.ServiceAccount]:
    return [core.ServiceAccount(metadata=metadata("default")), core.ServiceAccount(
        metadata=metadata("builder"), secrets=[core.ObjectReference(name="builder-token")])]  # fmt: skip


def roles() -> list[rbac.Role]:
    return [rbac.Role(metadata=metadata("pod-reader"))]


def cluster_roles() -> list[rbac.ClusterRole]:
    return [rbac.ClusterRole(metadata=metadata("view", namespace=""))]


def subjects() -> list[rbac.Subject]:
    return [
        rbac.Subject(kind="User", name="jane"), rbac.Subject(kind="User", name="joe"),
        rbac.Subject(kind="Group", name="developers"),
        rbac.Subject(kind="ServiceAccount", namespace="default", name="builder"),
    ]  # fmt: skip


def role_bindings() -> list[rbac.RoleBinding]:
    return [rbac.RoleBinding(
        metadata=metadata("readers"), subjects=subjects(),
        role_ref=rbac.RoleRef(kind="Role", name="pod-reader"))]  # fmt: skip


def cluster_role_bindings() -> list[rbac.ClusterRoleBinding]:
    return [rbac.ClusterRoleBinding(
        metadata=metadata("viewers", namespace=""), subjects=subjects()[:1],
        role_ref=rbac.RoleRef(kind="ClusterRole", name="view"))]  # fmt: skip


def certificate_requests() -> list[certificates.CertificateSigningRequest]:
    made = []
    for name, conditions, issued in (("waiting", (), b""), ("done", ("Approved",), b"pem"), ("no", ("Denied",), b"")):
        request = certificates.CertificateSigningRequest(metadata=metadata(f"csr-{name}", created=40, namespace=""))
        request.spec.signer_name, request.spec.username = "kubernetes.io/kube-apiserver-client", "jane"
        request.status.certificate = issued
        for condition in conditions:
            request.status.conditions.add(type=condition, status="True")
        made.append(request)
    made[1].spec.expiration_seconds = 86_400
    return made


def network_policies() -> list[networking.NetworkPolicy]:
    closed, some = (networking.NetworkPolicy(metadata=metadata(name)) for name in ("deny-all", "db"))
    some.spec.pod_selector.CopyFrom(selector(app="db"))
    return [closed, some]


def ingresses() -> list[networking.Ingress]:
    made, plain = (networking.Ingress(metadata=metadata(name)) for name in ("web", "any"))
    made.spec.ingress_class_name = "nginx"
    for host in ("a.example.com", "b.example.com", "c.example.com", "d.example.com"):
        made.spec.rules.add(host=host)
    made.spec.tls.add(secret_name="web-tls")
    made.status.load_balancer.ingress.add(ip="192.168.66.200")
    return [made, plain]


def ingress_classes() -> list[networking.IngressClass]:
    made = networking.IngressClass(metadata=metadata("nginx", namespace=""))
    made.spec.controller = "example.com/ingress-controller"
    made.spec.parameters.kind, made.spec.parameters.name = "IngressParameters", "defaults"
    made.spec.parameters.api_group = "example.com"
    return [made]


def components() -> list[core.ComponentStatus]:
    well = core.ComponentStatus(metadata=meta.ObjectMeta(name="etcd-0"))
    well.conditions.add(type="Healthy", status="True", message='{"health":"true"}')
    ill = core.ComponentStatus(metadata=meta.ObjectMeta(name="scheduler"))
    ill.conditions.add(type="Healthy", status="False", error="nobody holds the lease kube-system/kube-scheduler")
    return [well, ill]


def definitions() -> list[apiextensions.CustomResourceDefinition]:
    return [apiextensions.CustomResourceDefinition(metadata=metadata("crontabs.stable.example.com", namespace=""))]


def node_metrics() -> list[metrics.NodeMetrics]:
    made = metrics.NodeMetrics(metadata=metadata("node-1", namespace=""), timestamp=times.to_time(0))
    made.window.duration = 15 * 10**9
    made.usage["cpu"].string, made.usage["memory"].string = "250m", "512Mi"
    return [made]


def pod_metrics() -> list[metrics.PodMetrics]:
    made = metrics.PodMetrics(metadata=metadata("web-1"))
    made.window.duration = 15 * 10**9
    for name, cpu, memory in (("web", "100m", "64Mi"), ("side", "1500u", "10Mi")):
        usage = made.containers.add(name=name).usage
        usage["cpu"].string, usage["memory"].string = cpu, memory
    return [made]
