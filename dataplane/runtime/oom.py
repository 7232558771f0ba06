"""How safe from the kernel's out-of-memory killer a container may be made here."""

from __future__ import annotations

from pathlib import Path

_CAP_SYS_RESOURCE = 1 << 24
_LOWEST = -998


def lowest_score(status: Path = Path("/proc/self/status")) -> int:
    """The lowest score adjustment that may be asked for. Below 0 takes CAP_SYS_RESOURCE (proc(5)); an engine without it
    fails to start such a container, so it is asked for none."""
    lines = status.read_text().splitlines()
    effective = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    return _LOWEST if effective & _CAP_SYS_RESOURCE else 0
