"""Messages that screens send to the app: where to go, what to do, what to say. Screens know nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from console.tui.model.views import Deed, Flash, Place


@dataclass
class Go(Message):
    place: Place


@dataclass
class Do(Message):
    deed: Deed


@dataclass
class Say(Message):
    flash: Flash


@dataclass
class UseNamespace(Message):
    """Empty for all."""

    name: str
