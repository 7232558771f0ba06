"""What the server owns of an object, and what its writer does."""

from __future__ import annotations

import pytest

from controlplane.api import errors, registry
from controlplane.api.objects import copy_of
from controlplane.server import strategy
from protos.v1 import certificates_pb2 as certificates
from protos.v1 import meta_pb2 as meta
from tests.support.builders import make_deployment, make_node, make_pod

NOW = 1_800_000_000.0


def test_a_creator_cannot_choose_what_the_server_owns() -> None:
    pod = make_pod(name="a", uid="mine")
    pod.metadata.deletion_timestamp.seconds = 5
    pod.status.phase = "Running"
    strategy.prepare_create(registry.PODS, pod, uid="given", now=NOW)
    assert pod.metadata.uid == "given"
    assert not pod.metadata.HasField("deletion_timestamp")
    assert pod.metadata.creation_timestamp.seconds == int(NOW)
    assert pod.status.phase == "Pending"


def test_an_agent_reports_its_nodes_status_along_with_the_node() -> None:
    node = make_node(name="n")
    node.status.node_info.kernel_version = "6.18"
    strategy.prepare_create(registry.NODES, node, uid="u", now=NOW)
    assert node.status.node_info.kernel_version == "6.18"


def test_an_update_of_the_spec_keeps_identity_and_status() -> None:
    old = make_deployment(name="web", replicas=1)
    old.status.replicas = 1
    new = copy_of(old)
    new.spec.replicas = 5
    new.status.replicas = 99
    new.metadata.creation_timestamp.seconds = 1
    result = strategy.prepare_update(registry.DEPLOYMENTS, old, new, subresource="")
    assert (result.spec.replicas, result.status.replicas) == (5, 1)
    assert result.metadata.creation_timestamp == old.metadata.creation_timestamp
    strategy.count_generation(registry.DEPLOYMENTS, old, result)
    assert result.metadata.generation == old.metadata.generation + 1


def test_labels_do_not_count_as_a_generation() -> None:
    old = make_deployment(name="web")
    new = copy_of(old)
    new.metadata.labels["tier"] = "x"
    result = strategy.prepare_update(registry.DEPLOYMENTS, old, new, subresource="")
    strategy.count_generation(registry.DEPLOYMENTS, old, result)
    assert result.metadata.generation == old.metadata.generation


def test_an_update_of_the_status_keeps_the_spec() -> None:
    old = make_deployment(name="web", replicas=1)
    new = copy_of(old)
    new.spec.replicas = 5
    new.status.replicas = 1
    result = strategy.prepare_update(registry.DEPLOYMENTS, old, new, subresource="status")
    assert (result.spec.replicas, result.status.replicas) == (1, 1)


def test_another_objects_uid_is_refused() -> None:
    old, new = make_pod(name="a", uid="one"), make_pod(name="a", uid="two")
    with pytest.raises(errors.Conflict, match="another has its name"):
        strategy.prepare_update(registry.PODS, old, new, subresource="")


def test_an_ending_object_takes_no_new_finalizers() -> None:
    old = make_pod(name="a", deleted=NOW)
    old.metadata.finalizers.append("one")
    new = copy_of(old)
    new.metadata.finalizers.append("two")
    with pytest.raises(errors.Invalid, match="no new finalizers"):
        strategy.prepare_update(registry.PODS, old, new, subresource="")


@pytest.mark.parametrize(
    ("node", "phase", "asked", "grace"),
    [
        pytest.param("", "Pending", None, 0, id="not on a node yet"),
        pytest.param("n", "Running", None, 30, id="the pod's own grace"),
        pytest.param("n", "Running", 5, 5, id="what was asked for"),
        pytest.param("n", "Succeeded", None, 0, id="over already"),
    ],
)
def test_grace_is_for_pods_that_run(node: str, phase: str, asked: int | None, grace: int) -> None:
    pod = make_pod(name="a", node=node, phase=phase)
    assert strategy.grace_of(pod, meta.DeleteOptions(grace_period_seconds=asked)) == grace


def test_asking_again_only_brings_the_end_nearer() -> None:
    pod = make_pod(name="a", node="n")
    strategy.mark_terminating(pod, grace_seconds=30, propagation="", now=NOW)
    strategy.mark_terminating(pod, grace_seconds=60, propagation="", now=NOW)
    assert pod.metadata.deletion_timestamp.seconds == int(NOW) + 30
    strategy.mark_terminating(pod, grace_seconds=0, propagation="", now=NOW)
    assert strategy.may_go(pod)


def test_dependants_are_orphaned_by_a_finalizer() -> None:
    deployment = make_deployment(name="web")
    strategy.mark_terminating(deployment, grace_seconds=0, propagation="Orphan", now=NOW)
    assert list(deployment.metadata.finalizers) == [strategy.ORPHAN]
    assert not strategy.may_go(deployment)


def test_a_generated_name_stays_within_the_limit() -> None:
    assert len(strategy.name_from("x" * 300, "abcde")) == 253


def test_who_asked_for_a_certificate_stays_whatever_an_update_says() -> None:
    old = certificates.CertificateSigningRequest()
    old.spec.username, old.spec.signer_name = "anna", "example.com/signer"
    old.spec.groups.append("staff")
    old.spec.extra["a"].items.append("b")
    new = copy_of(old)
    new.spec.username = "berta"
    new.spec.ClearField("groups")
    new.spec.extra["a"].items[:] = ["c"]
    new.metadata.labels["a"] = "b"
    result = strategy.prepare_update(registry.CERTIFICATE_SIGNING_REQUESTS, old, new, subresource="")
    assert result.spec == old.spec
    assert result.metadata.labels == {"a": "b"}
