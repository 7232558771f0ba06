"""What the kernel says of control groups, in both versions of its interface."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path

import pytest

from dataplane.runtime import usage
from dataplane.runtime.types import NodeUsage, Usage

V1_STAT = """\
cache 4325376
rss 65536
inactive_file 4096
active_file 20480
hierarchical_memory_limit 9223372036854771712
total_cache 4329472
total_rss 65536
total_inactive_file 4194304
total_active_file 131072
"""
V2_CPU = """\
usage_usec 321033
user_usec 297543
system_usec 23490
nice_usec 0
"""
V2_STAT = """\
anon 65536
file 4329472
inactive_anon 61440
inactive_file 4194304
active_file 131072
workingset_refault_file 0
"""
NOW = 1_795_347_600_000_000_000


def write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def write_v1(root: Path, group: str, *, cpu_nanos: int, used: int) -> None:
    write(root / "cpuacct" / group, {"cpuacct.usage": f"{cpu_nanos}\n"})
    write(root / "memory" / group, {"memory.usage_in_bytes": f"{used}\n", "memory.stat": V1_STAT})


def test_version_1_counts_nanoseconds_and_the_groups_inside() -> None:
    found = usage.v1(cpuacct_usage="314895085\n", memory_usage="6000000\n", memory_stat=V1_STAT, now_nanos=NOW)
    assert found == Usage(NOW, cpu_nanos=314_895_085, working_set_bytes=6_000_000 - 4_194_304)


def test_version_2_counts_microseconds() -> None:
    found = usage.v2(cpu_stat=V2_CPU, memory_current="6000000\n", memory_stat=V2_STAT, now_nanos=NOW)
    assert found == Usage(NOW, cpu_nanos=321_033_000, working_set_bytes=6_000_000 - 4_194_304)


def test_more_cache_than_memory_in_use_is_a_working_set_of_nothing() -> None:
    assert usage.v1(cpuacct_usage="1", memory_usage="4096", memory_stat=V1_STAT, now_nanos=NOW).working_set_bytes == 0


@pytest.mark.parametrize(
    ("name", "number"),
    [("usage_usec", 321033), ("system_usec", 23490), ("nice_usec", 0), ("usec", 0), ("throttled_usec", 0)],
)
def test_a_figure_is_found_by_its_whole_name(name: str, number: int) -> None:
    assert usage.figure(V2_CPU, name) == number
    assert usage.figure(V2_CPU.rstrip(), name) == number


def test_a_group_is_read_where_each_version_has_it(tmp_path: Path) -> None:
    old, new = tmp_path / "v1", tmp_path / "v2"
    write_v1(old, "orlop/n/u/c", cpu_nanos=7, used=6_000_000)
    write(new, {"cgroup.controllers": "cpu memory"})
    write(new / "orlop/n/u/c", {"cpu.stat": V2_CPU, "memory.current": "6000000", "memory.stat": V2_STAT})
    expected = {old: 7, new: 321_033_000}
    for root, cpu_nanos in expected.items():
        assert usage.read("/orlop/n/u/c", root=root, clock=lambda: NOW) == Usage(NOW, cpu_nanos, 6_000_000 - 4_194_304)
        assert usage.read("/orlop/n/u/gone", root=root) is None


def test_a_group_that_is_removed_while_it_is_read_is_gone_and_one_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(number: int) -> None:
        def refuse(path: Path, *_: object, **__: object) -> None:
            raise OSError(number, "no", str(path))

        monkeypatch.setattr(Path, "open", refuse)

    fails(errno.ENODEV)
    assert usage.read("/orlop/n", root=tmp_path) is None
    fails(errno.EACCES)
    with pytest.raises(PermissionError):
        usage.read("/orlop/n", root=tmp_path)


def test_a_node_s_figures_leave_out_what_has_ended(tmp_path: Path) -> None:
    for group, cpu_nanos in (("orlop/n", 9), ("orlop/n/u", 7), ("orlop/n/u/a", 3)):
        write_v1(tmp_path, group, cpu_nanos=cpu_nanos, used=4_194_304)
    found = usage.read_node("/orlop/n", {"u": ["a", "b"], "v": ["c"]}, root=tmp_path, clock=lambda: NOW)
    assert found == NodeUsage(Usage(NOW, 9, 0), {"u": Usage(NOW, 7, 0)}, {"a": Usage(NOW, 3, 0)})


def test_a_node_that_never_had_a_pod_has_used_nothing(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    assert usage.read_node("/orlop/n", {}, root=tmp_path, clock=lambda: NOW) == NodeUsage(Usage(NOW, 0, 0), {}, {})
