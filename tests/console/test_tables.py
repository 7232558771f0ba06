"""Every kind's table, plain and wide, against a file that somebody has looked at."""

from __future__ import annotations

from typing import Any

import pytest

from console.printers import tables
from console.printers.layout import Grid
from controlplane.api.registry import Kind
from tests.console import goldens, samples
from tests.console.everything import LISTED, everything


@pytest.mark.parametrize("kind", LISTED, ids=lambda kind: kind.resource)
@pytest.mark.parametrize("wide", [False, True], ids=["plain", "wide"])
def test_a_kind_is_shown_in_the_columns_that_kubectl_has(kind: Kind[Any], wide: bool) -> None:
    columns = tables.columns_of(kind)
    shown = [index for index, column in enumerate(columns) if wide or not column.wide]
    rows = [tables.cells_of(kind, obj, samples.NOW) for obj in everything()[kind]]
    picked = [[row[index] for index in shown] for row in ([column.name for column in columns], *rows)]
    name = kind.resource if kind.group == "metrics.k8s.io" else kind.plural
    goldens.check(f"{name}-wide" if wide else name, "\n".join(Grid().lines(picked)) + "\n")


@pytest.mark.parametrize("kind", LISTED, ids=lambda kind: kind.resource)
def test_every_object_has_one_cell_per_column_and_a_state_word(kind: Kind[Any]) -> None:
    for obj in everything()[kind]:
        assert len(tables.cells_of(kind, obj, samples.NOW)) == len(tables.columns_of(kind))
        assert tables.status_of(kind, obj)
