"""Rules for configuration: ConfigMaps and Secrets."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import orjson

from controlplane.api import names
from controlplane.api.rules.places import IMMUTABLE, Place
from protos.v1 import core_pb2 as core

MOST_BYTES = 1024 * 1024
_SET = f"{IMMUTABLE} when `immutable` is set"
_DOCKER_KEYS = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}
_NEEDED_KEYS = {"kubernetes.io/tls": ("tls.crt", "tls.key"), "kubernetes.io/ssh-auth": ("ssh-privatekey",)}
_ACCOUNT = "kubernetes.io/service-account.name"
_BASIC_AUTH = ("username", "password")


def check_config_map(at: Place, config_map: core.ConfigMap) -> None:
    _check_keys(at / "data", config_map.data)
    _check_keys(at / "binaryData", config_map.binary_data)
    for key in config_map.binary_data:
        if key in config_map.data:
            (at / "data")[key].invalid(key, "duplicate of key present in binaryData")
    size = sum(len(value.encode()) for value in config_map.data.values()) + sum(map(len, config_map.binary_data.values()))
    if size > MOST_BYTES:
        (at / "data").too_long(MOST_BYTES)


def _check_keys(at: Place, keys: Collection[str]) -> None:
    for key in keys:
        if wrong := names.config_key(key):
            at[key].invalid(key, wrong)


def check_secret(at: Place, secret: core.Secret) -> None:
    _check_keys(at / "data", secret.data)
    if sum(map(len, secret.data.values())) > MOST_BYTES:
        (at / "data").too_long(MOST_BYTES)
    for key in _NEEDED_KEYS.get(secret.type, ()):
        if key not in secret.data:
            (at / "data")[key].required()
    if secret.type == "kubernetes.io/basic-auth" and not any(key in secret.data for key in _BASIC_AUTH):
        (at / "data").required("one of username and password")
    if secret.type == "kubernetes.io/service-account-token":
        (at / "metadata" / "annotations")[_ACCOUNT].needs(secret.metadata.annotations.get(_ACCOUNT, ""))
    if secret.type in _DOCKER_KEYS:
        _check_docker(at / "data", secret.data, _DOCKER_KEYS[secret.type])


def _check_docker(at: Place, data: Mapping[str, bytes], key: str) -> None:
    """Never shows the value: it is secret."""
    if key not in data:
        at[key].required()
        return
    try:
        orjson.loads(data[key])
    except orjson.JSONDecodeError:
        at[key].invalid("<secret contents redacted>", "must be valid JSON")


def check_config_map_update(at: Place, old: core.ConfigMap, new: core.ConfigMap) -> None:
    if old.immutable:
        _check_frozen(at, still=new.immutable)
        if old.data != new.data:
            (at / "data").forbidden(_SET)
        if old.binary_data != new.binary_data:
            (at / "binaryData").forbidden(_SET)


def check_secret_update(at: Place, old: core.Secret, new: core.Secret) -> None:
    (at / "type").unchanged(old.type, new.type)
    if old.immutable:
        _check_frozen(at, still=new.immutable)
        if old.data != new.data:
            (at / "data").forbidden(_SET)


def _check_frozen(at: Place, *, still: bool) -> None:
    if not still:
        (at / "immutable").forbidden(f"{_SET}; delete the object and create it anew")
