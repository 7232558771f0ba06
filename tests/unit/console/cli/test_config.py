"""`orlop config` on a file that kubectl uses too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from console import kubeconfig, main

Orlop = Callable[..., str]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two clusters, of which `lab` is the current one."""
    file = tmp_path / "config"
    for name in ("lab", "prod"):
        kubeconfig.write_context(
            file, name, server=f"https://{name}:6443", grpc=f"{name}:6444", ca=b"CA", certificate=b"CERT", key=b"KEY",
            make_current=name == "lab")  # fmt: skip
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


@pytest.fixture
def orlop(path: Path, capsys: pytest.CaptureFixture[str]) -> Orlop:
    """Runs a command that must succeed; what it prints."""

    def run(*words: str, fails: bool = False) -> str:
        code = main.run(words)
        out, err = capsys.readouterr()
        assert bool(code) == fails, err
        return err if fails else out

    return run


def test_keys_and_certificates_are_not_shown(orlop: Orlop) -> None:
    shown = orlop("config", "view")
    assert "DATA+OMITTED" in shown
    assert "S0VZ" not in shown  # KEY in base64
    assert "S0VZ" in orlop("config", "view", "--raw")


def test_a_view_may_be_cut_down_to_the_current_context(orlop: Orlop) -> None:
    shown = orlop("config", "view", "--minify")
    assert "https://lab:6443" in shown
    assert "prod" not in shown


def test_contexts_are_listed_with_the_current_one_marked(orlop: Orlop) -> None:
    assert orlop("config", "get-contexts").splitlines() == [
        "CURRENT   NAME   CLUSTER   AUTHINFO   NAMESPACE",
        "*         lab    lab       lab        ",
        "          prod   prod      prod       ",
    ]
    assert orlop("config", "get-contexts", "-o", "name") == "lab\nprod\n"
    assert "error: context nope not found" in orlop("config", "get-contexts", "nope", fails=True)


def test_one_switches_between_contexts(orlop: Orlop) -> None:
    assert orlop("config", "use-context", "prod") == 'Switched to context "prod".\n'
    assert orlop("config", "current-context") == "prod\n"
    assert orlop("config", "use-context", "nope", fails=True) == 'error: no context exists with the name: "nope"\n'


def test_a_contexts_namespace_is_set(orlop: Orlop, path: Path) -> None:
    assert orlop("config", "set-context", "--current", "--namespace=shop") == 'Context "lab" modified.\n'
    assert kubeconfig.load(str(path)).namespace() == "shop"
    assert orlop("config", "set-context", "new", "--cluster=lab", "--user=lab") == 'Context "new" created.\n'
    assert kubeconfig.load(str(path)).connection("new").address == "lab:6444"


def test_contexts_are_renamed_and_deleted(orlop: Orlop, path: Path) -> None:
    assert orlop("config", "rename-context", "lab", "home") == 'Context "lab" renamed to "home".\n'
    assert orlop("config", "current-context") == "home\n"
    assert orlop("config", "delete-context", "prod") == f"deleted context prod from {path}\n"
    assert orlop("config", "get-contexts", "-o", "name") == "home\n"
    assert orlop("config", "delete-context", "prod", fails=True) == f"error: cannot delete context prod, not in {path}\n"


def test_clusters_and_users_are_made_from_flags(orlop: Orlop, path: Path, tmp_path: Path) -> None:
    for name in ("ca", "crt", "key"):
        (tmp_path / name).write_text(name)
    orlop("config", "set-cluster", "own", "--grpc=h:1", f"--certificate-authority={tmp_path}/ca")
    orlop("config", "set-credentials", "me", f"--client-certificate={tmp_path}/crt", f"--client-key={tmp_path}/key")
    orlop("config", "set-context", "own", "--cluster=own", "--user=me")
    found = kubeconfig.load(str(path)).connection("own")
    assert (found.address, found.ca, found.certificate, found.key) == ("h:1", b"ca", b"crt", b"key")
    assert orlop("config", "get-clusters") == "NAME\nlab\nown\nprod\n"
    assert orlop("config", "get-users") == "NAME\nlab\nme\nprod\n"


def test_single_properties_are_set_and_unset(orlop: Orlop, path: Path) -> None:
    assert orlop("config", "set", "contexts.lab.namespace", "x") == 'Property "contexts.lab.namespace" set.\n'
    assert kubeconfig.load(str(path)).namespace() == "x"
    orlop("config", "unset", "contexts.lab.namespace")
    assert kubeconfig.load(str(path)).namespace() == "default"
    orlop("config", "set", "current-context", "prod")
    assert orlop("config", "current-context") == "prod\n"
    orlop("config", "unset", "current-context")
    assert orlop("config", "current-context", fails=True) == "error: current-context is not set\n"
