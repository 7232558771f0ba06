"""JSON patches: the operations of RFC 6902, and their limits."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from controlplane.api.errors import BadRequest, Invalid, TooLarge
from controlplane.api.patches import json_patch


def op(name: str, path: str, **more: Any) -> dict[str, Any]:
    return {"op": name, "path": path, **more}


@pytest.mark.parametrize(
    ("document", "operations", "result"),
    [
        ({"foo": "bar"}, [op("add", "/baz", value="qux")], {"foo": "bar", "baz": "qux"}),
        ({"foo": ["a", "b"]}, [op("add", "/foo/1", value="x")], {"foo": ["a", "x", "b"]}),
        ({"foo": ["a"]}, [op("add", "/foo/-", value={"b": [1]})], {"foo": ["a", {"b": [1]}]}),
        ({"a": 1, "b": 2}, [op("remove", "/a")], {"b": 2}),
        ({"foo": ["a", "b"]}, [op("remove", "/foo/0")], {"foo": ["b"]}),
        ({"a": 1}, [op("replace", "/a", value=None)], {"a": None}),
        ({"a": {"x": 1}, "b": {}}, [{"op": "move", "from": "/a/x", "path": "/b/y"}], {"a": {}, "b": {"y": 1}}),
        ({"a": {"x": [1]}}, [{"op": "copy", "from": "/a/x", "path": "/b"}], {"a": {"x": [1]}, "b": [1]}),
        ({"a/b": {"c~d": 1}}, [op("test", "/a~1b/c~0d", value=1), op("remove", "/a~1b/c~0d")], {"a/b": {}}),
        ({"a": {"x": 1}}, [op("test", "/a", value={"x": 1})], {"a": {"x": 1}}),
        ({"a": 1}, [op("replace", "", value={"b": 2})], {"b": 2}),
        ({"a": 1}, [], {"a": 1}),
    ],
    ids=str,
)
def test_operations_do_what_the_rfc_says(document: Any, operations: list[dict[str, Any]], result: Any) -> None:
    before = copy.deepcopy(operations)
    assert json_patch.apply(copy.deepcopy(document), json_patch.read(operations)) == result
    assert operations == before


def test_what_was_added_is_not_the_patchs_own() -> None:
    """A patch is applied again when the object changed meanwhile."""
    operations = json_patch.read([op("add", "/a", value={"n": 1}), op("replace", "/a/n", value=2)])
    assert json_patch.apply({}, operations) == json_patch.apply({}, operations) == {"a": {"n": 2}}
    assert operations[0]["value"] == {"n": 1}


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ([op("test", "/a", value=True)], "testing value /a failed: test failed"),
        ([op("test", "/a", value="1")], "testing value /a failed: test failed"),
        ([op("remove", "/x")], "remove operation does not apply: doc is missing path: /x"),
        ([op("replace", "/x/y", value=1)], "replace operation does not apply: doc is missing path: /x/y"),
        ([{"op": "copy", "from": "/x", "path": "/y"}], "copy operation does not apply: doc is missing path: /x"),
        ([op("add", "/l/9", value=1)], "add operation does not apply: /l/9"),
        ([{"op": "move", "from": "/l", "path": "/l/0"}], "move operation does not apply"),
        ([op("replace", "", value=[])], "leaves no object"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_invalid(operations: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        json_patch.apply({"a": 1, "l": [1]}, json_patch.read(operations))


@pytest.mark.parametrize(
    "document",
    [
        {}, "x", [1], [{}], [{"op": "explode", "path": "/a"}], [{"op": {}, "path": "/a"}], [{"op": "add", "path": "/a"}],
        [{"op": "add", "path": "a", "value": 1}], [{"op": "add", "path": 1, "value": 1}], [{"op": "copy", "path": "/a"}],
        [{"op": "move", "from": 1, "path": "/a"}], [{"op": "remove"}],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_patch_is_a_bad_request(document: object) -> None:
    with pytest.raises(BadRequest, match="JSON patch"):
        json_patch.read(document)


def test_operations_and_copies_are_bounded() -> None:
    with pytest.raises(TooLarge, match="got 10001"):
        json_patch.read([op("remove", "/a")] * 10_001)
    doubling = [{"op": "copy", "from": "", "path": f"/x{number}"} for number in range(60)]
    with pytest.raises(Invalid, match="exceeding the limit"):
        json_patch.apply({"a": "x" * 100}, json_patch.read(doubling))
    with pytest.raises(Invalid, match="levels deep"):
        json_patch.apply({"a": {}}, json_patch.read([{"op": "copy", "from": "/a", "path": "/a/b"}] * 150))
