"""Manifests come as people have them. A mistake must be found by file, document and line, all mistakes at once."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from console import manifests
from console.manifests import ManifestError
from protos.v1 import apps_pb2 as apps

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: b\n"


def config(name: str) -> str:
    return CONFIG.format(name=name)


def names(found: list[manifests.Manifest]) -> list[str]:
    return [manifest.obj.metadata.name for manifest in found]


def test_a_file_may_hold_several_documents(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(f"{config('one')}---\n# nothing\n---\n{config('two')}")
    found = manifests.read([str(path)])
    assert names(found) == ["one", "two"]
    assert found[1].place == f"{path}, document 2 (line 10)"
    assert found[0].kind.name == "ConfigMap"
    assert found[0].document["data"] == {"a": "b"}


def test_json_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(
        json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 0}})
    )
    found = manifests.read([str(path)])
    assert isinstance(found[0].obj, apps.Deployment)
    assert found[0].obj.spec.HasField("replicas")


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "dos.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + config("dos").replace("\n", "\r\n").encode())
    assert names(manifests.read([str(path)])) == ["dos"]


@pytest.mark.parametrize("kind", ["List", "ConfigMapList"])
def test_a_list_is_taken_apart(kind: str) -> None:
    item = {"metadata": {"name": "one"}}
    if kind == "List":
        item |= {"apiVersion": "v1", "kind": "ConfigMap"}  # type: ignore[dict-item]
    text = json.dumps({"apiVersion": "v1", "kind": kind, "items": [item]})
    assert names(manifests.parse(text, "x")) == ["one"]


def test_a_folder_gives_its_files_in_order_and_those_below_when_asked(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(config("b"))
    (tmp_path / "a.yml").write_text(config("a"))
    (tmp_path / "README.md").write_text("not a manifest")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.json").write_text(json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c"}}))
    assert names(manifests.read([str(tmp_path)])) == ["a", "b"]
    assert names(manifests.read([str(tmp_path)], recursive=True)) == ["a", "b", "c"]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(config("piped").encode())))
    assert names(manifests.read(["-"])) == ["piped"]


def test_every_mistake_of_every_file_is_told_with_its_place(tmp_path: Path) -> None:
    good, bad, torn = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "torn.yaml"
    good.write_text(config("good"))
    bad.write_text(f"{config('fine')}---\nkind: ConfigMap\napiVersion: v1\ndta: {{}}\n---\napiVersion: v9\nkind: Pod\n")
    torn.write_text("a: b\n c: d\n")
    with pytest.raises(ManifestError) as caught:
        manifests.read([str(good), str(bad), str(torn), str(tmp_path / "none.yaml")])
    told = caught.value.problems
    assert len(told) == 4
    assert told[0].startswith(f"{bad}, document 2 (line 8): ")
    assert 'unknown field "dta"' in told[0]
    assert told[1].startswith(f"{bad}, document 3 (line 12): no matches for kind")
    assert told[2].startswith(f"{torn}: line 2")
    assert told[3] == f'the path "{tmp_path}/none.yaml" does not exist'


def test_unknown_fields_are_dropped_when_one_is_not_strict() -> None:
    assert names(manifests.parse(config("lax") + "dta: {}\n", "x", strict=False)) == ["lax"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no objects in it"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"just text", "must be an object"),
        (b"apiVersion: v1\nkind: ConfigMap\ndata: [1]\n", "data"),
        (b"a:\n\t- b\n", "line 2, column 1"),
    ],
)
def test_what_is_no_manifest_says_so(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=told):
        manifests.read([str(path)])


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no files there"):
        manifests.read([str(tmp_path)])


def test_a_manifest_of_an_older_version_is_understood_and_told() -> None:
    text = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {minAvailable: 1}\n"
    old, new = manifests.parse(text + "---\n" + text.replace("v1beta1", "v1"), "a.yaml")
    assert old.obj == new.obj
    assert old.deprecation == "policy/v1beta1 PodDisruptionBudget is deprecated; use policy/v1 PodDisruptionBudget"
    assert new.deprecation is None
