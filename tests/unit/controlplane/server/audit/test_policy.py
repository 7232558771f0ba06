"""Which requests are written down, and how much of them."""

from __future__ import annotations

import pytest

from controlplane.server.audit import policy
from controlplane.server.audit.policy import Level
from controlplane.server.users import Attributes, User

JANE = User("jane", frozenset({"developers", "system:authenticated"}))
NODE = User("system:node:n1", frozenset({"system:nodes"}))


def asked(verb: str = "get", resource: str = "pods", group: str = "", **more: str) -> Attributes:
    return Attributes(verb, group, "v1", resource, **more)


LOG, EXEC = (JANE, asked(subresource="log")), (JANE, asked(subresource="exec"))
A, B = (JANE, asked(name="a")), (JANE, asked(name="b"))
METRICS, HEALTH = (JANE, Attributes("get", path="/metrics/x")), (JANE, Attributes("get", path="/healthz"))


@pytest.mark.parametrize(
    ("user", "request_", "level"),
    [
        (JANE, asked("get"), Level.NONE),
        (JANE, asked("create"), Level.METADATA),
        (JANE, asked("delete", "deployments", "apps"), Level.METADATA),
        (JANE, asked("get", "secrets"), Level.METADATA),
        (JANE, asked("create", "events"), Level.NONE),
        (NODE, asked("update", subresource="status"), Level.NONE),
        (User("system:kube-scheduler"), asked("create", subresource="binding"), Level.NONE),
    ],
)
def test_without_a_policy_changes_by_people_and_looks_at_secrets_are_told(
    user: User, request_: Attributes, level: Level
) -> None:
    assert policy.DEFAULT.level(user, request_) == level


@pytest.mark.parametrize(
    ("rule", "fitting", "other"),
    [
        ({"users": ["jane"]}, (JANE, asked()), (NODE, asked())),
        ({"userGroups": ["developers"]}, (JANE, asked()), (NODE, asked())),
        ({"verbs": ["list"]}, (JANE, asked("list")), (JANE, asked("get"))),
        ({"namespaces": ["prod"]}, (JANE, asked(namespace="prod")), (JANE, asked(namespace="test"))),
        ({"resources": [{"group": "apps"}]}, (JANE, asked(resource="deployments", group="apps")), (JANE, asked())),
        ({"resources": [{"group": "", "resources": ["pods"]}]}, (JANE, asked()), LOG),
        ({"resources": [{"group": "", "resources": ["pods/*"]}]}, LOG, (JANE, asked())),
        ({"resources": [{"group": "", "resources": ["pods/log"]}]}, LOG, EXEC),
        ({"resources": [{"group": "", "resources": ["pods"], "resourceNames": ["a"]}]}, A, B),
        ({"nonResourceURLs": ["/metrics*"]}, METRICS, HEALTH),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_rule_fits_what_it_names(
    rule: dict[str, object], fitting: tuple[User, Attributes], other: tuple[User, Attributes]
) -> None:
    read = policy.read({"rules": [{"level": "Request", **rule}]})
    assert read.level(*fitting) == Level.REQUEST
    assert read.level(*other) == Level.NONE


def test_the_first_rule_that_fits_decides() -> None:
    read = policy.read({"rules": [{"level": "None", "users": ["jane"]}, {"level": "Metadata"}]})
    assert read.level(JANE, asked()) == Level.NONE
    assert read.level(NODE, asked()) == Level.METADATA


@pytest.mark.parametrize(("resource", "subresource"), [("secrets", ""), ("serviceaccounts", "token")])
def test_bodies_with_secrets_are_never_told(resource: str, subresource: str) -> None:
    read = policy.read({"rules": [{"level": "RequestResponse"}]})
    assert read.level(JANE, asked(resource=resource, subresource=subresource)) == Level.METADATA


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({}, "list of rules"),
        ({"rules": []}, "list of rules"),
        ({"rules": [{}]}, r"rules\[0\].level: use one of None, Metadata, Request, RequestResponse"),
        ({"rules": [{"level": "None"}, {"level": "Everything"}]}, r"rules\[1\].level"),
        ({"rules": [{"level": "None", "user": ["x"]}]}, r"rules\[0\]: unknown field user"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_its_place(document: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        policy.read(document)
