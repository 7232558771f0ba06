"""What a machine lacks is told with what it is for and how to get it."""

from __future__ import annotations

from console.cluster import machine
from console.cluster.machine import Need


def lacking() -> str:
    raise LookupError("no such thing")


def test_what_is_missing_is_told_with_its_package() -> None:
    need = Need("thing", "does things", lacking, ("thing-package",))
    [first, second] = machine.lines(machine.check((need,)))
    assert first.split() == ["missing", "thing", "no", "such", "thing"]
    assert "for: does things" in second
    assert "apt-get install -y thing-package" in second


def test_what_no_package_gives_is_told_in_words() -> None:
    need = Need("thing", "does things", lacking, remedy="buy one")
    assert machine.lines(machine.check((need,)))[1].endswith("to get it: buy one")


def test_a_demo_needs_neither_root_nor_docker_nor_bpf() -> None:
    assert {need.name for need in machine.SETS["demo"]} == {"python", "venv", "etcd"}


def test_what_is_there_is_told_with_where() -> None:
    [line] = machine.lines(machine.check((Need("thing", "", lambda: "/usr/bin/thing"),)))
    assert line.split() == ["ok", "thing", "/usr/bin/thing"]
