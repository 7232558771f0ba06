"""Storing objects: in which namespace, as a dry run or not, and what is said when it is done."""

from __future__ import annotations

from typing import Any

from console.cli import printing
from console.cli.failures import CommandError
from console.cli.session import Session, Settings
from controlplane.api import registry
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def place(settings: Settings, kind: Kind[Any], obj: ApiObject) -> None:
    """Puts the object in its namespace: its own, or the one in force. The two must not contradict each other."""
    if not kind.namespaced:
        return
    own, asked = obj.metadata.namespace, settings.namespace
    if own and asked and own != asked:
        raise CommandError(
            f'the namespace from the provided object "{own}" does not match the namespace "{asked}". '
            f"You must pass '--namespace={own}' to perform this operation."
        )
    obj.metadata.namespace = own or settings.default_namespace


def create(settings: Settings, obj: ApiObject, *, done: str = "created", output: str = "", dry_run: str = "none") -> None:
    """Stores a new object and says so. A dry run at the client needs no cluster."""
    kind = registry.kind_of(obj)
    if dry_run == "client":
        if kind.namespaced:
            obj.metadata.namespace = settings.namespace
        printing.report(kind, obj, done, output=output, dry_run=dry_run)
        return

    async def work(session: Session) -> None:
        place(settings, kind, obj)
        stored = await session.client.create(obj, dry_run=dry_run == "server")
        printing.report(kind, stored, done, output=output, dry_run=dry_run)

    settings.run(work)
