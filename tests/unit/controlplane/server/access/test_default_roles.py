"""The table of default roles: well-formed, complete, and no stronger than meant."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from controlplane.api import rbac, registry, validation
from controlplane.api.defaults import apply_defaults
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, key_of
from controlplane.api.rbac import Rule
from controlplane.server.access.default_roles import NODE_RULES, default_objects
from controlplane.server.users import Attributes
from protos.v1 import rbac_pb2

OBJECTS = list(default_objects())
VERBS = {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "impersonate", "escalate",
         "approve", "sign", "proxy", "*"}  # fmt: skip
# Resources that rules name for the rights they stand for, or that Kubernetes has and Orlop does not.
OTHERS = {"signers", "bindings", "csidrivers", "csinodes", "csistoragecapacities", "certificatesigningrequests/nodeclient",
          "certificatesigningrequests/selfnodeclient", "pods/proxy", "services/proxy", "nodes/log", "nodes/metrics",
          "nodes/proxy", "nodes/stats", "deployments/rollback"}  # fmt: skip


def rules_of(name: str) -> list[Rule]:
    (found,) = [obj for obj in OBJECTS if isinstance(obj, rbac_pb2.ClusterRole) and obj.metadata.name == name]
    return list(map(rbac.from_message, found.rules))


def allows(name: str, verb: str, what: str, group: str = "", named: str = "") -> bool:
    resource, _, subresource = what.partition("/")
    asked = Attributes(verb, group, "v1", resource, subresource, "default", named)
    return any(rule.allows(asked) for rule in rules_of(name))


def known_resources() -> set[str]:
    return {name for kind in registry.KINDS for name in _names(kind)}


def _names(kind: Kind[Any]) -> set[str]:
    return {kind.plural, *(f"{kind.plural}/{subresource}" for subresource in kind.subresources)}


def test_no_object_is_there_twice() -> None:
    counted = Counter((registry.kind_of(obj).resource, key_of(obj)) for obj in OBJECTS)
    assert set(counted.values()) == {1}


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: f"{registry.kind_of(obj).singular}-{obj.metadata.name}")
def test_each_is_valid_and_complete(obj: ApiObject) -> None:
    kind = registry.kind_of(obj)
    before = obj.SerializeToString(deterministic=True)
    apply_defaults(kind, obj)
    assert obj.SerializeToString(deterministic=True) == before
    assert not validation.problems_of(kind, obj)


def test_rules_name_verbs_and_resources_that_there_are() -> None:
    for obj in OBJECTS:
        for rule in getattr(obj, "rules", ()):
            assert set(rule.verbs) <= VERBS
            assert set(rule.resources) - {"*"} <= known_resources() | OTHERS, obj.metadata.name


def test_every_binding_is_to_a_role_of_the_table() -> None:
    roles = {(registry.kind_of(obj).name, key_of(obj)) for obj in OBJECTS}
    for obj in OBJECTS:
        if isinstance(obj, rbac_pb2.ClusterRoleBinding | rbac_pb2.RoleBinding):
            namespace = obj.metadata.namespace if obj.role_ref.kind == "Role" else ""
            assert (obj.role_ref.kind, (namespace, obj.role_ref.name)) in roles
            assert obj.metadata.name != "system:node", "nodes have their own authorizer"


@pytest.mark.parametrize(
    ("role", "verb", "what", "group", "allowed"),
    [
        ("system:aggregate-to-view", "get", "pods/log", "", True),
        ("system:aggregate-to-view", "get", "secrets", "", False),
        ("system:aggregate-to-view", "create", "pods/exec", "", False),
        ("system:aggregate-to-edit", "create", "pods/exec", "", True),
        ("system:aggregate-to-edit", "patch", "deployments/scale", "apps", True),
        ("system:aggregate-to-edit", "create", "rolebindings", rbac.GROUP, False),
        ("system:aggregate-to-edit", "update", "pods/status", "", False),
        ("system:aggregate-to-admin", "create", "rolebindings", rbac.GROUP, True),
        ("system:kube-scheduler", "create", "pods/binding", "", True),
        ("system:kube-scheduler", "get", "secrets", "", False),
        ("system:kube-controller-manager", "delete", "crontabs", "stable.example.com", True),
        ("system:kube-controller-manager", "update", "crontabs/status", "stable.example.com", True),
        ("system:kube-controller-manager", "escalate", "clusterroles", rbac.GROUP, True),
        ("system:kube-controller-manager", "bind", "clusterroles", rbac.GROUP, False),
        ("system:kube-controller-manager", "impersonate", "users", "", False),
        ("system:kube-controller-manager", "create", "clusterrolebindings", rbac.GROUP, False),
        ("cluster-admin", "escalate", "roles", rbac.GROUP, True),
    ],
)  # fmt: skip
def test_a_role_is_as_strong_as_meant(role: str, verb: str, what: str, group: str, allowed: bool) -> None:
    assert allows(role, verb, what, group) is allowed


def test_the_manager_signs_for_kubernetes_signers_only() -> None:
    for signer, allowed in (("kubernetes.io/kubelet-serving", True), ("example.com/other", False)):
        asked = {"what": "signers", "group": "certificates.k8s.io", "named": signer}
        assert allows("system:kube-controller-manager", "sign", **asked) is allowed


def test_the_role_of_nodes_is_what_their_authorizer_goes_by() -> None:
    assert rules_of("system:node") == list(NODE_RULES)
