"""Rules for CronJobs."""

from typing import Any

import pytest

from controlplane.api.registry import CRON_JOBS
from tests.unit.controlplane.api.rules.documents import pod_spec, problems

JOB = {"spec": {"template": {"spec": pod_spec(restartPolicy="OnFailure")}}}


def cron_job(**fields: Any) -> dict[str, Any]:
    return {"spec": {"schedule": "*/5 * * * *", "jobTemplate": JOB} | fields}


@pytest.mark.parametrize("schedule", ["*/5 * * * *", "@daily", "0 3 1 JAN MON", "@every 1h"])
def test_a_schedule_is_written_as_in_cron(schedule: str) -> None:
    assert problems(CRON_JOBS, cron_job(schedule=schedule)) == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Etc/UTC", "UTC"])
def test_a_zone_has_its_name(zone: str) -> None:
    assert problems(CRON_JOBS, cron_job(timeZone=zone)) == []


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"schedule": ""}, ["schedule: Required value: write it as in cron, such as 0 3 * * *"]),
        (
            {"schedule": "* * * *"},
            ['schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
        ),
        (
            {"schedule": "TZ=UTC 0 * * * *"},
            ['schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field '
             'instead'],
        ),
        (
            {"schedule": "CRON_TZ=UTC 0 * * * *", "timeZone": "UTC"},
            ['schedule: Invalid value: "CRON_TZ=UTC 0 * * * *": cannot use both timeZone field and TZ or CRON_TZ in '
             'schedule'],
        ),
        ({"timeZone": ""}, ['timeZone: Invalid value: "": timeZone must be nil or non-empty string']),
        (
            {"timeZone": "Local"},
            ['timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in '
             'https://www.iana.org/time-zones'],
        ),
        ({"timeZone": "Europe/Atlantis"}, ['timeZone: Invalid value: "Europe/Atlantis": unknown time zone Europe/Atlantis']),
        ({"timeZone": "../etc/passwd"}, ['timeZone: Invalid value: "../etc/passwd": unknown time zone ../etc/passwd']),
        (
            {"concurrencyPolicy": "Queue"},
            ['concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"'],
        ),
        (
            {"startingDeadlineSeconds": -1, "failedJobsHistoryLimit": -1},
            ["startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
             "failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"jobTemplate": {"spec": JOB["spec"] | {"selector": {}, "manualSelector": True}}},
            ["jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated",
             'jobTemplate.spec.manualSelector: Unsupported value: "true": supported values: "nil", "false"'],
        ),
        (
            {"jobTemplate": {"spec": {"template": {"spec": pod_spec()}}}},
            ['jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_broken_rule_is_told(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(CRON_JOBS, cron_job(**fields)) == [f"spec.{problem}" for problem in found]


def test_a_name_leaves_room_for_those_of_the_jobs() -> None:
    name = "x" * 53
    (told,) = problems(CRON_JOBS, cron_job() | {"metadata": {"name": name}})
    assert told == f'metadata.name: Invalid value: "{name}": must be no more than 52 characters'
    assert problems(CRON_JOBS, cron_job() | {"metadata": {"name": name[:52]}}) == []
