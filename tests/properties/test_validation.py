"""Whatever a client sends, validation answers; and what it accepts reads well."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.api import defaults, validation
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
