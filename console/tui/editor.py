"""The operator's own editor, on a text. The console gives it the terminal meanwhile."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from console.tui.model.deeds import Failed

_DEFAULT = "vi"


def edit(app: App[Any], text: str) -> str | None:
    """The text as it was saved; None if it was left as it was."""
    command = os.environ.get("KUBE_EDITOR") or os.environ.get("EDITOR") or _DEFAULT
    with tempfile.TemporaryDirectory(prefix="orlop-edit-") as folder:
        path = Path(folder) / "object.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            with app.suspend():
                done = subprocess.run([*shlex.split(command), str(path)], check=False)
        except (SuspendNotSupported, OSError) as error:
            raise Failed(f"cannot start {command}: {error}; set EDITOR to your editor") from error
        if done.returncode:
            raise Failed(f"{command} ended with {done.returncode}; nothing was changed")
        changed = path.read_text(encoding="utf-8")
    return None if changed == text else changed
