"""While the console has the screen, what the program logs goes to a file."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TextIO


def log_to_file() -> None:
    """Warnings and worse, in `console.log` of the user's state folder; nowhere if that cannot be written."""
    import structlog

    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "orlop"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = _opened(folder / "console.log")
    except OSError:
        target = _opened(Path(os.devnull))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )


def _opened(path: Path) -> TextIO:
    """Stays open as long as the program runs."""
    return path.open("a", encoding="utf-8", buffering=1)
