"""What to do next about a pod: `plan(pod, observed, now) -> Plan`. Pure.

A plan is for the moment: it is carried out, the pod is looked at again and planned again, until there is nothing to do. It
may be carried out twice, or in part. A container that runs as it should is never touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from controlplane.api import times
from controlplane.api.objects import is_terminating
from dataplane.agent.actions import (
    Action,
    Drain,
    Finish,
    KillContainer,
    PlugNetwork,
    PullImage,
    RemoveContainer,
    RemoveSandbox,
    StartContainer,
    StartSandbox,
    StopContainer,
    UnplugNetwork,
)
from dataplane.agent.observed import Observed, PullState, Waiting
from dataplane.agent.phases import init_is_done, initialized, is_finished
from dataplane.agent.restarts import is_sidecar, next_run, policy_of, runs_again
from dataplane.runtime.types import ContainerRecord, SandboxRecord, State
from protos.v1 import core_pb2 as core

DEFAULT_GRACE_SECONDS = 30.0
_LEAST_GRACE_SECONDS = 1.0
_RUNS_KEPT = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """`wake_at` is when to look again though nothing happened. `waiting` says, by container, why it does not run."""

    actions: tuple[Action, ...] = ()
    wake_at: float | None = None
    waiting: dict[str, Waiting] = field(default_factory=dict)


def plan(pod: core.Pod, observed: Observed, now: float) -> Plan:
    if is_terminating(pod):
        return _end(pod, observed, now)
    if is_finished(pod, observed):
        return _rest(pod, observed, now)
    sandbox = observed.sandbox
    leftovers = tuple(_leftovers(observed))
    if sandbox is None:
        attempt = max((one.attempt + 1 for one in observed.record.sandboxes), default=0)
        return Plan((*leftovers, StartSandbox(attempt)), waiting=_first_waiting(pod, observed))
    if not observed.plugged:
        return Plan((*leftovers, PlugNetwork(sandbox.pid)), waiting=_first_waiting(pod, observed))
    return _run(pod, observed, now, sandbox=sandbox, before=leftovers)


def orphan_plan(observed: Observed) -> Plan:
    """For a pod that is gone from the API: everything of it ends now."""
    return Plan((*(KillContainer(run.id) for run in observed.running), *_dismantled(observed), Finish()))


def spec_hash(container: core.Container) -> str:
    """Changes when a running container has to be replaced: of what may change in a pod, that is the image."""
    return hashlib.sha256(f"{container.name}\0{container.image}".encode()).hexdigest()[:16]


def grace_seconds(pod: core.Pod) -> float:
    """How long the pod's containers have to end, from the moment they are asked to."""
    if pod.metadata.HasField("deletion_grace_period_seconds"):
        return float(pod.metadata.deletion_grace_period_seconds)
    if pod.spec.HasField("termination_grace_period_seconds"):
        return float(pod.spec.termination_grace_period_seconds)
    return DEFAULT_GRACE_SECONDS


def _run(pod: core.Pod, observed: Observed, now: float, *, sandbox: SandboxRecord, before: tuple[Action, ...]) -> Plan:
    """Gets every container that should run to run: the init containers one after the other, then the others together."""
    actions: list[Action] = [*before]
    waiting = _first_waiting(pod, observed)
    wakes: list[float] = []
    for container, is_init in _due(pod, observed):
        step = _Step(pod, container, observed, now, sandbox, is_init)
        planned = _attend(step)
        actions.extend(planned.actions)
        waiting.update(planned.waiting)
        if planned.wake_at is not None:
            wakes.append(planned.wake_at)
    actions.extend(_old_runs(observed))
    return Plan(tuple(actions), min(wakes, default=None), waiting)


@dataclass(frozen=True, slots=True)
class _Step:
    pod: core.Pod
    container: core.Container
    observed: Observed
    now: float
    sandbox: SandboxRecord
    is_init: bool


def _due(pod: core.Pod, observed: Observed) -> Iterator[tuple[core.Container, bool]]:
    """The containers that have their turn."""
    if initialized(pod, observed):
        yield from ((init, True) for init in pod.spec.init_containers if is_sidecar(init))
        yield from ((container, False) for container in pod.spec.containers)
        return
    for init in pod.spec.init_containers:
        done = init_is_done(init, observed)
        if not done or is_sidecar(init):
            yield init, True
        if not done:
            return


def _attend(step: _Step) -> Plan:
    run = step.observed.newest(step.container.name)
    if run is None:
        return _start(step, attempt=0, backoff=0)
    if run.state is State.CREATED:
        return Plan((RemoveContainer(run.id),))
    if run.state is State.RUNNING:
        return _watch(step, run)
    rerun = step.is_init and run.sandbox != step.sandbox.id
    if not rerun and not runs_again(policy_of(step.pod, step.container, is_init=step.is_init), run):
        return Plan()
    due = next_run(run)
    if due.at > step.now:
        return Plan(wake_at=due.at, waiting={step.container.name: _crash_loop(step, due.waits)})
    return _start(step, attempt=run.attempt + 1, backoff=due.backoff_seconds)


