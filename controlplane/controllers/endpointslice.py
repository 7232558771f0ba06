"""EndpointSlices: the addresses behind each service with a selector, at most 100 to a slice, changed with the fewest writes.

An endpoint stays in the slice it is in. A pod that is being deleted is listed as terminating and no longer ready, so that
nobody sends it new connections while it serves its last ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controlplane.api import objects, registry
from controlplane.controllers import ownership, pods
from controlplane.controllers.backends import Port, backends_of, hostname_of, is_managed, ports_of, reference_to
from controlplane.controllers.plan import NOTHING, Create, Delete, Plan, Update, Write
from controlplane.controllers.view import LABEL, View, label_value
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
HEADLESS = "service.kubernetes.io/headless"

MOST_ENDPOINTS = 100

Ports = tuple[Port, ...]


@dataclass(slots=True)
class _Draft:
    """A slice that exists, and what it shall hold."""

    found: discovery.EndpointSlice
    content: list[discovery.Endpoint]
    changed: bool

    @property
    def room(self) -> int:
        return MOST_ENDPOINTS - len(self.content)


def plan_endpoint_slices(service: core.Service, view: View, _now: float) -> Plan:
    if not is_managed(service):
        return NOTHING
    groups = _groups(service, view)
    existing = existing_slices(service, view)
    writes: list[Write] = [Delete(found) for found in existing if _ports_in(found) not in groups]
    for ports, endpoints in groups.items():
        own = [found for found in existing if _ports_in(found) == ports]
        writes.extend(_fitted(service, ports, endpoints, own))
    return Plan(tuple(writes))


def existing_slices(service: core.Service, view: View) -> list[discovery.EndpointSlice]:
    """Those that this controller made for the service, ordered by name."""
    value = label_value(service.metadata.namespace, SERVICE_NAME, service.metadata.name)
    found = view.select(registry.ENDPOINT_SLICES, LABEL, value)
    ours = [s for s in found if s.metadata.labels.get(MANAGED_BY) == MANAGER and not objects.is_terminating(s)]
    return sorted(ours, key=lambda s: s.metadata.name)


def _groups(service: core.Service, view: View) -> dict[Ports, list[discovery.Endpoint]]:
    """Endpoints by the ports they listen on, since a slice has one set of ports. Never empty: a service without backends
    has one slice that says so."""
    groups: dict[Ports, list[discovery.Endpoint]] = {}
    for pod in backends_of(service, view):
        ports = ports_of(service, pod)
        if ports is not None:
            groups.setdefault(ports, []).append(_endpoint(pod, service))
    return groups or {ports_of(service, core.Pod()) or (): []}


def _endpoint(pod: core.Pod, service: core.Service) -> discovery.Endpoint:
    serving, terminating = pods.is_ready(pod), objects.is_terminating(pod)
    endpoint = discovery.Endpoint(addresses=[pod.status.pod_ip], target_ref=reference_to(pod))
    endpoint.conditions.ready = service.spec.publish_not_ready_addresses or (serving and not terminating)
    endpoint.conditions.serving = serving
    endpoint.conditions.terminating = terminating
    if pod.spec.node_name:
        endpoint.node_name = pod.spec.node_name
    if hostname_of(pod, service):
        endpoint.hostname = hostname_of(pod, service)
    return endpoint


def _fitted(
    service: core.Service,
    ports: Ports,
    endpoints: Sequence[discovery.Endpoint],
    existing: Sequence[discovery.EndpointSlice],
) -> list[Write]:
    """The writes after which the slices of one set of ports hold exactly these endpoints."""
    homeless = {endpoint.target_ref.uid: endpoint for endpoint in endpoints}
    drafts = [_draft(found, homeless, _labels(service)) for found in existing]
    waiting = list(homeless.values())
    for draft in sorted(drafts, key=lambda draft: (not draft.changed, draft.room)):
        draft.changed = draft.changed or bool(waiting and draft.room)
        room = draft.room
        draft.content.extend(waiting[:room])
        waiting = waiting[room:]
    made = [waiting[start : start + MOST_ENDPOINTS] for start in range(0, len(waiting), MOST_ENDPOINTS)]
    if not drafts and not made:
        made = [[]]
    emptied = [draft for draft in drafts if not draft.content]
    if len(emptied) == len(drafts):
        emptied = emptied[1:]  # one stays, to say that there is nobody
    return [
        *(Create(_slice(service, ports, content)) for content in made),
        *(Delete(draft.found) for draft in emptied),
        *(Update(_edited(draft, service)) for draft in drafts if draft.changed and draft not in emptied),
    ]


def _draft(found: discovery.EndpointSlice, homeless: dict[str, discovery.Endpoint], labels: dict[str, str]) -> _Draft:
    """What stays in a slice, as it is now; takes it out of `homeless`."""
    stays = (homeless.pop(endpoint.target_ref.uid, None) for endpoint in found.endpoints)
    content = [endpoint for endpoint in stays if endpoint is not None]
    changed = content != list(found.endpoints) or dict(found.metadata.labels) != labels
    return _Draft(found, content, changed)


def _edited(draft: _Draft, service: core.Service) -> discovery.EndpointSlice:
    fresh = objects.copy_of(draft.found)
    fresh.metadata.labels.clear()
    fresh.metadata.labels.update(_labels(service))
    del fresh.endpoints[:]
    fresh.endpoints.extend(draft.content)
    return fresh


def _slice(service: core.Service, ports: Ports, content: Iterable[discovery.Endpoint]) -> discovery.EndpointSlice:
    made = discovery.EndpointSlice(address_type="IPv4", endpoints=content)
    made.metadata.generate_name = f"{service.metadata.name}-"
    made.metadata.namespace = service.metadata.namespace
    made.metadata.labels.update(_labels(service))
    made.metadata.owner_references.append(ownership.reference_to(service))
    for port in ports:
        made.ports.add(name=port.name, port=port.number, protocol=port.protocol, app_protocol=port.app_protocol)
    return made


def _labels(service: core.Service) -> dict[str, str]:
    own = {SERVICE_NAME: service.metadata.name, MANAGED_BY: MANAGER}
    if service.spec.cluster_ip == "None":
        own[HEADLESS] = ""
    return {**service.metadata.labels, **own}


def _ports_in(found: discovery.EndpointSlice) -> Ports:
    return tuple(
        Port(port.name, port.port, port.protocol, port.app_protocol if port.HasField("app_protocol") else None)
        for port in found.ports
    )
