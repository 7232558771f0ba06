"""The process that compiles: `python -m dataplane.bpf.bcc_compile FILE [NAME=VALUE...]` writes the programs' bytecode."""

from __future__ import annotations

import ctypes
import json
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataplane.bpf import toolchain
from dataplane.bpf.bytecode import Bytecode, Compiled, MapDefinition, to_json
from dataplane.bpf.compiler import source

_WARNINGS = ("-Wno-macro-redefined", "-Wno-unused-function", "-Wno-address-of-packed-member")
_LOAD_IMMEDIATE, _MAP_FD = 0x18, 1

# Functions of libbcc that its Python module does not declare (ctypes would cut their pointers to 32 bits).
_UNDECLARED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "bpf_num_tables": (ctypes.c_size_t, (ctypes.c_void_p,)),
    "bpf_table_name": (ctypes.c_char_p, (ctypes.c_void_p, ctypes.c_size_t)),
    "bpf_table_key_size_id": (ctypes.c_size_t, (ctypes.c_void_p, ctypes.c_size_t)),
    "bpf_table_leaf_size_id": (ctypes.c_size_t, (ctypes.c_void_p, ctypes.c_size_t)),
}


def main(arguments: Sequence[str]) -> None:
    target, *definitions = arguments
    Path(target).write_text(to_json(_compile(definitions)))


def _compile(definitions: Sequence[str]) -> Compiled:
    bcc = toolchain.import_bcc()
    library = _declared(bcc.lib)
    module = bcc.BPF(text=source().encode(), cflags=[*_WARNINGS, *(f"-D{each}" for each in definitions)])
    handle = module.module
    maps = {
        library.bpf_table_name(handle, index).decode(): _definition(library, handle, index)
        for index in range(library.bpf_num_tables(handle))
    }
    names = [library.bpf_function_name(handle, index) for index in range(library.bpf_num_functions(handle))]
    name_by_fd = {module[name].map_fd: name for name in maps}
    return Compiled(maps, {name.decode(): _bytecode(module.dump_func(name), name_by_fd) for name in names})


def _declared(library: Any) -> Any:
    for name, (result, arguments) in _UNDECLARED.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _definition(library: Any, handle: int, index: int) -> MapDefinition:
    name = library.bpf_table_name(handle, index)
    return MapDefinition(
        kind=library.bpf_table_type_id(handle, index),
        key_size=library.bpf_table_key_size_id(handle, index),
        value_size=library.bpf_table_leaf_size_id(handle, index),
        entries=library.bpf_table_max_entries_id(handle, index),
        flags=library.bpf_table_flags_id(handle, index),
        key=json.loads(library.bpf_table_key_desc(handle, name)),
        value=json.loads(library.bpf_table_leaf_desc(handle, name)),
    )


def _bytecode(code: bytes, name_by_fd: dict[int, str]) -> Bytecode:
    stripped, references = bytearray(code), []
    for at in range(0, len(code), 8):
        if code[at] == _LOAD_IMMEDIATE and code[at + 1] >> 4 == _MAP_FD:
            (fd,) = struct.unpack_from("=i", code, at + 4)
            references.append((at // 8, name_by_fd[fd]))
            struct.pack_into("=i", stripped, at + 4, 0)
    return Bytecode(bytes(stripped), tuple(references))


if __name__ == "__main__":
    main(sys.argv[1:])
