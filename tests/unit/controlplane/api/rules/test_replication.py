"""Rules for ReplicationControllers and PodTemplates."""

from typing import Any

import pytest

from controlplane.api.registry import POD_TEMPLATES, REPLICATION_CONTROLLERS
from tests.unit.controlplane.api.rules.documents import container, pod_spec, problems

TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec()}


def test_a_controller_selects_what_its_template_is_labelled_with() -> None:
    assert problems(REPLICATION_CONTROLLERS, {"spec": {"template": TEMPLATE}}) == []


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"template": TEMPLATE, "replicas": -1}, ["replicas: Invalid value: -1: must be greater than or equal to 0"]),
        ({"selector": {"app": "web"}}, ["template: Required value: describe the pods to run"]),
        ({"template": {"spec": pod_spec()}}, ["selector: Required value: name labels that the template has"]),
        (
            {"template": TEMPLATE, "selector": {"app": "api"}},
            ['template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
        ),
        (
            {"template": TEMPLATE | {"spec": pod_spec(activeDeadlineSeconds=3)}},
            ["template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not "
             "Supported"],
        ),
    ],
)  # fmt: skip
def test_a_broken_rule_of_a_controller_is_told(spec: dict[str, Any], found: list[str]) -> None:
    assert problems(REPLICATION_CONTROLLERS, {"spec": spec}) == [f"spec.{problem}" for problem in found]


def test_a_pod_template_is_checked_as_a_pod_is() -> None:
    assert problems(POD_TEMPLATES, {"template": TEMPLATE}) == []
    assert problems(POD_TEMPLATES, {}) == ["template: Required value: describe the pods to run"]
    assert problems(POD_TEMPLATES, {"template": {"spec": pod_spec(container(name=""))}}) == [
        "template.spec.containers[0].name: Required value"
    ]
