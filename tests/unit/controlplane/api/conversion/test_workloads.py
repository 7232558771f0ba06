"""What old workloads mean where they say nothing."""

from typing import Any

import pytest

from controlplane.api import codec, defaults, registry
from controlplane.api.conversion import table
from controlplane.api.kind import Kind

LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}}
NO_LIMIT = 2**31 - 1


def read(kind: Kind[Any], version: str, spec: dict[str, Any], metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """The old manifest as it is stored, without its template."""
    doc = {"apiVersion": version, "kind": kind.name, "metadata": metadata or {}, "spec": {"template": TEMPLATE} | spec}
    obj = codec.from_dict(None, doc)
    defaults.apply_defaults(kind, obj)
    stored = codec.to_dict(kind, obj)
    del stored["spec"]["template"]
    return stored


def rolling(share: int | str) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": share, "maxSurge": share}}


@pytest.mark.parametrize(
    ("version", "spec", "filled"),
    [
        ("extensions/v1beta1", {},
         {"selector": {"matchLabels": LABELS}, "strategy": rolling(1), "revisionHistoryLimit": NO_LIMIT,
          "progressDeadlineSeconds": NO_LIMIT}),
        ("apps/v1beta1", {},
         {"selector": {"matchLabels": LABELS}, "strategy": rolling("25%"), "revisionHistoryLimit": 2,
          "progressDeadlineSeconds": 600}),
        ("apps/v1beta2", {},
         {"strategy": rolling("25%"), "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}),
        ("extensions/v1beta1",
         {"selector": {"matchLabels": {"a": "b"}}, "strategy": {"type": "Recreate"}, "revisionHistoryLimit": 3,
          "progressDeadlineSeconds": 5},
         {"selector": {"matchLabels": {"a": "b"}}, "strategy": {"type": "Recreate"}, "revisionHistoryLimit": 3,
          "progressDeadlineSeconds": 5}),
    ],
    ids=["extensions/v1beta1", "apps/v1beta1", "apps/v1beta2", "all said"],
)  # fmt: skip
def test_deployments(version: str, spec: dict[str, Any], filled: dict[str, Any]) -> None:
    assert read(registry.DEPLOYMENTS, version, spec)["spec"] == {"replicas": 1} | filled


def test_daemon_sets_of_extensions_waited_for_their_pods_to_be_deleted() -> None:
    found = read(registry.DAEMON_SETS, "extensions/v1beta1", {})["spec"]
    assert found["updateStrategy"] == {"type": "OnDelete"}
    assert found["selector"] == {"matchLabels": LABELS}
    found = read(registry.DAEMON_SETS, "apps/v1beta2", {})["spec"]
    assert found["updateStrategy"]["type"] == "RollingUpdate"
    assert "selector" not in found


def test_stateful_sets_of_apps_v1beta1_waited_for_their_pods_to_be_deleted() -> None:
    found = read(registry.STATEFUL_SETS, "apps/v1beta1", {})["spec"]
    assert found["updateStrategy"] == {"type": "OnDelete"}
    assert found["selector"] == {"matchLabels": LABELS}
    found = read(registry.STATEFUL_SETS, "apps/v1beta2", {})["spec"]
    assert found["updateStrategy"]["type"] == "RollingUpdate"


def test_a_workload_takes_over_labels_only_if_it_has_none() -> None:
    for kind in (registry.DEPLOYMENTS, registry.REPLICA_SETS, registry.DAEMON_SETS):
        assert read(kind, "extensions/v1beta1", {})["metadata"]["labels"] == LABELS
        own = read(kind, "extensions/v1beta1", {}, {"labels": {"own": "1"}})
        assert own["metadata"]["labels"] == {"own": "1"}


@pytest.mark.parametrize(
    ("kind", "field", "value", "key", "text"),
    [
        (registry.DEPLOYMENTS, "rollbackTo", {"revision": 3}, "deprecated.deployment.rollback.to", "3"),
        (registry.DEPLOYMENTS, "rollbackTo", {}, "deprecated.deployment.rollback.to", "0"),
        (registry.DAEMON_SETS, "templateGeneration", 7, "deprecated.daemonset.template.generation", "7"),
    ],
)
def test_a_field_that_is_gone_lives_on_as_an_annotation(
    kind: Kind[Any], field: str, value: Any, key: str, text: str
) -> None:
    doc = {"apiVersion": "extensions/v1beta1", "kind": kind.name, "spec": {field: value}}
    current = table.to_current(kind, doc)
    assert field not in current["spec"]
    assert current["metadata"]["annotations"] == {key: text}
    back = table.from_current(kind, current, "extensions/v1beta1")
    assert back["spec"][field] == ({"revision": int(text)} if isinstance(value, dict) else value)
    assert "annotations" not in back["metadata"]


def test_an_annotation_that_is_no_number_stays_one() -> None:
    annotations = {"deprecated.deployment.rollback.to": "yesterday"}
    doc = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"annotations": annotations}}
    back = table.from_current(registry.DEPLOYMENTS, doc, "extensions/v1beta1")
    assert back["metadata"]["annotations"] == annotations
    assert "spec" not in back
