"""Facts about the machine, read from the kernel and the system's files."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_LEAST_FREE_MEMORY = 100 << 20
_LEAST_FREE_DISK = 0.10
_LEAST_FREE_PIDS = 0.05


@dataclass(frozen=True, slots=True)
class Machine:
    """What does not change while the machine runs. Sizes in bytes."""

    cpus: int
    memory_bytes: int
    disk_bytes: int
    machine_id: str
    system_uuid: str
    boot_id: str
    kernel: str
    os_image: str
    architecture: str


@dataclass(frozen=True, slots=True)
class Pressure:
    memory: bool
    disk: bool
    pids: bool


def read_machine(state: Path) -> Machine:
    """`state` lies on the disk that containers write to."""
    return Machine(
        cpus=os.cpu_count() or 1,
        memory_bytes=_memory()["MemTotal"],
        disk_bytes=shutil.disk_usage(state).total,
        machine_id=_text("/etc/machine-id"),
        system_uuid=_text("/sys/class/dmi/id/product_uuid"),
        boot_id=_text("/proc/sys/kernel/random/boot_id"),
        kernel=platform.release(),
        os_image=_os_image(),
        architecture=_ARCHITECTURES.get(platform.machine(), platform.machine()),
    )


def read_pressure(state: Path) -> Pressure:
    disk = shutil.disk_usage(state)
    return Pressure(
        memory=_memory()["MemAvailable"] < _LEAST_FREE_MEMORY,
        disk=disk.free < disk.total * _LEAST_FREE_DISK,
        pids=_free_pids() < _LEAST_FREE_PIDS,
    )


def _memory() -> dict[str, int]:
    """/proc/meminfo, in bytes."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines}


def _free_pids() -> float:
    """The part of the process numbers that is free (proc(5), /proc/loadavg)."""
    used = int(_text("/proc/loadavg").split()[3].partition("/")[2])
    return 1 - used / int(_text("/proc/sys/kernel/pid_max"))


def _os_image() -> str:
    for line in _text("/etc/os-release").splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip('"')
    return platform.system()


def _text(path: str) -> str:
    """A file's text, empty where the machine does not have it."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
