"""Rollouts: hashes, revisions, undo, and kubectl's words."""

from __future__ import annotations

import re

import pytest

from controlplane.api import rollouts
from controlplane.api.rollouts import CHANGE_CAUSE, POD_TEMPLATE_HASH, REVISION, RolloutError
from protos.v1 import apps_pb2 as apps
from tests.support.builders import make_deployment, make_replica_set, make_template


def test_the_hash_is_safe_text_and_the_same_for_equal_templates() -> None:
    one, two = make_template(labels={"a": "1", "b": "2"}), make_template(labels={"b": "2", "a": "1"})
    assert rollouts.template_hash(one) == rollouts.template_hash(two)
    assert re.fullmatch("[bcdf-hj-np-tv-xz24-9]{1,10}", rollouts.template_hash(one))


def test_the_hash_differs_for_another_template_and_after_a_collision() -> None:
    template = make_template()
    hashes = {rollouts.template_hash(template), rollouts.template_hash(template, 1), rollouts.template_hash(template, 2)}
    assert len(hashes | {rollouts.template_hash(make_template(image="nginx:2"))}) == 4


def test_the_hash_label_changes_neither_the_hash_nor_the_comparison() -> None:
    plain, labelled = make_template(), make_template(labels={"app": "web", POD_TEMPLATE_HASH: "abc"})
    assert rollouts.template_hash(plain) == rollouts.template_hash(labelled)
    assert rollouts.same_template(plain, labelled)
    assert POD_TEMPLATE_HASH in labelled.metadata.labels
    assert not rollouts.same_template(plain, make_template(image="nginx:2"))


def _status(*, updated: int, total: int, available: int, generation: int = 1, reason: str = "") -> apps.Deployment:
    deployment = make_deployment(replicas=3, annotations={REVISION: "2"})
    deployment.status.observed_generation = generation
    deployment.status.replicas, deployment.status.updated_replicas = total, updated
    deployment.status.available_replicas = available
    if reason:
        deployment.status.conditions.add(type="Progressing", status="False", reason=reason)
    return deployment


@pytest.mark.parametrize(
    ("deployment", "message", "done"),
    [
        pytest.param(
            _status(updated=0, total=0, available=0, generation=0),
            "Waiting for deployment spec update to be observed...", False, id="not seen yet"),
        pytest.param(
            _status(updated=1, total=4, available=3),
            'Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...', False,
            id="updating"),
        pytest.param(
            _status(updated=3, total=4, available=3),
            'Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...', False,
            id="terminating"),
        pytest.param(
            _status(updated=3, total=3, available=2),
            'Waiting for deployment "web" rollout to finish: 2 of 3 updated replicas are available...', False,
            id="becoming available"),
        pytest.param(
            _status(updated=3, total=3, available=3), 'deployment "web" successfully rolled out', True, id="done"),
    ],
)  # fmt: skip
def test_the_status_message_says_what_is_missing(deployment: apps.Deployment, message: str, done: bool) -> None:
    assert rollouts.status_message(deployment) == (message, done)


def test_a_passed_deadline_or_another_revision_is_an_error() -> None:
    late = _status(updated=1, total=4, available=3, reason="ProgressDeadlineExceeded")
    with pytest.raises(RolloutError, match=r'^deployment "web" exceeded its progress deadline$'):
        rollouts.status_message(late)
    with pytest.raises(RolloutError, match=r"^desired revision \(1\) is different from the running revision \(2\)$"):
        rollouts.status_message(_status(updated=3, total=3, available=3), 1)


def _with_history() -> tuple[apps.Deployment, list[apps.ReplicaSet]]:
    deployment = make_deployment(image="nginx:3", annotations={REVISION: "3", CHANGE_CAUSE: "third"})
    sets = [
        make_replica_set(
            f"web-{number}", image=f"nginx:{number}", template_hash=f"h{number}", owner=deployment, revision=number,
            annotations={CHANGE_CAUSE: f"cause {number}"})
        for number in (3, 1, 2)
    ]  # fmt: skip
    return deployment, [*sets, make_replica_set("other", revision=9)]


def test_history_lists_own_revisions_in_order_with_their_cause() -> None:
    entries = rollouts.history(*_with_history())
    assert [(entry.number, entry.change_cause) for entry in entries] == [(1, "cause 1"), (2, "cause 2"), (3, "cause 3")]
    assert POD_TEMPLATE_HASH not in entries[0].template.metadata.labels


@pytest.mark.parametrize(("to_revision", "image"), [(0, "nginx:2"), (1, "nginx:1"), (3, "nginx:3")])
def test_undo_goes_to_the_previous_or_the_wanted_revision(to_revision: int, image: str) -> None:
    deployment, sets = _with_history()
    entry = rollouts.undo_template(deployment, sets, to_revision)
    fresh = rollouts.roll_back(deployment, entry)
    assert fresh.spec.template.spec.containers[0].image == image
    assert fresh.metadata.annotations[CHANGE_CAUSE] == f"cause {entry.number}"
    assert fresh.metadata.annotations[REVISION] == "3"
    assert rollouts.is_current(deployment, entry) == (to_revision == 3)


def test_undo_refuses_what_is_not_there() -> None:
    deployment, sets = _with_history()
    with pytest.raises(RolloutError, match="unable to find specified revision 7 in history"):
        rollouts.undo_template(deployment, sets, 7)
    with pytest.raises(RolloutError, match='no rollout history found for deployment "web"'):
        rollouts.undo_template(deployment, sets[:1])
    deployment.spec.paused = True
    with pytest.raises(RolloutError, match="paused"):
        rollouts.undo_template(deployment, sets)
