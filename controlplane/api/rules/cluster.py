"""Rules for the cluster's own kinds: Namespaces, Nodes, Leases and Events."""

from __future__ import annotations

from controlplane.api import names
from controlplane.api.rules.metadata import check_finalizer
from controlplane.api.rules.placement import EFFECTS
from controlplane.api.rules.places import Place, report_duplicates
from controlplane.api.rules.resources import check_quantities
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core


def check_namespace(at: Place, namespace: core.Namespace) -> None:
    for place, finalizer in (at / "spec" / "finalizers").each(namespace.spec.finalizers):
        check_finalizer(place, finalizer)


def check_node(at: Place, node: core.Node) -> None:
    spec = at / "spec"
    _check_taints(spec / "taints", node.spec)
    for place, pod_cidr in (spec / "podCIDRs").each(node.spec.pod_cidrs):
        place.check(pod_cidr, names.cidr)
    if node.spec.pod_cidr:
        (spec / "podCIDR").check(node.spec.pod_cidr, names.cidr)
    if node.spec.pod_cidrs and node.spec.pod_cidrs[0] != node.spec.pod_cidr:
        (spec / "podCIDRs").invalid(list(node.spec.pod_cidrs), "first value must match `podCIDR`")
    families = [":" in pod_cidr for pod_cidr in node.spec.pod_cidrs]
    if len(families) != len(set(families)):
        (spec / "podCIDRs").invalid(list(node.spec.pod_cidrs), "may specify no more than one CIDR for each IP family")
    check_quantities(at / "status" / "capacity", node.status.capacity)
    check_quantities(at / "status" / "allocatable", node.status.allocatable)


def _check_taints(at: Place, spec: core.NodeSpec) -> None:
    for place, taint in at.each(spec.taints):
        (place / "key").needs(taint.key, names.qualified_name)
        if wrong := names.label_value(taint.value):
            (place / "value").invalid(taint.value, wrong)
        (place / "effect").one_of(taint.effect, EFFECTS)
    report_duplicates(at, [f"{taint.key}:{taint.effect}" for taint in spec.taints])


def check_node_update(at: Place, old: core.Node, new: core.Node) -> None:
    """Addresses of pods come from it, so it stands once it is given."""
    if old.spec.provider_id and old.spec.provider_id != new.spec.provider_id:
        (at / "spec" / "providerID").forbidden('node updates may not change providerID except from "" to valid')
    if old.spec.pod_cidr and old.spec.pod_cidr != new.spec.pod_cidr:
        (at / "spec" / "podCIDR").forbidden('node updates may not change podCIDR except from "" to valid')


def check_lease(at: Place, lease: coordination.Lease) -> None:
    spec = at / "spec"
    if lease.spec.HasField("lease_duration_seconds") and lease.spec.lease_duration_seconds <= 0:
        (spec / "leaseDurationSeconds").invalid(lease.spec.lease_duration_seconds, "must be greater than 0")
    (spec / "leaseTransitions").at_least_zero(lease.spec.lease_transitions)


def check_event(at: Place, event: core.Event) -> None:
    """An event lies with the object it tells of; those of objects without a namespace lie in `default` or `kube-system`."""
    told = event.involved_object.namespace
    if told and told != event.metadata.namespace:
        (at / "involvedObject" / "namespace").invalid(told, "does not match event.namespace")
    if not told and event.metadata.namespace not in {"default", "kube-system"}:
        (at / "involvedObject" / "namespace").invalid(
            told, "does not match event.namespace; such an event belongs in default"
        )
