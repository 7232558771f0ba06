"""Typed access to the maps: values in, values out, many entries in one call."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dataplane.bpf import syscalls
from dataplane.bpf.bytecode import MapDefinition
from dataplane.bpf.layout import LAYOUTS, Values

ARRAY, HASH, PERCPU_HASH, PERCPU_ARRAY, LRU_HASH = 2, 1, 5, 6, 9  # enum bpf_map_type
_PER_CPU = (PERCPU_HASH, PERCPU_ARRAY)
_ARRAYS = (ARRAY, PERCPU_ARRAY)
_BATCH = 4096
_TOO_SMALL = errno.ENOSPC


class Map:
    """One map. Keys and values are tuples, in the order of their struct's fields; per-CPU values are sums."""

    def __init__(self, name: str, fd: int, definition: MapDefinition) -> None:
        self.name = name
        self.fd = fd
        self.entries = definition.entries
        self._key, self._value = LAYOUTS[name]
        self._is_array = definition.kind in _ARRAYS
        self._cpus = possible_cpus() if definition.kind in _PER_CPU else 0
        self._stored_size = -(-self._value.size // 8) * 8 * self._cpus or self._value.size

    def get(self, *key: object) -> Values | None:
        raw = syscalls.map_lookup(self.fd, self._key.pack(*key), value_size=self._stored_size)
        return None if raw is None else self._decode(raw)

    def items(self) -> Iterator[tuple[Values, Values]]:
        """Every entry, in no order. Entries that come or go meanwhile may or may not be among them."""
        position, batch = None, min(_BATCH, self.entries)
        while True:
            try:
                keys, values, count, position = syscalls.map_lookup_batch(
                    self.fd, position, key_size=self._key.size, value_size=self._stored_size, count=batch
                )
            except OSError as error:
                # One bucket holds more than the batch.
                if error.errno != _TOO_SMALL:
                    raise
                batch *= 2
                continue
            for index in range(count):
                raw = values[index * self._stored_size : (index + 1) * self._stored_size]
                key = keys[index * self._key.size : (index + 1) * self._key.size]
                yield self._key.unpack(key), self._decode(raw)
            if position is None:
                return

    def update(self, entries: Mapping[Values, Values]) -> None:
        """Writes all entries, in order."""
        if not entries:
            return
        keys = b"".join(self._key.pack(*key) for key in entries)
        values = b"".join(self._encode(value) for value in entries.values())
        syscalls.map_update_batch(self.fd, keys, values, len(entries))

    def delete(self, keys: Iterable[Values]) -> None:
        """Removes the keys; one that is not there is no error."""
        for key in keys:
            try:
                syscalls.map_delete(self.fd, self._key.pack(*key))
            except FileNotFoundError:
                continue

    def _decode(self, raw: bytes) -> Values:
        if not self._cpus:
            return self._value.unpack(raw)
        step = self._stored_size // self._cpus
        each = (self._value.unpack(raw[at : at + self._value.size]) for at in range(0, self._stored_size, step))
        return tuple(sum(column) for column in zip(*each, strict=True))

    def _encode(self, value: Values) -> bytes:
        """A per-CPU value goes to the first CPU; the others start at zero."""
        return self._value.pack(*value).ljust(self._stored_size, b"\0")


def possible_cpus() -> int:
    """How many values a per-CPU entry has: CPUs that may ever come up."""
    text = Path("/sys/devices/system/cpu/possible").read_text().strip()
    return sum(int(high or low) - int(low) + 1 for low, _, high in (part.partition("-") for part in text.split(",")))
