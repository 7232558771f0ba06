"""Get and List."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from controlplane.api import errors
from controlplane.api.objects import Key
from controlplane.api.registry import Kind
from controlplane.server import requests
from controlplane.server.backend import Backend
from controlplane.server.requests import Query
from controlplane.server.users import Caller
from controlplane.store.kindcache import KindCache
from controlplane.store.records import Record
from controlplane.store.store import undecryptable
from protos.v1 import meta_pb2 as meta
from protos.v1 import resources_pb2 as wire

EXACT, NOT_OLDER_THAN = "Exact", "NotOlderThan"
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
        if request.subresource and request.subresource not in kind.subresources:
            raise errors.NotFound(f'{kind.resource} has no subresource "{request.subresource}"', kind=kind.resource)
        key = requests.key_for(kind, request.namespace, request.name)
        self._backend.authorizer.check(caller, "get", kind, key, request.subresource)
        await self._reach(request.resource_version)
        cache = self._store.cache.of(kind)
        record = cache.get(key)
        if key in cache.damaged:
            raise undecryptable(kind, key, cache.damaged[key].problem)
        if record is None:
            raise errors.not_found(kind.resource, key.name)
        return record

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page:
        kind = requests.kind_for(self._store.catalogue, request.resource, "list")
        query = requests.query_for(kind, request.namespace, request.label_selector, request.field_selector)
        self._backend.authorizer.check_many(caller, "list", kind, query.namespace, query.fields)
        _check_options(request)
        if request.continue_token:
            revision, after = _read_token(request.continue_token)
            return await self._page_at(kind, query, request.limit, revision, after)
        if _is_exact(request):
            revision = requests.revision_in(request.resource_version)
            await self._store.reach(revision)
            return await self._page_at(kind, query, request.limit, revision, None)
        await self._reach(request.resource_version)
        return self._newest_page(kind, query, request.limit)

    async def _reach(self, resource_version: str) -> None:
        if resource_version:
            await self._store.reach(requests.revision_in(resource_version))
        else:
            await self._store.freshen()

    def _newest_page(self, kind: Kind[Any], query: Query, limit: int) -> Page:
        cache, revision = self._store.cache.of(kind), self._store.cache.revision
        refuse_damaged(cache, query.namespace)
        records = cache.records(query.namespace)
        page = _cut(records, query, limit, revision, None)
        if page.metadata.continue_token:
            self._store.snapshots.keep(kind.resource, query.namespace, revision, records)
        return page

    async def _page_at(self, kind: Kind[Any], query: Query, limit: int, revision: int, after: Key | None) -> Page:
        """A page of a past revision: of the list it continues, of what has not changed since, or of etcd's history."""
        records = self._store.snapshots.find(kind.resource, query.namespace, revision)
        if records is None:
            records = self._unchanged_since(kind, query.namespace, revision)
        if records is not None:
            return _cut(records, query, limit, revision, after)
        found: list[Record] = []
        more, remaining = True, 0
        while more and (not limit or len(found) <= limit):
            page = await self._store.page(kind, query.namespace, after=after, limit=max(limit + 1, _SCAN), revision=revision)
            found.extend(record for record in page.records if query.matches(record))
            more, remaining = page.more, page.remaining
            if page.records:
                after = page.records[-1].key
        return _cut(found, query, limit, revision, None, beyond=remaining)

    def _unchanged_since(self, kind: Kind[Any], namespace: str, revision: int) -> Sequence[Record] | None:
        """The cache's objects, if they are what the kind had at a past revision."""
        cache = self._store.cache.of(kind)
        if revision < cache.log.since or cache.log.position_after(revision) < cache.log.end:
            return None
        refuse_damaged(cache, namespace)
        return cache.records(namespace)


def refuse_damaged(cache: KindCache, namespace: str) -> None:
    """Raises an error that names an object that is there but cannot be read: a list without it would be a lie."""
    for key, damage in cache.damaged.items():
        if not namespace or key.namespace == namespace:
            raise undecryptable(cache.kind, key, damage.problem)


def _check_options(request: wire.ListRequest) -> None:
    match, version = request.resource_version_match, request.resource_version
    if request.limit < 0:
        raise errors.BadRequest(f"limit: {request.limit} is negative; use 0 for all")
    if match and request.continue_token:
        raise errors.BadRequest("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for continue")
    if match and not version:
        message = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise errors.BadRequest(f"resourceVersionMatch: Forbidden: {message}")
    if match not in ("", EXACT, NOT_OLDER_THAN):
        supported = f'supported values: "{EXACT}", "{NOT_OLDER_THAN}"'
        raise errors.BadRequest(f'resourceVersionMatch: Unsupported value: "{match}": {supported}')
    if match == EXACT and version == "0":
        raise errors.BadRequest('resourceVersionMatch: Forbidden: "Exact" is forbidden for resourceVersion "0"')
    if request.continue_token and version not in ("", "0"):
        raise errors.BadRequest("specifying resource version is not allowed when using continue")


def _is_exact(request: wire.ListRequest) -> bool:
    """Whether the state at the version itself is asked for; with a limit and no word on it, it is."""
    if request.resource_version in ("", "0"):
        return False
    return request.resource_version_match == EXACT or (not request.resource_version_match and request.limit > 0)


def _cut(records: Sequence[Record], query: Query, limit: int, revision: int, after: Key | None, *, beyond: int = 0) -> Page:
    """The first `limit` matching records after a key, with a token when there are more; `beyond` follow the records."""
    metadata = meta.ListMeta(resource_version=str(revision))
    start = bisect_right(records, after, key=lambda record: record.key) if after is not None else 0
    if query.selects_all:  # the records are those of the namespace already
        taken = list(records[start : start + limit] if limit else records[start:])
        left = len(records) - start - len(taken) + beyond
        if left:
            metadata.continue_token = _write_token(revision, taken[-1].key)
            metadata.remaining_item_count = left
        return Page(taken, metadata)
    taken = []
    for record in islice(records, start, None):
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
