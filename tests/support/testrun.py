"""Running BPF programs on frames of our own (BPF_PROG_TEST_RUN): frame in, verdict and frame out."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from dataplane.bpf.syscalls import Command, Memory, call

CACHE = Path(__file__).parents[2] / ".cache" / "bpf"


@dataclass(frozen=True)
class Outcome:
    """What a program made of a frame: its return value, the frame as it left, and the mean time a run took."""

    verdict: int
    frame: bytes
    nanoseconds: int


def run(program: int, frame: bytes, *, interface: int, xdp: bool = True, repeat: int = 1) -> Outcome:
    """Runs the program as though the frame came in on `interface` of the calling thread's namespace."""
    if xdp:
        context = struct.pack("=IIIIII", 0, len(frame), 0, interface, 0, 0)
    else:
        context = struct.pack("=40xI148x", interface)  # struct __sk_buff: ifindex
    given, out, around = Memory(frame), Memory(bytes(len(frame) + 512)), Memory(context)
    attributes = struct.pack(
        "=IIIIQQIIIIQQII",
        *(program, 0, len(frame), len(out.raw), given.address, out.address, repeat, 0),
        *(len(context), 0, around.address, 0, 0, 0),
    )
    _, result = call(Command.PROG_TEST_RUN, attributes)
    verdict, _, size = struct.unpack_from("=III", result, 4)
    (nanoseconds,) = struct.unpack_from("=I", result, 36)
    return Outcome(verdict, out.raw[:size], nanoseconds)
