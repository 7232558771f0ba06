"""The data plane's processes and tools.

    python -m dataplane.main agent --node node-1 …       a node's agent
    python -m dataplane.main hollow --nodes 100 …        many simulated nodes
    python -m dataplane.main lab up --nodes a,b | down   nodes' network namespaces on this machine
    python -m dataplane.main shell NODE [-- COMMAND]     a command in a node's network namespace and cgroup
    python -m dataplane.main image load NAME …           images for the nodes of this machine
    python -m dataplane.main cleanup-node NAME …         removes what a node left on this machine

Results go to stdout as JSON, diagnostics to stderr.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
import orjson
import structlog
import uvloop

from dataplane.agent.agent import run_agent
from dataplane.agent.config import AgentConfig, Credentials
from dataplane.agent.hollow import HollowConfig, run_hollow
from dataplane.network import lab as lab_network
from dataplane.network import namespaces
from dataplane.network.errors import NetworkError
from dataplane.network.node import NodeNetwork, remove_node
from dataplane.runtime import cgroups, loading, pause
from dataplane.runtime.cleanup import nodes_with_containers, remove_containers
from dataplane.runtime.docker_runtime import DockerRuntime
from dataplane.runtime.engine import Engine
from dataplane.runtime.types import RuntimeFailure

log = structlog.get_logger()

_DOCKER = "unix:///var/run/docker.sock"
_PINS = Path("/sys/fs/bpf/orlop")
_CGROUPS = "/orlop"
_CACHE = Path("/var/cache/orlop/bpf")


def configure_logs(*, debug: bool) -> None:
    """JSON lines on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@click.group()
@click.option("--debug", is_flag=True, help="Log more.")
def main(debug: bool) -> None:
    """Orlop's data plane."""
    configure_logs(debug=debug)


main.add_command(loading.image)

_path = click.Path(path_type=Path)


@main.command()
@click.option("--node", required=True, help="Name of the node.")
@click.option("--server", required=True, help="Address of the API server, HOST:PORT.")
@click.option("--ca", type=_path, required=True, help="Certificate of the cluster's authority.")
@click.option("--cert", type=_path, required=True, help="Certificate of the agent, as client and as server.")
@click.option("--key", type=_path, required=True, help="Key of that certificate.")
@click.option("--node-ip", required=True, help="Address at which other nodes reach this one.")
@click.option("--uplink", required=True, help="Interface that leads to the other nodes.")
@click.option("--state", type=_path, required=True, help="Folder for pods' volumes.")
@click.option("--cgroup", required=True, help="Control group of the node, such as /orlop/node-1.")
@click.option("--service-cidr", required=True, help="Addresses of services.")
@click.option("--cluster-cidr", required=True, help="Addresses of pods, of all nodes.")
@click.option("--docker", default=_DOCKER, show_default=True, help="The Docker engine.")
@click.option("--port", default=10250, show_default=True, help="Port at which the agent serves logs and usage figures.")
@click.option("--labels", default="", help="Labels of the node: k=v,k=v.")
@click.option("--shares-machine", is_flag=True, help="Of the machine's usage count this node's containers.")
@click.option("--pause-image", default=pause.IMAGE, show_default=True, help="Image of the infrastructure container.")
@click.option("--bpf-cache", type=_path, default=_CACHE, show_default=True, help="Folder of compiled programs.")
def agent(
    docker: str, pause_image: str, bpf_cache: Path, labels: str, ca: Path, cert: Path, key: Path, **given: Any
) -> None:
    """Runs a node's agent, inside the node's network namespace."""
    config = AgentConfig(credentials=Credentials(ca, cert, key), labels=_labels(labels), **given)
    group = cgroups.unified() / config.cgroup.lstrip("/")
    network = NodeNetwork(
        node=config.node, uplink=config.uplink, node_ip=config.node_ip, cgroup=group, pin=_PINS / config.node,
        service_cidr=config.service_cidr, cluster_cidr=config.cluster_cidr, cache=bpf_cache)  # fmt: skip
    engine = Engine(docker)
    runtime = DockerRuntime(engine, node=config.node, cgroup=config.cgroup, pause_image=pause_image)
    try:
        _run(run_agent(config, runtime, network))
    finally:
        engine.close()


