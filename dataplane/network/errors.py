"""Why the network of a node or pod could not be made."""

from __future__ import annotations


class NetworkError(RuntimeError):
    """The text names the object and says what to do. The kernel's own error, if any, is the cause."""
