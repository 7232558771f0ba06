from __future__ import annotations

from console.printers.tables import columns_of, status_of
from console.tui.model.rows import cells_for, columns_for, row_of
from console.tui.model.states import state_of
from controlplane.api import registry
from tests.console import samples
from tests.console.everything import everything
from tests.console.samples import NOW


def test_every_kind_becomes_rows_with_a_cell_for_each_column() -> None:
    for kind, kind_objects in everything().items():
        for with_namespace in (False, True):
            columns = columns_for(kind, with_namespace=with_namespace)
            for obj in kind_objects:
                row = row_of(kind, obj, NOW, with_namespace=with_namespace)
                assert len(row.cells) == len(columns)
                assert row.cells == cells_for(kind, obj, NOW, with_namespace=with_namespace)
                assert row.object is obj


def test_a_row_has_the_state_that_the_printers_word_says() -> None:
    """Whichever way the row came by the word."""
    for kind, kind_objects in everything().items():
        for obj in kind_objects:
            row = row_of(kind, obj, NOW, with_namespace=False)
            assert row.state is state_of(kind, obj, status_of(kind, obj)), (kind.plural, obj.metadata.name)


def test_numbers_are_bare_and_to_the_right() -> None:
    restarted = next(pod for pod in samples.pods() if pod.metadata.name == "restarted")
    columns = columns_for(registry.PODS, with_namespace=False)
    at = [column.name for column in columns].index("RESTARTS")
    assert columns[at].right
    assert row_of(registry.PODS, restarted, NOW, with_namespace=False).cells[at] == "3"


def test_nothing_is_a_dash_and_not_a_word() -> None:
    pending = next(pod for pod in samples.pods() if pod.metadata.name == "pending")
    cells = row_of(registry.PODS, pending, NOW, with_namespace=False).cells
    assert "<none>" not in cells
    assert "–" in cells


def test_the_columns_are_those_of_the_command_line() -> None:
    for kind in registry.KINDS:
        names = [column.name for column in columns_for(kind, with_namespace=True)]
        told = [column.name for column in columns_of(kind)]
        assert names == (["NAMESPACE", *told] if kind.namespaced else told)