@main.command()
@click.option("--nodes", required=True, type=int, help="How many nodes.")
@click.option("--server", required=True, help="Address of the API server, HOST:PORT.")
@click.option("--ca", type=_path, required=True, help="Certificate of the cluster's authority.")
@click.option("--cert", type=_path, required=True, help="Certificate of an administrator, as client and as server.")
@click.option("--key", type=_path, required=True, help="Key of that certificate.")
@click.option("--prefix", default="node-", show_default=True, help="Start of the nodes' names.")
@click.option("--port", default=0, help="Port on 127.0.0.1 for all nodes' logs and figures; 0 for any.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives pods the same delays.")
def hollow(ca: Path, cert: Path, key: Path, **given: Any) -> None:
    """Runs simulated nodes, without containers, packets or root."""
    _run(run_hollow(HollowConfig(credentials=Credentials(ca, cert, key), **given)))


@main.group()
def lab() -> None:
    """Nodes' network namespaces on this machine."""


@lab.command()
@click.option("--nodes", required=True, help="Names, separated by commas.")
def up(nodes: str) -> None:
    """Makes them; prints their addresses."""
    try:
        made = lab_network.up([name for name in nodes.split(",") if name])
    except NetworkError as error:
        raise click.ClickException(str(error)) from error
    _print({"gateway": made.gateway, "nodes": {node.name: node.address for node in made.nodes}})


@lab.command()
@click.option("--docker", default=_DOCKER, show_default=True, help="The Docker engine.")
def down(docker: str) -> None:
    """Removes every node on this machine: containers, programs, namespaces, the bridge, whatever of them is left."""
    try:
        removed = {name: _clean_up(name, docker) for name in _traces(docker)}
        lab_network.down()
    except (NetworkError, RuntimeFailure) as error:
        raise click.ClickException(str(error)) from error
    for folder in (_PINS, cgroups.unified() / _CGROUPS.lstrip("/")):
        with contextlib.suppress(OSError):
            folder.rmdir()
    _print({"containers": removed})


def _traces(docker: str) -> list[str]:
    """The names of all nodes that have left anything on this machine."""
    found = {name.removeprefix(lab_network.PREFIX) for name in namespaces.names(lab_network.PREFIX)}
    for folder in (_PINS, cgroups.unified() / _CGROUPS.lstrip("/")):
        if folder.is_dir():
            found |= {path.name for path in folder.iterdir() if path.is_dir()}
    return sorted(found | nodes_with_containers(docker))


@main.command("cleanup-node")
@click.argument("names", nargs=-1, required=True)
@click.option("--docker", default=_DOCKER, show_default=True, help="The Docker engine.")
def cleanup_node(names: tuple[str, ...], docker: str) -> None:
    """Removes nodes' containers, pinned programs, links and control groups."""
    try:
        removed = {name: _clean_up(name, docker) for name in names}
    except (NetworkError, RuntimeFailure) as error:
        raise click.ClickException(str(error)) from error
    _print({"containers": removed})


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("node")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def shell(node: str, command: tuple[str, ...]) -> None:
    """Runs COMMAND, or a shell, in a node's network namespace and control group."""
    namespace = namespaces.named(lab_network.PREFIX + node)
    if not namespace.exists():
        raise click.ClickException(f'node "{node}" has no network namespace on this machine; `lab up` makes one')
    group = cgroups.unified() / _CGROUPS.lstrip("/") / node / "shell"
    group.mkdir(parents=True, exist_ok=True)
    (group / "cgroup.procs").write_text(str(os.getpid()))
    words = command or (os.environ.get("SHELL", "/bin/sh"),)
    os.execvp("nsenter", ["nsenter", f"--net={namespace}", "--", *words])


def _clean_up(name: str, docker: str) -> int:
    """The number of containers removed."""
    removed = remove_containers(docker, name)
    namespace = namespaces.named(lab_network.PREFIX + name)
    group = cgroups.unified() / _CGROUPS.lstrip("/") / name
    if namespace.exists():
        with namespaces.inside(namespace):
            remove_node(name, group, _PINS / name)
    else:
        remove_node(name, group, _PINS / name)
    cgroups.remove(f"{_CGROUPS}/{name}")
    return removed


def _labels(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part]
    return {name: value for name, _, value in pairs}


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Runs `work` until it ends or the process is told to stop."""

    async def until_told() -> None:
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, told.set)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(work)
            waiting = group.create_task(told.wait())
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            running.cancel()
            waiting.cancel()
        log.info("stopped")

    uvloop.run(until_told())


def _print(result: object) -> None:
    click.echo(orjson.dumps(result).decode())


if __name__ == "__main__":
    main()
