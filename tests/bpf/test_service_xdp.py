"""Node ports on the uplink: frame in, verdict and frame out."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from dataplane.bpf.compiler import LENT_PORTS
from dataplane.network.desired import Backend, Frontend, ServicePort, Tables
from dataplane.network.tables import Traffic
from tests.bpf.conftest import CLIENT, LOCAL, MACS, NODE, NODE_PORT, OTHER_NODE, REMOTE, Bench
from tests.support.packets import ACK, FIN, RST, SYN, TCP, UDP, Packet, ethernet, parse

DROP, PASS, SEND_ON = 1, 2, 4

REQUEST = Packet(CLIENT, 40000, NODE, NODE_PORT, payload=b"hello")
DATAGRAM = replace(REQUEST, protocol=UDP)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        pytest.param(ethernet(0x0806, bytes(28)), "xdp_not_ipv4", id="ARP"),
        pytest.param(ethernet(0x86DD, bytes(40)), "xdp_not_ipv4", id="IPv6"),
        pytest.param(ethernet(0x0800, REQUEST.frame()[14:], tag=7), "xdp_not_ipv4", id="VLAN"),
        pytest.param(ethernet(0x0800, REQUEST.frame()[14:24]), "xdp_truncated", id="half an IP header"),
        pytest.param(REQUEST.frame()[:-3], "xdp_truncated", id="shorter than it says"),
        pytest.param(replace(REQUEST, protocol=TCP).frame()[: 14 + 20 + 12], "xdp_truncated", id="half a TCP header"),
        pytest.param(replace(REQUEST, options=b"\x01\x01\x01\x00").frame(), "xdp_ip_options", id="IP options"),
        pytest.param(replace(REQUEST, fragment=0x2000).frame(), "xdp_fragment", id="first fragment"),
        pytest.param(replace(REQUEST, fragment=0x0010).frame(), "xdp_fragment", id="later fragment"),
        pytest.param(replace(REQUEST, protocol=1).frame(), "xdp_other_protocol", id="ICMP"),
        pytest.param(replace(REQUEST, destination="172.31.0.99").frame(), "xdp_other_address", id="another machine"),
        pytest.param(replace(REQUEST, destination=OTHER_NODE).frame(), "xdp_other_address", id="node port of another node"),
        pytest.param(replace(REQUEST, destination=LOCAL.address).frame(), "xdp_other_address", id="a pod itself"),
        pytest.param(replace(REQUEST, destination_port=22).frame(), "xdp_no_service", id="a port of the node's own"),
        pytest.param(DATAGRAM.frame(), "xdp_no_service", id="the same number of UDP"),
    ],
)
def test_what_is_not_for_a_service_or_odd_passes_untouched(bench: Bench, frame: bytes, reason: str) -> None:
    bench.serve(LOCAL)
    outcome = bench.xdp(frame)
    assert (outcome.verdict, outcome.frame) == (PASS, frame)
    assert bench.counts() == {reason: 1}
    assert not bench.flows()


def test_a_request_for_a_pod_of_this_node_gets_its_address_and_goes_up_the_stack(bench: Bench) -> None:
    """The client's address stays, so the pod sees who calls."""
    bench.serve(LOCAL)
    outcome = bench.xdp(REQUEST)
    assert outcome.verdict == PASS
    assert parse(outcome.frame) == replace(REQUEST, destination=LOCAL.address, destination_port=LOCAL.port)
    assert bench.counts() == {"xdp_to_pod": 1}


def test_a_request_for_a_pod_elsewhere_is_sent_to_its_node_under_this_nodes_address(bench: Bench) -> None:
    bench.serve(REMOTE)
    outcome = bench.xdp(REQUEST)
    assert outcome.verdict == SEND_ON
    packet = parse(outcome.frame)
    assert packet == replace(
        REQUEST,
        source=NODE,
        source_port=packet.source_port,
        destination=REMOTE.address,
        destination_port=REMOTE.port,
        ttl=REQUEST.ttl - 1,
        from_mac=MACS[NODE],
        to_mac=MACS[OTHER_NODE],
    )
    assert packet.source_port in LENT_PORTS
    assert bench.counts() == {"xdp_to_node": 1}


def test_the_answer_from_elsewhere_reaches_the_client_as_the_node_ports(bench: Bench) -> None:
    bench.serve(REMOTE)
    forwarded = bench.sent(REQUEST)
    outcome = bench.xdp(forwarded.reply(payload=b"world"))
    assert outcome.verdict == SEND_ON
    assert parse(outcome.frame) == replace(
        REQUEST.reply(payload=b"world"), ttl=forwarded.ttl - 1, from_mac=MACS[NODE], to_mac=MACS[CLIENT]
    )
    assert bench.counts() == {"xdp_to_node": 1, "xdp_reply": 1}


