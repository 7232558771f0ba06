"""Quantities: exact amounts, and Kubernetes' canonical text for them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.api import quantity
from protos.v1 import meta_pb2 as meta


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("1", 1),
        ("+1", 1),
        ("-1", -1),
        ("100m", Fraction(1, 10)),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("1.", 1),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("1e-3", Fraction(1, 1000)),
        ("5n", Fraction(5, 10**9)),
        ("0.1n", Fraction(1, 10**9)),
        ("100E", 2**63 - 1),
        ("-100E", -(2**63 - 1)),
    ],
    ids=str,
)
def test_a_quantity_is_read_exactly(text: str, amount: Fraction) -> None:
    assert quantity.parse(text) == amount


@pytest.mark.parametrize("text", ["", " 1", "1 Gi", "Gi", "1.5.5", "1K", "1gi", "0x10", "1e", "--1", "ten", "1e3k", "1٣"])
def test_text_that_is_no_quantity_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity; write a number with a suffix, such as 500m"):
        quantity.parse(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0", "0"),
        ("0Gi", "0"),
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("1.1Ki", "1126400m"),
        ("1025Ki", "1025Ki"),
        ("1e3", "1e3"),
        ("100e0", "100"),
        ("12e4", "120e3"),
        ("-2000m", "-2"),
        ("2000000000G", "2E"),
    ],
)
def test_canonical_text_has_no_fraction_and_the_largest_suffix(text: str, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize(
    ("text", "millis", "value"),
    [
        ("100m", 100, 1),
        ("2", 2000, 2),
        ("1n", 1, 1),
        ("1Ki", 1_024_000, 1024),
        ("-1n", -1, -1),
        ("", 0, 0),
        ("1.0005", 1001, 2),
    ],
)
def test_whole_amounts_are_rounded_up(text: str, millis: int, value: int) -> None:
    assert quantity.millis(text) == quantity.millis(meta.Quantity(string=text)) == millis
    assert quantity.value(text) == quantity.value(meta.Quantity(string=text)) == value


def test_thousandths_become_text() -> None:
    assert [quantity.format_millis(amount) for amount in (0, 250, 1500, 2000)] == ["0", "250m", "1500m", "2"]


SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-2", "e0"]
QUANTITIES = st.builds(
    "{}{}{}".format,
    st.integers(-(10**6), 10**6),
    st.sampled_from(["", ".", ".5", ".125", ".001"]),
    st.sampled_from(SUFFIXES),
)


@given(QUANTITIES)
def test_canonical_text_keeps_the_amount_and_is_its_own_canonical_text(text: str) -> None:
    canonical = quantity.canonical(text)
    assert quantity.parse(canonical) == quantity.parse(text)
    assert quantity.canonical(canonical) == canonical
    assert "." not in canonical


@given(QUANTITIES)
def test_rounding_never_loses_any_of_the_amount(text: str) -> None:
    amount = quantity.parse(text)
    assert abs(amount) <= abs(quantity.value(text)) < abs(amount) + 1
    assert abs(amount) * 1000 <= abs(quantity.millis(text)) < abs(amount) * 1000 + 1
