"""The kinds table: every kind the API serves, once. Adding a kind starts with a row here.

Kinds that users define are not in it; the server's catalogue adds them (`controlplane/server/custom.py`).
"""

from __future__ import annotations

from typing import Any, cast

from controlplane.api.kind import CUSTOM, Kind
from controlplane.api.objects import ApiObject, T
from protos.v1 import apiextensions_pb2 as apiextensions
from protos.v1 import apps_pb2 as apps
from protos.v1 import authentication_pb2 as authentication
from protos.v1 import authorization_pb2 as authorization
from protos.v1 import autoscaling_pb2 as autoscaling
from protos.v1 import batch_pb2 as batch
from protos.v1 import certificates_pb2 as certificates
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from protos.v1 import metrics_pb2 as metrics
from protos.v1 import networking_pb2 as networking
from protos.v1 import policy_pb2 as policy
from protos.v1 import rbac_pb2 as rbac
from protos.v1 import scale_pb2 as scale
from protos.v1 import scheduling_pb2 as scheduling
from protos.v1 import storage_pb2 as storage
from protos.v1.resources_pb2 import CustomObject, Object

__all__ = ["Kind"]

_READ_ONLY = ("get", "list")
_CREATE_ONLY = ("create",)
_ALL = ("all",)  # what `get all` shows
_RBAC = "rbac.authorization.k8s.io"
_AUTHN = "authentication.k8s.io"
_AUTHZ = "authorization.k8s.io"
_NETWORKING = "networking.k8s.io"
_WORKLOADS = ("apps/v1beta2", "apps/v1beta1", "extensions/v1beta1")

# fmt: off
NAMESPACES = Kind("Namespace", "", "v1", "namespaces", "namespace", ("ns",), core.Namespace, "namespace",
                  namespaced=False, selectable=("status.phase",), has_status=True, parts=("finalize",))
NODES = Kind("Node", "", "v1", "nodes", "node", ("no",), core.Node, "node",
             namespaced=False, selectable=("spec.unschedulable",), has_status=True)
PODS = Kind("Pod", "", "v1", "pods", "pod", ("po",), core.Pod, "pod", categories=_ALL, has_status=True,
            parts=("attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward"),
            selectable=("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"))
POD_TEMPLATES = Kind("PodTemplate", "", "v1", "podtemplates", "podtemplate", (), core.PodTemplate, "pod_template",
                     has_generation=True)
SERVICES = Kind("Service", "", "v1", "services", "service", ("svc",), core.Service, "service", categories=_ALL,
                selectable=("spec.clusterIP", "spec.type"), has_status=True)
ENDPOINTS = Kind("Endpoints", "", "v1", "endpoints", "endpoints", ("ep",), core.Endpoints, "endpoints")
REPLICATION_CONTROLLERS = Kind("ReplicationController", "", "v1", "replicationcontrollers", "replicationcontroller",
                               ("rc",), core.ReplicationController, "replication_controller", categories=_ALL,
                               selectable=("status.replicas",), has_status=True, has_generation=True, has_scale=True)
CONFIG_MAPS = Kind("ConfigMap", "", "v1", "configmaps", "configmap", ("cm",), core.ConfigMap, "config_map")
SECRETS = Kind("Secret", "", "v1", "secrets", "secret", (), core.Secret, "secret", selectable=("type",))
SERVICE_ACCOUNTS = Kind("ServiceAccount", "", "v1", "serviceaccounts", "serviceaccount", ("sa",), core.ServiceAccount,
                        "service_account", parts=("token",))
EVENTS = Kind("Event", "", "v1", "events", "event", ("ev",), core.Event, "event",
              older=("events.k8s.io/v1", "events.k8s.io/v1beta1"),
              selectable=("involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
                          "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
                          "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"))
PERSISTENT_VOLUMES = Kind("PersistentVolume", "", "v1", "persistentvolumes", "persistentvolume", ("pv",),
                          core.PersistentVolume, "persistent_volume", namespaced=False, has_status=True)
PERSISTENT_VOLUME_CLAIMS = Kind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims", "persistentvolumeclaim",
                                ("pvc",), core.PersistentVolumeClaim, "persistent_volume_claim", has_status=True)
RESOURCE_QUOTAS = Kind("ResourceQuota", "", "v1", "resourcequotas", "resourcequota", ("quota",), core.ResourceQuota,
                       "resource_quota", has_status=True)
LIMIT_RANGES = Kind("LimitRange", "", "v1", "limitranges", "limitrange", ("limits",), core.LimitRange, "limit_range")
COMPONENT_STATUSES = Kind("ComponentStatus", "", "v1", "componentstatuses", "componentstatus", ("cs",),
                          core.ComponentStatus, "component_status", namespaced=False, verbs=_READ_ONLY, stored=False)
