"""Deployments: revisions, history, strategies and conditions. Orders of events are searched in tests/properties."""

from __future__ import annotations

import pytest

from controlplane.api import objects, rollouts, times
from controlplane.api.objects import ApiObject, copy_of
from controlplane.api.rollouts import CHANGE_CAUSE, DESIRED_REPLICAS, MAX_REPLICAS, REVISION, REVISION_HISTORY
from controlplane.controllers.deployment import plan_deployment
from controlplane.controllers.plan import Plan
from protos.v1 import apps_pb2 as apps
from tests.support.builders import CREATED, make_deployment, make_pod, make_replica_set
from tests.support.simulation import LaggingView, Store

NOW = CREATED + 1000


def plan_for(deployment: apps.Deployment, *others: ApiObject, now: float = NOW) -> Plan:
    return plan_deployment(deployment, LaggingView(Store(deployment, *others)), now)


def replica_set(
    deployment: apps.Deployment, image: str, replicas: int, *, revision: int, available: int | None = None
) -> apps.ReplicaSet:
    """As the controller made it for that image."""
    template = copy_of(deployment)
    template.spec.template.spec.containers[0].image = image
    suffix = rollouts.template_hash(template.spec.template)
    count = replicas if available is None else available
    return make_replica_set(
        f"{deployment.metadata.name}-{suffix}", replicas=replicas, image=image, template_hash=suffix, owner=deployment,
        revision=revision, actual=replicas, ready=count, available=count, created=CREATED + revision,
        annotations={DESIRED_REPLICAS: str(deployment.spec.replicas), MAX_REPLICAS: "4"})  # fmt: skip


def resized(plan: Plan, *sets: apps.ReplicaSet) -> dict[str, int]:
    """The new sizes of those whose size the plan changes."""
    before = {rs.metadata.name: rs.spec.replicas for rs in sets}
    after = {obj.metadata.name: obj.spec.replicas for obj in plan.updates if isinstance(obj, apps.ReplicaSet)}
    return {name: size for name, size in after.items() if size != before[name]}


def test_the_first_replica_set_is_named_by_hash_and_has_all_replicas() -> None:
    deployment = make_deployment(replicas=3, annotations={CHANGE_CAUSE: "first", rollouts.LAST_APPLIED: "{}"})
    plan = plan_for(deployment)
    (made,) = plan.creates
    assert isinstance(made, apps.ReplicaSet)
    suffix = rollouts.template_hash(deployment.spec.template)
    assert made.metadata.name == f"web-{suffix}"
    assert made.spec.replicas == 3
    for labels in (made.metadata.labels, made.spec.selector.match_labels, made.spec.template.metadata.labels):
        assert dict(labels) == {"app": "web", "pod-template-hash": suffix}
    assert dict(made.metadata.annotations) == {
        REVISION: "1", CHANGE_CAUSE: "first", DESIRED_REPLICAS: "3", MAX_REPLICAS: "4"}  # fmt: skip
    assert [(event.reason, event.message) for event in plan.events] == [
        ("ScalingReplicaSet", "Scaled up replica set {name} from 0 to 3")]  # fmt: skip


def test_a_new_template_starts_with_the_surge() -> None:
    deployment = make_deployment(replicas=4, image="nginx:2", annotations={REVISION: "1"})
    plan = plan_for(deployment, replica_set(deployment, "nginx:1", 4, revision=1))
    (made,) = plan.creates
    assert isinstance(made, apps.ReplicaSet)
    assert made.spec.replicas == 1
    assert made.metadata.annotations[REVISION] == "2"


def test_the_deployment_shows_the_revision_of_its_new_replica_set() -> None:
    deployment = make_deployment(replicas=3)
    plan = plan_for(deployment, replica_set(deployment, "nginx:1", 3, revision=1))
    (changed,) = plan.updates
    assert changed.metadata.annotations[REVISION] == "1"
    assert not plan.status_updates, "one write of the deployment at a time, or the second would conflict"


