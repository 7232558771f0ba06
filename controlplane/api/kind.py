"""A kind: how its objects are named, carried and selected.

Words: a *kind* is `Deployment`; its *resource* is the name in requests, plural with its group (`deployments.apps`, `pods`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from controlplane.api.objects import T
from protos.v1.apiextensions_pb2 import CustomResourceDefinition
from protos.v1.resources_pb2 import Object

if TYPE_CHECKING:
    from controlplane.api.custom.schema import Schema

CUSTOM = "custom"  # the member of `Object` for all kinds that users define
EVERY_VERB = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: kinds are keys of hot tables
class Kind(Generic[T]):
    """A row of the kinds table, or a kind that a CustomResourceDefinition defines.

    `field` names the member of `Object` that holds the kind. `selectable` lists the fields, beside `metadata.name` and
    `metadata.namespace`, that a field selector may name, each as the path it reads. `older` are other versions in which
    documents are read. `verbs` are those of the objects themselves; kinds without any are bodies of a subresource. Objects
    that are not `stored` are made when they are asked for.

    Of a kind that users define, `definition` is there where the definition is at hand, as in the server; `schemas` are then
    those of its versions, by `apiVersion`, and `stored_as` is the `apiVersion` in which its objects are stored.
    """

    name: str
    group: str
    version: str
    plural: str
    singular: str
    short: tuple[str, ...]
    message: type[T]
    field: str
    namespaced: bool = True
    categories: tuple[str, ...] = ()
    selectable: tuple[str, ...] = ()
    has_status: bool = False
    has_generation: bool = False
    has_scale: bool = False
    parts: tuple[str, ...] = ()
    verbs: tuple[str, ...] = EVERY_VERB
    stored: bool = True
    older: tuple[str, ...] = ()
    definition: CustomResourceDefinition | None = dataclasses.field(default=None, repr=False)
    schemas: Mapping[str, Schema] = dataclasses.field(default_factory=dict, repr=False)
    stored_as: str = ""

    # Worked out once, as they are asked for with every request. `resource`: `pods`, `deployments.apps`; `api_version`: `v1`,
    # `apps/v1`; `tag`: the field number in `Object`.
    resource: str = dataclasses.field(init=False)
    api_version: str = dataclasses.field(init=False)
    tag: int = dataclasses.field(init=False)
    is_custom: bool = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__  # the only way into a frozen object
        put(self, "resource", f"{self.plural}.{self.group}" if self.group else self.plural)
        put(self, "api_version", f"{self.group}/{self.version}" if self.group else self.version)
        put(self, "tag", Object.DESCRIPTOR.fields_by_name[self.field].number)
        put(self, "is_custom", self.field == CUSTOM)

    @property
    def subresources(self) -> tuple[str, ...]:
        """`status`, `scale` and others, ordered by name."""
        own = (*self.parts, *(["status"] if self.has_status else []), *(["scale"] if self.has_scale else []))
        return tuple(sorted(own))
