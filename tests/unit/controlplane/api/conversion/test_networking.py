"""Backends of an Ingress, and where endpoints are."""

from typing import Any

import pytest

from controlplane.api import registry
from controlplane.api.conversion import table

INGRESS, SLICE = registry.INGRESSES, registry.ENDPOINT_SLICES
OLD_INGRESS, OLD_SLICE = "networking.k8s.io/v1beta1", "discovery.k8s.io/v1beta1"
HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"serviceName": "web", "servicePort": 80}, {"service": {"name": "web", "port": {"number": 80}}}),
        ({"serviceName": "web", "servicePort": "http"}, {"service": {"name": "web", "port": {"name": "http"}}}),
        (
            {"resource": {"apiGroup": "k8s.example.com", "kind": "StorageBucket", "name": "static"}},
            {"resource": {"apiGroup": "k8s.example.com", "kind": "StorageBucket", "name": "static"}},
        ),
    ],
    ids=["by number", "by name", "no service"],
)
@pytest.mark.parametrize("version", INGRESS.older)
def test_a_backend_has_its_service_and_port_apart(version: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    def ingress(api_version: str, field: str, backend: dict[str, Any]) -> dict[str, Any]:
        path = {"path": "/", "pathType": "Prefix", "backend": backend}
        spec = {field: backend, "rules": [{"host": "a.b", "http": {"paths": [path]}}]}
        return {"apiVersion": api_version, "kind": "Ingress", "spec": spec}

    before, after = ingress(version, "backend", old), ingress("networking.k8s.io/v1", "defaultBackend", new)
    assert table.to_current(INGRESS, before) == after
    assert table.from_current(INGRESS, after, version) == before


def test_a_path_without_a_type_was_the_controllers_business() -> None:
    doc = {"apiVersion": OLD_INGRESS, "kind": "Ingress", "spec": {"rules": [{"http": {"paths": [{"path": "/a"}]}}]}}
    (rule,) = table.to_current(INGRESS, doc)["spec"]["rules"]
    assert rule["http"]["paths"][0]["pathType"] == "ImplementationSpecific"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"topology": {HOSTNAME: "n1", ZONE: "a"}}, {"nodeName": "n1", "zone": "a"}),
        ({"nodeName": "n1", "topology": {HOSTNAME: "n1"}}, {"nodeName": "n1"}),
        ({"nodeName": "n2", "topology": {HOSTNAME: "n1"}}, {"nodeName": "n2", "deprecatedTopology": {HOSTNAME: "n1"}}),
        ({"topology": {"rack": "7"}}, {"deprecatedTopology": {"rack": "7"}}),
        ({"hints": {"forZones": [{"name": "a"}]}}, {"hints": {"forZones": [{"name": "a"}]}}),
    ],
)
def test_where_an_endpoint_is_was_told_by_labels(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = {"apiVersion": OLD_SLICE, "kind": "EndpointSlice", "endpoints": [{"addresses": ["10.1.2.3"]} | old]}
    current = table.to_current(SLICE, before)
    assert current["endpoints"] == [{"addresses": ["10.1.2.3"]} | new]
    (back,) = table.from_current(SLICE, current, OLD_SLICE)["endpoints"]
    assert back.get("topology", {}).items() >= old.get("topology", {}).items()
    assert "zone" not in back
    assert "deprecatedTopology" not in back
    assert back.get("hints") == old.get("hints")