def _watch(step: _Step, run: ContainerRecord) -> Plan:
    """A container that runs: left alone, unless it is not what it should be."""
    deadline = step.observed.stopping.get(run.id)
    if deadline is not None:
        return Plan((KillContainer(run.id),)) if deadline <= step.now else Plan(wake_at=deadline)
    grace = grace_seconds(step.pod)
    name = step.container.name
    if run.spec_hash != spec_hash(step.container):
        return Plan((StopContainer(run.id, name, grace, f"Container {name} definition changed, will be restarted"),))
    probe = step.observed.unhealthy.get(run.id)
    if probe is not None:
        return Plan((StopContainer(run.id, name, grace, f"Container {name} failed {probe} probe, will be restarted"),))
    return Plan()


def _start(step: _Step, *, attempt: int, backoff: int) -> Plan:
    name = step.container.name
    problem = step.observed.problems.get(name)
    told = {} if problem is None else {name: problem}
    pull = step.observed.pulls.get(name)
    if pull is None:
        return Plan((PullImage(name),), waiting=told)
    if pull.state is PullState.READY:
        return Plan((StartContainer(name, step.sandbox.id, attempt, backoff),), waiting=told)
    if pull.state is PullState.FAILED and pull.retry_at <= step.now:
        return Plan((PullImage(name),), waiting={name: pull.waiting})
    wake = pull.retry_at if pull.state is PullState.FAILED else None
    return Plan(wake_at=wake, waiting={name: pull.waiting} if pull.state is PullState.FAILED else told)


def _crash_loop(step: _Step, seconds: int) -> Waiting:
    metadata = step.pod.metadata
    pod = f"{metadata.name}_{metadata.namespace}({metadata.uid})"
    message = f"back-off {_duration(seconds)} restarting failed container={step.container.name} pod={pod}"
    return Waiting("CrashLoopBackOff", message)


def _duration(seconds: int) -> str:
    """`10s`, `1m20s`, `5m0s`: as Go writes durations."""
    return f"{seconds}s" if seconds < 60 else f"{seconds // 60}m{seconds % 60}s"


def _first_waiting(pod: core.Pod, observed: Observed) -> dict[str, Waiting]:
    """What containers wait for before there is anything more special to say."""
    usual = Waiting("PodInitializing" if pod.spec.init_containers else "ContainerCreating")
    every = (*pod.spec.init_containers, *pod.spec.containers)
    return {one.name: observed.problems.get(one.name, usual) for one in every if observed.newest(one.name) is None}


def _leftovers(observed: Observed) -> Iterator[Action]:
    """Sandboxes but the one that lives, and containers that run in a sandbox that does not."""
    sandbox = observed.sandbox
    yield from (RemoveSandbox(one.id) for one in observed.record.sandboxes if one is not sandbox)
    yield from (KillContainer(run.id) for run in observed.running if sandbox is None or run.sandbox != sandbox.id)


def _old_runs(observed: Observed) -> Iterator[Action]:
    """Of each container the last runs are kept, for their logs and for what they tell; older ones go."""
    seen: dict[str, int] = {}
    for run in observed.record.containers:
        seen[run.name] = seen.get(run.name, 0) + 1
        if seen[run.name] > _RUNS_KEPT and run.state is State.EXITED:
            yield RemoveContainer(run.id)


def _rest(pod: core.Pod, observed: Observed, now: float) -> Plan:
    """A pod that has ended keeps its containers, for their logs, but neither network nor sandbox."""
    if observed.running:
        return _stop_all(observed, now, max(_LEAST_GRACE_SECONDS, grace_seconds(pod)))
    network: tuple[Action, ...] = (UnplugNetwork(),) if observed.address else ()
    return Plan((*network, *(RemoveSandbox(one.id) for one in observed.record.sandboxes)))


def _end(pod: core.Pod, observed: Observed, now: float) -> Plan:
    """A pod whose deletion was asked for: out of the services, then TERM, KILL when the time is up, then gone."""
    grace = grace_seconds(pod)
    if not observed.running:
        return Plan((*_dismantled(observed), Finish()))
    if grace <= 0:
        return Plan(tuple(KillContainer(run.id) for run in observed.running))
    if not observed.drained:
        return Plan((Drain(),))
    left = times.to_seconds(pod.metadata.deletion_timestamp) - now
    return _stop_all(observed, now, max(_LEAST_GRACE_SECONDS, min(grace, left)))


def _stop_all(observed: Observed, now: float, grace: float) -> Plan:
    """Sidecars end after the containers that they serve."""
    main = [run for run in observed.running if not run.is_init]
    actions: list[Action] = []
    deadlines = []
    for run in main or observed.running:
        deadline = observed.stopping.get(run.id)
        if deadline is None:
            actions.append(StopContainer(run.id, run.name, grace, f"Stopping container {run.name}"))
        elif deadline <= now:
            actions.append(KillContainer(run.id))
        else:
            deadlines.append(deadline)
    return Plan(tuple(actions), min(deadlines, default=None))


def _dismantled(observed: Observed) -> Iterator[Action]:
    if observed.address:
        yield UnplugNetwork()
    yield from (RemoveContainer(run.id) for run in observed.record.containers)
    yield from (RemoveSandbox(one.id) for one in observed.record.sandboxes)
