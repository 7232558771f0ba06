"""Regular expressions of schemas, in RE2's syntax, as Kubernetes has them. Matching takes time linear in the text."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import re2

LONGEST = 10_000  # characters of a pattern


@lru_cache(maxsize=1024)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text has a match somewhere. Raises ValueError for what is no pattern."""
    if len(pattern) > LONGEST:
        raise ValueError(f"it has {len(pattern)} characters; the limit is {LONGEST}")
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(_reason(error)) from error
    return lambda text: compiled.search(text) is not None


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    return reason.decode() if isinstance(reason, bytes) else str(reason)
