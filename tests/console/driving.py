"""Drives the console in tests: an app on a fake cluster, and what stands on its screen."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from textual.pilot import Pilot
from textual.strip import Strip

from console.tui.app import ConsoleApp
from console.tui.model.summary import Identity
from console.tui.settings import Settings
from tests.console.fake_cluster import FakeCluster
from tests.support.waiting import eventually

WHO = Identity("lab", "admin", "v0.1.0")


def console(world: FakeCluster, **options: Any) -> ConsoleApp:
    """A console whose clock is the cluster's."""
    return ConsoleApp(world.client, identity=WHO, clock=lambda: world.now, **options)  # type: ignore[arg-type]


class Driver:
    """What an operator does and sees. `world` may be None for a real cluster."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None], world: FakeCluster | None) -> None:
        self.app, self.pilot, self._world = app, pilot, world

    @property
    def world(self) -> FakeCluster:
        assert self._world is not None
        return self._world

    def lines(self) -> list[str]:
        """The screen, line by line; behind a dialog, the dialog's."""
        return [strip.text for strip in self.strips()]

    def strips(self) -> list[Strip]:
        screen = self.app.screen
        return screen._compositor.render_strips(screen.size)

    @property
    def text(self) -> str:
        return "\n".join(self.lines())

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Letters and signs as they are typed."""
        names = {" ": "space", "/": "slash", ":": "colon", "-": "minus", "=": "equals_sign", ".": "full_stop",
                 "!": "exclamation_mark", ">": "greater_than_sign"}  # fmt: skip
        await self.pilot.press(*(names.get(letter, letter) for letter in text))

    async def command(self, text: str) -> None:
        await self.press("colon")
        await self.type(text)
        await self.press("enter")

    async def sees(self, *words: str, within: float = 5.0) -> None:
        """Waits until all of it stands on the screen."""

        async def seen() -> bool:
            await self.pilot.pause()
            text = self.text
            missing = [word for word in words if word not in text]
            assert not missing, f"{missing} not in\n{text}"
            return True

        await eventually(seen, within=within)

    async def sees_no(self, word: str, within: float = 5.0) -> None:
        async def unseen() -> bool:
            await self.pilot.pause()
            assert word not in self.text, f"{word!r} still in\n{self.text}"
            return True

        await eventually(unseen, within=within)

    async def step(self, times: int = 1, **options: Any) -> None:
        for _ in range(times):
            self.world.step(**options)
            await self.pilot.pause()


@contextlib.asynccontextmanager
async def driving(
    world: FakeCluster, *, size: tuple[int, int] = (120, 34), settings: Settings | None = None, **options: Any
) -> AsyncIterator[Driver]:
    app = console(world, chosen=settings, **options)
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot, world)
        yield driver
