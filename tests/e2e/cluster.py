"""A cluster for end-to-end tests: started, driven and ended with the commands that people type."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.waiting import eventually_sync

ORLOP = str(Path(sys.executable).parent / "orlop")
_INDEX = "this is {version}\n"
# As process 1, httpd would not get TERM at all; so the shell ends it, and with it every request under way, at once.
_SERVE = "httpd -f -p 8080 -h /www & trap 'kill -9 $!; exit 0' TERM; wait"
_WHO = "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nhostname\n"


class CommandError(AssertionError):
    """A command failed; the text has what it printed."""


@dataclass
class Cluster:
    """`home` and `kubeconfig` keep it apart from a cluster that the machine's user may have."""

    home: Path
    nodes: int = 2
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.env = {**os.environ, "ORLOP_HOME": str(self.home), "KUBECONFIG": str(self.home.parent / "kubeconfig")}

    def orlop(self, *words: str, stdin: str | None = None, timeout: float = 120) -> str:
        """What the command prints; fails the test when the command does."""
        done = self.attempt(*words, stdin=stdin, timeout=timeout)
        if done.returncode:
            raise CommandError(f"orlop {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def attempt(self, *words: str, stdin: str | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ORLOP, *words], input=stdin, capture_output=True, text=True, timeout=timeout, env=self.env, check=False
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen([ORLOP, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.env)

    def json(self, *words: str) -> Any:
        return json.loads(self.orlop(*words, "-o", "json"))

    def up(self, *words: str) -> None:
        self.orlop("up", "--nodes", str(self.nodes), "--detach", *words, timeout=240)

    def down(self) -> None:
        self.orlop("down", timeout=180)

    def pods(self, selector: str = "", namespace: str = "default") -> list[dict[str, Any]]:
        words = ("-l", selector) if selector else ()
        items: list[dict[str, Any]] = self.json("get", "pods", "-n", namespace, *words)["items"]
        return items

    def ready_pods(self, selector: str) -> list[dict[str, Any]]:
        return [pod for pod in self.pods(selector) if is_ready(pod)]

    def wait_ready(self, selector: str, count: int, within: float = 60) -> list[dict[str, Any]]:
        def ready() -> list[dict[str, Any]]:
            every = self.pods(selector)
            good = [pod for pod in every if is_ready(pod)]
            assert len(good) == len(every) == count, [(name_of(pod), pod["status"].get("phase")) for pod in every]
            return good

        return eventually_sync(ready, within=within)

    def shell(self, node: str, *command: str, timeout: float = 60) -> str:
        return self.orlop("shell", node, "--", *command, timeout=timeout)

    def process(self, name: str) -> int:
        """The pid of a process of the cluster."""
        pid: int = json.loads((self.home / "run" / f"{name}.json").read_text())["pid"]
        return pid

    def kill(self, name: str) -> int:
        pid = self.process(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_replaced(self, name: str, pid: int, within: float = 30) -> None:
        eventually_sync(lambda: self.process(name) != pid, within=within)


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def name_of(obj: dict[str, Any]) -> str:
    name: str = obj["metadata"]["name"]
    return name


def make_httpd_image(version: str) -> str:
    """A busybox httpd that answers `/` with its version and `/cgi-bin/who` with the pod's name."""
    image = f"orlop-e2e/httpd:{version}"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(shutil.which("busybox") or "/bin/busybox", "bin/busybox")
        for applet in ("sh", "httpd", "hostname", "sleep", "cat", "wget", "printf"):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        _add(tar, "www/index.html", _INDEX.format(version=version), 0o644)
        _add(tar, "www/cgi-bin/who", _WHO, 0o755)
    command = json.dumps(["sh", "-c", _SERVE])
    changes = ["--change", f"CMD {command}", "--change", "ENV PATH=/bin"]
    subprocess.run(["docker", "import", *changes, "-", image], input=content.getvalue(), check=True, capture_output=True)
    return image


def _add(tar: tarfile.TarFile, name: str, text: str, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(text), mode
    tar.addfile(info, io.BytesIO(text.encode()))


def run(command: Sequence[str], timeout: float = 60) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise CommandError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def since(started: float) -> float:
    return time.monotonic() - started
