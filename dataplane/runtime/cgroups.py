"""Control groups of pods. The engine makes them for its containers and leaves them behind, empty."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def is_unified(root: Path = ROOT) -> bool:
    """Whether there is one hierarchy, cgroup2, for all controllers."""
    return (root / "cgroup.controllers").exists()


def hierarchies(root: Path = ROOT) -> Iterator[Path]:
    """The unified hierarchy where it is the only one, otherwise every one that is mounted."""
    if is_unified(root):
        yield root
    else:
        yield from sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink())


def unified(root: Path = ROOT) -> Path:
    """Where cgroup2 is mounted."""
    return root if is_unified(root) else root / "unified"


def remove(group: str) -> None:
    """Removes an empty group, `/orlop/node-1/0f3c`, and the empty ones in it, from every hierarchy."""
    for hierarchy in hierarchies():
        top = hierarchy / group.lstrip("/")
        inside = sorted((path for path in top.rglob("*/") if path.is_dir()), reverse=True) if top.is_dir() else []
        for path in [*inside, top]:
            # Gone already, or still in use: then whoever uses it removes it.
            with contextlib.suppress(OSError):
                path.rmdir()
