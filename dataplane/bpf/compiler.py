"""C to bytecode, once: what BCC made of the sources is kept in a file named by a hash of all that went in.

Compiling takes seconds and 100 MB of LLVM, so it happens in a process of its own, and only when the sources, the kernel or
BCC changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dataplane.bpf import toolchain
from dataplane.bpf.bytecode import Compiled, from_json

_UNITS = ("service_xdp.bpf.c", "service_tc.bpf.c", "service_sock.bpf.c")
# Source ports that a node lends to connections it passes on to other nodes; a power of two of them. The kernel's own choice
# of ports must leave them out.
LENT_PORTS = range(49152, 65536)

_SOURCES = Path(__file__).parent
_FORMAT = 1


class CompileError(RuntimeError):
    """The text is the compiler's."""


def compiled(cache: Path, *, sizes: Mapping[str, int] | None = None) -> Compiled:
    """The programs, from `cache` if they are there. `sizes` override those of consts.h: MAX_FLOWS, say."""
    numbers = {"LENT_PORTS_FIRST": LENT_PORTS[0], "LENT_PORTS": len(LENT_PORTS), "CPUS": possible_cpus(), **(sizes or {})}
    definitions = [f"{name}={number}" for name, number in sorted(numbers.items())]
    kept = cache / f"{_key(definitions)}.json"
    found = _read(kept)
    if found is not None:
        return found
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a machine's nodes start together: one compiles, the others wait for it
        found = _read(kept)
        if found is not None:
            return found
        toolchain.link_headers()
        return _compile_apart(kept, definitions)


def _read(kept: Path) -> Compiled | None:
    """What the file holds; None if there is none, or it is damaged."""
    with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        return from_json(kept.read_text())
    return None


def possible_cpus() -> int:
    """CPUs that may ever come up."""
    text = Path("/sys/devices/system/cpu/possible").read_text().strip()
    return sum(int(high or low) - int(low) + 1 for low, _, high in (part.partition("-") for part in text.split(",")))


def source() -> str:
    """All units and their headers as one text, each once. One, as BCC handles map accesses in the main file only, and
    takes most of its time to begin at all."""
    seen: set[Path] = set()
    return "\n".join(_inlined(_SOURCES / unit, seen) for unit in _UNITS)


def _inlined(path: Path, seen: set[Path]) -> str:
    if path in seen:
        return ""
    seen.add(path)
    lines = [f'#line 1 "{path.name}"']
    for number, line in enumerate(path.read_text().splitlines(), 1):
        include = re.fullmatch(r'#include "([^"]+)"', line)
        if include:
            lines += [_inlined(path.with_name(include.group(1)), seen), f'#line {number + 1} "{path.name}"']
        else:
            lines.append("" if line == "#pragma once" else line)
    return "\n".join(lines)


def _key(definitions: Sequence[str]) -> str:
    machine = os.uname()
    parts = [str(_FORMAT), machine.release, machine.machine, toolchain.version_of_bcc(), *definitions, source()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _compile_apart(kept: Path, definitions: Sequence[str]) -> Compiled:
    """Compiles in another process. The file appears whole, by a rename."""
    handle, name = tempfile.mkstemp(dir=kept.parent, prefix=".compiling-")
    os.close(handle)
    made = Path(name)
    try:
        command = [sys.executable, "-m", "dataplane.bpf.bcc_compile", name, *definitions]
        environment = {**os.environ, "PYTHONPATH": str(_SOURCES.parents[1])}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CompileError(f"BPF programs do not compile (exit {done.returncode}):\n{done.stderr.strip()}")
        made.replace(kept)
        return from_json(kept.read_text())
    finally:
        made.unlink(missing_ok=True)
