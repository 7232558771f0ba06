"""Create: authorize, default, admit, validate, then one conditional write."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from controlplane.api import defaults, errors, validation
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key, copy_of
from controlplane.api.patches.managers import Managers
from controlplane.server import ownership, patching, requests, strategy
from controlplane.server.admission.review import Review
from controlplane.server.backend import Backend
from controlplane.server.custom import in_force
from controlplane.server.refusals import refuse, too_busy
from controlplane.server.users import Caller
from controlplane.store.records import Record
from controlplane.store.store import Also
from protos.v1 import resources_pb2 as wire

_ATTEMPTS = 10


class Creation:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._store, self._admission, self._sources = backend.store, backend.admission, backend.sources

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        patching.check_manager(request.field_manager)
        kind, obj = requests.object_in(self._store.catalogue, request.object, caller, request.field_validation)
        return await self.create_object(caller, kind, obj, dry_run=request.dry_run, owners=request.field_manager)

    async def create_object(
        self, caller: Caller, kind: Kind[Any], obj: ApiObject, *, dry_run: bool = False, owners: str | Managers = ""
    ) -> Record:
        """Takes the object over. `owners` are its managers, or the name of the one who manages all of it, or empty."""
        if obj.metadata.name or not obj.metadata.generate_name:
            return await self._create(caller, kind, obj, dry_run=dry_run, owners=owners)
        for _ in range(_ATTEMPTS):
            named = copy_of(obj)
            named.metadata.name = strategy.name_from(obj.metadata.generate_name, self._sources.name_suffix())
            try:
                return await self._create(caller, kind, named, dry_run=dry_run, owners=owners)
            except errors.AlreadyExists:
                continue
        raise errors.AlreadyExists(f'{kind.resource} "{obj.metadata.generate_name}": no free name found; try again')

    async def _create(
        self, caller: Caller, kind: Kind[Any], obj: ApiObject, *, dry_run: bool, owners: str | Managers
    ) -> Record:
        key = requests.key_for(kind, obj.metadata.namespace, obj.metadata.name)
        self._backend.authorizer.check(caller, "create", kind, key)
        strategy.prepare_create(kind, obj, uid=self._sources.uid(), now=self._sources.now())
        for _ in range(_ATTEMPTS):
            review = Review(caller, "create", kind, key, copy_of(obj), None, dry_run=dry_run)
            ready, required = await self._admitted(review, obj)
            if owners:
                ownership.record_new(kind, ready, owners, self._sources.now())
            if dry_run:
                await self._admission.quotas.check(review)
                return Record(kind, key, ready.SerializeToString(), 0)
            record = await self._admission.quotas.under(review, partial(self._write, review, required))
            if record is not None:
                return await in_force(self._store, record)
            await self._explain_refused(kind, key, obj)
        raise too_busy(kind, key)

    async def _write(self, review: Review, required: Sequence[Record], also: Sequence[Also]) -> Record | None:
        obj = review.obj
        assert obj is not None
        takes = sorted(self._admission.addresses.claims(obj))
        also = [*also, *self._admission.companions(review)]
        return await self._store.write(review.kind, obj, replaces=None, takes=takes, requires=required, also=also)

    async def _admitted(self, review: Review, wanted: ApiObject) -> tuple[ApiObject, Sequence[Record]]:
        """The object to store, and what it depends on. A refusal is told on a fresh cache only."""
        try:
            return self._admit(review)
        except errors.StatusError:
            await self._store.freshen()
            review.obj = copy_of(wanted)
            return self._admit(review)

    def _admit(self, review: Review) -> tuple[ApiObject, Sequence[Record]]:
        kind, obj = review.kind, review.obj
        assert obj is not None
        like = self._admission.specs.key_of(review)
        if self._admission.specs.recall(review, like):
            refuse(kind, obj, validation.name_problems(kind, obj))
        else:
            defaults.apply_defaults(kind, obj)
            self._admission.complete(review)
            refuse(kind, obj, validation.creation_problems(kind, obj))
            self._admission.check(review)
            self._admission.specs.keep(review, like)
        self._admission.addresses.allocate(obj, None)
        return obj, self._admission.required_by(review)

    async def _explain_refused(self, kind: Kind[Any], key: Key, obj: ApiObject) -> None:
        """Raises the reason, or returns when another attempt may succeed with other addresses."""
        if await self._store.get(kind, key) is not None:
            raise errors.AlreadyExists(f'{kind.resource} "{key.name}" already exists', kind=kind.resource, name=key.name)
        await self._store.freshen()
        refuse(kind, obj, self._admission.addresses.taken(obj))
