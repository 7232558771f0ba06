"""What the scheduler knows of the cluster: for each node what it has, what its pods take, and who is on it.

Sums are kept as pods come and go, so that looking at a node costs nothing per pod. Amounts are whole numbers: CPU in
thousandths, all else in units or bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controlplane.api import objects, quantity
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

CPU, MEMORY, PODS = "cpu", "memory", "pods"

# What a container that asks for nothing is taken to use when nodes are compared (100m and 200 MB, as in Kubernetes).
_ASSUMED = {CPU: 100, MEMORY: 200 * 1024 * 1024}

Amounts = Mapping[str, int]
# address, protocol, port
HostPort = tuple[str, str, int]

_EVERYWHERE = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a pod takes from the node it is on. `weighed` counts containers that ask for nothing as if they did."""

    requests: Amounts
    weighed: Amounts
    ports: frozenset[HostPort]
    owner: str


def needs_of(pod: core.Pod) -> Needs:
    owner = objects.controller_of(pod)
    return Needs(
        requests={**_requests(pod, {}), PODS: 1},
        weighed=_requests(pod, _ASSUMED),
        ports=frozenset(_host_ports(pod)),
        owner=owner.uid if owner is not None else "",
    )


def _requests(pod: core.Pod, assumed: Amounts) -> dict[str, int]:
    """Containers add up; of the init containers, which run one after another, the largest counts; those that restart stay
    beside all that come after them."""
    total: Counter[str] = Counter()
    for container in pod.spec.containers:
        total.update(_amounts(container.resources.requests, assumed))
    beside: Counter[str] = Counter()
    largest: Counter[str] = Counter()
    for container in pod.spec.init_containers:
        amounts = _amounts(container.resources.requests, assumed)
        if container.restart_policy == "Always":
            beside.update(amounts)
            largest |= beside
        else:
            largest |= beside + Counter(amounts)
    total.update(beside)
    return dict((total | largest) + Counter(_amounts(pod.spec.overhead, {})))


def _amounts(quantities: Mapping[str, meta.Quantity], assumed: Amounts) -> dict[str, int]:
    return {**assumed, **{name: amount(name, value) for name, value in quantities.items()}}


def amount(resource: str, value: meta.Quantity) -> int:
    return quantity.millis(value) if resource == CPU else quantity.value(value)


def _host_ports(pod: core.Pod) -> Iterable[HostPort]:
    for container in (*pod.spec.containers, *pod.spec.init_containers):
        for port in container.ports:
            if port.host_port:
                yield port.host_ip or _EVERYWHERE, port.protocol or "TCP", port.host_port


class NodeInfo:
    """A node and the sums over its pods. `node` is None while only its pods are known."""

    __slots__ = ("allocatable", "node", "owners", "ports", "requested", "weighed")

    def __init__(self) -> None:
        self.node: core.Node | None = None
        self.allocatable: dict[str, int] = {}
        self.requested: Counter[str] = Counter()
        self.weighed: Counter[str] = Counter()
        self.ports: Counter[HostPort] = Counter()
        self.owners: Counter[str] = Counter()

    def add(self, needs: Needs, sign: int = 1) -> None:
        for resource, value in needs.requests.items():
            self.requested[resource] += sign * value
        for resource, value in needs.weighed.items():
            self.weighed[resource] += sign * value
        for port in needs.ports:
            self.ports[port] += sign
        if needs.owner:
            self.owners[needs.owner] += sign
            if not self.owners[needs.owner]:
                del self.owners[needs.owner]

    def has_port_conflict(self, wanted: frozenset[HostPort]) -> bool:
        """Whether one of the ports is taken at the same address, or at every address by either side."""
        return any(
            self.ports[taken] and taken[1:] == port[1:] and (taken[0] == port[0] or _EVERYWHERE in (taken[0], port[0]))
            for port in wanted
            for taken in self.ports
        )


class ClusterView:
    """Nodes by name, and where each pod counts. A pod counts once, on one node, whatever is told twice."""

    def __init__(self) -> None:
        self._infos: dict[str, NodeInfo] = {}
        self._placed: dict[str, tuple[str, Needs]] = {}

    @property
    def nodes(self) -> list[NodeInfo]:
        return [info for info in self._infos.values() if info.node is not None]

    def get(self, name: str) -> NodeInfo | None:
        return self._infos.get(name)

    def set_node(self, node: core.Node) -> None:
        info = self._infos.setdefault(node.metadata.name, NodeInfo())
        info.node = node
        info.allocatable = {name: amount(name, value) for name, value in node.status.allocatable.items()}

    def remove_node(self, name: str) -> None:
        info = self._infos.get(name)
        if info is not None:
            info.node = None
            self._drop_if_unused(name, info)

    def add_pod(self, uid: str, node: str, needs: Needs) -> None:
        known = self._placed.get(uid)
        if known is not None:
            if known[0] == node:
                return
            self.remove_pod(uid)
        self._infos.setdefault(node, NodeInfo()).add(needs)
        self._placed[uid] = node, needs

    def remove_pod(self, uid: str) -> bool:
        """Whether it counted anywhere."""
        placed = self._placed.pop(uid, None)
        if placed is None:
            return False
        node, needs = placed
        info = self._infos[node]
        info.add(needs, -1)
        self._drop_if_unused(node, info)
        return True

    def node_of(self, uid: str) -> str:
        """Where the pod counts; empty if nowhere."""
        return self._placed[uid][0] if uid in self._placed else ""

    def _drop_if_unused(self, name: str, info: NodeInfo) -> None:
        if info.node is None and not info.requested[PODS]:
            del self._infos[name]
