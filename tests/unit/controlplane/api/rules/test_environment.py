"""Rules for variables that tell of the pod, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import PODS
from tests.unit.controlplane.api.rules.documents import container, pod_spec, problems


def of(source: dict[str, Any]) -> list[str]:
    spec = pod_spec(container(env=[{"name": "A", "valueFrom": source}]))
    return [one.removeprefix("spec.containers[0].env[0].valueFrom.") for one in problems(PODS, {"spec": spec})]


def resource(name: str, divisor: str) -> dict[str, Any]:
    return {"resourceFieldRef": {"resource": name, "divisor": divisor}}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (resource("limits.cpu", "1m"), []),
        (resource("requests.memory", "1Mi"), []),
        (resource("requests.memory", "0"), []),
        (resource("limits.cpu", "1k"),
         ["resourceFieldRef.divisor: Invalid value: \"1k\": only divisor's values 1m, 1 are supported with the cpu "
          "resource"]),
        (resource("limits.memory", "1m"),
         ["resourceFieldRef.divisor: Invalid value: \"1m\": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, "
          "1Ti, 1Pi, 1Ei are supported with the memory resource"]),
        (resource("limits.pods", "1"),
         ['resourceFieldRef.resource: Invalid value: "limits.pods": must be limits or requests of cpu, memory or '
          "ephemeral-storage, as in limits.cpu"]),
        ({"fileKeyRef": {"volumeName": "v", "path": "a/b", "key": "K"}}, []),
        ({"fileKeyRef": {"volumeName": "", "path": "/b", "key": ""}},
         ["fileKeyRef.key: Required value", "fileKeyRef.volumeName: Required value",
          'fileKeyRef.path: Invalid value: "/b": must be a relative path']),
    ],
)  # fmt: skip
def test_what_variables_may_tell(source: dict[str, Any], found: list[str]) -> None:
    assert of(source) == found
