"""What objects use of their namespace's quotas (https://kubernetes.io/docs/concepts/policy/resource-quotas/). Pure.

An object is measured once (`charge_of`); whether a quota counts it, and under which names, is then asked of the measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from controlplane.api import pod_amounts, registry, times
from controlplane.api.kind import Kind
from controlplane.api.objects import ApiObject, copy_of, is_terminating
from protos.v1 import core_pb2 as core

Amounts = dict[str, Fraction]

_COUNT = "count/"
_STORAGE_CLASS = ".storageclass.storage.k8s.io/"
_STORAGE_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_PODS, _SERVICES, _CLAIMS = (kind.resource for kind in (registry.PODS, registry.SERVICES, registry.PERSISTENT_VOLUME_CLAIMS))
# Kinds whose number has a name of its own beside `count/…`.
_COUNTED_PLAINLY = frozenset(
    {_PODS, _SERVICES, _CLAIMS, "secrets", "configmaps", "replicationcontrollers", "resourcequotas"}
)  # fmt: skip
_NEVER_COUNTED = frozenset({registry.EVENTS.resource})
_RESOURCE_OF = {
    **{name: name for name in _COUNTED_PLAINLY},
    "services.nodeports": _SERVICES,
    "services.loadbalancers": _SERVICES,
    "requests.storage": _CLAIMS,
}
_ALSO_PLAIN = frozenset({"cpu", "memory", "ephemeral-storage"})  # requests that also count under their own name
_MUST_BE_SPECIFIED = ("cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory")
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


@dataclass(frozen=True, slots=True)
class Charge:
    """What an object uses: name -> amount. `scopes` are those that are asked of its kind, each with the object's value:
    empty for a scope without values, None when the object is outside of it."""

    amounts: Mapping[str, Fraction]
    scopes: Mapping[str, str | None] = field(default_factory=dict)


def is_counted(kind: Kind[Any]) -> bool:
    """Whether any quota can count objects of the kind."""
    return kind.namespaced and kind.stored and kind.resource not in _NEVER_COUNTED


def resource_of(name: str) -> str:
    """The resource whose objects count under a name: `limits.cpu` -> `pods`, `count/jobs.batch` -> `jobs.batch`."""
    if name.startswith(_COUNT):
        return name.removeprefix(_COUNT)
    return _CLAIMS if _STORAGE_CLASS in name else _RESOURCE_OF.get(name, _PODS)


def resources_of(quota: core.ResourceQuota) -> set[str]:
    """The resources whose objects the quota may count."""
    return {resource_of(name) for name in quota.spec.hard}


def charge_of(kind: Kind[Any], obj: ApiObject, now: float) -> Charge:
    amounts: Amounts = {_COUNT + kind.resource: Fraction(1)}
    if isinstance(obj, core.Pod):
        return Charge(amounts | _pod(obj, now), _pod_scopes(obj))
    if kind.resource in _COUNTED_PLAINLY:
        amounts[kind.resource] = Fraction(1)
    if isinstance(obj, core.Service):
        amounts |= _service(obj)
    elif isinstance(obj, core.PersistentVolumeClaim):
        return Charge(amounts | _claim(obj), {"VolumeAttributesClass": obj.spec.volume_attributes_class_name or None})
    return Charge(amounts)


def _pod(pod: core.Pod, now: float) -> Amounts:
    if not _takes_room(pod, now):
        return {}
    found: Amounts = {_PODS: Fraction(1)}
    for name, amount in pod_amounts.requests_of(pod).items():
        found[f"requests.{name}"] = amount
        if name in _ALSO_PLAIN or name.startswith("hugepages-"):
            found[name] = amount
    found |= {f"limits.{name}": amount for name, amount in pod_amounts.limits_of(pod).items()}
    return found


def _takes_room(pod: core.Pod, now: float) -> bool:
    """Not once it has ended, nor when its end is overdue: its node may never report it."""
    if pod.status.phase in ("Succeeded", "Failed"):
        return False
    if not is_terminating(pod):
        return True
    grace_seconds = pod.metadata.deletion_grace_period_seconds
    return now <= times.to_seconds(pod.metadata.deletion_timestamp) + grace_seconds


def _pod_scopes(pod: core.Pod) -> dict[str, str | None]:
    ends, best_effort = pod.spec.HasField("active_deadline_seconds"), pod_amounts.is_best_effort(pod)
    inside = {
        "Terminating": ends,
        "NotTerminating": not ends,
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "CrossNamespacePodAffinity": any(
            term.namespaces or term.HasField("namespace_selector") for term in _affinity_terms(pod.spec.affinity)
        ),
    }
    scopes: dict[str, str | None] = {scope: "" if holds else None for scope, holds in inside.items()}
    return scopes | {"PriorityClass": pod.spec.priority_class_name or None}


def _affinity_terms(affinity: core.Affinity) -> Iterable[core.PodAffinityTerm]:
    for rules in (affinity.pod_affinity, affinity.pod_anti_affinity):
        yield from rules.required_during_scheduling_ignored_during_execution
        for weighted in rules.preferred_during_scheduling_ignored_during_execution:
            yield weighted.pod_affinity_term


def _service(service: core.Service) -> Amounts:
    spec = service.spec
    found: Amounts = {}
    if spec.type == "LoadBalancer":
        found["services.loadbalancers"] = Fraction(1)
    if spec.type in _WITH_NODE_PORTS:
        given_none = spec.HasField("allocate_load_balancer_node_ports") and not spec.allocate_load_balancer_node_ports
        ports = [port for port in spec.ports if port.node_port or spec.type == "NodePort" or not given_none]
        found["services.nodeports"] = Fraction(len(ports))
    return found


def _claim(claim: core.PersistentVolumeClaim) -> Amounts:
    asked, given = (
        pod_amounts.read(amounts).get("storage")
        for amounts in (claim.spec.resources.requests, claim.status.allocated_resources)
    )
    storage = max(amount or Fraction() for amount in (asked, given))
    found = {"requests.storage": storage} if asked is not None or given is not None else {}
    storage_class = claim.metadata.annotations.get(_STORAGE_CLASS_ANNOTATION) or claim.spec.storage_class_name
    if storage_class:
        prefix = storage_class + _STORAGE_CLASS
        found = {**found, f"{prefix}{_CLAIMS}": Fraction(1)} | {f"{prefix}{name}": amount for name, amount in found.items()}
    return found


def counts(quota: core.ResourceQuota, charge: Charge) -> bool:
    """Whether the object is in all of the quota's scopes."""
    plain = all(charge.scopes.get(scope) is not None for scope in quota.spec.scopes)
    return plain and all(_meets(condition, charge) for condition in quota.spec.scope_selector.match_expressions)


