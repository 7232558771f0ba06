"""Brings up a cluster on this machine, a step at a time.

Every step looks first whether it is done, so that `up` may be run again after anything: a crash, a reboot, a kill.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from console import kubeconfig
from console.cluster import machine, processes, supervisor, tools
from console.cluster.home import Claim, Home, Spec
from controlplane.api import errors, registry
from controlplane.api.objects import condition_is
from controlplane.client.client import Client
from controlplane.client.connection import Connection
from protos.v1 import core_pb2 as core

CONTEXT = "orlop"
_READY_SECONDS = 120.0
_PAUSE = 0.05


class UpError(Exception):
    """A step cannot be done; the text says what is missing and what to type."""


@dataclass(frozen=True, slots=True)
class Step:
    """Progress to show: a step begins, is done, or moves on (`doing` again with another text)."""

    name: str
    state: Literal["doing", "done"]
    text: str = ""


def check(spec: Spec) -> None:
    """Raises UpError naming everything that the machine lacks."""
    needs = machine.SETS["demo" if spec.hollow else "cluster"]
    needed = [need for need in needs if not (spec.etcd and need.name == "etcd")]
    missing = [finding for finding in machine.check(tuple(needed)) if not finding.ok]
    if missing:
        raise UpError("this machine lacks what a cluster needs:\n" + "\n".join(machine.lines(missing)))


def settle(home: Home, wanted: Spec) -> Spec:
    """The spec to bring up: what is wanted, and what the cluster that is or was here has. Raises UpError when a cluster of
    another sort runs here."""
    old = home.load()
    if old is None:
        return _with_free_ports(wanted)
    is_running = bool(processes.every(home.run))
    if is_running and old.hollow != wanted.hollow:
        raise UpError("another cluster runs here; end it with `orlop down`, or give this one a directory: ORLOP_HOME=…")
    if bool(old.hollow) != bool(wanted.hollow):
        return _with_free_ports(wanted)
    nodes = (*old.nodes, *(name for name in wanted.nodes if name not in old.nodes))
    spec = replace(old, nodes=nodes, hollow=wanted.hollow, kubeconfig=wanted.kubeconfig or old.kubeconfig)
    return spec if is_running else _with_free_ports(spec)


def _with_free_ports(spec: Spec) -> Spec:
    taken: set[int] = set()

    def free(port: int) -> int:
        while port in taken or not _is_free(port):
            port += 10
        taken.add(port)
        return port

    return replace(
        spec,
        api_port=free(spec.api_port),
        token_port=free(spec.token_port),
        etcd_port=free(spec.etcd_port),
        etcd_peer_port=free(spec.etcd_peer_port),
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def write_kubeconfig(spec: Spec, link: Connection) -> Path:
    """Puts the administrator's context into the user's kubeconfig. `server` is where REST clients will find the API."""
    path = kubeconfig_path(spec)
    server = f"https://127.0.0.1:{spec.api_port - 1}"
    kubeconfig.write_context(
        path, CONTEXT, server=server, grpc=link.address, tokens=f"127.0.0.1:{spec.token_port}", ca=link.ca,
        certificate=link.certificate, key=link.key,
    )  # fmt: skip
    _hand_over(path)
    return path


def _hand_over(path: Path) -> None:
    """Under sudo, the file belongs to the user who typed it."""
    owner = os.environ.get("SUDO_UID")
    if os.geteuid() == 0 and owner and path.is_relative_to(Path.home()):
        for made in (path.parent, path):
            os.chown(made, int(owner), int(os.environ.get("SUDO_GID", "-1")))


def kubeconfig_path(spec: Spec) -> Path:
    return kubeconfig.paths(spec.kubeconfig)[0]


def claim_machine(home: Home, claim: Claim | None = None) -> None:
    """Makes sure that no other cluster uses this machine's nodes. Raises UpError if one does."""
    claim = claim or Claim()
    holder = claim.holder()
    if holder is not None and holder.path != home.path and processes.every(holder.run):
        raise UpError(
            f"the cluster of {holder.path} has this machine's nodes; end it with `ORLOP_HOME={holder.path} orlop down`"
        )
    claim.take(home)


