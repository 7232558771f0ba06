"""The rollout page as lines: both sides, availability, the template's changes, the revisions, what happened last."""

from __future__ import annotations

from collections.abc import Sequence

from console.printers import events as event_printer
from console.printers.ages import age
from console.tui.model.rollout import Availability, PodLine, Rollout, Side
from console.tui.model.sanitize import clean, pad
from console.tui.model.spans import EMPTY, Line, Role, Span, beside, fit, line_width, spread
from controlplane.api.rollouts import Revision
from protos.v1 import core_pb2 as core

_LEVELS = "▁▂▃▄▅▆▇█"
_LABEL = 14
_BAR = 10
# Two sides take no more than this together; from `_ROOMY` on a side has room for everything.
_WIDEST = 140
_ROOMY = 48
_MOST_CHANGES = 6


def title_line(of: Rollout, now: float, cells: int) -> Line:
    spans = [Span(" rollout  ", "strong"), Span(f"deploy/{of.name}  ", "accent")]
    if of.new is not None:
        came = of.old is not None and not of.done and of.old.revision
        spans += [Span("rev ", "dim"), Span(f"{of.old.revision} → " if came and of.old else ""), Span(f"{of.current}  ")]
    spans += _progress(of)
    started = (Span(f"started {age(now - of.started)} ago ", "dim"),) if of.started and not of.done else EMPTY
    return spread(tuple(span for span in spans if span.text), started, cells)


def _progress(of: Rollout) -> list[Span]:
    if of.failed:
        return [Span(f"▲ {of.message}", "bad")]
    if of.paused:
        return [Span(f"‖ paused: {of.message}", "wait")]
    return [Span("● rolled out", "ok")] if of.done else [Span(f"◐ {of.message}", "wait")]


def page(
    of: Rollout, availability: Availability, events: Sequence[core.Event], now: float, *, width: int, height: int
) -> list[Line]:
    """`events` oldest first. The pods get what room the rest leaves."""
    facts = (_availability(of, availability, width), _template(of), _timeline(of, width))
    below = [line for fact in facts for line in (EMPTY, *fact)]
    room = max(height - len(below) - 2, 4)
    across = min(width, _WIDEST)
    half = across // 2
    sides = beside(
        _side(of.old, of, "before", room=room, cells=half), _side(of.new, of, "after", room=room, cells=half), across
    )
    if of.older_pods:
        sides.append((Span(f" {of.older_pods} pods of older revisions", "dim"),))
    lines = [*sides, *below]
    left = height - len(lines) - 1
    if left > 1 and events:
        lines += [EMPTY, *_events(events, now, left)]
    return [fit(line, width) for line in lines[:height]]


def _side(side: Side | None, of: Rollout, word: str, *, room: int, cells: int) -> list[Line]:
    if side is None:
        return [
            (Span(f" {word}  ", "dim"), Span("nothing yet" if word == "after" else "nothing: the first revision", "faint"))
        ]
    head = _head(side, of, cells)
    shown, rest = side.pods, 0
    if len(shown) > room:
        shown, rest = _telling(shown, room - 1), len(shown) - room + 1
    nodes = max((len(pod.node) for pod in shown), default=0)
    words = max((len(pod.word) for pod in shown), default=0)
    lines = [head, *(_pod(pod, nodes, words) for pod in shown)]
    if rest:
        lines.append((Span(f"   and {rest} more", "dim"),))
    return lines if side.pods else [*lines, (Span("   no pods", "faint"),)]


def _head(side: Side, of: Rollout, cells: int) -> Line:
    """On a narrow screen the ReplicaSet goes by the end of its name, which is what differs."""
    whole = max(of.replicas, len(side.pods), 1)
    length = _BAR if cells >= _ROOMY else _BAR // 2
    full = round(length * min(side.ready, whole) / whole)
    name = side.name if cells >= _ROOMY else side.name.removeprefix(f"{of.name}-")
    return (
        Span(f" rev {side.revision or '–'}  ", "strong"), Span(f"{name}  ", "dim"), Span("█" * full, "accent"),
        Span("░" * (length - full), "faint"), Span(f"  {side.ready} of {of.replicas}"))  # fmt: skip


