"""Carries out what an operator asks for, and says what came of it.

Raises `Failed` with what the server said; nothing here touches the screen but the editor, which is handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from console.printers import structured
from console.tui.model.deeds import Failed, told, told_all
from console.tui.model.sanitize import clean
from console.tui.model.views import Cordon, Deed, Delete, Edit, Pause, Restart, Scale, SetImages, Target, Undo
from controlplane.api import codec, errors, registry, rollouts, times, yaml_text
from controlplane.api.objects import ApiObject
from controlplane.client import workloads
from controlplane.client.client import Client

Editor = Callable[[str], str | None]


async def perform(deed: Deed, client: Client, *, now: float, editor: Editor) -> str:
    """Does it and says what came of it. `editor` lets the operator change a text; None when it was left as it was."""
    try:
        return await _perform(deed, client, now, editor)
    except (errors.StatusError, rollouts.RolloutError, workloads.Refused) as error:
        raise Failed(clean(str(error))) from error


async def _perform(deed: Deed, client: Client, now: float, editor: Editor) -> str:
    match deed:
        case Scale(target, replicas):
            await workloads.scale(client, target.kind, target.key.name, target.key.namespace, replicas)
            return f"{told(target)} scaled to {replicas}"
        case SetImages(target, images):
            await workloads.set_image(client, target.kind, target.key.name, target.key.namespace, images)
            return f"{told(target)}: image set"
        case Undo(target, revision):
            outcome = await workloads.undo(client, target.key.name, target.key.namespace, revision)
            return f"{told(target)}: {outcome}"
        case Restart(target):
            at = times.format_time(times.to_time(now))
            await workloads.restart(client, target.key.name, target.key.namespace, at)
            return f"{told(target)} restarted"
        case Pause(target, paused):
            await workloads.set_paused(client, target.key.name, target.key.namespace, paused)
            return f"{told(target)} {'paused' if paused else 'resumed'}"
        case Cordon(target, unschedulable):
            await client.patch(target.kind, target.key.name, "", {"spec": {"unschedulable": unschedulable or None}})
            return f"{told(target)} {'cordoned' if unschedulable else 'uncordoned'}"
        case Delete(targets):
            return await _delete(client, targets)
        case Edit(target):
            return await _edit(client, target, editor)
    assert_never(deed)


async def _delete(client: Client, targets: tuple[Target, ...]) -> str:
    """All that can be deleted, also where one is refused."""
    refused: list[errors.StatusError] = []
    for target in targets:
        try:
            await client.delete(target.kind, target.key.name, target.key.namespace)
        except errors.StatusError as error:
            refused.append(error)
    if refused:
        more = f" (and {len(refused) - 1} more refused)" if len(refused) > 1 else ""
        raise Failed(clean(str(refused[0])) + more)
    if targets[0].kind is registry.PODS:
        return f"{told_all(targets)} {'ends' if len(targets) == 1 else 'end'}"
    return f"{told_all(targets)} deleted"


async def _edit(client: Client, target: Target, editor: Editor) -> str:
    old: ApiObject = await client.get(target.kind, target.key.name, target.key.namespace)
    text = editor(structured.to_yaml(structured.document_of(target.kind, old)))
    if text is None:
        return f"{told(target)} left as it was"
    try:
        documents = yaml_text.load_all(text)
    except ValueError as error:
        raise Failed(clean(str(error))) from error
    if len(documents) != 1:
        raise Failed(f"want one document, found {len(documents)}")
    await client.update(codec.from_dict(target.kind, documents[0].value))
    return f"{told(target)} edited"
