"""Rules for CronJobs: when, and what."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache

from controlplane.api import cron
from controlplane.api.rules.jobs import check_job_spec
from controlplane.api.rules.places import Place
from protos.v1 import batch_pb2 as batch

# Jobs are named after their CronJob, a hyphen and ten digits of time, and pods get another suffix: 63 in all.
_LONGEST_NAME = 52
_CONCURRENCY = ("Allow", "Forbid", "Replace")


def check_cron_job(at: Place, cron_job: batch.CronJob) -> None:
    spec, place = cron_job.spec, at / "spec"
    if len(cron_job.metadata.name) > _LONGEST_NAME:
        (at / "metadata" / "name").invalid(cron_job.metadata.name, f"must be no more than {_LONGEST_NAME} characters")
    _check_schedule(place / "schedule", spec)
    _check_zone(place / "timeZone", spec)
    (place / "concurrencyPolicy").one_of(spec.concurrency_policy, _CONCURRENCY)
    (place / "startingDeadlineSeconds").at_least_zero(spec.starting_deadline_seconds)
    (place / "successfulJobsHistoryLimit").at_least_zero(spec.successful_jobs_history_limit)
    (place / "failedJobsHistoryLimit").at_least_zero(spec.failed_jobs_history_limit)
    _check_job_template(place / "jobTemplate" / "spec", spec.job_template.spec)


def _check_schedule(at: Place, spec: batch.CronJobSpec) -> None:
    if not spec.schedule:
        at.required("write it as in cron, such as 0 3 * * *")
    elif "TZ" in spec.schedule and spec.HasField("time_zone"):
        at.invalid(spec.schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule")
    elif "TZ" in spec.schedule:
        at.invalid(spec.schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
    else:
        try:
            cron.parse(spec.schedule)
        except ValueError as error:
            at.invalid(spec.schedule, str(error))


def _check_zone(at: Place, spec: batch.CronJobSpec) -> None:
    zone = spec.time_zone
    if not spec.HasField("time_zone"):
        return
    if not zone:
        at.invalid(zone, "timeZone must be nil or non-empty string")
    elif zone.lower() == "local":
        at.invalid(zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
    elif not _is_zone(zone):
        at.invalid(zone, f"unknown time zone {zone}")


@lru_cache(maxsize=256)
def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


def _check_job_template(at: Place, spec: batch.JobSpec) -> None:
    check_job_spec(at, spec)
    if spec.HasField("selector"):
        (at / "selector").invalid(spec.selector, "`selector` will be auto-generated")
    if spec.manual_selector:
        (at / "manualSelector").one_of("true", ("nil", "false"))
