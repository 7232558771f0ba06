"""The infrastructure container's program and image, made here: no registry, no compiler, 211 bytes.

The program blocks SIGINT, SIGTERM and SIGCHLD and waits for them: it reaps the pod's orphans, of which it is the parent
when processes are shared, and ends at once when told to. Only x86-64 is made so; elsewhere a configured image serves.
"""

from __future__ import annotations

import struct

from dataplane.runtime.archive import File, ImageConfig, archive

IMAGE = "orlop/pause:1"

_BASE = 0x400000
_HEADERS = 64 + 56

# x86-64, Linux system call convention: number in rax, arguments in rdi, rsi, rdx, r10.
_CODE = bytes.fromhex(
    "68 02400100"  # push 1<<SIGINT-1 | 1<<SIGTERM-1 | 1<<SIGCHLD-1
    "31ff 4889e6 31d2"  # SIG_BLOCK, that set, no old set
    "6a08 415a"  # sets have 8 bytes
    "b8 0e000000 0f05"  # rt_sigprocmask
    # wait:
    "4889e7 31f6 31d2 6a08 415a"  # that set, no details, no time limit
    "b8 80000000 0f05"  # rt_sigtimedwait
    "83f811 740c"  # SIGCHLD: reap
    "83f802 741f"  # SIGINT: exit
    "83f80f 741a"  # SIGTERM: exit
    "ebdd"  # wait
    # reap:
    "6aff 5f 31f6 6a01 5a 4531d2"  # any child, no status, WNOHANG, no usage
    "b8 3d000000 0f05"  # wait4
    "85c0 7fea"  # until there is none
    "ebc5"  # wait
    # exit:
    "31ff b8 e7000000 0f05"  # exit_group(0)
)


def program() -> bytes:
    """A static ELF executable: the file header, one loaded segment, the code (elf(5))."""
    size = _HEADERS + len(_CODE)
    identity = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", identity, 2, 62, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )  # fmt: skip
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return header + segment + _CODE


def image() -> bytes:
    """The image as an archive that the engine loads. The same bytes, and so the same image id, every time."""
    return archive(IMAGE, {"pause": File(program(), mode=0o755)}, ImageConfig(entrypoint=("/pause",)))
