"""How the control plane's parts are, measured when asked: ComponentStatus.

etcd's members say so themselves; the scheduler and the controller manager are healthy as long as one of theirs renews the
lease by which they elect their leader.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from controlplane.api import errors, registry, times
from controlplane.api.objects import Key
from controlplane.server import requests
from controlplane.server.backend import Backend
from controlplane.server.reads import Page
from controlplane.server.users import Caller
from controlplane.store.records import Record
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import resources_pb2 as wire

_KIND = registry.COMPONENT_STATUSES
_BY_LEASE = {"scheduler": "kube-scheduler", "controller-manager": "kube-controller-manager"}
_DEFAULT_LEASE_SECONDS = 15


class ComponentStatuses:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def get(self, caller: Caller, request: wire.GetRequest) -> Record:
        key = requests.key_for(_KIND, "", request.name)
        self._backend.authorizer.check(caller, "get", _KIND, key)
        found = next((status for status in await self._all() if status.metadata.name == key.name), None)
        if found is None:
            raise errors.not_found(_KIND.resource, key.name)
        return _record(found)

    async def list(self, caller: Caller, request: wire.ListRequest) -> Page:
        query = requests.query_for(_KIND, "", request.label_selector, request.field_selector)
        self._backend.authorizer.check(caller, "list", _KIND, Key("", ""))
        records = [_record(status) for status in await self._all()]
        return Page([record for record in records if query.matches(record)], meta.ListMeta())

    async def create(self, caller: Caller, request: wire.CreateRequest) -> Record:
        raise errors.MethodNotAllowed("componentstatuses does not support create; it has get, list", kind=_KIND.resource)

    async def _all(self) -> Sequence[core.ComponentStatus]:
        """Ordered by name."""
        members = await self._backend.store.members()
        etcd = [
            _status(f"etcd-{index}", member.healthy, '{"health":"true"}' if member.healthy else member.problem)
            for index, member in enumerate(members)
        ]
        leased = [self._by_lease(name, lease) for name, lease in _BY_LEASE.items()]
        return sorted([*etcd, *leased], key=lambda status: status.metadata.name)

    def _by_lease(self, name: str, lease_name: str) -> core.ComponentStatus:
        record = self._backend.store.cache.of(registry.LEASES).get(Key("kube-system", lease_name))
        if record is None:
            return _status(name, False, f"nobody has taken the lease kube-system/{lease_name} yet; is it running?")
        lease = cast("coordination.Lease", record.message()).spec
        if not lease.holder_identity:
            return _status(name, False, f"nobody holds the lease kube-system/{lease_name}; is it running?")
        age = self._backend.sources.now() - times.to_seconds(lease.renew_time)
        if age > (lease.lease_duration_seconds or _DEFAULT_LEASE_SECONDS):
            return _status(name, False, f"{lease.holder_identity} has not renewed its lease for {age:.0f} s")
        return _status(name, True, "ok")


def _status(name: str, healthy: bool, message: str) -> core.ComponentStatus:
    status = core.ComponentStatus()
    status.metadata.name = name
    condition = status.conditions.add(type="Healthy", status="True" if healthy else "False")
    if healthy:
        condition.message = message
    else:
        condition.error = message
    return status


def _record(status: core.ComponentStatus) -> Record:
    return Record(_KIND, Key("", status.metadata.name), status.SerializeToString(), 0)
