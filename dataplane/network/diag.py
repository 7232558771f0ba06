"""The TCP servers in a namespace and their connections, by the kernel's inet_diag (linux/inet_diag.h)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from dataplane.network import namespaces

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
_DONE, _ERROR = 3, 2
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=BBBB2s2s16s16s")

_LISTEN = 10
# ESTABLISHED, SYN_RECV, FIN_WAIT1, CLOSE_WAIT, LAST_ACK, CLOSING: bytes may still be on their way to the client.
_ALIVE = (1, 3, 4, 8, 9, 11)


@dataclass(frozen=True, slots=True)
class _Socket:
    state: int
    port: int
    peer: str


def inbound_connections(namespace: Path) -> int:
    """Connections to the namespace's listening ports that may still carry data, other than from the namespace itself."""
    found = _sockets(namespace)
    served = _served(found)
    return sum(each.state in _ALIVE and each.port in served and not _is_loopback(each.peer) for each in found)


def listening_ports(namespace: Path) -> frozenset[int]:
    """Ports at which somebody in the namespace waits for connections."""
    return _served(_sockets(namespace))


def _sockets(namespace: Path) -> list[_Socket]:
    with namespaces.inside(namespace), _open() as diag:
        return [each for family in (socket.AF_INET, socket.AF_INET6) for each in _dump(diag, family)]


def _served(found: Iterable[_Socket]) -> frozenset[int]:
    return frozenset(each.port for each in found if each.state == _LISTEN)


def _open() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)


def _dump(diag: socket.socket, family: int) -> Iterator[_Socket]:
    states = sum(1 << state for state in (_LISTEN, *_ALIVE))
    request = struct.pack("=BBBBI48s", family, socket.IPPROTO_TCP, 0, 0, states, b"")
    diag.send(_HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0) + request)
    while True:
        data = diag.recv(1 << 18)
        while data:
            length, kind, _, _, _ = _HEADER.unpack_from(data)
            if kind == _DONE:
                return
            if kind == _ERROR:
                number = -struct.unpack_from("=i", data, _HEADER.size)[0]
                raise OSError(number, "inet_diag")
            yield _socket(data)
            data = data[(length + 3) & ~3 :]


def _socket(message: bytes) -> _Socket:
    family, state, _, _, port, _, _, peer = _MESSAGE.unpack_from(message, _HEADER.size)
    size = 4 if family == socket.AF_INET else 16
    return _Socket(state, int.from_bytes(port, "big"), str(ip_address(peer[:size])))


def _is_loopback(address: str) -> bool:
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return parsed.is_loopback
