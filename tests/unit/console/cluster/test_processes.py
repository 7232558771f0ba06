"""Processes are known by pid and start, outlive who started them, and are ended for sure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from console.cluster import processes
from tests.support.waiting import eventually_sync

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable, "-c",
    "import signal, time, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "logs").mkdir()
    return tmp_path


def start(folder: Path, command: tuple[str, ...]) -> processes.Running:
    return processes.start("it", command, run=folder / "run", logs=folder / "logs", cwd=folder)


def test_a_process_is_found_again_by_what_was_written_down(folder: Path) -> None:
    running = start(folder, SLEEP)
    try:
        assert processes.find("it", folder / "run") == running
        assert processes.every(folder / "run") == [running]
        assert running.memory_bytes > 0
    finally:
        processes.stop(running, within=5)
    assert processes.find("it", folder / "run") is None
    assert processes.every(folder / "run") == []


def test_a_pid_that_was_given_to_another_is_not_mistaken(folder: Path) -> None:
    processes.note(processes.Running("it", os.getpid(), 1), folder / "run")
    assert processes.find("it", folder / "run") is None


def test_a_process_that_ignores_term_is_killed(folder: Path) -> None:
    running = start(folder, STUBBORN)
    eventually_sync(lambda: (folder / "logs" / "it.log").read_text())
    processes.stop(running, within=0.1)
    assert not running.is_alive


def test_a_note_that_is_cut_off_counts_as_none(folder: Path) -> None:
    (folder / "run" / "it.json").write_text('{"pid": 1')
    assert processes.find("it", folder / "run") is None
