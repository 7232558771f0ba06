"""Jobs and cron jobs in rows."""

from __future__ import annotations

from console.printers.ages import age, since
from console.printers.columns import NONE, Column, Table, container_images, container_names, selector
from controlplane.api import times
from controlplane.api.objects import condition_is, is_terminating
from protos.v1 import batch_pb2 as batch

_NAME = Column("NAME")
_AGE = Column("AGE", priority=1)
_WIDE = (
    Column("CONTAINERS", wide=True, priority=4),
    Column("IMAGES", wide=True, priority=2),
    Column("SELECTOR", wide=True, priority=5),
)


def _job_status(job: batch.Job) -> str:
    """`Complete`, `Failed`, `Suspended`, `Terminating`, `FailureTarget`, `SuccessCriteriaMet` or `Running`."""
    conditions = job.status.conditions
    for condition in ("Complete", "Failed"):
        if condition_is(conditions, condition):
            return condition
    if is_terminating(job):
        return "Terminating"
    for condition, word in (("Suspended", "Suspended"), ("FailureTarget", "FailureTarget"),
                            ("SuccessCriteriaMet", "SuccessCriteriaMet")):  # fmt: skip
        if condition_is(conditions, condition):
            return word
    return "Running"


def _completions(job: batch.Job) -> str:
    spec, succeeded = job.spec, job.status.succeeded
    if spec.HasField("completions"):
        return f"{succeeded}/{spec.completions}"
    return f"{succeeded}/1 of {spec.parallelism}" if spec.parallelism > 1 else f"{succeeded}/1"


def _duration(job: batch.Job, now: float) -> str:
    if not job.status.HasField("start_time"):
        return ""
    ended = times.to_seconds(job.status.completion_time) if job.status.HasField("completion_time") else now
    return age(ended - times.to_seconds(job.status.start_time))


def _job_cells(job: batch.Job, now: float) -> tuple[str, ...]:
    containers = job.spec.template.spec.containers
    return (
        job.metadata.name,
        _job_status(job),
        _completions(job),
        _duration(job, now),
        since(job.metadata.creation_timestamp, now),
        container_names(containers),
        container_images(containers),
        selector(job.spec.selector),
    )


def _cron_job_cells(cron_job: batch.CronJob, now: float) -> tuple[str, ...]:
    spec, status = cron_job.spec, cron_job.status
    containers = spec.job_template.spec.template.spec.containers
    return (
        cron_job.metadata.name,
        spec.schedule,
        spec.time_zone or NONE,
        str(spec.suspend),
        str(len(status.active)),
        since(status.last_schedule_time, now) if status.HasField("last_schedule_time") else NONE,
        since(cron_job.metadata.creation_timestamp, now),
        container_names(containers),
        container_images(containers),
        selector(spec.job_template.spec.selector),
    )


def _cron_job_status(cron_job: batch.CronJob) -> str:
    """`Suspended`, `Active` (a job of it runs), `Waiting` or `Terminating`."""
    if is_terminating(cron_job):
        return "Terminating"
    if cron_job.spec.suspend:
        return "Suspended"
    return "Active" if cron_job.status.active else "Waiting"


JOBS = Table(
    (_NAME, Column("STATUS"), Column("COMPLETIONS"), Column("DURATION", priority=1), _AGE, *_WIDE), _job_cells, _job_status
)  # fmt: skip
CRON_JOBS = Table(
    (
        _NAME, Column("SCHEDULE"), Column("TIMEZONE", priority=2), Column("SUSPEND", priority=1),
        Column("ACTIVE", right=True), Column("LAST SCHEDULE", priority=1), _AGE, *_WIDE,
    ),
    _cron_job_cells, _cron_job_status,
)  # fmt: skip