DEPLOYMENTS = Kind("Deployment", "apps", "v1", "deployments", "deployment", ("deploy",), apps.Deployment, "deployment",
                   categories=_ALL, has_status=True, has_generation=True, has_scale=True, older=_WORKLOADS)
REPLICA_SETS = Kind("ReplicaSet", "apps", "v1", "replicasets", "replicaset", ("rs",), apps.ReplicaSet, "replica_set",
                    categories=_ALL, selectable=("status.replicas",), has_status=True, has_generation=True, has_scale=True,
                    older=("apps/v1beta2", "extensions/v1beta1"))
STATEFUL_SETS = Kind("StatefulSet", "apps", "v1", "statefulsets", "statefulset", ("sts",), apps.StatefulSet, "stateful_set",
                     categories=_ALL, has_status=True, has_generation=True, has_scale=True,
                     older=("apps/v1beta2", "apps/v1beta1"))
DAEMON_SETS = Kind("DaemonSet", "apps", "v1", "daemonsets", "daemonset", ("ds",), apps.DaemonSet, "daemon_set",
                   categories=_ALL, has_status=True, has_generation=True, older=("apps/v1beta2", "extensions/v1beta1"))
CONTROLLER_REVISIONS = Kind("ControllerRevision", "apps", "v1", "controllerrevisions", "controllerrevision", (),
                            apps.ControllerRevision, "controller_revision", older=("apps/v1beta2", "apps/v1beta1"))
JOBS = Kind("Job", "batch", "v1", "jobs", "job", (), batch.Job, "job", categories=_ALL,
            selectable=("status.successful",), has_status=True, has_generation=True)
CRON_JOBS = Kind("CronJob", "batch", "v1", "cronjobs", "cronjob", ("cj",), batch.CronJob, "cron_job", categories=_ALL,
                 has_status=True, has_generation=True, older=("batch/v1beta1", "batch/v2alpha1"))
HORIZONTAL_POD_AUTOSCALERS = Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers",
                                  "horizontalpodautoscaler", ("hpa",), autoscaling.HorizontalPodAutoscaler,
                                  "horizontal_pod_autoscaler", categories=_ALL, has_status=True,
                                  older=("autoscaling/v1", "autoscaling/v2beta2", "autoscaling/v2beta1"))
ENDPOINT_SLICES = Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices", "endpointslice", (),
                       discovery.EndpointSlice, "endpoint_slice", older=("discovery.k8s.io/v1beta1",))
POD_DISRUPTION_BUDGETS = Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets", "poddisruptionbudget", ("pdb",),
                              policy.PodDisruptionBudget, "pod_disruption_budget", has_status=True, has_generation=True,
                              older=("policy/v1beta1",))
ROLES = Kind("Role", _RBAC, "v1", "roles", "role", (), rbac.Role, "role", older=(f"{_RBAC}/v1beta1",))
ROLE_BINDINGS = Kind("RoleBinding", _RBAC, "v1", "rolebindings", "rolebinding", (), rbac.RoleBinding, "role_binding",
                     older=(f"{_RBAC}/v1beta1",))
CLUSTER_ROLES = Kind("ClusterRole", _RBAC, "v1", "clusterroles", "clusterrole", (), rbac.ClusterRole, "cluster_role",
                     namespaced=False, older=(f"{_RBAC}/v1beta1",))
CLUSTER_ROLE_BINDINGS = Kind("ClusterRoleBinding", _RBAC, "v1", "clusterrolebindings", "clusterrolebinding", (),
                             rbac.ClusterRoleBinding, "cluster_role_binding", namespaced=False, older=(f"{_RBAC}/v1beta1",))
LEASES = Kind("Lease", "coordination.k8s.io", "v1", "leases", "lease", (), coordination.Lease, "lease",
              older=("coordination.k8s.io/v1beta1",))
PRIORITY_CLASSES = Kind("PriorityClass", "scheduling.k8s.io", "v1", "priorityclasses", "priorityclass", ("pc",),
                        scheduling.PriorityClass, "priority_class", namespaced=False,
                       older=("scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1alpha1"))
STORAGE_CLASSES = Kind("StorageClass", "storage.k8s.io", "v1", "storageclasses", "storageclass", ("sc",),
                       storage.StorageClass, "storage_class", namespaced=False, older=("storage.k8s.io/v1beta1",))
NETWORK_POLICIES = Kind("NetworkPolicy", _NETWORKING, "v1", "networkpolicies", "networkpolicy", ("netpol",),
                        networking.NetworkPolicy, "network_policy", has_generation=True, older=("extensions/v1beta1",))
