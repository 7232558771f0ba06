"""Places in an object, and what is wrong there. Rules report to a place; the wording is Kubernetes'.

    at = Place.root(problems)
    (at / "spec" / "containers")[0].required("name an image")

A place knows its way, but spells it out only when something is wrong: checking a sound object costs little.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message

from controlplane.api.encoding import message_to_dict
from controlplane.api.errors import Problem
from controlplane.api.json_values import shown
from controlplane.api.names import Check

T = TypeVar("T")

NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"


class Place:
    __slots__ = ("_parent", "_problems", "_step")

    def __init__(self, problems: list[Problem], parent: Place | None = None, step: str | int | tuple[str] = "") -> None:
        self._problems = problems
        self._parent = parent
        self._step = step

    @classmethod
    def root(cls, problems: list[Problem]) -> Place:
        """The whole object. What is found is added to `problems`."""
        return cls(problems)

    def __truediv__(self, field: str) -> Place:
        return Place(self._problems, self, field)

    def __getitem__(self, index: int | str) -> Place:
        """An item of a list, or an entry of a map by its key."""
        return Place(self._problems, self, index if isinstance(index, int) else (index,))

    def each(self, items: Iterable[T]) -> Iterator[tuple[Place, T]]:
        """The items of a list, each with its place."""
        for index, item in enumerate(items):
            yield Place(self._problems, self, index), item

    @property
    def found(self) -> int:
        """How many problems there are by now, anywhere in the object."""
        return len(self._problems)

    @property
    def path(self) -> str:
        """`spec.containers[0].image`"""
        before = "" if self._parent is None else self._parent.path
        if isinstance(self._step, str):
            return f"{before}.{self._step}" if before and self._step else before or self._step
        return f"{before}[{self._step if isinstance(self._step, int) else self._step[0]}]"

    def _report(self, message: str, reason: str) -> None:
        self._problems.append(Problem(self.path, message, reason))

    def add(self, problems: Iterable[Problem]) -> None:
        """Reports what was found elsewhere; each problem has its own path."""
        self._problems.extend(problems)

    def required(self, detail: str = "") -> None:
        self._report(f"Required value: {detail}" if detail else "Required value", "FieldValueRequired")

    def invalid(self, value: object, detail: str) -> None:
        shown_value = message_to_dict(value) if isinstance(value, Message) else value
        self._report(f"Invalid value: {shown(shown_value)}: {detail}", "FieldValueInvalid")

    def duplicate(self, value: object) -> None:
        self._report(f"Duplicate value: {shown(value)}", "FieldValueDuplicate")

    def not_found(self, value: str, remedy: str = "") -> None:
        self._report(f'Not found: "{value}"{f": {remedy}" if remedy else ""}', "FieldValueNotFound")

    def forbidden(self, detail: str) -> None:
        self._report(f"Forbidden: {detail}", "FieldValueForbidden")

    def too_long(self, limit_bytes: int) -> None:
        self._report(f"Too long: may not be more than {limit_bytes} bytes", "FieldValueTooLong")

    def too_many(self, count: int, limit: int) -> None:
        self._report(f"Too many: {count}: must have at most {limit} items", "FieldValueTooMany")

    def check(self, value: str, check: Check) -> None:
        """Reports what `check` finds wrong with the value."""
        if wrong := check(value):
            self.invalid(value, wrong)

    def needs(self, value: str, check: Check | None = None, detail: str = "") -> None:
        """The value must be there, and sound."""
        if not value:
            self.required(detail)
        elif check is not None:
            self.check(value, check)

    def one_of(self, value: str, supported: Collection[str]) -> None:
        """The value must be one of these words."""
        if not value:
            self.required(f"use {_quoted(supported)}")
        elif value not in supported:
            self._report(f'Unsupported value: "{value}": supported values: {_quoted(supported)}', "FieldValueNotSupported")

    def at_least_zero(self, number: int) -> None:
        if number < 0:
            self.invalid(number, NOT_NEGATIVE)

    def between(self, number: int, low: int, high: int) -> None:
        if not low <= number <= high:
            self.invalid(number, f"must be between {low} and {high}, inclusive")

    def unchanged(self, old: Any, new: Any) -> None:
        if old != new:
            self.invalid(new, IMMUTABLE)


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def report_duplicates(at: Place, keys: Sequence[Hashable], field: str = "") -> None:
    """Reports each key that an earlier item of the list has; `field` is where the item keeps it. Empty keys may repeat."""
    seen: set[Hashable] = set()
    for index, key in enumerate(keys):
        if key in seen:
            (at[index] / field).duplicate(key)
        elif key:
            seen.add(key)
