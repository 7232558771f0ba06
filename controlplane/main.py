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
from controlplane.manager.runner import ManagerOptions, run_manager
from controlplane.manager.signing import SigningAuthority
from controlplane.scheduler.loop import SchedulerOptions, run_scheduler
from controlplane.server import users
from controlplane.server.app import ApiServer, Settings
from controlplane.server.authn.options import settings as token_settings
from controlplane.server.authn.options import with_token_options
from controlplane.server.authn.settings import TokenSettings
from controlplane.server.pki import Directory, Identity, Pair
from controlplane.store import encryption
from controlplane.store.endpoint import Endpoint
from controlplane.store.store import EVENT_TTL_SECONDS, HISTORY_BYTES

log = structlog.get_logger()

PARTS = ("api", "scheduler", "controllers")
ADMIN = Identity("kubernetes-admin", (users.MASTERS,))
SCHEDULER = Identity(users.SCHEDULER)
CONTROLLERS = Identity(users.CONTROLLER_MANAGER)
HOLLOW = Identity("system:hollow-nodes", (users.MASTERS,), ("localhost", "127.0.0.1"))  # many nodes in one process
_LOCAL = ("localhost", "127.0.0.1")


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


@dataclass(frozen=True, slots=True)
class Options:
    """What `serve` was asked for."""

    pki: Directory
    parts: frozenset[str]
    listen: str
    listen_tokens: str
    tokens: TokenSettings | None
    server: str
    etcd: Endpoint
    service_cidr: str
    cluster_cidr: str
    node_grace: float
    history: float
    history_bytes: int
    event_ttl: float
    encryption: Path | None
    signing: SigningAuthority | None
    identity: str
    election: tuple[float, float, float]


def _parts(_context: click.Context, _option: click.Parameter, text: str) -> frozenset[str]:
    parts = frozenset(filter(None, text.split(",")))
    if not parts or not parts <= set(PARTS):
        raise click.BadParameter(f"{text!r}: name some of {', '.join(PARTS)}, separated by commas")
    return parts


@main.command()
@click.option("--pki", "path", type=click.Path(path_type=Path), required=True, help="The certificates' directory.")
@click.option("--only", callback=_parts, default=",".join(PARTS), show_default=True, help="Which parts to run.")
@click.option("--listen", default="0.0.0.0:6444", show_default=True, help="Where the API is served by gRPC.")
@click.option("--listen-tokens", default="0.0.0.0:6445", show_default=True, help="Where, for clients that send tokens.")
@click.option("--server", default="127.0.0.1:6444", show_default=True, help="The API for parts that run without it.")
@click.option("--etcd", default="127.0.0.1:2379", show_default=True, help="etcd's members, separated by commas.")
@click.option("--etcd-ca", type=click.Path(path_type=Path), help="etcd's CA, if not the cluster's own.")
@click.option("--etcd-cert", type=click.Path(path_type=Path), help="The certificate to show to etcd.")
@click.option("--etcd-key", type=click.Path(path_type=Path), help="Its key.")
@click.option("--service-cidr", default="10.96.0.0/16", show_default=True, help="The services' addresses.")
@click.option("--cluster-cidr", default="10.244.0.0/16", show_default=True, help="The pods' addresses, a /24 per node.")
@click.option("--node-monitor-grace", default=40.0, show_default=True, help="Seconds without a lease until NotReady.")
@click.option("--history", default=3600.0, show_default=True, help="Seconds of history to keep.")
@click.option("--history-bytes", default=HISTORY_BYTES, show_default=True, help="Shorten it when etcd holds more.")
@click.option("--event-ttl", default=EVENT_TTL_SECONDS, show_default=True, help="Seconds to keep events for.")
@click.option("--encryption-config", type=click.Path(path_type=Path), help="How objects are encrypted in etcd; followed.")
@click.option("--identity", default="", help="This process among candidates for leader; the same after a restart.")
@click.option("--leader-elect-lease-duration", "lease", default=15.0, show_default=True, help="Seconds that a lease lasts.")
@click.option("--leader-elect-renew-deadline", "renew", default=10.0, show_default=True, help="Seconds to renew it within.")
@click.option("--leader-elect-retry-period", "retry", default=2.0, show_default=True, help="Seconds between tries.")
@click.option("--debug", is_flag=True, help="Log routine matters too.")
@click.option("--cluster-signing-cert-file", type=click.Path(path_type=Path), help="Signs certificates on request; the CA.")
@click.option("--cluster-signing-key-file", type=click.Path(path_type=Path), help="Its key.")
@click.option("--cluster-signing-duration", default=31_536_000, show_default=True, help="Seconds that they are good.")
@with_token_options
def serve(
    path: Path, only: frozenset[str], listen: str, listen_tokens: str, server: str, etcd: str, etcd_ca: Path | None,
    etcd_cert: Path | None, etcd_key: Path | None, service_cidr: str, cluster_cidr: str, node_monitor_grace: float,
    history: float, history_bytes: int, event_ttl: float, encryption_config: Path | None, identity: str, lease: float,
    renew: float, retry: float, debug: bool, **authn: Any,
) -> None:  # fmt: skip
    """Run the API server, the scheduler, the controllers, or all of them."""
    configure_logs(debug=debug)
    directory = Directory(path)
    own = _pair(directory, "apiserver") if "api" in only else Pair(b"", b"")
    endpoint = Endpoint(
        tuple(etcd.split(",")),
        etcd_ca.read_bytes() if etcd_ca else _ca(directory),
        etcd_cert.read_bytes() if etcd_cert else own.certificate,
        etcd_key.read_bytes() if etcd_key else own.key,
    )
    tokens = token_settings(authn, directory.token_key()) if "api" in only else None
    options = Options(
        directory, only, listen, listen_tokens, tokens, server, endpoint, service_cidr, cluster_cidr,
        node_monitor_grace, history, history_bytes, event_ttl, encryption_config,
        _signing(directory, authn) if "controllers" in only else None,
        identity or f"{socket.gethostname()}_{uuid.uuid4()}", (lease, renew, retry),
    )  # fmt: skip
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signal(lambda: _serve(options)))


