"""What Kubernetes fills in for the kinds that keep pods running, beside Deployments and ReplicaSets."""

from __future__ import annotations

from controlplane.api import pod_defaults
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

_REVISIONS = 10
_WithTemplate = core.ReplicationControllerSpec | apps.StatefulSetSpec | apps.DaemonSetSpec | core.PodTemplate


def fill_replication_controller(controller: core.ReplicationController) -> None:
    """A controller selects what its template is labelled with, and takes over those labels, unless it says otherwise."""
    spec = controller.spec
    if not spec.HasField("replicas"):
        spec.replicas = 1
    labels = spec.template.metadata.labels
    if not spec.selector:
        spec.selector.update(labels)
    if not controller.metadata.labels:
        controller.metadata.labels.update(labels)
    _fill_pods(spec)


def fill_stateful_set(stateful_set: apps.StatefulSet) -> None:
    spec = stateful_set.spec
    if not spec.HasField("replicas"):
        spec.replicas = 1
    if not spec.HasField("revision_history_limit"):
        spec.revision_history_limit = _REVISIONS
    spec.pod_management_policy = spec.pod_management_policy or "OrderedReady"
    if not spec.update_strategy.type:
        spec.update_strategy.type = "RollingUpdate"
        spec.update_strategy.rolling_update.SetInParent()
    rolling = spec.update_strategy.rolling_update
    if spec.update_strategy.HasField("rolling_update") and not rolling.HasField("partition"):
        rolling.partition = 0
    retention = spec.persistent_volume_claim_retention_policy
    retention.when_deleted = retention.when_deleted or "Retain"
    retention.when_scaled = retention.when_scaled or "Retain"
    for claim in spec.volume_claim_templates:
        if not claim.spec.HasField("volume_mode"):
            claim.spec.volume_mode = "Filesystem"
        claim.status.phase = claim.status.phase or "Pending"
    _fill_pods(spec)


def fill_daemon_set(daemon_set: apps.DaemonSet) -> None:
    spec = daemon_set.spec
    if not spec.HasField("revision_history_limit"):
        spec.revision_history_limit = _REVISIONS
    strategy = spec.update_strategy
    strategy.type = strategy.type or "RollingUpdate"
    if strategy.type == "RollingUpdate":
        rolling = strategy.rolling_update
        if not rolling.HasField("max_unavailable"):
            rolling.max_unavailable.CopyFrom(meta.IntOrString(int_val=1))
        if not rolling.HasField("max_surge"):
            rolling.max_surge.CopyFrom(meta.IntOrString(int_val=0))
    _fill_pods(spec)


def fill_pod_template(template: core.PodTemplate) -> None:
    _fill_pods(template)


def _fill_pods(owner: _WithTemplate) -> None:
    """A template that is missing stays so, for validation to tell."""
    if owner.HasField("template"):
        pod_defaults.fill_spec(owner.template.spec)
