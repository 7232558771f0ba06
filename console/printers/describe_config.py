"""Namespaces, config maps and secrets, told in full; of a secret only how long its values are."""

from __future__ import annotations

from console.printers.page import Page, annotation_lines, event_lines, label_lines, metadata_lines
from console.printers.related import Related
from protos.v1 import core_pb2 as core


def namespace(of: core.Namespace, related: Related, now: float) -> str:
    page = Page()
    page.field("Name", of.metadata.name)
    label_lines(page, "Labels", of.metadata.labels)
    annotation_lines(page, "Annotations", of.metadata.annotations)
    page.field("Status", of.status.phase)
    if of.status.conditions:
        page.line("Conditions:")
        page.head("Type", "Status", "Reason", "Message")
    for condition in of.status.conditions:
        page.line("\t".join((condition.type, condition.status, condition.reason, condition.message)), 1)
    if related.events:
        event_lines(page, related.events, now)
    return page.text()


def config_map(of: core.ConfigMap, related: Related, now: float) -> str:
    page = Page()
    metadata_lines(page, of)
    _title(page, "Data")
    for key in sorted(of.data):
        page.line(f"{key}:")
        page.line("----")
        for line in of.data[key].split("\n"):
            page.line(line)
        page.line()
    _title(page, "BinaryData")
    for key in sorted(of.binary_data):
        page.line(f"{key}: {len(of.binary_data[key])} bytes")
    page.line()
    event_lines(page, related.events, now)
    return page.text()


def secret(of: core.Secret, _related: Related, _now: float) -> str:
    page = Page()
    metadata_lines(page, of)
    page.line()
    page.field("Type", of.type)
    _title(page, "Data")
    for key in sorted(of.data):
        page.field(key, f"{len(of.data[key])} bytes")
    return page.text()


def _title(page: Page, title: str) -> None:
    page.line()
    page.line(title)
    page.line("====")
