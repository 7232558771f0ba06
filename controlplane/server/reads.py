"""Get and List."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from controlplane.api import errors
from controlplane.api.objects import Key
from controlplane.api.registry import Kind
from controlplane.server import requests
from controlplane.server.backend import Backend
from controlplane.server.requests import Query
from controlplane.server.users import Caller
from controlplane.store.records import Record
from protos.v1 import meta_pb2 as meta
from protos.v1 import resources_pb2 as wire

_SCAN = 500  # objects read at once from a past revision


@dataclass(frozen=True, slots=True)
class Page:
    records: list[Record]
    metadata: meta.ListMeta


class Reads:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._store = backend.store

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        kind = requests.kind_for(self._store.catalogue, request.resource, "get")
        key = requests.key_for(kind, request.namespace, request.name)
        self._backend.authorizer.check(caller, "get", kind, key)
        if request.resource_version:
            await self._store.reach(requests.revision_in(request.resource_version))
            record = self._store.cache.of(kind).get(key)
        else:
            record = await self._store.get(kind, key)
        if record is None:
            raise errors.not_found(kind.resource, key.name)
        return record

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page:
        kind = requests.kind_for(self._store.catalogue, request.resource, "list")
        query = requests.query_for(kind, request.namespace, request.label_selector, request.field_selector)
        self._backend.authorizer.check(caller, "list", kind, Key(query.namespace, ""))
        if request.limit < 0:
            raise errors.BadRequest(f"limit: {request.limit} is negative; use 0 for all")
        if request.continue_token:
            return await self._next_page(kind, query, request.limit, request.continue_token)
        await self._reach(request.resource_version)
        revision = self._store.cache.revision
        records = self._store.cache.of(kind).records(query.namespace)
        return _cut(records, query, request.limit, revision)

    async def _reach(self, resource_version: str) -> None:
        if resource_version:
            await self._store.reach(requests.revision_in(resource_version))
        else:
            await self._store.freshen()

    async def _next_page(self, kind: Kind[Any], query: Query, limit: int, token: str) -> Page:
        revision, after = _read_token(token)
        found: list[Record] = []
        more = True
        while more and (not limit or len(found) <= limit):
            records, more = await self._store.page(
                kind, query.namespace, after=after, limit=max(limit + 1, _SCAN), revision=revision
            )
            found.extend(record for record in records if query.matches(record))
            if records:
                after = records[-1].key
        return _cut(iter(found), query, limit, revision)


def _cut(records: Iterator[Record], query: Query, limit: int, revision: int) -> Page:
    """The first `limit` matching records, with a token when there are more."""
    taken: list[Record] = []
    metadata = meta.ListMeta(resource_version=str(revision))
    for record in records:
        if not query.matches(record):
            continue
        if limit and len(taken) == limit:
            metadata.continue_token = _write_token(revision, taken[-1].key)
            break
        taken.append(record)
    return Page(taken, metadata)


def _write_token(revision: int, after: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([revision, after.namespace, after.name])).decode()


def _read_token(token: str) -> tuple[int, Key]:
    try:
        revision, namespace, name = orjson.loads(base64.urlsafe_b64decode(token))
        return int(revision), Key(str(namespace), str(name))
    except (binascii.Error, ValueError, TypeError) as error:
        raise errors.BadRequest("the continue token is not one of this server's; list again from the start") from error
