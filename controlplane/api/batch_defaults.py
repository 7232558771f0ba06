"""What Kubernetes fills in for Jobs and CronJobs, and the labels by which a Job knows its own pods."""

from __future__ import annotations

from controlplane.api import pod_defaults
from protos.v1 import batch_pb2 as batch

CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"
OLDER_CONTROLLER_UID = "controller-uid"
OLDER_JOB_NAME = "job-name"
NO_LIMIT = 2**31 - 1
_RETRIES = 6


def fill_job(job: batch.Job) -> None:
    spec = job.spec
    if not spec.HasField("completions") and not spec.HasField("parallelism"):
        spec.completions = 1
    if not spec.HasField("parallelism"):
        spec.parallelism = 1
    if not spec.HasField("backoff_limit"):
        spec.backoff_limit = NO_LIMIT if spec.HasField("backoff_limit_per_index") else _RETRIES
    if not spec.HasField("completion_mode"):
        spec.completion_mode = "NonIndexed"
    if not spec.HasField("suspend"):
        spec.suspend = False
    if not spec.HasField("manual_selector"):
        spec.manual_selector = False
    if not spec.HasField("pod_replacement_policy"):
        spec.pod_replacement_policy = "Failed" if spec.HasField("pod_failure_policy") else "TerminatingOrFailed"
    if not job.metadata.labels:
        job.metadata.labels.update(spec.template.metadata.labels)
    _fill_template(spec)


def fill_cron_job(cron_job: batch.CronJob) -> None:
    """The Jobs that it makes get their own defaults when they are made."""
    spec = cron_job.spec
    spec.concurrency_policy = spec.concurrency_policy or "Allow"
    if not spec.HasField("suspend"):
        spec.suspend = False
    if not spec.HasField("successful_jobs_history_limit"):
        spec.successful_jobs_history_limit = 3
    if not spec.HasField("failed_jobs_history_limit"):
        spec.failed_jobs_history_limit = 1
    _fill_template(spec.job_template.spec)


def _fill_template(spec: batch.JobSpec) -> None:
    if spec.HasField("template"):
        pod_defaults.fill_spec(spec.template.spec)
    for rule in spec.pod_failure_policy.rules:
        for pattern in rule.on_pod_conditions:
            pattern.status = pattern.status or "True"


def generated_labels(job: batch.Job) -> dict[str, str]:
    """The labels that the pods of the Job, and of no other, have."""
    return {
        OLDER_CONTROLLER_UID: job.metadata.uid,
        OLDER_JOB_NAME: job.metadata.name,
        CONTROLLER_UID: job.metadata.uid,
        JOB_NAME: job.metadata.name,
    }


def generate_selector(job: batch.Job) -> None:
    """Makes a new Job select its own pods, unless it asks to do so itself. What stands there already is left for validation.

    The Job must have its name and uid.
    """
    if job.spec.manual_selector:
        return
    labels = job.spec.template.metadata.labels
    for key, value in generated_labels(job).items():
        if key not in labels:
            labels[key] = value
    if CONTROLLER_UID not in job.spec.selector.match_labels:
        job.spec.selector.match_labels[CONTROLLER_UID] = job.metadata.uid
