"""Kernel headers for BCC, on machines whose kernel came without."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataplane.bpf.toolchain import ToolchainError, link_headers, newest_headers, version_of_bcc


def install(sources: Path, version: str, *, split: bool = True) -> Path:
    tree = sources / f"linux-headers-{version}-amd64"
    (tree / "include" / "generated").mkdir(parents=True)
    if split:
        (sources / f"linux-headers-{version}-common" / "include").mkdir(parents=True)
    return tree


def test_the_newest_headers_are_linked_where_the_kernel_has_none(tmp_path: Path) -> None:
    install(tmp_path, "6.1.0-9")
    newest = install(tmp_path, "6.1.0-56")
    build = link_headers("6.18.44-x", modules=tmp_path / "modules", sources=tmp_path)
    assert build == tmp_path / "modules" / "6.18.44-x" / "build"
    assert build.resolve() == newest
    assert build.with_name("source").resolve() == tmp_path / "linux-headers-6.1.0-56-common"


def test_headers_that_are_there_stay(tmp_path: Path) -> None:
    install(tmp_path, "6.1.0-56")
    build = tmp_path / "modules" / "6.1.0-1-amd64" / "build"
    build.mkdir(parents=True)
    assert link_headers("6.1.0-1-amd64", modules=tmp_path / "modules", sources=tmp_path) == build
    assert not build.is_symlink()


def test_a_link_to_headers_that_are_gone_is_renewed(tmp_path: Path) -> None:
    tree = install(tmp_path, "6.1.0-56", split=False)
    home = tmp_path / "modules" / "x"
    home.mkdir(parents=True)
    (home / "build").symlink_to(tmp_path / "gone")
    assert link_headers("x", modules=tmp_path / "modules", sources=tmp_path).resolve() == tree
    assert (home / "source").resolve() == tree


def test_without_headers_the_package_is_named(tmp_path: Path) -> None:
    assert newest_headers(tmp_path) is None
    with pytest.raises(ToolchainError, match="apt-get install linux-headers-"):
        link_headers("x", modules=tmp_path / "modules", sources=tmp_path)


def test_the_version_of_bcc_is_known_without_loading_it() -> None:
    assert version_of_bcc()[0].isdigit()
