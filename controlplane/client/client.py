"""The API's verbs, typed. Console, scheduler, manager and agents all speak through this class.

Every call has a deadline and raises `controlplane.api.errors.StatusError` when refused. What is returned belongs to the
caller; what is passed in is not kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, cast

import grpc.aio
import orjson

from controlplane.api import errors, registry
from controlplane.api.objects import ApiObject, T
from controlplane.api.registry import Kind
from controlplane.api.served import kind_from
from controlplane.client.connection import Connection
from controlplane.client.failures import to_status_error
from controlplane.client.writes import bind_write, patch_request
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from protos.v1 import node_pb2, node_pb2_grpc, resources_pb2_grpc
from protos.v1 import policy_pb2 as policy
from protos.v1 import resources_pb2 as wire
from protos.v1.scale_pb2 import Scale

DEADLINE_SECONDS = 30.0
PAGE = 500
STREAM_OPEN = "orlop-stream-open"  # metadata by which the server says that a stream has begun
WARNING = "orlop-warning-bin"  # trailing metadata: what a caller should know beside the answer

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ObjectList(Generic[T]):
    """Objects ordered by namespace and name, all as of `resource_version`."""

    items: list[T]
    resource_version: str


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One event of a watch. `object` is None in bookmarks."""

    type: wire.WatchEvent.Type.ValueType
    object: T | None
    resource_version: str
    initial_events_end: bool


@dataclass(frozen=True, slots=True)
class Converted:
    """A document in the version asked for, and what there is to say about the one given."""

    document: dict[str, Any]
    warnings: tuple[str, ...]


