"""The Scale of extensions/v1beta1, apps/v1beta1 and apps/v1beta2, whose status has the selector as labels and as text."""

from __future__ import annotations

from controlplane.api import labels
from controlplane.api.conversion.documents import Doc, part


def scale_in(doc: Doc) -> None:
    status = part(doc, "status")
    text, plain = status.pop("targetSelector", None), status.get("selector")
    if isinstance(text, str) and text:
        status["selector"] = text
    elif isinstance(plain, dict):
        status["selector"] = ",".join(f"{key}={value}" for key, value in sorted(plain.items()))


def scale_out(doc: Doc) -> None:
    status = part(doc, "status")
    text = status.pop("selector", None)
    if not isinstance(text, str) or not text:
        return
    status["targetSelector"] = text
    try:
        requirements = labels.parse(text).requirements
    except ValueError:
        return
    if all(one.operator == "In" and len(one.values) == 1 for one in requirements):
        status["selector"] = {one.key: one.values[0] for one in requirements}
