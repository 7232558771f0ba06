"""What a whole machine uses."""

from __future__ import annotations

import os
import time

from dataplane.agent.machine_usage import machine_usage, read_machine_usage
from dataplane.runtime.types import Usage

STAT = """\
cpu  1000 20 300 900000 70 4 50 6000 800 0
cpu0 500 10 150 450000 35 2 25 3000 400 0
intr 1
"""
MEMINFO = """\
MemTotal:       24684092 kB
MemFree:        22780480 kB
MemAvailable:   23525476 kB
Inactive:         899172 kB
Inactive(anon):   655568 kB
Inactive(file):   243604 kB
HugePages_Total:       0
"""


def test_waiting_and_stolen_time_is_not_used_and_guests_count_once() -> None:
    found = machine_usage(STAT, MEMINFO, now_nanos=5, ticks_per_second=100)
    ticks = 1000 + 20 + 300 + 4 + 50
    assert found == Usage(5, ticks * 10_000_000, (24684092 - 22780480 - 243604) * 1024)


def test_this_machine_s_figures_grow_with_work_and_fit_into_its_memory() -> None:
    before = read_machine_usage()
    burnt = time.process_time() + 0.2
    while time.process_time() < burnt:
        pass
    after = read_machine_usage()
    assert after.cpu_nanos - before.cpu_nanos >= 150_000_000
    assert after.time_nanos > before.time_nanos
    assert 0 < after.working_set_bytes < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
