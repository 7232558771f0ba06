"""The command starts quickly because it loads little, and says in one line what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console import main


def loaded_by(*words: str, kubeconfig: Path) -> set[str]:
    """The modules in a process that has run the command."""
    code = (
        "import sys\nfrom console.main import run\nrun(sys.argv[1:])\n"
        "print('\\n' + ' '.join(sorted(sys.modules)), file=sys.stderr)"
    )
    env = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("\n\n")[2].split())


HEAVY = {"textual", "rich", "docker", "numpy", "structlog", "pyroute2", "console.tui"}


def test_version_loads_neither_the_console_nor_the_network_nor_yaml(tmp_path: Path) -> None:
    loaded = loaded_by("version", kubeconfig=tmp_path / "none")
    assert not loaded & (HEAVY | {"grpc", "yaml", "asyncio.base_events"})


def test_get_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "config"
    from console.kubeconfig import write_context

    write_context(path, "lab", server="", grpc="127.0.0.1:1", ca=b"x", certificate=b"x", key=b"x")
    loaded = loaded_by("get", "pods", "--request-timeout=1s", kubeconfig=path)
    assert "console.cli.get" in loaded
    assert not loaded & (HEAVY | {"console.manifests", "controlplane.api.codec", "console.printers.describe"})


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main.run(words)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("gte pods", 'error: unknown command "gte" for "orlop"; did you mean "get"?'),
        ("get pods --wtach", "error: unknown flag: --wtach; did you mean --watch?"),
        ("get pdos", 'error: the server doesn\'t have a resource type "pdos"; did you mean "pods"?'),
        ("get", "error: Required resource not specified."),
        ("get pods -o xml", 'error: unable to match a printer suitable for the output format "xml", allowed formats'),
        ("get pods --watch=perhaps", 'error: invalid argument "perhaps" for "--watch" flag'),
        ("get pods -w svc", None),
        ("get pods,svc -w", "error: you may only specify a single resource type"),
        ("get pod/a svc", "error: there is no need to specify a resource type as a separate argument"),
        ("get pods web -l app=web", "error: name cannot be provided when a selector is specified"),
        ("get pods --request-timeout=soon", "error: Invalid value for '--request-timeout': invalid duration \"soon\""),
        ("get pods --kubeconfig=/none", "error: /none: no such kubeconfig file"),
        ("get pods --context=none", 'error: context "none" does not exist'),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str, told: str | None
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nonexistent/config")
    code, out, err = run(capsys, *words.split())
    assert (code, out) == (1, "")
    assert err.startswith(told or "error: no current context")


def test_without_a_terminal_the_command_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 0
    assert "Usage: orlop" in out
    assert all(name in out for name in main.VERBS)


def test_kinds_are_listed_without_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "api-resources", "--namespaced=false", "--no-headers")
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines()]
    assert {"namespaces", "nodes", "persistentvolumes", "clusterroles"} <= set(listed)
    assert "pods" not in listed
