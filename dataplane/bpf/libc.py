"""System calls that Python 3.11 has no function for. Each raises OSError as the `os` module's own would."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_SHARED = 1 << 20
_MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """`result`, unless it is negative: then the error that errno names."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def syscall(number: int, *arguments: object) -> int:
    """A system call by number; negative means that errno is set."""
    return int(_libc.syscall(ctypes.c_long(number), *arguments))


def setns(fd: int) -> None:
    """Moves the calling thread into the network namespace behind `fd`."""
    checked(_libc.setns(fd, CLONE_NEWNET), "setns")


def unshare_network() -> None:
    """Moves the calling thread into a new network namespace."""
    checked(_libc.unshare(CLONE_NEWNET), "unshare")


def mount(source: str, target: Path, *, kind: str = "none", flags: int = 0) -> None:
    checked(_libc.mount(source.encode(), bytes(target), kind.encode(), ctypes.c_ulong(flags), None), str(target))


def unmount(target: Path) -> None:
    """Takes the mount away at once; what still uses it keeps working."""
    checked(_libc.umount2(bytes(target), _MNT_DETACH), str(target))
