"""Encryption of stored values, as Kubernetes does it: the same configuration file, the same format in etcd.

The first provider listed for a resource writes, all of them read; so a key is changed by putting the new one first, letting
what was written with the old one be rewritten, and taking the old one out. A value starts with `k8s:enc:aesgcm:v1:NAME:`,
then come the nonce (12 bytes) and what AES-GCM made of the encoding, bound to the key in etcd, so that a value moved to
another object's place does not open.

https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

API_VERSION, KIND = "apiserver.config.k8s.io/v1", "EncryptionConfiguration"
_SEALED = b"k8s:enc:"
_AESGCM = _SEALED + b"aesgcm:v1:"
_NONCE_BYTES = 12
_KEY_BYTES = (16, 24, 32)


class UndecryptableError(Exception):
    """A stored value cannot be read with the keys there are."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A way to write values: `prefix` marks them; no cipher (`identity`) leaves them as they are."""

    prefix: bytes = b""
    cipher: AESGCM | None = None

    def writes(self, value: bytes) -> bool:
        """Whether it was this provider that wrote a value."""
        return value.startswith(self.prefix) if self.prefix else not value.startswith(_SEALED)

    def seal(self, key: bytes, value: bytes) -> bytes:
        if self.cipher is None:
            return value
        nonce = os.urandom(_NONCE_BYTES)
        return self.prefix + nonce + self.cipher.encrypt(nonce, value, key)

    def open(self, key: bytes, value: bytes) -> bytes:
        if self.cipher is None:
            return value
        start = len(self.prefix)
        nonce, sealed = value[start : start + _NONCE_BYTES], value[start + _NONCE_BYTES :]
        try:
            return self.cipher.decrypt(nonce, sealed, key)
        except (InvalidTag, ValueError) as error:
            raise UndecryptableError(
                f"it was written with another key of the name {_name(value)!r}, or changed outside the API"
            ) from error


IDENTITY = Provider()


@dataclass(frozen=True, slots=True)
class Rule:
    """The providers of some resources: names such as `secrets`, `deployments.apps`, `*.apps`, `*.` (core) and `*.*`."""

    resources: tuple[str, ...]
    providers: tuple[Provider, ...]

    def covers(self, resource: str) -> bool:
        name, _, group = resource.partition(".")
        return any(wanted in (resource, f"*.{group}", "*.*") for wanted in self.resources) and bool(name)


class Vault:
    """Seals what is written and opens what is read. Without rules it changes nothing."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._rules = tuple(rules)
        self._chosen: dict[str, tuple[Provider, ...]] = {}  # by resource

    def replace(self, rules: Sequence[Rule]) -> None:
        """Takes new rules for everything from now on."""
        self._rules = tuple(rules)
        self._chosen.clear()

    def covers(self, resource: str) -> bool:
        return any(rule.covers(resource) for rule in self._rules)

    def is_current(self, resource: str, value: bytes) -> bool:
        """Whether a value is as it would be written now."""
        return self._providers(resource)[0].writes(value)

    def seal(self, resource: str, key: bytes, value: bytes) -> bytes:
        return self._providers(resource)[0].seal(key, value)

    def open(self, resource: str, key: bytes, value: bytes) -> bytes:
        """The encoding that was sealed. Raises UndecryptableError."""
        providers = self._providers(resource)
        provider = next((known for known in providers if known.writes(value)), None)
        if provider is not None:
            return provider.open(key, value)
        if not value.startswith(_SEALED):
            raise UndecryptableError(
                "it is stored in plain text, and the encryption configuration does not list identity: {}"
            )
        raise UndecryptableError(
            f"the encryption configuration has no key {_name(value)!r} for {resource}; add it to the keys"
        )

    def _providers(self, resource: str) -> tuple[Provider, ...]:
        chosen = self._chosen.get(resource)
        if chosen is None:
            chosen = next((rule.providers for rule in self._rules if rule.covers(resource)), (IDENTITY,))
            self._chosen[resource] = chosen
        return chosen


def _name(value: bytes) -> str:
    """The name of the key that sealed a value, with its provider where that is not ours."""
    parts = value.split(b":", 5)
    if value.startswith(_AESGCM) and len(parts) > 5:
        return parts[4].decode(errors="replace")
    return b":".join(parts[2:5]).decode(errors="replace")


def load(path: Path) -> tuple[Rule, ...]:
    """The rules of a configuration file. Raises ValueError, naming what is wrong in it, or OSError."""
    try:
        return parse(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def parse(text: str) -> tuple[Rule, ...]:
    """The rules of an `EncryptionConfiguration`. Raises ValueError."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error
    if not isinstance(document, Mapping) or (document.get("apiVersion"), document.get("kind")) != (API_VERSION, KIND):
        raise ValueError(f"not a document of apiVersion {API_VERSION} and kind {KIND}")
    rules = document.get("resources")
    if not isinstance(rules, list) or not rules:
        raise ValueError("resources: required; list resources and their providers")
    return tuple(_rule(rule, f"resources[{index}]") for index, rule in enumerate(rules))


def _rule(rule: Any, path: str) -> Rule:
    if not isinstance(rule, Mapping):
        raise ValueError(f"{path}: must have resources and providers")
    names, providers = rule.get("resources"), rule.get("providers")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{path}.resources: required; name some, such as secrets")
    if not isinstance(providers, list) or not providers:
        raise ValueError(f"{path}.providers: required; the first writes, all read")
    found: list[Provider] = []
    for index, provider in enumerate(providers):
        found.extend(_provider(provider, f"{path}.providers[{index}]"))
    return Rule(tuple(names), tuple(found))


def _provider(provider: Any, path: str) -> list[Provider]:
    if not isinstance(provider, Mapping) or len(provider) != 1:
        raise ValueError(f"{path}: must be one provider, such as aesgcm or identity")
    name, options = next(iter(provider.items()))
    if name == "identity":
        return [IDENTITY]
    if name != "aesgcm":
        raise ValueError(f"{path}: provider {name!r} is not supported; use aesgcm or identity")
    keys = options.get("keys") if isinstance(options, Mapping) else None
    if not isinstance(keys, list) or not keys:
        raise ValueError(f"{path}.aesgcm.keys: required; give each a name and a secret")
    found = [_key(key, f"{path}.aesgcm.keys[{index}]") for index, key in enumerate(keys)]
    if len({known.prefix for known in found}) < len(found):
        raise ValueError(f"{path}.aesgcm.keys: two keys have the same name")
    return found


def _key(key: Any, path: str) -> Provider:
    name, secret = (key.get("name"), key.get("secret")) if isinstance(key, Mapping) else (None, None)
    if not isinstance(name, str) or not name or ":" in name:
        raise ValueError(f"{path}.name: required, without colons")
    try:
        raw = base64.b64decode(secret or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError(f"{path}.secret: not base64") from error
    if len(raw) not in _KEY_BYTES:
        raise ValueError(f"{path}.secret: has {len(raw)} bytes; a key has 16, 24 or 32")
    return Provider(_AESGCM + name.encode() + b":", AESGCM(raw))


def fresh_config(resources: Sequence[str] = ("secrets",)) -> str:
    """A configuration file with a new key, that also reads what was stored in plain text."""
    secret = base64.b64encode(os.urandom(32)).decode()
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "resources": [
            {
                "resources": list(resources),
                "providers": [{"aesgcm": {"keys": [{"name": "key1", "secret": secret}]}}, {"identity": {}}],
            }
        ],
    }
    return yaml.safe_dump(document, sort_keys=False)
