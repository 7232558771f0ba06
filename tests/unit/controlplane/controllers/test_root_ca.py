"""Every namespace knows the cluster's authority."""

from __future__ import annotations

from controlplane.api.objects import Key, key_of
from controlplane.controllers.plan import Plan
from controlplane.controllers.root_ca import plan_root_ca
from protos.v1 import core_pb2 as core
from tests.support.builders import CREATED, make_config_map, make_namespace
from tests.support.simulation import LaggingView, Store


def plan(*there: core.ConfigMap, deleted: float | None = None) -> Plan:
    return plan_root_ca(make_namespace("shop", deleted=deleted), LaggingView(Store(*there)), authority="PEM")


def made(data: dict[str, str]) -> core.ConfigMap:
    return make_config_map("kube-root-ca.crt", "shop", data=data)


def test_it_is_made_where_it_is_missing() -> None:
    (config,) = plan(make_config_map("other", "shop")).creates
    assert isinstance(config, core.ConfigMap)
    assert (key_of(config), dict(config.data)) == (Key("shop", "kube-root-ca.crt"), {"ca.crt": "PEM"})


def test_it_is_set_right_where_it_was_changed() -> None:
    (config,) = plan(made({"ca.crt": "other", "more": "x"})).updates
    assert isinstance(config, core.ConfigMap)
    assert dict(config.data) == {"ca.crt": "PEM"}


def test_it_is_left_alone_where_it_is_right_or_goes() -> None:
    assert not plan(made({"ca.crt": "PEM"})).writes
    assert not plan(deleted=CREATED).writes