def test_the_answer_of_a_local_pod_leaves_as_the_node_ports(bench: Bench) -> None:
    bench.serve(LOCAL)
    answer = bench.sent(REQUEST).reply(payload=b"world")
    outcome = bench.tc(answer)
    assert outcome.verdict == 7  # TC_ACT_REDIRECT
    assert replace(parse(outcome.frame), to_mac=REQUEST.to_mac, from_mac=REQUEST.from_mac) == replace(
        REQUEST.reply(payload=b"world"), to_mac=REQUEST.to_mac, from_mac=REQUEST.from_mac
    )
    assert bench.counts() == {"xdp_to_pod": 1, "tc_reply": 1}


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(Packet(LOCAL.address, 8080, "172.31.0.99", 40000), id="no connection known"),
        pytest.param(Packet(LOCAL.address, 8080, CLIENT, 40000, protocol=1), id="ICMP"),
        pytest.param(Packet(LOCAL.address, 8080, CLIENT, 40000, fragment=0x2000), id="fragment"),
        pytest.param(Packet(LOCAL.address, 8080, CLIENT, 40000, options=b"\x01\x01\x01\x00"), id="IP options"),
    ],
)
def test_other_packets_of_a_pod_pass_untouched(bench: Bench, frame: Packet) -> None:
    bench.serve(LOCAL)
    bench.xdp(REQUEST)
    outcome = bench.tc(frame)
    assert outcome.verdict == 0xFFFFFFFF  # TCX_NEXT
    assert outcome.frame == frame.frame()


@pytest.mark.parametrize("backend", [LOCAL, REMOTE])
def test_datagrams_without_a_checksum_keep_none(bench: Bench, backend: Backend) -> None:
    bench.serve(backend, protocol="UDP")
    packet = bench.sent(replace(DATAGRAM, bare=True))
    assert packet.bare
    assert (packet.destination, packet.payload) == (backend.address, b"hello")


@pytest.mark.parametrize("backend", [LOCAL, REMOTE])
def test_datagrams_with_a_checksum_get_a_right_one(bench: Bench, backend: Backend) -> None:
    bench.serve(backend, protocol="UDP")
    for number in range(190):  # among so many payloads, checksums that come out as zero
        packet = replace(DATAGRAM, payload=struct.pack("!H", number * 331))
        assert not bench.sent(packet).bare


def test_packets_of_a_connection_stay_with_its_backend(bench: Bench) -> None:
    """Also when that is no longer in the service: what was begun is carried to its end."""
    bench.serve(REMOTE)
    first = bench.sent(REQUEST)
    bench.serve(Backend("10.245.1.9", 8080))
    later = bench.sent(replace(REQUEST, flags=ACK))
    assert (later.destination, later.source_port) == (first.destination, first.source_port)


def test_a_new_connection_on_old_ports_leaves_a_backend_that_is_gone(bench: Bench) -> None:
    bench.serve(REMOTE)
    bench.sent(REQUEST)
    bench.serve(Backend("10.245.1.9", 8080))
    assert bench.sent(REQUEST).destination == "10.245.1.9"


def test_datagrams_leave_a_backend_that_is_gone(bench: Bench) -> None:
    bench.serve(REMOTE, protocol="UDP")
    bench.sent(DATAGRAM)
    bench.serve(Backend("10.245.1.9", 8080), protocol="UDP")
    assert bench.sent(DATAGRAM).destination == "10.245.1.9"


def test_without_backends_the_stack_refuses_and_it_is_counted(bench: Bench) -> None:
    """No socket of the node listens at a node port, so its stack answers with a reset at once."""
    bench.serve()
    outcome = bench.xdp(REQUEST)
    assert (outcome.verdict, outcome.frame) == (PASS, REQUEST.frame())
    assert bench.counts() == {"xdp_no_backend": 1}
    assert list(bench.gathered().services.values()) == [Traffic(connections=0, packets=0, bytes=0, refused=1)]


def test_a_packet_at_the_end_of_its_hops_is_not_forwarded(bench: Bench) -> None:
    bench.serve(REMOTE)
    assert bench.xdp(replace(REQUEST, ttl=1)).verdict == DROP
    assert bench.counts() == {"xdp_hop_limit": 1}


