"""A part takes from a request what is its own, and leaves the rest of the object as it is stored."""

import pytest

from controlplane.api import errors, registry
from controlplane.api.objects import copy_of
from controlplane.server.subresources import updated
from protos.v1 import core_pb2 as core
from tests.support.builders import make_pod


def test_finalize_takes_a_namespaces_finalizers_alone() -> None:
    old = core.Namespace()
    old.metadata.name = "shop"
    old.spec.finalizers.append("kubernetes")
    new = copy_of(old)
    new.spec.finalizers[:] = ["example.com/mine"]
    new.metadata.labels["a"] = "b"
    new.status.phase = "Active"
    result = updated(registry.NAMESPACES, old, new, "finalize")
    assert list(result.spec.finalizers) == ["example.com/mine"]
    assert not result.metadata.labels
    assert not result.status.phase


def test_ephemeral_containers_are_taken_alone() -> None:
    old = make_pod()
    new = copy_of(old)
    new.spec.ephemeral_containers.add().ephemeral_container_common.name = "shell"
    new.spec.containers[0].image = "other:1"
    result = updated(registry.PODS, old, new, "ephemeralcontainers")
    assert [one.ephemeral_container_common.name for one in result.spec.ephemeral_containers] == ["shell"]
    assert result.spec.containers[0].image == old.spec.containers[0].image


@pytest.mark.parametrize(
    ("kind", "subresource"),
    [(registry.PODS, "approval"), (registry.PODS, "finalize"), (registry.CONFIG_MAPS, "status"), (registry.PODS, "log")],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_other_parts_are_not_there(kind: registry.Kind[core.Pod], subresource: str) -> None:
    with pytest.raises(errors.NotFound, match=f'{kind.resource} has no subresource "{subresource}"'):
        updated(kind, make_pod(), make_pod(), subresource)
