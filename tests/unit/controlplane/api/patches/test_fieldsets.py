"""Sets of fields: read, written, made from documents, told to people."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from controlplane.api import registry
from controlplane.api.patches import fieldsets, shapes

PODS = shapes.of_kind(registry.PODS)
TREE: dict[str, Any] = {
    "f:metadata": {"f:finalizers": {'v:"x"': {}}, "f:labels": {".": {}, "f:app": {}}},
    "f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}}}, "i:0": {}},
}


def test_a_set_is_read_and_written_in_the_format_of_kubernetes() -> None:
    fields = fieldsets.from_json(orjson.dumps(TREE))
    assert ("f:metadata", "f:labels") in fields
    assert ("f:metadata",) not in fields
    assert orjson.loads(fieldsets.to_json(fields)) == TREE


def test_keys_are_equal_however_they_are_spelt() -> None:
    one = fieldsets.from_json(rb'{"k:{\"b\": 1, \"a\":\"x\"}": {}}')
    assert one == fieldsets.from_json(rb'{"k:{\"a\":\"x\",\"b\":1}": {}}')


@pytest.mark.parametrize(
    "text", [b"[]", b'{"f:a": 1}', b'{"a": {}}', b'{"k:{": {}}', b'{"k:1": {}}', b'{"f:": {}}', b'{"i:x": {}}', b"{"]
)
def test_other_text_is_no_set(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        fieldsets.from_json(text)


def test_a_set_has_a_depth() -> None:
    with pytest.raises(ValueError, match="levels deep"):
        fieldsets.from_json(b'{"f:a":' * 250 + b"{}" + b"}" * 250)


def test_a_document_sets_scalars_whole_values_empty_objects_and_items() -> None:
    document = {
        "metadata": {"labels": {"app": "web"}, "finalizers": ["x"]},
        "spec": {
            "containers": [{"name": "web", "args": ["a", "b"], "ports": [{"containerPort": 80}]}],
            "nodeSelector": {"disk": "ssd"},
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        },
    }
    assert sorted(map(fieldsets.told, fieldsets.fields_in(document, PODS))) == sorted([
        ".metadata.labels.app", '.metadata.finalizers[="x"]', ".spec.nodeSelector",
        '.spec.containers[name="web"]', '.spec.containers[name="web"].name', '.spec.containers[name="web"].args',
        '.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"]',
        '.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"].containerPort',
        '.spec.volumes[name="tmp"]', '.spec.volumes[name="tmp"].name', '.spec.volumes[name="tmp"].emptyDir',
    ])  # fmt: skip


def test_parents_that_are_named_are_those_of_objects_not_of_maps_or_items() -> None:
    path = ("f:spec", "f:containers", 'k:{"name":"web"}', "f:resources", "f:limits", "f:cpu")
    named = fieldsets.with_named_parents({path}, PODS)
    assert sorted(map(len, named)) == [1, 2, 4, 5, 6]
    labels = ("f:metadata", "f:labels", "f:app")
    assert fieldsets.with_named_parents({labels}, PODS) == {labels, labels[:1], labels[:2]}


def test_fields_are_told_as_kubernetes_does() -> None:
    assert fieldsets.told(("f:spec", "f:replicas")) == ".spec.replicas"
    assert fieldsets.told(("f:a", 'k:{"name":"x","port":80}', "i:2", "v:1")) == '.a[name="x",port=80][2][=1]'