INGRESSES = Kind("Ingress", _NETWORKING, "v1", "ingresses", "ingress", ("ing",), networking.Ingress, "ingress",
                 has_status=True, has_generation=True, older=(f"{_NETWORKING}/v1beta1", "extensions/v1beta1"))
INGRESS_CLASSES = Kind("IngressClass", _NETWORKING, "v1", "ingressclasses", "ingressclass", (), networking.IngressClass,
                       "ingress_class", namespaced=False, has_generation=True, older=(f"{_NETWORKING}/v1beta1",))
CERTIFICATE_SIGNING_REQUESTS = Kind("CertificateSigningRequest", "certificates.k8s.io", "v1", "certificatesigningrequests",
                                    "certificatesigningrequest", ("csr",), certificates.CertificateSigningRequest,
                                    "certificate_signing_request", namespaced=False, selectable=("spec.signerName",),
                                    has_status=True, parts=("approval",), older=("certificates.k8s.io/v1beta1",))
CUSTOM_RESOURCE_DEFINITIONS = Kind("CustomResourceDefinition", "apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                   "customresourcedefinition", ("crd", "crds"), apiextensions.CustomResourceDefinition,
                                   "custom_resource_definition", namespaced=False, categories=("api-extensions",),
                                   has_status=True, has_generation=True, older=("apiextensions.k8s.io/v1beta1",))
NODE_METRICS = Kind("NodeMetrics", "metrics.k8s.io", "v1beta1", "nodes", "node", (), metrics.NodeMetrics, "node_metrics",
                    namespaced=False, verbs=_READ_ONLY, stored=False)
POD_METRICS = Kind("PodMetrics", "metrics.k8s.io", "v1beta1", "pods", "pod", (), metrics.PodMetrics, "pod_metrics",
                   verbs=_READ_ONLY, stored=False)
TOKEN_REVIEWS = Kind("TokenReview", _AUTHN, "v1", "tokenreviews", "tokenreview", (), authentication.TokenReview,
                     "token_review", namespaced=False, verbs=_CREATE_ONLY, stored=False, older=(f"{_AUTHN}/v1beta1",))
SELF_SUBJECT_REVIEWS = Kind("SelfSubjectReview", _AUTHN, "v1", "selfsubjectreviews", "selfsubjectreview", (),
                            authentication.SelfSubjectReview, "self_subject_review", namespaced=False,
                            verbs=_CREATE_ONLY, stored=False, older=(f"{_AUTHN}/v1beta1", f"{_AUTHN}/v1alpha1"))
SUBJECT_ACCESS_REVIEWS = Kind("SubjectAccessReview", _AUTHZ, "v1", "subjectaccessreviews", "subjectaccessreview", (),
                              authorization.SubjectAccessReview, "subject_access_review", namespaced=False,
                              verbs=_CREATE_ONLY, stored=False, older=(f"{_AUTHZ}/v1beta1",))
LOCAL_SUBJECT_ACCESS_REVIEWS = Kind("LocalSubjectAccessReview", _AUTHZ, "v1", "localsubjectaccessreviews",
                                    "localsubjectaccessreview", (), authorization.LocalSubjectAccessReview,
                                    "local_subject_access_review", verbs=_CREATE_ONLY, stored=False,
                                    older=(f"{_AUTHZ}/v1beta1",))
SELF_SUBJECT_ACCESS_REVIEWS = Kind("SelfSubjectAccessReview", _AUTHZ, "v1", "selfsubjectaccessreviews",
                                   "selfsubjectaccessreview", (), authorization.SelfSubjectAccessReview,
                                   "self_subject_access_review", namespaced=False, verbs=_CREATE_ONLY, stored=False,
                                   older=(f"{_AUTHZ}/v1beta1",))
SELF_SUBJECT_RULES_REVIEWS = Kind("SelfSubjectRulesReview", _AUTHZ, "v1", "selfsubjectrulesreviews",
                                  "selfsubjectrulesreview", (), authorization.SelfSubjectRulesReview,
                                  "self_subject_rules_review", namespaced=False, verbs=_CREATE_ONLY, stored=False,
                                  older=(f"{_AUTHZ}/v1beta1",))

# Bodies of subresources: no resources of their own.
SCALES = Kind("Scale", "autoscaling", "v1", "scales", "scale", (), scale.Scale, "scale", verbs=(), stored=False,
              older=("extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"))
EVICTIONS = Kind("Eviction", "policy", "v1", "evictions", "eviction", (), policy.Eviction, "eviction", verbs=(),
                 stored=False, older=("policy/v1beta1",))
BINDINGS = Kind("Binding", "", "v1", "bindings", "binding", (), core.Binding, "binding", verbs=(), stored=False)
TOKEN_REQUESTS = Kind("TokenRequest", _AUTHN, "v1", "tokenrequests", "tokenrequest", (), authentication.TokenRequest,
                      "token_request", verbs=(), stored=False)

