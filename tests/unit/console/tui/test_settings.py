from __future__ import annotations

from pathlib import Path

import pytest

from console.tui import keys, settings


def load(path: Path, text: str) -> settings.Settings:
    file = path / settings.FILE
    file.write_text(text, encoding="utf-8")
    return settings.load(file)


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "nothing.yaml") == settings.Settings()
    assert load(tmp_path, "") == settings.Settings()


def test_keys_and_theme_are_read(tmp_path: Path) -> None:
    read = load(tmp_path, "theme: light\nkeys:\n  list.delete: ctrl+x\n")
    assert read == settings.Settings("light", {"list.delete": "ctrl+x"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("theme: neon", "no theme 'neon'; there are dark, light"),
        ("keys: [a]", "want a mapping from binding to key"),
        ("- a", "want a mapping with the keys theme and keys"),
        ("colour: red", "no setting 'colour'"),
        ("keys: {list.delet: x}", "no binding 'list.delet'; did you mean 'list.delete'"),
        ("keys: {list.delete: d}", "'d' is both list.describe and list.delete"),
        (": :", "console.yaml"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_holds(tmp_path: Path, text: str, told: str) -> None:
    read = load(tmp_path, text)
    assert told in " ".join(read.problems)
    assert read.theme == "dark"


def test_the_defaults_do_not_clash() -> None:
    assert keys.problems({}) == []


def test_every_binding_has_an_id_of_its_own_and_a_meaning() -> None:
    """By the id it can be moved to another key; by the meaning help can explain it."""
    every = [binding for scope in keys.SCOPES.values() for binding in scope]
    assert len({binding.id for binding in every}) == len(every)
    assert all(binding.id and binding.description for binding in every)


@pytest.mark.parametrize(
    ("key", "shown"), [("enter", "⏎"), ("ctrl+d", "^d"), ("slash", "/"), ("G", "G"), ("shift+left", "⇧←")]
)
def test_keys_are_written_shortly(key: str, shown: str) -> None:
    assert keys.symbol(key) == shown


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ORLOP_CONFIG_DIR", str(tmp_path))
    assert settings.folder() == tmp_path
    monkeypatch.delenv("ORLOP_CONFIG_DIR")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings.folder() == tmp_path / "orlop"
