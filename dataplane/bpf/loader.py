"""A node's programs and maps in the kernel: taken over where they are pinned, made where they are not.

    PIN/GROUP-SCHEMA/MAP    maps that only make sense together; SCHEMA changes with their definitions
    PIN/links-NETNS/LINK    what runs where; NETNS is the network namespace's number, as a link belongs to its interface

Programs are loaded anew at every start and replace the running ones through their links, in one step each.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dataplane.bpf import filesystem, layout, syscalls
from dataplane.bpf.bytecode import Compiled
from dataplane.bpf.maps import Map

_SCHED_CLS, _XDP_PROGRAM, _SOCK_ADDR = 3, 6, 18  # enum bpf_prog_type
# enum bpf_attach_type
XDP, TCX_INGRESS = 37, 46
CGROUP_HOOKS = {
    "service_connect4": 10,
    "service_connect6": 11,
    "service_sendmsg4": 14,
    "service_sendmsg6": 15,
    "service_recvmsg4": 19,
    "service_recvmsg6": 20,
    "service_getpeername4": 29,
    "service_getpeername6": 30,
}

_KINDS = {"service_xdp": (_XDP_PROGRAM, 0), "service_tc": (_SCHED_CLS, 0)} | {
    name: (_SOCK_ADDR, hook) for name, hook in CGROUP_HOOKS.items()
}
_REMEMBERING = ("flows", "sockets")
_GONE = errno.ENOLINK


@dataclass(frozen=True, slots=True)
class Loaded:
    maps: Mapping[str, Map]
    programs: Mapping[str, int]

    def close(self) -> None:
        """Closes the file descriptors; what is pinned stays."""
        for fd in (*(each.fd for each in self.maps.values()), *self.programs.values()):
            os.close(fd)


def load(compiled: Compiled, pin: Path) -> Loaded:
    """Opens or makes the maps and loads the programs; nothing is attached yet."""
    layout.check(compiled.maps)
    filesystem.ensure_mounted(pin)
    folders = map_folders(compiled, pin)
    maps: dict[str, Map] = {}
    programs: dict[str, int] = {}
    try:
        for name, definition in compiled.maps.items():
            maps[name] = Map(name, _open_map(folders[name] / name, compiled), definition)
        descriptors = {name: each.fd for name, each in maps.items()}
        for name, bytecode in compiled.programs.items():
            kind, hook = _KINDS[name]
            programs[name] = syscalls.program_load(kind, bytecode.linked(descriptors), name=name, expected_attach=hook)
    except BaseException:
        Loaded(maps, programs).close()
        raise
    return Loaded(maps, programs)


def map_folders(compiled: Compiled, pin: Path) -> dict[str, Path]:
    """Map's name -> the folder of its pin. What remembers connections outlives a change of the tables."""
    groups = {name: (name,) for name in _REMEMBERING} | {"tables": tuple(sorted(compiled.maps.keys() - set(_REMEMBERING)))}
    return {name: pin / f"{group}-{compiled.schema(names)}" for group, names in groups.items() for name in names}


def _open_map(path: Path, compiled: Compiled) -> int:
    with suppress(FileNotFoundError):
        return syscalls.open_pinned(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    definition = compiled.maps[path.name]
    fd = syscalls.map_create(
        definition.kind,
        name=path.name,
        key_size=definition.key_size,
        value_size=definition.value_size,
        entries=definition.entries,
        flags=definition.flags,
    )
    try:
        syscalls.pin(fd, path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def attach(path: Path, program: int, target: int, *, hook: int, flags: int = 0) -> None:
    """Lets `program` run at `target`, an interface's index or a cgroup's descriptor, in place of whatever the link pinned
    at `path` runs there now. A link whose interface or cgroup is gone is made anew."""
    with suppress(FileNotFoundError):
        link = syscalls.open_pinned(path)
        try:
            syscalls.link_update(link, program)
            return
        except OSError as error:
            if error.errno != _GONE:
                raise
            path.unlink()
        finally:
            os.close(link)
    path.parent.mkdir(parents=True, exist_ok=True)
    link = syscalls.link_create(program, target, hook, flags=flags)
    try:
        syscalls.pin(link, path)
    finally:
        os.close(link)
