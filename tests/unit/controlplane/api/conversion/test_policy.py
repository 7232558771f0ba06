"""An empty selector meant nothing, and now means everything."""

from typing import Any

import pytest

from controlplane.api import codec, labels, registry
from controlplane.api.conversion import table

KIND, OLD = registry.POD_DISRUPTION_BUDGETS, "policy/v1beta1"


def budget(version: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": KIND.name, "metadata": {}, "spec": spec}


@pytest.mark.parametrize("empty", [{}, {"matchLabels": {}, "matchExpressions": []}])
def test_an_empty_selector_goes_on_picking_no_pod(empty: dict[str, Any]) -> None:
    obj: Any = codec.from_dict(None, budget(OLD, selector=empty))
    assert not labels.from_label_selector(obj.spec.selector).matches({"app": "web"})
    assert table.from_current(KIND, codec.to_dict(KIND, obj), OLD)["spec"]["selector"] == {}


def test_a_selector_that_picks_every_pod_can_be_said_in_the_older_version() -> None:
    old = table.from_current(KIND, budget("policy/v1", selector={}), OLD)
    assert old["spec"]["selector"] != {}
    assert table.to_current(KIND, old)["spec"]["selector"] == {}


@pytest.mark.parametrize("spec", [{}, {"selector": {"matchLabels": {"app": "web"}}}])
def test_any_other_selector_means_the_same(spec: dict[str, Any]) -> None:
    assert table.to_current(KIND, budget(OLD, **spec)) == budget("policy/v1", **spec)
    assert table.from_current(KIND, budget("policy/v1", **spec), OLD) == budget(OLD, **spec)
