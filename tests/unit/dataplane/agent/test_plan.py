"""Single decisions of the plan, with the words that people see. What holds for all stories is in the property tests."""

from __future__ import annotations

import pytest

from controlplane.api import times
from dataplane.agent import actions as act
from dataplane.agent.observed import Observed, Pull, PullState, Waiting
from dataplane.agent.plan import orphan_plan, plan, spec_hash
from dataplane.agent.restarts import next_run
from dataplane.runtime.types import ContainerRecord, PodName, PodRecord, SandboxRecord, State
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container, make_pod

NOW = 1_800_000_000.0
LIVE = SandboxRecord("s1", 0, State.RUNNING, pid=7)
HASH = spec_hash(make_container())


def a_run(state: State = State.RUNNING, **more: object) -> ContainerRecord:
    known = {"id": "c1", "name": "web", "sandbox": "s1", "spec_hash": HASH, "started_at": NOW - 60}
    return ContainerRecord(state=state, **{**known, **more})  # type: ignore[arg-type]


def seen(*runs: ContainerRecord, sandboxes: tuple[SandboxRecord, ...] = (LIVE,), **more: object) -> Observed:
    record = PodRecord(PodName("default", "web", "uid-web"), sandboxes, runs)
    return Observed(record, **{"address": "10.1.0.5", "plugged": True, **more})  # type: ignore[arg-type]


def ending(grace: int, *, since: float = 0.0) -> core.Pod:
    pod = make_pod(deleted=NOW + grace - since)
    pod.metadata.deletion_grace_period_seconds = grace
    return pod


def test_a_pod_starts_with_its_sandbox_then_its_network_then_its_image_then_its_container() -> None:
    pod = make_pod()
    assert plan(pod, seen(sandboxes=(), address="", plugged=False), NOW).actions == (act.StartSandbox(0),)
    assert plan(pod, seen(address="", plugged=False), NOW).actions == (act.PlugNetwork(7),)
    assert plan(pod, seen(), NOW).actions == (act.PullImage("web"),)
    ready = {"web": Pull(PullState.READY)}
    assert plan(pod, seen(pulls=ready), NOW).actions == (act.StartContainer("web", "s1", 0, 0),)
    assert plan(pod, seen(a_run()), NOW).actions == ()


def test_containers_that_have_not_run_wait_for_their_creation() -> None:
    assert plan(make_pod(), seen(), NOW).waiting == {"web": Waiting("ContainerCreating")}


def test_a_pull_that_failed_is_waited_for_and_then_tried_again() -> None:
    failed = {"web": Pull(PullState.FAILED, Waiting("ImagePullBackOff", "no"), NOW + 10)}
    waits = plan(make_pod(), seen(pulls=failed), NOW)
    assert (waits.actions, waits.wake_at, waits.waiting["web"].reason) == ((), NOW + 10, "ImagePullBackOff")
    assert plan(make_pod(), seen(pulls=failed), NOW + 10).actions == (act.PullImage("web"),)


@pytest.mark.parametrize(
    ("backoff", "waits", "then"), [(0, 0, 10), (10, 10, 20), (20, 20, 40), (160, 160, 300), (300, 300, 300)]
)
def test_back_off_doubles_up_to_five_minutes(backoff: int, waits: int, then: int) -> None:
    run = a_run(State.EXITED, exit_code=1, backoff_seconds=backoff, finished_at=NOW)
    assert next_run(run) == (NOW + waits, then, waits)


def test_ten_good_minutes_make_up_for_earlier_failures() -> None:
    run = a_run(State.EXITED, backoff_seconds=300, started_at=NOW - 601, finished_at=NOW)
    assert next_run(run) == (NOW, 10, 0)


@pytest.mark.parametrize(("seconds", "told"), [(10, "10s"), (80, "1m20s"), (160, "2m40s"), (300, "5m0s")])
def test_a_crash_loop_is_told_in_kubernetes_words(seconds: int, told: str) -> None:
    run = a_run(State.EXITED, exit_code=1, backoff_seconds=seconds, finished_at=NOW)
    waiting = plan(make_pod(), seen(run), NOW + 1).waiting["web"]
    message = f"back-off {told} restarting failed container=web pod=web_default(uid-web)"
    assert waiting == Waiting("CrashLoopBackOff", message)


