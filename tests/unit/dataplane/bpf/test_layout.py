"""Packing and unpacking of structs shared with C."""

from __future__ import annotations

from dataplane.bpf.layout import LAYOUTS, VERDICTS


def test_values_come_back_as_they_were_packed() -> None:
    key, _ = LAYOUTS["services"]
    row = ("10.96.0.10", 8080, 6)
    assert key.pack(*row) == bytes([10, 96, 0, 10, 0x1F, 0x90, 6, 0])
    assert key.unpack(key.pack(*row)) == row
    assert list(key.unpack_all(key.pack_all([row, row]))) == [row, row]


def test_counters_of_outcomes_have_names_of_their_own() -> None:
    assert len(set(VERDICTS)) == len(VERDICTS)
