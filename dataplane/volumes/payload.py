"""What is to be in a volume of files: `payload(pod, volume, sources) -> {path: file}`. Pure.

Volumes of files are those of kind configMap, secret, downwardAPI and projected. When two sources of a projected volume have
a file of the same path, the later one's stands.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from dataplane.volumes import facts, problems
from dataplane.volumes.facts import FactProblem
from dataplane.volumes.problems import MountProblem
from dataplane.volumes.tokens import Wanted, wanted
from protos.v1 import core_pb2 as core

_DEFAULT_MODE = 0o644
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class File:
    """`owner` is None for whoever writes it."""

    content: bytes
    mode: int
    owner: int | None = None


Payload: TypeAlias = Mapping[str, File]
_Described: TypeAlias = (
    core.ConfigMapVolumeSource | core.SecretVolumeSource | core.DownwardAPIVolumeSource | core.ProjectedVolumeSource
)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a volume comes from: names of objects in the pod's namespace, and tokens."""

    config_maps: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    tokens: frozenset[Wanted] = frozenset()


@dataclass(frozen=True, slots=True)
class Sources:
    """What files are made from. What does not exist is not in there. `allocatable` is what the node has to give."""

    config_maps: Mapping[str, core.ConfigMap] = field(default_factory=dict)
    secrets: Mapping[str, core.Secret] = field(default_factory=dict)
    tokens: Mapping[Wanted, str] = field(default_factory=dict)
    allocatable: Mapping[str, int] = field(default_factory=dict)


def is_of_files(volume: core.Volume) -> bool:
    return _described(volume.volume_source) is not None


def file_volumes(pod: core.Pod) -> list[core.Volume]:
    return [volume for volume in pod.spec.volumes if is_of_files(volume)]


def needs(volume: core.Volume) -> Needs:
    source = volume.volume_source
    config_maps = [source.config_map.local_object_reference.name]
    secrets = [source.secret.secret_name]
    tokens = []
    for one in source.projected.sources:
        config_maps.append(one.config_map.local_object_reference.name)
        secrets.append(one.secret.local_object_reference.name)
        if one.HasField("service_account_token"):
            tokens.append(wanted(one.service_account_token))
    return Needs(frozenset(filter(None, config_maps)), frozenset(filter(None, secrets)), frozenset(tokens))


def token_paths(volume: core.Volume) -> Iterator[tuple[str, Wanted]]:
    """Where in the volume its tokens are."""
    for one in volume.volume_source.projected.sources:
        if one.HasField("service_account_token"):
            yield posixpath.normpath(one.service_account_token.path), wanted(one.service_account_token)


def payload(pod: core.Pod, volume: core.Volume, sources: Sources) -> Payload:
    """Raises MountProblem with all that is missing, for a file where another needs a folder, and for paths that lead out."""
    work = _Work(pod, sources, volume.volume_source)
    try:
        files = work.files()
        _check_paths(files)
    except MountProblem as problem:
        raise problems.of_volume(volume.name, problem) from problem
    return files


def digest(files: Payload) -> bytes:
    """Tells payloads apart."""
    told = hashlib.sha256()
    for path, file in sorted(files.items()):
        told.update(f"{path}\0{file.mode}\0{file.owner}\0{len(file.content)}\0".encode())
        told.update(file.content)
    return told.digest()


