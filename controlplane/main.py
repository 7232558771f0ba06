"""The control plane's processes.

    python -m controlplane.main pki --dir DIR --node node-1=172.30.0.11 …     certificates for everybody
    python -m controlplane.main serve --pki DIR [--only api,scheduler,controllers] …

One `serve` may run everything, or several may share the work. The scheduler and the controllers are clients of the API like
any other, also when they live in its process.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import gc
import logging
import signal
import socket
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import structlog
import uvloop

from controlplane.client.client import Client
from controlplane.client.connection import SERVER_NAME, Connection
from controlplane.client.election import Election, lead
from controlplane.manager.options import election, with_manager_options
from controlplane.manager.options import settings as manager_settings
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.scheduler.loop import SchedulerOptions, run_scheduler
from controlplane.server import users
from controlplane.server.app import ApiServer, Settings
from controlplane.server.options import settings as api_settings
from controlplane.server.options import with_api_options
from controlplane.server.pki import Directory, Identity, Pair
from controlplane.store import encryption

log = structlog.get_logger()

PARTS = ("api", "scheduler", "controllers")
_LEASES = {"scheduler": "kube-scheduler", "controllers": "kube-controller-manager"}
ADMIN = Identity("kubernetes-admin", (users.MASTERS,))
SCHEDULER = Identity(users.SCHEDULER)
CONTROLLERS = Identity(users.CONTROLLER_MANAGER)
HOLLOW = Identity("system:hollow-nodes", (users.MASTERS,), ("localhost", "127.0.0.1"))  # many nodes in one process
_LOCAL = ("localhost", "127.0.0.1")
# How often garbage is looked for. What servers hold is plain data without cycles: looking at all of it again and again takes
# more time than it saves memory.
_COLLECT = (20_000, 20, 50)


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
def main() -> None:
    """The control plane: API server, scheduler, controllers."""


@main.command()
@click.option("--dir", "path", type=click.Path(path_type=Path), required=True, help="Where the certificates are kept.")
@click.option("--host", "hosts", multiple=True, help="A name or address at which the API server is reached.")
@click.option("--node", "nodes", multiple=True, metavar="NAME[=IP]", help="A node that gets a certificate.")
@click.option("--hollow", is_flag=True, help="Also one for simulated nodes.")
def pki(path: Path, hosts: tuple[str, ...], nodes: tuple[str, ...], hollow: bool) -> None:
    """Make the certificates that a cluster needs, and a key to encrypt secrets with; those that are there are kept."""
    directory, now = Directory(path), datetime.datetime.now(datetime.UTC)
    directory.ensure("apiserver", Identity("kube-apiserver", (), (SERVER_NAME, *_LOCAL, *hosts)), now)
    directory.ensure("etcd", Identity("etcd", (), _LOCAL), now)
    directory.ensure("admin", ADMIN, now)
    directory.ensure("scheduler", SCHEDULER, now)
    directory.ensure("controllers", CONTROLLERS, now)
    directory.ensure_token_key()
    for node in nodes:
        name, _, address = node.partition("=")
        hosts = (name, address) if address else (name,)
        directory.ensure(name, Identity(users.NODE_PREFIX + name, (users.NODES,), hosts), now)
    if hollow:
        directory.ensure("hollow", HOLLOW, now)
    directory.ensure_text("encryption.yaml", encryption.fresh_config)


def _parts(_context: click.Context, _option: click.Parameter, text: str) -> frozenset[str]:
    parts = frozenset(filter(None, text.split(",")))
    if not parts or not parts <= set(PARTS):
        raise click.BadParameter(f"{text!r}: name some of {', '.join(PARTS)}, separated by commas")
    return parts


@main.command()
@click.option("--pki", "path", type=click.Path(path_type=Path), required=True, help="The certificates' directory.")
@click.option("--only", callback=_parts, default=",".join(PARTS), show_default=True, help="Which parts to run.")
@click.option("--server", default="127.0.0.1:6444", show_default=True, help="The API for parts that run without it.")
@click.option("--debug", is_flag=True, help="Log routine matters too.")
@with_api_options
@with_manager_options
def serve(path: Path, only: frozenset[str], server: str, debug: bool, **values: Any) -> None:
    """Run the API server, the scheduler, the controllers, or all of them."""
    configure_logs(debug=debug)
    try:
        work = _work(Directory(path), only, server, values)
    except LookupError as error:
        raise click.ClickException(str(error)) from error
    gc.freeze()  # what was imported stays
    gc.set_threshold(*_COLLECT)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signal(lambda: _serve(work)))


@dataclass(frozen=True, slots=True)
class Work:
    """What `serve` is to run, and as whom. `elections` are those of the parts that have one."""

    api: Settings | None
    server: str
    ca: bytes
    pairs: Mapping[str, Pair]
    elections: Mapping[str, Election]
    manager: ManagerOptions | None


def _work(directory: Directory, parts: frozenset[str], server: str, values: Mapping[str, Any]) -> Work:
    """Raises LookupError for certificates that are missing, ClickException for other files."""
    identity = values["identity"] or f"{socket.gethostname()}_{uuid.uuid4()}"
    elected = {name: election(values, lease, identity) for name, lease in _LEASES.items() if name in parts}
    return Work(
        api_settings(values, directory) if "api" in parts else None,
        server,
        directory.authority(),
        {name: directory.required(name) for name in elected},
        elected,
        _manager(values, directory) if "controllers" in parts else None,
    )


def _manager(values: Mapping[str, Any], directory: Directory) -> ManagerOptions:
    authority = directory.load("ca")
    pair = (authority.certificate, authority.key) if authority else None
    return manager_settings(values, directory.authority(), pair)


async def _until_signal(work: Callable[[], Awaitable[None]]) -> None:
    """Runs until done, or until asked to stop."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work()


async def _serve(work: Work) -> None:
    server, manager = work.server, work.manager
    async with asyncio.TaskGroup() as tasks:
        if work.api is not None:
            api = ApiServer(work.api)
            tasks.create_task(api.run(), name="api")
            await api.ready()
            server = f"127.0.0.1:{api.port}"
        if "scheduler" in work.elections:
            tasks.create_task(_lead(work, "scheduler", server, _schedule), name="scheduler")
        if manager is not None:
            control = _lead(work, "controllers", server, lambda client: run_manager(client, manager))
            tasks.create_task(control, name="controllers")


async def _lead(work: Work, name: str, server: str, part: Callable[[Client], Awaitable[None]]) -> None:
    """Does the part's work whenever this process leads."""
    pair = work.pairs[name]
    async with Client(Connection(server, work.ca, pair.certificate, pair.key)) as client:
        await lead(client, work.elections[name], lambda: part(client))


async def _schedule(client: Client) -> None:
    await run_scheduler(client, SchedulerOptions())


if __name__ == "__main__":
    main()
