"""The command line's options for the API server, with Kubernetes' names where it has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from controlplane.server.app import Settings
from controlplane.server.audit.options import settings as audit_settings
from controlplane.server.audit.options import with_audit_options
from controlplane.server.authn.options import settings as token_settings
from controlplane.server.authn.options import with_token_options
from controlplane.server.pki import Directory
from controlplane.store.endpoint import Endpoint
from controlplane.store.store import EVENT_TTL_SECONDS, HISTORY_BYTES

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--listen", default="0.0.0.0:6444", show_default=True, help="Where the API is served by gRPC."),
    click.option("--listen-tokens", default="0.0.0.0:6445", show_default=True, help="Where, for clients that send tokens."),
    click.option("--etcd", default="127.0.0.1:2379", show_default=True, help="etcd's members, separated by commas."),
    click.option("--etcd-ca", type=_FILE, help="etcd's CA, if not the cluster's own."),
    click.option("--etcd-cert", type=_FILE, help="The certificate to show to etcd."),
    click.option("--etcd-key", type=_FILE, help="Its key."),
    click.option("--service-cidr", default="10.96.0.0/16", show_default=True, help="The services' addresses."),
    click.option("--history", default=3600.0, show_default=True, help="Seconds of history to keep."),
    click.option("--history-bytes", default=HISTORY_BYTES, show_default=True, help="Shorten it when etcd holds more."),
    click.option("--event-ttl", default=EVENT_TTL_SECONDS, show_default=True, help="Seconds to keep events for."),
    click.option("--encryption-config", type=_FILE, help="How objects are encrypted in etcd; followed."),
)


def with_api_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return with_audit_options(with_token_options(command))


def settings(values: Mapping[str, Any], directory: Directory) -> Settings:
    """Raises ClickException for files that are missing or make no sense, LookupError for the cluster's own certificates."""
    own, ca = directory.required("apiserver"), directory.authority()
    return Settings(
        listen=values["listen"],
        listen_tokens=values["listen_tokens"],
        tokens=token_settings(values, directory.token_key()),
        etcd=Endpoint(
            tuple(values["etcd"].split(",")),
            _read(values["etcd_ca"]) or ca,
            _read(values["etcd_cert"]) or own.certificate,
            _read(values["etcd_key"]) or own.key,
        ),
        ca=ca,
        identity=own,
        service_cidr=values["service_cidr"],
        history_seconds=values["history"],
        history_bytes=values["history_bytes"],
        event_ttl_seconds=values["event_ttl"],
        encryption=values["encryption_config"],
        audit=audit_settings(values),
    )


def _read(path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
