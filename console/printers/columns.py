"""What a table is made of, and the small words that tables of several kinds share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic

from controlplane.api.labels import from_label_selector
from controlplane.api.objects import T
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

NONE = "<none>"


@dataclass(frozen=True, slots=True)
class Column:
    """`wide` columns are shown only when asked for; `right` ones hold numbers. Where a screen is too narrow for all,
    columns of a higher `priority` give way first; those of priority 0 stay."""

    name: str
    wide: bool = False
    right: bool = False
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """How a kind is shown in rows: `cells` gives one text per column, wide ones included; `status` is one word."""

    columns: tuple[Column, ...]
    cells: Callable[[T, float], tuple[str, ...]]
    status: Callable[[T], str]


def or_none(text: str) -> str:
    return text or NONE


def labels(pairs: Mapping[str, str]) -> str:
    """`app=web,tier=front`"""
    return or_none(",".join(f"{key}={pairs[key]}" for key in sorted(pairs)))


def selector(of: meta.LabelSelector) -> str:
    """`app=web,tier in (back,front)`"""
    wanted = sorted(from_label_selector(of).requirements, key=lambda requirement: requirement.key)
    return or_none(",".join(map(str, wanted)))


def at_most(items: list[str], shown: int = 3) -> str:
    """The first few, and how many more there are: `10.0.0.1:80,10.0.0.2:80 + 4 more...`"""
    text = ",".join(items[:shown])
    return f"{text} + {len(items) - shown} more..." if len(items) > shown else text


def container_names(containers: Iterable[core.Container]) -> str:
    return ",".join(container.name for container in containers)


def container_images(containers: Iterable[core.Container]) -> str:
    return ",".join(container.image for container in containers)
