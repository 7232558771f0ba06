"""The roles and bindings that every cluster begins with: Kubernetes' own, by name and by rule, as one table.

A rule is written as its verbs, API groups and resources, each a list in one text; `core` stands for the group without a
name. What Orlop adds is marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from controlplane.api.objects import ApiObject
from controlplane.api.rbac import GROUP, Rule, to_message
from controlplane.server import users
from protos.v1 import meta_pb2 as meta
from protos.v1 import rbac_pb2 as rbac

BOOTSTRAPPING = {"kubernetes.io/bootstrapping": "rbac-defaults"}
AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"

_READ = "get list watch"
_WRITE = "create delete deletecollection patch update"
_TEACH = "create patch update"  # events
_AUTHN, _AUTHZ, _CSR = "authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io"
_WORKLOADS = "daemonsets deployments replicasets statefulsets"
_SCALES = "deployments/scale replicasets/scale statefulsets/scale"
_ANY_SIGNER = ("kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet "
               "kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown")  # fmt: skip


def _rule(verbs: str, groups: str, resources: str, names: str = "") -> Rule:
    named = tuple("" if group == "core" else group for group in groups.split())
    return Rule(tuple(verbs.split()), named, tuple(resources.split()), tuple(names.split()))


def _paths(paths: str) -> Rule:
    return Rule(("get",), paths=tuple(paths.split()))


_EVENTS = _rule(_TEACH, "core events.k8s.io", "events")
_TOKEN_REVIEWS = _rule("create", _AUTHN, "tokenreviews")
_ACCESS_REVIEWS = _rule("create", _AUTHZ, "subjectaccessreviews")

NODE_RULES: Sequence[Rule] = (
    _TOKEN_REVIEWS,
    _rule("create", _AUTHZ, "localsubjectaccessreviews subjectaccessreviews"),
    _rule(_READ, "core", "services"),
    _rule(f"create {_READ}", "core", "nodes"),
    _rule("patch update", "core", "nodes nodes/status"),
    _rule(_TEACH, "core", "events"),
    _rule(_READ, "core", "pods"),
    _rule("create delete", "core", "pods"),
    _rule("patch update", "core", "pods/status"),
    _rule("create", "core", "pods/eviction"),
    _rule(_READ, "core", "configmaps secrets"),
    _rule("get", "core", "persistentvolumeclaims persistentvolumes"),
    _rule("get", "core", "endpoints"),
    _rule(f"create {_READ}", _CSR, "certificatesigningrequests"),
    _rule("create delete get patch update", "coordination.k8s.io", "leases"),
    _rule("create", "core", "serviceaccounts/token"),
    _rule("get patch update", "core", "persistentvolumeclaims/status"),
    # Orlop's agent makes its node's service tables and routes itself, and waits for other nodes' leases when it drains.
    _rule(_READ, "discovery.k8s.io", "endpointslices"),
    _rule("list watch", "coordination.k8s.io", "leases"),
)

_VIEW: Sequence[Rule] = (
    _rule(_READ, "core", "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods "
          "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status"),
    _rule(_READ, "core", "bindings events limitranges namespaces/status pods/log pods/status podtemplates "
          "replicationcontrollers/status resourcequotas resourcequotas/status"),
    _rule(_READ, "core", "namespaces"),
    _rule(_READ, "discovery.k8s.io", "endpointslices"),
    _rule(_READ, "apps", f"controllerrevisions {_WORKLOADS} {_SCALES} daemonsets/status deployments/status "
          "replicasets/status statefulsets/status"),
    _rule(_READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
    _rule(_READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
    _rule(_READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    _rule(_READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
)  # fmt: skip

_EDIT: Sequence[Rule] = (
    _rule(_READ, "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
    _rule("impersonate", "core", "serviceaccounts"),
    _rule(_WRITE, "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
    _rule("create", "core", "pods/eviction"),
    _rule(_WRITE, "core", "configmaps events persistentvolumeclaims podtemplates replicationcontrollers "
          "replicationcontrollers/scale secrets serviceaccounts services services/proxy"),
    _rule("create", "core", "serviceaccounts/token"),
    _rule(_WRITE, "apps", f"{_WORKLOADS} {_SCALES} deployments/rollback"),
    _rule(_WRITE, "autoscaling", "horizontalpodautoscalers"),
    _rule(_WRITE, "batch", "cronjobs jobs"),
    _rule(_WRITE, "policy", "poddisruptionbudgets"),
    _rule(_WRITE, "networking.k8s.io", "ingresses networkpolicies"),
    _rule(f"{_READ} {_WRITE}", "coordination.k8s.io", "leases"),
)  # fmt: skip

_ADMIN: Sequence[Rule] = (
    _rule("create", _AUTHZ, "localsubjectaccessreviews"),
    _rule(f"{_READ} {_WRITE}", GROUP, "rolebindings roles"),
)

_SCHEDULER: Sequence[Rule] = (
    _EVENTS,
    _rule("create", "coordination.k8s.io", "leases"),
    _rule("get list patch update watch", "coordination.k8s.io", "leases", "kube-scheduler"),
    _rule(_READ, "core", "namespaces nodes"),
    _rule("delete get list watch", "core", "pods"),
    _rule("create", "core", "bindings pods/binding"),
    _rule("patch update", "core", "pods/status"),
    _rule(_READ, "core", "replicationcontrollers services"),
    _rule(_READ, "apps", "replicasets statefulsets"),
    _rule(_READ, "policy", "poddisruptionbudgets"),
    _rule(_READ, "core", "persistentvolumeclaims persistentvolumes"),
    _rule(_READ, "scheduling.k8s.io", "priorityclasses"),
    _rule(_READ, "storage.k8s.io", "csidrivers csinodes csistoragecapacities"),
    _TOKEN_REVIEWS,
    _ACCESS_REVIEWS,
)

# Kubernetes gives each controller an account and a role of its own; Orlop's all run as one user, which collects garbage of
# every kind, custom ones too, and fills aggregated roles: hence `escalate`.
_CONTROLLER_MANAGER: Sequence[Rule] = (
    _rule(f"{_READ} delete deletecollection patch update", "*", "*"),
    _EVENTS,
    _rule("create", "core", "configmaps endpoints persistentvolumeclaims persistentvolumes pods pods/eviction secrets "
          "serviceaccounts serviceaccounts/token"),
    _rule("create", "apps", "controllerrevisions replicasets"),
    _rule("create", "batch", "jobs"),
    _rule("create", "discovery.k8s.io", "endpointslices"),
    _rule("create", "coordination.k8s.io", "leases"),
    _rule("escalate", GROUP, "clusterroles"),
    _rule("approve", _CSR, "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
    _rule("sign", _CSR, "signers", _ANY_SIGNER),
    _TOKEN_REVIEWS,
    _ACCESS_REVIEWS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Rules that the roles named by `into` take in; or, with `aggregates`, a role made of what was labelled for it."""

    rules: Sequence[Rule] = ()
    into: str = ""
    aggregates: str = ""


