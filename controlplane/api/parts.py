"""An object's spec and status, whatever its kind: typed messages have fields, custom objects a JSON document.

`copy_status` and `clear_status` change the object given; everything else only reads.
"""

from __future__ import annotations

from typing import Any, cast

import orjson
from google.protobuf.message import Message

from controlplane.api.objects import ApiObject, copy_of
from protos.v1.resources_pb2 import CustomObject


def content_of(obj: CustomObject) -> dict[str, Any]:
    """Everything but metadata, `apiVersion` and `kind`; the caller's own."""
    return cast("dict[str, Any]", orjson.loads(obj.content)) if obj.content else {}


def set_content(obj: CustomObject, content: dict[str, Any]) -> None:
    """Equal contents are equal bytes."""
    obj.content = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def clear_status(obj: ApiObject) -> None:
    if isinstance(obj, CustomObject):
        content = content_of(obj)
        if content.pop("status", None) is not None:
            set_content(obj, content)
    else:
        cast("Message", obj).ClearField("status")


def copy_status(source: ApiObject, target: ApiObject) -> None:
    """Gives `target` the status of `source`, or none if that has none."""
    if isinstance(source, CustomObject) and isinstance(target, CustomObject):
        content, status = content_of(target), content_of(source).get("status")
        content.pop("status", None)
        set_content(target, content | ({} if status is None else {"status": status}))
        return
    cast("Message", target).ClearField("status")
    if cast("Message", source).HasField("status"):
        cast("Any", target).status.CopyFrom(cast("Any", source).status)


def wanted(obj: ApiObject, *, has_status: bool = True) -> bytes:
    """All but metadata and status, to tell whether what is wanted has changed. Custom objects whose status has no writer of
    its own (`has_status` is false) may have a field of that name, which counts as any other."""
    if isinstance(obj, CustomObject):
        content = content_of(obj)
        if has_status:
            content.pop("status", None)
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    bare = cast("Message", copy_of(obj))
    bare.ClearField("metadata")
    if "status" in bare.DESCRIPTOR.fields_by_name:
        bare.ClearField("status")
    return bare.SerializeToString(deterministic=True)
