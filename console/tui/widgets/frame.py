"""What every screen has around its content: the cluster above; the answer to "why" and the keys below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.screen import Screen
from textual.widgets import Input

from console.tui import keys
from console.tui.model import summary
from console.tui.model.keysline import keys_line
from console.tui.model.spans import EMPTY, Line, Role, Span, fit
from console.tui.model.views import Flash
from console.tui.widgets.board import Board

_ORDER = {name: place for place, name in enumerate(keys.bindings())}
# These close the line: wherever one is, they are what one looks for.
_MOODS: dict[str, tuple[str, Role]] = {"busy": ("◐ ", "wait"), "done": ("● ", "ok"), "failed": ("▲ ", "bad")}
_LAST = ("app.command", "list.filter", "screen.back", "screen.leave", "app.help")


class Header(Board):
    """Follows the app's `identity`, `summary` and `link`."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(self._lines_for)
        self._now = now

    def on_mount(self) -> None:
        for name in ("identity", "summary", "link"):
            self.watch(self.app, name, self.redraw, init=False)
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        if not self._link.is_live:
            self.redraw()

    @property
    def _link(self) -> summary.Link:
        return getattr(self.app, "link", summary.Link())

    def _lines_for(self, width: int, height: int) -> Sequence[Line]:
        app = self.app
        identity = getattr(app, "identity", summary.Identity())
        figures = getattr(app, "summary", summary.Summary())
        return [summary.header(identity, figures, self._link, now=self._now(), cells=width)]


class Foot(Board):
    """One line: what the app has just to say (`flash`), else why the object at the cursor is as it is."""

    def __init__(self) -> None:
        super().__init__(self._lines_for)
        self._why: Line = EMPTY

    def on_mount(self) -> None:
        for name in ("flash", "link"):
            self.watch(self.app, name, self.redraw, init=False)

    def say(self, why: Line) -> None:
        if why != self._why:
            self._why = why
            self.redraw()

    def _lines_for(self, width: int, height: int) -> Sequence[Line]:
        flash: Flash | None = getattr(self.app, "flash", None)
        link: summary.Link = getattr(self.app, "link", summary.Link())
        if flash is None and not self._why and link.message:
            flash = Flash(link.message, "failed")
        if flash is None:
            return [fit((Span(" "), *self._why), width)]
        glyph, role = _MOODS[flash.mood]
        return [fit((Span(" "), Span(glyph, role), Span(flash.text, role if flash.mood == "failed" else "plain")), width)]


class KeysLine(Board):
    """Made from the bindings that are live at this moment."""

    def __init__(self) -> None:
        super().__init__(self._lines_for)

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _screen: Screen[Any]) -> None:
        self.redraw()

    def _lines_for(self, width: int, height: int) -> Sequence[Line]:
        hints, last = hints_of(self.screen)
        return [keys_line(hints, last, width)]


def hints_of(screen: Screen[Any]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Key and meaning of what is shown on the keys line, the ordinary ones and those that close it."""
    shown: dict[str, tuple[str, str]] = {}
    hidden = _hidden(screen)
    own_words: dict[str, str] = getattr(screen, "hint_words", {})
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if binding.show and active.enabled and binding.id and binding.id not in shown and not hidden(binding.id):
            shown[binding.id] = keys.symbol(key), own_words.get(binding.id, binding.description)
    names = sorted(shown, key=lambda name: _ORDER.get(name, len(_ORDER)))
    return [shown[name] for name in names if name not in _LAST], [shown[name] for name in _LAST if name in shown]


def _hidden(screen: Screen[Any]) -> Callable[[str], bool]:
    """What is not worth a place on the line: all but the prompt's own keys while one types; one of the two ways back."""
    if isinstance(screen.focused, Input):
        return lambda name: not name.startswith(("prompt.", "dialog."))
    goes_back = len(screen.app.screen_stack) > 1 or getattr(screen, "has_more_to_close", False)
    return lambda name: name == ("screen.leave" if goes_back else "screen.back")
