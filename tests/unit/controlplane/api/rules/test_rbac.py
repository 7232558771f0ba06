"""Rules for roles and their bindings, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES, Kind
from tests.unit.controlplane.api.rules.documents import problems, update

READ = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
HEALTH = {"verbs": ["get"], "nonResourceURLs": ["/healthz"]}
GROUP = "rbac.authorization.k8s.io"
REF = {"kind": "ClusterRole", "name": "system:node"}


@pytest.mark.parametrize(
    ("kind", "doc", "found"),
    [
        (ROLES, {"rules": [READ]}, []),
        (CLUSTER_ROLES, {"rules": [READ, HEALTH]}, []),
        (CLUSTER_ROLES, {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}, []),
        (ROLES, {"rules": [READ | {"verbs": []}]},
         ["rules[0].verbs: Required value: verbs must contain at least one value"]),
        (ROLES, {"rules": [{"verbs": ["get"]}]},
         ["rules[0].apiGroups: Required value: resource rules must supply at least one api group",
          "rules[0].resources: Required value: resource rules must supply at least one resource"]),
        (ROLES, {"rules": [HEALTH]},
         ['rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs']),
        (CLUSTER_ROLES, {"rules": [READ | HEALTH]},
         ['rules[0].nonResourceURLs: Invalid value: ["/healthz"]: rules cannot apply to both regular resources and '
          "non-resource URLs"]),
        (CLUSTER_ROLES, {"aggregationRule": {}},
         ["aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if "
          "aggregationRule is non-nil"]),
    ],
)  # fmt: skip
def test_the_rules_of_roles(kind: Kind[Any], doc: dict[str, Any], found: list[str]) -> None:
    assert problems(kind, doc) == found


@pytest.mark.parametrize(
    ("kind", "doc", "found"),
    [
        (ROLE_BINDINGS, {"roleRef": REF, "subjects": [
            {"kind": "User", "name": "anna"}, {"kind": "Group", "name": "system:masters"},
            {"kind": "ServiceAccount", "name": "default", "namespace": "shop"}]}, []),
        (CLUSTER_ROLE_BINDINGS, {"roleRef": REF | {"kind": "Role"}},
         ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"']),
        (ROLE_BINDINGS, {"roleRef": {"kind": "Role", "name": "a", "apiGroup": "apps"}},
         [f'roleRef.apiGroup: Unsupported value: "apps": supported values: "{GROUP}"']),
        (ROLE_BINDINGS, {"roleRef": {"kind": "Role"}}, ["roleRef.name: Required value"]),
        (ROLE_BINDINGS, {"roleRef": {"kind": "Role", "name": "a/b"}},
         ["roleRef.name: Invalid value: \"a/b\": may not contain '/'"]),
        (ROLE_BINDINGS, {"roleRef": REF, "subjects": [{"kind": "User", "name": ""}]},
         ["subjects[0].name: Required value"]),
        (ROLE_BINDINGS, {"roleRef": REF, "subjects": [{"kind": "User", "name": "a", "apiGroup": "x"}]},
         [f'subjects[0].apiGroup: Unsupported value: "x": supported values: "{GROUP}"']),
        (ROLE_BINDINGS, {"roleRef": REF, "subjects": [{"kind": "Robot", "name": "a"}]},
         ['subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"']),
        (ROLE_BINDINGS, {"roleRef": REF, "subjects": [{"kind": "ServiceAccount", "name": "a", "apiGroup": "x"}]},
         ['subjects[0].apiGroup: Unsupported value: "x": supported values: ""', "subjects[0].namespace: Required value"]),
    ],
)  # fmt: skip
def test_the_rules_of_bindings(kind: Kind[Any], doc: dict[str, Any], found: list[str]) -> None:
    assert problems(kind, doc) == found


@pytest.mark.parametrize("kind", [ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS], ids=lambda kind: kind.name)
def test_a_binding_stays_with_its_role(kind: Kind[Any]) -> None:
    old = {"roleRef": REF}
    assert update(kind, old, {"roleRef": REF, "subjects": [{"kind": "User", "name": "a"}]}) == []
    (problem,) = update(kind, old, {"roleRef": REF | {"name": "other"}})
    assert problem.startswith(f'roleRef: Invalid value: {{"apiGroup":"{GROUP}",')
    assert problem.endswith(": cannot change roleRef")