def test_old_replicas_go_as_new_ones_become_available() -> None:
    deployment = make_deployment(replicas=4, image="nginx:2", annotations={REVISION: "2"})
    old = replica_set(deployment, "nginx:1", 4, revision=1)
    new = replica_set(deployment, "nginx:2", 1, revision=2)
    plan = plan_for(deployment, old, new)
    assert resized(plan, old, new) == {old.metadata.name: 2}
    assert [event.message for event in plan.events] == [f"Scaled down replica set {old.metadata.name} from 4 to 2"]


def test_nothing_grows_while_a_replica_set_has_not_seen_its_new_size() -> None:
    deployment = make_deployment(replicas=4, image="nginx:2", annotations={REVISION: "2"})
    old = replica_set(deployment, "nginx:1", 2, revision=1)
    old.metadata.generation = 2
    new = replica_set(deployment, "nginx:2", 1, revision=2, available=0)
    assert not resized(plan_for(deployment, old, new), old, new)


def test_undo_takes_the_old_replica_set_and_gives_it_the_next_revision() -> None:
    deployment = make_deployment(replicas=3, image="nginx:1", annotations={REVISION: "2"})
    first = replica_set(deployment, "nginx:1", 0, revision=1)
    second = replica_set(deployment, "nginx:2", 3, revision=2)
    plan = plan_for(deployment, first, second)
    assert not plan.creates
    (revived,) = [obj for obj in plan.updates if obj.metadata.name == first.metadata.name]
    assert revived.metadata.annotations[REVISION] == "3"
    assert revived.metadata.annotations[REVISION_HISTORY] == "1"
    assert isinstance(revived, apps.ReplicaSet)
    assert revived.spec.replicas == 1


def test_recreate_waits_for_the_last_old_pod() -> None:
    deployment = make_deployment(replicas=2, image="nginx:2", strategy="Recreate", annotations={REVISION: "1"})
    old = replica_set(deployment, "nginx:1", 2, revision=1)
    shrunk = plan_for(deployment, old)
    assert [obj.spec.replicas for obj in shrunk.updates if isinstance(obj, apps.ReplicaSet)] == [0]
    assert not shrunk.creates
    gone = replica_set(deployment, "nginx:1", 0, revision=1)
    last = make_pod("last", owner=gone, labels=dict(gone.spec.selector.match_labels), node="n1", deleted=NOW)
    assert not plan_for(deployment, gone, last).creates
    assert len(plan_for(deployment, gone).creates) == 1


def test_a_paused_deployment_scales_but_does_not_roll() -> None:
    deployment = make_deployment(replicas=5, image="nginx:2", paused=True, annotations={REVISION: "1"})
    old = replica_set(deployment, "nginx:1", 3, revision=1)
    old.metadata.annotations[DESIRED_REPLICAS] = "3"
    plan = plan_for(deployment, old)
    assert not plan.creates
    (scaled,) = plan.updates
    assert isinstance(scaled, apps.ReplicaSet)
    assert scaled.spec.replicas == 5


def test_in_the_middle_of_a_rollout_each_keeps_its_share() -> None:
    deployment = make_deployment(replicas=20, image="nginx:2", max_surge=0, max_unavailable=2, annotations={REVISION: "2"})
    old = replica_set(deployment, "nginx:1", 6, revision=1)
    new = replica_set(deployment, "nginx:2", 4, revision=2, available=2)
    for rs in (old, new):
        rs.metadata.annotations.update({DESIRED_REPLICAS: "10", MAX_REPLICAS: "10"})
    assert resized(plan_for(deployment, old, new), old, new) == {old.metadata.name: 12, new.metadata.name: 8}


def test_history_beyond_the_limit_is_cleared_lowest_revision_first() -> None:
    deployment = make_deployment(replicas=1, image="nginx:9", revision_history_limit=2, annotations={REVISION: "5"})
    new = replica_set(deployment, "nginx:9", 1, revision=5)
    old = [replica_set(deployment, f"nginx:{n}", 0, revision=n) for n in (1, 2, 3, 4)]
    plan = plan_for(deployment, new, *old)
    assert [rollouts.revision(gone) for gone in plan.deletes] == [1, 2]


