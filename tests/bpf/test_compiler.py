"""Sources into one text, and a cache that knows what went in."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataplane.bpf import compiler
from dataplane.bpf.bytecode import Compiled, to_json
from tests.support.testrun import CACHE


def test_every_header_of_ours_is_in_the_text_once() -> None:
    text = compiler.source()
    assert '#include "' not in text
    for header in Path(compiler.__file__).parent.glob("*.h"):
        assert text.count(f'#line 1 "{header.name}"') == 1, header.name


def test_what_is_kept_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiler.compiled(CACHE)

    def refuse(*_: object) -> Compiled:
        raise AssertionError("compiled again")

    monkeypatch.setattr(compiler, "_compile_apart", refuse)
    assert compiler.compiled(CACHE) == first
    with pytest.raises(AssertionError):
        compiler.compiled(CACHE, sizes={"MAX_NODES": 17})


def test_a_damaged_file_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Compiled({}, {})
    monkeypatch.setattr(compiler, "_compile_apart", lambda kept, definitions: made)
    monkeypatch.setattr(compiler, "_key", lambda definitions: "kept")
    (tmp_path / "kept.json").write_text("{")
    assert compiler.compiled(tmp_path) is made


def test_errors_of_the_compiler_are_told(tmp_path: Path) -> None:
    with pytest.raises(compiler.CompileError, match="not_a_number"):
        compiler.compiled(tmp_path, sizes={"MAX_NODES": "not_a_number"})  # type: ignore[dict-item]
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_nodes_that_start_together_compile_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def compile_slowly(kept: Path, _: object) -> Compiled:
        made.append(kept)
        kept.write_text(to_json(Compiled({}, {})))
        return Compiled({}, {})

    monkeypatch.setattr(compiler, "_compile_apart", compile_slowly)
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(compiler.compiled, [tmp_path] * 8))
    assert results == [Compiled({}, {})] * 8
    assert len(made) == 1


def test_a_process_with_a_node_network_never_loads_the_compiler() -> None:
    """LLVM is 100 MB; agents live long."""
    code = "import sys, dataplane.network.node; sys.exit('bcc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
