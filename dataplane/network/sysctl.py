"""Kernel settings of the network namespace that the calling thread is in."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path("/proc/sys/net")


def read(name: str) -> str:
    """The value of `ipv4/ip_forward`, say; names are paths below /proc/sys/net."""
    return (_ROOT / name).read_text().strip()


def write(name: str, value: int | str) -> None:
    (_ROOT / name).write_text(f"{value}\n")


def exists(name: str) -> bool:
    return (_ROOT / name).exists()


def with_ports(reserved: str, first: int, last: int) -> str:
    """The port list `reserved` (`8080,9000-9100`) with first-last added, as net.ipv4.ip_local_reserved_ports reads."""
    ports = set(range(first, last + 1))
    for part in filter(None, reserved.split(",")):
        low, _, high = part.partition("-")
        ports.update(range(int(low), int(high or low) + 1))
    return ",".join(_runs(sorted(ports)))


def _runs(ports: list[int]) -> list[str]:
    runs: list[list[int]] = []
    for port in ports:
        if runs and runs[-1][1] == port - 1:
            runs[-1][1] = port
        else:
            runs.append([port, port])
    return [str(low) if low == high else f"{low}-{high}" for low, high in runs]