def _approver(signer: str) -> Sequence[Rule]:
    return (_rule("approve", _CSR, "signers", f"kubernetes.io/{signer}"),)


_CLUSTER_ROLES: Mapping[str, Sequence[Rule] | _Labelled] = {
    "cluster-admin": (_rule("*", "*", "*"), Rule(("*",), paths=("*",))),
    "admin": _Labelled(aggregates="admin"),
    "edit": _Labelled(aggregates="edit", into="admin"),
    "view": _Labelled(aggregates="view", into="edit"),
    "system:aggregate-to-admin": _Labelled(_ADMIN, into="admin"),
    "system:aggregate-to-edit": _Labelled(_EDIT, into="edit"),
    "system:aggregate-to-view": _Labelled(_VIEW, into="view"),
    # Kubernetes' metrics server brings it along; here metrics are built in.
    "system:aggregated-metrics-reader": _Labelled((_rule(_READ, "metrics.k8s.io", "nodes pods"),), into="view"),
    "system:basic-user": (
        _rule("create", _AUTHZ, "selfsubjectaccessreviews selfsubjectrulesreviews"),
        _rule("create", _AUTHN, "selfsubjectreviews"),
    ),
    "system:discovery": (
        _paths("/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/"),
    ),
    "system:public-info-viewer": (_paths("/healthz /livez /readyz /version /version/"),),
    "system:monitoring": (
        _paths("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*"),
    ),
    "system:service-account-issuer-discovery": (_paths("/.well-known/openid-configuration /openid/v1/jwks"),),
    "system:auth-delegator": (_TOKEN_REVIEWS, _ACCESS_REVIEWS),
    "system:node": NODE_RULES,
    "system:node-bootstrapper": (_rule(f"create {_READ}", _CSR, "certificatesigningrequests"),),
    "system:node-problem-detector": (_rule("get", "core", "nodes"), _rule("patch", "core", "nodes/status"), _EVENTS),
    "system:node-proxier": (
        _rule("list watch", "core", "endpoints services"),
        _rule(_READ, "core", "nodes"),
        _EVENTS,
        _rule("list watch", "discovery.k8s.io", "endpointslices"),
    ),
    "system:kubelet-api-admin": (
        _rule(f"{_READ} proxy", "core", "nodes"),
        _rule("*", "core", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
    ),
    "system:kube-dns": (
        _rule("list watch", "core", "endpoints services"),
        _rule("list watch", "discovery.k8s.io", "endpointslices"),
    ),
    "system:kube-scheduler": _SCHEDULER,
    "system:volume-scheduler": (
        _rule("get list patch update watch", "core", "persistentvolumeclaims persistentvolumes"),
        _rule(_READ, "storage.k8s.io", "storageclasses"),
    ),
    "system:kube-controller-manager": _CONTROLLER_MANAGER,
    "system:persistent-volume-provisioner": (
        _rule("create delete get list watch", "core", "persistentvolumes"),
        _rule("get list update watch", "core", "persistentvolumeclaims"),
        _rule(_READ, "storage.k8s.io", "storageclasses"),
        _rule("watch", "core", "events"),
        _EVENTS,
    ),
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient": (
        _rule("create", _CSR, "certificatesigningrequests/nodeclient"),
    ),
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": (
        _rule("create", _CSR, "certificatesigningrequests/selfnodeclient"),
    ),
    "system:certificates.k8s.io:kube-apiserver-client-approver": _approver("kube-apiserver-client"),
    "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver": _approver("kube-apiserver-client-kubelet"),
    "system:certificates.k8s.io:kubelet-serving-approver": _approver("kubelet-serving"),
    "system:certificates.k8s.io:legacy-unknown-approver": _approver("legacy-unknown"),
}  # fmt: skip


