"""What is filled in for the kinds that keep pods running."""

from typing import Any

import pytest

from controlplane.api import codec, defaults, registry
from controlplane.api.registry import Kind

PODS = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a", "image": "nginx:1"}]}}


def spec_of(kind: Kind[Any], doc: dict[str, Any]) -> dict[str, Any]:
    obj = codec.from_dict(kind, doc)
    defaults.apply_defaults(kind, obj)
    spec: dict[str, Any] = codec.to_dict(kind, obj)["spec"]
    spec.pop("template", None)
    return spec


@pytest.mark.parametrize(
    ("kind", "spec", "filled"),
    [
        pytest.param(
            registry.STATEFUL_SETS,
            {"template": PODS},
            {"replicas": 1, "revisionHistoryLimit": 10, "podManagementPolicy": "OrderedReady", "serviceName": "",
             "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
             "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"}},
            id="stateful set",
        ),
        pytest.param(
            registry.STATEFUL_SETS,
            {"replicas": 0, "updateStrategy": {"type": "OnDelete"}, "revisionHistoryLimit": 0, "serviceName": "db",
             "podManagementPolicy": "Parallel", "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
             "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]},
            {"replicas": 0, "updateStrategy": {"type": "OnDelete"}, "revisionHistoryLimit": 0, "serviceName": "db",
             "podManagementPolicy": "Parallel",
             "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Delete"},
             "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"volumeMode": "Filesystem"},
                                       "status": {"phase": "Pending"}}]},
            id="stateful set that says otherwise",
        ),
        pytest.param(
            registry.DAEMON_SETS,
            {"template": PODS},
            {"revisionHistoryLimit": 10,
             "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}},
            id="daemon set",
        ),
        pytest.param(
            registry.DAEMON_SETS,
            {"updateStrategy": {"type": "OnDelete"}},
            {"revisionHistoryLimit": 10, "updateStrategy": {"type": "OnDelete"}},
            id="daemon set updated by hand",
        ),
        pytest.param(
            registry.REPLICATION_CONTROLLERS, {"template": PODS}, {"replicas": 1, "selector": {"app": "web"}},
            id="replication controller",
        ),
    ],
)  # fmt: skip
def test_what_is_unset_is_filled_in(kind: Kind[Any], spec: dict[str, Any], filled: dict[str, Any]) -> None:
    assert spec_of(kind, {"spec": spec}) == filled


def test_a_controller_takes_over_the_labels_of_its_template_but_keeps_its_own() -> None:
    for metadata, labels in (({}, {"app": "web"}), ({"labels": {"tier": "a"}}, {"tier": "a"})):
        obj = codec.from_dict(registry.REPLICATION_CONTROLLERS, {"metadata": metadata, "spec": {"template": PODS}})
        defaults.apply_defaults(registry.REPLICATION_CONTROLLERS, obj)
        assert dict(obj.metadata.labels) == labels


@pytest.mark.parametrize("kind", [registry.STATEFUL_SETS, registry.DAEMON_SETS, registry.JOBS], ids=lambda kind: kind.name)
def test_a_template_that_is_missing_stays_so(kind: Kind[Any]) -> None:
    obj: Any = codec.from_dict(kind, {"spec": {}})
    defaults.apply_defaults(kind, obj)
    assert not obj.spec.HasField("template")


def test_pods_of_a_pod_template_get_the_defaults_of_pods() -> None:
    obj: Any = codec.from_dict(registry.POD_TEMPLATES, {"template": PODS})
    defaults.apply_defaults(registry.POD_TEMPLATES, obj)
    assert obj.template.spec.restart_policy == "Always"


def test_claims_of_a_stateful_set_may_say_what_they_are() -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
    obj: Any = codec.from_dict(registry.STATEFUL_SETS, {"spec": {"volumeClaimTemplates": [claim]}})
    assert [one.metadata.name for one in obj.spec.volume_claim_templates] == ["data"]
