"""Whatever schema a definition has and whatever a client sends: content takes its shape once, and is judged."""

from __future__ import annotations

import copy
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.api.custom.schema import compile_schema
from controlplane.api.errors import Problem
from controlplane.api.rules.places import Place
from controlplane.api.rules.schemas import check_schema
from tests.support.custom import schema

Doc = dict[str, Any]

_NAMES = st.sampled_from(["a", "b", "c"])
_SCALARS: st.SearchStrategy[Doc] = st.sampled_from([
    {"type": "string"}, {"type": "string", "default": "x"}, {"type": "string", "nullable": True, "default": "x"},
    {"type": "integer", "default": 3}, {"type": "integer", "minimum": 2}, {"type": "boolean"}, {"type": "number"},
    {"x-kubernetes-int-or-string": True}, {"x-kubernetes-preserve-unknown-fields": True},
])  # fmt: skip


def _objects(inner: st.SearchStrategy[Doc]) -> st.SearchStrategy[Doc]:
    fields = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(_NAMES, inner, max_size=3)},
        optional={"default": st.just({}), "x-kubernetes-preserve-unknown-fields": st.just(True), "nullable": st.booleans()},
    )
    maps = st.fixed_dictionaries({"type": st.just("object"), "additionalProperties": inner})
    lists = st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"default": st.just([])})
    return fields | maps | lists


_SCHEMAS = st.recursive(_SCALARS, _objects, max_leaves=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.just("z"), inner, max_size=3),
    max_leaves=10,
)
_CONTENT = st.dictionaries(_NAMES | st.just("z"), _VALUES, max_size=3)


def _root(fields: dict[str, Doc]) -> Doc:
    return {"type": "object", "properties": fields}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_NAMES, _SCHEMAS, max_size=3), _CONTENT)
def test_content_takes_its_shape_once(fields: dict[str, Doc], content: Doc) -> None:
    compiled = compile_schema(schema(_root(fields)))
    compiled.complete(content)
    once = copy.deepcopy(content)
    assert compiled.complete(content) == [], "nothing is unknown any more, so strict validation has nothing to refuse"
    assert content == once
    assert orjson.loads(orjson.dumps(content)) == once


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_NAMES, _SCHEMAS, max_size=3), _CONTENT)
def test_content_is_judged_and_left_as_it_is(fields: dict[str, Doc], content: Doc) -> None:
    before = copy.deepcopy(content)
    problems = compile_schema(schema(_root(fields))).problems(content)
    assert content == before
    assert all(problem.path and problem.message and problem.reason for problem in problems)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_NAMES, _SCHEMAS, max_size=3))
def test_the_defaults_of_a_sound_schema_are_sound(fields: dict[str, Doc]) -> None:
    found: list[Problem] = []
    made = schema(_root(fields))
    check_schema(Place.root(found), "schema", made)
    if found:
        return
    content: Doc = {}
    compiled = compile_schema(made)
    compiled.complete(content)
    assert compiled.problems(content) == []
