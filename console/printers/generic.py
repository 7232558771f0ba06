"""A kind without a description of its own: all its fields, named for people (`holderIdentity` -> `Holder Identity`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from console.printers.page import Page, event_lines, metadata_lines
from console.printers.related import Related
from controlplane.api import codec
from controlplane.api.objects import T
from controlplane.api.registry import Kind

_TOLD_ELSEWHERE = ("name", "namespace", "labels", "annotations", "managedFields")
_CAPITALS = {"Api": "API", "Uid": "UID", "Url": "URL", "Id": "ID"}


def describe(kind: Kind[T], obj: T, related: Related, now: float) -> str:
    page = Page()
    metadata_lines(page, obj)
    content = codec.to_dict(kind, obj)
    about = {key: value for key, value in content.pop("metadata", {}).items() if key not in _TOLD_ELSEWHERE}
    _fields(page, {**content, "metadata": about}, 0)
    event_lines(page, related.events, now)
    return page.text()


def label_for(name: str) -> str:
    """`apiVersion` -> `API Version`; a name that is no identifier stays as it is."""
    if not re.fullmatch(r"[A-Za-z]+", name):
        return name
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name[0].upper() + name[1:])
    return " ".join(_CAPITALS.get(word, word) for word in words)


def _fields(page: Page, content: Mapping[str, Any], level: int) -> None:
    for key in sorted(content):
        _value(page, label_for(key), content[key], level)


def _value(page: Page, label: str, value: Any, level: int) -> None:
    if isinstance(value, Mapping):
        page.line(f"{label}:", level)
        _fields(page, value, level + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        page.line(f"{label}:", level)
        for item in value:
            if isinstance(item, Mapping):
                _fields(page, item, level + 1)
            else:
                page.line(str(item), level + 1)
    else:
        page.field(label, str(value).lower() if isinstance(value, bool) else value, level)
