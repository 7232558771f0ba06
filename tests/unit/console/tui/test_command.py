from __future__ import annotations

import pytest

from console.tui.model import command
from console.tui.model.command import Command, CommandError, Known, Show, UseNamespace, UseTheme, Word
from controlplane.api import registry

KNOWN = Known(("default", "kube-system", "web-ns"), ("dark", "light"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("po", Show(registry.PODS)),
        ("Pods", Show(registry.PODS)),
        ("deploy", Show(registry.DEPLOYMENTS)),
        ("dp", Show(registry.DEPLOYMENTS)),
        ("svc", Show(registry.SERVICES)),
        ("no", Show(registry.NODES)),
        ("ev", Show(registry.EVENTS)),
        ("deployments.apps", Show(registry.DEPLOYMENTS)),
        ("po web-ns", Show(registry.PODS, "web-ns")),
        ("po -n web-ns", Show(registry.PODS, "web-ns")),
        ("po -A", Show(registry.PODS, "")),
        ("po all", Show(registry.PODS, "")),
        ("po web-ns /crash loop", Show(registry.PODS, "web-ns", "crash loop")),
        ("po /!Running", Show(registry.PODS, None, "!Running")),
        ("po app=web", Show(registry.PODS, None, "-l app=web")),
        ("po app=web web-ns /x", Show(registry.PODS, "web-ns", "-l app=web x")),
        ("ns", Show(registry.NAMESPACES)),
        ("ns web-ns", UseNamespace("web-ns")),
        ("ns all", UseNamespace("")),
        ("theme light", UseTheme("light")),
        ("q", Word("quit")),
        ("q!", Word("quit")),
        ("?", Word("help")),
        ("ctx", Word("context")),
    ],
)
def test_a_line_is_understood(text: str, wanted: Command) -> None:
    assert command.parse(text, KNOWN) == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "type a kind"),
        ("podz", "did you mean 'pod"),
        ("deplyo", "did you mean 'deploy'"),
        ("xyzzy", "no kind or command 'xyzzy'$"),
        ("po web-sn", "no namespace 'web-sn'; did you mean 'web-ns'"),
        ("po -n", "-n wants the name"),
        ("po default web-ns", "'web-ns' is too much"),
        ("no default", "nodes have no namespace"),
        ("theme", "name a theme: dark, light"),
        ("theme lite", "did you mean 'light'"),
    ],
)
def test_a_line_that_is_not_understood_says_what_to_type(text: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        command.parse(text, KNOWN)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("dep", "deployments"),
        ("po", "pods"),
        ("e", "endpoints"),
        ("po w", "po web-ns"),
        ("po -n k", "po -n kube-system"),
        ("ns ", "ns default"),
        ("theme l", "theme light"),
        ("th", "theme"),
    ],
)
def test_the_likeliest_word_is_offered(text: str, first: str) -> None:
    assert command.complete(text, KNOWN)[0] == first


@pytest.mark.parametrize("text", ["", "zzz", "no x", "po /we", "po web-ns k"])
def test_nothing_is_offered_where_nothing_fits(text: str) -> None:
    assert command.complete(text, KNOWN) == []


def test_every_offer_is_a_line_that_is_understood() -> None:
    for start in "abcdefghijklmnopqrstuvwxyz":
        for offered in command.complete(start, KNOWN):
            if offered not in ("theme", "theme "):
                assert command.parse(offered, KNOWN)


def test_without_a_list_of_namespaces_any_name_is_taken() -> None:
    """Before the server has answered, and for operators who may not list them."""
    assert command.parse("po elsewhere", Known()) == Show(registry.PODS, "elsewhere")