def test_a_changed_image_replaces_the_container() -> None:
    pod = make_pod(containers=[make_container(image="nginx:2")])
    pod.spec.termination_grace_period_seconds = 7
    why = "Container web definition changed, will be restarted"
    assert plan(pod, seen(a_run()), NOW).actions == (act.StopContainer("c1", "web", 7.0, why),)


def test_a_container_that_was_made_but_never_started_is_made_again() -> None:
    assert plan(make_pod(), seen(a_run(State.CREATED)), NOW).actions == (act.RemoveContainer("c1"),)


def test_a_pod_that_ends_is_drained_then_stopped_then_killed_then_taken_apart() -> None:
    pod = ending(30)
    assert plan(pod, seen(a_run()), NOW).actions == (act.Drain(),)
    stop = act.StopContainer("c1", "web", 30.0, "Stopping container web")
    assert plan(pod, seen(a_run(), drained=True), NOW).actions == (stop,)
    stopping = seen(a_run(), drained=True, stopping={"c1": NOW + 30})
    assert (plan(pod, stopping, NOW).actions, plan(pod, stopping, NOW).wake_at) == ((), NOW + 30)
    assert plan(pod, stopping, NOW + 30).actions == (act.KillContainer("c1"),)
    gone = plan(pod, seen(a_run(State.EXITED)), NOW).actions
    assert gone == (act.UnplugNetwork(), act.RemoveContainer("c1"), act.RemoveSandbox("s1"), act.Finish())


def test_time_spent_on_draining_is_part_of_the_grace_period() -> None:
    (stop,) = plan(ending(30, since=4), seen(a_run(), drained=True), NOW).actions
    assert isinstance(stop, act.StopContainer)
    assert stop.grace_seconds == 26


def test_a_pod_without_grace_is_killed_undrained() -> None:
    assert plan(ending(0), seen(a_run()), NOW).actions == (act.KillContainer("c1"),)


def test_sidecars_end_last() -> None:
    runs = (a_run(), a_run(id="c2", name="proxy", is_init=True))
    (stop,) = plan(ending(30), seen(*runs, drained=True), NOW).actions
    assert isinstance(stop, act.StopContainer)
    assert stop.container_id == "c1"
    (stop,) = plan(ending(30), seen(runs[1], drained=True), NOW).actions
    assert isinstance(stop, act.StopContainer)
    assert stop.container_id == "c2"


def test_a_sidecar_starts_before_the_others_and_is_kept_running() -> None:
    pod = make_pod()
    pod.spec.init_containers.add(name="proxy", image="proxy:1", restart_policy="Always")
    assert plan(pod, seen(), NOW).actions == (act.PullImage("proxy"),)
    proxy = a_run(id="c2", name="proxy", is_init=True, spec_hash=spec_hash(pod.spec.init_containers[0]))
    assert plan(pod, seen(proxy), NOW).actions == (act.PullImage("web"),)
    ended = ContainerRecord("c2", "proxy", "s1", State.EXITED, is_init=True, finished_at=NOW - 1)
    assert plan(pod, seen(a_run(), ended), NOW).actions == (act.PullImage("proxy"),)


def test_a_finished_pod_gives_back_its_network_and_its_sandbox() -> None:
    pod = make_pod()
    pod.spec.restart_policy = "Never"
    planned = plan(pod, seen(a_run(State.EXITED)), NOW)
    assert planned.actions == (act.UnplugNetwork(), act.RemoveSandbox("s1"))


def test_what_belongs_to_no_pod_ends_now() -> None:
    planned = orphan_plan(seen(a_run()))
    assert planned.actions[0] == act.KillContainer("c1")
    assert planned.actions[-1] == act.Finish()


def test_when_the_time_to_end_has_passed_long_ago_a_moment_is_left() -> None:
    pod = ending(30)
    pod.metadata.deletion_timestamp.CopyFrom(times.to_time(NOW - 1000))
    (stop,) = plan(pod, seen(a_run(), drained=True), NOW).actions
    assert isinstance(stop, act.StopContainer)
    assert stop.grace_seconds == 1
