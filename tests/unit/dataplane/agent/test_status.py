"""Statuses as kubectl shows them, from what was observed."""

from __future__ import annotations

import pytest

from dataplane.agent.observed import Observed, Waiting
from dataplane.agent.status import Host, pod_status
from dataplane.runtime.types import ContainerRecord, PodName, PodRecord, SandboxRecord, State
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container, make_pod

NOW = 1_800_000_000.0
HOST = Host("10.0.0.1")
SANDBOX = SandboxRecord("s1", 0, State.RUNNING, pid=1)


def a_run(name: str = "web", state: State = State.RUNNING, **more: object) -> ContainerRecord:
    known = {"id": f"{name}-id", "sandbox": "s1", "image": "nginx:1", "image_id": "docker://sha256:1",
             "started_at": NOW - 60, "finished_at": 0.0 if state is State.RUNNING else NOW - 5}  # fmt: skip
    return ContainerRecord(name=name, state=state, **{**known, **more})  # type: ignore[arg-type]


def seen(*runs: ContainerRecord, **more: object) -> Observed:
    record = PodRecord(PodName("default", "web", "uid-web"), (SANDBOX,), runs)
    return Observed(record, **{"address": "10.1.0.5", "plugged": True, **more})  # type: ignore[arg-type]


def a_pod(policy: str = "Always", *, names: tuple[str, ...] = ("web",), inits: tuple[str, ...] = ()) -> core.Pod:
    pod = make_pod(containers=[make_container(name) for name in names])
    pod.spec.init_containers.extend(make_container(name) for name in inits)
    pod.spec.restart_policy = policy
    return pod


def status_of(pod: core.Pod, observed: Observed, waiting: dict[str, Waiting] | None = None) -> core.PodStatus:
    return pod_status(pod, observed, waiting or {}, host=HOST, now=NOW)


def conditions(status: core.PodStatus) -> dict[str, str]:
    return {one.type: one.status for one in status.conditions}


EXITED = State.EXITED
PHASES = [
    ("nothing yet", "Always", (), "Pending"),
    ("runs", "Always", (a_run(),), "Running"),
    ("failed, comes back", "Always", (a_run(state=EXITED, exit_code=1),), "Running"),
    ("succeeded, comes back", "Always", (a_run(state=EXITED),), "Running"),
    ("failed, comes back on failure", "OnFailure", (a_run(state=EXITED, exit_code=1),), "Running"),
    ("succeeded for good", "OnFailure", (a_run(state=EXITED),), "Succeeded"),
    ("never again, well", "Never", (a_run(state=EXITED),), "Succeeded"),
    ("never again, badly", "Never", (a_run(state=EXITED, exit_code=1),), "Failed"),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "runs", "phase"), [row[1:] for row in PHASES], ids=[row[0] for row in PHASES])
def test_the_phase_follows_from_the_runs_and_the_restart_policy(
    policy: str, runs: tuple[ContainerRecord, ...], phase: str
) -> None:
    assert status_of(a_pod(policy), seen(*runs)).phase == phase


def test_one_container_that_runs_keeps_the_pod_running() -> None:
    pod = a_pod("Never", names=("web", "log"))
    assert status_of(pod, seen(a_run("web"), a_run("log", EXITED, exit_code=1))).phase == "Running"


def test_a_pod_that_ended_never_runs_again() -> None:
    pod = a_pod("Never")
    pod.status.phase = "Failed"
    assert status_of(pod, seen(a_run())).phase == "Failed"


def test_a_running_pod_is_ready_in_every_way() -> None:
    status = status_of(a_pod(), seen(a_run()))
    assert conditions(status) == dict.fromkeys(("PodScheduled", "Initialized", "ContainersReady", "Ready"), "True")
    assert (status.pod_ip, status.host_ip, status.qos_class) == ("10.1.0.5", "10.0.0.1", "BestEffort")
    assert [one.ip for one in status.host_ips] == ["10.0.0.1"]


