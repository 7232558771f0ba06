"""How to reach an API server: its address, whom to trust, and who one is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import grpc.aio

# The name in every API server's certificate, whatever address it is reached at.
SERVER_NAME = "kubernetes"

_OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.use_local_subchannel_pool", 1),
]


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Whom to act as, for a user who may. `extra` are keys with their values."""

    user: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def metadata(self) -> Iterator[tuple[str, str]]:
        yield "impersonate-user", self.user
        if self.uid:
            yield "impersonate-uid", self.uid
        for group in self.groups:
            yield "impersonate-group", group
        for key, values in self.extra:
            for value in values:
                yield "impersonate-extra", f"{key}={value}"


@dataclass(frozen=True, slots=True)
class Connection:
    """`address` is host:port; certificates and key are PEM text. `server_name` is the name its certificate must show.

    Who has no certificate shows a token, at the server's port for tokens. A token that stands in a file may be replaced
    there at any time: the next call uses the new one.
    """

    address: str
    ca: bytes
    certificate: bytes = b""
    key: bytes = b""
    server_name: str = SERVER_NAME
    token: str = ""
    token_file: Path | None = None
    impersonate: Impersonation | None = None

    def channel(self) -> grpc.aio.Channel:
        """An open channel; it connects, and connects again, by itself. The caller closes it."""
        credentials = grpc.ssl_channel_credentials(self.ca, self.key or None, self.certificate or None)
        if self.token or self.token_file or self.impersonate:
            with_each_call = grpc.metadata_call_credentials(_Metadata(self))
            credentials = grpc.composite_channel_credentials(credentials, with_each_call)
        options = [*_OPTIONS, ("grpc.ssl_target_name_override", self.server_name)]
        return grpc.aio.secure_channel(self.address, credentials, options)


class _Metadata(grpc.AuthMetadataPlugin):
    """What goes with every call. gRPC asks in a thread of its own."""

    def __init__(self, connection: Connection) -> None:
        self._fixed = tuple(connection.impersonate.metadata()) if connection.impersonate else ()
        self._token = connection.token
        self._file = connection.token_file
        self._read_at: tuple[int, int] | None = None

    def __call__(self, _context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback) -> None:
        try:
            token = self._current()
        except OSError as error:
            callback((), OSError(f"{self._file}: {error.strerror}; it should hold a token"))
            return
        bearer = (("authorization", f"Bearer {token}"),) if token else ()
        callback((*bearer, *self._fixed), None)

    def _current(self) -> str:
        """The token; read again when its file is another one, as its replacement by a rename makes it."""
        if self._file is None:
            return self._token
        state = self._file.stat()
        if self._read_at != (state.st_ino, state.st_mtime_ns):
            self._token = self._file.read_text().strip()
            self._read_at = (state.st_ino, state.st_mtime_ns)
        return self._token
