"""What admission looks at: one write, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from controlplane.api import errors
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, Key
from controlplane.server.users import Caller

Operation = Literal["create", "update", "delete"]


@dataclass(slots=True)
class Review:
    """`obj` is what would be stored, None when deleting; `old` is what is stored, None when creating, and never changed."""

    caller: Caller
    operation: Operation
    kind: Kind[Any]
    key: Key
    obj: ApiObject | None
    old: ApiObject | None
    subresource: str = ""
    dry_run: bool = False


def forbidden(review: Review, why: str) -> errors.Forbidden:
    """The refusal of the object under review, in Kubernetes' words."""
    resource, name = review.kind.resource, review.key.name
    return errors.Forbidden(f'{resource} "{name}" is forbidden: {why}', kind=resource, name=name)


class Plugin(Protocol):
    """One concern of admission. Decides on the watch cache; a refusal is repeated on a fresh one before it is told."""

    def complete(self, review: Review) -> None:
        """Fills in what the object lacks, before it is validated. Raises StatusError to refuse."""

    def check(self, review: Review) -> None:
        """Raises StatusError to refuse the valid object; may warn its caller."""
