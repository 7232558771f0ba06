"""Which other objects a pod names: what its node must read to run it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from protos.v1 import core_pb2 as core

MIRROR = "kubernetes.io/config.mirror"
_WITH_SECRET_REF = ("cephfs", "cinder", "flex_volume", "iscsi", "rbd", "scale_io", "storageos")


@dataclass(frozen=True, slots=True)
class References:
    """Names of objects in the pod's namespace."""

    secrets: frozenset[str] = frozenset()
    config_maps: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    service_accounts: frozenset[str] = frozenset()


NOTHING = References()


def references_of(pod: core.Pod) -> References:
    """All that the pod names, whether it exists or not. A pod that only mirrors one of the node's own names nothing."""
    if MIRROR in pod.metadata.annotations:
        return NOTHING
    volumes = [volume.volume_source for volume in pod.spec.volumes]
    projections = [source for volume in volumes for source in volume.projected.sources]
    variables = list(_variables(pod))
    sources = [source for env_from, _ in variables for source in env_from]
    values = [variable.value_from for _, env in variables for variable in env]
    secrets = [
        *(reference.name for reference in pod.spec.image_pull_secrets),
        *(name for volume in volumes for name in _volume_secrets(volume)),
        *(projection.secret.local_object_reference.name for projection in projections),
        *(source.secret_ref.local_object_reference.name for source in sources),
        *(value.secret_key_ref.local_object_reference.name for value in values),
    ]
    config_maps = [
        *(volume.config_map.local_object_reference.name for volume in volumes),
        *(projection.config_map.local_object_reference.name for projection in projections),
        *(source.config_map_ref.local_object_reference.name for source in sources),
        *(value.config_map_key_ref.local_object_reference.name for value in values),
    ]
    return References(_named(secrets), _named(config_maps), _named(_claims(pod)), _named([pod.spec.service_account_name]))


def _variables(pod: core.Pod) -> Iterator[tuple[Iterable[core.EnvFromSource], Iterable[core.EnvVar]]]:
    for container in (*pod.spec.init_containers, *pod.spec.containers):
        yield container.env_from, container.env
    for ephemeral in pod.spec.ephemeral_containers:
        common = ephemeral.ephemeral_container_common
        yield common.env_from, common.env


def _volume_secrets(volume: core.VolumeSource) -> Iterator[str]:
    yield volume.secret.secret_name
    yield volume.azure_file.secret_name
    yield volume.csi.node_publish_secret_ref.name
    for source in _WITH_SECRET_REF:
        yield getattr(volume, source).secret_ref.name


def _claims(pod: core.Pod) -> Iterator[str]:
    for volume in pod.spec.volumes:
        yield volume.volume_source.persistent_volume_claim.claim_name
        if volume.volume_source.HasField("ephemeral"):
            yield f"{pod.metadata.name}-{volume.name}"


def _named(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if name)
