"""How the console looks, as pictures. Look at a changed one before accepting it: `pytest --snapshot-update`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from console.tui.app import ConsoleApp
from console.tui.settings import Settings
from tests.console import scene
from tests.console.driving import Driver, console
from tests.console.fake_cluster import FakeCluster

Play = Callable[[Driver], Awaitable[None]]
Compare = Callable[..., bool]

SIZES = {"80x24": (80, 24), "120x34": (120, 34), "200x50": (200, 50)}


def played(world: FakeCluster, app: ConsoleApp, play: Play) -> Callable[[Pilot[Any]], Awaitable[None]]:
    async def before(pilot: Pilot[Any]) -> None:
        await play(Driver(app, pilot, world))
        await pilot.pause()

    return before


def picture(snap_compare: Compare, play: Play, *, size: str = "120x34", theme: str = "dark") -> None:
    world = scene.cluster()
    app = console(world, chosen=Settings(theme=theme))
    assert snap_compare(app, terminal_size=SIZES[size], run_before=played(world, app, play))


async def the_list(driver: Driver) -> None:
    await driver.sees("● live", "next try in 28s", "pods 4/5")


async def the_rollout(driver: Driver) -> None:
    """The page is opened late, so that what it remembers of the way there does not depend on the machine's pace."""
    scene.new_image(driver.world, "nginx:1.25")
    await driver.step(8)
    await driver.command("deploy")
    await driver.sees("nginx:1.25", "2 out of 3")
    await driver.press("r")
    await driver.sees("rev 1 → 2", "Terminating", "ready 1s", "the next pod is replaced")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_pods(snap_compare: Compare, size: str, theme: str) -> None:
    picture(snap_compare, the_list, size=size, theme=theme)


@pytest.mark.parametrize("size", SIZES)
def test_a_rollout_half_way(snap_compare: Compare, size: str) -> None:
    picture(snap_compare, the_rollout, size=size)


def page(keys: tuple[str, ...], *seen: str, command: str = "") -> Play:
    async def play(driver: Driver) -> None:
        await the_list(driver)
        if command:
            await driver.command(command)
            await driver.sees_no("api exited")
            await driver.pilot.pause()
        await driver.press(*keys)
        await driver.sees(*seen)

    return play


PAGES = {
    "deployments": page((), "nginx:1.24", "revision 1 rolled out", command="deploy"),
    "nodes": page((), "node-3", "docker://", command="no"),
    "services": page((), "10.96.12.7", command="svc"),
    "events": page((), "ScalingReplicaSet", "Back-off", command="ev"),
    "all-namespaces": page(("0",), "dns-5f7d9-abcde", "ns:all"),
    "describe": page(("d",), "describe  pod/api", "DATABASE_URL is not set"),
    "yaml": page(("y",), "yaml  pod/api", "kind: Pod"),
    "help": page(("question_mark",), "help", ":theme light"),
    "delete": page(("ctrl+d",), "delete pod?"),
    "marked": page(("space", "space"), "2 marked"),
    "command": page(("colon", "d", "e"), ": de"),
    "filter": page(("slash", "w", "e", "b"), "/ web"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page(snap_compare: Compare, name: str) -> None:
    picture(snap_compare, PAGES[name])


def test_a_service_and_its_endpoints(snap_compare: Compare) -> None:
    async def play(driver: Driver) -> None:
        await driver.command("svc")
        await driver.sees("10.96.12.7")
        await driver.press("j", "enter")
        await driver.sees("3 of 3 ready", "Started container nginx")

    picture(snap_compare, play)


def test_logs(snap_compare: Compare) -> None:
    async def play(driver: Driver) -> None:
        driver.world.logs[("api-6d4f8c9b7-2kxqp", "api")] = [
            f"2026-01-01T10:00:{second:02}Z {level} {text}\n".encode()
            for second, level, text in (
                (1, "INFO", "listening on :8080"), (2, "WARN", "slow query, 1.2 s"), (3, "ERROR", "DATABASE_URL is not set"))
        ]  # fmt: skip
        await the_list(driver)
        await driver.press("l")
        await driver.sees("slow query", "3/3")

    picture(snap_compare, play)


def test_stale(snap_compare: Compare) -> None:
    async def play(driver: Driver) -> None:
        await the_list(driver)
        driver.world.cut()
        await driver.sees("▲ stale 0 s")

    picture(snap_compare, play, size="80x24")
