"""Live data for the screens: one informer for each kind that anybody looks at, shared, and read by many.

Promises: subscribers hear of changes at most ten times a second, the first at once; while the server is away they keep what
they have, and go on by themselves when it is back; nothing here draws.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from console.printers import events as event_printer
from console.printers.related import Related
from console.tui.model.drill import SERVICE_NAME
from console.tui.model.sanitize import clean
from console.tui.model.secrets import hide_values
from console.tui.model.summary import Count, Link, Summary, count_nodes, counts_as_pod, is_well
from console.tui.model.views import Batch, Handle, LogLine, LogRequest
from console.tui.streams import LogStreams
from controlplane.api import errors, registry, rollouts
from controlplane.api.objects import ApiObject, Key, T, controller_of, key_of
from controlplane.api.registry import Kind
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core

if TYPE_CHECKING:
    from controlplane.client.client import Client
    from controlplane.client.informer import Informer

PAINT_SECONDS = 0.1
_LOOK_SECONDS = 0.25
_PATIENCE_SECONDS = 1.0
_NODE_LEASES = "kube-node-lease"

Keeps = Callable[[ApiObject], bool]

# Those that the header, the command line's suggestions and the answer to "why" always need.
_ALWAYS: tuple[Kind[Any], ...] = (registry.NODES, registry.PODS, registry.NAMESPACES, registry.EVENTS)

_INDEXES: dict[str, dict[str, Callable[[Any], Iterable[str]]]] = {
    registry.PODS.resource: {"node": lambda pod: [pod.spec.node_name], "owner": lambda pod: _owner(pod)},
    registry.REPLICA_SETS.resource: {"owner": lambda replica_set: _owner(replica_set)},
    registry.EVENTS.resource: {"about": lambda event: [event.involved_object.uid]},
    registry.ENDPOINT_SLICES.resource: {"service": lambda part: [_service_of(part)]},
}


def _owner(obj: ApiObject) -> list[str]:
    owner = controller_of(obj)
    return [owner.uid] if owner is not None else []


def _service_of(endpoint_slice: ApiObject) -> str:
    return f"{endpoint_slice.metadata.namespace}/{endpoint_slice.metadata.labels.get(SERVICE_NAME, '')}"


class Subscription:
    """Gathers what changed until it may be delivered."""

    def __init__(self, feed: Feed, keeps: Keeps | None, deliver: Callable[[Batch], None]) -> None:
        self._feed, self._keeps, self._deliver = feed, keeps, deliver
        self._dirty: dict[Key, None] = {}
        self._paused = False
        self._was_synced = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._dirty.update((key_of(obj), None) for obj in self._feed.objects() if self._wants(obj))
        self.settle()

    def changed(self, old: ApiObject | None, new: ApiObject | None) -> None:
        if self._wants(old) or self._wants(new):
            self._dirty[key_of(new or old)] = None  # type: ignore[arg-type]
            self._schedule()

    def settle(self) -> None:
        """The feed may have been synced."""
        if self._dirty or self._feed.is_synced != self._was_synced:
            self._schedule()

    def pause(self, paused: bool, /) -> None:
        self._paused = paused
        if not paused:
            self.settle()

    def close(self) -> None:
        self._feed.subscriptions.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()

    def _wants(self, obj: ApiObject | None) -> bool:
        return obj is not None and (self._keeps is None or self._keeps(obj))

    def _schedule(self) -> None:
        if self._timer is None and not self._paused:
            loop = asyncio.get_running_loop()
            # The turn of the loop that brings a change brings others with it, so even the first waits for its end.
            self._timer = loop.call_at(max(loop.time(), self._feed.next_paint(self)), self._flush)

    def _flush(self) -> None:
        self._timer = None
        if self._paused:
            return
        self._feed.painted(self)
        changed, gone = [], []
        for key in self._dirty:
            obj = self._feed.get(key)
            if obj is not None and self._wants(obj):
                changed.append(obj)
            else:
                gone.append(key)
        self._dirty.clear()
        self._was_synced = self._feed.is_synced
        self._deliver(Batch(changed, gone, self._was_synced))


class Feed:
    """All objects of a kind, and who wants to hear of them. Works before there is a server to ask."""

    def __init__(self, kind: Kind[Any]) -> None:
        self.kind = kind
        self.subscriptions: dict[Subscription, float] = {}
        self.informer: Informer[Any] | None = None

    @property
    def is_synced(self) -> bool:
        return self.informer is not None and self.informer.is_synced

    def attach(self, client: Client) -> Informer[Any]:
        # Imported here and not above, as all of gRPC comes with it and the first frame does without.
        from controlplane.client.informer import Informer

        self.informer = Informer(client, self.kind, indexes=_INDEXES.get(self.kind.resource))
        self.informer.subscribe(self._changed)
        self.informer.after_batch(self._settle)
        return self.informer

    async def announce(self) -> None:
        """Tells everybody when the first full copy is in, which nothing else does for a kind without objects."""
        if self.informer is not None:
            await self.informer.synced()
            self._settle()

    def open(self, keeps: Keeps | None, deliver: Callable[[Batch], None]) -> Subscription:
        subscription = Subscription(self, keeps, deliver)
        self.subscriptions[subscription] = 0.0
        subscription.start()
        return subscription

    def get(self, key: Key) -> ApiObject | None:
        return self.informer.get(key.name, key.namespace) if self.informer is not None else None

    def objects(self) -> Iterable[ApiObject]:
        return self.informer if self.informer is not None else ()

    def by_index(self, index: str, value: str) -> list[Any]:
        return self.informer.by_index(index, value) if self.informer is not None else []

    def next_paint(self, subscription: Subscription) -> float:
        return self.subscriptions.get(subscription, 0.0) + PAINT_SECONDS

    def painted(self, subscription: Subscription) -> None:
        self.subscriptions[subscription] = asyncio.get_running_loop().time()

    def _changed(self, old: ApiObject | None, new: ApiObject | None) -> None:
        for subscription in self.subscriptions:
            subscription.changed(old, new)

    def _settle(self) -> None:
        for subscription in list(self.subscriptions):
            subscription.settle()


class Feeds:
    """The console's `Source`. `run` does the work; everything else may be called before and after."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._feeds: dict[str, Feed] = {}
        self._client: Client | None = None
        self._group: asyncio.TaskGroup | None = None
        self._pods = PodCount()
        self._streams = LogStreams()

    async def run(self, client: Client, on_link: Callable[[Link], None], on_summary: Callable[[Summary], None]) -> None:
        """Follows the cluster until cancelled. Tells when the link is lost or back, and the header's figures."""
        async with asyncio.TaskGroup() as group:
            self._client, self._group = client, group
            for kind in _ALWAYS:
                self._feed(kind)
            for feed in self._feeds.values():
                self._attach(feed)
            self._feed(registry.PODS).open(None, self._count_pods)
            self._streams.attach(client, group)
            group.create_task(self._watch_link(on_link, on_summary), name="link")

    def _count_pods(self, batch: Batch) -> None:
        self._pods.take(batch)

    def _feed(self, kind: Kind[Any]) -> Feed:
        feed = self._feeds.get(kind.resource)
        if feed is None:
            feed = self._feeds[kind.resource] = Feed(kind)
            if self._client is not None:
                self._attach(feed)
        return feed

    def _attach(self, feed: Feed) -> None:
        if feed.informer is None and self._client is not None and self._group is not None:
            informer = feed.attach(self._client)
            self._group.create_task(informer.run(), name=f"informer {feed.kind.resource}")
            self._group.create_task(feed.announce(), name=f"first copy of {feed.kind.resource}")

    async def _watch_link(self, on_link: Callable[[Link], None], on_summary: Callable[[Summary], None]) -> None:
        link, told = Link(since=self._clock()), Summary()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            summary = Summary(self._count_nodes(), self._pods.count)
            if summary != told:
                told = summary
                on_summary(summary)
            state = self._link_state(link.state)
            fresh = Link(state, self._clock() if state != link.state else link.since, link.message)
            if state == "live":
                fresh = replace(fresh, message="")
            elif self._clock() - fresh.since > _PATIENCE_SECONDS:
                fresh = replace(fresh, message=await self._reason())
            if fresh != link:
                link = fresh
                on_link(link)

    async def _reason(self) -> str:
        """Why the server does not answer; nothing if it does."""
        assert self._client is not None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._client.get(registry.NAMESPACES, "default")
        except errors.NotFound:
            return ""
        except (errors.StatusError, TimeoutError) as error:
            return clean(str(error)) or "the API server does not answer"
        return ""

    def _link_state(self, before: str) -> str:
        informers = [feed.informer for feed in self._feeds.values() if feed.informer is not None]
        if all(informer.connected for informer in informers):
            return "live"
        return "connecting" if before == "connecting" else "stale"

    def _count_nodes(self) -> Count:
        nodes = self._feed(registry.NODES)
        return count_nodes(nodes.objects()) if nodes.is_synced else Count()  # type: ignore[arg-type]

    # What screens ask.

    def now(self) -> float:
        return self._clock()

    def open(self, kind: Kind[Any], keeps: Keeps | None, deliver: Callable[[Batch], None]) -> Handle:
        return self._feed(kind).open(keeps, deliver)

    def open_logs(self, request: LogRequest, deliver: Callable[[Sequence[LogLine]], None]) -> Handle:
        return self._streams.open(request, self._feed(registry.PODS), deliver)

    def get(self, kind: Kind[T], key: Key) -> T | None:
        return self._feed(kind).get(key)  # type: ignore[return-value]

    def objects(self, kind: Kind[Any], keeps: Keeps | None = None) -> list[Any]:
        return [obj for obj in self._feed(kind).objects() if keeps is None or keeps(obj)]

    def events_of(self, obj: ApiObject) -> list[core.Event]:
        return event_printer.in_order(self._feed(registry.EVENTS).by_index("about", obj.metadata.uid))

    def describe(self, kind: Kind[Any], obj: ApiObject) -> str:
        from console.printers.describe import describe  # not needed before somebody asks

        return describe(kind, obj, self._related(obj), self._clock())

    def _related(self, obj: ApiObject) -> Related:
        events = self.events_of(obj)
        match obj:
            case core.Node():
                pods = self._feed(registry.PODS).by_index("node", obj.metadata.name)
                lease = self.get(registry.LEASES, Key(_NODE_LEASES, obj.metadata.name))
                return Related(events, pods=pods, lease=lease)
            case apps.ReplicaSet():
                return Related(events, pods=self._feed(registry.PODS).by_index("owner", obj.metadata.uid))
            case apps.Deployment():
                owned = self._feed(registry.REPLICA_SETS).by_index("owner", obj.metadata.uid)
                return Related(events, replica_sets=rollouts.owned_replica_sets(obj, owned))
            case core.Service():
                slices = self._feed(registry.ENDPOINT_SLICES).by_index("service", str(key_of(obj)))
                return Related(events, endpoint_slices=slices)
        return Related(events)

    def to_yaml(self, kind: Kind[Any], obj: ApiObject, *, reveal: bool) -> str:
        from console.printers import structured  # brings the codec, which is compiled at first use

        shown = obj if reveal else hide_values(obj)
        return structured.to_yaml(structured.document_of(kind, shown))


class PodCount:
    """Pods that are well, and all that should be; kept up to date change by change."""

    def __init__(self) -> None:
        self._well: dict[Key, bool] = {}
        self._tally: dict[bool, int] = defaultdict(int)
        self._known = False

    @property
    def count(self) -> Count:
        return Count(self._tally[True], len(self._well), known=self._known)

    def take(self, batch: Batch) -> None:
        for key in batch.gone:
            self._forget(key)
        for pod in batch.changed:
            key = key_of(pod)
            self._forget(key)
            if isinstance(pod, core.Pod) and counts_as_pod(pod):
                self._well[key] = is_well(pod)
                self._tally[self._well[key]] += 1
        self._known = self._known or batch.is_synced

    def _forget(self, key: Key) -> None:
        known = self._well.pop(key, None)
        if known is not None:
            self._tally[known] -= 1
