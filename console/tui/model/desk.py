"""What the operator has in hand: the current namespace, those used lately, and what was typed before."""

from __future__ import annotations

from collections.abc import Sequence

from console.tui.model import command
from console.tui.model.command import Known

_FAVOURITES = 9
_REMEMBERED = 50


class Desk:
    """`namespaces` and `themes` are kept up to date by whoever knows them."""

    def __init__(self, namespace: str = "default") -> None:
        self.namespace = namespace
        self.favourites: list[str] = [namespace or "default"]
        self.namespaces: Sequence[str] = ()
        self.themes: Sequence[str] = ()
        self._history: dict[str, list[str]] = {}

    @property
    def known(self) -> Known:
        return Known(self.namespaces, self.themes)

    def use(self, namespace: str) -> None:
        """Goes on in that namespace; those used keep their number, new ones take the next."""
        self.namespace = namespace
        if namespace and namespace not in self.favourites:
            self.favourites.append(namespace)
            if len(self.favourites) > _FAVOURITES:
                del self.favourites[1]

    def favourite(self, number: int) -> str | None:
        """The namespace behind a digit: 0 is all of them."""
        if number == 0:
            return ""
        return self.favourites[number - 1] if number <= len(self.favourites) else None

    def remember(self, sign: str, text: str) -> None:
        if text.strip():
            typed = self._history.setdefault(sign, [])
            if text in typed:
                typed.remove(text)
            typed.append(text)
            del typed[:-_REMEMBERED]

    def history(self, sign: str) -> Sequence[str]:
        """Oldest first."""
        return self._history.get(sign, ())

    def complete(self, text: str) -> Sequence[str]:
        return command.complete(text, self.known)