class _Work:
    """One volume's payload in the making."""

    def __init__(self, pod: core.Pod, sources: Sources, source: core.VolumeSource) -> None:
        self._pod, self._sources, self._source = pod, sources, source
        described = _described(source)
        assert described is not None
        self._mode = described.default_mode if described.HasField("default_mode") else _DEFAULT_MODE
        self._owner = described.default_user if described.HasField("default_user") else None

    def files(self) -> dict[str, File]:
        source = self._source
        if source.HasField("config_map"):
            name = source.config_map.local_object_reference.name
            return self._config_map(name, source.config_map.items, optional=source.config_map.optional)
        if source.HasField("secret"):
            return self._secret(source.secret.secret_name, source.secret.items, optional=source.secret.optional)
        if source.HasField("downward_api"):
            return self._facts(source.downward_api.items)
        return self._projected(source.projected.sources)

    def _projected(self, projections: Iterable[core.VolumeProjection]) -> dict[str, File]:
        files: dict[str, File] = {}
        missing = []
        for projection in projections:
            try:
                files.update(self._projection(projection))
            except MountProblem as problem:
                missing.append(problem)
        if missing:
            raise problems.together(missing)
        return files

    def _projection(self, projection: core.VolumeProjection) -> dict[str, File]:
        if projection.HasField("config_map"):
            config_map = projection.config_map
            name = config_map.local_object_reference.name
            return self._config_map(name, config_map.items, optional=config_map.optional)
        if projection.HasField("secret"):
            secret = projection.secret
            return self._secret(secret.local_object_reference.name, secret.items, optional=secret.optional)
        if projection.HasField("downward_api"):
            return self._facts(projection.downward_api.items)
        if projection.HasField("service_account_token"):
            return self._token(projection.service_account_token)
        kind = next((descriptor.json_name for descriptor, _ in projection.ListFields()), "none")
        raise MountProblem(f"this node projects no sources of kind {kind}")

    def _config_map(self, name: str, items: Iterable[core.KeyToPath], *, optional: bool) -> dict[str, File]:
        found = self._sources.config_maps.get(name)
        if found is None and not optional:
            raise MountProblem(f'configmap "{name}" not found')
        texts = {} if found is None else {key: text.encode() for key, text in found.data.items()}
        data = texts if found is None else dict(found.binary_data) | texts
        return self._keys(data, items, "configmap references non-existent config key: {}", optional=optional)

    def _secret(self, name: str, items: Iterable[core.KeyToPath], *, optional: bool) -> dict[str, File]:
        found = self._sources.secrets.get(name)
        if found is None and not optional:
            raise MountProblem(f'secret "{name}" not found')
        data = {} if found is None else dict(found.data)
        return self._keys(data, items, "references non-existent secret key: {}", optional=optional)

    def _keys(
        self, data: Mapping[str, bytes], items: Iterable[core.KeyToPath], missing: str, *, optional: bool
    ) -> dict[str, File]:
        """All keys, or those chosen at paths and with modes of their own."""
        chosen = list(items)
        if not chosen:
            return {key: File(content, self._mode, self._owner) for key, content in data.items()}
        files = {}
        for item in chosen:
            if item.key in data:
                files[posixpath.normpath(item.path)] = self._file(item, data[item.key])
            elif not optional:
                raise MountProblem(missing.format(item.key))
        return files

    def _facts(self, items: Iterable[core.DownwardAPIVolumeFile]) -> dict[str, File]:
        files = {}
        missing = []
        for item in items:
            try:
                files[posixpath.normpath(item.path)] = self._file(item, self._fact(item).encode())
            except FactProblem as problem:
                missing.append(MountProblem(str(problem)))
        if missing:
            raise problems.together(missing)
        return files

    def _fact(self, item: core.DownwardAPIVolumeFile) -> str:
        if item.HasField("field_ref"):
            return facts.file_text(self._pod, item.field_ref.field_path)
        ref = item.resource_field_ref
        return facts.resource_text(facts.container_of(self._pod, ref.container_name), ref, self._sources.allocatable)

    def _token(self, projection: core.ServiceAccountTokenProjection) -> dict[str, File]:
        """A token is readable by others only where nothing is said of who they are."""
        text = self._sources.tokens.get(wanted(projection))
        if text is None:
            raise MountProblem("failed to fetch token")
        user = file_user(self._pod)
        known = user is not None or self._pod.spec.security_context.HasField("fs_group")
        file = File(text.encode(), _OWNER_ONLY if known else self._mode, user if self._owner is None else self._owner)
        if projection.HasField("user"):
            file = replace(file, owner=projection.user)
        return {posixpath.normpath(projection.path): file}

    def _file(self, item: core.KeyToPath | core.DownwardAPIVolumeFile, content: bytes) -> File:
        mode = item.mode if item.HasField("mode") else self._mode
        return File(content, mode, item.user if item.HasField("user") else self._owner)


def _described(source: core.VolumeSource) -> _Described | None:
    """What describes the volume, if it is one of files."""
    if source.HasField("projected"):
        return source.projected
    if source.HasField("config_map"):
        return source.config_map
    if source.HasField("secret"):
        return source.secret
    return source.downward_api if source.HasField("downward_api") else None


def file_user(pod: core.Pod) -> int | None:
    """The user that all of the pod's containers run as; None if one says nothing or says otherwise."""
    above = pod.spec.security_context
    users = set()
    for container in (*pod.spec.init_containers, *pod.spec.containers):
        own = container.security_context
        chosen: core.SecurityContext | core.PodSecurityContext = own if own.HasField("run_as_user") else above
        if not chosen.HasField("run_as_user"):
            return None
        users.add(chosen.run_as_user)
    return users.pop() if len(users) == 1 else None


def _check_paths(files: Payload) -> None:
    """The API server has checked paths too; here they are about to be written by root."""
    for path in sorted(files):
        parts = path.split("/")
        if not path or path.startswith("..") or ".." in parts or "" in parts:
            raise MountProblem(f"invalid path: {path}: must be relative and must not contain '..'")
        for length in range(1, len(parts)):
            above = "/".join(parts[:length])
            if above in files:
                raise MountProblem(f"{above} is a file and {path} needs it as a folder")
