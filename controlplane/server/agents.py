"""The way to nodes' agents: one channel for each, opened when it is first needed and kept."""

from __future__ import annotations

import grpc.aio

from controlplane.client.connection import Connection
from controlplane.server.pki import Pair
from protos.v1 import core_pb2 as core


class Agents:
    """`identity` is what the server shows to agents, `ca` whom it trusts."""

    def __init__(self, identity: Pair, ca: bytes) -> None:
        self._identity, self._ca = identity, ca
        self._channels: dict[tuple[str, str], grpc.aio.Channel] = {}

    def channel(self, node: core.Node) -> grpc.aio.Channel:
        """A channel to the agent of the node, whose certificate must show the node's host name."""
        address = address_of(node)
        hostname = _address(node, "Hostname") or node.metadata.name
        channel = self._channels.get((hostname, address))
        if channel is None:
            link = Connection(address, self._ca, self._identity.certificate, self._identity.key, server_name=hostname)
            channel = self._channels[hostname, address] = link.channel()
        return channel

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close(None)


def address_of(node: core.Node) -> str:
    """Where the node's agent listens: `10.0.0.7:10250`"""
    return f"{_address(node, 'InternalIP')}:{node.status.daemon_endpoints.kubelet_endpoint.port}"


def _address(node: core.Node, kind: str) -> str:
    return next((item.address for item in node.status.addresses if item.type == kind), "")
