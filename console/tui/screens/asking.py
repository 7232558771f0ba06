"""Dialogs that end in a deed: each asks, and does what was answered. Shared by lists and the rollout page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from console.tui.model.views import Delete, Scale, SetImages, Target, target_of
from console.tui.screens.page import Page
from console.tui.widgets.dialogs import Confirm, ImageForm, ScaleForm
from controlplane.api.rollouts import desired_replicas
from protos.v1 import apps_pb2 as apps


def ask_scale(page: Page, obj: apps.Deployment | apps.ReplicaSet) -> None:
    target = target_of(obj)

    def answered(replicas: int | None) -> None:
        if replicas is not None:
            page.console.do(Scale(target, replicas))

    page.app.push_screen(ScaleForm(str(target), desired_replicas(obj)), answered)


def ask_images(page: Page, deployment: apps.Deployment, then: Callable[[], None]) -> None:
    """`then` is called when images were set."""
    target = target_of(deployment)
    images = {container.name: container.image for container in deployment.spec.template.spec.containers}

    def answered(changed: Mapping[str, str] | None) -> None:
        if changed:
            page.console.do(SetImages(target, changed))
            then()

    page.app.push_screen(ImageForm(str(target), images), answered)


def ask_delete(page: Page, targets: Sequence[Target], *, hidden: int, then: Callable[[], None]) -> None:
    """`hidden` of the targets cannot be seen for a filter, which is worth a word."""
    kind = targets[0].kind
    what = kind.singular if len(targets) == 1 else f"{len(targets)} {kind.plural}"
    note = f"{hidden} of them are hidden by the filter" if hidden else ""

    def answered(sure: bool | None) -> None:
        if sure:
            page.console.do(Delete(tuple(targets)))
            then()

    subjects = [str(target.key) for target in targets]
    page.app.push_screen(Confirm(f"delete {what}?", "delete", subjects=subjects, note=note), answered)
