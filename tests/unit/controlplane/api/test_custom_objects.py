"""Custom objects between their stored bytes, their documents and their schema."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.api import codec, custom_objects, errors, validation
from controlplane.api.objects import copy_of
from controlplane.api.parts import content_of
from tests.support.custom import GROUP, cron_tab, custom_object, kind_of, version

KIND = kind_of("crontabs", "CronTab", version("v1"), version("v1beta1", storage=False, deprecated=True))


def test_a_custom_object_is_its_document() -> None:
    document = cron_tab(status={"replicas": 1}, extra={"a": [None, 1.5]})
    obj = custom_object(document)
    assert codec.to_dict(KIND, obj) == document
    assert codec.from_dict(KIND, cron_tab()) == codec.from_dict(KIND, codec.to_dict(KIND, codec.from_dict(KIND, cron_tab())))


def test_a_document_is_read_by_its_schema() -> None:
    decoded = codec.decode(KIND, cron_tab(spec={"cronSpec": "* * * * *", "replicass": 2}) | {"colour": "red"})
    assert decoded.warnings == ('unknown field "colour"', 'unknown field "spec.replicass"')
    with pytest.raises(errors.BadRequest, match=r'unknown field "metadata.nam"; did you mean "name"'):
        codec.from_dict(KIND, cron_tab() | {"metadata": {"nam": "x"}})
    with pytest.raises(errors.BadRequest, match=r"apiVersion: must be stable.example.com/v1, not v1"):
        codec.from_dict(KIND, cron_tab(api_version="v1"))


def test_equal_contents_are_equal_bytes() -> None:
    one, other = (custom_object({**cron_tab(), "spec": spec}) for spec in ({"a": 1, "b": 2}, {"b": 2, "a": 1}))
    assert one == other


def test_stored_bytes_are_shown_as_the_kind_is_now() -> None:
    old: dict[str, Any] = cron_tab(api_version=f"{GROUP}/v1beta1", spec={"cronSpec": "* * * * *", "gone": 1})
    shown = type(custom_object(old)).FromString(custom_objects.as_read(KIND, custom_object(old).SerializeToString()))
    assert shown.api_version == f"{GROUP}/v1"
    assert content_of(shown)["spec"] == {"cronSpec": "* * * * *", "image": "busybox", "replicas": 1}
    value = shown.SerializeToString()
    assert custom_objects.as_read(KIND, value) is value, "what is up to date is not encoded again"


def test_only_what_is_newly_wrong_holds_an_update_up() -> None:
    old = codec.from_dict(KIND, cron_tab(spec={"cronSpec": "* * * * *", "replicas": 50}))
    new = codec.from_dict(KIND, cron_tab(spec={"cronSpec": "never", "replicas": 50}))
    assert [problem.path for problem in validation.creation_problems(KIND, new)] == ["spec.cronSpec", "spec.replicas"]
    assert [problem.path for problem in validation.update_problems(KIND, old, new)] == ["spec.cronSpec"]
    assert validation.update_problems(KIND, old, copy_of(old)) == []


def test_a_deprecated_version_is_warned_of() -> None:
    told = custom_objects.deprecation(KIND, f"{GROUP}/v1beta1")
    assert told == f"{GROUP}/v1beta1 CronTab is deprecated; use {GROUP}/v1 CronTab"
    assert custom_objects.deprecation(KIND, f"{GROUP}/v1") == ""