def _group(name: str) -> rbac.Subject:
    return rbac.Subject(kind="Group", api_group=GROUP, name=name)


def _user(name: str) -> rbac.Subject:
    return rbac.Subject(kind="User", api_group=GROUP, name=name)


# binding -> its role, and who is bound
_CLUSTER_ROLE_BINDINGS: Mapping[str, tuple[str, Sequence[rbac.Subject]]] = {
    "cluster-admin": ("cluster-admin", (_group(users.MASTERS),)),
    "system:basic-user": ("system:basic-user", (_group(users.AUTHENTICATED),)),
    "system:discovery": ("system:discovery", (_group(users.AUTHENTICATED),)),
    "system:public-info-viewer": (
        "system:public-info-viewer", (_group(users.AUTHENTICATED), _group(users.UNAUTHENTICATED)),
    ),
    "system:monitoring": ("system:monitoring", (_group("system:monitoring"),)),
    "system:service-account-issuer-discovery": (
        "system:service-account-issuer-discovery", (_group(users.SERVICE_ACCOUNTS),),
    ),
    "system:kube-controller-manager": ("system:kube-controller-manager", (_user(users.CONTROLLER_MANAGER),)),
    "system:kube-scheduler": ("system:kube-scheduler", (_user(users.SCHEDULER),)),
    "system:volume-scheduler": ("system:volume-scheduler", (_user(users.SCHEDULER),)),
    "system:node-proxier": ("system:node-proxier", (_user("system:kube-proxy"),)),
    "system:kube-dns": (
        "system:kube-dns", (rbac.Subject(kind="ServiceAccount", name="kube-dns", namespace="kube-system"),),
    ),
    # What `kubeadm init` sets up, so that hosts can join.
    "orlop:node-bootstrapper": ("system:node-bootstrapper", (_group(users.BOOTSTRAPPERS),)),
    "orlop:node-autoapprove-bootstrap": (
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient", (_group(users.BOOTSTRAPPERS),),
    ),
    "orlop:node-autoapprove-certificate-rotation": (
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", (_group(users.NODES),),
    ),
}  # fmt: skip

# (namespace, name) -> rules
_ROLES: Mapping[tuple[str, str], Sequence[Rule]] = {
    ("kube-system", "extension-apiserver-authentication-reader"): (
        _rule(_READ, "core", "configmaps", "extension-apiserver-authentication"),
    ),
}

# (namespace, name) -> its role in the same namespace, and who is bound
_ROLE_BINDINGS: Mapping[tuple[str, str], tuple[str, Sequence[rbac.Subject]]] = {
    ("kube-system", "system::extension-apiserver-authentication-reader"): (
        "extension-apiserver-authentication-reader", (_user(users.CONTROLLER_MANAGER), _user(users.SCHEDULER)),
    ),
}  # fmt: skip


def default_objects() -> Iterator[ApiObject]:
    """All of them, the roles first, as they are to be stored."""
    for name, content in _CLUSTER_ROLES.items():
        yield _cluster_role(name, content if isinstance(content, _Labelled) else _Labelled(content))
    for (namespace, name), rules in _ROLES.items():
        yield rbac.Role(metadata=_metadata(name, namespace), rules=map(to_message, rules))
    for name, (role, subjects) in _CLUSTER_ROLE_BINDINGS.items():
        ref = rbac.RoleRef(api_group=GROUP, kind="ClusterRole", name=role)
        yield rbac.ClusterRoleBinding(metadata=_metadata(name), subjects=subjects, role_ref=ref)
    for (namespace, name), (role, subjects) in _ROLE_BINDINGS.items():
        ref = rbac.RoleRef(api_group=GROUP, kind="Role", name=role)
        yield rbac.RoleBinding(metadata=_metadata(name, namespace), subjects=subjects, role_ref=ref)


def _cluster_role(name: str, content: _Labelled) -> rbac.ClusterRole:
    role = rbac.ClusterRole(metadata=_metadata(name), rules=map(to_message, content.rules))
    if content.into:
        role.metadata.labels[_AGGREGATE + content.into] = "true"
    if content.aggregates:
        selector = meta.LabelSelector()
        selector.match_labels[_AGGREGATE + content.aggregates] = "true"
        role.aggregation_rule.cluster_role_selectors.append(selector)
    return role


def _metadata(name: str, namespace: str = "") -> meta.ObjectMeta:
    return meta.ObjectMeta(name=name, namespace=namespace, labels=BOOTSTRAPPING, annotations={AUTOUPDATE: "true"})
