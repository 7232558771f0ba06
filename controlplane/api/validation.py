"""The rules an object must keep."""

from __future__ import annotations

from typing import Any

from controlplane.api.errors import Problem
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind


def problems_of(kind: Kind[Any], obj: ApiObject) -> list[Problem]:  # noqa: ARG001
    return []


def update_problems(kind: Kind[Any], old: ApiObject, new: ApiObject) -> list[Problem]:  # noqa: ARG001
    return []
