"""A screen for a place."""

from __future__ import annotations

from typing import assert_never

from console.tui.model.desk import Desk
from console.tui.model.views import ListPlace, LogsPlace, Place, RolloutPlace, ServicePlace, Source, TextPlace
from console.tui.screens.listing import ListScreen
from console.tui.screens.logs import LogsScreen
from console.tui.screens.page import Page
from console.tui.screens.reading import ReadingScreen
from console.tui.screens.rollout import RolloutScreen
from console.tui.screens.service import ServiceScreen


def make(place: Place, source: Source, desk: Desk) -> Page:
    match place:
        case ListPlace():
            return ListScreen(place, source, desk)
        case TextPlace():
            return ReadingScreen(place, source, desk)
        case LogsPlace():
            return LogsScreen(place, source, desk)
        case RolloutPlace():
            return RolloutScreen(place, source, desk)
        case ServicePlace():
            return ServiceScreen(place, source, desk)
    assert_never(place)
