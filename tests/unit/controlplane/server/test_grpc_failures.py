"""An error never grows beyond what clients take."""

from __future__ import annotations

import pytest

from controlplane.api import errors
from controlplane.server.grpc_failures import fitting, shortened, told


def invalid(count: int, length: int = 50) -> errors.Invalid:
    problems = [errors.Problem(f"spec.containers[{number}].image", "x" * length) for number in range(count)]
    return errors.invalid("pods", "web", problems)


def test_an_error_of_usual_size_travels_whole() -> None:
    status = invalid(5).status
    assert fitting(status) == status


@pytest.mark.parametrize(("count", "length"), [(500, 50), (3, 100_000), (1, 1_000_000)])
def test_an_error_with_many_or_long_problems_is_cut_and_says_so(count: int, length: int) -> None:
    cut = fitting(invalid(count, length).status)
    assert cut.ByteSize() <= 3200
    assert cut.reason == "Invalid"
    assert cut.details.causes[0].field == "spec.containers[0].image"
    if count > 100:
        assert cut.details.causes[-1].message == f"there are {count + 1 - len(cut.details.causes)} more problems"


def test_a_shortened_text_keeps_its_beginning_and_its_end() -> None:
    text = shortened("begin " + "x" * 5000 + " end", 100)
    assert len(text.encode()) <= 100
    assert text.startswith("begin ")
    assert text.endswith(" end")


@pytest.mark.parametrize("text", ["ä" * 1000, "😀" * 1000, "a" * 1000])
def test_a_text_is_cut_between_characters(text: str) -> None:
    assert len(shortened(text, 101).encode()) <= 101


def test_warnings_are_bounded_in_all() -> None:
    sent = told(["w" * 5000] * 100)
    assert sum(len(text) for _, text in sent) < 1200
    assert sent[-1][1] == b"there are more warnings"
    assert [text for _, text in told(["a", "b"])] == [b"a", b"b"]
