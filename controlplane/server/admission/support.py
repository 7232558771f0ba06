"""Nothing is asked for in vain without a word: see `controlplane.api.support`."""

from __future__ import annotations

from controlplane.api import errors, support
from controlplane.server.admission.review import Review

_COMPONENTS = "system:"
_PARTS = ("", "ephemeralcontainers")


class SupportedFields:
    def complete(self, review: Review) -> None:
        """Raises Invalid, or warns, about what the write brings. A component's own writes are not warned about."""
        obj, old = review.obj, review.old
        if obj is None or review.subresource not in _PARTS:
            return
        found = support.unsupported(review.kind, obj) if old is None else support.newly_unsupported(review.kind, old, obj)
        refused = [one.problem for one in found if one.is_refused]
        if refused:
            raise errors.invalid(review.kind.resource, review.key.name, refused)
        if not review.caller.user.name.startswith(_COMPONENTS):
            for one in found:
                review.caller.warn(one.warning)

    def check(self, review: Review) -> None:
        pass
