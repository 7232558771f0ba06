"""What a rule grants, and whether rules cover others: Kubernetes' RBAC, case by case."""

from __future__ import annotations

import pytest

from controlplane.api.rbac import FULL_AUTHORITY, Rule, covers, from_message, missing, path_covers, to_message
from controlplane.server.users import Attributes


def rule(verbs: str, resources: str = "", *, groups: str = "core", names: str = "", paths: str = "") -> Rule:
    named = tuple("" if group == "core" else group for group in groups.split()) if resources else ()
    return Rule(tuple(verbs.split()), named, tuple(resources.split()), tuple(names.split()), tuple(paths.split()))


def ask(verb: str, what: str, *, group: str = "", name: str = "") -> Attributes:
    resource, _, subresource = what.partition("/")
    return Attributes(verb, group, "v1", resource, subresource, "default", name)


@pytest.mark.parametrize(
    ("held", "asked", "allowed"),
    [
        (rule("get list", "pods"), ask("list", "pods"), True),
        (rule("get list", "pods"), ask("watch", "pods"), False),
        (rule("*", "pods"), ask("deletecollection", "pods"), True),
        (rule("get", "pods"), ask("get", "secrets"), False),
        (rule("get", "pods", groups="apps"), ask("get", "pods"), False),
        (rule("get", "deployments", groups="apps batch"), ask("get", "deployments", group="apps"), True),
        (rule("get", "deployments", groups="*"), ask("get", "deployments", group="apps"), True),
        (rule("get", "pods"), ask("get", "pods/log"), False),
        (rule("get", "pods/log"), ask("get", "pods/log"), True),
        (rule("get", "pods/log"), ask("get", "pods"), False),
        (rule("get", "*"), ask("get", "pods/log"), True),
        (rule("get", "*/scale", groups="*"), ask("get", "deployments/scale", group="apps"), True),
        (rule("get", "*/scale", groups="*"), ask("get", "deployments/status", group="apps"), False),
        (rule("get", "*/scale", groups="*"), ask("get", "deployments", group="apps"), False),
        (rule("get", "pods/*"), ask("get", "pods/log"), False),
        (rule("get", "configmaps", names="a b"), ask("get", "configmaps", name="b"), True),
        (rule("get", "configmaps", names="a b"), ask("get", "configmaps", name="c"), False),
        (rule("list", "configmaps", names="a"), ask("list", "configmaps"), False),
        (rule("get", paths="/healthz"), ask("get", "pods"), False),
        (Rule(("get",)), ask("get", "pods"), False),
        (Rule(("get",), ("",)), ask("get", "pods"), False),
    ],
)  # fmt: skip
def test_a_rule_allows_exactly_what_it_names(held: Rule, asked: Attributes, allowed: bool) -> None:
    assert held.allows(asked) is allowed


@pytest.mark.parametrize(
    ("held", "path", "allowed"),
    [
        ("/healthz", "/healthz", True),
        ("/healthz", "/healthz/etcd", False),
        ("/healthz/*", "/healthz/etcd", True),
        ("/healthz/*", "/healthz", False),
        ("/metrics*", "/metrics/slis", True),
        ("*", "/anything", True),
    ],
)
def test_a_path_may_end_with_a_star(held: str, path: str, allowed: bool) -> None:
    assert rule("get", paths=held).allows(Attributes("get", path=path)) is allowed
    assert path_covers(held, path) is allowed


def test_a_path_is_no_resource() -> None:
    assert not rule("get", "*", groups="*").allows(Attributes("get", path="/healthz"))


@pytest.mark.parametrize(
    ("held", "wanted", "lacking"),
    [
        ([], [], []),
        ([rule("get list", "pods")], [rule("get", "pods")], []),
        ([rule("get", "pods")], [rule("get list watch", "pods")], [rule("list watch", "pods")]),
        ([rule("get", "pods"), rule("list", "pods")], [rule("get list", "pods")], []),
        ([rule("*", "*", groups="*")], [rule("get", "deployments/scale", groups="apps", names="a")], []),
        ([rule("*", "*", groups="*")], [rule("get", paths="/x")], [rule("get", paths="/x")]),
        ([rule("get", "pods")], [rule("*", "pods")], [rule("*", "pods")]),
        ([rule("get", "pods", names="a")], [rule("get", "pods")], [rule("get", "pods")]),
        ([rule("get", "pods", names="a b")], [rule("get", "pods", names="b")], []),
        ([rule("get", "pods", names="a")], [rule("get", "pods", names="a b")], [rule("get", "pods", names="b")]),
        ([rule("update", "*/scale", groups="*")], [rule("update", "jobs/scale", groups="batch")], []),
        ([rule("get", paths="/a/*")], [rule("get", paths="/a/b/*")], []),
        ([rule("get", paths="/a/b")], [rule("get", paths="/a/*")], [rule("get", paths="/a/*")]),
        (list(FULL_AUTHORITY), [rule("escalate", "roles", groups="x"), rule("put", paths="/x")], []),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_in_few_rules(held: list[Rule], wanted: list[Rule], lacking: list[Rule]) -> None:
    assert missing(held, wanted) == lacking
    assert covers(held, wanted) is (not lacking)


def test_a_rule_reads_as_kubernetes_prints_it() -> None:
    assert str(rule("get list", "deployments", groups="apps", names="web")) == (
        '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["web"], Verbs:["get" "list"]}'
    )
    assert str(rule("get", paths="/healthz")) == '{NonResourceURLs:["/healthz"], Verbs:["get"]}'


def test_a_rule_survives_the_way_through_its_message() -> None:
    held = Rule(("get",), ("", "apps"), ("pods", "*/scale"), ("a",), ("/x*",))
    assert from_message(to_message(held)) == held
