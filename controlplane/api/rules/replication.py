"""Rules for ReplicationControllers and PodTemplates."""

from __future__ import annotations

from controlplane.api import labels
from controlplane.api.rules.metadata import check_labels
from controlplane.api.rules.places import Place
from controlplane.api.rules.pods import check_template
from controlplane.api.rules.workloads import check_runs_on
from protos.v1 import core_pb2 as core


def check_replication_controller(at: Place, controller: core.ReplicationController) -> None:
    spec, place = controller.spec, at / "spec"
    (place / "replicas").at_least_zero(spec.replicas)
    (place / "minReadySeconds").at_least_zero(spec.min_ready_seconds)
    if not spec.selector:
        (place / "selector").required("name labels that the template has")
    check_labels(place / "selector", spec.selector)
    if not spec.HasField("template"):
        (place / "template").required("describe the pods to run")
        return
    template = place / "template"
    if not labels.from_map(spec.selector).matches(spec.template.metadata.labels):
        (template / "metadata" / "labels").invalid(
            dict(spec.template.metadata.labels), "`selector` does not match template `labels`"
        )
    check_template(template, spec.template)
    check_runs_on(template / "spec", spec.template.spec, owner="ReplicationController")


def check_pod_template(at: Place, template: core.PodTemplate) -> None:
    if not template.HasField("template"):
        (at / "template").required("describe the pods to run")
        return
    check_template(at / "template", template.template)