class Client:
    """Open with `async with Client(connection) as client:`. `warn` is called with what the server wants known although a
    call succeeds, such as a field without effect or a version on its way out."""

    def __init__(
        self, connection: Connection, *, deadline_seconds: float = DEADLINE_SECONDS, warn: Warn | None = None
    ) -> None:
        self.connection = connection
        self._deadline = deadline_seconds
        self._warn = warn

    async def __aenter__(self) -> Self:
        self._channel = self.connection.channel()
        self._resources = resources_pb2_grpc.ResourcesStub(self._channel)
        self._pods = node_pb2_grpc.PodsStub(self._channel)
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self._channel.close(None)

    async def get(self, kind: Kind[T], name: str, namespace: str = "", *, resource_version: str = "") -> T:
        request = wire.GetRequest(
            resource=kind.resource, namespace=namespace, name=name, resource_version=resource_version)  # fmt: skip
        return _object(kind, await self._call(self._resources.Get, request))

    async def list(
        self,
        kind: Kind[T],
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        resource_version: str = "",
        page: int = PAGE,
    ) -> ObjectList[T]:
        """All objects that match, read in pages of `page` at one revision, not older than `resource_version`."""
        items: list[T] = []
        request = wire.ListRequest(
            resource=kind.resource, namespace=namespace, label_selector=labels, field_selector=fields,
            limit=page, resource_version=resource_version,
            resource_version_match="NotOlderThan" if resource_version else "")  # fmt: skip
        while True:
            answer: wire.ListResponse = await self._call(self._resources.List, request)
            items.extend(_object(kind, box) for box in answer.items)
            if not answer.metadata.continue_token:
                return ObjectList(items, answer.metadata.resource_version)
            request.continue_token = answer.metadata.continue_token
            request.resource_version = request.resource_version_match = ""

    async def watch(
        self,
        kind: Kind[T],
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        resource_version: str = "",
        initial_events: bool = False,
        bookmarks: bool = True,
    ) -> AsyncIterator[Sequence[Change[T]]]:
        """Changes in batches, in stored order; the first, empty batch says that the watch is under way.

        Raises Expired when `resource_version` is no longer kept and Unavailable when the connection is lost; resuming is
        the caller's (see `Informer`).
        """
        request = wire.WatchRequest(
            resource=kind.resource, namespace=namespace, label_selector=labels, field_selector=fields,
            resource_version=resource_version, send_initial_events=initial_events, allow_bookmarks=bookmarks)  # fmt: skip
        call = self._resources.Watch(request)
        try:
            opened = await call.initial_metadata()
            if any(key == STREAM_OPEN for key, _ in opened or ()):  # a call that fails has metadata too, but not this
                yield []
            async for batch in call:
                yield [_change(kind, event) for event in batch.events]
        except grpc.aio.AioRpcError as error:
            raise to_status_error(error, self.connection.address) from error
        finally:
            call.cancel()

    async def create(self, obj: T, *, dry_run: bool = False, field_manager: str = "", field_validation: str = "") -> T:
        """Who names a manager of fields has the object's fields recorded as its own. `field_validation` says what becomes of
        fields that a custom object's schema does not know: Strict refuses them, Warn and Ignore drop them."""
        request = wire.CreateRequest(
            object=registry.wrap(obj), dry_run=dry_run, field_manager=field_manager, field_validation=field_validation
        )
        return _object(registry.kind_of(obj), await self._call(self._resources.Create, request))

    async def create_part(self, kind: Kind[Any], subresource: str, body: T, *, dry_run: bool = False) -> T:
        """Creates a subresource, such as a service account's `token`. The body's metadata names the object it belongs to."""
        request = wire.CreateRequest(
            object=registry.wrap(body), resource=kind.resource, subresource=subresource, dry_run=dry_run)  # fmt: skip
        return _object(registry.kind_of(body), await self._call(self._resources.Create, request))

    async def update(self, obj: T, *, subresource: str = "", dry_run: bool = False, field_manager: str = "") -> T:
        """Replaces all but the status. Refused with Conflict when the stored object is newer than `obj`."""
        request = wire.UpdateRequest(
            object=registry.wrap(obj), subresource=subresource, dry_run=dry_run, field_manager=field_manager)  # fmt: skip
        return _object(registry.kind_of(obj), await self._call(self._resources.Update, request))

    async def update_status(self, obj: T) -> T:
        return await self.update(obj, subresource="status")

    async def get_scale(self, kind: Kind[Any], name: str, namespace: str) -> Scale:
        """How many pods a workload has and should have."""
        request = wire.GetRequest(resource=kind.resource, namespace=namespace, name=name, subresource="scale")
        return _object(registry.SCALES, await self._call(self._resources.Get, request))

    async def update_scale(self, kind: Kind[Any], scale: Scale, *, dry_run: bool = False) -> Scale:
        """Sets the size alone. Refused with Conflict when the workload is newer than `scale`."""
        request = wire.UpdateRequest(
            object=registry.wrap(scale), resource=kind.resource, subresource="scale", dry_run=dry_run)  # fmt: skip
        return _object(registry.SCALES, await self._call(self._resources.Update, request))

    async def scale(self, kind: Kind[Any], name: str, namespace: str, replicas: int, *, dry_run: bool = False) -> Scale:
        """Sets the size alone, whatever it is now."""
        patch = {"spec": {"replicas": replicas}}
        request = patch_request(kind, name, namespace, patch, "scale", dry_run=dry_run)
        return _object(registry.SCALES, await self._call(self._resources.Patch, request))

    async def patch(
        self,
        kind: Kind[T],
        name: str,
        namespace: str,
        patch: Mapping[str, object] | Sequence[Mapping[str, object]],
        *,
        type: wire.PatchRequest.Type.ValueType = wire.PatchRequest.MERGE,  # noqa: A002 - as the field is called
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "",
        field_validation: str = "Strict",
    ) -> T:
        """Changes parts of an object, with the JSON names of the fields. The type is MERGE, STRATEGIC, whose lists merge by
        the keys of their items, or JSON, a list of operations."""
        request = patch_request(kind, name, namespace, patch, subresource, dry_run=dry_run)
        request.type, request.field_manager, request.field_validation = type, field_manager, field_validation
        return _object(kind, await self._call(self._resources.Patch, request))

    async def apply(
        self,
        kind: Kind[T],
        document: Mapping[str, object],
        *,
        field_manager: str,
        force: bool = False,
        subresource: str = "",
        dry_run: bool = False,
    ) -> T:
        """Server-side apply: the object has what the document says, and no more what this manager said before. Made if it is
        not there yet. Raises Conflict, with the fields as problems, where other managers want other values; `force` takes
        these fields over."""
        metadata = cast("Mapping[str, str]", document.get("metadata") or {})
        name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
        request = patch_request(kind, name, namespace, document, subresource, dry_run=dry_run)
        request.type, request.field_manager, request.force = wire.PatchRequest.APPLY, field_manager, force
        return _object(kind, await self._call(self._resources.Patch, request))

    async def delete(self, kind: Kind[T], name: str, namespace: str = "", *, options: meta.DeleteOptions | None = None) -> T:
        """The object as it was, or, if it ends gracefully, as it is from now on."""
        request = wire.DeleteRequest(resource=kind.resource, namespace=namespace, name=name, options=options)
        return _object(kind, await self._call(self._resources.Delete, request))

    async def delete_collection(
        self,
        kind: Kind[T],
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        options: meta.DeleteOptions | None = None,
    ) -> Sequence[T]:
        request = wire.DeleteCollectionRequest(
            resource=kind.resource, namespace=namespace, label_selector=labels, field_selector=fields,
            options=options)  # fmt: skip
        answer: wire.DeleteCollectionResponse = await self._call(self._resources.DeleteCollection, request)
        return [_object(kind, box) for box in answer.items]

    async def bind(self, pod: core.Pod, node: str) -> core.Pod:
        request = bind_write(pod.metadata.namespace, pod.metadata.name, pod.metadata.uid, node).bind
        return _object(registry.PODS, await self._call(self._resources.Bind, request))

    async def evict(self, pod: core.Pod, *, options: meta.DeleteOptions | None = None, dry_run: bool = False) -> None:
        """Deletes the pod if its disruption budget allows it; raises TooManyRequests while that does not."""
        eviction = policy.Eviction(metadata=meta.ObjectMeta(namespace=pod.metadata.namespace, name=pod.metadata.name))
        if options is not None:
            eviction.delete_options.CopyFrom(options)
        await self.create_part(registry.PODS, "eviction", eviction, dry_run=dry_run)

    async def kinds(self) -> Sequence[Kind[Any]]:
        """Every kind that the server has, those that users define among them, ordered by group and name."""
        answer: wire.KindsResponse = await self._call(self._resources.Kinds, wire.KindsRequest())
        return [kind_from(served) for served in answer.kinds]

    async def convert(self, document: bytes | str, api_version: str = "") -> Converted:
        """The document, JSON or YAML, in another version of its kind; in the one that is served by default."""
        text = document.encode() if isinstance(document, str) else document
        request = wire.ConvertRequest(document=text, api_version=api_version)
        answer: wire.ConvertResponse = await self._call(self._resources.Convert, request)
        return Converted(orjson.loads(answer.document), tuple(answer.warnings))

    async def batch(self, writes: Sequence[wire.WriteRequest]) -> Sequence[ApiObject | errors.StatusError]:
        """Many writes at once; the outcomes in the same order, each an object or the reason why not."""
        outcomes: list[ApiObject | errors.StatusError] = []
        for start in range(0, len(writes), PAGE):
            request = wire.BatchRequest(writes=writes[start : start + PAGE])
            answer: wire.BatchResponse = await self._call(self._resources.Batch, request)
            outcomes.extend(_outcome(result) for result in answer.results)
            if self._warn is not None:
                for warning in (told for result in answer.results for told in result.warnings):
                    self._warn(warning)
        return outcomes

    async def logs(
        self,
        name: str,
        namespace: str,
        *,
        container: str = "",
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        timestamps: bool = False,
    ) -> AsyncIterator[bytes]:
        """A container's output as it wrote it, in pieces."""
        request = node_pb2.LogsRequest(
            namespace=namespace, name=name, container=container, follow=follow, previous=previous,
            tail_lines=tail_lines, since_seconds=since_seconds, timestamps=timestamps)  # fmt: skip
        call = self._pods.Logs(request)
        try:
            async for piece in call:
                yield piece.data
        except grpc.aio.AioRpcError as error:
            raise to_status_error(error, self.connection.address) from error
        finally:
            call.cancel()

    async def _call(self, method: Any, request: Any) -> Any:
        call = method(request, timeout=self._deadline)
        try:
            answer = await call
        except grpc.aio.AioRpcError as error:
            self._pass_on(error.trailing_metadata())
            raise to_status_error(error, self.connection.address) from error
        if self._warn is not None:
            self._pass_on(await call.trailing_metadata())
        return answer

    def _pass_on(self, metadata: Iterable[tuple[str, str | bytes]] | None) -> None:
        """The warnings that came with an answer."""
        for key, value in metadata or ():
            if key == WARNING and self._warn is not None and isinstance(value, bytes):
                self._warn(value.decode(errors="replace"))


def _object(kind: Kind[T], box: wire.Object) -> T:
    return cast("T", getattr(box, kind.field))


def _change(kind: Kind[T], event: wire.WatchEvent) -> Change[T]:
    obj = None if event.type == wire.WatchEvent.BOOKMARK else _object(kind, event.object)
    return Change(event.type, obj, event.resource_version, event.initial_events_end)


def _outcome(result: wire.WriteResult) -> ApiObject | errors.StatusError:
    if result.WhichOneof("outcome") == "error":
        return errors.from_status(result.error)
    obj = registry.unwrap(result.object)
    assert obj is not None
    return obj
