"""Endpoints: the older form of what EndpointSlices say, one object with the service's name."""

from __future__ import annotations

from collections import defaultdict

from controlplane.api import objects, registry
from controlplane.api.objects import Key
from controlplane.controllers import pods
from controlplane.controllers.backends import Port, backends_of, hostname_of, is_managed, ports_of, reference_to
from controlplane.controllers.plan import NOTHING, Absent, Create, Delete, Plan, Update, plan_of
from controlplane.controllers.view import View
from protos.v1 import core_pb2 as core

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
HEADLESS = "service.kubernetes.io/headless"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"

# More do not fit an object that everybody reads; EndpointSlices have no such limit.
MOST_ADDRESSES = 1000


def plan_endpoints(key: Key, view: View, _now: float) -> Plan:
    """By key, since the object outlives its service by one plan."""
    service = view.get(registry.SERVICES, key.name, key.namespace)
    found = view.get(registry.ENDPOINTS, key.name, key.namespace)
    if service is None:
        ours = found is not None and found.metadata.labels.get(MANAGED_BY) == MANAGER
        gone = Delete(found, guards=(Absent(registry.SERVICES, key),)) if found is not None and ours else None
        return plan_of(gone)
    if not is_managed(service):
        return NOTHING
    if found is None:
        return plan_of(Create(_fill(core.Endpoints(), service, view)))
    fresh = _fill(objects.copy_of(found), service, view)
    return plan_of(Update(fresh) if fresh != found else None)


def _fill(endpoints: core.Endpoints, service: core.Service, view: View) -> core.Endpoints:
    endpoints.metadata.name, endpoints.metadata.namespace = service.metadata.name, service.metadata.namespace
    endpoints.metadata.labels.clear()
    endpoints.metadata.labels.update(service.metadata.labels)
    endpoints.metadata.labels[MANAGED_BY] = MANAGER
    if service.spec.cluster_ip == "None":
        endpoints.metadata.labels[HEADLESS] = ""
    backends = [pod for pod in backends_of(service, view) if _is_listed(pod, service)]
    if len(backends) > MOST_ADDRESSES:
        endpoints.metadata.annotations[OVER_CAPACITY] = "truncated"
    else:
        endpoints.metadata.annotations.pop(OVER_CAPACITY, None)
    del endpoints.subsets[:]
    endpoints.subsets.extend(_subsets(service, backends[:MOST_ADDRESSES]))
    return endpoints


def _is_listed(pod: core.Pod, service: core.Service) -> bool:
    return service.spec.publish_not_ready_addresses or not objects.is_terminating(pod)


def _subsets(service: core.Service, backends: list[core.Pod]) -> list[core.EndpointSubset]:
    """One for each set of ports, ordered by ports and address."""
    groups: dict[tuple[Port, ...], list[core.Pod]] = defaultdict(list)
    for pod in backends:
        ports = ports_of(service, pod)
        if ports is not None:
            groups[ports].append(pod)
    return [_subset(service, ports, groups[ports]) for ports in sorted(groups, key=str)]


def _subset(service: core.Service, ports: tuple[Port, ...], backends: list[core.Pod]) -> core.EndpointSubset:
    subset = core.EndpointSubset()
    for pod in sorted(backends, key=lambda pod: [int(part) for part in pod.status.pod_ip.split(".")]):
        ready = service.spec.publish_not_ready_addresses or pods.is_ready(pod)
        (subset.addresses if ready else subset.not_ready_addresses).append(_address(pod, service))
    for port in ports:
        subset.ports.add(name=port.name, port=port.number, protocol=port.protocol, app_protocol=port.app_protocol)
    return subset


def _address(pod: core.Pod, service: core.Service) -> core.EndpointAddress:
    address = core.EndpointAddress(ip=pod.status.pod_ip, target_ref=reference_to(pod), hostname=hostname_of(pod, service))
    if pod.spec.node_name:
        address.node_name = pod.spec.node_name
    return address
