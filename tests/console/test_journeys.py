"""What an operator does, from key to cluster and back to the screen, on a cluster in memory with the real controllers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from textual import events
from textual.events import Key

from console.tui.settings import Settings
from controlplane.api import errors, objects, registry
from tests.console import scene
from tests.console.driving import Driver, driving
from tests.console.fake_cluster import FakeCluster
from tests.support.waiting import eventually


@pytest.fixture
def world() -> FakeCluster:
    return scene.cluster()


async def test_the_first_frame_does_not_wait_for_the_server(world: FakeCluster) -> None:
    world.cut()
    async with driving(world) as driver:
        await driver.sees("pods", "ns:default", "loading …", "connecting", "? help")


async def test_pods_are_listed_and_change_as_the_cluster_changes(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("api-6d4f8c9b7-2kxqp", "CrashLoopBackOff", "nodes 3/3 ●", "pods 4/5 ◐", "● live")
        world.remove(world.get(registry.PODS, "import-x7k2p"))
        await driver.sees_no("import-x7k2p")
        await driver.step(3)
        await driver.sees("api-6d4f8c9b7-2kxqp")


async def test_the_line_above_the_keys_says_why_without_being_asked(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees('api exited 1 12s ago · next try in 28s · "panic: DATABASE_URL is not set"')
        await driver.press("j", "j")
        await driver.sees("Started: Started container nginx")


async def test_a_filter_narrows_the_list_while_it_is_typed_and_esc_takes_it_back(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("import-x7k2p")
        await driver.press("slash")
        await driver.type("web")
        await driver.sees_no("import-x7k2p")
        await driver.press("enter")
        await driver.sees("filter:/web", "3 of 5")
        await driver.press("escape")
        await driver.sees("import-x7k2p")
        await driver.press("slash")
        await driver.type("status!=Running")
        await driver.press("enter")
        await driver.sees("2 of 5")
        await driver.press("slash")
        await driver.type("zzz")
        await driver.press("escape")
        await driver.sees("2 of 5", "filter:/status!=Running")


async def test_a_filter_that_cannot_be_read_says_so_at_once(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("import-x7k2p")
        await driver.press("slash")
        await driver.type("web(")
        await driver.sees("no regular expression")


async def test_commands_lead_everywhere(world: FakeCluster) -> None:
    async with driving(world) as driver:
        for typed, seen in (
            ("no", "node-3"), ("deploy", "nginx:1.24"), ("rs", "DESIRED"), ("svc", "80:30080/TCP"), ("ep", "endpoints"),
            ("endpointslices", "10.244."), ("ev", "ScalingReplicaSet"), ("ns", "kube-system"), ("cm", "configmaps"),
            ("secrets", "Opaque"), ("lease kube-node-lease", "HOLDER"), ("po kube-system", "dns-5f7d9-abcde"),
            ("po -A /dns", "1 of 6"), ("po default app=api", "1 of 5"),
        ):  # fmt: skip
            await driver.command(typed)
            await driver.sees(seen)


async def test_tab_completes_a_command(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("live")
        await driver.press("colon")
        await driver.type("dep")
        await driver.press("tab", "enter")
        await driver.sees(" deployments ", "nginx:1.24")


async def test_a_command_that_is_not_understood_names_the_nearest(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("deplyo")
        await driver.sees("did you mean 'deploy'")


async def test_namespaces_are_switched_by_name_and_by_digit(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("live")
        await driver.command("ns kube-system")
        await driver.sees("dns-5f7d9-abcde", "<2> kube-system")
        await driver.press("1")
        await driver.sees("api-6d4f8c9b7-2kxqp")
        await driver.press("0")
        await driver.sees("dns-5f7d9-abcde", "api-6d4f8c9b7-2kxqp", "NAMESPACE", "ns:all")
        await driver.command("ns")
        await driver.sees("kube-node-lease")
        await driver.press("j", "j", "enter")
        await driver.sees("ns:kube-system")


async def test_esc_goes_back_to_a_list_as_it_was_left(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("import-x7k2p")
        await driver.press("slash")
        await driver.type("web")
        await driver.press("enter", "j", "d")
        await driver.sees("describe", "Namespace:")
        await driver.press("escape")
        await driver.sees("filter:/web", "3 of 5")
        assert driver.app.screen.grid.current.cells[0].endswith("00003")  # type: ignore[attr-defined]


async def test_a_pod_is_described_and_shown_as_yaml(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("api-6d4f8c9b7-2kxqp")
        await driver.press("d")
        await driver.sees("describe  pod/api-6d4f8c9b7-2kxqp", "DATABASE_URL is not set")
        await driver.press("G")
        await driver.sees("Back-off restarting failed container")
        await driver.press("y")
        await driver.sees("yaml  pod/api", "apiVersion: v1", "kind: Pod")
        await driver.press("slash")
        await driver.type("container")
        await driver.press("enter", "n")
        await driver.sees("/container 2 of")
        world.remove(world.get(registry.PODS, "api-6d4f8c9b7-2kxqp"))
        await driver.sees("deleted; this is how it last was")


async def test_a_secret_keeps_its_values_until_it_is_asked(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("secrets")
        await driver.sees("login")
        await driver.press("y")
        await driver.sees("hidden, 7 bytes")
        assert "aHVudGVyMg" not in driver.text
        await driver.press("x")
        await driver.sees("aHVudGVyMg")


async def test_logs_are_followed_searched_and_those_of_a_workload_come_together(world: FakeCluster) -> None:
    pods = sorted(pod.metadata.name for pod in world.store.all(registry.PODS) if pod.metadata.labels["app"] == "web")
    world.logs[("api-6d4f8c9b7-2kxqp", "api")] = [b"starting\n", b"\x1b[31mERROR\x1b[0m no [/] database\n", b"half a li"]
    for pod in pods:
        world.logs[(pod, "nginx")] = [f"hello from {pod}\n".encode()]
    async with driving(world) as driver:
        await driver.sees("api-6d4f8c9b7-2kxqp")
        await driver.press("l")
        await driver.sees("logs  pod/api", "starting", "ERROR no [/] database", "● following")
        world.logs[("api-6d4f8c9b7-2kxqp", "api")].append(b"ne\n")
        world.notify()
        await driver.sees("half a line")
        await driver.press("escape")
        await driver.command("deploy")
        await driver.sees("nginx:1.24")
        await driver.press("l")
        await driver.sees(*(f"{pod[-5:]}  hello from {pod}" for pod in pods))


async def test_new_pods_join_the_logs_of_their_workload(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("deploy")
        await driver.sees("nginx:1.24")
        await driver.press("l")
        await driver.sees("logs  deploy/web")
        scene.new_image(world, "nginx:1.25")
        await driver.step(4)
        newest = max(world.store.all(registry.PODS), key=lambda pod: pod.metadata.creation_timestamp.seconds)
        world.logs[(newest.metadata.name, "nginx")] = [b"fresh\n"]
        await driver.sees(f"{newest.metadata.name[-5:]}  fresh")


async def test_a_deployment_is_scaled(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("deploy")
        await driver.sees("3/3")
        await driver.press("s")
        await driver.sees("scale deploy/web", "replicas, now 3")
        await driver.type("5")
        await driver.press("enter")
        await driver.sees("deploy/web scaled to 5")
        await driver.step(4)
        await driver.sees("5/5")
        assert world.get(registry.DEPLOYMENTS, "web").spec.replicas == 5


async def test_a_number_that_is_none_is_not_taken(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("deploy")
        await driver.sees("3/3")
        await driver.press("s", "minus", "enter")
        await driver.sees("a number, 0 or more")
        await driver.press("escape")
        await driver.sees(" deployments ")


async def set_image(driver: Driver, tag: str) -> None:
    await driver.command("deploy")
    await driver.sees("nginx:1.24")
    await driver.press("i")
    await driver.sees("image of deploy/web")
    await driver.press("backspace", "backspace")
    await driver.type(tag)
    await driver.press("enter")


async def test_keys_that_arrive_in_one_go_act_in_their_order(world: FakeCluster) -> None:
    """A terminal hands over what was typed quickly, or pasted, all at once."""
    async with driving(world) as driver:
        await driver.command("deploy")
        await driver.sees("nginx:1.24")
        await driver.press("i")
        await driver.sees("image of deploy/web")
        for key, character in (("backspace", None), ("5", "5"), ("enter", "\r")):
            driver.app.post_message(events.Key(key, character))
        await driver.sees("rollout  deploy/web")
        assert world.get(registry.DEPLOYMENTS, "web").spec.template.spec.containers[0].image == "nginx:1.25"


async def test_an_image_is_set_the_rollout_watched_to_its_end_and_undone(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await set_image(driver, "25")
        await driver.sees("rollout  deploy/web", "image set")
        await driver.step(3)
        await driver.sees("rev 1 → 2", "◐ 1 out of 3 new replicas have been updated", "± image  nginx:1.24 → nginx:1.25")
        await driver.step(14)
        await driver.sees("● rolled out", "rev 2", "never under 3 of 3", "[rev 1] ── rev 2 ●", "no pods")
        await driver.press("u")
        await driver.sees("rolled back")
        await driver.step(17)
        await driver.sees("● rolled out", "rev 3", "± image  nginx:1.25 → nginx:1.24")
        assert world.get(registry.DEPLOYMENTS, "web").spec.template.spec.containers[0].image == "nginx:1.24"
        assert len(world.store.all(registry.REPLICA_SETS)) == 2, "the old set is used again"


async def test_a_rollout_is_paused_and_resumed_at_one_key(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await set_image(driver, "25")
        await driver.step(2)
        await driver.sees("p pause")
        await driver.press("p")
        await driver.sees("‖ paused", "r resume", "nothing is replaced until r resumes")
        await driver.step(6)
        await driver.sees("‖ paused")
        await driver.press("r")
        await driver.sees("p pause")
        await driver.step(16)
        await driver.sees("● rolled out")


async def test_any_revision_is_compared_and_gone_back_to(world: FakeCluster) -> None:
    for image in ("nginx:1.25", "nginx:1.26"):
        scene.new_image(world, image)
        world.settle()
    async with driving(world) as driver:
        await driver.command("deploy")
        await driver.sees("nginx:1.26")
        await driver.press("r")
        await driver.sees("rev 1 ── [rev 2] ── rev 3 ●", "nginx:1.25 → nginx:1.26")
        await driver.press("left")
        await driver.sees("[rev 1] ── rev 2 ── rev 3 ●", "nginx:1.24 → nginx:1.26")
        await driver.press("u")
        await driver.sees("rolled back")
        assert world.get(registry.DEPLOYMENTS, "web").spec.template.spec.containers[0].image == "nginx:1.24"


async def test_undo_without_a_past_tells_what_the_server_side_says(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("deploy")
        await driver.sees("3/3")
        await driver.press("u")
        await driver.sees('▲ no rollout history found for deployment "web"')


async def test_deleting_asks_first_and_starts_on_cancel(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("api-6d4f8c9b7-2kxqp")
        await driver.press("ctrl+d")
        await driver.sees("delete pod?", "default/api-6d4f8c9b7-2kxqp", "cancel")
        await driver.press("enter")
        await driver.sees("pods")
        assert world.get(registry.PODS, "api-6d4f8c9b7-2kxqp") is not None
        await driver.press("ctrl+d", "tab", "enter")
        await driver.sees("pod/api-6d4f8c9b7-2kxqp ends")
        await driver.step()
        await driver.sees_no("CrashLoopBackOff")
        assert world.get(registry.PODS, "api-6d4f8c9b7-2kxqp") is None


async def test_marked_rows_are_deleted_together_and_hidden_ones_are_told(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("import-x7k2p")
        await driver.press("space", "space")
        await driver.sees("2 marked")
        await driver.press("slash")
        await driver.type("api")
        await driver.press("enter", "ctrl+d")
        await driver.sees("delete 2 pods?", "default/import-x7k2p", "1 of them are hidden by the filter")
        await driver.press("tab", "enter")
        await driver.sees("2 pods end")
        ending = [pod.metadata.name for pod in world.store.all(registry.PODS) if objects.is_terminating(pod)]
        assert sorted(ending) == ["api-6d4f8c9b7-2kxqp", "import-x7k2p"]


async def test_what_is_refused_is_told_in_the_server_s_words(world: FakeCluster) -> None:
    world.refused["delete"] = errors.Forbidden('pods "api-6d4f8c9b7-2kxqp" is forbidden: user "guest" may not delete [/]')
    async with driving(world) as driver:
        await driver.sees("api-6d4f8c9b7-2kxqp")
        await driver.press("ctrl+d", "tab", "enter")
        await driver.sees('▲ pods "api-6d4f8c9b7-2kxqp" is forbidden: user "guest" may not delete [/]')


async def test_a_node_is_cordoned_and_its_pods_are_one_key_away(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("no")
        await driver.sees("node-1", "c cordon")
        await driver.press("c")
        await driver.sees("node/node-1 cordoned", "Ready,SchedulingDisabled", "u uncordon")
        await driver.sees("takes no new pods", within=8)
        await driver.press("u")
        await driver.sees("node/node-1 uncordoned")
        await driver.sees_no("SchedulingDisabled")
        await driver.press("j", "enter")
        await driver.sees("pods  of node/node-2", "api-6d4f8c9b7-2kxqp")
        assert "dns-5f7d9" not in driver.text


async def test_enter_drills_down(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("deploy")
        await driver.sees("⏎ pods")
        await driver.press("enter")
        await driver.sees("pods  of deploy/web", "3")
        assert "import" not in driver.text
        await driver.command("svc")
        await driver.sees("10.96.12.7")
        await driver.press("j", "enter")
        await driver.sees("service  svc/web", "3 of 3 ready", "node port 30080", "selects app=web", "BACKEND")
        await driver.press("enter")
        await driver.sees("describe  pod/web-")


async def test_a_service_shows_its_endpoints_as_they_come_and_go(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("svc")
        await driver.sees("10.96.12.7")
        await driver.press("j", "enter")
        await driver.sees("3 of 3 ready")
        doomed = next(pod for pod in world.store.all(registry.PODS) if pod.metadata.labels.get("app") == "web")
        world.store.delete(doomed)
        world.step(pods_start=False)
        await driver.sees("2 of 3 ready, 1 draining")
        await driver.step(4)
        await driver.sees("3 of 3 ready")


async def test_the_badge_says_stale_while_the_server_is_away_and_it_goes_on_by_itself(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("● live", "api-6d4f8c9b7-2kxqp")
        world.cut()
        await driver.sees("▲ stale")
        assert "api-6d4f8c9b7-2kxqp" in driver.text, "the last that was known stays"
        await driver.press("j")
        world.remove(world.get(registry.PODS, "import-x7k2p"))
        world.mend()
        await driver.sees("● live", within=10)
        await driver.sees_no("import-x7k2p")


async def test_a_server_that_is_not_there_is_named(world: FakeCluster) -> None:
    world.cut()
    async with driving(world) as driver:

        async def named() -> bool:
            world.store.now += 1
            await driver.pilot.pause()
            return "the API server at 127.0.0.1:6443 does not answer" in driver.text

        await eventually(named, within=8)
        world.mend()
        await driver.sees("● live", "api-6d4f8c9b7-2kxqp", within=10)


async def test_a_deed_before_the_server_answers_says_so(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("api-6d4f8c9b7-2kxqp")
        world.cut()
        await driver.press("ctrl+d", "tab", "enter")
        await driver.sees("▲ the API server at 127.0.0.1:6443 does not answer")


async def test_only_faults_are_shown_when_asked(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("import-x7k2p")
        await driver.press("ctrl+z")
        await driver.sees("only faults", "1 of 5", "api-6d4f8c9b7-2kxqp")
        await driver.press("escape")
        await driver.sees("import-x7k2p")


async def test_the_list_is_sorted_by_key_and_turned_round(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("import-x7k2p")

        def first() -> str:
            return driver.app.screen.store.at(0).cells[0]  # type: ignore[attr-defined, no-any-return]

        await driver.press("A")
        await driver.sees("AGE↑")
        assert first() == "api-6d4f8c9b7-2kxqp"
        await driver.press("O")
        await driver.sees("AGE↓")
        assert first() == "import-x7k2p"
        await driver.press("shift+right", "N")
        await driver.sees("NAME↑")


async def test_help_tells_the_keys_that_work_here(world: FakeCluster) -> None:
    async with driving(world, size=(120, 60)) as driver:
        await driver.command("deploy")
        await driver.sees("3/3")
        await driver.press("question_mark")
        await driver.sees("help", "scale", "undo", "^d", ":po web-ns /text")
        assert "cordon" not in driver.text
        await driver.press("escape")
        await driver.sees(" deployments ")


async def test_keys_can_be_moved(world: FakeCluster) -> None:
    async with driving(world, settings=Settings(keys={"list.describe": "D", "grid.down": "n"})) as driver:
        await driver.sees("D describe")
        await driver.press("d")
        await driver.press("D")
        await driver.sees("describe  pod/api")


async def test_settings_that_are_wrong_are_told_and_do_no_harm(world: FakeCluster) -> None:
    async with driving(world, settings=Settings(problems=("console.yaml: no theme 'neon'",))) as driver:
        await driver.sees("▲ console.yaml: no theme 'neon'")


async def test_themes_change_at_a_key_and_by_name(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.press("ctrl+t")
        assert driver.app.theme == "light"
        await driver.command("theme dark")
        await driver.pilot.pause()
        assert driver.app.theme == "dark"


async def test_q_leaves_page_by_page_and_then_the_console(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.command("no")
        await driver.sees("node-1")
        await driver.press("q")
        await driver.sees("api-6d4f8c9b7-2kxqp")
        await driver.press("escape")
        await driver.sees("this is the first page")
        assert driver.app.is_running
        await driver.press("q")
        await eventually(lambda: not driver.app.is_running)


async def test_the_cursor_stays_with_its_object(world: FakeCluster) -> None:
    """Whoever is about to press a key means the object, not the line."""
    async with driving(world) as driver:
        await driver.sees("import-x7k2p")
        await driver.press("j")
        pod = objects.copy_of(world.get(registry.PODS, "import-x7k2p"))
        pod.metadata.name = pod.metadata.uid = "aaa-first"
        world.put(pod)
        await driver.sees("aaa-first")
        assert driver.app.screen.grid.current.cells[0] == "import-x7k2p"  # type: ignore[attr-defined]


@dataclass
class Step:
    name: str
    state: str
    text: str


async def coming_up(gate: asyncio.Event, fails: bool) -> AsyncIterator[Step]:
    yield Step("network", "doing", "namespaces for 3 nodes")
    yield Step("network", "done", "3 namespaces")
    yield Step("api", "doing", "127.0.0.1:6443")
    await gate.wait()
    if fails:
        raise RuntimeError("etcd is not installed\napt-get install etcd-server")
    yield Step("api", "done", "127.0.0.1:6443")


async def test_a_cluster_s_start_is_shown_step_by_step_and_gives_way_to_the_console(world: FakeCluster) -> None:
    gate = asyncio.Event()
    async with driving(world, startup=coming_up(gate, fails=False)) as driver:
        await driver.sees("starting the cluster", "● network", "3 namespaces", "◐ api", "q quit")
        gate.set()
        await driver.sees("pods", "api-6d4f8c9b7-2kxqp", "● live")


async def test_a_start_that_fails_says_why_and_waits_to_be_read(world: FakeCluster) -> None:
    gate = asyncio.Event()
    async with driving(world, startup=coming_up(gate, fails=True)) as driver:
        await driver.sees("◐ api")
        gate.set()
        await driver.sees("the cluster did not start", "▲ api", "apt-get install etcd-server")
        assert isinstance(driver.app.failure, RuntimeError)
        await driver.press("q")
        await eventually(lambda: not driver.app.is_running)


async def burst(driver: Driver, *names: str) -> None:
    """Keys as they come from a paste, or from an operator who knows the way: all before the first has had an effect."""
    for name in names:
        character = name if len(name) == 1 else {"colon": ":", "minus": "-", "space": " "}.get(name)
        driver.app.post_message(Key(name, character))


async def test_what_is_typed_fast_goes_where_it_was_meant(world: FakeCluster) -> None:
    async with driving(world) as driver:
        await driver.sees("api-6d4f8c9b7-2kxqp")
        await burst(driver, "colon", *"deploy", "enter")
        await driver.sees(" deployments ", "3/3")
        await burst(driver, "s", "7", "enter")
        await driver.sees("deploy/web scaled to 7")
        assert world.get(registry.DEPLOYMENTS, "web").spec.replicas == 7
        await burst(driver, "d", "y", "escape", "s", "escape", "r")
        await driver.sees("rollout  deploy/web")
        await burst(driver, "escape", "escape", "ctrl+d", "enter")
        await driver.sees(" pods ", "api-6d4f8c9b7-2kxqp")
        assert not objects.is_terminating(world.get(registry.PODS, "api-6d4f8c9b7-2kxqp")), "enter was for cancel"
