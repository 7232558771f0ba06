"""The verbs, in one place. Every door (gRPC today) calls these and nothing else."""

from __future__ import annotations

import asyncio

from controlplane.api import errors
from controlplane.server.addresses import Ranges
from controlplane.server.admission import Admission
from controlplane.server.reads import Reads
from controlplane.server.sources import Sources
from controlplane.server.users import User
from controlplane.server.watches import Watches
from controlplane.server.writes import Writes
from controlplane.store.records import Record
from controlplane.store.store import Store
from protos.v1 import resources_pb2 as wire

_MOST_WRITES = 1000


class Verbs:
    def __init__(self, store: Store, ranges: Ranges, sources: Sources) -> None:
        self.reads = Reads(store)
        self.watches = Watches(store)
        self.writes = Writes(store, Admission(store, ranges, sources), sources)

    async def batch(self, user: User, request: wire.BatchRequest) -> list[Record | errors.StatusError]:
        """Each write by itself; they share requests to etcd because they are under way together."""
        if len(request.writes) > _MOST_WRITES:
            raise errors.BadRequest(f"writes: {len(request.writes)} in one batch; the limit is {_MOST_WRITES}")
        return list(await asyncio.gather(*(self._outcome(user, write) for write in request.writes)))

    async def _outcome(self, user: User, write: wire.WriteRequest) -> Record | errors.StatusError:
        try:
            match write.WhichOneof("write"):
                case "create":
                    return await self.writes.create(user, write.create)
                case "update":
                    return await self.writes.update(user, write.update)
                case "patch":
                    return await self.writes.patch(user, write.patch)
                case "delete":
                    return await self.writes.delete(user, write.delete)
                case "bind":
                    return await self.writes.bind(user, write.bind)
                case None:
                    return errors.BadRequest("write: required; set one of create, update, patch, delete, bind")
        except errors.StatusError as error:
            return error
