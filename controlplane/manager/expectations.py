"""Reading one's own writes: which keys must wait until the view shows what was written for them.

A plan made from a view that lags behind would make the same pods twice, or remove others than before. So after a plan was
carried out its key is planned again only when the view has reached every revision written, and shows every deletion. There
is no time limit: while the view stands still, so does the key. Other keys are not held up.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from controlplane.api import objects
from controlplane.api.catalogue import Catalogue
from controlplane.api.objects import ApiObject, Key, T, key_of
from controlplane.api.registry import Kind

K = TypeVar("K", bound=Hashable)


class Copy(Protocol):
    """What an expectation looks at: a local copy of the store."""

    def get(self, kind: Kind[T], name: str, namespace: str = "") -> T | None: ...

    def revision(self, kind: Kind[Any]) -> int:
        """How far the copy of that kind has come."""

    @property
    def catalogue(self) -> Catalogue:
        """The kinds that the copy knows."""


@dataclass(slots=True)
class _Expected:
    revisions: dict[str, tuple[Kind[Any], int]] = field(default_factory=dict)
    gone: dict[tuple[str, Key], tuple[Kind[Any], str]] = field(default_factory=dict)


class Expectations(Generic[K]):
    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._expected: dict[K, _Expected] = {}

    def wrote(self, key: K, obj: ApiObject) -> None:
        """`obj` was created or updated, and is as the store returned it."""
        self.reach(key, self._copy.catalogue.kind_of(obj), int(obj.metadata.resource_version or 0))

    def reach(self, key: K, kind: Kind[Any], revision: int) -> None:
        """The view has to come as far as this revision."""
        revisions = self._of(key).revisions
        _, known = revisions.get(kind.resource, (kind, 0))
        revisions[kind.resource] = kind, max(known, revision)

    def deleted(self, key: K, obj: ApiObject) -> None:
        """The deletion of `obj` was asked for: the view will show it terminating, or not at all."""
        kind = self._copy.catalogue.kind_of(obj)
        self._of(key).gone[kind.resource, key_of(obj)] = kind, obj.metadata.uid

    def forget(self, key: K) -> None:
        self._expected.pop(key, None)

    def unmet(self, key: K) -> Kind[Any] | None:
        """A kind whose copy has to move on before the key may be planned again; None when it may."""
        expected = self._expected.get(key)
        if expected is None:
            return None
        for kind, revision in expected.revisions.values():
            if self._copy.revision(kind) < revision:
                return kind
        for (_, name), (kind, uid) in expected.gone.items():
            if not self._is_going(kind, name, uid):
                return kind
        del self._expected[key]
        return None

    def _of(self, key: K) -> _Expected:
        return self._expected.setdefault(key, _Expected())

    def _is_going(self, kind: Kind[Any], key: Key, uid: str) -> bool:
        seen = self._copy.get(kind, key.name, key.namespace)
        return seen is None or seen.metadata.uid != uid or objects.is_terminating(seen)
