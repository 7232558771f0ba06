"""The command line's options for the controllers and for electing leaders, with Kubernetes' names where it has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from controlplane.client.election import Election
from controlplane.manager.runner import ManagerOptions
from controlplane.manager.signing import SigningAuthority

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--cluster-cidr", default="10.244.0.0/16", show_default=True, help="The pods' addresses, a /24 per node."),
    click.option("--node-monitor-grace", default=40.0, show_default=True, help="Seconds without a lease until NotReady."),
    click.option("--cluster-signing-cert-file", type=_FILE, help="Signs certificates on request; the CA."),
    click.option("--cluster-signing-key-file", type=_FILE, help="Its key."),
    click.option("--cluster-signing-duration", default=31_536_000, show_default=True, help="Seconds that they are good."),
    click.option("--identity", default="", help="This process among candidates for leader; the same after a restart."),
    click.option("--leader-elect-lease-duration", default=15.0, show_default=True, help="Seconds that a lease lasts."),
    click.option("--leader-elect-renew-deadline", default=10.0, show_default=True, help="Seconds to renew it within."),
    click.option("--leader-elect-retry-period", default=2.0, show_default=True, help="Seconds between tries."),
)


def with_manager_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings(values: Mapping[str, Any], ca: bytes, authority: tuple[bytes, bytes] | None) -> ManagerOptions:
    """`authority` is the cluster's own, certificate and key, if its key is on this machine; without one, requests for
    certificates are left to others. Raises ClickException for files that are missing."""
    certificate, key = values["cluster_signing_cert_file"], values["cluster_signing_key_file"]
    pair = (_read(certificate), _read(key)) if certificate and key else authority
    return ManagerOptions(
        cluster_cidr=values["cluster_cidr"],
        node_monitor_grace_seconds=values["node_monitor_grace"],
        signing=SigningAuthority(*pair, values["cluster_signing_duration"]) if pair else None,
        root_ca=ca.decode(),
    )


def election(values: Mapping[str, Any], name: str, identity: str) -> Election:
    """How a part called `name` elects its leader."""
    return Election(
        name,
        identity,
        lease_duration_seconds=values["leader_elect_lease_duration"],
        renew_deadline_seconds=values["leader_elect_renew_deadline"],
        retry_period_seconds=values["leader_elect_retry_period"],
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
