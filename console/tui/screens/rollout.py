"""A rollout while it happens: old and new ReplicaSet side by side, with pause, resume and undo at one key."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from console.tui import keys
from console.tui.model import drill, rolloutlines
from console.tui.model.desk import Desk
from console.tui.model.rollout import Availability, Rollout, look
from console.tui.model.sanitize import clean
from console.tui.model.spans import EMPTY, Line, Span, line
from console.tui.model.views import LogsPlace, Pause, Restart, RolloutPlace, Source, TextPlace, Undo
from console.tui.screens.asking import ask_images, ask_scale
from console.tui.screens.page import Delivered, Page
from console.tui.widgets.board import Board
from controlplane.api import registry
from controlplane.api.objects import ApiObject, Key, key_of
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core


class RolloutScreen(Page):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.ROLLOUT]

    def __init__(self, place: RolloutPlace, source: Source, desk: Desk) -> None:
        super().__init__(source, desk)
        self._target = place.target
        self._replica_sets: dict[Key, apps.ReplicaSet] = {}
        self._pods: dict[Key, core.Pod] = {}
        self._synced: set[str] = set()
        self._availability = Availability()
        self._compare = 0
        self._view: Rollout | None = None

    def content(self) -> ComposeResult:
        yield Board(self._lines, id="rollout")

    def on_mount(self) -> None:
        namespace = self._target.key.namespace

        def is_near(obj: ApiObject) -> bool:
            return obj.metadata.namespace == namespace

        self.subscribe(registry.DEPLOYMENTS, lambda obj: key_of(obj) == self._target.key, of="deployment")
        self.subscribe(registry.REPLICA_SETS, is_near, of="replica sets")
        self.subscribe(registry.PODS, is_near, of="pods")
        self.set_interval(1.0, self._look)

    def on_delivered(self, event: Delivered) -> None:
        caches: dict[str, dict[Key, Any]] = {"replica sets": self._replica_sets, "pods": self._pods}
        kept = caches.get(event.of, {})
        kept.update({key_of(obj): obj for obj in event.batch.changed})
        for key in event.batch.gone:
            kept.pop(key, None)
        if event.batch.is_synced:
            self._synced.add(event.of)
        self._look()

    @property
    def _deployment(self) -> apps.Deployment | None:
        return self.source.get(registry.DEPLOYMENTS, self._target.key)  # type: ignore[return-value]

    def _look(self) -> None:
        deployment = self._deployment
        if deployment is None or len(self._synced) < 3:
            return
        keeps, now = drill.pods_of(deployment).keeps, self.source.now()
        pods = [pod for pod in self._pods.values() if keeps(pod)]
        self._view = look(deployment, self._replica_sets.values(), pods, now, compare=self._compare)
        self._availability.add(now, self._view.ready, self._view.promised)
        self.query_one("#rollout", Board).redraw()
        self.retitle()
        self.why(self._last_words(deployment))
        self.refresh_bindings()

    def _last_words(self, deployment: apps.Deployment) -> Line:
        if self._view is None or self._view.failed:
            return line("u goes back to the revision before") if self._view else EMPTY
        if self._view.paused:
            return line("nothing is replaced until r resumes the rollout")
        if not self._view.done:
            return line(("the next pod is replaced when the new one is ", "dim"), self._view.gate)
        return line((f"u goes back to revision {self._view.compared}", "dim")) if self._view.compared else EMPTY

    def _events(self) -> list[core.Event]:
        """Of the deployment and of all that is its own, oldest first."""
        mine: list[ApiObject] = [d for d in [self._deployment] if d is not None]
        if self._view is not None:
            names = {side.name for side in (self._view.old, self._view.new) if side is not None}
            mine += [rs for rs in self._replica_sets.values() if rs.metadata.name in names]
            keeps = drill.pods_of(mine[0]).keeps if mine else lambda _pod: False
            mine += [pod for pod in self._pods.values() if keeps(pod)]
        found = {id(event): event for obj in mine for event in self.source.events_of(obj)}
        return sorted(found.values(), key=lambda event: (event.last_timestamp.seconds, event.metadata.name))

    def _lines(self, width: int, height: int) -> list[Line]:
        if self._view is None:
            missing = self._synced and self._deployment is None
            told = f"no deployment {clean(self._target.key.name)}" if missing else "loading …"
            return [EMPTY, (Span(f"   {told}", "dim"),)]
        return rolloutlines.page(
            self._view, self._availability, self._events(), self.source.now(), width=width, height=height)  # fmt: skip

    def title_line(self, width: int) -> Line:
        if self._view is None:
            return line((" rollout  ", "strong"), (clean(str(self._target)), "accent"))
        return rolloutlines.title_line(self._view, self.source.now(), width)

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "pause" and self._view is not None:
            return self._view.paused != parameters[0]
        if action == "compare":
            return self._view is not None and len(self._view.revisions) > 2
        return action != "filter"

    def action_pause(self, paused: bool) -> None:
        self.console.do(Pause(self._target, paused))

    def action_undo(self) -> None:
        """Back to the revision that is being compared with, which is the one before unless another was chosen."""
        self.console.do(Undo(self._target, self._compare))
        self._compare = 0

    def action_compare(self, step: int) -> None:
        if self._view is None:
            return
        others = [entry.number for entry in self._view.revisions if entry.number != self._view.current]
        if others:
            at = others.index(self._view.compared) if self._view.compared in others else len(others) - 1
            self._compare = others[max(0, min(at + step, len(others) - 1))]
            self._look()

    def action_image(self) -> None:
        if self._deployment is not None:
            ask_images(self, self._deployment, self._look)

    def action_scale(self) -> None:
        if self._deployment is not None:
            ask_scale(self, self._deployment)

    def action_restart(self) -> None:
        self.console.do(Restart(self._target))

    def action_logs(self) -> None:
        self.console.go(LogsPlace(self._target))

    def action_yaml(self) -> None:
        self.console.go(TextPlace(self._target, "yaml"))
