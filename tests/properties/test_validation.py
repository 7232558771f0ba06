"""Whatever a client sends, validation answers; and what it accepts reads well."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.api import codec, defaults, support, validation
from controlplane.api.errors import Problem
from controlplane.api.objects import copy_of
from controlplane.api.registry import KINDS, Kind
from tests.support.messages import messages

KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@KIND
@SLOW
@given(data=st.data())
def test_every_object_is_judged_and_left_as_it_is(kind: Kind[Any], data: st.DataObject) -> None:
    obj = data.draw(messages(kind.message))
    if data.draw(st.booleans()):
        defaults.apply_defaults(kind, obj)
    before = copy_of(obj)
    problems = validation.problems_of(kind, obj)
    assert obj == before
    assert all(problem.path and problem.message and problem.reason for problem in problems)


@KIND
@SLOW
@given(data=st.data())
def test_an_object_may_always_stay_as_it_is(kind: Kind[Any], data: st.DataObject) -> None:
    obj, other = data.draw(messages(kind.message)), data.draw(messages(kind.message))
    assert validation.update_problems(kind, obj, copy_of(obj)) == []
    assert all(problem.path for problem in validation.update_problems(kind, obj, other))


@KIND
@settings(SLOW, max_examples=15)
@given(data=st.data())
def test_an_object_is_judged_alike_after_a_trip_through_json(kind: Kind[Any], data: st.DataObject) -> None:
    obj = data.draw(messages(kind.message))
    defaults.apply_defaults(kind, obj)
    again = codec.from_json(kind, codec.to_json(kind, obj))
    assert _in_order(validation.problems_of(kind, again)) == _in_order(validation.problems_of(kind, obj))
    assert {one.path for one in support.unsupported(kind, again)} == {one.path for one in support.unsupported(kind, obj)}


def _in_order(problems: list[Problem]) -> list[tuple[str, str]]:
    """Entries of a map come in no order of their own, so neither does what is wrong with them."""
    return sorted((problem.path, problem.message) for problem in problems)


@KIND
@settings(SLOW, max_examples=15)
@given(data=st.data())
def test_what_stays_is_not_told_again(kind: Kind[Any], data: st.DataObject) -> None:
    obj = data.draw(messages(kind.message))
    assert all(one.row.why and one.warning and one.problem.message for one in support.unsupported(kind, obj))
    assert support.newly_unsupported(kind, obj, copy_of(obj)) == []
