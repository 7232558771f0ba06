"""A service and what stands behind it: one row per endpoint, with the state that traffic sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from console.printers.ages import since
from console.printers.columns import Column
from console.tui.model.rows import Row
from console.tui.model.sanitize import clean
from console.tui.model.spans import Line, Span, fit
from console.tui.model.states import State
from controlplane.api import labels, registry
from controlplane.api.objects import Key
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery

COLUMNS = (
    Column("BACKEND"),
    Column("NODE", priority=2),
    Column("ADDRESS"),
    Column("PORTS", priority=1),
    Column("STATE"),
    Column("AGE", priority=3),
)
_BLANK = "–"


def rows(slices: Iterable[discovery.EndpointSlice], pods: Mapping[Key, core.Pod], now: float) -> list[Row]:
    """One for each address; an endpoint that several slices tell of counts once, ready if any says so."""
    found: dict[Key, Row] = {}
    for endpoint_slice in slices:
        ports = _ports(endpoint_slice)
        for endpoint in endpoint_slice.endpoints:
            for address in endpoint.addresses:
                row = _row(endpoint, address, ports=ports, pods=pods, now=now)
                known = found.get(row.key)
                if known is None or row.state is State.WELL:
                    found[row.key] = row
    return list(found.values())


def _row(endpoint: discovery.Endpoint, address: str, *, ports: str, pods: Mapping[Key, core.Pod], now: float) -> Row:
    target = endpoint.target_ref
    pod = pods.get(Key(target.namespace, target.name)) if target.kind == registry.PODS.name else None
    word, state = state_of(endpoint)
    created = pod.metadata.creation_timestamp if pod is not None else None
    return Row(
        key=Key(target.namespace, address),
        cells=(
            clean(target.name or address), clean(endpoint.node_name) or _BLANK, clean(address), clean(ports) or _BLANK,
            word, since(created, now) if created is not None else _BLANK),
        state=state,
        moment=float(created.seconds) if created is not None else 0.0,
        object=pod,
    )  # fmt: skip


def state_of(endpoint: discovery.Endpoint) -> tuple[str, State]:
    """An unset `ready` counts as true, as its documentation asks."""
    conditions = endpoint.conditions
    if conditions.terminating:
        return ("draining", State.LEAVING) if conditions.serving else ("terminating", State.LEAVING)
    if conditions.ready or not conditions.HasField("ready"):
        return "ready", State.WELL
    return "not ready", State.WAITING


def _ports(endpoint_slice: discovery.EndpointSlice) -> str:
    return ",".join(str(port.port) if port.HasField("port") else "*" for port in endpoint_slice.ports)


def head(service: core.Service, cells: int) -> list[Line]:
    """What the service is: its address and ports, how it picks backends, which pods it selects."""
    spec = service.spec
    address = spec.external_name if spec.type == "ExternalName" else spec.cluster_ip
    first = [Span(f" {clean(address) or _BLANK}", "strong")]
    for port in spec.ports:
        target = port.target_port.str_val if port.target_port.type else str(port.target_port.int_val or port.port)
        name = f"{clean(port.name)} " if port.name else ""
        first += [Span(f"   {name}", "dim"), Span(f"{port.port}"), Span(" → ", "faint"), Span(clean(target)),
                  Span(f"/{clean(port.protocol)}", "dim")]  # fmt: skip
        if port.node_port:
            first += [Span("  node port ", "dim"), Span(str(port.node_port))]
    selector = str(labels.from_map(spec.selector)) if spec.selector else "nothing by itself"
    affinity = spec.session_affinity or "None"
    second = [Span(f" {clean(spec.type)}   affinity ", "dim"), Span(clean(affinity)),
              Span("   selects ", "dim"), Span(clean(selector))]  # fmt: skip
    return [fit(tuple(first), cells), fit(tuple(second), cells)]


def summary(found: Iterable[Row]) -> str:
    """`3 of 4 ready, 1 draining`"""
    states = [row.cells[4] for row in found]
    if not states:
        return "no endpoints: no pod matches, or none is ready"
    others = [word for word in dict.fromkeys(states) if word != "ready"]
    told = [f"{states.count('ready')} of {len(states)} ready", *(f"{states.count(word)} {word}" for word in others)]
    return ", ".join(told)
