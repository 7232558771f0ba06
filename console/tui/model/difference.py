"""What changed between two pod templates, one short line per change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.tui.model.sanitize import clean
from console.tui.model.spans import Line, Span
from controlplane.api import rollouts
from protos.v1 import core_pb2 as core

# Parts of a path that say nothing where there is only one of the thing.
_SILENT = frozenset({"spec", "containers", "metadata", "value"})


@dataclass(frozen=True, slots=True)
class Change:
    """`old` or `new` is empty where the field came or went."""

    path: str
    old: str
    new: str

    def line(self) -> Line:
        if not self.old:
            return (Span("+ ", "added"), Span(f"{self.path}  ", "dim"), Span(self.new, "added"))
        if not self.new:
            return (Span("- ", "removed"), Span(f"{self.path}  ", "dim"), Span(self.old, "removed"))
        return (Span("± ", "accent"), Span(f"{self.path}  ", "dim"), Span(self.old, "removed"),
                Span(" → ", "dim"), Span(self.new, "added"))  # fmt: skip


def changes(old: core.PodTemplateSpec, new: core.PodTemplateSpec) -> list[Change]:
    """In the order of the fields; containers by name."""
    several = max(len(old.spec.containers), len(new.spec.containers)) > 1
    before, after = (_flat(template, several=several) for template in (old, new))
    return [
        Change(clean(path), clean(before.get(path, "")), clean(after.get(path, "")))
        for path in dict.fromkeys((*before, *after))
        if before.get(path, "") != after.get(path, "")
    ]


def _flat(template: core.PodTemplateSpec, *, several: bool) -> dict[str, str]:
    from controlplane.api import codec  # large, and not needed before somebody looks at a rollout

    out: dict[str, str] = {}
    _walk(codec.message_to_dict(rollouts.bare_template(template)), (), out, several=several)
    return out


def _walk(value: Any, path: tuple[str, ...], out: dict[str, str], *, several: bool) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not (key == "name" and path and path[-1].startswith("[")):
                _walk(inner, (*path, str(key)), out, several=several)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            name = inner.get("name") or inner.get("mountPath") if isinstance(inner, Mapping) else None
            _walk(inner, (*path, f"[{name or index}]"), out, several=several)
    else:
        out[_spoken(path, several=several)] = str(value) if str(value) else '""'


def _spoken(path: tuple[str, ...], *, several: bool) -> str:
    """`spec containers [web] image` -> `image`, or `web image` where there are more containers."""
    words: list[str] = []
    for index, part in enumerate(path):
        if part.startswith("[") and index and path[index - 1] == "containers":
            words += [part[1:-1]] if several else []
        elif part not in _SILENT:
            words.append(part.strip("[]"))
    return " ".join(words)
