"""Plans carried out in a simulated world with virtual time: whatever happens, every pod gets to where it should be.

The world keeps what Docker would keep. The agent's memory may be lost at any moment, as when it is killed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.api import times
from dataplane.agent import actions as act
from dataplane.agent.observed import Observed, Pull, PullState, Waiting
from dataplane.agent.phases import TERMINAL, phase
from dataplane.agent.plan import Plan, plan, spec_hash
from dataplane.agent.status import Host, pod_status
from dataplane.runtime.types import ContainerRecord, PodName, PodRecord, SandboxRecord, State
from protos.v1 import core_pb2 as core
from tests.support.builders import make_container, make_pod

START = 1_000_000.0
HOST = Host("10.0.0.1")


@dataclass
class World:
    """Docker and the network, as far as a pod can tell; `exit_codes` is what the next containers do when they are told to
    end, or end by themselves."""

    pod: core.Pod
    now: float = START
    sandboxes: list[SandboxRecord] = field(default_factory=list)
    runs: list[ContainerRecord] = field(default_factory=list)
    address: str = ""
    pulls: dict[str, Pull] = field(default_factory=dict)
    stopping: dict[str, float] = field(default_factory=dict)
    unhealthy: dict[str, str] = field(default_factory=dict)
    drained: bool = False
    finished: bool = False
    pull_fails: bool = False
    deaf: bool = False
    made: int = 0
    told_to_stop: set[str] = field(default_factory=set)
    attempts: dict[str, int] = field(default_factory=dict)

    def observed(self) -> Observed:
        newest_first = tuple(sorted(self.runs, key=lambda run: run.attempt, reverse=True))
        sandboxes = tuple(sorted(self.sandboxes, key=lambda one: one.attempt, reverse=True))
        name = PodName(self.pod.metadata.namespace, self.pod.metadata.name, self.pod.metadata.uid)
        return Observed(PodRecord(name, sandboxes, newest_first), self.address, plugged=bool(self.address),
                        pulls=dict(self.pulls), stopping=dict(self.stopping), unhealthy=dict(self.unhealthy),
                        drained=self.drained)  # fmt: skip

    def plan(self) -> Plan:
        return plan(self.pod, self.observed(), self.now)

    def report(self) -> None:
        """What the agent writes to the API, which comes back with the pod."""
        self.pod.status.CopyFrom(pod_status(self.pod, self.observed(), self.plan().waiting, host=HOST, now=self.now))

    def forget(self) -> None:
        """The agent is killed and started again."""
        self.pulls.clear()
        self.stopping.clear()
        self.unhealthy.clear()
        self.drained = False

    def end(self, run: ContainerRecord, code: int) -> None:
        self.runs[self.runs.index(run)] = replace(run, state=State.EXITED, exit_code=code, finished_at=self.now,
                                                  reason="Error" if code else "Completed")  # fmt: skip

    def live(self, run: ContainerRecord) -> bool:
        return run.state is State.RUNNING

    def do(self, action: act.Action) -> None:
        match action:
            case act.StartSandbox(attempt):
                assert not any(one.state is State.RUNNING for one in self.sandboxes), "two sandboxes"
                self.made += 1
                self.sandboxes.append(SandboxRecord(f"s{self.made}", attempt, State.RUNNING, pid=self.made))
                self.address = ""
            case act.RemoveSandbox(one):
                self.sandboxes = [sandbox for sandbox in self.sandboxes if sandbox.id != one]
            case act.PlugNetwork(_):
                self.address = "10.1.0.5"
            case act.UnplugNetwork():
                self.address = ""
            case act.PullImage(name):
                failed = Pull(PullState.FAILED, Waiting("ErrImagePull", "no"), self.now + 10)
                self.pulls[name] = failed if self.pull_fails else Pull(PullState.READY)
            case act.StartContainer():
                self.start(action)
            case act.StopContainer(one, _, grace, _):
                self.told_to_stop.add(one)
                self.stopping[one] = self.now + grace
                if not self.deaf:
                    self.end(self.run(one), 143)
            case act.KillContainer(one):
                if self.live(self.run(one)):
                    self.end(self.run(one), 137)
            case act.RemoveContainer(one):
                assert not self.live(self.run(one)), "removed while it ran"
                self.runs = [run for run in self.runs if run.id != one]
            case act.Drain():
                self.drained = True
            case act.Finish():
                assert not self.runs
                assert not self.sandboxes
                self.finished = True

    def start(self, action: act.StartContainer) -> None:
        name = action.container
        assert not any(run.name == name and self.live(run) for run in self.runs), f"{name} runs twice"
        assert action.attempt > self.attempts.get(name, -1), "a run was repeated"
        sandbox = next(one for one in self.sandboxes if one.id == action.sandbox_id)
        assert sandbox.state is State.RUNNING
        inits = [init.name for init in self.pod.spec.init_containers]
        before = inits[: inits.index(name)] if name in inits else inits
        done = {run.name for run in self.runs if run.sandbox == sandbox.id and run.exit_code == 0 and not self.live(run)}
        assert set(before) <= done, f"{name} started before {before}"
        earlier = [run for run in self.runs if run.name == name]
        if earlier:
            last = max(earlier, key=lambda run: run.attempt)
            if last.finished_at - last.started_at <= 600:
                assert self.now >= last.finished_at + last.backoff_seconds, "restarted too early"
        del self.pulls[name]
        self.attempts[name] = action.attempt
        self.made += 1
        every = (*self.pod.spec.init_containers, *self.pod.spec.containers)
        container = next(one for one in every if one.name == name)
        self.runs.append(ContainerRecord(
            f"c{self.made}", name, sandbox.id, State.RUNNING, attempt=action.attempt, started_at=self.now,
            backoff_seconds=action.backoff_seconds, is_init=name in inits, spec_hash=spec_hash(container),
            image=container.image))  # fmt: skip

    def run(self, one: str) -> ContainerRecord:
        return next(run for run in self.runs if run.id == one)

    def settle(self) -> None:
        """Carries out plans until there is nothing to do at this moment."""
        for _ in range(50):
            healthy = {run.id for run in self.runs if self.live(run)}
            planned = self.plan()
            self._check_untouched(planned, healthy)
            for action in planned.actions:
                self.do(action)
            self.report()
            for run in self.runs:
                if run.is_init and self.live(run) and run.id not in self.stopping:
                    self.end(run, 0)
            if not planned.actions and self.plan() == planned:
                return
            if self.finished:
                return
        raise AssertionError(f"does not settle: {self.plan()}")

    def _check_untouched(self, planned: Plan, healthy: set[str]) -> None:
        """A container that runs well, in a sandbox that lives, of a pod that shall live, is left alone."""
        alive = {one.id for one in self.sandboxes if one.state is State.RUNNING}
        if self.pod.metadata.HasField("deletion_timestamp") or phase(self.pod, self.observed()) in TERMINAL:
            return
        for action in planned.actions:
            if isinstance(action, act.StopContainer | act.KillContainer) and action.container_id in healthy:
                run = self.run(action.container_id)
                assert run.sandbox not in alive or run.id in self.unhealthy or run.id in self.stopping, action

    def sleep_until_woken(self) -> None:
        wake = self.plan().wake_at
        if wake is not None:
            self.now = max(self.now, wake)


def new_world(policy: str, inits: int, mains: int) -> World:
    containers = [make_container(f"main-{index}", image="app:1") for index in range(mains)]
    pod = make_pod(uid="u1", node="node-1", containers=containers)
    pod.spec.init_containers.extend(make_container(f"init-{index}", image="init:1") for index in range(inits))
    pod.spec.restart_policy = policy
    pod.spec.termination_grace_period_seconds = 30
    return World(pod)


worlds = st.builds(
    new_world, st.sampled_from(["Always", "OnFailure", "Never"]), st.integers(0, 2), st.integers(1, 3)
)  # fmt: skip
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("exit"), st.integers(0, 5), st.sampled_from([0, 1, 137])),
        st.tuples(st.just("sandbox dies")),
        st.tuples(st.just("agent restarts")),
        st.tuples(st.just("time passes"), st.floats(0, 900)),
        st.tuples(st.just("wake")),
        st.tuples(st.just("pulls fail"), st.booleans()),
        st.tuples(st.just("unhealthy"), st.integers(0, 5)),
        st.tuples(st.just("deaf"), st.booleans()),
    ),
    max_size=25,
)


def happen(world: World, what: tuple[object, ...]) -> None:
    running = [run for run in world.runs if world.live(run)]
    match what:
        case ("exit", int(index), int(code)) if running:
            world.end(running[index % len(running)], code)
        case ("sandbox dies",):
            world.sandboxes = [replace(one, state=State.EXITED) for one in world.sandboxes]
            world.address = ""
        case ("agent restarts",):
            world.forget()
        case ("time passes", float(seconds)):
            world.now += seconds
        case ("wake",):
            world.sleep_until_woken()
        case ("pulls fail", bool(fails)):
            world.pull_fails = fails
        case ("unhealthy", int(index)) if running:
            world.unhealthy[running[index % len(running)].id] = "liveness"
        case ("deaf", bool(deaf)):
            world.deaf = deaf
        case _:
            pass


def calm_down(world: World) -> None:
    """Nothing goes wrong from here on; time passes as the plan asks for."""
    world.pull_fails = world.deaf = False
    for _ in range(40):
        world.settle()
        if world.plan().wake_at is None or world.finished:
            return
        world.sleep_until_woken()
    raise AssertionError(f"never calm: {world.plan()}")


def ask_to_end(world: World, grace: int) -> None:
    world.pod.metadata.deletion_timestamp.CopyFrom(times.to_time(world.now + grace))
    world.pod.metadata.deletion_grace_period_seconds = grace


@settings(max_examples=200, deadline=None)
@given(worlds, happenings)
def test_a_pod_that_shall_run_runs_in_the_end_whatever_happened(world: World, story: list[tuple[object, ...]]) -> None:
    world.settle()
    for what in story:
        happen(world, what)
        world.settle()
    calm_down(world)
    running = {run.name for run in world.runs if world.live(run)}
    if world.pod.status.phase in TERMINAL:
        assert running == set()
        assert world.sandboxes == []
        assert world.address == ""
    else:
        policy = world.pod.spec.restart_policy
        ended = [run for run in world.runs if not world.live(run)]
        done = {run.name for run in ended if policy == "Never" or (policy == "OnFailure" and run.exit_code == 0)}
        assert running | done >= {container.name for container in world.pod.spec.containers}
        assert world.pod.status.phase == "Running"


@settings(max_examples=100, deadline=None)
@given(worlds, happenings, happenings, st.sampled_from([0, 1, 30]))
def test_a_pod_that_shall_end_leaves_nothing_behind(
    world: World, story: list[tuple[object, ...]], later: list[tuple[object, ...]], grace: int
) -> None:
    for what in story:
        world.settle()
        happen(world, what)
    ask_to_end(world, grace)
    asked_at = world.now
    for what in later:
        if world.finished:
            break
        before = world.made
        world.settle()
        assert world.made == before, "started something in a pod that ends"
        happen(world, what)
    calm_down(world)
    assert world.finished
    if not later:
        assert world.now - asked_at <= max(1, grace)


@settings(max_examples=100, deadline=None)
@given(worlds, happenings)
def test_planning_twice_gives_the_same_plan(world: World, story: list[tuple[object, ...]]) -> None:
    for what in story:
        assert world.plan() == world.plan()
        world.settle()
        happen(world, what)


@settings(max_examples=100, deadline=None)
@given(worlds, happenings)
def test_old_runs_do_not_pile_up(world: World, story: list[tuple[object, ...]]) -> None:
    for what in story:
        world.settle()
        happen(world, what)
    calm_down(world)
    for container in (*world.pod.spec.init_containers, *world.pod.spec.containers):
        assert len([run for run in world.runs if run.name == container.name]) <= 3
