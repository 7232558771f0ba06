"""Comparison with a file that somebody has looked at.

`ORLOP_UPDATE_GOLDEN=1 pytest tests/console` writes what there is now; look at the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Fails with a difference when `text` is not what golden/NAME.txt holds."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("ORLOP_UPDATE_GOLDEN"):
        path.write_text(text)
    assert text.splitlines() == path.read_text().splitlines()
