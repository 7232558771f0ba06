"""From figures that only grow to what is used on average between two samples. Pure.

Figures are kept by what they are of: a container's id, or NODE. A rate takes two samples of the same thing that are some
time apart: too little and the clock's steps show, too much and the average says nothing of now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protos.v1 import node_pb2

NODE = ""
NANOS = 1_000_000_000
SHORTEST_NANOS, LONGEST_NANOS = NANOS, 60 * NANOS

Figures = Mapping[str, node_pb2.Usage]


@dataclass(frozen=True, slots=True)
class Rate:
    """CPU on average over the window that ended at `time_nanos`; the working set at its end."""

    time_nanos: int
    window_nanos: int
    cpu_nanocores: int
    working_set_bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A node, and its pods: uid -> container's name -> rate."""

    node: Rate
    pods: Mapping[str, Mapping[str, Rate]]


def rate(before: node_pb2.Usage | None, after: node_pb2.Usage) -> Rate | None:
    """None if the two make no rate: too near, too far apart, or counted from different beginnings."""
    if before is None:
        return None
    window, grown = after.time_nanos - before.time_nanos, after.cpu_nanos - before.cpu_nanos
    if not SHORTEST_NANOS <= window <= LONGEST_NANOS or grown < 0:
        return None
    return Rate(after.time_nanos, window, grown * NANOS // window, after.working_set_bytes)


def figures(stats: node_pb2.StatsResponse) -> Figures:
    return {NODE: stats.node} | {one.id: one.usage for pod in stats.pods for one in pod.containers}


def completed(before: Figures, now: Figures) -> Figures:
    """Of all that there is now a figure to reckon the next rate from: the one before where it serves, or that of now."""
    return {key: before[key] if rate(before.get(key), usage) else usage for key, usage in now.items()}


def is_complete(before: Figures, now: Figures) -> bool:
    """Whether there is a rate of all that there is now."""
    return all(rate(before.get(key), usage) for key, usage in now.items())


def measured(before: Figures, stats: node_pb2.StatsResponse) -> Measured | None:
    """None without a rate of the node. A pod is there with all of its containers or not at all: half of them would pass for
    the whole."""
    node = rate(before.get(NODE), stats.node)
    if node is None:
        return None
    pods = {pod.uid: {one.name: rate(before.get(one.id), one.usage) for one in pod.containers} for pod in stats.pods}
    whole = {uid: {name: one for name, one in found.items() if one} for uid, found in pods.items()}
    return Measured(node, {uid: rates for uid, rates in whole.items() if len(rates) == len(pods[uid])})
