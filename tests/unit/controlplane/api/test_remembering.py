"""What is remembered is what was worked out; and it stays bounded."""

from __future__ import annotations

from controlplane.api import defaults, registry, validation
from controlplane.api.objects import copy_of
from controlplane.api.remembering import Remembered
from tests.support.builders import make_pod


def test_the_most_recent_results_are_kept_and_no_more_than_allowed() -> None:
    known: Remembered[int] = Remembered(most=10)
    for number in range(100):
        known.put(str(number).encode(), number)
    assert known.get(b"99") == 99
    assert known.get(b"0") is None
    assert sum(known.get(str(number).encode()) is not None for number in range(100)) <= 10


def test_defaults_are_the_same_the_second_time() -> None:
    first, second = make_pod(name="a"), make_pod(name="b")
    defaults.apply_defaults(registry.PODS, first)
    defaults.apply_defaults(registry.PODS, second)
    assert first.spec == second.spec
    assert second.metadata.name == "b"
    assert second.spec.restart_policy == "Always"


def test_a_wrong_spec_is_found_wrong_each_time() -> None:
    pod = make_pod(name="a")
    defaults.apply_defaults(registry.PODS, pod)
    wrong = copy_of(pod)
    wrong.spec.containers[0].image = ""
    for _ in range(3):
        assert not validation.creation_problems(registry.PODS, pod)
        assert [problem.path for problem in validation.creation_problems(registry.PODS, wrong)] == [
            "spec.containers[0].image"
        ]


def test_a_good_spec_does_not_excuse_wrong_metadata() -> None:
    pod = make_pod(name="a")
    defaults.apply_defaults(registry.PODS, pod)
    assert not validation.problems_of(registry.PODS, pod)
    pod.metadata.name = "Not A Name"
    assert validation.problems_of(registry.PODS, pod)


def test_what_is_large_is_not_kept() -> None:
    known: Remembered[bool] = Remembered()
    known.put(b"x" * 100_000, True)
    assert known.get(b"x" * 100_000) is None
