"""How to reach an API server: its address, whom to trust, and who one is."""

from __future__ import annotations

from dataclasses import dataclass

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
class Connection:
    """`address` is host:port; certificates and key are PEM text. `server_name` is the name its certificate must show."""

    address: str
    ca: bytes
    certificate: bytes = b""
    key: bytes = b""
    server_name: str = SERVER_NAME

    def channel(self) -> grpc.aio.Channel:
        """An open channel; it connects, and connects again, by itself. The caller closes it."""
        credentials = grpc.ssl_channel_credentials(self.ca, self.key or None, self.certificate or None)
        options = [*_OPTIONS, ("grpc.ssl_target_name_override", self.server_name)]
        return grpc.aio.secure_channel(self.address, credentials, options)