def test_a_taken_name_counts_a_collision_and_leads_to_another_hash() -> None:
    deployment = make_deployment(replicas=1)
    taken = make_replica_set(f"web-{rollouts.template_hash(deployment.spec.template)}", labels={"app": "else"})
    plan = plan_for(deployment, taken)
    assert not plan.creates
    (changed,) = plan.status_updates
    assert isinstance(changed, apps.Deployment)
    assert changed.status.collision_count == 1
    (made,) = plan_for(changed, taken).creates
    assert made.metadata.name != taken.metadata.name


def _conditions(deployment: apps.Deployment) -> dict[str, tuple[str, str]]:
    return {c.type: (c.status, c.reason) for c in deployment.status.conditions}


def _status(plan: Plan) -> apps.Deployment:
    (changed,) = plan.status_updates
    assert isinstance(changed, apps.Deployment)
    return changed


def test_conditions_follow_a_rollout_from_start_to_deadline() -> None:
    deployment = make_deployment(replicas=2, annotations={REVISION: "1"}, progress_deadline_seconds=60)
    rs = replica_set(deployment, "nginx:1", 2, revision=1, available=0)
    started = _status(plan_for(deployment, rs))
    assert _conditions(started) == {
        "Available": ("False", "MinimumReplicasUnavailable"), "Progressing": ("True", "NewReplicaSetCreated")}  # fmt: skip
    rs.status.available_replicas = rs.status.ready_replicas = 1
    moving = _status(plan_for(started, rs, now=NOW + 50))
    assert _conditions(moving)["Progressing"] == ("True", "ReplicaSetUpdated")
    waiting = plan_for(moving, rs, now=NOW + 100)
    assert not waiting.status_updates
    assert waiting.requeue_after == 11
    late = _status(plan_for(moving, rs, now=NOW + 111))
    assert _conditions(late)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    rs.status.available_replicas = rs.status.ready_replicas = 2
    done = _status(plan_for(late, rs, now=NOW + 200))
    assert _conditions(done) == {
        "Available": ("True", "MinimumReplicasAvailable"), "Progressing": ("True", "NewReplicaSetAvailable")}  # fmt: skip
    progress = objects.find_condition(done.status.conditions, "Progressing")
    assert progress is not None
    assert progress.message == f'ReplicaSet "{rs.metadata.name}" has successfully progressed.'
    assert times.to_seconds(progress.last_transition_time) == NOW + 200


def test_pause_and_resume_are_told() -> None:
    deployment = make_deployment(replicas=1, paused=True, annotations={REVISION: "1"})
    rs = replica_set(deployment, "nginx:1", 1, revision=1)
    paused = _status(plan_for(deployment, rs))
    assert _conditions(paused)["Progressing"] == ("Unknown", "DeploymentPaused")
    paused.spec.paused = False
    assert _conditions(_status(plan_for(paused, rs)))["Progressing"] == ("True", "NewReplicaSetAvailable")


@pytest.mark.parametrize(
    ("surge", "unavailable", "first", "least"),
    [("25%", "25%", 3, 8), (0, 0, 0, 9), ("50%", 0, 5, 10), (2, "20%", 2, 8)],
    ids=["rounds surge up and unavailable down", "never both zero", "surge alone", "number and percent"],
)
def test_limits_in_numbers_and_percent(surge: int | str, unavailable: int | str, first: int, least: int) -> None:
    deployment = make_deployment(
        replicas=10, image="nginx:2", max_surge=surge, max_unavailable=unavailable, annotations={REVISION: "1"})  # fmt: skip
    old = replica_set(deployment, "nginx:1", 10, revision=1)
    (made,) = plan_for(deployment, old).creates
    assert isinstance(made, apps.ReplicaSet)
    assert made.spec.replicas == first
    new = replica_set(deployment, "nginx:2", first, revision=2, available=0)
    shrunk = resized(plan_for(deployment, old, new), old, new)
    assert shrunk == ({old.metadata.name: least} if least < 10 else {})
