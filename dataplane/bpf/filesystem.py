"""The BPF file system, where programs' maps and links outlive the process that made them."""

from __future__ import annotations

import shutil
from pathlib import Path

from dataplane.bpf import libc

STANDARD = Path("/sys/fs/bpf")
_KIND = "bpf"


def ensure_mounted(pin: Path) -> None:
    """Makes sure that `pin` lies on a BPF file system: at the standard place if it is below that, else at its parent."""
    if any(pin.is_relative_to(place) for place in _mounts()):
        return
    place = STANDARD if pin.is_relative_to(STANDARD) else pin.parent
    if place != STANDARD:
        place.mkdir(parents=True, exist_ok=True)
    libc.mount(_KIND, place, kind=_KIND)


def remove(folder: Path) -> None:
    """Unpins everything below `folder`: links detach, and maps go once no program uses them."""
    shutil.rmtree(folder, ignore_errors=True)


def _mounts() -> list[Path]:
    """Where BPF file systems are mounted and not covered by something else."""
    top: dict[str, str] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split(" ")
        top[place] = kind
    return [Path(place) for place, kind in top.items() if kind == _KIND]
