"""The kinds table: every kind the API serves, once. Adding a kind starts with a row here.

Words: a *kind* is `Deployment`; its *resource* is the name in requests, plural with its group (`deployments.apps`, `pods`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, cast

from controlplane.api.objects import ApiObject, T
from protos.v1 import apps_pb2 as apps
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from protos.v1.resources_pb2 import Object


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A row of the table.

    `field` names the member of `Object` that holds the kind. `selectable` lists the fields, beside `metadata.name` and
    `metadata.namespace`, that a field selector may name, each as the path it reads.
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

    @property
    def resource(self) -> str:
        """`pods`, `deployments.apps`"""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`"""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def tag(self) -> int:
        """The field number in `Object`."""
        return Object.DESCRIPTOR.fields_by_name[self.field].number


NAMESPACES = Kind("Namespace", "", "v1", "namespaces", "namespace", ("ns",), core.Namespace, "namespace",
                  namespaced=False, selectable=("status.phase",), has_status=True)  # fmt: skip
NODES = Kind("Node", "", "v1", "nodes", "node", ("no",), core.Node, "node",
             namespaced=False, selectable=("spec.unschedulable",), has_status=True)  # fmt: skip
PODS = Kind("Pod", "", "v1", "pods", "pod", ("po",), core.Pod, "pod", categories=("all",), has_status=True,
            selectable=("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"))  # fmt: skip
SERVICES = Kind("Service", "", "v1", "services", "service", ("svc",), core.Service, "service", categories=("all",),
                selectable=("spec.clusterIP", "spec.type"), has_status=True)  # fmt: skip
ENDPOINTS = Kind("Endpoints", "", "v1", "endpoints", "endpoints", ("ep",), core.Endpoints, "endpoints")
CONFIG_MAPS = Kind("ConfigMap", "", "v1", "configmaps", "configmap", ("cm",), core.ConfigMap, "config_map")
SECRETS = Kind("Secret", "", "v1", "secrets", "secret", (), core.Secret, "secret", selectable=("type",))
EVENTS = Kind("Event", "", "v1", "events", "event", ("ev",), core.Event, "event",
              selectable=("involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
                          "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
                          "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"))  # fmt: skip
DEPLOYMENTS = Kind("Deployment", "apps", "v1", "deployments", "deployment", ("deploy",), apps.Deployment, "deployment",
                   categories=("all",), has_status=True)  # fmt: skip
REPLICA_SETS = Kind("ReplicaSet", "apps", "v1", "replicasets", "replicaset", ("rs",), apps.ReplicaSet, "replica_set",
                    categories=("all",), selectable=("status.replicas",), has_status=True)  # fmt: skip
ENDPOINT_SLICES = Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices", "endpointslice", (),
                       discovery.EndpointSlice, "endpoint_slice")  # fmt: skip
LEASES = Kind("Lease", "coordination.k8s.io", "v1", "leases", "lease", (), coordination.Lease, "lease")

KINDS: tuple[Kind[Any], ...] = (
    NAMESPACES, NODES, PODS, SERVICES, ENDPOINTS, CONFIG_MAPS, SECRETS, EVENTS,
    DEPLOYMENTS, REPLICA_SETS, ENDPOINT_SLICES, LEASES,
)  # fmt: skip

_BY_RESOURCE = {kind.resource: kind for kind in KINDS}
_BY_FIELD = {kind.field: kind for kind in KINDS}
_BY_MESSAGE = {kind.message.DESCRIPTOR.full_name: kind for kind in KINDS}
_BY_TYPE = {(kind.api_version, kind.name): kind for kind in KINDS}


def _words(kind: Kind[Any]) -> set[str]:
    names = {kind.plural, kind.singular, kind.name.lower(), *kind.short}
    groups = {kind.group, f"{kind.version}.{kind.group}"} if kind.group else set()
    return names | {f"{name}.{group}" for name in (kind.plural, kind.singular) for group in groups}


_BY_WORD = {word: kind for kind in reversed(KINDS) for word in _words(kind)}


def by_resource(resource: str) -> Kind[Any] | None:
    """The kind for a request's resource name, `deployments.apps`."""
    return _BY_RESOURCE.get(resource)


def by_word(word: str) -> Kind[Any] | None:
    """The kind for what a person types: `po`, `Pod`, `deploy`, `deployments.apps`."""
    return _BY_WORD.get(word.lower())


def by_type(api_version: str, kind: str) -> Kind[Any] | None:
    """The kind for a manifest's `apiVersion` and `kind`."""
    return _BY_TYPE.get((api_version, kind))


def words() -> list[str]:
    """Every word that `by_word` knows, for suggestions."""
    return sorted(_BY_WORD)


def kind_of(obj: T) -> Kind[T]:
    """The row of an object's kind. Raises KeyError for a message that is no kind."""
    return cast("Kind[T]", _BY_MESSAGE[obj.DESCRIPTOR.full_name])


def wrap(obj: ApiObject) -> Object:
    """The object as the API's messages carry it. The content is copied."""
    return Object(**{kind_of(obj).field: obj})  # type: ignore[arg-type]


def unwrap(box: Object) -> ApiObject | None:
    """The object inside, or None when the box is empty. Shares the box's memory."""
    field = box.WhichOneof("kind")
    return None if field is None else cast("ApiObject", getattr(box, field))


def kind_in(box: Object) -> Kind[Any] | None:
    """The row of the kind inside, or None when the box is empty."""
    field = box.WhichOneof("kind")
    return None if field is None else _BY_FIELD[field]
