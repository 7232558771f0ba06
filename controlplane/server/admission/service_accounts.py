"""Every pod runs as a service account of its namespace, and finds a token for the API where programs look for it.

A namespace is created together with its account `default`, so that pods may follow at once; should somebody delete the
account, the controller manager makes it anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import cast

from controlplane.api import registry
from controlplane.api.objects import Key
from controlplane.server.admission.review import Review, forbidden
from controlplane.server.sources import NAME_ALPHABET, Sources
from controlplane.store.cache import Cache
from controlplane.store.store import Also
from protos.v1 import core_pb2 as core

DEFAULT = "default"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
ROOT_CA = "kube-root-ca.crt"
_VOLUME = "kube-api-access-"
_TOKEN_SECONDS = 3607
_MODE = 0o644
_MIRROR = "kubernetes.io/config.mirror"


class ServiceAccounts:
    def __init__(self, cache: Cache, sources: Sources, *, automount_tokens: bool) -> None:
        self._cache, self._sources, self._automount_tokens = cache, sources, automount_tokens

    def complete(self, review: Review) -> None:
        pod = review.obj
        if review.operation != "create" or not isinstance(pod, core.Pod) or _MIRROR in pod.metadata.annotations:
            return
        name = pod.spec.service_account_name or DEFAULT
        pod.spec.service_account_name = pod.spec.service_account = name
        account = self._account(review, name)
        if not pod.spec.image_pull_secrets:
            pod.spec.image_pull_secrets.extend(account.image_pull_secrets)
        if self._automount_tokens and _wants_token(pod, account):
            mount_token(pod)

    def check(self, review: Review) -> None:
        pass

    def companions(self, review: Review) -> Sequence[Also]:
        """What is created together with the object."""
        namespace = review.obj
        if review.operation != "create" or not isinstance(namespace, core.Namespace):
            return ()
        key = Key(namespace.metadata.name, DEFAULT)
        if self._cache.of(registry.SERVICE_ACCOUNTS).get(key) is not None:
            return ()
        account = core.ServiceAccount()
        account.metadata.name, account.metadata.namespace = key.name, key.namespace
        account.metadata.uid = self._sources.uid()
        account.metadata.creation_timestamp.CopyFrom(namespace.metadata.creation_timestamp)
        return (Also(account),)

    def _account(self, review: Review, name: str) -> core.ServiceAccount:
        found = self._cache.of(registry.SERVICE_ACCOUNTS).get(Key(review.key.namespace, name))
        if found is None:
            where = f"{review.key.namespace}/{name}"
            raise forbidden(review, f'error looking up service account {where}: serviceaccount "{name}" not found')
        return cast("core.ServiceAccount", found.message())


def _wants_token(pod: core.Pod, account: core.ServiceAccount) -> bool:
    """The pod's word goes before its account's."""
    if pod.spec.HasField("automount_service_account_token"):
        return pod.spec.automount_service_account_token
    return not account.HasField("automount_service_account_token") or account.automount_service_account_token


def mount_token(pod: core.Pod) -> None:
    """Mounts the token, the cluster's CA and the namespace into every container that has nothing at the place."""
    lacking = [
        container
        for container in (*pod.spec.init_containers, *pod.spec.containers)
        if not any(mount.mount_path == TOKEN_PATH for mount in container.volume_mounts)
    ]
    if not lacking:
        return
    there = next((volume.name for volume in pod.spec.volumes if volume.name.startswith(_VOLUME)), "")
    name = there or _VOLUME + _suffix(pod.spec)
    for container in lacking:
        container.volume_mounts.add(name=name, mount_path=TOKEN_PATH, read_only=True)
    if not there:
        pod.spec.volumes.append(_token_volume(name))


def _suffix(spec: core.PodSpec) -> str:
    """Five letters that look drawn by chance, but are the same for pods that are the same: their specs stay equal."""
    number = int.from_bytes(hashlib.blake2b(spec.SerializeToString(deterministic=True), digest_size=8).digest(), "big")
    return "".join(NAME_ALPHABET[number // len(NAME_ALPHABET) ** place % len(NAME_ALPHABET)] for place in range(5))


def _token_volume(name: str) -> core.Volume:
    volume = core.Volume(name=name)
    projected = volume.volume_source.projected
    projected.default_mode = _MODE
    token = projected.sources.add().service_account_token
    token.path, token.expiration_seconds = "token", _TOKEN_SECONDS
    authority = projected.sources.add().config_map
    authority.local_object_reference.name = ROOT_CA
    authority.items.add(key="ca.crt", path="ca.crt")
    field = projected.sources.add().downward_api.items.add(path="namespace").field_ref
    field.api_version, field.field_path = "v1", "metadata.namespace"
    return volume
