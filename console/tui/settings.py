"""What an operator may set: keys and theme, in `console.yaml` of the configuration folder.

A file that is missing is no problem, and one that is wrong does not keep the console from starting: its problems are told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from console.tui import keys
from console.tui.theme import DARK, PALETTES

FILE = "console.yaml"


@dataclass(frozen=True, slots=True)
class Settings:
    theme: str = DARK.name
    keys: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def folder() -> Path:
    """`$ORLOP_CONFIG_DIR`, or `orlop` in the user's configuration folder."""
    if named := os.environ.get("ORLOP_CONFIG_DIR"):
        return Path(named)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "orlop"


def load(path: Path) -> Settings:
    if not path.exists():
        return Settings()
    import yaml  # most have no such file, and start the faster for it

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return Settings(problems=(f"{path}: {' '.join(str(error).split())}",))
    if content is None:
        return Settings()
    if not isinstance(content, dict):
        return Settings(problems=(f"{path}: want a mapping with the keys theme and keys",))
    return _read(content, path)


def _read(content: Mapping[object, object], path: Path) -> Settings:
    found = [f"{path}: no setting {name!r}; there are theme and keys" for name in content if name not in ("theme", "keys")]
    theme, keymap = content.get("theme", DARK.name), content.get("keys") or {}
    names = [palette.name for palette in PALETTES]
    if theme not in names:
        found.append(f"{path}: no theme {theme!r}; there are {', '.join(names)}")
        theme = DARK.name
    if not isinstance(keymap, dict):
        found.append(f"{path}: keys: want a mapping from binding to key")
        keymap = {}
    wanted = {str(name): str(key) for name, key in keymap.items()}
    found += [f"{path}: {problem}" for problem in keys.problems(wanted)]
    return Settings(str(theme), {name: key for name, key in wanted.items() if name in keys.bindings()}, tuple(found))
