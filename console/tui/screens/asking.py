"""Dialogs that end in a deed: each asks, and does what was answered. Shared by lists and the rollout page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual.screen import Screen

from console.tui.model.views import Deed, Delete, Scale, SetImages, Target, target_of
from console.tui.screens.places import Do
from console.tui.widgets.dialogs import Confirm, ImageForm, ScaleForm
from controlplane.api.rollouts import desired_replicas
from protos.v1 import apps_pb2 as apps


def do(screen: Screen[None], deed: Deed) -> None:
    screen.post_message(Do(deed))


def ask_scale(screen: Screen[None], obj: apps.Deployment | apps.ReplicaSet) -> None:
    target = target_of(obj)

    def answered(replicas: int | None) -> None:
        if replicas is not None:
            do(screen, Scale(target, replicas))

    screen.app.push_screen(ScaleForm(str(target), desired_replicas(obj)), answered)


def ask_images(screen: Screen[None], deployment: apps.Deployment, then: Callable[[], None]) -> None:
    """`then` is called when images were set."""
    target = target_of(deployment)
    images = {container.name: container.image for container in deployment.spec.template.spec.containers}

    def answered(changed: Mapping[str, str] | None) -> None:
        if changed:
            do(screen, SetImages(target, changed))
            then()

    screen.app.push_screen(ImageForm(str(target), images), answered)


def ask_delete(screen: Screen[None], targets: Sequence[Target], *, hidden: int, then: Callable[[], None]) -> None:
    """`hidden` of the targets cannot be seen for a filter, which is worth a word."""
    kind = targets[0].kind
    what = kind.singular if len(targets) == 1 else f"{len(targets)} {kind.plural}"
    note = f"{hidden} of them are hidden by the filter" if hidden else ""

    def answered(sure: bool | None) -> None:
        if sure:
            do(screen, Delete(tuple(targets)))
            then()

    subjects = [str(target.key) for target in targets]
    screen.app.push_screen(Confirm(f"delete {what}?", "delete", subjects=subjects, note=note), answered)
