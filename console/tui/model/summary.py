"""The line at the top: which cluster, how it is, and whether what one sees is current."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from console.tui.model.sanitize import clean
from console.tui.model.spans import Line, Span, line_width, spread
from console.tui.model.states import State
from controlplane.api.objects import condition_is, is_terminating
from protos.v1 import core_pb2 as core


@dataclass(frozen=True, slots=True)
class Count:
    """How many of them are as they should be."""

    well: int = 0
    total: int = 0
    known: bool = False

    @property
    def state(self) -> State:
        if self.well == self.total:
            return State.WELL
        return State.WAITING if self.well else State.FAILING


@dataclass(frozen=True, slots=True)
class Link:
    """Whether changes reach us. `since` is the moment the state began, `message` why there is no link."""

    state: str = "connecting"
    since: float = 0.0
    message: str = ""

    @property
    def is_live(self) -> bool:
        return self.state == "live"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who looks at what."""

    context: str = ""
    user: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    nodes: Count = Count()
    pods: Count = Count()


def count_nodes(nodes: Iterable[core.Node]) -> Count:
    ready = [condition_is(node.status.conditions, "Ready") for node in nodes]
    return Count(sum(ready), len(ready), known=True)


def counts_as_pod(pod: core.Pod) -> bool:
    """Pods that have ended by themselves or are on their way out are nobody's worry."""
    return pod.status.phase != "Succeeded" and not is_terminating(pod)


def is_well(pod: core.Pod) -> bool:
    return condition_is(pod.status.conditions, "Ready")


def header(identity: Identity, summary: Summary, link: Link, *, now: float, cells: int) -> Line:
    left: list[Span] = [Span(" orlop ", "accent"), Span(" ")]
    told = [clean(part) for part in (identity.context, identity.user, identity.version) if part]
    for place, part in enumerate(told):
        left += [Span(" · ", "faint")] * bool(place) + [Span(part, "strong" if place == 0 else "dim")]
    figures = (*_count("nodes", summary.nodes), Span("   "), *_count("pods", summary.pods))
    badge = _badge(link, now)
    middle = max(38, line_width(left) + 4)
    if middle + line_width(figures) + line_width(badge) + 3 > cells:
        middle = line_width(left) + 3
    if middle + line_width(figures) + line_width(badge) + 3 > cells:
        left, middle = left[:3], line_width(left[:3]) + 3
    gap = Span(" " * (middle - line_width(left)))
    return spread((*left, gap, *figures), badge, cells)


def _count(word: str, count: Count) -> Line:
    if not count.known:
        return (Span(f"{word} ", "dim"), Span("–", "faint"))
    state = count.state
    return (Span(f"{word} ", "dim"), Span(f"{count.well}/{count.total} "), Span(state.glyph, state.role))


def _badge(link: Link, now: float) -> Line:
    if link.is_live:
        return (Span("● live ", "ok"),)
    if link.state == "connecting":
        return (Span("◐ connecting ", "wait"),)
    return (Span(f"▲ stale {_clock(now - link.since)} ", "bad"),)


def _clock(seconds: float) -> str:
    whole = max(int(seconds), 0)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min"