async def make_certificates(home: Home, spec: Spec) -> None:
    nodes = [word for name in spec.nodes for word in ("--node", name)]
    hollow = ["--hollow"] if spec.hollow else []
    await _tool("controlplane.main", "pki", "--dir", str(home.pki), *nodes, *hollow)


def connection(home: Home, spec: Spec) -> Connection:
    """The administrator's."""
    ca, certificate, key = ((home.pki / name).read_bytes() for name in ("ca.crt", "admin.crt", "admin.key"))
    return Connection(f"127.0.0.1:{spec.api_port}", ca, certificate, key)


async def bring_up(home: Home, spec: Spec) -> AsyncIterator[Step]:
    """The steps, as they happen. Certificates must be there. Raises UpError."""
    if spec.nodes:
        claim_machine(home)
        yield Step("network", "doing", f"namespaces for {len(spec.nodes)} node{'s' if len(spec.nodes) > 1 else ''}")
        lab = await _tool_json("dataplane.main", "lab", "up", "--nodes", ",".join(spec.nodes))
        spec = replace(spec, gateway=lab["gateway"], addresses=lab["nodes"])
        yield Step("network", "done", f"{len(spec.nodes)} namespaces on {spec.gateway}")
    home.save(spec)
    yield Step("processes", "doing", "starting")
    _supervise(home)
    link = connection(home, spec)
    where = write_kubeconfig(spec, link)
    yield Step("processes", "done", "etcd, API server, scheduler, controllers" + (", agents" if spec.nodes else ""))
    yield Step("kubeconfig", "done", f"context {CONTEXT} in {where}")
    async with Client(link, deadline_seconds=5) as client:
        yield Step("api", "doing", link.address)
        await _until(lambda: _answers(client), home, "the API server does not answer")
        yield Step("api", "done", link.address)
        async for step in _nodes(client, home, spec):
            yield step


async def _nodes(client: Client, home: Home, spec: Spec) -> AsyncIterator[Step]:
    wanted = spec.node_names
    ready: set[str] = set()
    yield Step("nodes", "doing", f"0 of {len(wanted)} ready")

    async def more_ready() -> bool:
        try:
            listed = await client.list(registry.NODES)
        except errors.StatusError:
            return False
        now = {node.metadata.name for node in listed.items if _is_ready(node)} & set(wanted)
        grown = len(now) > len(ready)
        ready.update(now)
        return grown

    while len(ready) < len(wanted):
        await _until(more_ready, home, f"nodes not ready: {', '.join(sorted(set(wanted) - ready))}")
        yield Step("nodes", "doing", f"{len(ready)} of {len(wanted)} ready")
    yield Step("nodes", "done", f"{len(ready)} ready")


def _is_ready(node: core.Node) -> bool:
    return condition_is(node.status.conditions, "Ready")


def _supervise(home: Home) -> None:
    """Starts the supervisor, or tells the one that runs to look at the spec again."""
    running = processes.find(supervisor.NAME, home.run)
    if running is not None:
        os.kill(running.pid, signal.SIGHUP)
        return
    command = (sys.executable, "-m", "console.cluster.supervisor")
    os.environ["ORLOP_HOME"] = str(home.path)
    processes.start(supervisor.NAME, command, run=home.run, logs=home.logs, cwd=home.path)


async def _answers(client: Client) -> bool:
    try:
        await client.get(registry.NAMESPACES, "default")
    except errors.StatusError:
        return False
    return True


async def _until(check: Callable[[], Awaitable[bool]], home: Home, complaint: str) -> None:
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    while not await check():
        if asyncio.get_running_loop().time() > deadline:
            raise UpError(f"{complaint} after {_READY_SECONDS:.0f} s; look into {home.logs}")
        await asyncio.sleep(_PAUSE)


async def _tool(module: str, *arguments: str) -> None:
    try:
        await tools.run(module, *arguments)
    except tools.ToolError as error:
        raise UpError(str(error)) from error


async def _tool_json(module: str, *arguments: str) -> Any:
    try:
        return await tools.run_json(module, *arguments)
    except tools.ToolError as error:
        raise UpError(str(error)) from error
