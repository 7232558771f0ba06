"""Typed access to the maps: values in, values out, many entries in one call."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Mapping

from dataplane.bpf import syscalls
from dataplane.bpf.bytecode import MapDefinition
from dataplane.bpf.layout import LAYOUTS, Values

_BATCH = 4096


class Map:
    """One map. Keys and values are tuples, in the order of their struct's fields."""

    def __init__(self, name: str, fd: int, definition: MapDefinition) -> None:
        self.name = name
        self.fd = fd
        self.entries = definition.entries
        self._key, self._value = LAYOUTS[name]

    def get(self, *key: object) -> Values | None:
        raw = syscalls.map_lookup(self.fd, self._key.pack(*key), value_size=self._value.size)
        return None if raw is None else self._value.unpack(raw)

    def items(self) -> Iterator[tuple[Values, Values]]:
        """Every entry, in no order. Entries that come or go meanwhile may or may not be among them."""
        position, batch = None, min(_BATCH, self.entries)
        while True:
            try:
                keys, values, _, position = syscalls.map_lookup_batch(
                    self.fd, position, key_size=self._key.size, value_size=self._value.size, count=batch
                )
            except OSError as error:
                # One bucket holds more than the batch.
                if error.errno != errno.ENOSPC:
                    raise
                batch *= 2
                continue
            yield from zip(self._key.unpack_all(keys), self._value.unpack_all(values), strict=True)
            if position is None:
                return

    def update(self, entries: Mapping[Values, Values]) -> None:
        """Writes all entries, in order."""
        if entries:
            keys, values = self._key.pack_all(entries.keys()), self._value.pack_all(entries.values())
            syscalls.map_update_batch(self.fd, keys, values, len(entries))

    def delete(self, keys: Iterable[Values]) -> None:
        """Removes the keys; one that is not there is no error."""
        for key in keys:
            try:
                syscalls.map_delete(self.fd, self._key.pack(*key))
            except FileNotFoundError:
                continue
