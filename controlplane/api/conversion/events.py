"""Events as events.k8s.io has them: the same fields under other names."""

from __future__ import annotations

from controlplane.api.conversion.documents import Doc, move, part

_NAMES = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}


def event_in(doc: Doc) -> None:
    for name, core_name in _NAMES.items():
        move(doc, name, core_name)
    part(doc, "series").pop("state", None)  # of v1beta1; nothing ever read it


def event_out(doc: Doc) -> None:
    for name, core_name in _NAMES.items():
        move(doc, core_name, name)
