"""Header, titles, keys line, help: what frames every page."""

from __future__ import annotations

import pytest

from console.printers.tables import status_of
from console.tui.model import backends, startup
from console.tui.model import help as help_model
from console.tui.model.desk import Desk
from console.tui.model.keysline import keys_line
from console.tui.model.spans import line_text, line_width
from console.tui.model.states import State, state_of
from console.tui.model.summary import Count, Identity, Link, Summary, count_nodes, header
from controlplane.api import registry
from controlplane.api.objects import Key
from tests.console import samples
from tests.console.everything import everything
from tests.support import builders

WHO = Identity("lab", "admin", "v0.1.0")
GOOD = Summary(Count(3, 3, known=True), Count(42, 44, known=True))
LIVE = Link("live")


@pytest.mark.parametrize("cells", [20, 40, 60, 80, 120, 200])
def test_the_header_takes_exactly_the_width(cells: int) -> None:
    assert line_width(header(WHO, GOOD, LIVE, now=0.0, cells=cells)) == cells


def test_the_header_says_whether_what_one_sees_is_current() -> None:
    assert "● live" in line_text(header(WHO, GOOD, LIVE, now=0.0, cells=100))
    assert "◐ connecting" in line_text(header(WHO, Summary(), Link(), now=0.0, cells=100))
    assert "▲ stale 12 s" in line_text(header(WHO, GOOD, Link("stale", 100.0), now=112.0, cells=100))
    assert "▲ stale 5 min" in line_text(header(WHO, GOOD, Link("stale", 100.0), now=400.0, cells=100))


def test_the_header_counts_what_is_well() -> None:
    assert "nodes 3/3 ●   pods 42/44 ◐" in line_text(header(WHO, GOOD, LIVE, now=0.0, cells=100))
    assert "nodes –" in line_text(header(WHO, Summary(), LIVE, now=0.0, cells=100))
    assert Count(0, 3, known=True).state is State.FAILING
    assert count_nodes(samples.nodes()) == Count(2, 4, known=True)


def test_a_narrow_header_gives_up_the_user_before_the_figures() -> None:
    told = line_text(header(WHO, GOOD, LIVE, now=0.0, cells=52))
    assert "admin" not in told
    assert "pods 42/44" in told
    assert "lab" in told


def test_the_keys_line_keeps_its_end() -> None:
    hints, last = [(letter, "something") for letter in "abcdefgh"], [(":", "command"), ("?", "help")]
    assert ": command  ? help" in line_text(keys_line(hints, last, 30))
    assert line_width(keys_line(hints, last, 60)) == 60
    assert "h something" not in line_text(keys_line(hints, last, 60))
    assert "h something" not in line_text(keys_line(hints, last, 200)), "one meaning is told once"


def test_help_fits_and_holds_every_key() -> None:
    groups = {"this list": [("d", "describe"), ("^d", "delete")], "moving": [("j ↓", "down")], "none": []}
    for cells in (40, 80, 120, 200):
        text = "\n".join(line_text(line) for line in help_model.page(groups, cells=cells))
        for word in ("describe", "delete", "down", "typed", "signs"):
            assert word in text
        assert "none" not in text


def test_namespaces_keep_their_number_and_what_was_typed_is_remembered() -> None:
    desk = Desk()
    for name in ("shop", "default", *(f"ns-{number}" for number in range(10))):
        desk.use(name)
    assert desk.favourite(0) == ""
    assert desk.favourite(1) == "default"
    assert len(desk.favourites) == 9
    assert desk.favourites[-1] == "ns-9"
    assert Desk().favourite(5) is None
    desk.remember("/", "web")
    desk.remember("/", "api")
    desk.remember("/", "web")
    desk.remember("/", "  ")
    assert desk.history("/") == ["api", "web"]
    assert desk.history(":") == ()


def test_the_steps_of_a_start_are_shown_with_their_times() -> None:
    progress = startup.Progress()

    class Step:
        def __init__(self, name: str, state: str, text: str) -> None:
            self.name, self.state, self.text = name, state, text

    progress.take(Step("network", "doing", "namespaces"), 10.0)
    progress.take(Step("network", "done", "3 namespaces"), 11.5)
    progress.take(Step("api", "doing", "127.0.0.1:6443"), 11.5)
    first, second = map(line_text, progress.lines(13.0))
    assert "● network    1.5 s  3 namespaces" in first
    assert "◐ api        1.5 s  127.0.0.1:6443" in second
    progress.fail("no etcd\ninstall it", 14.0)
    told = "\n".join(map(line_text, progress.lines(20.0)))
    assert "▲ api        2.5 s" in told
    assert "no etcd" in told
    assert "install it" in told


def test_endpoints_show_the_state_that_traffic_sees() -> None:
    endpoints = [
        builders.make_endpoint("10.0.0.1", pod="a", node="node-1"),
        builders.make_endpoint("10.0.0.2", ready=False),
        builders.make_endpoint("10.0.0.3", ready=False, serving=True, terminating=True),
        builders.make_endpoint("10.0.0.4", ready=False, terminating=True),
    ]
    pods = {Key("default", "a"): builders.make_pod("a", ready=True)}
    rows = backends.rows([builders.make_slice(endpoints=endpoints)], pods, samples.NOW)
    assert [row.cells[4] for row in rows] == ["ready", "not ready", "draining", "terminating"]
    assert rows[0].cells[:4] == ("a", "node-1", "10.0.0.1", "80")
    assert rows[1].cells[0] == "10.0.0.2"
    assert backends.summary(rows) == "1 of 4 ready, 1 not ready, 1 draining, 1 terminating"
    assert backends.summary([]).startswith("no endpoints")


def test_an_endpoint_told_twice_counts_once() -> None:
    ready, not_ready = (
        builders.make_slice(endpoints=[builders.make_endpoint("10.0.0.1", ready=on)]) for on in (True, False)
    )
    assert [row.cells[4] for row in backends.rows([not_ready, ready], {}, 0.0)] == ["ready"]
    assert [row.cells[4] for row in backends.rows([ready, not_ready], {}, 0.0)] == ["ready"]


def test_every_object_has_a_state_and_trouble_is_told_from_waiting() -> None:
    for kind, kind_objects in everything().items():
        for obj in kind_objects:
            assert state_of(kind, obj, status_of(kind, obj)) in State
    states = {pod.metadata.name: state_of(registry.PODS, pod, status_of(registry.PODS, pod)) for pod in samples.pods()}
    assert states["running"] is State.WELL
    assert states["unready"] is State.WAITING
    assert states["crashing"] is states["no-image"] is states["init-error"] is states["evicted"] is State.FAILING
    assert states["pending"] is states["creating"] is states["init"] is states["gated"] is State.WAITING
    assert states["completed"] is State.ENDED
    assert states["terminating"] is State.LEAVING