def _signing(directory: Directory, values: Mapping[str, Any]) -> SigningAuthority | None:
    """Without an authority's key on this machine requests for certificates are left to others."""
    certificate, key = values["cluster_signing_cert_file"], values["cluster_signing_key_file"]
    pair = Pair(certificate.read_bytes(), key.read_bytes()) if certificate and key else directory.load("ca")
    return None if pair is None else SigningAuthority(pair.certificate, pair.key, values["cluster_signing_duration"])


def _ca(directory: Directory) -> bytes:
    return _pair(directory, "ca").certificate


def _pair(directory: Directory, name: str) -> Pair:
    pair = directory.load(name)
    if pair is None:
        raise click.ClickException(
            f"{directory.path}: no certificate {name}.crt with its key; make them with `python -m controlplane.main pki`"
        )
    return pair


async def _until_signal(work: Callable[[], Awaitable[None]]) -> None:
    """Runs until done, or until asked to stop."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work()


async def _serve(options: Options) -> None:
    server = options.server
    async with asyncio.TaskGroup() as tasks:
        if "api" in options.parts:
            api = ApiServer(_settings(options))
            tasks.create_task(api.run(), name="api")
            await api.ready()
            server = f"127.0.0.1:{api.port}"
        if "scheduler" in options.parts:
            connection = _connection(options, server, "scheduler")
            work = _elected(options, "kube-scheduler", lambda client: run_scheduler(client, SchedulerOptions()))
            tasks.create_task(_with_client(connection, work), name="scheduler")
        if "controllers" in options.parts:
            connection = _connection(options, server, "controllers")
            manager = ManagerOptions(
                cluster_cidr=options.cluster_cidr,
                node_monitor_grace_seconds=options.node_grace,
                signing=options.signing,
                root_ca=_ca(options.pki).decode(),
            )
            work = _elected(options, "kube-controller-manager", lambda client: run_manager(client, manager))
            tasks.create_task(_with_client(connection, work), name="controllers")


def _settings(options: Options) -> Settings:
    assert options.tokens is not None
    return Settings(
        listen=options.listen,
        listen_tokens=options.listen_tokens,
        tokens=options.tokens,
        etcd=options.etcd,
        ca=_ca(options.pki),
        identity=_pair(options.pki, "apiserver"),
        service_cidr=options.service_cidr,
        history_seconds=options.history,
        history_bytes=options.history_bytes,
        event_ttl_seconds=options.event_ttl,
        encryption=options.encryption,
    )


def _connection(options: Options, server: str, name: str) -> Connection:
    pair = _pair(options.pki, name)
    return Connection(server, _ca(options.pki), pair.certificate, pair.key)


async def _with_client(connection: Connection, work: Callable[[Client], Awaitable[None]]) -> None:
    async with Client(connection) as client:
        await work(client)


def _elected(options: Options, name: str, work: Callable[[Client], Awaitable[None]]) -> Callable[[Client], Awaitable[None]]:
    """The work, done only while this process leads."""
    duration, deadline, period = options.election
    election = Election(
        name,
        options.identity,
        lease_duration_seconds=duration,
        renew_deadline_seconds=deadline,
        retry_period_seconds=period,
    )
    return lambda client: lead(client, election, lambda: work(client))


if __name__ == "__main__":
    main()
