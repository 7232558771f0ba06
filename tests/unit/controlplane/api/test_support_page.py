"""The page of fields without effect says what their table says."""

from pathlib import Path

from controlplane.api.support_page import page

PAGE = Path(__file__).parents[4] / "docs" / "unsupported-fields.md"


def test_the_page_is_that_of_the_table() -> None:
    assert PAGE.read_text() == page(), "run `just unsupported-fields`"
