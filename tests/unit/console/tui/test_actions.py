from __future__ import annotations

import pytest

from console.tui import actions
from console.tui.model import deeds
from console.tui.model.views import (
    Cordon,
    Deed,
    Delete,
    Edit,
    Pause,
    Restart,
    Scale,
    SetImages,
    Target,
    Undo,
    target_of,
)
from controlplane.api import registry
from controlplane.api.objects import Key, is_terminating
from tests.console import scene
from tests.console.fake_cluster import FakeCluster

WEB = Target(registry.DEPLOYMENTS, Key("default", "web"))
NODE = Target(registry.NODES, Key("", "node-1"))
POD = Target(registry.PODS, Key("default", "api-6d4f8c9b7-2kxqp"))
GONE = Target(registry.PODS, Key("default", "gone"))


@pytest.fixture
def world() -> FakeCluster:
    return scene.cluster()


async def perform(world: FakeCluster, deed: Deed, edited: str | None = None) -> str:
    return await actions.perform(deed, world.client(), now=world.now, editor=lambda _text: edited)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("deed", "doing", "done"),
    [
        (Scale(WEB, 5), "scaling deploy/web to 5", "deploy/web scaled to 5"),
        (SetImages(WEB, {"nginx": "nginx:2"}), "setting deploy/web to nginx:2", "deploy/web: image set"),
        (Restart(WEB), "restarting deploy/web", "deploy/web restarted"),
        (Pause(WEB, True), "pausing deploy/web", "deploy/web paused"),
        (Cordon(NODE, True), "cordoning node/node-1", "node/node-1 cordoned"),
        (Delete((POD,)), "deleting pod/api-6d4f8c9b7-2kxqp", "pod/api-6d4f8c9b7-2kxqp ends"),
        (Delete((WEB,)), "deleting deploy/web", "deploy/web deleted"),
        (Edit(WEB), "editing deploy/web", "deploy/web left as it was"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
async def test_a_deed_has_words_for_while_and_for_after(world: FakeCluster, deed: Deed, doing: str, done: str) -> None:
    assert deeds.words(deed) == doing
    assert await perform(world, deed) == done


async def test_deeds_change_the_cluster(world: FakeCluster) -> None:
    await perform(world, Scale(WEB, 5))
    await perform(world, SetImages(WEB, {"nginx": "nginx:2"}))
    await perform(world, Restart(WEB))
    await perform(world, Cordon(NODE, True))
    await perform(world, Delete((POD,)))
    web = world.get(registry.DEPLOYMENTS, "web")
    assert (web.spec.replicas, web.spec.template.spec.containers[0].image) == (5, "nginx:2")
    assert "kubectl.kubernetes.io/restartedAt" in web.spec.template.metadata.annotations
    assert world.get(registry.NODES, "node-1", "").spec.unschedulable
    assert is_terminating(world.get(registry.PODS, POD.key.name))
    await perform(world, Cordon(NODE, False))
    assert not world.get(registry.NODES, "node-1", "").spec.unschedulable


async def test_undo_goes_back_and_says_so(world: FakeCluster) -> None:
    scene.new_image(world, "nginx:1.25")
    world.settle()
    assert await perform(world, Undo(WEB)) == "deploy/web: rolled back"
    assert world.get(registry.DEPLOYMENTS, "web").spec.template.spec.containers[0].image == "nginx:1.24"


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (Delete((GONE,)), 'pods "gone" not found'),
        (Undo(WEB), "no rollout history found"),
        (SetImages(WEB, {"ngnix": "nginx:2"}), 'unable to find container named "ngnix"'),
        (Pause(WEB, False), "is not paused"),
    ],
)
async def test_what_is_refused_is_raised_with_the_reason(world: FakeCluster, deed: Deed, told: str) -> None:
    with pytest.raises(deeds.Failed, match=told):
        await perform(world, deed)


async def test_one_refusal_does_not_keep_the_others_from_being_deleted(world: FakeCluster) -> None:
    with pytest.raises(deeds.Failed, match='"gone" not found'):
        await perform(world, Delete((GONE, POD)))
    assert is_terminating(world.get(registry.PODS, POD.key.name))


async def test_an_edited_object_is_stored(world: FakeCluster) -> None:
    config = world.get(registry.CONFIG_MAPS, "app")
    target = target_of(config)
    version = config.metadata.resource_version
    text = (
        f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: app, namespace: default, resourceVersion: "{version}"}}\n'
        "data: {color: red}\n"
    )
    assert await perform(world, Edit(target), text) == "cm/app edited"
    assert dict(world.get(registry.CONFIG_MAPS, "app").data) == {"color": "red"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "line 2, column 1"),
        ("a: 1\n---\nb: 2\n", "want one document, found 2"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndat: {}\n", 'unknown field "dat"'),
    ],
)
async def test_an_edit_that_cannot_be_read_is_refused_with_the_place(world: FakeCluster, text: str, told: str) -> None:
    with pytest.raises(deeds.Failed, match=told):
        await perform(world, Edit(target_of(world.get(registry.CONFIG_MAPS, "app"))), text)
