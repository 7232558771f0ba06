"""What one key does to the row under the cursor, or to the rows marked."""

from __future__ import annotations

from typing import Any, Literal

from textual import on

from console.tui.model import drill
from console.tui.model.sanitize import clean
from console.tui.model.spans import EMPTY, line
from console.tui.model.store import Store
from console.tui.model.views import Cordon, Edit, LogsPlace, Restart, RolloutPlace, Target, TextPlace, Undo, target_of
from console.tui.model.why import subject, why
from console.tui.screens.asking import ask_delete, ask_images, ask_scale
from console.tui.screens.page import Page
from console.tui.widgets.grid import Grid
from controlplane.api import registry
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core


class RowKeys(Page):
    """A page with a grid of objects of one kind."""

    kind: Kind[Any]
    store: Store

    @property
    def grid(self) -> Grid:
        raise NotImplementedError

    @property
    def current(self) -> ApiObject | None:
        """The object under the cursor."""
        row = self.grid.current if self.is_mounted else None
        return row.object if row is not None else None

    def targets(self) -> list[Target]:
        """The marked objects, or else the one under the cursor."""
        if self.store.picked:
            return [Target(self.kind, key) for key in sorted(self.store.picked)]
        return [target_of(self.current)] if self.current is not None else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cordon" and isinstance(self.current, core.Node) and not self.store.picked:
            return self.current.spec.unschedulable != parameters[0]
        return drill.can(self.kind, action)

    @on(Grid.Moved)
    def _moved(self) -> None:
        self.tell_why()
        if self.kind is registry.NODES:
            self.refresh_bindings()

    def tell_why(self) -> None:
        obj = self.current
        if obj is None:
            self.why(EMPTY)
            return
        told = why(obj, self.source.events_of(obj), self.source.now())
        self.why(line((subject(obj), "strong"), "  ", (told, "plain")))

    # Going places.

    @on(Grid.Chosen)
    def action_choose(self) -> None:
        obj = self.current
        if obj is not None and self.kind is registry.NAMESPACES:
            self.console.use_namespace(obj.metadata.name)
        elif obj is not None:
            self.console.go(drill.place_of(obj))

    def action_describe(self) -> None:
        self._go_to_text("describe")

    def action_yaml(self) -> None:
        self._go_to_text("yaml")

    def _go_to_text(self, form: Literal["describe", "yaml"]) -> None:
        if self.current is not None:
            self.console.go(TextPlace(target_of(self.current), form))

    def action_logs(self) -> None:
        if self.current is not None:
            self.console.go(LogsPlace(target_of(self.current)))

    def action_rollout(self) -> None:
        obj = self.current
        if isinstance(obj, apps.Deployment):
            self.console.go(RolloutPlace(target_of(obj)))
        elif obj is not None and (owner := drill.owner_deployment(obj)) is not None:
            self.console.go(RolloutPlace(owner))

    # Doing things.

    def action_scale(self) -> None:
        if isinstance(self.current, apps.Deployment | apps.ReplicaSet):
            ask_scale(self, self.current)

    def action_image(self) -> None:
        if isinstance(self.current, apps.Deployment):
            ask_images(self, self.current, self.action_rollout)

    def action_undo(self) -> None:
        for target in self.targets():
            self.console.do(Undo(target))

    def action_restart(self) -> None:
        for target in self.targets():
            self.console.do(Restart(target))

    def action_cordon(self, unschedulable: bool) -> None:
        for target in self.targets():
            self.console.do(Cordon(target, unschedulable))

    def action_edit(self) -> None:
        if self.current is not None:
            self.console.do(Edit(target_of(self.current)))

    def action_delete(self) -> None:
        targets = self.targets()
        if targets:
            hidden = sum(self.store.index_of(target.key) is None for target in targets)
            ask_delete(self, targets, hidden=hidden, then=self.action_pick_none)

    # Marking and copying.

    def action_pick(self) -> None:
        row = self.grid.current
        if row is not None:
            self.store.toggle_picked(row.key)
            self.grid.redraw_rows([row.key])
            self.grid.action_down()
            self.retitle()

    def action_pick_none(self) -> None:
        picked = list(self.store.picked)
        self.store.picked.clear()
        self.grid.redraw_rows(picked)
        self.retitle()

    def action_copy(self) -> None:
        if self.current is not None:
            self.app.copy_to_clipboard(self.current.metadata.name)
            self.say(f"copied {clean(self.current.metadata.name)}")
