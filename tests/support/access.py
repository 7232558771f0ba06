"""Every request that the API has, as data, so that tests can ask for all of them in anybody's name; and roles to grant."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc.aio

from controlplane.api import errors, rbac, registry
from controlplane.api.kind import Kind
from controlplane.client.client import Client
from controlplane.client.connection import Connection
from controlplane.client.failures import to_status_error
from protos.v1 import meta_pb2 as meta
from protos.v1 import rbac_pb2, resources_pb2_grpc
from protos.v1 import resources_pb2 as wire

NAME = "not-there"
_NONE = "access.test/none=such"  # what is deleted by the dozen matches nothing


@dataclass(frozen=True)
class Attempt:
    """A verb on a kind, in a namespace; empty for all namespaces where the verb is about many."""

    verb: str
    kind: Kind[Any]
    namespace: str = "default"
    subresource: str = ""

    def __str__(self) -> str:
        what = f"{self.kind.resource}/{self.subresource}" if self.subresource else self.kind.resource
        return f"{self.verb} {what} in {self.namespace or 'the cluster'}"

    @property
    def resource(self) -> str:
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural


def every_attempt(namespace: str = "default") -> Iterator[Attempt]:
    """Every verb of every kind of the table, and status and scale."""
    for kind in registry.KINDS:
        where = namespace if kind.namespaced else ""
        for verb in kind.verbs:
            yield Attempt(verb, kind, where)
        for subresource in set(kind.subresources) & {"status", "scale"}:
            for verb in ("get", "update", "patch"):
                yield Attempt(verb, kind, where, subresource)
    yield Attempt("create", registry.PODS, namespace, "binding")


class Asker:
    """Makes attempts over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._address = connection.address
        self._channel = connection.channel()
        self._resources = resources_pb2_grpc.ResourcesStub(self._channel)

    async def close(self) -> None:
        await self._channel.close(None)

    async def outcome(self, attempt: Attempt) -> errors.StatusError | None:
        """How the server answered: None for success."""
        try:
            if attempt.verb == "watch":
                await self._watch(attempt)
            else:
                await _calls(self._resources, attempt)
        except grpc.aio.AioRpcError as error:
            return to_status_error(error, self._address)
        return None

    async def _watch(self, attempt: Attempt) -> None:
        call = self._resources.Watch(
            wire.WatchRequest(resource=attempt.kind.resource, namespace=attempt.namespace, send_initial_events=True),
            timeout=10,
        )
        async for _ in call:
            break
        call.cancel()


@contextlib.asynccontextmanager
async def asking(connection: Connection) -> AsyncIterator[Asker]:
    asker = Asker(connection)
    try:
        yield asker
    finally:
        await asker.close()


def _calls(stub: Any, attempt: Attempt) -> Awaitable[Any]:
    resource, namespace, subresource = attempt.kind.resource, attempt.namespace, attempt.subresource
    one: dict[str, Any] = {"resource": resource, "namespace": namespace, "name": NAME, "subresource": subresource}
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "get": lambda: stub.Get(wire.GetRequest(**one), timeout=10),
        "list": lambda: stub.List(wire.ListRequest(resource=resource, namespace=namespace), timeout=10),
        "update": lambda: stub.Update(
            wire.UpdateRequest(object=_body(attempt), subresource=subresource, resource=resource), timeout=10
        ),
        "patch": lambda: stub.Patch(wire.PatchRequest(**one, type=wire.PatchRequest.MERGE, patch=b"{}"), timeout=10),
        "delete": lambda: stub.Delete(wire.DeleteRequest(resource=resource, namespace=namespace, name=NAME), timeout=10),
        "deletecollection": lambda: stub.DeleteCollection(
            wire.DeleteCollectionRequest(resource=resource, namespace=namespace, label_selector=_NONE), timeout=10
        ),
        "create": lambda: stub.Create(wire.CreateRequest(object=_body(attempt), dry_run=True), timeout=10),
    }
    if subresource == "binding":
        return stub.Bind(wire.BindRequest(namespace=namespace, name=NAME, node="node-1"), timeout=10)  # type: ignore[no-any-return]
    return calls[attempt.verb]()


def _body(attempt: Attempt) -> wire.Object:
    kind = registry.SCALES if attempt.subresource == "scale" else attempt.kind
    return registry.wrap(kind.message(metadata=meta.ObjectMeta(name=NAME, namespace=attempt.namespace)))


def is_refusal(outcome: errors.StatusError | None, attempt: Attempt, user: str) -> bool:
    """Whether it is the refusal of this very request to this user."""
    told = f'User "{user}" cannot {attempt.verb} resource "{attempt.resource}" in API group "{attempt.kind.group}"'
    return isinstance(outcome, errors.Forbidden) and told in outcome.message


def rule(verbs: str, resources: str, groups: str = "*", names: str = "") -> rbac_pb2.PolicyRule:
    """Of lists in texts; `core` is the group without a name."""
    named = tuple("" if group == "core" else group for group in groups.split())
    return rbac.to_message(rbac.Rule(tuple(verbs.split()), named, tuple(resources.split()), tuple(names.split())))


async def grant(client: Client, user: str, *rules: rbac_pb2.PolicyRule, namespace: str = "") -> None:
    """Gives the user a role with the rules, everywhere or in one namespace, and waits until the server knows."""
    name = f"{user}-may" if namespace else f"{user}-may-everywhere"
    metadata = meta.ObjectMeta(name=name, namespace=namespace)
    subject = rbac_pb2.Subject(kind="User", api_group=rbac.GROUP, name=user)
    if namespace:
        ref = rbac_pb2.RoleRef(api_group=rbac.GROUP, kind="Role", name=name)
        await client.create(rbac_pb2.Role(metadata=metadata, rules=rules))
        await client.create(rbac_pb2.RoleBinding(metadata=metadata, subjects=[subject], role_ref=ref))
    else:
        ref = rbac_pb2.RoleRef(api_group=rbac.GROUP, kind="ClusterRole", name=name)
        await client.create(rbac_pb2.ClusterRole(metadata=metadata, rules=rules))
        await client.create(rbac_pb2.ClusterRoleBinding(metadata=metadata, subjects=[subject], role_ref=ref))
    await settled(client)


async def settled(client: Client) -> None:
    """Returns once the server's authorizer has seen every role and binding there is: a list waits for the newest."""
    await client.list(registry.ROLE_BINDINGS)


async def outcomes(asker: Asker, attempts: list[Attempt]) -> list[tuple[Attempt, errors.StatusError | None]]:
    """All at once, in batches that a server has seats for."""
    found: list[tuple[Attempt, errors.StatusError | None]] = []
    for start in range(0, len(attempts), 20):
        some = attempts[start : start + 20]
        found.extend(zip(some, await asyncio.gather(*map(asker.outcome, some)), strict=True))
    return found
