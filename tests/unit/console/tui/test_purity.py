"""The model stands alone: no Textual, no network, no clock. It can be tested, and thought about, without a screen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import console.tui.model.store

FOLDER = Path(console.tui.model.store.__file__).parent
FORBIDDEN = (
    "textual",
    "grpc",
    "asyncio",
    "time",
    "random",
    "controlplane.client",
    "console.tui.widgets",
    "console.tui.screens",
)


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_the_model_needs_no_screen_and_no_network(path: Path) -> None:
    found = {name for name in imports(path) for banned in FORBIDDEN if name == banned or name.startswith(banned + ".")}
    assert not found
