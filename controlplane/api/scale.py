"""The size of a workload, in the one form that all kinds with a size share: autoscaling/v1's Scale.

Custom objects keep theirs where the subresource of their definition says: `specReplicasPath` and its like.
"""

from __future__ import annotations

from typing import Any, cast

from controlplane.api import labels
from controlplane.api.catalogue import storage_version
from controlplane.api.errors import Problem
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, T, copy_of
from controlplane.api.parts import content_of, set_content
from controlplane.api.rules.places import Place
from protos.v1 import apiextensions_pb2 as apiextensions
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from protos.v1 import scale_pb2 as scale
from protos.v1.resources_pb2 import CustomObject

_Workload = apps.Deployment | apps.ReplicaSet | apps.StatefulSet | core.ReplicationController


def scale_of(kind: Kind[Any], obj: ApiObject) -> scale.Scale:
    """The object's size. Raises ValueError for a custom object that has none."""
    made = scale.Scale()
    metadata = made.metadata
    metadata.name, metadata.namespace = obj.metadata.name, obj.metadata.namespace
    metadata.uid, metadata.resource_version = obj.metadata.uid, obj.metadata.resource_version
    if obj.metadata.HasField("creation_timestamp"):
        metadata.creation_timestamp.CopyFrom(obj.metadata.creation_timestamp)
    made.spec.SetInParent()
    if isinstance(obj, CustomObject):
        _read_custom(paths_of(kind), content_of(obj), made)
    else:
        workload = cast("_Workload", obj)
        made.spec.replicas = workload.spec.replicas
        made.status.replicas = workload.status.replicas
        made.status.selector = _selector_text(workload)
    return made


def with_replicas(kind: Kind[Any], obj: T, replicas: int) -> T:
    """The object with another number of wanted replicas."""
    result = copy_of(obj)
    if isinstance(result, CustomObject):
        content = content_of(result)
        _put(content, paths_of(kind).spec_replicas_path, replicas)
        set_content(result, content)
    else:
        cast("_Workload", result).spec.replicas = replicas
    return result


def problems_of(body: scale.Scale) -> list[Problem]:
    """What is wrong with a size that is asked for."""
    problems: list[Problem] = []
    (Place.root(problems) / "spec" / "replicas").at_least_zero(body.spec.replicas)
    return problems


def paths_of(kind: Kind[Any]) -> apiextensions.CustomResourceSubresourceScale:
    """Where objects of a custom kind keep their size."""
    assert kind.definition is not None
    return storage_version(kind.definition).subresources.scale


def _selector_text(workload: _Workload) -> str:
    if isinstance(workload, core.ReplicationController):
        return str(labels.from_map(workload.spec.selector))
    return str(labels.from_label_selector(workload.spec.selector))


def _read_custom(paths: apiextensions.CustomResourceSubresourceScale, content: dict[str, Any], made: scale.Scale) -> None:
    wanted = _at(content, paths.spec_replicas_path)
    if not isinstance(wanted, int):
        raise ValueError(f'the spec replicas field "{paths.spec_replicas_path}" does not exist')
    made.spec.replicas = wanted
    found, selector = _at(content, paths.status_replicas_path), _at(content, paths.label_selector_path)
    made.status.replicas = found if isinstance(found, int) else 0
    made.status.selector = selector if isinstance(selector, str) else ""


def _steps(path: str) -> list[str]:
    """`.spec.replicas` -> [`spec`, `replicas`]; definitions allow no other notation here."""
    return [step for step in path.split(".") if step]


def _at(content: Any, path: str) -> Any:
    steps = _steps(path)
    for step in steps:
        content = content.get(step) if isinstance(content, dict) else None
    return content if steps else None


def _put(content: dict[str, Any], path: str, value: int) -> None:
    *before, last = _steps(path)
    for step in before:
        inner = content.get(step)
        if not isinstance(inner, dict):
            inner = content[step] = {}
        content = inner
    content[last] = value
