"""What control groups use, read from the kernel's own files: no question to the engine, some 0.1 ms for each group.

Both versions of the interface (cgroups(7); in the kernel's documentation `cgroup-v1/cpuacct`, `cgroup-v1/memory` and
`cgroup-v2`). The working set is the kubelet's: memory in use without the inactive part of the file cache.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from dataplane.runtime import cgroups
from dataplane.runtime.types import NodeUsage, Usage

_NANOS_PER_MICRO = 1000


def v1(*, cpuacct_usage: str, memory_usage: str, memory_stat: str, now_nanos: int) -> Usage:
    """From `cpuacct.usage`, `memory.usage_in_bytes` and `memory.stat`. The figures include the groups inside."""
    cached = figure(memory_stat, "total_inactive_file")
    return Usage(now_nanos, int(cpuacct_usage), working_set(int(memory_usage), cached))


def v2(*, cpu_stat: str, memory_current: str, memory_stat: str, now_nanos: int) -> Usage:
    """From `cpu.stat`, `memory.current` and `memory.stat`. The figures include the groups inside."""
    cpu_nanos = figure(cpu_stat, "usage_usec") * _NANOS_PER_MICRO
    return Usage(now_nanos, cpu_nanos, working_set(int(memory_current), figure(memory_stat, "inactive_file")))


def working_set(used_bytes: int, inactive_file_bytes: int) -> int:
    """The two are read one after the other, so the second may be the larger by a little."""
    return max(0, used_bytes - inactive_file_bytes)


def figure(text: str, name: str) -> int:
    """The number in the line `name number`; 0 without one."""
    after = f"\n{text}".partition(f"\n{name} ")[2]
    return int(after.split(maxsplit=1)[0]) if after else 0


def read(group: str, *, root: Path = cgroups.ROOT, clock: Callable[[], int] = time.time_ns) -> Usage | None:
    """What the group `/orlop/node-1/0f3c` and those in it use; None for a group that is gone."""
    inside = group.lstrip("/")
    try:
        return _read_v2(root / inside, clock) if cgroups.is_unified(root) else _read_v1(root, inside, clock)
    except OSError as error:
        # ENODEV: removed while it was read.
        if error.errno not in (errno.ENOENT, errno.ENODEV):
            raise
        return None


def read_node(
    group: str,
    containers: Mapping[str, Iterable[str]],
    *,
    root: Path = cgroups.ROOT,
    clock: Callable[[], int] = time.time_ns,
) -> NodeUsage:
    """What a node's group, its pods' groups and the containers in them use, as `Runtime.usage` wants it."""
    groups = {uid: f"{group}/{uid}" for uid in containers}
    pods = {uid: read(inside, root=root, clock=clock) for uid, inside in groups.items()}
    runs = {one: read(f"{groups[uid]}/{one}", root=root, clock=clock) for uid, ids in containers.items() for one in ids}
    # A node that never had a pod has no group yet.
    node = read(group, root=root, clock=clock) or Usage(clock(), 0, 0)
    return NodeUsage(node, _there(pods), _there(runs))


def _there(found: Mapping[str, Usage | None]) -> Mapping[str, Usage]:
    return {key: usage for key, usage in found.items() if usage is not None}


def _read_v1(root: Path, inside: str, clock: Callable[[], int]) -> Usage:
    cpuacct, memory = root / "cpuacct" / inside, root / "memory" / inside
    return v1(
        cpuacct_usage=_text(cpuacct / "cpuacct.usage"),
        now_nanos=clock(),
        memory_usage=_text(memory / "memory.usage_in_bytes"),
        memory_stat=_text(memory / "memory.stat"),
    )


def _read_v2(folder: Path, clock: Callable[[], int]) -> Usage:
    return v2(
        cpu_stat=_text(folder / "cpu.stat"),
        now_nanos=clock(),
        memory_current=_text(folder / "memory.current"),
        memory_stat=_text(folder / "memory.stat"),
    )


def _text(path: Path) -> str:
    """Less than half the cost of `read_text`, whose buffers gain nothing here."""
    with path.open("rb", buffering=0) as file:
        return file.read().decode()
