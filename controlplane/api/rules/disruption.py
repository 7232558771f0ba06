"""Rules for PodDisruptionBudgets."""

from __future__ import annotations

from controlplane.api.rules.metadata import check_selector
from controlplane.api.rules.places import Place
from controlplane.api.rules.sets import check_at_most_all
from controlplane.api.rules.workloads import check_share
from protos.v1 import policy_pb2 as policy

_EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")


def check_budget(at: Place, budget: policy.PodDisruptionBudget) -> None:
    spec, place = budget.spec, at / "spec"
    if spec.HasField("min_available") and spec.HasField("max_unavailable"):
        place.invalid(spec, "minAvailable and maxUnavailable cannot be both set")
    for name, share in (("minAvailable", spec.min_available), ("maxUnavailable", spec.max_unavailable)):
        check_share(place / name, share)
        check_at_most_all(place / name, share)
    check_selector(place / "selector", spec.selector)
    if spec.HasField("unhealthy_pod_eviction_policy"):
        (place / "unhealthyPodEvictionPolicy").one_of(spec.unhealthy_pod_eviction_policy, _EVICTION_POLICIES)
