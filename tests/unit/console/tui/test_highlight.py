from __future__ import annotations

import pytest
from hypothesis import given

from console.tui.model.highlight import describe_line, log_line, yaml_line
from console.tui.model.sanitize import clean
from console.tui.model.spans import line_text
from tests.unit.console.tui.hostile import texts


@given(texts)
def test_highlighting_changes_no_text(text: str) -> None:
    for highlight in (yaml_line, describe_line, log_line):
        assert line_text(highlight(clean(text))) == clean(text)


@pytest.mark.parametrize(
    ("highlight", "text", "piece", "role"),
    [
        (yaml_line, "  name: web", "name", "accent"),
        (yaml_line, "  - image: nginx:1.25", "image", "accent"),
        (yaml_line, "data: {}", " {}", "faint"),
        (yaml_line, "# a comment", "# a comment", "dim"),
        (describe_line, "Name:   web", "Name:", "accent"),
        (describe_line, "    Exit Code:  1", "Exit Code:", "dim"),
        (describe_line, "IPs:  <none>", "  <none>", "faint"),
        (describe_line, "  Warning  BackOff  12s", "Warning", "wait"),
        (log_line, "2026-01-01T10:00:00Z ERROR no database", "2026-01-01T10:00:00Z", "dim"),
        (log_line, "2026-01-01T10:00:00Z ERROR no database", "ERROR", "bad"),
        (log_line, "level=warning msg=slow", "level=warning", "wait"),
    ],
)
def test_what_matters_stands_out(highlight: object, text: str, piece: str, role: str) -> None:
    spans = {span.text: span.role for span in highlight(text)}  # type: ignore[operator]
    assert spans[piece] == role
