"""Quotas are given back what is used no longer, and only that."""

from __future__ import annotations

from fractions import Fraction

from controlplane.api import quotas
from controlplane.api.objects import Key
from controlplane.controllers.plan import Plan
from controlplane.controllers.resource_quota import plan_quota, quotas_of
from protos.v1 import core_pb2 as core
from tests.support.builders import CREATED, changed, fill, make_config_map, make_meta, make_pod
from tests.support.simulation import LaggingView, Store


def make_quota(*, pods: str | None = None, configmaps: str | None = None, version: str = "1") -> core.ResourceQuota:
    """With these amounts as used, none for not told."""
    quota = core.ResourceQuota(metadata=make_meta("quota", resource_version=version))
    fill(quota.spec.hard, {"pods": "5", "configmaps": "5"})
    if pods is not None and configmaps is not None:
        used = {"pods": Fraction(pods), "configmaps": Fraction(configmaps)}
        quota.status.CopyFrom(quotas.with_status(quota, used).status)
    return quota


def plan(quota: core.ResourceQuota, view: LaggingView) -> Plan:
    return plan_quota(quota, view, CREATED)


def told(found: Plan) -> dict[str, str]:
    (quota,) = found.status_updates
    assert isinstance(quota, core.ResourceQuota)
    return {name: amount.string for name, amount in quota.status.used.items()}


def test_a_new_quota_is_told_what_is_used() -> None:
    view = LaggingView(Store(make_pod("a"), make_pod("b"), make_config_map()))
    found = plan(make_quota(), view)
    assert told(found) == {"pods": "2", "configmaps": "1"}
    (quota,) = found.status_updates
    assert dict(quota.status.hard) == dict(quota.spec.hard)  # type: ignore[attr-defined]


def test_what_is_told_rightly_is_left_alone_and_looked_at_again_later() -> None:
    found = plan(make_quota(pods="1", configmaps="0"), LaggingView(Store(make_pod("a"))))
    assert not found.writes
    assert found.requeue_after == 300


def test_what_has_gone_is_given_back() -> None:
    store = Store(make_pod("a"))
    store.put(make_config_map())
    assert told(plan(make_quota(pods="3", configmaps="1"), LaggingView(store))) == {"pods": "1", "configmaps": "1"}


def test_a_pod_that_the_quota_shows_before_the_view_does_is_not_given_back() -> None:
    store = Store(make_pod("a"), make_config_map())
    view = LaggingView(store)
    newest = store.put(make_pod("b"))
    quota = make_quota(pods="2", configmaps="1", version=newest.metadata.resource_version)
    waiting = plan(quota, view)
    assert not waiting.writes
    assert waiting.requeue_after == 1
    view.catch_up()
    assert not plan(quota, view).writes


def test_what_a_lagging_view_has_more_of_is_told_at_once() -> None:
    view = LaggingView(Store(make_pod("a"), make_pod("b")))
    assert told(plan(make_quota(pods="1", configmaps="0", version="1000"), view))["pods"] == "2"


def test_other_namespaces_do_not_count() -> None:
    view = LaggingView(Store(make_pod("a", "other")))
    assert told(plan(make_quota(), view))["pods"] == "0"


def test_a_change_concerns_the_quotas_of_its_namespace_when_use_may_differ() -> None:
    view = LaggingView(Store(make_quota()))
    pod, key = make_pod("a"), Key("default", "quota")
    ended = make_pod("a", phase="Succeeded")
    assert list(quotas_of(pod, None, view)) == [key]
    assert list(quotas_of(None, pod, view)) == [key]
    assert list(quotas_of(pod, ended, view)) == [key]
    assert list(quotas_of(pod, changed(pod, resource_version="2"), view)) == []
    assert list(quotas_of(make_pod("a", "other"), None, view)) == []
