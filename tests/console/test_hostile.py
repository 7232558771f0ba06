"""Text from the cluster is anybody's text: none of it may take the console down, or reach the terminal as more than text."""

from __future__ import annotations

import itertools
import random

from controlplane.api import objects, registry
from controlplane.api.objects import ApiObject
from protos.v1 import core_pb2 as core
from tests.console import samples, scene
from tests.console.driving import Driver, driving
from tests.console.fake_cluster import FakeCluster
from tests.unit.console.tui.hostile import CASES, is_safe

# What protobuf can hold: everything but lone surrogates.
TEXTS = [text for text in CASES if text.isprintable() or "\ud800" not in text]


def hostile_texts(count: int) -> list[str]:
    """The same ones every time: each case alone, then mixtures with whatever else there is."""
    chance = random.Random(8)
    letters = [chr(code) for code in itertools.chain(range(0x300), range(0x2000, 0x2100), range(0x1F300, 0x1F400))]
    mixed = (
        "".join(chance.choice([*TEXTS, chance.choice(letters)]) for _ in range(chance.randint(1, 6)))
        for _ in range(count - len(TEXTS))
    )
    return [*TEXTS, *mixed]


def poisoned(count: int = 300) -> FakeCluster:
    world = scene.cluster()
    for number, text in enumerate(hostile_texts(count)):
        status = samples.waiting("web", text, text)
        pod = samples.pod(f"p{number:04}{text}", "Pending", (status,), node=text, ip=text)
        pod.metadata.labels["app"] = text
        pod.metadata.annotations["note"] = text
        pod.spec.containers[0].image = text
        pod.spec.containers[0].args.append(text)
        world.put(pod)
    return world


def assert_clean(driver: Driver) -> None:
    for strip in driver.strips():
        for segment in strip:
            assert is_safe(segment.text), ascii(segment.text)
        assert strip.cell_length == driver.app.size.width


async def walk(driver: Driver, pages: int) -> None:
    for _ in range(pages):
        assert_clean(driver)
        await driver.press("pagedown")
    assert_clean(driver)


async def test_a_list_of_hostile_names_is_only_text() -> None:
    async with driving(poisoned(), size=(160, 50)) as driver:
        await driver.sees("305")
        await walk(driver, 8)
        await driver.press("ctrl+w", "S")
        await walk(driver, 8)


async def test_hostile_text_is_described_shown_and_asked_about() -> None:
    world = poisoned(len(TEXTS))
    async with driving(world, size=(100, 40)) as driver:
        await driver.sees("import-x7k2p")
        for _ in range(len(TEXTS)):
            await driver.press("j")
            assert_clean(driver)
        for key, back in (("d", "escape"), ("y", "escape"), ("ctrl+d", "escape")):
            await driver.press(key)
            await walk(driver, 3)
            await driver.press(back)


async def test_hostile_logs_are_only_text() -> None:
    world = scene.cluster()
    pod = "api-6d4f8c9b7-2kxqp"
    world.logs[(pod, "api")] = [text.encode() + b"\n" for text in hostile_texts(600)] + [bytes(range(256)), b"\n\xff\xfe\n"]
    async with driving(world, size=(80, 40)) as driver:
        await driver.sees(pod)
        await driver.press("l")
        await driver.sees("● following", "·")
        for keys in (["g"], ["w"], ["g"], ["slash", "a", "enter"], ["n"], ["G"]):
            await driver.press(*keys)
            await walk(driver, 4)


async def test_hostile_events_and_errors_are_only_text() -> None:
    world = scene.cluster()
    about = world.get(registry.PODS, "api-6d4f8c9b7-2kxqp")
    for number, text in enumerate(TEXTS):
        event = samples.event(text, text)
        event.metadata.name = f"e{number}"
        event.involved_object.uid = about.metadata.uid
        event.source.component = text
        world.put(event)
    async with driving(world, size=(120, 60)) as driver:
        await driver.command("ev")
        await driver.sees("LAST SEEN")
        await walk(driver, 2)
        for text in TEXTS:
            driver.app.show(_flash(text))
            await driver.pilot.pause()
            assert_clean(driver)


async def test_a_hostile_template_rolls_out_as_text() -> None:
    world = scene.cluster()
    scene.new_image(world, "\x1b]0;pwn\x07[/]\u202egnp")
    world.settle()
    for pod in world.store.all(registry.PODS):
        fresh = _renamed(pod)
        world.put(fresh)
    async with driving(world, size=(100, 40)) as driver:
        await driver.command("deploy")
        await driver.sees("web")
        await driver.press("r")
        await driver.sees("rollout  deploy/web")
        assert_clean(driver)
        await driver.press("i")
        assert_clean(driver)


def _renamed(pod: core.Pod) -> ApiObject:
    fresh = objects.copy_of(pod)
    fresh.status.message = "\x1b[2J"
    return fresh


def _flash(text: str) -> object:
    from console.tui.model.views import Flash

    return Flash(text, "failed")
