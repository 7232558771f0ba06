"""Every key of the console. Each binding has an id, by which a settings file may move it to other keys:

    keys:
      list.delete: ctrl+x
      grid.down: j,down

The defaults are those that k9s has taught people, where both have the thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from textual.binding import Binding


def _key(name: str, keys: str, action: str, told: str, *, show: bool = False) -> Binding:
    return Binding(keys, action, told, show=show, id=name)


APP = [
    _key("app.command", "colon", "command", "command", show=True),
    _key("app.help", "question_mark", "help", "help", show=True),
    _key("app.quit", "ctrl+c,ctrl+q", "quit", "quit"),
    _key("app.theme", "ctrl+t", "next_theme", "theme"),
]

PAGE = [
    _key("screen.back", "escape", "back", "back", show=True),
    _key("screen.leave", "q", "leave", "leave", show=True),
]

CHOOSE = _key("grid.choose", "enter", "choose", "open", show=True)

GRID = [
    _key("grid.down", "j,down", "down", "down"),
    _key("grid.up", "k,up", "up", "up"),
    _key("grid.page_down", "ctrl+f,pagedown", "page_down", "page down"),
    _key("grid.page_up", "ctrl+b,pageup", "page_up", "page up"),
    _key("grid.first", "g,home", "first", "first row"),
    _key("grid.last", "G,end", "last", "last row"),
]

LIST = [
    _key("list.logs", "l", "logs", "logs", show=True),
    _key("list.rollout", "r", "rollout", "rollout", show=True),
    _key("list.scale", "s", "scale", "scale", show=True),
    _key("list.image", "i", "image", "image", show=True),
    _key("list.undo", "u", "undo", "undo", show=True),
    _key("list.cordon", "c", "cordon(True)", "cordon", show=True),
    _key("list.uncordon", "u", "cordon(False)", "uncordon", show=True),
    _key("list.describe", "d", "describe", "describe", show=True),
    _key("list.yaml", "y", "yaml", "yaml", show=True),
    _key("list.edit", "e", "edit", "edit", show=True),
    _key("list.restart", "ctrl+r", "restart", "restart", show=True),
    _key("list.delete", "ctrl+d", "delete", "delete", show=True),
    _key("list.pick", "space", "pick", "mark", show=True),
    _key("list.pick_none", "ctrl+backslash", "pick_none", "clear marks"),
    _key("list.filter", "slash", "filter", "filter", show=True),
    _key("list.faults", "ctrl+z", "faults", "only what is not well"),
    _key("list.wide", "ctrl+w", "wide", "all columns"),
    _key("list.copy", "n", "copy", "copy name"),
    _key("list.all_namespaces", "0", "namespace(0)", "all namespaces"),
    *(_key(f"list.namespace_{n}", str(n), f"namespace({n})", f"namespace {n} of the title") for n in range(1, 10)),
    _key("list.sort_name", "N", "sort_by('NAME')", "sort by name"),
    _key("list.sort_age", "A", "sort_by('AGE')", "sort by age"),
    _key("list.sort_status", "S", "sort_by('STATUS')", "sort by status"),
    _key("list.sort_namespace", "P", "sort_by('NAMESPACE')", "sort by namespace"),
    _key("list.sort_left", "shift+left", "sort_step(-1)", "sort by the column before"),
    _key("list.sort_right", "shift+right", "sort_step(1)", "sort by the next column"),
    _key("list.sort_turn", "O", "sort_turn", "turn the order round"),
]

TEXT = [
    _key("text.down", "j,down", "down", "down"),
    _key("text.up", "k,up", "up", "up"),
    _key("text.left", "left", "left", "left"),
    _key("text.right", "right", "right", "right"),
    _key("text.page_down", "ctrl+f,pagedown,space", "page_down", "page down"),
    _key("text.page_up", "ctrl+b,pageup", "page_up", "page up"),
    _key("text.first", "g,home", "first", "top"),
    _key("text.last", "G,end", "last", "end"),
    _key("text.search", "slash", "filter", "search", show=True),
    _key("text.next", "n", "next", "next", show=True),
    _key("text.previous", "N", "previous", "previous", show=True),
    _key("text.wrap", "w", "wrap", "wrap", show=True),
    _key("text.copy", "c", "copy", "copy"),
]

DESCRIBE = [
    _key("describe.yaml", "y", "form('yaml')", "yaml", show=True),
    _key("describe.describe", "d", "form('describe')", "describe", show=True),
    _key("describe.reveal", "x", "reveal", "show values", show=True),
]

LOGS = [
    _key("logs.follow", "f,s", "follow", "follow", show=True),
    _key("logs.timestamps", "t", "timestamps", "times", show=True),
    _key("logs.previous", "p", "before", "previous run", show=True),
    _key("logs.container", "tab", "container", "container", show=True),
    *(
        _key(f"logs.since_{n}", str(n), f"since({n})", told)
        for n, told in enumerate(("tail", "from the start", "last minute", "5 minutes", "15 minutes", "30 minutes", "hour"))
    ),
]

ROLLOUT = [
    _key("rollout.pause", "p", "pause(True)", "pause", show=True),
    _key("rollout.resume", "r", "pause(False)", "resume", show=True),
    _key("rollout.undo", "u", "undo", "undo", show=True),
    _key("rollout.earlier", "left,h", "compare(-1)", "compare", show=True),
    _key("rollout.later", "right,l", "compare(1)", "compare with a later revision"),
    _key("rollout.image", "i", "image", "image", show=True),
    _key("rollout.scale", "s", "scale", "scale", show=True),
    _key("rollout.logs", "L", "logs", "logs", show=True),
    _key("rollout.yaml", "y", "yaml", "yaml", show=True),
    _key("rollout.restart", "ctrl+r", "restart", "restart", show=True),
]

SERVICE = [
    _key("service.logs", "l", "logs", "logs", show=True),
    _key("service.describe", "d", "describe", "describe", show=True),
    _key("service.yaml", "y", "yaml", "yaml", show=True),
]

STARTUP_QUIT = _key("startup.quit", "q,escape", "app.quit", "quit", show=True)

DIALOG = [
    _key("dialog.cancel", "escape", "cancel", "cancel", show=True),
    _key("dialog.next", "tab,down", "app.focus_next", "next", show=True),
    _key("dialog.previous", "shift+tab,up", "app.focus_previous", "previous"),
]

PROMPT = [
    _key("prompt.cancel", "escape", "cancel", "cancel", show=True),
    _key("prompt.complete", "tab", "complete", "complete", show=True),
    _key("prompt.earlier", "up", "recall(-1)", "earlier"),
    _key("prompt.later", "down", "recall(1)", "later"),
]

SCOPES: Mapping[str, Iterable[Binding]] = {
    "app": APP, "screen": PAGE, "grid": [CHOOSE, *GRID], "list": LIST, "text": TEXT, "describe": DESCRIBE, "logs": LOGS,
    "rollout": ROLLOUT, "service": SERVICE, "startup": [STARTUP_QUIT], "dialog": DIALOG, "prompt": PROMPT,
}  # fmt: skip

# Bindings of one scope that share a key on purpose: never offered for the same object.
_SHARED = frozenset({"list.uncordon"})

_SYMBOLS = {
    "enter": "⏎", "escape": "esc", "space": "space", "colon": ":", "slash": "/", "question_mark": "?", "tab": "tab",
    "left": "←", "right": "→", "up": "↑", "down": "↓", "pagedown": "pgdn", "pageup": "pgup", "backslash": "\\",
    "shift+left": "⇧←", "shift+right": "⇧→",
}  # fmt: skip


def bindings() -> dict[str, Binding]:
    """Every binding by its id."""
    return {binding.id: binding for scope in SCOPES.values() for binding in scope if binding.id}


def symbol(key: str) -> str:
    """How a key is written on screen: `⏎`, `^d`, `/`."""
    if key in _SYMBOLS:
        return _SYMBOLS[key]
    if key.startswith("ctrl+"):
        return "^" + symbol(key.removeprefix("ctrl+"))
    return key


def problems(keymap: Mapping[str, str]) -> list[str]:
    """What is wrong with a keymap: ids that there are not, keys that two bindings of one scope want."""
    known = bindings()
    found = [f"keys: no binding {name!r}{_nearest(name, known)}" for name in keymap if name not in known]
    for scope, members in SCOPES.items():
        taken: dict[str, str] = {}
        for binding in members:
            name = binding.id or ""
            for key in keymap.get(name, binding.key).split(","):
                other = taken.setdefault(key.strip(), name)
                if other != name and name not in _SHARED:
                    found.append(f"keys: {scope}: {key.strip()!r} is both {other} and {name}")
    return found


def _nearest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
