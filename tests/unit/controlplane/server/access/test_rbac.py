"""Decisions by roles and bindings: what is compiled is forgotten when, and only when, one of them changes."""

from __future__ import annotations

import pytest

from controlplane.api import errors, rbac
from controlplane.server.access.rbac import Rbac
from controlplane.server.users import Attributes, User
from protos.v1 import meta_pb2 as meta
from protos.v1 import rbac_pb2
from tests.support.access import rule
from tests.support.builders import make_config_map
from tests.support.caches import FilledCache

JANE = User("jane", frozenset({"ops"}))


def role(name: str, *rules: rbac_pb2.PolicyRule) -> rbac_pb2.Role:
    return rbac_pb2.Role(metadata=meta.ObjectMeta(name=name, namespace="a"), rules=rules)


def binding(name: str, to: str, kind: str = "Role", *, user: str = "jane") -> rbac_pb2.RoleBinding:
    ref = rbac_pb2.RoleRef(api_group=rbac.GROUP, kind=kind, name=to)
    metadata = meta.ObjectMeta(name=name, namespace="a")
    return rbac_pb2.RoleBinding(metadata=metadata, subjects=[rbac_pb2.Subject(kind="User", name=user)], role_ref=ref)


def get(what: str, name: str = "x", namespace: str = "a") -> Attributes:
    return Attributes("get", "", "v1", what, "", namespace, name)


def test_a_decision_says_who_granted_it() -> None:
    judge = Rbac(FilledCache(role("reader", rule("get", "pods", "core")), binding("b", "reader")).cache)
    assert judge.decide(JANE, get("pods")).reason == 'RBAC: allowed by RoleBinding "b/a" of Role "reader" to User "jane"'
    assert not judge.decide(JANE, get("pods", namespace="b")).allowed
    assert not judge.decide(User("joe"), get("pods")).allowed


def test_names_are_looked_at_even_if_the_like_was_asked_before() -> None:
    judge = Rbac(FilledCache(role("reader", rule("get", "pods", "core", names="x y")), binding("b", "reader")).cache)
    assert [judge.decide(JANE, get("pods", name)).allowed for name in "xyz"] == [True, True, False]
    assert not judge.decide(JANE, get("pods", "")).allowed


def test_a_role_for_all_names_counts_beside_one_for_some() -> None:
    some, all_ = role("some", rule("get", "pods", "core", names="x")), role("all", rule("get", "pods", "core"))
    judge = Rbac(FilledCache(some, all_, binding("b1", "some"), binding("b2", "all")).cache)
    assert judge.decide(JANE, get("pods", "z")).reason == 'RBAC: allowed by RoleBinding "b2/a" of Role "all" to User "jane"'


def test_changes_of_roles_and_bindings_count_and_others_cost_nothing() -> None:
    filled = FilledCache(role("reader", rule("get", "pods", "core")), binding("b", "reader"))
    judge = Rbac(filled.cache)
    compiled = judge.grants(JANE)
    filled.put(make_config_map("unrelated"))
    assert judge.grants(JANE) is compiled
    filled.put(role("reader", rule("get", "secrets", "core")))
    assert [judge.decide(JANE, get(what)).allowed for what in ("pods", "secrets")] == [False, True]
    filled.put(binding("b", "reader", user="joe"))
    assert not judge.decide(JANE, get("secrets")).allowed
    assert judge.decide(User("joe"), get("secrets")).allowed
    filled.remove(binding("b", "reader"))
    assert not judge.decide(User("joe"), get("secrets")).allowed


def test_a_cache_that_was_read_anew_is_believed() -> None:
    filled = FilledCache(role("reader", rule("get", "pods", "core")), binding("b", "reader"))
    judge = Rbac(filled.cache)
    filled.read_anew()
    assert judge.decide(JANE, get("pods")).allowed


def test_roles_that_do_not_exist_are_told_where_they_would_count() -> None:
    judge = Rbac(FilledCache(binding("b", "gone"), binding("c", "lost", "ClusterRole")).cache)
    missing = (
        'RBAC: [role.rbac.authorization.k8s.io "gone" not found, clusterrole.rbac.authorization.k8s.io "lost" not found]'
    )
    assert judge.decide(JANE, get("pods")).reason == missing
    assert judge.decide(JANE, get("pods", namespace="b")).reason == ""


def test_a_reference_to_no_kind_of_role_is_not_found() -> None:
    with pytest.raises(errors.NotFound, match="unsupported role reference kind"):
        Rbac(FilledCache().cache).rules_of(rbac_pb2.RoleRef(kind="Team", name="x"), "a")