def test_connections_packets_and_bytes_are_counted_by_service_and_backend(bench: Bench) -> None:
    bench.serve(REMOTE)
    forwarded = bench.sent(REQUEST)
    bench.xdp(replace(REQUEST, flags=ACK))
    bench.xdp(forwarded.reply())
    expected = [Traffic(connections=1, packets=3, bytes=45 + 45 + 40, refused=0)]
    assert list(bench.gathered().services.values()) == expected
    assert list(bench.gathered().backends.values()) == expected


def test_a_lost_entry_is_made_again_as_it_was(bench: Bench) -> None:
    """Backend and lent port follow from the flow, so an overflow of the flow table breaks no connection."""
    backends = [Backend(f"10.245.1.{number}", 8080) for number in range(2, 12)]
    bench.serve(*backends)
    before = [bench.sent(replace(REQUEST, source_port=port)) for port in range(40000, 40050)]
    bench.forget()
    after = [bench.sent(replace(REQUEST, source_port=port, flags=ACK)) for port in range(40000, 40050)]
    assert [(packet.destination, packet.source_port) for packet in before] == [
        (packet.destination, packet.source_port) for packet in after
    ]


def test_connections_that_would_share_a_lent_port_get_different_ones(bench: Bench) -> None:
    bench.serve(REMOTE)
    clients = [replace(REQUEST, source=f"172.31.0.{50 + number % 4}", source_port=20000 + number) for number in range(1500)]
    ports = [bench.sent(packet).source_port for packet in clients]
    assert len(set(ports)) == len(ports)


def occupy_all_ports_of(bench: Bench, packet: Packet) -> list[tuple[object, ...]]:
    """Gives every port the packet's flow would be lent to another client's connection; those flow table keys."""
    flows = bench.loaded.maps["flows"]
    taken: dict[tuple[object, ...], tuple[object, ...]] = {}
    while bench.xdp(packet).verdict == SEND_ON:
        (held,) = ((key, value) for key, value in bench.flows().items() if key[0] == REMOTE.address and key not in taken)
        key, value = held
        taken[key] = (value[0], "172.31.0.77", *value[2:])
        bench.forget()
        flows.update(taken)
    return list(taken)


def test_when_no_port_is_free_the_connection_is_dropped_and_counted(bench: Bench) -> None:
    bench.serve(REMOTE)
    taken = occupy_all_ports_of(bench, REQUEST)
    assert len(taken) == 8
    assert bench.xdp(REQUEST).verdict == DROP
    assert bench.counts()["xdp_no_free_port"] == 2


def test_a_port_whose_connection_ended_is_lent_again(bench: Bench) -> None:
    bench.serve(REMOTE)
    key = occupy_all_ports_of(bench, REQUEST)[3]
    value = bench.flows()[key]
    bench.loaded.maps["flows"].update({key: (*value[:6], 0, 1 | 4)})  # last seen at boot, closing
    assert bench.sent(REQUEST).source_port == key[3]


@pytest.mark.parametrize("flags", [FIN | ACK, RST])
def test_an_ended_connection_is_marked_as_such(bench: Bench, flags: int) -> None:
    bench.serve(REMOTE)
    forwarded = bench.sent(REQUEST)
    bench.xdp(forwarded.reply(flags=flags))
    assert [value[-1] for key, value in bench.flows().items() if key[0] == REMOTE.address] == [1 | 4]
    bench.xdp(forwarded.reply(flags=SYN | ACK))
    assert [value[-1] for key, value in bench.flows().items() if key[0] == REMOTE.address] == [1]


def test_two_node_ports_of_one_pod_do_not_mix_one_clients_connections(bench: Bench) -> None:
    """From the same client port to both: the pod could not tell the replies apart, so the second comes under the node's
    own address."""
    services = tuple(
        ServicePort(f"default/{port}", (Frontend("", port, "TCP"),), (LOCAL,)) for port in (NODE_PORT, NODE_PORT + 1)
    )
    bench.program(Tables(services, frozenset({NODE})))
    first, second = bench.sent(REQUEST), bench.sent(replace(REQUEST, destination_port=NODE_PORT + 1))
    assert first.source == CLIENT
    assert (second.source, second.destination) == (NODE, LOCAL.address)
    answers = [parse(bench.tc(packet.reply()).frame) for packet in (first, second)]
    assert [(packet.source, packet.source_port, packet.destination_port) for packet in answers] == [
        (NODE, NODE_PORT, 40000),
        (NODE, NODE_PORT + 1, 40000),
    ]
