"""Rules for the bodies of subresources, which need no names of their own."""

from typing import Any

import pytest

from controlplane.api import codec, defaults, validation
from controlplane.api.registry import BINDINGS, TOKEN_REQUESTS, Kind

SECONDS = "spec.expirationSeconds: Invalid value: "


@pytest.mark.parametrize(
    ("kind", "doc", "found"),
    [
        (BINDINGS, {"target": {"kind": "Node", "name": "node-1"}}, []),
        (BINDINGS, {"target": {"name": "node-1"}}, []),
        (BINDINGS, {"target": {"kind": "Pod", "name": "a"}},
         ['target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"']),
        (BINDINGS, {"target": {"kind": "Node"}}, ["target.name: Required value"]),
        (TOKEN_REQUESTS, {"spec": {"audiences": ["a"]}}, []),
        (TOKEN_REQUESTS, {"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "a"}}}, []),
        (TOKEN_REQUESTS, {"spec": {"expirationSeconds": 599}},
         [f"{SECONDS}599: may not specify a duration less than 10 minutes"]),
        (TOKEN_REQUESTS, {"spec": {"expirationSeconds": 4294967297}},
         [f"{SECONDS}4294967297: may not specify a duration larger than 2^32 seconds"]),
        (TOKEN_REQUESTS, {"spec": {"boundObjectRef": {"kind": "Service", "name": "a"}}},
         ['spec.boundObjectRef.kind: Unsupported value: "Service": supported values: "Pod", "Secret", "Node"']),
        (TOKEN_REQUESTS, {"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v2", "name": ""}}},
         ['spec.boundObjectRef.apiVersion: Unsupported value: "v2": supported values: "v1"',
          "spec.boundObjectRef.name: Required value"]),
    ],
)  # fmt: skip
def test_the_rules_of_bodies(kind: Kind[Any], doc: dict[str, Any], found: list[str]) -> None:
    obj = codec.from_dict(kind, doc)
    defaults.apply_defaults(kind, obj)
    assert [str(problem) for problem in validation.problems_of(kind, obj)] == found
