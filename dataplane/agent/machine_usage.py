"""What the whole machine uses, from the kernel's own figures (proc(5), /proc/stat and /proc/meminfo)."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dataplane.runtime.types import Usage

_NANOS = 1_000_000_000
# Of the line "cpu": user, nice, system, irq, softirq. Not idle and iowait, nor steal, which others had; guest is in user.
_BUSY = (0, 1, 2, 5, 6)


def machine_usage(stat: str, meminfo: str, *, now_nanos: int, ticks_per_second: int) -> Usage:
    """The working set is what is not free, without the inactive part of the file cache, as the kubelet has it."""
    ticks = [int(figure) for figure in stat.partition("\n")[0].split()[1:]]
    busy = sum(ticks[index] for index in _BUSY)
    kilobytes = {line.partition(":")[0]: int(line.split()[1]) for line in meminfo.splitlines()}
    used = kilobytes["MemTotal"] - kilobytes["MemFree"] - kilobytes["Inactive(file)"]
    return Usage(now_nanos, busy * _NANOS // ticks_per_second, max(0, used) * 1024)


def read_machine_usage() -> Usage:
    return machine_usage(
        Path("/proc/stat").read_text(),
        Path("/proc/meminfo").read_text(),
        now_nanos=time.time_ns(),
        ticks_per_second=os.sysconf("SC_CLK_TCK"),
    )
