"""What becomes of a stored default role or binding at a server's start."""

from __future__ import annotations

import pytest

from controlplane.api.objects import copy_of
from controlplane.server.access.default_roles import AUTOUPDATE, BOOTSTRAPPING
from controlplane.server.default_policy import reconciled
from protos.v1 import meta_pb2 as meta
from protos.v1 import rbac_pb2 as rbac
from tests.support.access import rule

GET, LIST, OWN = rule("get", "pods", "core"), rule("list", "pods", "core"), rule("get", "widgets", "example.com")


def metadata(**annotations: str) -> meta.ObjectMeta:
    return meta.ObjectMeta(name="x", labels=BOOTSTRAPPING, annotations={AUTOUPDATE: "true", **annotations})


def role(*rules: rbac.PolicyRule) -> rbac.ClusterRole:
    return rbac.ClusterRole(metadata=metadata(), rules=rules)


def aggregate(*labels: str) -> rbac.ClusterRole:
    made = role()
    for label in labels:
        made.aggregation_rule.cluster_role_selectors.add().match_labels[label] = "true"
    return made


def binding(*names: str, to: str = "view") -> rbac.ClusterRoleBinding:
    subjects = [rbac.Subject(kind="User", name=name) for name in names]
    return rbac.ClusterRoleBinding(
        metadata=metadata(), subjects=subjects, role_ref=rbac.RoleRef(kind="ClusterRole", name=to)
    )


@pytest.mark.parametrize(
    ("default", "stored", "expected"),
    [
        (role(GET, LIST), role(GET, LIST), role(GET, LIST)),
        (role(GET, LIST), role(GET, OWN), role(GET, OWN, LIST)),
        (role(GET, LIST), role(rule("*", "pods")), role(rule("*", "pods"))),
        (aggregate("a"), aggregate("a"), aggregate("a")),
        (aggregate("a"), aggregate("b"), aggregate("b", "a")),
        (binding("a"), binding("b"), binding("b", "a")),
        (binding("a"), binding("a", "b"), binding("a", "b")),
        (binding("a"), binding("a", to="edit"), None),
    ],
)  # fmt: skip
def test_what_lacks_is_added_and_the_rest_stays(
    default: rbac.ClusterRole, stored: rbac.ClusterRole, expected: rbac.ClusterRole | None
) -> None:
    before = copy_of(stored)
    assert reconciled(default, stored) == expected
    assert stored == before


def test_the_rules_of_an_aggregate_are_left_to_its_controller() -> None:
    stored = aggregate("a")
    stored.rules.append(OWN)
    assert reconciled(aggregate("a"), stored) == stored


def test_labels_come_back_and_others_stay() -> None:
    stored = role(GET)
    stored.metadata.labels.clear()
    stored.metadata.labels["mine"] = "too"
    result = reconciled(role(GET), stored)
    assert result is not None
    assert dict(result.metadata.labels) == {**BOOTSTRAPPING, "mine": "too"}


def test_who_says_so_is_left_alone() -> None:
    for stored in (role(), binding("a", to="edit")):
        stored.metadata.annotations[AUTOUPDATE] = "false"
        default = role(GET) if isinstance(stored, rbac.ClusterRole) else binding("a")
        assert reconciled(default, stored) == stored  # type: ignore[type-var]
