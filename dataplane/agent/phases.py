"""The phase of a pod, and what follows from it. Pure."""

from __future__ import annotations

from dataplane.agent.observed import Observed
from dataplane.agent.restarts import is_sidecar, policy_of, runs_again
from dataplane.runtime.types import State
from protos.v1 import core_pb2 as core

TERMINAL = frozenset({"Succeeded", "Failed"})


def phase(pod: core.Pod, observed: Observed) -> str:
    """Pending, Running, Succeeded or Failed. A pod that has ended stays ended."""
    if pod.status.phase in TERMINAL:
        return pod.status.phase
    if any(_failed_for_good(pod, init, observed) for init in pod.spec.init_containers):
        return "Failed"
    runs = [observed.newest(container.name) for container in pod.spec.containers]
    if not initialized(pod, observed) or any(run is None or run.state is State.CREATED for run in runs):
        return "Pending"
    ended = [run for run in runs if run is not None and run.state is State.EXITED]
    if len(ended) < len(runs) or any(runs_again(pod.spec.restart_policy or "Always", run) for run in ended):
        return "Running"
    return "Failed" if any(run.exit_code for run in ended) else "Succeeded"


def is_finished(pod: core.Pod, observed: Observed) -> bool:
    """Whether none of its containers shall run any more."""
    return phase(pod, observed) in TERMINAL


def initialized(pod: core.Pod, observed: Observed) -> bool:
    """Whether the init containers are done in the sandbox that lives. Main containers in there prove it."""
    sandbox = observed.sandbox
    main = {container.name for container in pod.spec.containers}
    if any(run.name in main and (sandbox is None or run.sandbox == sandbox.id) for run in observed.record.containers):
        return True
    return all(init_is_done(init, observed) for init in pod.spec.init_containers)


def init_is_done(container: core.Container, observed: Observed) -> bool:
    """Whether what comes after this init container may start."""
    run, sandbox = observed.newest(container.name), observed.sandbox
    if run is None or (sandbox is not None and run.sandbox != sandbox.id):
        return False
    if is_sidecar(container):
        return observed.is_started(run)
    return run.state is State.EXITED and run.exit_code == 0


def _failed_for_good(pod: core.Pod, container: core.Container, observed: Observed) -> bool:
    run = observed.newest(container.name)
    if run is None or run.state is not State.EXITED or run.exit_code == 0:
        return False
    return not runs_again(policy_of(pod, container, is_init=True), run)
