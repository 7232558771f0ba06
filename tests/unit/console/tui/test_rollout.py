from __future__ import annotations

import pytest

from console.tui.model import rolloutlines
from console.tui.model.difference import changes
from console.tui.model.rollout import Availability, Rollout, look, promised
from console.tui.model.spans import line_text, line_width
from console.tui.model.states import State
from controlplane.api import registry
from tests.console import scene
from tests.console.fake_cluster import FakeCluster
from tests.support import builders


def seen(world: FakeCluster, *, compare: int = 0) -> Rollout:
    web = world.get(registry.DEPLOYMENTS, "web")
    pods = [pod for pod in world.store.all(registry.PODS) if pod.metadata.labels.get("app") == "web"]
    return look(web, world.store.all(registry.REPLICA_SETS), pods, world.now, compare=compare)


def half_way() -> FakeCluster:
    world = scene.cluster()
    scene.new_image(world, "nginx:1.25")
    for _ in range(3):
        world.step()
    return world


def test_both_sides_are_seen_half_way() -> None:
    view = seen(half_way())
    assert view.old is not None
    assert view.new is not None
    assert (view.old.revision, view.new.revision, view.current) == (1, 2, 2)
    assert not view.done
    assert view.ready >= view.promised == 3
    assert {pod.state for pod in view.old.pods} <= {State.WELL, State.LEAVING}
    assert [change.path for change in view.changes] == ["image"]
    assert (view.changes[0].old, view.changes[0].new) == ("nginx:1.24", "nginx:1.25")


def test_at_the_end_the_new_side_has_it_all() -> None:
    world = half_way()
    world.settle()
    view = seen(world)
    assert view.done
    assert view.new is not None
    assert view.old is not None
    assert (view.new.ready, len(view.old.pods)) == (3, 0)
    assert [revision.number for revision in view.revisions] == [1, 2]


def test_any_revision_can_be_compared() -> None:
    world = half_way()
    world.settle()
    scene.new_image(world, "nginx:1.26")
    world.settle()
    assert seen(world).compared == 2
    first = seen(world, compare=1)
    assert first.compared == 1
    assert (first.changes[0].old, first.changes[0].new) == ("nginx:1.24", "nginx:1.26")


def test_a_deployment_without_replica_sets_is_shown_as_such() -> None:
    view = look(builders.make_deployment(), [], [], 0.0)
    assert view.new is None
    assert view.old is None
    assert not view.changes
    assert rolloutlines.page(view, Availability(), (), 0.0, width=80, height=20)


@pytest.mark.parametrize(
    ("replicas", "unavailable", "strategy", "least"),
    [(3, "25%", "RollingUpdate", 3), (4, "25%", "RollingUpdate", 3), (10, "25%", "RollingUpdate", 8),
     (3, 1, "RollingUpdate", 2), (3, 5, "RollingUpdate", 0), (3, 0, "Recreate", 0)],
)  # fmt: skip
def test_what_is_promised_follows_max_unavailable(replicas: int, unavailable: int | str, strategy: str, least: int) -> None:
    made = builders.make_deployment(replicas=replicas, max_unavailable=unavailable, strategy=strategy)
    assert promised(made) == least


def test_availability_remembers_the_worst_of_every_second() -> None:
    memory = Availability(seconds=5)
    for now, ready in ((10.0, 3), (10.4, 2), (10.8, 3), (13.0, 3)):
        memory.add(now, ready, 3)
    assert [(moment.second, moment.ready) for moment in memory.moments] == [(10, 2), (11, 2), (12, 2), (13, 3)]
    assert memory.lowest == 2
    assert memory.was_broken
    memory.add(1_000.0, 3, 3)
    assert len(memory.moments) == 5


@pytest.mark.parametrize(("width", "height"), [(40, 10), (80, 20), (120, 30), (200, 46)])
def test_the_page_fits_every_screen(width: int, height: int) -> None:
    world = half_way()
    view, events = seen(world), world.store.all(registry.EVENTS)
    lines = rolloutlines.page(view, Availability(), events, world.now, width=width, height=height)
    assert len(lines) <= height
    assert all(line_width(line) == width for line in lines)
    assert line_width(rolloutlines.title_line(view, world.now, width)) == width


def test_many_pods_give_way_to_those_that_need_a_look() -> None:
    world = scene.cluster()
    web = world.get(registry.DEPLOYMENTS, "web")
    web.spec.replicas = 60
    world.put(web)
    world.step()
    lines = rolloutlines.page(seen(world), Availability(), (), world.now, width=100, height=30)
    text = "\n".join(map(line_text, lines))
    assert "more" in text
    assert "Pending" in text


def test_a_template_s_changes_are_named_shortly() -> None:
    old, new = builders.make_template(image="nginx:1"), builders.make_template(image="nginx:2")
    new.spec.containers[0].env.add(name="LOG", value="debug")
    old.spec.containers[0].command.append("serve")
    new.metadata.annotations["kubectl.kubernetes.io/restartedAt"] = "2026-01-01T00:00:00Z"
    told = {change.path: (change.old, change.new) for change in changes(old, new)}
    assert told["image"] == ("nginx:1", "nginx:2")
    assert told["env LOG"] == ("", "debug")
    assert told["command 0"] == ("serve", "")
    assert told["annotations kubectl.kubernetes.io/restartedAt"] == ("", "2026-01-01T00:00:00Z")


def test_with_several_containers_a_change_says_whose_it_is() -> None:
    old, new = builders.make_template(image="nginx:1"), builders.make_template(image="nginx:2")
    for template in (old, new):
        template.spec.containers.add(name="log", image="shipper:1")
    assert [change.path for change in changes(old, new)] == ["web image"]
