"""Images come to the nodes of this machine by name or by archive."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataplane.runtime.archive import File, ImageConfig, archive
from tests.support.docker import BUSYBOX, with_client

pytestmark = pytest.mark.root

OURS = "orlop-test/loaded:1"


def load(*names: str, stdin: bytes = b"") -> tuple[int, list[str], str]:
    """Exit code, the names of what was loaded, and what was said."""
    command = [sys.executable, "-m", "dataplane.main", "image", "load", *names]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60)
    return done.returncode, [json.loads(line)["name"] for line in done.stdout.splitlines()], done.stderr.decode()


@pytest.fixture
def made() -> Iterator[bytes]:
    """An archive of an image that the engine does not have; it is gone afterwards."""

    def remove() -> None:
        with_client(lambda api: [api.remove_image(OURS) for one in api.images(name=OURS)])

    remove()
    try:
        yield archive(OURS, {"hello": File(b"hello\n")}, ImageConfig(command=("/hello",)))
    finally:
        remove()


def test_an_image_that_the_engine_has_is_there(busybox: str) -> None:
    assert load(busybox) == (0, [BUSYBOX], "")


def test_an_archive_is_taken_in(made: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(made)
    assert load(str(path)) == (0, [OURS], "")
    assert load(OURS) == (0, [OURS], "")


def test_an_archive_may_come_on_standard_input(made: bytes) -> None:
    assert load("-", stdin=made) == (0, [OURS], "")


def test_what_is_neither_is_told_and_the_others_are_loaded(busybox: str) -> None:
    code, names, said = load("orlop-test/none:1", busybox)
    assert (code, names) == (1, [BUSYBOX])
    assert 'image "orlop-test/none:1" is neither in this machine\'s Docker nor a file; build or pull it first' in said


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "no.tar"
    path.write_text("not an archive")
    code, names, said = load(str(path))
    assert (code, names) == (1, [])
    assert "error:" in said
