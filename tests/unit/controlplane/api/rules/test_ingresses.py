"""Rules for Ingresses and IngressClasses, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import INGRESS_CLASSES, INGRESSES
from tests.unit.controlplane.api.rules.documents import problems, update

BACKEND: dict[str, Any] = {"service": {"name": "web", "port": {"number": 80}}}
PATHS = "spec.rules[0].http.paths"


def path(text: str = "/", kind: str | None = "Prefix", backend: dict[str, Any] | None = None) -> dict[str, Any]:
    one = {"path": text, "backend": BACKEND if backend is None else backend}
    return one if kind is None else one | {"pathType": kind}


def rule(*paths: dict[str, Any], host: str = "a.example.com") -> dict[str, Any]:
    return {"rules": [{"host": host, "http": {"paths": list(paths)}}]}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"defaultBackend": BACKEND, "ingressClassName": "nginx"}, []),
        (rule(path(), path("/a/b", "Exact"), path("", "ImplementationSpecific"), host="*.example.com"), []),
        ({"rules": [{}], "tls": [{"hosts": ["*.a.com"], "secretName": "cert"}]}, []),
        ({"defaultBackend": {"resource": {"apiGroup": "a.com", "kind": "Bucket", "name": "b"}}}, []),
        ({}, ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"]),
        (rule(path(), host="10.0.0.1"),
         ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address']),
        (rule(path(), host="a.*.com"),
         ["spec.rules[0].host: Invalid value: \"a.*.com\": a lowercase RFC 1123 subdomain must consist of lower case "
          "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"]),
        (rule(path(), host="*.-a.com"),
         ["spec.rules[0].host: Invalid value: \"*.-a.com\": a wildcard DNS-1123 subdomain must start with '*.', followed by "
          "a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an "
          "alphanumeric character"]),
        (rule(), [f"{PATHS}: Required value"]),
        (rule(path(kind=None)), [f"{PATHS}[0].pathType: Required value: pathType must be specified"]),
        (rule(path(kind="Regex")),
         [f'{PATHS}[0].pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", '
          '"Prefix"']),
        (rule(path("a")), [f'{PATHS}[0].path: Invalid value: "a": must be an absolute path']),
        (rule(path("/a//b")), [f"{PATHS}[0].path: Invalid value: \"/a//b\": must not contain '//'"]),
        (rule(path("/a%2Fb", "Exact")), [f"{PATHS}[0].path: Invalid value: \"/a%2Fb\": must not contain '%2F'"]),
        (rule(path("/a/..")), [f"{PATHS}[0].path: Invalid value: \"/a/..\": cannot end with '/..'"]),
        (rule(path("a", "ImplementationSpecific")), [f'{PATHS}[0].path: Invalid value: "a": must be an absolute path']),
        (rule(path(backend={})), [f"{PATHS}[0].backend: Required value: set a service or a resource backend"]),
        (rule(path(backend=BACKEND | {"resource": {"kind": "a", "name": "b"}})),
         [f'{PATHS}[0].backend: Invalid value: "": cannot set both resource and service backends']),
        (rule(path(backend={"service": {"name": "Web", "port": {"number": 80}}})),
         [f"{PATHS}[0].backend.service.name: Invalid value: \"Web\": a DNS-1035 label must consist of lower case "
          "alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"]),
        (rule(path(backend={"service": {"name": "web"}})),
         [f"{PATHS}[0].backend.service: Required value: port name or number is required"]),
        (rule(path(backend={"service": {"name": "web", "port": {"number": 80, "name": "http"}}})),
         [f'{PATHS}[0].backend.service: Invalid value: "": cannot set both port name & port number']),
        (rule(path(backend={"service": {"name": "web", "port": {"number": 70000}}})),
         [f"{PATHS}[0].backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"]),
    ],
)  # fmt: skip
def test_the_rules_of_ingresses(spec: dict[str, Any], found: list[str]) -> None:
    assert problems(INGRESSES, {"spec": spec}) == found


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"controller": "example.com/ingress"}, []),
        ({"controller": "a.com/b", "parameters": {"kind": "K", "name": "n", "scope": "Namespace", "namespace": "shop"}}, []),
        ({}, ["spec.controller: Required value"]),
        ({"controller": "nginx"},
         ['spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")']),
        ({"controller": "a.com/" + "x" * 250}, ["spec.controller: Too long: may not be more than 250 bytes"]),
        ({"controller": "a.com/b", "parameters": {"kind": "", "name": ""}},
         ["spec.parameters.kind: Required value", "spec.parameters.name: Required value"]),
        ({"controller": "a.com/b", "parameters": {"kind": "K", "name": "n", "scope": "Namespace"}},
         ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"]),
        ({"controller": "a.com/b", "parameters": {"kind": "K", "name": "n", "namespace": "shop"}},
         ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"]),
    ],
)  # fmt: skip
def test_the_rules_of_classes(spec: dict[str, Any], found: list[str]) -> None:
    assert problems(INGRESS_CLASSES, {"spec": spec}) == found


def test_a_class_stays_with_its_controller() -> None:
    old, new = ({"spec": {"controller": name}} for name in ("a.com/b", "a.com/c"))
    assert update(INGRESS_CLASSES, old, new) == ['spec.controller: Invalid value: "a.com/c": field is immutable']
