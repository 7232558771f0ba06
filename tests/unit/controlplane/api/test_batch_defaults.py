"""What is filled in for Jobs and CronJobs, and the selector that a Job gets."""

from typing import Any

import pytest

from controlplane.api import batch_defaults, codec, defaults, registry
from protos.v1 import batch_pb2 as batch

POD = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "perl:5"}]}
PLAIN = {"backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False, "manualSelector": False,
         "podReplacementPolicy": "TerminatingOrFailed"}  # fmt: skip
RULES = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}


def job_with(**spec: Any) -> batch.Job:
    job = batch.Job()
    codec.message_from_dict({"template": {"spec": POD}} | spec, job.spec)
    return job


@pytest.mark.parametrize(
    ("spec", "filled"),
    [
        ({}, {"completions": 1, "parallelism": 1} | PLAIN),
        ({"parallelism": 3}, {"parallelism": 3} | PLAIN),
        ({"completions": 3}, {"completions": 3, "parallelism": 1} | PLAIN),
        (
            {"backoffLimitPerIndex": 1, "completionMode": "Indexed", "completions": 2},
            PLAIN
            | {"backoffLimit": 2147483647, "backoffLimitPerIndex": 1, "completionMode": "Indexed", "completions": 2,
               "parallelism": 1},
        ),
    ],
)  # fmt: skip
def test_what_a_job_leaves_open_is_filled_in(spec: dict[str, Any], filled: dict[str, Any]) -> None:
    job = job_with(**spec)
    defaults.apply_defaults(registry.JOBS, job)
    found = codec.message_to_dict(job.spec)
    found.pop("template")
    assert found == filled


def test_a_failure_policy_makes_failed_pods_be_replaced_late_and_conditions_be_true() -> None:
    job = job_with(podFailurePolicy=RULES)
    defaults.apply_defaults(registry.JOBS, job)
    assert job.spec.pod_replacement_policy == "Failed"
    assert job.spec.pod_failure_policy.rules[0].on_pod_conditions[0].status == "True"


def test_a_cron_job_gets_its_own_defaults_and_leaves_the_jobs_theirs() -> None:
    cron_job: Any = codec.from_dict(
        registry.CRON_JOBS, {"spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": POD}}}}}
    )
    defaults.apply_defaults(registry.CRON_JOBS, cron_job)
    spec = codec.message_to_dict(cron_job.spec)
    template = spec.pop("jobTemplate")["spec"]
    assert spec == {"schedule": "@daily", "concurrencyPolicy": "Allow", "suspend": False, "successfulJobsHistoryLimit": 3,
                    "failedJobsHistoryLimit": 1}  # fmt: skip
    assert list(template) == ["template"]
    assert template["template"]["spec"]["dnsPolicy"] == "ClusterFirst"


def test_a_job_selects_its_own_pods_by_labels_that_no_other_has() -> None:
    job = job_with()
    job.metadata.name, job.metadata.uid = "pi", "c9948307"
    batch_defaults.generate_selector(job)
    assert dict(job.spec.template.metadata.labels) == {
        "batch.kubernetes.io/controller-uid": "c9948307",
        "batch.kubernetes.io/job-name": "pi",
        "controller-uid": "c9948307",
        "job-name": "pi",
    }
    assert dict(job.spec.selector.match_labels) == {"batch.kubernetes.io/controller-uid": "c9948307"}


def test_a_job_with_a_selector_of_its_own_is_left_alone() -> None:
    job = job_with(manualSelector=True, selector={"matchLabels": {"app": "pi"}})
    before = batch.Job()
    before.CopyFrom(job)
    batch_defaults.generate_selector(job)
    assert job == before


def test_what_stands_in_the_template_already_is_left_for_validation() -> None:
    job = job_with(template={"metadata": {"labels": {"job-name": "mine"}}, "spec": POD})
    job.metadata.name = "pi"
    batch_defaults.generate_selector(job)
    assert job.spec.template.metadata.labels["job-name"] == "mine"
