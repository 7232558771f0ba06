"""What the server makes of the kinds that run pods."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.api import codec, errors, registry
from controlplane.api.kind import Kind
from controlplane.client.client import Client

LABELS = {"app": "web"}
POD = {"containers": [{"name": "web", "image": "nginx:1.27"}]}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}
SELECTING = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
ONCE = {"spec": POD | {"restartPolicy": "Never"}}
STATUS = {"observedGeneration": 7}

SPECS = [
    pytest.param(registry.STATEFUL_SETS, SELECTING, {"replicas": 3}, id="StatefulSet"),
    pytest.param(registry.DAEMON_SETS, SELECTING, {"minReadySeconds": 3}, id="DaemonSet"),
    pytest.param(registry.REPLICATION_CONTROLLERS, {"template": TEMPLATE}, {"replicas": 3}, id="ReplicationController"),
    pytest.param(registry.JOBS, {"template": ONCE}, {"parallelism": 3}, id="Job"),
    pytest.param(registry.CRON_JOBS, {"schedule": "@daily", "jobTemplate": {"spec": {"template": ONCE}}},
                 {"suspend": True}, id="CronJob"),
    pytest.param(registry.POD_DISRUPTION_BUDGETS, {"minAvailable": 1}, {"minAvailable": 2}, id="PodDisruptionBudget"),
]  # fmt: skip


def make(kind: Kind[Any], **fields: Any) -> Any:
    return codec.from_dict(kind, {"metadata": {"name": "web", "namespace": "default"}} | fields)


@pytest.mark.parametrize(("kind", "spec", "change"), SPECS)
async def test_a_generation_counts_what_is_wanted_and_the_status_is_the_systems(
    client: Client, kind: Kind[Any], spec: dict[str, Any], change: dict[str, Any]
) -> None:
    status = {} if kind is registry.CRON_JOBS or kind is registry.JOBS else {"status": STATUS}
    made = await client.create(make(kind, spec=spec, **status))
    assert made.metadata.generation == 1
    assert getattr(made.status, "observed_generation", 0) == 0
    labelled = await client.patch(kind, "web", "default", {"metadata": {"labels": {"a": "b"}}})
    assert labelled.metadata.generation == 1
    changed = await client.patch(kind, "web", "default", {"spec": change})
    assert changed.metadata.generation == 2


async def test_a_pod_template_counts_its_generations_too(client: Client) -> None:
    made = await client.create(make(registry.POD_TEMPLATES, template=TEMPLATE))
    assert made.metadata.generation == 1
    made.template.spec.containers[0].image = "nginx:1.28"
    assert (await client.update(made)).metadata.generation == 2


async def test_a_job_gets_a_selector_for_its_own_pods(client: Client) -> None:
    job = await client.create(make(registry.JOBS, spec={"template": ONCE}))
    own = {"batch.kubernetes.io/controller-uid": job.metadata.uid}
    assert dict(job.spec.selector.match_labels) == own
    assert dict(job.spec.template.metadata.labels) == own | {
        "batch.kubernetes.io/job-name": "web",
        "controller-uid": job.metadata.uid,
        "job-name": "web",
    }
    job.spec.suspend = True
    assert (await client.update(job)).spec.suspend


async def test_jobs_of_a_generated_name_are_labelled_with_it(client: Client) -> None:
    job = make(registry.JOBS, spec={"template": ONCE})
    job.metadata.name, job.metadata.generate_name = "", "web-"
    made = await client.create(job)
    assert made.spec.template.metadata.labels["batch.kubernetes.io/job-name"] == made.metadata.name


async def test_a_job_does_not_become_another(client: Client) -> None:
    job = await client.create(make(registry.JOBS, spec={"template": ONCE}))
    job.spec.template.spec.containers[0].image = "nginx:2"
    job.spec.completions = 5
    with pytest.raises(errors.Invalid) as refused:
        await client.update(job)
    assert [problem.path for problem in refused.value.problems] == ["spec.completions", "spec.template"]


async def test_an_autoscaler_that_says_nothing_aims_for_cpu(client: Client) -> None:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3}
    made = await client.create(make(registry.HORIZONTAL_POD_AUTOSCALERS, spec=spec))
    assert made.spec.min_replicas == 1
    assert made.spec.metrics[0].resource.target.average_utilization == 80
