"""Files of a volume that change all at once.

What a program sees are links that lead through `..data`, itself a link to a folder named after the time that it was made:

    token          -> ..data/token
    ..data         -> ..2026_01_31_12_00_00.x3kd81
    ..2026_01_31_12_00_00.x3kd81/token

New content goes into a new folder; turning `..data` to it is one rename, so that nobody sees a half of it. Programs that
watch for changes know these names from Kubernetes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from dataplane.volumes.payload import File, Payload

_DATA = "..data"
_NEW_DATA = "..data_tmp"
_OWN = ".."  # what begins with this is the writer's; no file of a volume may
_FOLDER_MODE = 0o755
_FOLDER_OF_GROUP = 0o2550
_FILE_OF_GROUP = 0o440


def write(place: Path, payload: Payload, group: int | None = None) -> bool:
    """Makes the payload the content of `place`, readable by `group` if one is given. Whether anything had to change."""
    if holds(place, payload):
        return False
    place.mkdir(parents=True, exist_ok=True)
    _share_folder(place, group)
    fresh = Path(tempfile.mkdtemp(prefix=f"..{datetime.now(UTC):%Y_%m_%d_%H_%M_%S}.", dir=place))
    try:
        _share_folder(fresh, group)
        for path, file in payload.items():
            _write_file(fresh, path, file, group)
        _link(place / _DATA, fresh.name, by=place / _NEW_DATA)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    _show(place, {path.partition("/")[0] for path in payload})
    _sweep(place, fresh.name)
    return True


def holds(place: Path, payload: Payload) -> bool:
    """Whether the content is there already, whole and to be seen."""
    data = place / _DATA
    if not data.is_symlink() or {path for path, _ in _files(data)} != set(payload):
        return False
    if any((data / path).read_bytes() != file.content for path, file in payload.items()):
        return False
    tops = {path.partition("/")[0] for path in payload}
    return {entry.name for entry in os.scandir(place) if not entry.name.startswith(_OWN)} == tops


def read(place: Path, path: str) -> bytes | None:
    """What the file holds now; None if there is no such file."""
    try:
        return (place / _DATA / path).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _files(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    if not folder.is_dir():
        return
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from ((f"{entry.name}/{path}", inner) for path, inner in _files(Path(entry.path)))
        else:
            yield entry.name, entry


def _write_file(folder: Path, path: str, file: File, group: int | None) -> None:
    target = folder / path
    for above in reversed(target.relative_to(folder).parents[:-1]):
        inner = folder / above
        if not inner.is_dir():
            inner.mkdir()
            _share_folder(inner, group)
    target.write_bytes(file.content)
    if file.owner is not None or group is not None:
        os.chown(target, -1 if file.owner is None else file.owner, -1 if group is None else group)
    target.chmod(file.mode | (0 if group is None else _FILE_OF_GROUP))


def _share_folder(folder: Path, group: int | None) -> None:
    if group is not None:
        os.chown(folder, -1, group)
    folder.chmod(_FOLDER_MODE | (0 if group is None else _FOLDER_OF_GROUP))


def _link(link: Path, target: str, *, by: Path) -> None:
    """Makes `link` lead to the target in one step, whatever it was."""
    by.unlink(missing_ok=True)
    by.symlink_to(target)
    by.rename(link)


def _show(place: Path, names: set[str]) -> None:
    """A link for each name at the top, and nothing else."""
    there = {entry.name: entry for entry in os.scandir(place) if not entry.name.startswith(_OWN)}
    for name in names:
        target = f"{_DATA}/{name}"
        entry = there.get(name)
        if entry is not None and entry.is_symlink() and os.readlink(entry.path) == target:
            continue
        if entry is not None and entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)  # of an agent that wrote files in place
        _link(place / name, target, by=place / _NEW_DATA)
    for name, entry in there.items():
        if name not in names:
            _remove(entry)


def _sweep(place: Path, current: str) -> None:
    """Removes former content, also what was left by a writer that was killed."""
    for entry in os.scandir(place):
        if entry.name.startswith(_OWN) and entry.name not in (_DATA, current):
            _remove(entry)


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        os.unlink(entry.path)
