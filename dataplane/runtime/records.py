"""The engine's answers as records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dataplane.runtime import labels
from dataplane.runtime.types import ContainerRecord, Image, PodName, PodRecord, SandboxRecord, State

# Inspected containers come as the engine's JSON.
Inspected = Mapping[str, Any]

_STATES = {"created": State.CREATED, "exited": State.EXITED, "dead": State.EXITED}


def pod_record(pod: PodName, inspected: Iterable[Inspected]) -> PodRecord:
    """All containers of a pod, newest first."""
    newest_first = sorted(inspected, key=lambda one: (_attempt(one), one["Created"]), reverse=True)
    sandboxes = tuple(_sandbox(one) for one in newest_first if _labels(one)[labels.ROLE] == labels.ROLE_SANDBOX)
    containers = tuple(_container(one) for one in newest_first if _labels(one)[labels.ROLE] != labels.ROLE_SANDBOX)
    return PodRecord(pod, sandboxes, containers)


def state_of(inspected: Inspected) -> State:
    """A container that the engine made but could not start has an exit code: it counts as exited."""
    state = _STATES.get(inspected["State"]["Status"], State.RUNNING)
    return State.EXITED if state is State.CREATED and inspected["State"]["ExitCode"] else state


def image_of(found: Inspected) -> Image:
    names = tuple(found.get("RepoTags") or ()) + tuple(found.get("RepoDigests") or ())
    digests = found.get("RepoDigests") or ()
    reference = f"docker-pullable://{digests[0]}" if digests else f"docker://{found['Id']}"
    user = (found.get("Config") or {}).get("User") or ""
    return Image(found["Id"], reference, names, found.get("Size", 0), user)


def _sandbox(one: Inspected) -> SandboxRecord:
    return SandboxRecord(one["Id"], _attempt(one), state_of(one), one["State"]["Pid"], _seconds(one["Created"]))


def _container(one: Inspected) -> ContainerRecord:
    known, state = _labels(one), one["State"]
    created = _seconds(one["Created"])
    started, finished = _times(state, created)
    return ContainerRecord(
        id=one["Id"],
        name=known[labels.CONTAINER_NAME],
        sandbox=known[labels.SANDBOX],
        state=state_of(one),
        attempt=_attempt(one),
        backoff_seconds=int(known[labels.BACKOFF]),
        is_init=known[labels.ROLE] == labels.ROLE_INIT,
        spec_hash=known[labels.SPEC_HASH],
        image=one["Config"]["Image"],
        image_id=f"docker://{one['Image']}",
        pid=state["Pid"],
        created_at=created,
        started_at=started,
        finished_at=finished,
        exit_code=state["ExitCode"],
        reason=_reason(state),
        message=state["Error"],
    )


def _times(state: Inspected, created: float) -> tuple[float, float]:
    """When the run began and ended. The engine may note the end of a short run before its beginning."""
    if state["Status"] == "created":
        return created, created
    started, finished = _seconds(state["StartedAt"]), _seconds(state["FinishedAt"])
    return (started, finished) if state["Running"] else (min(started, finished), finished)


def _reason(state: Inspected) -> str:
    """Why a container ended, in the words of a terminated state."""
    if state["Status"] == "created":
        return "ContainerCannotRun"
    if state["OOMKilled"]:
        return "OOMKilled"
    return "Error" if state["ExitCode"] else "Completed"


def _labels(one: Inspected) -> Mapping[str, str]:
    known: Mapping[str, str] = one["Config"]["Labels"]
    return known


def _attempt(one: Inspected) -> int:
    return int(_labels(one)[labels.ATTEMPT])


def _seconds(text: str) -> float:
    """`2026-11-22T07:18:29.123456789Z` -> seconds; the engine's "never", in the year 1, -> 0."""
    return 0.0 if text.startswith("0001-") else datetime.fromisoformat(text).timestamp()
