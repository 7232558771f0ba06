"""Lines of spans into what Textual draws. The only place where roles meet styles."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from console.tui.model.spans import ROLES, Line, Role, line_width

Styles = Mapping[Role, Style]

# For a widget's COMPONENT_CLASSES; the stylesheet gives each a look.
ROLE_CLASSES = {f"role--{role}" for role in ROLES}


def role_styles(widget: Widget, *, over: Style | None = None) -> dict[Role, Style]:
    """The widget's style for every role; `over` is laid on top, for a row at the cursor."""
    styles = {role: widget.get_component_rich_style(f"role--{role}") for role in ROLES}
    return styles if over is None else {role: style + over for role, style in styles.items()}


def background(style: Style) -> Style:
    """Only the background of a style."""
    return Style(bgcolor=style.bgcolor)


def to_strip(line: Line, styles: Styles, cells: int) -> Strip:
    """The line in exactly `cells`. Neighbours of one role become one segment, which saves the terminal bytes."""
    width = line_width(line)
    runs = groupby(line, key=lambda span: span.role)
    strip = Strip([Segment("".join(span.text for span in run), styles[role]) for role, run in runs], width)
    return strip if width == cells else strip.crop_extend(0, cells, styles["plain"])
