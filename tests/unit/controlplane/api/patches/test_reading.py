"""Patches as they arrive."""

from __future__ import annotations

import pytest

from controlplane.api.errors import BadRequest, TooLarge
from controlplane.api.patches import reading


def test_duplicates_are_named_with_their_path() -> None:
    text = b'{"a": 1, "b": {"c": 1, "c": 2, "d": [{"e": 1, "e": 1}]}, "a": 2, "a": 3}'
    assert reading.duplicates_in(text) == ["a", "b.c", "b.d[0].e"]
    assert reading.duplicates_in(b'{"a": 1%s}' % (b"0" * 9000)) == []
    assert reading.duplicates_in(b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]}') == []


@pytest.mark.parametrize(
    "text", [b"apiVersion: v1\nkind: Pod\n", b'{"apiVersion": "v1", "kind": "Pod"}', b"---\napiVersion: v1\nkind: Pod\n"]
)
def test_a_configuration_is_json_or_yaml(text: bytes) -> None:
    assert reading.configuration_in(text) == {"apiVersion": "v1", "kind": "Pod"}


@pytest.mark.parametrize(
    "text", [b"", b"a", b"[]", b"a: 1\n---\nb: 2\n", b"a: 1\na: 2\n", b"\xff", b"a: [", b"\ta: 1", b"a: {}{}"]
)
def test_what_is_no_configuration_is_refused(text: bytes) -> None:
    with pytest.raises(BadRequest):
        reading.configuration_in(text)


def test_size_and_depth_are_bounded() -> None:
    with pytest.raises(TooLarge, match="the limit is 3145728"):
        reading.object_in(b" " * (3 << 20) + b"{}")
    deep = b'{"a":' * 101 + b"1" + b"}" * 101
    for read in (reading.object_in, reading.configuration_in):
        with pytest.raises(BadRequest, match="nested more than 100 levels deep"):
            read(deep)
    assert reading.object_in(b'{"a":' * 100 + b"1" + b"}" * 100)
