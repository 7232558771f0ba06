"""Which pods stand behind a service, and on which ports they listen. Shared by EndpointSlices and Endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from controlplane.api import labels, objects, registry
from controlplane.controllers import pods
from controlplane.controllers.view import LABEL, Index, View, label_value
from protos.v1 import core_pb2 as core


class Port(NamedTuple):
    """A service's port as one pod serves it; `number` is the pod's."""

    name: str
    number: int
    protocol: str
    app_protocol: str | None


def _one_label(service: core.Service) -> Iterable[str]:
    pair = min(service.spec.selector.items(), default=None)
    return () if pair is None else (label_value(service.metadata.namespace, *pair),)


# one of the labels that a service selects by
SELECTS: Index[core.Service] = Index("selects", _one_label)


def services_of(pod: core.Pod, view: View) -> list[core.Service]:
    """The services that select the pod."""
    own, namespace = pod.metadata.labels, pod.metadata.namespace
    found = (
        service
        for key, value in own.items()
        for service in view.select(registry.SERVICES, SELECTS, label_value(namespace, key, value))
    )
    return [service for service in found if labels.from_map(service.spec.selector).matches(own)]


def backends_of(service: core.Service, view: View) -> list[core.Pod]:
    """The pods with an address that the service selects, ordered by name; those that ended are none, those ending are."""
    wanted = _one_label(service)
    selector = labels.from_map(service.spec.selector)
    candidates = (pod for value in wanted for pod in view.select(registry.PODS, LABEL, value))
    chosen = [pod for pod in candidates if selector.matches(pod.metadata.labels) and _has_address(pod)]
    return sorted(chosen, key=lambda pod: pod.metadata.name)


def is_managed(service: core.Service) -> bool:
    """Whether its endpoints follow from a selector; otherwise they are somebody else's."""
    return bool(service.spec.selector) and service.spec.type != "ExternalName" and not objects.is_terminating(service)


def _has_address(pod: core.Pod) -> bool:
    return bool(pod.status.pod_ip) and not pods.is_finished(pod)


def ports_of(service: core.Service, pod: core.Pod) -> tuple[Port, ...] | None:
    """None for a pod that serves none of the service's ports, for it names them and the pod knows no such name."""
    found = [
        Port(port.name, number, port.protocol or "TCP", port.app_protocol if port.HasField("app_protocol") else None)
        for port in service.spec.ports
        if (number := _target(port, pod))
    ]
    return None if service.spec.ports and not found else tuple(found)


def _target(port: core.ServicePort, pod: core.Pod) -> int:
    if not port.HasField("target_port"):
        return port.port
    if port.target_port.type == 0:
        return port.target_port.int_val or port.port
    named = (
        listening.container_port
        for container in (*pod.spec.containers, *pod.spec.init_containers)
        for listening in container.ports
        if listening.name == port.target_port.str_val and (listening.protocol or "TCP") == (port.protocol or "TCP")
    )
    return next(named, 0)


def hostname_of(pod: core.Pod, service: core.Service) -> str:
    """The pod's own name in the service's domain, if it asked for one."""
    return pod.spec.hostname if pod.spec.hostname and pod.spec.subdomain == service.metadata.name else ""


def reference_to(pod: core.Pod) -> core.ObjectReference:
    return core.ObjectReference(
        kind="Pod", namespace=pod.metadata.namespace, name=pod.metadata.name, uid=pod.metadata.uid)  # fmt: skip


def changed_for_services(old: core.Pod | None, new: core.Pod | None) -> bool:
    """Whether a pod's change can change any endpoint."""
    return old is None or new is None or _shown(old) != _shown(new)


def _shown(pod: core.Pod) -> tuple[object, ...]:
    return (
        pod.metadata.uid, pod.status.pod_ip, pods.is_ready(pod), objects.is_terminating(pod), pods.is_finished(pod),
        pod.spec.node_name, dict(pod.metadata.labels),
    )  # fmt: skip
