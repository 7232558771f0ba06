from __future__ import annotations

from pathlib import Path

import pytest

from dataplane.volumes.folders import check_host_path, make_empty
from dataplane.volumes.problems import MountProblem
from protos.v1 import core_pb2 as core


def host_path(path: Path, kind: str = "") -> core.HostPathVolumeSource:
    return core.HostPathVolumeSource(path=str(path), type=kind)


def test_an_empty_folder_is_open_to_all_and_kept(tmp_path: Path) -> None:
    place = tmp_path / "pod" / "data"
    make_empty(place, None)
    assert place.stat().st_mode & 0o7777 == 0o777
    (place / "file").write_text("kept")
    make_empty(place, None)
    assert (place / "file").read_text() == "kept"


@pytest.mark.root
def test_an_empty_folder_is_the_groups(tmp_path: Path) -> None:
    make_empty(tmp_path / "data", 4321)
    found = (tmp_path / "data").stat()
    assert (found.st_gid, found.st_mode & 0o7777) == (4321, 0o2777)


@pytest.mark.parametrize(("kind", "is_folder"), [("", True), ("DirectoryOrCreate", True), ("FileOrCreate", False)])
def test_what_is_missing_is_made_where_the_pod_says_so(tmp_path: Path, kind: str, is_folder: bool) -> None:
    check_host_path(host_path(tmp_path / "new", kind))
    assert (tmp_path / "new").is_dir() == is_folder
    check_host_path(host_path(tmp_path / "new", kind))


@pytest.mark.parametrize("kind", ["Directory", "File", "Socket", "CharDevice", "BlockDevice"])
def test_what_must_be_there_and_is_not_is_told(tmp_path: Path, kind: str) -> None:
    with pytest.raises(MountProblem, match=f"hostPath type check failed: {tmp_path}/none is not a {kind.lower()}"):
        check_host_path(host_path(tmp_path / "none", kind))
    assert not (tmp_path / "none").exists()
