"""What is sealed opens again, with the right key in the right place only."""

from __future__ import annotations

import base64

import pytest

from controlplane.store.encryption import UndecryptableError, Vault, fresh_config, parse

HEADER = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"
ONE, TWO = base64.b64encode(b"1" * 32).decode(), base64.b64encode(b"2" * 16).decode()
KEY = b"/orlop/objects/secrets/default/a"


def config(*keys: tuple[str, str], identity: bool = True, resources: str = "[secrets]") -> str:
    lines = "".join(f"          - {{name: {name}, secret: {secret}}}\n" for name, secret in keys)
    plain = "      - identity: {}\n" if identity else ""
    aesgcm = f"      - aesgcm:\n          keys:\n{lines}" if keys else ""
    return f"{HEADER}resources:\n  - resources: {resources}\n    providers:\n{aesgcm}{plain}"


def vault(*keys: tuple[str, str], identity: bool = True, resources: str = "[secrets]") -> Vault:
    return Vault(parse(config(*keys, identity=identity, resources=resources)))


def test_a_sealed_value_names_its_key_and_hides_the_rest() -> None:
    one = vault(("one", ONE))
    sealed = one.seal("secrets", KEY, b"plain text")
    assert sealed.startswith(b"k8s:enc:aesgcm:v1:one:")
    assert b"plain" not in sealed
    assert one.open("secrets", KEY, sealed) == b"plain text"
    assert one.seal("secrets", KEY, b"plain text") != sealed


def test_the_first_key_writes_and_all_read() -> None:
    old = vault(("one", ONE)).seal("secrets", KEY, b"x")
    both = vault(("two", TWO), ("one", ONE))
    assert both.open("secrets", KEY, old) == b"x"
    assert not both.is_current("secrets", old)
    assert both.is_current("secrets", both.seal("secrets", KEY, b"x"))


def test_a_value_does_not_open_in_another_objects_place() -> None:
    one = vault(("one", ONE))
    sealed = one.seal("secrets", KEY, b"x")
    with pytest.raises(UndecryptableError, match="changed outside the API"):
        one.open("secrets", KEY + b"2", sealed)


@pytest.mark.parametrize("cut", [25, 40, -1])
def test_a_damaged_value_does_not_open(cut: int) -> None:
    one = vault(("one", ONE))
    with pytest.raises(UndecryptableError):
        one.open("secrets", KEY, one.seal("secrets", KEY, b"some content")[:cut])


def test_a_missing_key_is_named() -> None:
    sealed = vault(("one", ONE)).seal("secrets", KEY, b"x")
    with pytest.raises(UndecryptableError, match="no key 'one' for secrets"):
        vault(("two", TWO)).open("secrets", KEY, sealed)
    with pytest.raises(UndecryptableError, match="no key 'one' for secrets"):
        Vault().open("secrets", KEY, sealed)


def test_plain_text_is_read_only_where_identity_is_listed() -> None:
    assert vault(("one", ONE)).open("secrets", KEY, b"\x0aplain") == b"\x0aplain"
    with pytest.raises(UndecryptableError, match="identity"):
        vault(("one", ONE), identity=False).open("secrets", KEY, b"\x0aplain")


def test_identity_first_takes_the_encryption_away() -> None:
    sealed = vault(("one", ONE)).seal("secrets", KEY, b"x")
    text = config(("one", ONE)).replace("    providers:\n", "    providers:\n      - identity: {}\n")
    leaving = Vault(parse(text))
    assert leaving.seal("secrets", KEY, b"x") == b"x"
    assert leaving.open("secrets", KEY, sealed) == b"x"
    assert not leaving.is_current("secrets", sealed)


@pytest.mark.parametrize(
    ("resources", "covered", "not_covered"),
    [
        ("[secrets]", ["secrets"], ["secrets.example.com", "pods"]),
        ("[crontabs.stable.example.com]", ["crontabs.stable.example.com"], ["crontabs"]),
        ("['*.apps']", ["deployments.apps"], ["pods", "jobs.batch"]),
        ("['*.']", ["pods", "secrets"], ["deployments.apps"]),
        ("['*.*']", ["pods", "deployments.apps"], [""]),
    ],
)
def test_resources_are_named_one_by_one_or_by_group(resources: str, covered: list[str], not_covered: list[str]) -> None:
    one = vault(("one", ONE), resources=resources)
    assert all(one.covers(resource) for resource in covered)
    assert not any(one.covers(resource) for resource in not_covered)


def test_other_resources_and_keys_stay_as_they_are() -> None:
    one = vault(("one", ONE))
    assert one.seal("pods", b"/orlop/objects/pods/default/a", b"x") == b"x"
    assert one.seal("", b"/orlop/allocations/node-ports/30000", b"x") == b"x"


def test_the_first_rule_for_a_resource_counts() -> None:
    text = config(("one", ONE)) + "  - resources: ['*.*']\n    providers:\n      - identity: {}\n"
    assert Vault(parse(text)).seal("secrets", KEY, b"x") != b"x"


def test_a_fresh_configuration_is_a_good_one() -> None:
    made = Vault(parse(fresh_config()))
    assert made.open("secrets", KEY, made.seal("secrets", KEY, b"x")) == b"x"
    assert made.open("secrets", KEY, b"\x0aplain") == b"\x0aplain"
    assert fresh_config() != fresh_config()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "not YAML"),
        ("kind: Pod", "not a document of apiVersion apiserver.config.k8s.io/v1"),
        (HEADER, "resources: required"),
        (HEADER + "resources: [{providers: [{identity: {}}]}]", r"resources\[0\].resources: required"),
        (HEADER + "resources: [{resources: [secrets]}]", r"resources\[0\].providers: required"),
        (config(("one", "not base64!")), r"resources\[0\].providers\[0\].aesgcm.keys\[0\].secret: not base64"),
        (config(("one", "YWJj")), "has 3 bytes; a key has 16, 24 or 32"),
        (config(("a", ONE), ("a", TWO)), "two keys have the same name"),
        (config(("'a:b'", ONE)), r"keys\[0\].name: required, without colons"),
        (config().replace("identity", "kms"), "provider 'kms' is not supported; use aesgcm or identity"),
    ],
)  # fmt: skip
def test_a_bad_configuration_is_refused_with_its_path(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse(text)