def _meets(condition: core.ScopedResourceSelectorRequirement, charge: Charge) -> bool:
    if condition.scope_name not in charge.scopes:
        return False
    value = charge.scopes[condition.scope_name]
    match condition.operator:
        case "In":
            return value in condition.values
        case "NotIn":
            return value not in condition.values
        case "DoesNotExist":
            return value is None
        case _:
            return value is not None


def counted(quota: core.ResourceQuota, charge: Charge) -> Amounts:
    """What of the charge the quota bounds."""
    if not counts(quota, charge):
        return {}
    return {name: amount for name, amount in charge.amounts.items() if name in quota.spec.hard}


def added(quota: core.ResourceQuota, new: Charge, old: Charge | None) -> Amounts:
    """How much more is used once `new` takes the place of `old`; what is given back is left out."""
    before = counted(quota, old) if old is not None else {}
    difference = {name: amount - before.get(name, Fraction()) for name, amount in counted(quota, new).items()}
    return {name: amount for name, amount in difference.items() if amount > 0}


def used_by(quota: core.ResourceQuota, charges: Iterable[Charge]) -> Amounts:
    """What all these objects use of the quota, under every name that it bounds."""
    used: Amounts = {name: Fraction() for name in quota.spec.hard}
    for charge in charges:
        for name, amount in counted(quota, charge).items():
            used[name] += amount
    return used


def known_use(quota: core.ResourceQuota) -> Amounts | None:
    """What its status says is used; None while that does not tell of every name."""
    used = pod_amounts.read(quota.status.used)
    return used if all(name in used for name in quota.spec.hard) else None


def exceeded(quota: core.ResourceQuota, used: Mapping[str, Fraction], more: Mapping[str, Fraction]) -> list[str]:
    """The names, in order, under which `more` does not fit any longer."""
    hard = pod_amounts.read(quota.spec.hard)
    return sorted(name for name, amount in more.items() if used[name] + amount > hard.get(name, Fraction()))


def unspecified(quota: core.ResourceQuota, pod: core.Pod) -> str:
    """What containers of a pod leave open although the quota bounds it: `limits.cpu for: web; memory for: db,web`."""
    missing: dict[str, list[str]] = {}
    for name in _MUST_BE_SPECIFIED:
        if name not in quota.spec.hard:
            continue
        part, _, resource = name.rpartition(".")
        for container in pod_amounts.containers_of(pod):
            amounts = container.resources.limits if part == "limits" else container.resources.requests
            if resource not in amounts and resource not in _of_pod(pod, part):
                missing.setdefault(name, []).append(container.name)
    return "; ".join(f"{name} for: {','.join(sorted(containers))}" for name, containers in missing.items())


def _of_pod(pod: core.Pod, part: str) -> Mapping[str, Any]:
    return pod.spec.resources.limits if part == "limits" else pod.spec.resources.requests


def with_status(quota: core.ResourceQuota, used: Mapping[str, Fraction]) -> core.ResourceQuota:
    """A copy whose status tells the bounds and what is used of them."""
    fresh = copy_of(quota)
    fresh.ClearField("status")
    for name, bound in quota.spec.hard.items():
        fresh.status.hard[name].CopyFrom(bound)
        fresh.status.used[name].string = pod_amounts.text_of(name, used[name])
    return fresh


def listed(names: Iterable[str], amounts: Mapping[str, Fraction]) -> str:
    """`pods=1,requests.cpu=500m`"""
    return ",".join(f"{name}={pod_amounts.text_of(name, amounts[name])}" for name in names)
