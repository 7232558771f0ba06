"""Every namespace has its account `default`."""

from __future__ import annotations

from controlplane.api.objects import Key, key_of
from controlplane.controllers.service_accounts import plan_default_account
from protos.v1 import core_pb2 as core
from tests.support.builders import CREATED, make_config_map, make_meta, make_namespace
from tests.support.simulation import LaggingView, Store


def make_account(name: str, namespace: str = "shop") -> core.ServiceAccount:
    return core.ServiceAccount(metadata=make_meta(name, namespace))


def test_a_missing_account_is_made() -> None:
    store = Store(make_namespace("shop"), make_account("other"), make_account("default", "elsewhere"))
    plan = plan_default_account(make_namespace("shop"), LaggingView(store), CREATED)
    assert [key_of(obj) for obj in plan.creates] == [Key("shop", "default")]


def test_an_account_that_is_there_is_left_alone() -> None:
    view = LaggingView(Store(make_namespace("shop"), make_account("default")))
    assert not plan_default_account(make_namespace("shop"), view, CREATED).writes


def test_a_namespace_on_its_way_out_gets_none() -> None:
    plan = plan_default_account(make_namespace("shop", deleted=CREATED), LaggingView(Store()), CREATED)
    assert not plan.writes
    assert plan.requeue_after is None


def test_the_account_of_a_new_namespace_is_waited_for() -> None:
    store = Store(make_account("default", "elsewhere"))
    view = LaggingView(store)
    store.put(make_config_map())
    namespace = store.put(make_namespace("shop"))
    waiting = plan_default_account(namespace, view, CREATED)
    assert not waiting.writes
    assert waiting.requeue_after == 1
