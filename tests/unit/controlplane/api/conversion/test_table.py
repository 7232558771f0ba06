"""Every kind in every version that it had."""

import copy
from typing import Any

import pytest

from controlplane.api import batch_defaults, codec, defaults, registry, validation
from controlplane.api.conversion import table
from controlplane.api.errors import BadRequest
from controlplane.api.kind import Kind
from tests.unit.controlplane.api.conversion.manifests import MANIFESTS, manifest

KINDS = (*registry.KINDS, *registry.BODIES)
VERSIONS = [pytest.param(kind, version, id=f"{version} {kind.name}") for kind in KINDS for version in kind.older]


def holds(whole: object, part: object) -> bool:
    """Whether all that `part` says, `whole` says too."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and holds(whole[name], inner) for name, inner in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(holds, whole, part))
    return whole == part


def test_there_is_a_manifest_for_every_version() -> None:
    assert set(MANIFESTS) == {(kind.name, version) for kind in KINDS for version in kind.older}


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
def test_an_old_manifest_goes_in_without_a_word_lost(kind: Kind[Any], version: str) -> None:
    decoded = codec.decode(None, manifest(kind.name, version, namespaced=kind.namespaced))
    assert decoded.unknown == ()
    obj: Any = decoded.obj
    assert isinstance(obj, kind.message)
    defaults.apply_defaults(kind, obj)
    if kind is registry.JOBS:
        batch_defaults.generate_selector(obj)
    # The request in it is no real one; what is checked here is all the rest.
    problems = [one for one in validation.problems_of(kind, obj) if one.path != "spec.request"]
    assert problems == []


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
def test_what_came_in_goes_out_as_it_was(kind: Kind[Any], version: str) -> None:
    document = manifest(kind.name, version, namespaced=kind.namespaced)
    obj = codec.from_dict(None, document)
    out = codec.to_dict(kind, obj, api_version=version)
    again = codec.from_dict(None, out)
    assert again == obj
    assert codec.to_dict(kind, again, api_version=version) == out
    if kind is not registry.CUSTOM_RESOURCE_DEFINITIONS:  # whose schema is completed
        assert holds(out, document)


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
def test_what_is_converted_is_left_as_it_is(kind: Kind[Any], version: str) -> None:
    document = manifest(kind.name, version, namespaced=kind.namespaced)
    before = copy.deepcopy(document)
    current = table.to_current(kind, document)
    assert document == before
    before = copy.deepcopy(current)
    table.from_current(kind, current, version)
    assert current == before


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
def test_a_document_without_anything_in_it_is_converted(kind: Kind[Any], version: str) -> None:
    for spec in ({}, {"spec": None}, {"spec": []}, {"spec": {"template": 3}, "status": "x", "metadata": None}):
        document = {"apiVersion": version, "kind": kind.name} | spec
        current = table.to_current(kind, document)
        assert (current["apiVersion"], current["kind"]) == (kind.api_version, kind.name)
        assert table.from_current(kind, current, version)["apiVersion"] == version


@pytest.mark.parametrize(
    ("kind", "version", "told"),
    [
        (registry.DEPLOYMENTS, "extensions/v1beta1",
         "extensions/v1beta1 Deployment is deprecated; use apps/v1 Deployment"),
        (registry.CRON_JOBS, "batch/v1beta1", "batch/v1beta1 CronJob is deprecated; use batch/v1 CronJob"),
        (registry.HORIZONTAL_POD_AUTOSCALERS, "autoscaling/v1", None),
        (registry.EVENTS, "events.k8s.io/v1", None),
        (registry.DEPLOYMENTS, "apps/v1", None),
    ],
)  # fmt: skip
def test_who_writes_a_version_of_yesterday_is_told(kind: Kind[Any], version: str, told: str | None) -> None:
    assert table.deprecation(kind, version) == told
    if version != kind.api_version:
        assert codec.decode(kind, manifest(kind.name, version)).warnings == ((told,) if told else ())


def test_a_version_that_never_was_is_refused() -> None:
    with pytest.raises(BadRequest, match='no matches for kind "Deployment" in version "apps/v1beta3"'):
        codec.from_dict(None, {"apiVersion": "apps/v1beta3", "kind": "Deployment"})
    with pytest.raises(BadRequest, match="apiVersion: must be apps/v1, not apps/v1beta3"):
        codec.from_dict(registry.DEPLOYMENTS, {"apiVersion": "apps/v1beta3", "kind": "Deployment"})
    obj = codec.from_dict(registry.DEPLOYMENTS, {})
    with pytest.raises(BadRequest, match="Deployment has no version apps/v2; it has apps/v1, apps/v1beta2"):
        codec.to_dict(registry.DEPLOYMENTS, obj, api_version="apps/v2")
