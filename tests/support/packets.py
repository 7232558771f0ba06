"""IPv4 packets as data: built into frames, and read back with every checksum recomputed."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, replace

TCP, UDP, ICMP = 6, 17, 1
FIN, SYN, RST, ACK = 1, 2, 4, 16
IPV4 = 0x0800

_HEADERS = {TCP: 20, UDP: 8}


@dataclass(frozen=True)
class Packet:
    """A frame's contents. `fragment` is the raw flags-and-offset word. A UDP packet without checksum has `bare`."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    protocol: int = TCP
    flags: int = SYN
    ttl: int = 64
    payload: bytes = b""
    fragment: int = 0
    options: bytes = b""
    bare: bool = False
    to_mac: str = "02:00:00:00:00:01"
    from_mac: str = "02:00:00:00:00:02"

    def frame(self) -> bytes:
        body = self._body()
        length = 20 + len(self.options) + len(body)
        head = struct.pack(
            "!BBHHHBBH4s4s",
            *(0x45 + len(self.options) // 4, 0, length, 7, self.fragment, self.ttl, self.protocol, 0),
            *(socket.inet_aton(self.source), socket.inet_aton(self.destination)),
        )
        head += self.options
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        return _mac(self.to_mac) + _mac(self.from_mac) + struct.pack("!H", IPV4) + head + body

    def reply(self, *, flags: int = SYN | ACK, payload: bytes = b"") -> Packet:
        """What the receiver would answer."""
        return replace(
            self,
            source=self.destination,
            source_port=self.destination_port,
            destination=self.source,
            destination_port=self.source_port,
            flags=flags,
            payload=payload,
        )

    def _body(self) -> bytes:
        ports = struct.pack("!HH", self.source_port, self.destination_port)
        if self.protocol == TCP:
            body = ports + struct.pack("!IIBBHHH", 1, 2, 0x50, self.flags, 1000, 0, 0) + self.payload
            at = 16
        elif self.protocol == UDP:
            body = ports + struct.pack("!HH", 8 + len(self.payload), 0) + self.payload
            at = 6
        else:
            return ports + self.payload
        if self.bare:
            return body
        found = checksum(_pseudo(self.source, self.destination, self.protocol, len(body)) + body)
        if self.protocol == UDP and found == 0:
            found = 0xFFFF
        return body[:at] + struct.pack("!H", found) + body[at + 2 :]


def parse(frame: bytes) -> Packet:
    """The packet of a frame of ours. Fails if a checksum is wrong."""
    header_length = (frame[14] & 0xF) * 4
    head, body = frame[14 : 14 + header_length], frame[14 + header_length :]
    assert checksum(head) == 0, "wrong IP checksum"
    _, _, length, _, fragment, ttl, protocol, _, source, destination = struct.unpack("!BBHHHBBH4s4s", head[:20])
    assert length == len(frame) - 14, "wrong length"
    source_port, destination_port = struct.unpack_from("!HH", body)
    bare = protocol == UDP and body[6:8] == b"\0\0"
    if not bare:
        pseudo = _pseudo(socket.inet_ntoa(source), socket.inet_ntoa(destination), protocol, len(body))
        assert checksum(pseudo + body) == 0, "wrong TCP or UDP checksum"
    return Packet(
        source=socket.inet_ntoa(source),
        source_port=source_port,
        destination=socket.inet_ntoa(destination),
        destination_port=destination_port,
        protocol=protocol,
        flags=body[13] if protocol == TCP else SYN,
        ttl=ttl,
        payload=body[_HEADERS[protocol] :],
        fragment=fragment,
        options=head[20:],
        bare=bare,
        to_mac=frame[:6].hex(":"),
        from_mac=frame[6:12].hex(":"),
    )


def ethernet(kind: int, body: bytes, *, tag: int | None = None) -> bytes:
    """Any other frame; `tag` puts a VLAN tag in front."""
    vlan = b"" if tag is None else struct.pack("!HH", 0x8100, tag)
    return bytes(12) + vlan + struct.pack("!H", kind) + body


def checksum(data: bytes) -> int:
    """The internet checksum: 0 over data that includes a right one."""
    words = struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _pseudo(source: str, destination: str, protocol: int, length: int) -> bytes:
    return struct.pack("!4s4sBBH", socket.inet_aton(source), socket.inet_aton(destination), 0, protocol, length)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
