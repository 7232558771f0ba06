"""Rules for ConfigMaps and Secrets, each broken once."""

import base64
from typing import Any

import pytest

from controlplane.api.registry import CONFIG_MAPS, SECRETS, Kind
from tests.unit.controlplane.api.rules.documents import problems, update


def encoded(**data: str) -> dict[str, str]:
    return {key.replace("__", "."): base64.b64encode(text.encode()).decode() for key, text in data.items()}


@pytest.mark.parametrize(
    ("doc", "found"),
    [
        ({"type": "kubernetes.io/tls", "data": encoded(tls__crt="", tls__key="")}, []),
        ({"type": "kubernetes.io/tls"}, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
        ({"type": "kubernetes.io/ssh-auth"}, ["data[ssh-privatekey]: Required value"]),
        ({"type": "kubernetes.io/basic-auth", "data": encoded(password="x")}, []),
        ({"type": "kubernetes.io/basic-auth"}, ["data: Required value: one of username and password"]),
        ({"type": "kubernetes.io/dockerconfigjson"}, ["data[.dockerconfigjson]: Required value"]),
        ({"type": "kubernetes.io/dockercfg", "data": encoded(__dockercfg="hush")},
         ['data[.dockercfg]: Invalid value: "<secret contents redacted>": must be valid JSON']),
        ({"type": "kubernetes.io/service-account-token"},
         ["metadata.annotations[kubernetes.io/service-account.name]: Required value"]),
        ({"type": "kubernetes.io/service-account-token",
          "metadata": {"annotations": {"kubernetes.io/service-account.name": "default"}}}, []),
        ({"data": encoded(a="x" * (1 << 20))}, []),
        ({"data": encoded(a="x" * (1 << 20), b="x")}, ["data: Too long: may not be more than 1048576 bytes"]),
        ({"data": {"a b": ""}},
         ["data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'"]),
    ],
)  # fmt: skip
def test_the_rules_of_secrets(doc: dict[str, Any], found: list[str]) -> None:
    assert problems(SECRETS, doc) == found


@pytest.mark.parametrize(
    ("doc", "found"),
    [
        ({"data": {"a": "b"}, "binaryData": {"c": "AA=="}}, []),
        ({"data": {"a": "b"}, "binaryData": {"a": "AA=="}},
         ['data[a]: Invalid value: "a": duplicate of key present in binaryData']),
        ({"data": {"..a": ""}}, ["data[..a]: Invalid value: \"..a\": must not be '.' or start with '..'"]),
        ({"data": {"a": "é" * (1 << 19) + "x"}}, ["data: Too long: may not be more than 1048576 bytes"]),
    ],
)  # fmt: skip
def test_the_rules_of_config_maps(doc: dict[str, Any], found: list[str]) -> None:
    assert problems(CONFIG_MAPS, doc) == found


@pytest.mark.parametrize("kind", [CONFIG_MAPS, SECRETS], ids=lambda kind: kind.name)
def test_what_is_immutable_stays_so(kind: Kind[Any]) -> None:
    old = {"immutable": True, "data": {"a": "AA=="}}
    changed = update(kind, old, {"data": {"a": "AQ=="}})
    assert changed == [
        "immutable: Forbidden: field is immutable when `immutable` is set; delete the object and create it anew",
        "data: Forbidden: field is immutable when `immutable` is set",
    ]
    assert update(kind, old, old | {"metadata": {"labels": {"a": "b"}}}) == []


def test_a_secret_keeps_its_type() -> None:
    assert update(SECRETS, {"type": "a.com/b"}, {"type": "a.com/c"}) == [
        'type: Invalid value: "a.com/c": field is immutable'
    ]