def _telling(pods: Sequence[PodLine], room: int) -> tuple[PodLine, ...]:
    """Those that are not simply well come first."""
    order = {"▲": 0, "◐": 1, "◌": 2}
    return tuple(sorted(pods, key=lambda pod: order.get(pod.state.glyph, 3))[:room])


def _pod(pod: PodLine, nodes: int, words: int) -> Line:
    state, dim = pod.state, pod.state.role in ("dim",)
    return (
        Span("   "), Span(state.glyph, state.role), Span(f" {pad(pod.name, 7)}", "dim" if dim else "plain"),
        Span(f"{pad(pod.node or '–', max(nodes, 1))}  ", "dim"),
        Span(f"{pad(pod.word, words)}  ", "plain" if state.role == "ok" else state.role), Span(pod.note, "dim"))  # fmt: skip


def _label(word: str) -> Span:
    return Span(pad(f" {word}", _LABEL), "dim")


def _availability(of: Rollout, availability: Availability, width: int) -> list[Line]:
    told = f"  never under {availability.lowest} of {of.replicas}   promised {of.promised}"
    room = max(min(width - _LABEL - len(told) - 1, 60), 8)
    shown = list(availability.moments)[-room:]
    top = max([of.replicas, *(moment.ready for moment in shown)], default=1) or 1
    bars = tuple(
        Span(_LEVELS[round(moment.ready / top * (len(_LEVELS) - 1))], "bad" if moment.ready < moment.promised else "accent")
        for moment in shown
    )
    broken = availability.was_broken
    return [(_label("availability"), *bars, Span(told, "bad" if broken else "dim"))]


def _template(of: Rollout) -> list[Line]:
    if not of.compared:
        return [(_label("template"), Span("no other revision to compare with", "faint"))]
    head = Span(f"since rev {of.compared}", "dim")
    if not of.changes:
        return [(_label("template"), head, Span("  the same", "faint"))]
    lines: list[Line] = [(_label("template"), head)]
    lines += [(Span(" " * _LABEL), *change.line()) for change in of.changes[:_MOST_CHANGES]]
    if len(of.changes) > _MOST_CHANGES:
        lines.append((Span(" " * _LABEL), Span(f"and {len(of.changes) - _MOST_CHANGES} more; y shows all", "dim")))
    return lines


def _timeline(of: Rollout, width: int) -> list[Line]:
    entries = [_entry(revision, of) for revision in of.revisions]
    while len(entries) > 1 and sum(line_width(entry) + 4 for entry in entries) > width - _LABEL:
        entries.pop(0)
    spans: list[Span] = [_label("revisions")]
    for index, entry in enumerate(entries):
        spans += [Span(" ── ", "faint")] * bool(index) + list(entry)
    lines: list[Line] = [tuple(spans)]
    compared = next((revision for revision in of.revisions if revision.number == of.compared), None)
    if compared is not None:
        images = ", ".join(container.image for container in compared.template.spec.containers)
        cause = f"  {compared.change_cause}" if compared.change_cause else ""
        lines.append((Span(" " * _LABEL), Span(clean(f"rev {compared.number}: {images}{cause}"), "dim")))
    return lines


def _entry(revision: Revision, of: Rollout) -> Line:
    if revision.number == of.current:
        glyph: tuple[str, Role] = ("●", "ok") if of.done else ("▲", "bad") if of.failed else ("◐", "wait")
        return (Span(f"rev {revision.number} ", "strong"), Span(*glyph))
    if revision.number == of.compared:
        return (Span(f"[rev {revision.number}]", "accent"),)
    return (Span(f"rev {revision.number}", "dim"),)


def _events(events: Sequence[core.Event], now: float, room: int) -> list[Line]:
    """The newest first."""
    lines: list[Line] = []
    for event in list(reversed(events))[:room]:
        when = pad(age(now - event_printer.last_seen(event)), 6, right=True)
        role: Role = "wait" if event.type == "Warning" else "dim"
        lines.append((
            _label("events" if not lines else ""), Span(f"{when}  ", "faint"), Span(pad(clean(event.reason), 18), role),
            Span(f" {clean(event.message)}")))  # fmt: skip
    return lines
