"""The size of a workload, whatever its kind."""

from typing import Any

import pytest

from controlplane.api import codec, registry, scale
from controlplane.api.catalogue import custom_kind
from controlplane.api.kind import Kind
from protos.v1.apiextensions_pb2 import CustomResourceDefinition
from protos.v1.resources_pb2 import CustomObject

METADATA = {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7", "labels": {"a": "b"},
            "creationTimestamp": "2026-01-01T00:00:00Z"}  # fmt: skip
SELECTOR = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["x", "y"]}]}


@pytest.mark.parametrize(
    "kind", [registry.DEPLOYMENTS, registry.REPLICA_SETS, registry.STATEFUL_SETS], ids=lambda kind: kind.name
)
def test_a_workload_tells_its_size(kind: Kind[Any]) -> None:
    obj = codec.from_dict(
        kind, {"metadata": METADATA, "spec": {"replicas": 3, "selector": SELECTOR}, "status": {"replicas": 2}}
    )
    found = codec.to_dict(registry.SCALES, scale.scale_of(kind, obj))
    assert found == {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {name: value for name, value in METADATA.items() if name != "labels"},
        "spec": {"replicas": 3},
        "status": {"replicas": 2, "selector": "app=web,tier notin (x,y)"},
    }


def test_a_replication_controller_selects_by_plain_labels() -> None:
    obj = codec.from_dict(registry.REPLICATION_CONTROLLERS, {"spec": {"replicas": 0, "selector": {"b": "2", "a": "1"}}})
    found = scale.scale_of(registry.REPLICATION_CONTROLLERS, obj)
    assert (found.spec.replicas, found.status.selector) == (0, "a=1,b=2")


def test_another_size_leaves_the_rest_and_the_given_object_as_they_are() -> None:
    obj: Any = codec.from_dict(registry.DEPLOYMENTS, {"metadata": METADATA, "spec": {"replicas": 3, "selector": SELECTOR}})
    bigger = scale.with_replicas(registry.DEPLOYMENTS, obj, 9)
    assert (obj.spec.replicas, bigger.spec.replicas) == (3, 9)
    bigger.spec.replicas = 3
    assert bigger == obj


def custom(content: bytes, **paths: str) -> tuple[Kind[Any], CustomObject]:
    definition = CustomResourceDefinition()
    definition.spec.group = "shop.io"
    definition.spec.names.kind = "Shop"
    version = definition.spec.versions.add(name="v1", served=True, storage=True)
    codec.message_from_dict({"scale": paths}, version.subresources)
    obj = CustomObject(api_version="shop.io/v1", kind="Shop", content=content)
    return custom_kind(definition), obj


PATHS = {
    "specReplicasPath": ".spec.size",
    "statusReplicasPath": ".status.sizes.now",
    "labelSelectorPath": ".status.selector",
}


def test_a_custom_object_keeps_its_size_where_its_definition_says() -> None:
    kind, obj = custom(b'{"spec":{"size":4},"status":{"sizes":{"now":3},"selector":"app=shop"}}', **PATHS)
    found = scale.scale_of(kind, obj)
    assert (found.spec.replicas, found.status.replicas, found.status.selector) == (4, 3, "app=shop")
    bigger = scale.with_replicas(kind, obj, 8)
    assert scale.scale_of(kind, bigger).spec.replicas == 8
    assert scale.scale_of(kind, obj).spec.replicas == 4


def test_what_a_custom_object_does_not_report_is_nothing() -> None:
    kind, obj = custom(b'{"spec":{"size":4}}', **PATHS)
    assert scale.scale_of(kind, obj).status.replicas == 0


def test_a_custom_object_without_a_size_has_none_to_tell() -> None:
    kind, obj = custom(b'{"spec":{}}', **PATHS)
    with pytest.raises(ValueError, match=r'the spec replicas field ".spec.size" does not exist'):
        scale.scale_of(kind, obj)
    assert scale.scale_of(kind, scale.with_replicas(kind, obj, 1)).spec.replicas == 1


def test_a_size_is_not_negative() -> None:
    body = scale.scale_of(registry.DEPLOYMENTS, codec.from_dict(registry.DEPLOYMENTS, {"spec": {"replicas": -1}}))
    assert [str(problem) for problem in scale.problems_of(body)] == [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    ]
