"""Why a volume cannot be had. The texts are Kubernetes', and end up in events."""

from __future__ import annotations

from collections.abc import Sequence


class MountProblem(Exception):
    """A volume cannot be had; the pod waits. The text is for the event FailedMount."""


def of_volume(name: str, why: object) -> MountProblem:
    return MountProblem(f'MountVolume.SetUp failed for volume "{name}" : {why}')


def together(problems: Sequence[MountProblem]) -> MountProblem:
    """Several problems as one: `[first, second]`; a single one is told as it is."""
    texts = [str(problem) for problem in problems]
    return MountProblem(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
