"""bpf(2), as far as it is needed: maps, programs, links, pins. BCC 0.26 knows no links.

File descriptors are plain numbers and belong to the caller. Errors are OSErrors whose text says which command failed.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from enum import IntEnum
from pathlib import Path

from dataplane.bpf import libc

_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}
_ATTRIBUTES = 152
_LOG_SIZE = 1 << 20


class Command(IntEnum):
    """enum bpf_cmd."""

    MAP_CREATE = 0
    MAP_LOOKUP = 1
    MAP_DELETE = 3
    PROG_LOAD = 5
    OBJ_PIN = 6
    OBJ_GET = 7
    PROG_TEST_RUN = 10
    MAP_LOOKUP_BATCH = 24
    MAP_UPDATE_BATCH = 26
    LINK_CREATE = 28
    LINK_UPDATE = 29


def call(command: Command, attributes: bytes | bytearray) -> tuple[int, bytes]:
    """One bpf(2): its result, and the attributes as the kernel left them."""
    buffer = ctypes.create_string_buffer(bytes(attributes).ljust(_ATTRIBUTES, b"\0"), _ATTRIBUTES)
    number = _SYSCALL[platform.machine()]
    result = libc.syscall(number, ctypes.c_int(command), buffer, ctypes.c_uint(_ATTRIBUTES))
    return libc.checked(result, f"bpf {command.name}"), buffer.raw


def map_create(kind: int, *, name: str, key_size: int, value_size: int, entries: int, flags: int) -> int:
    attributes = struct.pack("=IIIII", kind, key_size, value_size, entries, flags)
    return call(Command.MAP_CREATE, attributes + struct.pack("=II15sx", 0, 0, name.encode()[:15]))[0]


def map_lookup(fd: int, key: bytes, *, value_size: int) -> bytes | None:
    """The value, or None."""
    key_at, value_at = Memory(key), Memory(bytes(value_size))
    try:
        call(Command.MAP_LOOKUP, struct.pack("=IxxxxQQQ", fd, key_at.address, value_at.address, 0))
    except FileNotFoundError:
        return None
    return value_at.raw


def map_delete(fd: int, key: bytes) -> None:
    """FileNotFoundError if there is no such key."""
    key_at = Memory(key)
    call(Command.MAP_DELETE, struct.pack("=IxxxxQ", fd, key_at.address))


def map_update_batch(fd: int, keys: bytes, values: bytes, count: int) -> None:
    keys_at, values_at = Memory(keys), Memory(values)
    call(Command.MAP_UPDATE_BATCH, struct.pack("=QQQQIIQQ", 0, 0, keys_at.address, values_at.address, count, fd, 0, 0))


def map_lookup_batch(
    fd: int, position: bytes | None, *, key_size: int, value_size: int, count: int
) -> tuple[bytes, bytes, int, bytes | None]:
    """Up to `count` entries behind `position`: keys, values, how many, and where to go on; None at the end."""
    start = Memory(position) if position is not None else None
    end, keys, values = Memory(bytes(max(8, key_size))), Memory(bytes(key_size * count)), Memory(bytes(value_size * count))
    attributes = bytearray(
        struct.pack("=QQQQIIQQ", start.address if start else 0, end.address, keys.address, values.address, count, fd, 0, 0)
    )
    buffer = ctypes.create_string_buffer(bytes(attributes).ljust(_ATTRIBUTES, b"\0"), _ATTRIBUTES)
    result = libc.syscall(
        _SYSCALL[platform.machine()], ctypes.c_int(Command.MAP_LOOKUP_BATCH), buffer, ctypes.c_uint(_ATTRIBUTES)
    )
    at_end = result < 0 and ctypes.get_errno() == errno.ENOENT
    if not at_end:
        libc.checked(result, "bpf MAP_LOOKUP_BATCH")
    (found,) = struct.unpack_from("=I", buffer.raw, 32)
    return keys.raw[: found * key_size], values.raw[: found * value_size], found, None if at_end else end.raw


def program_load(kind: int, code: bytes, *, name: str, expected_attach: int = 0) -> int:
    """Loads bytecode whose map references are file descriptors already. A refusal carries the verifier's last words."""
    try:
        return _program_load(kind, code, name=name, expected_attach=expected_attach, log=None)
    except OSError as refused:
        log = Memory(bytes(_LOG_SIZE))
        try:
            return _program_load(kind, code, name=name, expected_attach=expected_attach, log=log)
        except OSError:
            words = log.raw.split(b"\0", 1)[0].decode(errors="replace").strip().splitlines()[-12:]
            text = f"the kernel refuses program {name}: {refused.strerror}\n" + "\n".join(words)
            raise OSError(refused.errno, text) from refused


def _program_load(kind: int, code: bytes, *, name: str, expected_attach: int, log: Memory | None) -> int:
    license_at, code_at = Memory(b"GPL\0"), Memory(code)
    attributes = struct.pack(
        "=IIQQIIQII15sxII",
        *(kind, len(code) // 8, code_at.address, license_at.address),
        *((1, _LOG_SIZE, log.address) if log else (0, 0, 0)),
        *(0, 0, name.encode()[:15], 0, expected_attach),
    )
    return call(Command.PROG_LOAD, attributes)[0]


def pin(fd: int, path: Path) -> None:
    text = Memory(bytes(path) + b"\0")
    call(Command.OBJ_PIN, struct.pack("=QII", text.address, fd, 0))


def open_pinned(path: Path) -> int:
    """FileNotFoundError if nothing is pinned there."""
    text = Memory(bytes(path) + b"\0")
    return call(Command.OBJ_GET, struct.pack("=QII", text.address, 0, 0))[0]


def link_create(program: int, target: int, attach: int, *, flags: int = 0) -> int:
    """`target` is an interface's index (in the caller's namespace) or a cgroup's file descriptor."""
    return call(Command.LINK_CREATE, struct.pack("=IIII", program, target, attach, flags))[0]


def link_update(link: int, program: int) -> None:
    """Replaces the link's program in one step: no packet finds none."""
    call(Command.LINK_UPDATE, struct.pack("=IIII", link, program, 0, 0))


class Memory:
    """Memory that the kernel may read and write while this object lives."""

    def __init__(self, content: bytes) -> None:
        self._buffer = ctypes.create_string_buffer(content, max(1, len(content)))
        self.address = ctypes.addressof(self._buffer)

    @property
    def raw(self) -> bytes:
        return self._buffer.raw
