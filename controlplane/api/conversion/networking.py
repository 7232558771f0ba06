"""Ingresses as extensions/v1beta1 and networking.k8s.io/v1beta1 had them, and EndpointSlices of discovery.k8s.io/v1beta1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controlplane.api.conversion.documents import Doc, items, made, move, part

_HOSTNAME = "kubernetes.io/hostname"
_ZONE = "topology.kubernetes.io/zone"


def ingress_in(doc: Doc) -> None:
    spec = part(doc, "spec")
    move(spec, "backend", "defaultBackend")
    _backend_in(part(spec, "defaultBackend"))
    for path in _paths(spec):
        path["pathType"] = path.get("pathType") or "ImplementationSpecific"
        _backend_in(part(path, "backend"))


def ingress_out(doc: Doc) -> None:
    spec = part(doc, "spec")
    move(spec, "defaultBackend", "backend")
    _backend_out(part(spec, "backend"))
    for path in _paths(spec):
        _backend_out(part(path, "backend"))


def _paths(spec: Doc) -> Iterator[Doc]:
    for rule in items(spec, "rules"):
        yield from items(rule, "http", "paths")


def _backend_in(backend: Doc) -> None:
    name, port = backend.pop("serviceName", None), backend.pop("servicePort", None)
    if name is None and port is None:
        return
    service = made(backend, "service")
    service["name"] = name
    if port is not None:
        service["port"] = {"name": port} if isinstance(port, str) else {"number": port}


def _backend_out(backend: Doc) -> None:
    service = backend.pop("service", None)
    if not isinstance(service, dict):
        return
    backend["serviceName"] = service.get("name")
    port = part(service, "port")
    number: Any = port.get("name") or port.get("number")
    if number is not None:
        backend["servicePort"] = number


def endpoint_slice_in(doc: Doc) -> None:
    """Where an endpoint is, was told among the labels of its node."""
    for endpoint in items(doc, "endpoints"):
        topology = endpoint.pop("topology", None)
        if not isinstance(topology, dict):
            continue
        rest = dict(topology)
        for key, field in ((_HOSTNAME, "nodeName"), (_ZONE, "zone")):
            if key in rest and endpoint.get(field) in (None, rest[key]):
                endpoint[field] = rest.pop(key)
        if rest:
            endpoint["deprecatedTopology"] = rest


def endpoint_slice_out(doc: Doc) -> None:
    """`nodeName` was there already; readers of that time also look for the labels."""
    for endpoint in items(doc, "endpoints"):
        rest = endpoint.pop("deprecatedTopology", None)
        topology = dict(rest) if isinstance(rest, dict) else {}
        if "nodeName" in endpoint:
            topology.setdefault(_HOSTNAME, endpoint["nodeName"])
        if "zone" in endpoint:
            topology[_ZONE] = endpoint.pop("zone")
        if topology:
            endpoint["topology"] = topology