def test_a_container_that_waits_says_why_and_how_it_ended_before() -> None:
    wait = Waiting("CrashLoopBackOff", "back-off 20s restarting failed container=web pod=web_default(uid-web)")
    run = a_run(state=EXITED, exit_code=137, reason="OOMKilled", attempt=2)
    (container,) = status_of(a_pod(), seen(run), {"web": wait}).container_statuses
    assert (container.state.waiting.reason, container.state.waiting.message) == (wait.reason, wait.message)
    ended = container.last_state.terminated
    assert (ended.exit_code, ended.reason, ended.container_id) == (137, "OOMKilled", "docker://web-id")
    assert (container.restart_count, container.ready) == (2, False)


def test_a_restarted_container_shows_how_the_last_run_ended() -> None:
    runs = (a_run(attempt=1, id="new"), a_run(state=EXITED, exit_code=3, reason="Error", id="old"))
    (container,) = status_of(a_pod(), seen(*runs)).container_statuses
    assert container.state.HasField("running")
    assert (container.last_state.terminated.exit_code, container.restart_count) == (3, 1)


def test_init_containers_hold_the_others_back() -> None:
    pod = a_pod(inits=("first", "second"))
    done = a_run("first", EXITED, is_init=True, reason="Completed")
    status = status_of(pod, seen(a_run("second", is_init=True), done), {"web": Waiting("PodInitializing")})
    assert status.phase == "Pending"
    initialized = next(one for one in status.conditions if one.type == "Initialized")
    assert (initialized.status, initialized.reason) == ("False", "ContainersNotInitialized")
    assert initialized.message == "containers with incomplete status: [second]"
    assert [one.ready for one in status.init_container_statuses] == [True, False]
    assert status.container_statuses[0].state.waiting.reason == "PodInitializing"


def test_an_init_container_that_fails_for_good_fails_the_pod() -> None:
    run = a_run("first", EXITED, is_init=True, exit_code=1)
    assert status_of(a_pod("Never", inits=("first",)), seen(run)).phase == "Failed"


def test_a_finished_pod_is_not_ready_but_stays_initialized() -> None:
    status = status_of(a_pod("Never"), seen(a_run(state=EXITED)))
    told = {one.type: (one.status, one.reason) for one in status.conditions}
    assert told["Ready"] == ("False", "PodCompleted")
    assert told["ContainersReady"] == ("False", "PodCompleted")
    assert told["Initialized"] == ("True", "PodCompleted")


def test_a_container_is_ready_when_its_probes_say_so() -> None:
    run = a_run()
    unready = status_of(a_pod(), seen(run, ready={"web-id": False}))
    assert conditions(unready)["Ready"] == "False"
    starting = status_of(a_pod(), seen(run, started={"web-id": False}, ready={"web-id": True}))
    assert (starting.container_statuses[0].started, starting.container_statuses[0].ready) == (False, False)


def test_what_did_not_change_keeps_its_time() -> None:
    pod = a_pod()
    pod.status.CopyFrom(pod_status(pod, seen(a_run()), {}, host=HOST, now=NOW - 100))
    status = status_of(pod, seen(a_run(), ready={"web-id": False}))
    times = {one.type: one.last_transition_time.seconds for one in status.conditions}
    assert times == {"PodScheduled": NOW - 100, "Initialized": NOW - 100, "ContainersReady": NOW, "Ready": NOW}
    assert status.start_time.seconds == NOW - 100
    again = status_of(pod, seen(a_run()))
    assert again == pod.status


def test_what_others_wrote_is_kept() -> None:
    pod = a_pod()
    pod.status.conditions.add(type="DisruptionTarget", status="True", reason="PreemptionByScheduler")
    assert conditions(status_of(pod, seen(a_run())))["DisruptionTarget"] == "True"


def test_a_pod_with_a_closed_gate_is_not_ready() -> None:
    pod = a_pod()
    pod.spec.readiness_gates.add(condition_type="example.com/open")
    told = conditions(status_of(pod, seen(a_run())))
    assert (told["ContainersReady"], told["Ready"]) == ("True", "False")
    pod.status.conditions.add(type="example.com/open", status="True")
    assert conditions(status_of(pod, seen(a_run())))["Ready"] == "True"
