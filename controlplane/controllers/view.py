"""What a controller may read: objects by name and by index, as some recent moment knew them. Never changed in place.

A view may lag behind the store, but whoever plans from it again has first waited until it shows that one's own writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from controlplane.api import objects
from controlplane.api.catalogue import Catalogue
from controlplane.api.objects import ApiObject, T
from controlplane.api.registry import Kind
from protos.v1 import core_pb2 as core

T_contra = TypeVar("T_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Index(Generic[T_contra]):
    """A way to look objects up: `values` names what an object is found under. Two indexes of one name are the same."""

    name: str
    values: Callable[[T_contra], Iterable[str]]


class View(Protocol):
    @property
    def catalogue(self) -> Catalogue:
        """Every kind there is, and those that users defined once."""

    def get(self, kind: Kind[T], name: str, namespace: str = "") -> T | None: ...

    def select(self, kind: Kind[T], index: Index[T], value: str) -> Sequence[T]: ...

    def all(self, kind: Kind[T]) -> Iterable[T]: ...

    def revision(self, kind: Kind[Any]) -> int:
        """Every change of the kind up to this resource version is in view."""


def _controller_uid(obj: ApiObject) -> Iterable[str]:
    owner = objects.controller_of(obj)
    return (owner.uid,) if owner is not None else ()


def _owner_uids(obj: ApiObject) -> Iterable[str]:
    return {owner.uid for owner in obj.metadata.owner_references}


def _orphan_namespace(obj: ApiObject) -> Iterable[str]:
    return () if objects.controller_of(obj) is not None else (obj.metadata.namespace,)


def _namespace(obj: ApiObject) -> Iterable[str]:
    return (obj.metadata.namespace,)


def _node(pod: core.Pod) -> Iterable[str]:
    return (pod.spec.node_name,) if pod.spec.node_name else ()


def _labels(obj: ApiObject) -> Iterable[str]:
    namespace = obj.metadata.namespace
    return [label_value(namespace, key, value) for key, value in obj.metadata.labels.items()]


def label_value(namespace: str, key: str, value: str) -> str:
    """What `LABEL` finds an object of that namespace with that label under."""
    return f"{namespace}/{key}={value}"


# the uid of the managing owner
CONTROLLED_BY: Index[ApiObject] = Index("controlled-by", _controller_uid)
# the uid of any owner
OWNED_BY: Index[ApiObject] = Index("owned-by", _owner_uids)
# the namespace, for objects that nothing manages
ORPHANS_IN: Index[ApiObject] = Index("orphans-in", _orphan_namespace)
NAMESPACE: Index[ApiObject] = Index("namespace", _namespace)
LABEL: Index[ApiObject] = Index("label", _labels)
# the name of the node a pod is bound to
NODE: Index[core.Pod] = Index("node", _node)
