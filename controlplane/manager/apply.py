"""Carries a plan out: checks its guards in the store, sends its writes, tells its events, and notes what the view must show
before the key is planned again.

Each write succeeds or fails by itself. What failed is not repeated here: the key is planned again from what is then known.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import Enum, auto
from typing import Any, Generic, TypeVar

import structlog

from controlplane.api import errors
from controlplane.api.catalogue import Catalogue
from controlplane.api.objects import ApiObject, Key, is_terminating, key_of
from controlplane.api.registry import Kind
from controlplane.client.client import Client
from controlplane.client.events import EventRecorder
from controlplane.client.writes import create_write, delete_options, update_write
from controlplane.controllers.plan import Absent, Alive, Create, Delete, DeleteAll, Empty, Event, Guard, Known, Plan, Update
from controlplane.manager.expectations import Expectations
from controlplane.manager.writer import Outcome, Writer
from protos.v1 import resources_pb2 as wire

log = structlog.get_logger()

K = TypeVar("K", bound=Hashable)


class Result(Enum):
    NOTHING = auto()  # the store is as the plan wants it
    CHANGED = auto()  # it is now, by writes that the view does not show yet
    FAILED = auto()  # some write was not made


# No object has this name, so that a list for it costs nothing but its revision.
_NO_NAME = "metadata.name=-"


class Applier(Generic[K]):
    """For one controller."""

    def __init__(
        self, client: Client, writer: Writer, events: EventRecorder, expectations: Expectations[K], catalogue: Catalogue
    ) -> None:
        self._kind_of = catalogue.kind_of
        self._client, self._writer, self._events, self._expectations = client, writer, events, expectations
        self._unsure: dict[K, dict[str, Kind[Any]]] = {}

    async def settle(self, key: K) -> None:
        """After writes whose outcome is not known: has the key wait until the view is as far as the store is now."""
        for kind in self._unsure.get(key, {}).values():
            try:
                listed = await self._client.list(kind, fields=_NO_NAME)
            except errors.NotFound:  # the kind is gone, and its objects are
                continue
            self._expectations.reach(key, kind, int(listed.resource_version))
        self._unsure.pop(key, None)

    async def apply(self, key: K, plan: Plan) -> Result:
        """Raises StatusError when the store cannot be asked."""
        for sweep in [write for write in plan.writes if isinstance(write, DeleteAll)]:
            await self._client.delete_collection(sweep.kind, sweep.namespace)
        writes: list[Create | Update | Delete] = []
        held_back = False
        for write in plan.writes:
            if isinstance(write, DeleteAll):
                continue
            if isinstance(write, Create) or await self._hold(write.guards):
                writes.append(write)
            else:
                held_back = True
        outcomes = await self._send(key, writes) if writes else ()
        results = [self._account(key, write, outcome) for write, outcome in zip(writes, outcomes, strict=True)]
        if held_back or Result.FAILED in results:
            return Result.FAILED
        return Result.CHANGED if Result.CHANGED in results else Result.NOTHING

    async def _send(self, key: K, writes: Sequence[Create | Update | Delete]) -> Sequence[Outcome]:
        try:
            return await self._writer.write([_request(write, self._kind_of(write.obj)) for write in writes])
        except errors.StatusError:
            for write in writes:
                self._doubt(key, write)
            raise

    def _doubt(self, key: K, write: Create | Update | Delete) -> None:
        kind = self._kind_of(write.obj)
        self._unsure.setdefault(key, {})[kind.resource] = kind

    def _account(self, key: K, write: Create | Update | Delete, outcome: Outcome) -> Result:
        if not isinstance(outcome, errors.StatusError):
            return self._written(key, write, outcome)
        if isinstance(write, Delete) and isinstance(outcome, errors.NotFound):
            self._expectations.deleted(key, write.obj)
            return Result.CHANGED
        if isinstance(outcome, errors.Unavailable):
            self._doubt(key, write)
        elif not isinstance(outcome, errors.Conflict | errors.AlreadyExists | errors.NotFound):
            name = write.obj.metadata.name or write.obj.metadata.generate_name
            log.warning("write refused", resource=self._kind_of(write.obj).resource, name=name, error=str(outcome))
            self._tell(None if isinstance(write, Update) else write.failure, name, str(outcome))
        return Result.FAILED

    def _written(self, key: K, write: Create | Update | Delete, stored: ApiObject) -> Result:
        if isinstance(write, Delete):
            self._expectations.deleted(key, write.obj)
        elif isinstance(write, Update) and stored.metadata.resource_version == write.obj.metadata.resource_version:
            log.warning("write without effect", resource=self._kind_of(stored).resource, name=str(key_of(stored)))
            return Result.NOTHING
        else:
            self._expectations.wrote(key, stored)
        self._tell(write.event, stored.metadata.name)
        return Result.CHANGED

    def _tell(self, event: Event | None, name: str, error: str = "") -> None:
        if event is not None:
            message = event.message.replace("{name}", name).replace("{error}", error)
            self._events.record(event.about, event.type, event.reason, message)

    async def _hold(self, guards: Sequence[Guard]) -> bool:
        for guard in guards:
            if not await self._holds(guard):
                return False
        return True

    async def _holds(self, guard: Guard) -> bool:
        match guard:
            case Alive(kind, key, uid):
                found = await self._get(kind, key)
                return found is not None and found.metadata.uid == uid and not is_terminating(found)
            case Absent(kind, key, uid):
                found = await self._get(kind, key)
                return found is None or (uid != "" and found.metadata.uid != uid)
            case Empty(kind, namespace):
                return await self._is_empty(kind, namespace)
            case Known(resources):
                kinds = await self._client.kinds()
                return all(kind.resource in resources for kind in kinds if kind.namespaced and kind.stored)

    async def _is_empty(self, kind: Kind[Any], namespace: str) -> bool:
        try:
            return not (await self._client.list(kind, namespace)).items
        except errors.NotFound:  # no such kind any more
            return True

    async def _get(self, kind: Kind[Any], key: Key) -> ApiObject | None:
        try:
            found: ApiObject = await self._client.get(kind, key.name, key.namespace)
        except errors.NotFound:
            return None
        return found


def _request(write: Create | Update | Delete, kind: Kind[Any]) -> wire.WriteRequest:
    match write:
        case Create(obj):
            return create_write(obj)
        case Update(obj, subresource):
            return update_write(obj, subresource)
        case Delete(obj):
            key = key_of(obj)
            options = delete_options(
                uid=obj.metadata.uid, grace_seconds=write.grace_seconds, propagation=write.propagation)  # fmt: skip
            return wire.WriteRequest(delete=wire.DeleteRequest(
                resource=kind.resource, namespace=key.namespace, name=key.name, options=options))  # fmt: skip
