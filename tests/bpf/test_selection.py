"""How flows are spread over backends, and what moves when the set changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from dataplane.network.desired import Backend
from tests.bpf.conftest import CLIENT, NODE, NODE_PORT, Bench
from tests.support.packets import Packet

FLOWS = 1500


def backends(count: int) -> list[Backend]:
    return [Backend(f"10.245.0.{number + 2}", 8080, local=True) for number in range(count)]


def chosen(bench: Bench) -> list[str]:
    """The backend of each of many clients, with nothing remembered."""
    bench.forget()
    packet = Packet(CLIENT, 0, NODE, NODE_PORT)
    return [bench.sent(replace(packet, source_port=10000 + number)).destination for number in range(FLOWS)]


@pytest.mark.parametrize("count", [2, 3, 10, 16, 40])
def test_flows_are_spread_evenly(bench: Bench, count: int) -> None:
    bench.serve(*backends(count))
    share = FLOWS / count
    spread = Counter(chosen(bench))
    assert len(spread) == count
    # Five standard deviations of what chance alone would do.
    assert all(abs(number - share) < 5 * share**0.5 for number in spread.values()), spread


@pytest.mark.parametrize("leaving", [0, 4, 9])
def test_removing_a_backend_moves_its_flows_only(bench: Bench, leaving: int) -> None:
    present = backends(10)
    bench.serve(*present)
    before = chosen(bench)
    gone = present.pop(leaving)
    bench.serve(*present)
    after = chosen(bench)
    assert all(new == old for old, new in zip(before, after, strict=True) if old != gone.address)
    assert gone.address not in after


def test_every_node_chooses_alike(bench: Bench) -> None:
    """The service's number, the generation of its slots and what came before are a node's own and must not matter."""
    bench.serve(*backends(7))
    before = chosen(bench)
    bench.serve(*backends(3))
    bench.serve()
    bench.serve(port=31000)
    bench.serve(*backends(7))
    assert chosen(bench) == before
