"""Which kinds there are, and how definitions change that."""

from __future__ import annotations

import pytest

from controlplane.api import names, registry
from controlplane.api.catalogue import Catalogue
from controlplane.api.objects import copy_of
from tests.support.builders import make_pod
from tests.support.custom import GROUP, cron_tab, custom_object, definition, established, kind_of, version


def test_a_definition_is_found_by_its_resource_and_by_every_served_version() -> None:
    catalogue = Catalogue()
    versions = (version("v1"), version("v1beta1", storage=False), version("v1alpha1", storage=False, served=False))
    kind = catalogue.define(established("crontabs", "CronTab", *versions))
    assert catalogue.by_resource("crontabs.stable.example.com") is kind
    assert catalogue.by_type(f"{GROUP}/v1", "CronTab") is catalogue.by_type(f"{GROUP}/v1beta1", "CronTab") is kind
    assert catalogue.by_type(f"{GROUP}/v1alpha1", "CronTab") is None
    assert catalogue.kind_of(custom_object(cron_tab())) is kind
    assert catalogue.kind_of(make_pod("a")) is registry.PODS


def test_only_established_definitions_are_served() -> None:
    catalogue = Catalogue()
    assert catalogue.define(definition()) is None
    assert catalogue.custom == []


def test_a_change_of_status_alone_leaves_the_kind_as_it_is() -> None:
    catalogue, made = Catalogue(), established()
    kind = catalogue.define(made)
    other = copy_of(made)
    other.status.conditions[0].message = "another"
    assert catalogue.define(other) is kind
    other.spec.names.categories.append("all")
    other.status.accepted_names.categories.append("all")
    assert catalogue.define(other) is not kind


def test_a_kind_whose_stored_version_is_not_served_is_shown_in_the_preferred_one() -> None:
    versions = (version("v1", served=False), version("v1beta1", storage=False), version("v2", storage=False))
    kind = kind_of("crontabs", "CronTab", *versions)
    assert kind.api_version == f"{GROUP}/v2"
    assert kind.older == (f"{GROUP}/v1beta1",)
    assert kind.stored_as == f"{GROUP}/v1"


def test_without_a_served_version_objects_can_only_be_read_and_removed() -> None:
    assert "create" not in kind_of("crontabs", "CronTab", version(served=False)).verbs


def test_an_object_of_an_unknown_kind_has_none() -> None:
    with pytest.raises(KeyError, match="CronTab"):
        Catalogue().kind_of(custom_object(cron_tab()))


def test_stable_versions_go_before_others() -> None:
    versions = ["foo1", "v12alpha1", "v1", "v11beta2", "v10", "v3beta1", "v2", "foo10", "v11alpha2", "v10beta3"]
    assert sorted(versions, key=names.by_preference) == [
        "v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10",
    ]  # fmt: skip
