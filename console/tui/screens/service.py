"""A service and its endpoints, as the data plane is told of them."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from console.tui import keys
from console.tui.model import backends, drill
from console.tui.model.desk import Desk
from console.tui.model.sanitize import clean
from console.tui.model.spans import EMPTY, Line, Span, fit, line
from console.tui.model.store import Store
from console.tui.model.views import LogsPlace, ServicePlace, Source, TextPlace, target_of
from console.tui.model.why import subject, why
from console.tui.screens.page import Delivered, Page
from console.tui.widgets.board import Board
from console.tui.widgets.grid import Grid
from controlplane.api import registry
from controlplane.api.objects import ApiObject, Key, key_of
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery


class ServiceScreen(Page):
    BINDINGS: ClassVar[list[BindingType]] = [keys.CHOOSE, *keys.SERVICE]
    hint_words: ClassVar[dict[str, str]] = {"grid.choose": "pod"}

    def __init__(self, place: ServicePlace, source: Source, desk: Desk) -> None:
        super().__init__(source, desk)
        self._target = place.target
        self._store = Store(backends.COLUMNS)
        self._slices: dict[Key, discovery.EndpointSlice] = {}
        self._pods: dict[Key, core.Pod] = {}
        self._seen = False

    def content(self) -> ComposeResult:
        yield Board(self._head, id="service")
        yield Grid(self._store, empty="loading …")

    def on_mount(self) -> None:
        key = self._target.key

        def is_mine(obj: ApiObject) -> bool:
            return obj.metadata.namespace == key.namespace and obj.metadata.labels.get(drill.SERVICE_NAME) == key.name

        def is_near(obj: ApiObject) -> bool:
            return obj.metadata.namespace == key.namespace

        self.subscribe(registry.SERVICES, lambda obj: key_of(obj) == key, of="service")
        self.subscribe(registry.ENDPOINT_SLICES, is_mine, of="slices")
        self.subscribe(registry.PODS, is_near, of="pods")
        self.set_interval(1.0, self._tick)

    @property
    def _service(self) -> core.Service | None:
        return self.source.get(registry.SERVICES, self._target.key)  # type: ignore[return-value]

    def on_delivered(self, event: Delivered) -> None:
        caches: dict[str, dict[Key, Any]] = {"slices": self._slices, "pods": self._pods}
        kept = caches.get(event.of, {})
        kept.update({key_of(obj): obj for obj in event.batch.changed})
        for key in event.batch.gone:
            kept.pop(key, None)
        if event.of == "service":
            self.query_one("#service", Board).redraw()
        self._show(marked=self._seen)
        self._seen = self._seen or (event.of == "slices" and event.batch.is_synced)
        self.query_one(Grid).show_empty("no endpoints" if self._seen else "loading …")

    def _show(self, *, marked: bool) -> None:
        now = self.source.now()
        fresh = backends.rows(self._slices.values(), self._pods, now)
        changed = [row for row in fresh if self._store.get(row.key) != row]
        present = {row.key for row in fresh}
        self._store.remove([row.key for row in list(self._store.rows()) if row.key not in present])
        self._store.put(changed, now, marked=marked)
        self.query_one(Grid).update_rows([row.key for row in changed])
        self.retitle()

    def _tick(self) -> None:
        if self.is_in_view:
            self.query_one(Grid).redraw_rows(self._store.fade(self.source.now()))
            self._show(marked=True)

    def _head(self, width: int, _height: int) -> list[Line]:
        service = self._service
        return backends.head(service, width) if service is not None else [EMPTY]

    def title_line(self, width: int) -> Line:
        told = backends.summary(self._store.rows()) if self._seen else "loading …"
        return fit(
            line((" service  ", "strong"), (clean(str(self._target)), "accent"), ("  ns:", "dim"),
                 clean(self._target.key.namespace), (f"   {told}", "dim")), width)  # fmt: skip

    @on(Grid.Moved)
    def _moved(self, event: Grid.Moved) -> None:
        pod = event.row.object if event.row is not None else None
        if pod is None:
            self.why(EMPTY)
            return
        told = why(pod, self.source.events_of(pod), self.source.now())
        self.why((Span(subject(pod), "strong"), Span("  "), Span(told)))

    @on(Grid.Chosen)
    def action_choose(self) -> None:
        row = self.query_one(Grid).current
        if row is not None and row.object is not None:
            self.console.go(TextPlace(target_of(row.object), "describe"))

    def action_logs(self) -> None:
        row = self.query_one(Grid).current
        if row is not None and row.object is not None:
            self.console.go(LogsPlace(target_of(row.object)))

    def action_describe(self) -> None:
        self.console.go(TextPlace(self._target, "describe"))

    def action_yaml(self) -> None:
        self.console.go(TextPlace(self._target, "yaml"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "filter"
