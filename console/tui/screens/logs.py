"""What pods write, as they write it. Several pods of a workload are shown together, and new ones join."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from console.tui import keys
from console.tui.model import drill
from console.tui.model.desk import Desk
from console.tui.model.highlight import log_line
from console.tui.model.sanitize import clean
from console.tui.model.spans import Line, Span, line, spread
from console.tui.model.texttitle import reading_place
from console.tui.model.views import LogLine, LogRequest, LogsPlace, Source
from console.tui.model.why import subject, why
from console.tui.screens.reading import TextPage
from console.tui.widgets.text import TextView
from controlplane.api import registry
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core

# What the digits ask for: seconds back, or None for the last lines, or for everything.
_TAIL = 500
_SINCE = (None, None, 60, 300, 900, 1800, 3600)
_SINCE_WORDS = ("", "from the start", "1 min", "5 min", "15 min", "30 min", "1 h")


@dataclass
class Spoke(Message):
    lines: Sequence[LogLine]


class LogsScreen(TextPage):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.LOGS]

    def __init__(self, place: LogsPlace, source: Source, desk: Desk) -> None:
        super().__init__(source, desk)
        self._target = place.target
        self._since = 0
        obj = source.get(place.target.kind, place.target.key)
        keeps = drill.pods_of(obj).keeps if obj is not None else lambda _pod: False
        self._containers = _containers(obj)
        self._request = LogRequest(keeps, place.target.kind is not registry.PODS, tail_lines=_TAIL)

    def content(self) -> ComposeResult:
        yield TextView(log_line, follow=True)

    def on_mount(self) -> None:
        self._listen()
        self._tell_why()
        self.set_interval(1.0, self._tell_why)

    def _listen(self) -> None:
        """From the beginning, with the present request."""
        self.release()
        self.view.clear()
        self.view.following = True
        self.hold(self.source.open_logs(self._request, self._said))
        self.retitle()

    def _said(self, lines: Sequence[LogLine]) -> None:
        self.post_message(Spoke(lines))

    def on_spoke(self, event: Spoke) -> None:
        self.view.append(event.lines)

    def _tell_why(self) -> None:
        obj = self.source.get(self._target.kind, self._target.key)
        if obj is not None:
            told = why(obj, self.source.events_of(obj), self.source.now())
            self.why(line((subject(obj), "strong"), "  ", (told, "plain")))

    def title_line(self, width: int) -> Line:
        told = [Span(" logs  ", "strong"), Span(clean(str(self._target)), "accent")]
        if self._request.container:
            told += [Span("  container:", "dim"), Span(clean(self._request.container))]
        if self._request.previous:
            told.append(Span("  previous run", "wait"))
        if self._since:
            told.append(Span(f"  {_SINCE_WORDS[self._since]}", "dim"))
        told.append(Span("  ● following", "ok") if self.view.following else Span("  ○ stopped here", "dim"))
        if self.view.lines.dropped:
            told.append(Span(f"  {self.view.lines.dropped} older lines dropped", "wait"))
        return spread(tuple(told), reading_place(self.view), width)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "container":
            return len(self._containers) > 1
        if action == "before":
            return self._target.kind is registry.PODS
        return True

    def _ask(self, **changes: object) -> None:
        self._request = dataclasses.replace(self._request, **changes)  # type: ignore[arg-type]
        self._listen()

    def action_follow(self) -> None:
        self.view.following = not self.view.following
        if self.view.following:
            self.view.action_last()
        self.retitle()

    def action_timestamps(self) -> None:
        self._ask(timestamps=not self._request.timestamps)

    def action_before(self) -> None:
        self._ask(previous=not self._request.previous)

    def action_container(self) -> None:
        present = self._request.container or self._containers[0]
        following = self._containers.index(present) + 1 if present in self._containers else 0
        self._ask(container=self._containers[following % len(self._containers)])

    def action_since(self, choice: int) -> None:
        self._since = choice
        self._ask(tail_lines=None if choice else _TAIL, since_seconds=_SINCE[choice])


def _containers(obj: object) -> list[str]:
    match obj:
        case core.Pod():
            spec = obj.spec
        case apps.Deployment() | apps.ReplicaSet():
            spec = obj.spec.template.spec
        case _:
            return []
    return [container.name for container in (*spec.containers, *spec.init_containers)]
