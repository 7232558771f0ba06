"""What deeds are called while they are done, and how they fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from console.tui.model.sanitize import clean
from console.tui.model.views import Cordon, Deed, Delete, Edit, Pause, Restart, Scale, SetImages, Target, Undo


class Failed(Exception):
    """The deed was refused. `str()` is for people, cleaned."""


def words(deed: Deed) -> str:
    """What is being done: `scaling deploy/web to 5`."""
    match deed:
        case Scale(target, replicas):
            return f"scaling {told(target)} to {replicas}"
        case SetImages(target, images):
            return f"setting {told(target)} to {clean(', '.join(images.values()))}"
        case Undo(target, revision):
            return f"rolling {told(target)} back" + (f" to revision {revision}" if revision else "")
        case Restart(target):
            return f"restarting {told(target)}"
        case Pause(target, paused):
            return f"{'pausing' if paused else 'resuming'} {told(target)}"
        case Cordon(target, unschedulable):
            return f"{'cordoning' if unschedulable else 'uncordoning'} {told(target)}"
        case Delete(targets):
            return f"deleting {told_all(targets)}"
        case Edit(target):
            return f"editing {told(target)}"
    assert_never(deed)


def told(target: Target) -> str:
    return clean(str(target))


def told_all(targets: Sequence[Target]) -> str:
    return told(targets[0]) if len(targets) == 1 else f"{len(targets)} {targets[0].kind.plural}"
