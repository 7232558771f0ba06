"""Quotas add up, and limit ranges keep what they promise, whatever comes."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from controlplane.api import limits, pod_amounts, quotas, registry
from controlplane.api.quotas import Charge
from protos.v1 import core_pb2 as core
from tests.support.builders import CREATED, fill, make_container, make_meta, make_pod

QUANTITIES = st.sampled_from(["0", "1m", "50m", "100m", "250m", "1", "1500m", "2", "4"])
AMOUNTS = st.dictionaries(st.sampled_from(["cpu", "memory"]), QUANTITIES)
SCOPES = st.lists(st.sampled_from(["BestEffort", "NotBestEffort", "Terminating", "NotTerminating"]), max_size=2)


@st.composite
def pods(draw: st.DrawFn) -> core.Pod:
    containers = [
        make_container(f"c{number}", requests=draw(AMOUNTS), limits=draw(AMOUNTS))
        for number in range(draw(st.integers(1, 3)))
    ]
    pod = make_pod("a", containers=containers, phase=draw(st.sampled_from(["Pending", "Running", "Succeeded", "Failed"])))
    if draw(st.booleans()):
        pod.spec.active_deadline_seconds = 5
    return pod


@st.composite
def resource_quotas(draw: st.DrawFn) -> core.ResourceQuota:
    quota = core.ResourceQuota(metadata=make_meta("quota"), spec=core.ResourceQuotaSpec(scopes=draw(SCOPES)))
    names = draw(st.sets(st.sampled_from(["pods", "cpu", "requests.memory", "limits.cpu", "count/pods"]), min_size=1))
    for name in names:
        quota.spec.hard[name].string = draw(QUANTITIES)
    return quota


def charge(pod: core.Pod) -> Charge:
    return quotas.charge_of(registry.PODS, pod, CREATED)


@given(resource_quotas(), st.lists(pods(), max_size=6))
def test_the_use_of_all_is_the_sum_of_what_each_added(quota: core.ResourceQuota, members: list[core.Pod]) -> None:
    total: dict[str, Fraction] = dict.fromkeys(quota.spec.hard, Fraction())
    for pod in members:
        total = pod_amounts.plus(total, quotas.added(quota, charge(pod), None))
    assert quotas.used_by(quota, map(charge, members)) == total


@given(resource_quotas(), st.lists(pods(), max_size=8))
def test_what_is_let_in_one_by_one_never_exceeds_the_quota(quota: core.ResourceQuota, comers: list[core.Pod]) -> None:
    inside: list[core.Pod] = []
    for pod in comers:
        used = quotas.used_by(quota, map(charge, inside))
        if not quotas.exceeded(quota, used, quotas.added(quota, charge(pod), None)):
            inside.append(pod)
    hard = pod_amounts.read(quota.spec.hard)
    assert all(amount <= hard[name] for name, amount in quotas.used_by(quota, map(charge, inside)).items())


@given(resource_quotas(), pods(), pods())
def test_a_change_adds_what_the_sums_differ_by(quota: core.ResourceQuota, old: core.Pod, new: core.Pod) -> None:
    before, after = (quotas.used_by(quota, [charge(pod)]) for pod in (old, new))
    added = quotas.added(quota, charge(new), charge(old))
    assert added == {name: after[name] - before[name] for name in quota.spec.hard if after[name] > before[name]}


@given(resource_quotas(), st.lists(pods(), max_size=4))
def test_a_written_status_reads_back_as_what_is_used(quota: core.ResourceQuota, members: list[core.Pod]) -> None:
    used = quotas.used_by(quota, map(charge, members))
    assert quotas.known_use(quotas.with_status(quota, used)) == used


@given(st.builds(dict, max=AMOUNTS, min=AMOUNTS, default=AMOUNTS, default_request=AMOUNTS), pods())
def test_a_pod_that_is_let_in_is_within_the_bounds(amounts: dict[str, dict[str, str]], pod: core.Pod) -> None:
    limit_range = core.LimitRange(metadata=make_meta("range"))
    item = limit_range.spec.limits.add(type="Container")
    for field, values in amounts.items():
        fill(getattr(item, field), values)
    limits.fill_pod(pod, [limit_range])
    refused = limits.pod_problems(pod, [limit_range])
    low, high = pod_amounts.read(item.min), pod_amounts.read(item.max)
    for container in pod.spec.containers:
        requests, bounds = (pod_amounts.read(part) for part in (container.resources.requests, container.resources.limits))
        assert set(low) <= set(requests)  # a default was found for whatever is bounded
        assert set(high) <= set(bounds)
        within = all(requests[name] >= low[name] and bounds.get(name, low[name]) >= low[name] for name in low)
        within = within and all(bounds[name] <= high[name] and requests.get(name, 0) <= high[name] for name in high)
        assert within or refused


@given(st.builds(dict, max=AMOUNTS, default=AMOUNTS, default_request=AMOUNTS), pods())
def test_filling_in_twice_changes_nothing_more(amounts: dict[str, dict[str, str]], pod: core.Pod) -> None:
    limit_range = core.LimitRange(metadata=make_meta("range"))
    item = limit_range.spec.limits.add(type="Container")
    for field, values in amounts.items():
        fill(getattr(item, field), values)
    limits.fill_pod(pod, [limit_range])
    once = core.Pod()
    once.CopyFrom(pod)
    limits.fill_pod(pod, [limit_range])
    assert pod.spec == once.spec
