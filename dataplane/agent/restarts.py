"""Whether and when a container that ended runs again (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/,
"How Pods handle problems with containers"). Pure.

The first restart comes at once, the second after 10 s, then 20, 40, … 300. A run of more than ten minutes makes up for all
failures before it. What the next failure costs is kept with each run, so nothing needs to be remembered here.
"""

from __future__ import annotations

from typing import NamedTuple

from dataplane.runtime.types import ContainerRecord
from protos.v1 import core_pb2 as core

FIRST_SECONDS = 10
LONGEST_SECONDS = 300
GOOD_RUN_SECONDS = 600


class NextRun(NamedTuple):
    """`at`: not before; `backoff_seconds`: what to keep with the run; `waits`: the pause that had to be made."""

    at: float
    backoff_seconds: int
    waits: int


def is_sidecar(container: core.Container) -> bool:
    """An init container that goes on running beside the others."""
    return container.restart_policy == "Always"


def policy_of(pod: core.Pod, container: core.Container, *, is_init: bool) -> str:
    """Always, OnFailure or Never. An init container that succeeded is done, whatever the pod's policy."""
    if is_init:
        if is_sidecar(container):
            return "Always"
        return "Never" if pod.spec.restart_policy == "Never" else "OnFailure"
    return pod.spec.restart_policy or "Always"


def runs_again(policy: str, run: ContainerRecord) -> bool:
    return policy == "Always" or (policy == "OnFailure" and run.exit_code != 0)


def next_run(ended: ContainerRecord) -> NextRun:
    good = ended.finished_at - ended.started_at > GOOD_RUN_SECONDS
    if good or not ended.backoff_seconds:
        return NextRun(ended.finished_at, FIRST_SECONDS, 0)
    longer = min(ended.backoff_seconds * 2, LONGEST_SECONDS)
    return NextRun(ended.finished_at + ended.backoff_seconds, longer, ended.backoff_seconds)
