"""The ways in which people name objects."""

from __future__ import annotations

import pytest

from console.cli import targets
from console.cli.failures import CommandError
from console.cli.targets import Target
from controlplane.api import registry
from controlplane.api.registry import DEPLOYMENTS, NODES, PODS, SERVICES

EVERYTHING = [Target(kind) for kind in registry.KINDS if "all" in kind.categories]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("pods", [Target(PODS)]),
        ("po web-1 web-2", [Target(PODS, "web-1"), Target(PODS, "web-2")]),
        ("pods,svc", [Target(PODS), Target(SERVICES)]),
        ("pods,svc web", [Target(PODS, "web"), Target(SERVICES, "web")]),
        ("pod/web-1 svc/web", [Target(PODS, "web-1"), Target(SERVICES, "web")]),
        ("deployments.apps web", [Target(DEPLOYMENTS, "web")]),
        ("deployment.v1.apps/web", [Target(DEPLOYMENTS, "web")]),
        ("Deployment web", [Target(DEPLOYMENTS, "web")]),
        ("all", EVERYTHING),
        ("all,po", EVERYTHING),
    ],
)
def test_objects_are_named_in_every_form(words: str, expected: list[Target]) -> None:
    assert targets.parse(words.split()) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("pods web-1 svc/web", "there is no need to specify a resource type"),
        ("pod/", "must have a single resource and name"),
        ("pod/a/b", "must have a single resource and name"),
        ("pdo/a", 'resource type "pdo"; did you mean "po'),
        ("zzzzzz", '"orlop api-resources" lists them'),
    ],
)
def test_what_names_nothing_is_refused(words: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        targets.parse(words.split())


def test_a_word_alone_is_a_name_where_the_kind_is_clear() -> None:
    assert targets.one(["node-1"], NODES) == Target(NODES, "node-1")
    assert targets.one(["deploy/web"], PODS) == Target(DEPLOYMENTS, "web")
    assert targets.one(["deploy", "web"], PODS) == Target(DEPLOYMENTS, "web")
    with pytest.raises(CommandError, match="exactly one NAME"):
        targets.one(["pods", "a", "b"], PODS)


def test_names_and_selectors_exclude_each_other() -> None:
    with pytest.raises(CommandError, match="name cannot be provided when a selector is specified"):
        targets.check_selection([Target(PODS, "web")], labels="app=web")
    with pytest.raises(CommandError, match="--all excludes"):
        targets.check_selection([Target(PODS)], labels="app=web", everything=True)


def test_files_and_words_exclude_each_other() -> None:
    with pytest.raises(CommandError, match="no resources may be named"):
        targets.given(["pods"], ["web.yaml"])
