"""Files that change all at once."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataplane.volumes.atomic import holds, read, write
from dataplane.volumes.payload import File, Payload

NAME = st.sampled_from(["a", "b", "c", "dir/a", "dir/b", "dir/deep/a", "other/x"])
PAYLOADS = st.dictionaries(NAME, st.binary(max_size=3).map(lambda content: File(content, 0o644)))


def payload(**texts: str) -> dict[str, File]:
    return {path.replace("__", "/"): File(text.encode(), 0o644) for path, text in texts.items()}


def seen(place: Path) -> dict[str, bytes]:
    """What a program sees, that follows links but looks at no hidden folder."""
    found = {}
    for folder, folders, files in os.walk(place, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith("..")]
        for file in files:
            path = Path(folder) / file
            found[str(path.relative_to(place))] = path.read_bytes()
    return found


def hidden(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if path.name.startswith(".."))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_lie_behind_a_link_to_a_folder_of_their_time(tmp_path: Path) -> None:
    assert write(tmp_path / "v", payload(token="1", deep__er__file="2"))
    place = tmp_path / "v"
    assert seen(place) == {"token": b"1", "deep/er/file": b"2"}
    assert os.readlink(place / "token") == "..data/token"
    assert os.readlink(place / "deep") == "..data/deep"
    data, folder = hidden(place)[::-1]
    assert data == "..data"
    assert os.readlink(place / data) == folder
    assert read(place, "deep/er/file") == b"2"
    assert [read(place, path) for path in ("deep", "none", "token/none")] == [None, None, None]


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, payload(a="1"))
    before = os.readlink(tmp_path / "..data")
    assert holds(tmp_path, payload(a="1"))
    assert not write(tmp_path, payload(a="1"))
    assert os.readlink(tmp_path / "..data") == before
    assert write(tmp_path, payload(a="2"))
    assert os.readlink(tmp_path / "..data") != before
    assert len(hidden(tmp_path)) == 2


@settings(deadline=None, max_examples=40)
@given(st.lists(PAYLOADS, min_size=1, max_size=4))
def test_the_last_payload_is_what_is_seen(tmp_path_factory: pytest.TempPathFactory, payloads: list[Payload]) -> None:
    place = tmp_path_factory.mktemp("volume")
    for one in payloads:
        write(place, one)
        assert seen(place) == {path: file.content for path, file in one.items()}
        assert holds(place, one)


def test_nobody_sees_one_file_without_the_other(tmp_path: Path) -> None:
    """A reader that holds the folder behind `..data` finds both files of one time in it."""
    write(tmp_path, payload(a="0", b="0"))
    done = threading.Event()
    torn: list[tuple[bytes, bytes]] = []

    def look() -> None:
        while not done.is_set():
            folder = os.open(tmp_path / "..data", os.O_RDONLY)
            try:
                texts = [Path(f"/proc/self/fd/{folder}/{name}").read_bytes() for name in ("a", "b")]
                if texts[0] != texts[1]:
                    torn.append((texts[0], texts[1]))
            except FileNotFoundError:
                pass  # it was replaced meanwhile, and is gone as a whole
            finally:
                os.close(folder)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(200):
            write(tmp_path, payload(a=str(number), b=str(number)))
            assert (tmp_path / "a").read_bytes() == str(number).encode()
    finally:
        done.set()
        reader.join()
    assert torn == []


def test_modes_are_those_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path / "v", {"a": File(b"", 0o666), "dir/b": File(b"", 0o400)})
    finally:
        os.umask(before)
    place = tmp_path / "v"
    assert (mode(place / "a"), mode(place / "dir/b")) == (0o666, 0o400)
    assert (mode(place), mode(place / "..data"), mode(place / "dir")) == (0o755, 0o755, 0o755)


@pytest.mark.root
def test_a_group_may_read_and_an_owner_owns(tmp_path: Path) -> None:
    place = tmp_path / "v"
    write(place, {"dir/a": File(b"", 0o600, owner=1234), "b": File(b"", 0o200)}, group=4321)
    found = (place / "dir/a").stat()
    assert (found.st_uid, found.st_gid, mode(place / "dir/a"), mode(place / "b")) == (1234, 4321, 0o640, 0o640)
    for folder in (place, place / "..data", place / "dir"):
        assert (folder.stat().st_gid, mode(folder)) == (4321, 0o2755)


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path: Path) -> None:
    write(tmp_path, payload(a="1"))
    (tmp_path / "..2020_01_01_00_00_00.gone").mkdir()
    (tmp_path / "..2020_01_01_00_00_00.gone" / "a").write_text("half")
    (tmp_path / "..data_tmp").symlink_to("..2020_01_01_00_00_00.gone")
    write(tmp_path, payload(a="2"))
    assert seen(tmp_path) == {"a": b"2"}
    assert len(hidden(tmp_path)) == 2


def test_files_that_were_written_in_place_become_links(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "b").write_text("2")
    (tmp_path / "old").write_text("3")
    write(tmp_path, payload(a="1", dir__b="2"))
    assert seen(tmp_path) == {"a": b"1", "dir/b": b"2"}
    assert os.readlink(tmp_path / "dir") == "..data/dir"


def test_a_failed_write_leaves_what_was(tmp_path: Path) -> None:
    write(tmp_path, payload(a="1"))
    with pytest.raises(OSError, match="File name too long"):
        write(tmp_path, {"b" * 300: File(b"", 0o644)})
    assert seen(tmp_path) == {"a": b"1"}
    assert len(hidden(tmp_path)) == 2
