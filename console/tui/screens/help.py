"""What the keys do, on the page from which help was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from console.tui import keys
from console.tui.model import help as help_model
from console.tui.model.desk import Desk
from console.tui.model.spans import Line, line
from console.tui.model.views import Source
from console.tui.screens.page import Page
from console.tui.widgets.lines import LinesView

Groups = Mapping[str, Sequence[help_model.Hint]]

_HEADINGS = {"list": "this list", "grid": "moving", "text": "text", "app": "everywhere", "screen": "everywhere",
             **dict.fromkeys(("describe", "logs", "rollout", "service"), "this page")}  # fmt: skip
_NOT_TOLD = tuple(f"list.namespace_{number}" for number in range(2, 10))


class HelpScreen(Page):
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, source: Source, desk: Desk, groups: Groups) -> None:
        super().__init__(source, desk)
        self._groups = groups

    def content(self) -> ComposeResult:
        yield LinesView(lambda width: help_model.page(self._groups, cells=width))

    def title_line(self, width: int) -> Line:
        return line((" help  ", "strong"), ("the keys of the page you came from; all can be changed in console.yaml", "dim"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "filter"


def groups_of(screen: Screen[Any]) -> Groups:
    """The live bindings of a screen by heading, several keys of one binding in one line."""
    keys_of: dict[str, list[str]] = {}
    told: dict[str, str] = {}
    for key, active in screen.active_bindings.items():
        name = active.binding.id
        if name and active.enabled and name not in _NOT_TOLD:
            keys_of.setdefault(name, []).append(keys.symbol(key))
            told[name] = active.binding.description
    groups: dict[str, list[help_model.Hint]] = {}
    for name in keys.bindings():
        heading = _HEADINGS.get(name.partition(".")[0])
        if heading and name in keys_of:
            groups.setdefault(heading, []).append((" ".join(keys_of[name][:3]), told[name]))
    return groups
