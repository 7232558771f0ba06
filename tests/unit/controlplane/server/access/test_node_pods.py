"""Which objects concern a node, as pods come, are bound, change and go."""

from __future__ import annotations

import pytest

from controlplane.api.objects import Key, copy_of
from controlplane.server.access.node_pods import NodePods
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta
from tests.support.builders import make_pod
from tests.support.caches import FilledCache


def pod(name: str, node: str = "", *, secret: str = "", claim: str = "") -> core.Pod:
    made = make_pod(name=name, node=node)
    if secret:
        made.spec.volumes.add(name="s").volume_source.secret.secret_name = secret
    if claim:
        made.spec.volumes.add(name="c").volume_source.persistent_volume_claim.claim_name = claim
    return made


def key(name: str, namespace: str = "default") -> Key:
    return Key(namespace, name)


def test_an_object_concerns_the_node_from_the_binding_to_the_end() -> None:
    filled = FilledCache()
    pods = NodePods(filled.cache)
    pending = pod("web", secret="s")
    filled.put(pending)
    assert not pods.concerns("n1", "secrets", key("s"))
    bound = pod("web", "n1", secret="s")
    filled.put(bound)
    assert pods.concerns("n1", "secrets", key("s"))
    assert pods.concerns("n1", "pods", key("web"))
    assert not pods.concerns("n2", "secrets", key("s"))
    assert not pods.concerns("n1", "secrets", key("s", "other"))
    assert not pods.concerns("n1", "configmaps", key("s"))
    filled.remove(bound)
    assert not pods.concerns("n1", "secrets", key("s"))
    assert not pods.concerns("n1", "pods", key("web"))


def test_a_changed_pod_is_read_again() -> None:
    before = pod("web", "n1", secret="old")
    filled = FilledCache(before)
    pods = NodePods(filled.cache)
    assert pods.concerns("n1", "secrets", key("old"))
    after = copy_of(before)
    after.spec.volumes[0].volume_source.secret.secret_name = "new"
    filled.put(after)
    assert pods.concerns("n1", "secrets", key("new"))
    assert not pods.concerns("n1", "secrets", key("old"))


def test_another_pod_keeps_what_both_name() -> None:
    first, second = pod("a", "n1", secret="s"), pod("b", "n1", secret="s")
    filled = FilledCache(first, second)
    pods = NodePods(filled.cache)
    filled.remove(first)
    assert pods.concerns("n1", "secrets", key("s"))


def test_a_cache_that_was_read_anew_is_read_anew() -> None:
    filled = FilledCache(pod("a", "n1", secret="s"))
    pods = NodePods(filled.cache)
    assert pods.concerns("n1", "secrets", key("s"))
    filled.read_anew()
    assert pods.concerns("n1", "secrets", key("s"))


@pytest.mark.parametrize(("volume", "expected"), [("disk", True), ("other", False), ("", False)])
def test_a_volume_concerns_the_node_whose_pod_has_its_claim(volume: str, expected: bool) -> None:
    claim = core.PersistentVolumeClaim(metadata=meta.ObjectMeta(name="data", namespace="default"))
    claim.spec.volume_name = "disk"
    filled = FilledCache(pod("db", "n1", claim="data"), claim)
    pods = NodePods(filled.cache)
    assert pods.concerns("n1", "persistentvolumeclaims", key("data"))
    assert pods.concerns("n1", "persistentvolumes", Key("", volume)) is expected
    assert not pods.concerns("n2", "persistentvolumes", Key("", volume))
