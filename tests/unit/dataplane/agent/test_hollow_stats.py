"""What simulated nodes say they use."""

from __future__ import annotations

from dataplane.agent.hollow_stats import hollow_stats
from tests.unit.dataplane.agent.test_stats import pod


def test_hollow_pods_hold_a_little_memory_and_never_use_more_cpu() -> None:
    pods = [pod("web", runs={"web": "1", "log": "2"}), pod("waits", runs={})]
    earlier, later = hollow_stats(pods, 10.0), hollow_stats(pods, 20.0)
    assert [one.name for one in later.pods] == ["web"]
    assert [one.name for one in later.pods[0].containers] == ["web", "log"]
    assert later.node.time_nanos - earlier.node.time_nanos == 10_000_000_000
    assert later.node.cpu_nanos == earlier.node.cpu_nanos > 0
    assert later.pods[0].usage.working_set_bytes == 2 << 20
    assert later.node.working_set_bytes - hollow_stats([], 20.0).node.working_set_bytes == 2 << 20
