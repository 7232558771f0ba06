"""What two samples say of the time between them."""

from __future__ import annotations

import pytest

from controlplane.server.usage import rates
from controlplane.server.usage.rates import NANOS, NODE, Rate
from protos.v1 import node_pb2

BEGAN = 1_795_347_600 * NANOS


def usage(seconds: float, cpu_seconds: float, bytes_used: int = 4096) -> node_pb2.Usage:
    time_nanos = BEGAN + int(seconds * NANOS)
    return node_pb2.Usage(time_nanos=time_nanos, cpu_nanos=int(cpu_seconds * NANOS), working_set_bytes=bytes_used)


def stats(seconds: float, node: float, **pods: dict[str, float]) -> node_pb2.StatsResponse:
    """`pods` are CPU seconds by the container's name; a container's id is `pod/name`, a pod's uid its name."""
    made = node_pb2.StatsResponse(node=usage(seconds, node))
    for uid, containers in pods.items():
        pod = made.pods.add(uid=uid)
        for name, cpu_seconds in containers.items():
            pod.containers.add(name=name, id=f"{uid}/{name}", usage=usage(seconds, cpu_seconds))
    return made


def test_a_rate_is_what_was_used_over_the_time_between_and_the_memory_of_the_end() -> None:
    found = rates.rate(usage(0, 10, 1 << 20), usage(15, 13, 2 << 20))
    assert found == Rate(BEGAN + 15 * NANOS, 15 * NANOS, cpu_nanocores=200_000_000, working_set_bytes=2 << 20)


def test_two_cpus_in_full_use_are_two_cores() -> None:
    found = rates.rate(usage(0, 0), usage(2.5, 5))
    assert found is not None
    assert found.cpu_nanocores == 2 * NANOS


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, usage(0, 1)), (usage(0, 1), usage(0.99, 2)), (usage(0, 1), usage(61, 2)), (usage(5, 1), usage(0, 2)),
     (usage(0, 5), usage(10, 1))],
    ids=["no sample before", "too near", "too far apart", "the clock was set back", "counted anew, after a restart"],
)  # fmt: skip
def test_some_samples_make_no_rate(before: node_pb2.Usage | None, after: node_pb2.Usage) -> None:
    assert rates.rate(before, after) is None
    assert not rates.is_complete({"a": before} if before else {}, {"a": after})


def test_every_container_is_measured_by_its_name() -> None:
    before = rates.figures(stats(0, 0, web={"web": 0, "log": 0}, db={"db": 5}))
    now = stats(10, 4, web={"web": 2, "log": 1}, db={"db": 5})
    found = rates.measured(before, now)
    assert found is not None
    assert rates.is_complete(before, rates.figures(now))
    assert found.node.cpu_nanocores == 400_000_000
    cores = {uid: {name: one.cpu_nanocores for name, one in pod.items()} for uid, pod in found.pods.items()}
    assert cores == {"web": {"web": 200_000_000, "log": 100_000_000}, "db": {"db": 0}}


def test_a_pod_of_which_a_container_has_no_rate_yet_is_left_out_whole() -> None:
    before = rates.figures(stats(0, 0, web={"web": 0}, db={"db": 0}))
    found = rates.measured(before, stats(10, 1, web={"web": 1, "log": 1}, db={"db": 1}))
    assert found is not None
    assert set(found.pods) == {"db"}


def test_nothing_is_known_of_a_node_that_has_no_rate_itself() -> None:
    assert rates.measured({}, stats(10, 1)) is None


def test_what_is_new_is_reckoned_from_now_and_the_rest_from_before() -> None:
    before = rates.figures(stats(0, 0, web={"web": 0}, gone={"gone": 0}))
    middle = stats(10, 1, web={"web": 1, "log": 1})
    assert not rates.is_complete(before, rates.figures(middle))
    base = rates.completed(before, rates.figures(middle))
    assert set(base) == {NODE, "web/web", "web/log"}
    found = rates.measured(base, stats(11, 2, web={"web": 3, "log": 1.5}))
    assert found is not None
    web = found.pods["web"]
    assert (web["web"].window_nanos, web["web"].cpu_nanocores) == (11 * NANOS, 3 * NANOS // 11)
    assert (web["log"].window_nanos, web["log"].cpu_nanocores) == (NANOS, NANOS // 2)
