"""A description under construction: lines of `Name:<tab>value`, and the blocks that descriptions of many kinds share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from console.printers import events as event_rows
from console.printers.columns import NONE
from console.printers.layout import escaped, tabbed
from controlplane.api.objects import ApiObject, controller_of
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

# kubectl's own bookkeeping, as long as the object itself.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_LONGEST_ANNOTATION = 140


class Page:
    """Levels indent by two spaces."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def text(self) -> str:
        return tabbed(escaped("\n".join(self._lines))) + "\n"

    def line(self, text: str = "", level: int = 0) -> None:
        self._lines.append("  " * level + text)

    def field(self, name: str, value: object, level: int = 0) -> None:
        self.line(f"{name}:\t{value}", level)

    def field_if(self, name: str, value: object, level: int = 0) -> None:
        """Only when there is a value."""
        if value:
            self.field(name, value, level)

    def values(self, name: str, values: Iterable[str]) -> None:
        """One value per line, all in the second column."""
        told = list(values) or [NONE]
        self.field(name, told[0])
        for value in told[1:]:
            self.line(f"\t{value}")

    def head(self, *columns: str) -> None:
        """A table's heading, underlined."""
        self.line("\t".join(columns), 1)
        self.line("\t".join("-" * len(column) for column in columns), 1)


def name_lines(page: Page, obj: ApiObject) -> None:
    page.field("Name", obj.metadata.name)
    if obj.metadata.namespace:
        page.field("Namespace", obj.metadata.namespace)


def label_lines(page: Page, name: str, pairs: Mapping[str, str]) -> None:
    page.values(name, (f"{key}={pairs[key]}" for key in sorted(pairs)))


def annotation_lines(page: Page, name: str, annotations: Mapping[str, str]) -> None:
    """Long values go under their key, cut off at a screen's width."""
    told: list[str] = []
    for key in sorted(set(annotations) - {LAST_APPLIED}):
        value = annotations[key].removesuffix("\n")
        if len(key) + len(value) + 2 <= _LONGEST_ANNOTATION and "\n" not in value:
            told.append(f"{key}: {value}")
        else:
            told.append(f"{key}:")
            told += [f"  {_shortened(line, _LONGEST_ANNOTATION - 2)}" for line in value.split("\n")]
    page.values(name, told)


def metadata_lines(page: Page, obj: ApiObject) -> None:
    name_lines(page, obj)
    label_lines(page, "Labels", obj.metadata.labels)
    annotation_lines(page, "Annotations", obj.metadata.annotations)


def controller_line(page: Page, obj: ApiObject) -> None:
    owner = controller_of(obj)
    if owner is not None:
        page.field("Controlled By", f"{owner.kind}/{owner.name}")


def event_lines(page: Page, events: Iterable[core.Event], now: float) -> None:
    ordered = event_rows.in_order(events)
    if not ordered:
        page.field("Events", NONE)
        return
    page.line("Events:")
    page.line("Type\tReason\tAge\tFrom\tMessage", 1)
    page.line("----\t------\t----\t----\t-------", 1)
    for event in ordered:
        component = event.source.component or event.reporting_component
        cells = (event.type, event.reason, event_rows.interval(event, now), component, event.message.strip())
        page.line("\t".join(cells), 1)


def moment(time: meta.Time | meta.MicroTime) -> str:
    """`Sat, 22 Nov 2026 07:18:29 +0000`; the zero of times for one that is not set."""
    if not time.seconds:
        return "Mon, 01 Jan 0001 00:00:00 +0000"
    return datetime.fromtimestamp(time.seconds, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."
