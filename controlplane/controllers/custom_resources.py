"""The definitions of custom kinds: names that came free are given away, and who is deleted takes its objects along.

The API server settles a definition whenever it is written; here is what time brings: another definition is gone, or two got
the same name at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.api import objects, registry
from controlplane.api.custom import definitions
from controlplane.api.objects import ApiObject, Key, key_of
from controlplane.controllers.plan import NOTHING, DeleteAll, Empty, Plan, Update, plan_of, status_update
from controlplane.controllers.view import View
from protos.v1.apiextensions_pb2 import CustomResourceDefinition


def plan_definition(definition: CustomResourceDefinition, view: View, now: float) -> Plan:
    others = (other for other in view.all(registry.CUSTOM_RESOURCE_DEFINITIONS) if key_of(other) != key_of(definition))
    settled = definitions.settled(definition, others, now=now)
    if settled.status != definition.status:
        return plan_of(status_update(settled))
    if objects.is_terminating(definition) and definitions.FINALIZER in definition.metadata.finalizers:
        return _clear_away(definition, view)
    return NOTHING


def _clear_away(definition: CustomResourceDefinition, view: View) -> Plan:
    """Its objects first, then what holds it; new ones are not made any more."""
    kind = view.catalogue.by_resource(definition.metadata.name)
    left = list(view.all(kind)) if kind is not None else []
    if any(not objects.is_terminating(obj) for obj in left):
        assert kind is not None
        return plan_of(DeleteAll(kind, ""))
    if left:
        return NOTHING
    fresh = objects.copy_of(definition)
    fresh.metadata.finalizers.remove(definitions.FINALIZER)
    return plan_of(Update(fresh, guards=(Empty(kind, ""),) if kind is not None else ()))


def same_group(old: CustomResourceDefinition | None, new: CustomResourceDefinition | None, view: View) -> Iterable[Key]:
    """The definition itself, and those that may get a name that it no longer has."""
    changed = new if new is not None else old
    if changed is None:
        return
    yield key_of(changed)
    if old is not None and (new is None or old.status.accepted_names != new.status.accepted_names):
        for other in view.all(registry.CUSTOM_RESOURCE_DEFINITIONS):
            if other.spec.group == changed.spec.group and key_of(other) != key_of(changed):
                yield key_of(other)


def definition_of(old: ApiObject | None, new: ApiObject | None, view: View) -> Iterable[Key]:
    """The definition that waits for the end of its objects."""
    obj = new if new is not None else old
    kind = view.catalogue.find(obj) if obj is not None else None
    if kind is not None:
        definition = view.get(registry.CUSTOM_RESOURCE_DEFINITIONS, kind.resource)
        if definition is not None and objects.is_terminating(definition):
            yield key_of(definition)
