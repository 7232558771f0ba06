"""Which writes of an agent are refused for what they would change."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from controlplane.api import errors, registry
from controlplane.api.objects import ApiObject, copy_of, key_of
from controlplane.api.pod_references import MIRROR
from controlplane.server.admission.node_restriction import NodeRestriction
from controlplane.server.admission.review import Review
from controlplane.server.users import NODES, Caller, User
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from tests.support.builders import make_node, make_pod
from tests.support.caches import FilledCache

AGENT = Caller(User("system:node:n1", frozenset({NODES})))


def refusal(
    new: ApiObject | None, old: ApiObject | None = None, *, subresource: str = "", known: tuple[ApiObject, ...] = (),
    caller: Caller = AGENT,
) -> str:  # fmt: skip
    """Why the write is refused, or empty."""
    operation: Literal["create", "update", "delete"] = "create" if old is None else "delete" if new is None else "update"
    obj = new if new is not None else old
    assert obj is not None
    review = Review(caller, operation, registry.kind_of(obj), key_of(obj), new, old, subresource)
    try:
        NodeRestriction(FilledCache(*known).cache).complete(review)
    except errors.Forbidden as error:
        return error.message.partition(" is forbidden: ")[2]
    return ""


def node() -> core.Node:
    made = make_node(name="n1")
    made.metadata.labels.clear()
    return made


@pytest.mark.parametrize(
    ("label", "allowed"),
    [
        ("example.com/rack", True),
        ("plain", True),
        ("kubernetes.io/hostname", True),
        ("kubernetes.io/os", True),
        ("topology.kubernetes.io/zone", True),
        ("node.kubernetes.io/instance-type", True),
        ("kubelet.kubernetes.io/anything", True),
        ("x.node.kubernetes.io/anything", True),
        ("kubernetes.io/role", False),
        ("topology.kubernetes.io/rack", False),
        ("node-role.kubernetes.io/worker", False),
        ("node-restriction.kubernetes.io/a", False),
        ("k8s.io/a", False),
        ("mykubernetes.io/a", True),
    ],
)
def test_a_label_is_the_agents_own_or_not(label: str, allowed: bool) -> None:
    labelled = node()
    labelled.metadata.labels[label] = "x"
    assert (refusal(labelled) == "") is allowed
    assert (refusal(labelled, node()) == "") is allowed
    assert (refusal(node(), labelled) == "") is allowed
    assert refusal(labelled, labelled) == ""


def claim(**status: Any) -> core.PersistentVolumeClaim:
    made = core.PersistentVolumeClaim(metadata=meta.ObjectMeta(name="data", namespace="default"))
    made.spec.volume_name = "disk"
    made.status.phase = status.get("phase", "Bound")
    made.status.capacity["storage"].string = status.get("capacity", "1Gi")
    return made


def test_of_a_claim_only_the_size_and_conditions_are_reported() -> None:
    told = 'node "n1" is not allowed to update fields other than status.capacity and status.conditions'
    assert refusal(claim(capacity="2Gi"), claim(), subresource="status") == ""
    assert refusal(claim(phase="Lost"), claim(), subresource="status") == told
    relabelled = claim()
    relabelled.metadata.labels["a"] = "b"
    assert refusal(relabelled, claim(), subresource="status") == told
    assert refusal(claim(), claim()) == "may only update PVC status"


def test_a_mirror_pod_may_not_use_a_claim() -> None:
    own = make_node(name="n1")
    pod = make_pod(name="static", node="n1")
    pod.metadata.annotations[MIRROR] = "hash"
    pod.metadata.owner_references.add(api_version="v1", kind="Node", name="n1", uid=own.metadata.uid, controller=True)
    assert refusal(pod, known=(own,)) == ""
    pod.spec.volumes.add(name="v").volume_source.persistent_volume_claim.claim_name = "c"
    assert refusal(pod, known=(own,)) == 'node "n1" can not create pods that reference persistentvolumeclaims'


def test_labels_of_a_pod_do_not_change_with_its_status() -> None:
    before = make_pod(name="web", node="n1")
    after = copy_of(before)
    after.metadata.labels["steered"] = "yes"
    assert refusal(after, before, subresource="status") == 'node "n1" cannot update labels through pod status'


def test_a_pod_is_evicted_by_its_own_node() -> None:
    mine, theirs = make_pod(name="mine", node="n1"), make_pod(name="theirs", node="n2")
    known = (mine, theirs)
    assert refusal(mine, subresource="eviction", known=known) == ""
    assert (
        refusal(theirs, subresource="eviction", known=known)
        == "node n1 can only evict pods with spec.nodeName set to itself"
    )
    assert refusal(make_pod(name="gone"), subresource="eviction", known=known)


def test_other_users_are_not_its_business() -> None:
    assert refusal(make_node(name="n2"), caller=Caller(User("jane"))) == ""
