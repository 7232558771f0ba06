"""Images from files, as the archives that `docker load` reads. Pure: the same input gives the same bytes and image id."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class File:
    """A file's content, or the target of a symbolic link."""

    content: bytes = b""
    mode: int = 0o644
    link: str = ""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ("PATH=/bin",)
    architecture: str = "amd64"


def archive(tag: str, files: Mapping[str, File], config: ImageConfig) -> bytes:
    """One image of one layer, tagged. `files` maps paths without a leading slash to what is there."""
    layer = _tar(files)
    described = _describe(config, layer)
    name = hashlib.sha256(described).hexdigest() + ".json"
    manifest = json.dumps([{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}]).encode()
    return _tar({"layer.tar": File(layer), name: File(described), "manifest.json": File(manifest)})


def _describe(config: ImageConfig, layer: bytes) -> bytes:
    """The image's configuration, see "Docker Image Specification v1.2", Image JSON."""
    return json.dumps({
        "architecture": config.architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Entrypoint": list(config.entrypoint), "Cmd": list(config.command), "Env": list(config.env)},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }).encode()  # fmt: skip


def _tar(files: Mapping[str, File]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in _folders(files):
            folder = tarfile.TarInfo(path)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        for path, file in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.mode = file.mode
            if file.link:
                entry.type, entry.linkname = tarfile.SYMTYPE, file.link
            entry.size = 0 if file.link else len(file.content)
            tar.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()


def _folders(files: Mapping[str, File]) -> list[str]:
    """The folders that hold the files, parents first."""
    found: set[str] = set()
    for path in files:
        parts = path.split("/")[:-1]
        found.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return sorted(found)
