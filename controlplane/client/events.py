"""Records events on objects; an event that repeats is counted, not stored again (`x4 over 119s`).

Recording never waits and never fails its caller: events are queued and written in batches by `run`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable

import structlog

from controlplane.api import errors, registry, times
from controlplane.api.objects import ApiObject
from controlplane.client.client import Client
from controlplane.client.writes import create_write, patch_write
from protos.v1 import core_pb2 as core
from protos.v1.resources_pb2 import WriteRequest

log = structlog.get_logger()

_REMEMBERED = 4096
_LONGEST_MESSAGE = 1024


class EventRecorder:
    """`component` is who reports (`kubelet`, `default-scheduler`), `host` the node it runs on, if it runs on one."""

    def __init__(self, client: Client, component: str, *, clock: Callable[[], float], host: str = "") -> None:
        self._client, self._component, self._host, self._clock = client, component, host, clock
        self._seen: OrderedDict[str, core.Event] = OrderedDict()
        self._dirty: OrderedDict[str, None] = OrderedDict()
        self._stored: set[str] = set()
        self._wake = asyncio.Event()

    def record(self, obj: ApiObject, event_type: str, reason: str, message: str, *, field_path: str = "") -> None:
        """`event_type` is Normal or Warning; `field_path` points into the object: `spec.containers{web}`."""
        now = self._clock()
        event = self._event(obj, event_type, reason, message[:_LONGEST_MESSAGE], field_path)
        known = self._seen.get(event.metadata.name)
        if known is None:
            event.first_timestamp.CopyFrom(times.to_time(now))
            self._seen[event.metadata.name] = known = event
            while len(self._seen) > _REMEMBERED:
                old, _ = self._seen.popitem(last=False)
                self._stored.discard(old)
                self._dirty.pop(old, None)
        known.count += 1
        known.last_timestamp.CopyFrom(times.to_time(now))
        self._seen.move_to_end(known.metadata.name)
        self._dirty[known.metadata.name] = None
        self._wake.set()

    async def run(self) -> None:
        """Writes what was recorded until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            names = list(self._dirty)
            self._dirty.clear()
            try:
                await self._write(names)
            except errors.StatusError as error:
                log.debug("events not written", error=str(error))
                self._dirty.update(dict.fromkeys(name for name in names if name in self._seen))
                await asyncio.sleep(1.0)
                self._wake.set()

    async def _write(self, names: list[str]) -> None:
        events = [self._seen[name] for name in names if name in self._seen]
        outcomes = await self._client.batch([self._write_of(event) for event in events])
        for event, outcome in zip(events, outcomes, strict=True):
            name = event.metadata.name
            if not isinstance(outcome, errors.StatusError) or isinstance(outcome, errors.AlreadyExists):
                self._stored.add(name)
            elif isinstance(outcome, errors.NotFound):
                self._stored.discard(name)

    def _write_of(self, event: core.Event) -> WriteRequest:
        if event.metadata.name not in self._stored:
            return create_write(event)
        change = {"count": event.count, "lastTimestamp": times.format_time(event.last_timestamp)}
        return patch_write(registry.EVENTS, event.metadata.name, event.metadata.namespace, change)

    def _event(self, obj: ApiObject, event_type: str, reason: str, message: str, field_path: str) -> core.Event:
        kind = registry.kind_of(obj)
        namespace = obj.metadata.namespace or "default"
        told = "\0".join((kind.name, obj.metadata.uid, event_type, reason, message, field_path, self._component))
        suffix = hashlib.sha256(told.encode()).hexdigest()[:16]
        event = core.Event(type=event_type, reason=reason, message=message, reporting_component=self._component)
        event.metadata.name = f"{obj.metadata.name[:236]}.{suffix}"
        event.metadata.namespace = namespace
        event.source.component, event.source.host = self._component, self._host
        about = event.involved_object
        about.kind, about.api_version = kind.name, kind.api_version
        about.namespace, about.name, about.uid = obj.metadata.namespace, obj.metadata.name, obj.metadata.uid
        about.field_path = field_path
        return event
