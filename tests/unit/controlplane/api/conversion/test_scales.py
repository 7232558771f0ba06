"""The selector of a Scale, once as labels and as text."""

from typing import Any

import pytest

from controlplane.api import registry
from controlplane.api.conversion import table

KIND = registry.SCALES


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({"selector": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"selector": {"a": "1"}, "targetSelector": "a=1,tier in (x,y)"}, "a=1,tier in (x,y)"),
        ({}, None),
    ],
)
def test_it_comes_in_as_text(status: dict[str, Any], text: str | None) -> None:
    document = {"apiVersion": "extensions/v1beta1", "kind": "Scale", "status": status}
    assert table.to_current(KIND, document)["status"].get("selector") == text


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("a=1,b=2", {"selector": {"a": "1", "b": "2"}, "targetSelector": "a=1,b=2"}),
        ("tier in (x,y)", {"targetSelector": "tier in (x,y)"}),
        ("not(a)selector", {"targetSelector": "not(a)selector"}),
        ("", {}),
    ],
)
def test_it_goes_out_as_labels_where_these_say_it_all(text: str, status: dict[str, Any]) -> None:
    document = {"apiVersion": "autoscaling/v1", "kind": "Scale", "status": {"selector": text}}
    assert table.from_current(KIND, document, "apps/v1beta1")["status"] == status
