"""Structs shared with C: the check that both sides agree."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from dataplane.bpf import compiler
from dataplane.bpf.bytecode import Compiled, MapDefinition, from_json, to_json
from dataplane.bpf.layout import LayoutError, check
from tests.support.testrun import CACHE


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return compiler.compiled(CACHE)


def test_what_was_compiled_is_laid_out_as_python_thinks(compiled: Compiled) -> None:
    check(compiled.maps)


def changed(maps: dict[str, MapDefinition], **fields: object) -> dict[str, MapDefinition]:
    return {**maps, "services": replace(maps["services"], **fields)}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"value_size": 16}, "services value: 16 bytes in C, 12 in Python", id="size"),
        pytest.param(
            {"value": ["service", [["count", "unsigned int"], ["id", "unsigned int"], ["generation", "int"]], "struct"]},
            "services value: fields in C",
            id="order",
        ),
    ],
)
def test_a_struct_that_differs_is_named(compiled: Compiled, fields: dict[str, object], words: str) -> None:
    with pytest.raises(LayoutError, match=words):
        check(changed(compiled.maps, **fields))


def test_a_map_known_on_one_side_only_is_named(compiled: Compiled) -> None:
    with pytest.raises(LayoutError, match="flows"):
        check({name: each for name, each in compiled.maps.items() if name != "flows"})


def test_compiled_programs_survive_being_kept(compiled: Compiled) -> None:
    assert from_json(to_json(compiled)) == compiled


def test_the_schema_of_maps_changes_with_their_definition_only(compiled: Compiled) -> None:
    other = dataclasses.replace(compiled, maps=changed(compiled.maps, entries=1))
    assert compiled.schema(["services"]) != other.schema(["services"])
    assert compiled.schema(["flows"]) == other.schema(["flows"])
