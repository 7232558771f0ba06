"""Whatever is written as YAML is read back as it was."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controlplane.api import yaml_text
from controlplane.api.yaml_text import YamlError

WORDS = st.sampled_from(
    ["yes", "n", "1e3", "0755", "12:30", "2026-11-22", "~", "", " a", "a ", "- a", "a: b", "#x", "<<", "x\n", "\n x", "\t"]
)
TEXT = st.text(max_size=8) | WORDS
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=3))
def test_every_document_survives_writing_and_reading(doc: dict[str, Any]) -> None:
    (document,) = yaml_text.load_all(yaml_text.dump(doc))
    assert document.value == doc


@given(st.text("ab:-[]{}&*!?|>'\"#% \t\n,<~1", max_size=30))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        yaml_text.load_all(text)
    except YamlError as error:
        assert 1 <= error.line <= text.count("\n") + 2  # noqa: PT017
