"""Offload switches of an interface, by the ioctl of linux/ethtool.h."""

from __future__ import annotations

import array
import fcntl
import socket
import struct

_SIOCETHTOOL = 0x8946
_SET_TX_CHECKSUMS = 0x17  # ETHTOOL_STXCSUM
_SET_GRO = 0x2C  # ETHTOOL_SGRO


def set_gro(interface: str, *, on: bool) -> None:
    """Receive offload. A veth takes redirected XDP frames only while it is on at the receiving end (it starts NAPI)."""
    _set(interface, _SET_GRO, on)


def set_tx_checksums(interface: str, *, on: bool) -> None:
    """Off: every packet leaves with its checksums filled in and no longer than the MTU, as on a wire."""
    _set(interface, _SET_TX_CHECKSUMS, on)


def _set(interface: str, command: int, on: bool) -> None:
    value = array.array("B", struct.pack("=II", command, int(on)))
    address, _ = value.buffer_info()
    request = struct.pack("16sP", interface.encode(), address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCETHTOOL, request)