KINDS: tuple[Kind[Any], ...] = (
    NAMESPACES, NODES, PODS, SERVICES, ENDPOINTS, CONFIG_MAPS, SECRETS, EVENTS,
    DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, CONTROLLER_REVISIONS,
    REPLICATION_CONTROLLERS, POD_TEMPLATES, SERVICE_ACCOUNTS,
    PERSISTENT_VOLUMES, PERSISTENT_VOLUME_CLAIMS, RESOURCE_QUOTAS, LIMIT_RANGES, COMPONENT_STATUSES,
    JOBS, CRON_JOBS, HORIZONTAL_POD_AUTOSCALERS, ENDPOINT_SLICES, POD_DISRUPTION_BUDGETS,
    ROLES, ROLE_BINDINGS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS, LEASES, PRIORITY_CLASSES, STORAGE_CLASSES,
    NETWORK_POLICIES, INGRESSES, INGRESS_CLASSES, CERTIFICATE_SIGNING_REQUESTS, CUSTOM_RESOURCE_DEFINITIONS,
    NODE_METRICS, POD_METRICS, TOKEN_REVIEWS, SELF_SUBJECT_REVIEWS, SUBJECT_ACCESS_REVIEWS,
    LOCAL_SUBJECT_ACCESS_REVIEWS, SELF_SUBJECT_ACCESS_REVIEWS, SELF_SUBJECT_RULES_REVIEWS,
)
STORED: tuple[Kind[Any], ...] = tuple(kind for kind in KINDS if kind.stored)
BODIES: tuple[Kind[Any], ...] = (SCALES, EVICTIONS, BINDINGS, TOKEN_REQUESTS)
# fmt: on

_BY_RESOURCE = {kind.resource: kind for kind in KINDS}
_BY_FIELD = {kind.field: kind for kind in (*KINDS, *BODIES)}
_BY_MESSAGE = {kind.message.DESCRIPTOR.full_name: kind for kind in (*KINDS, *BODIES)}
_BY_TYPE = {(version, kind.name): kind for kind in (*KINDS, *BODIES) for version in (kind.api_version, *kind.older)}


def words_of(kind: Kind[Any]) -> set[str]:
    """What a person may call the kind."""
    names = {kind.plural, kind.singular, kind.name.lower(), *kind.short}
    groups = {kind.group, f"{kind.version}.{kind.group}"} if kind.group else set()
    return names | {f"{name}.{group}" for name in (kind.plural, kind.singular) for group in groups}


_BY_WORD = {word: kind for kind in reversed(KINDS) for word in words_of(kind)}


def by_resource(resource: str) -> Kind[Any] | None:
    """The kind for a request's resource name, `deployments.apps`."""
    return _BY_RESOURCE.get(resource)


def by_word(word: str) -> Kind[Any] | None:
    """The kind for what a person types: `po`, `Pod`, `deploy`, `deployments.apps`."""
    return _BY_WORD.get(word.lower())


def by_type(api_version: str, kind: str) -> Kind[Any] | None:
    """The kind for a manifest's `apiVersion` and `kind`; also for an older version of it."""
    return _BY_TYPE.get((api_version, kind))


def words() -> list[str]:
    """Every word that `by_word` knows, for suggestions."""
    return sorted(_BY_WORD)


def kind_of(obj: T) -> Kind[T]:
    """The row of an object's kind. Raises KeyError for a message that is no kind. Of a kind that users define it holds only
    what the object itself says: the catalogue knows the rest."""
    if isinstance(obj, CustomObject):
        return cast("Kind[T]", _said(obj))
    return cast("Kind[T]", _BY_MESSAGE[obj.DESCRIPTOR.full_name])


def _said(obj: CustomObject) -> Kind[CustomObject]:
    group, _, version = obj.api_version.rpartition("/")
    return Kind(obj.kind, group, version, "", obj.kind.lower(), (), CustomObject, CUSTOM)


def wrap(obj: ApiObject) -> Object:
    """The object as the API's messages carry it. The content is copied."""
    return Object(**{kind_of(obj).field: obj})  # type: ignore[arg-type]


def unwrap(box: Object) -> ApiObject | None:
    """The object inside, or None when the box is empty. Shares the box's memory."""
    field = box.WhichOneof("kind")
    return None if field is None else cast("ApiObject", getattr(box, field))


def kind_in(box: Object) -> Kind[Any] | None:
    """The row of the kind inside, or None when the box is empty."""
    field = box.WhichOneof("kind")
    if field is None:
        return None
    return _said(box.custom) if field == CUSTOM else _BY_FIELD[field]
