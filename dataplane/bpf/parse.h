/* Reading a frame's headers. Each bound is checked beside the read. */
#pragma once

#include "count.h"

struct ports {
	u16 source;
	u16 destination;
};

struct tcp_start {
	struct ports ports;
	u32 sequence;
	u32 acknowledged;
	u8 offset;
	u8 flags;
	u16 window;
	u16 checksum;
	u16 urgent;
};

struct udp_start {
	struct ports ports;
	u16 length;
	u16 checksum;
};

#define IPV4_NO_OPTIONS 0x45
#define IPV4_FRAGMENT 0x3fff /* more fragments, or an offset */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* A frame that holds a whole TCP or UDP header in a plain IPv4 packet. */
struct packet {
	struct ethhdr *eth;
	struct iphdr *ip;
	struct ports *ports;
	u16 *checksum; /* of TCP or UDP */
	u8 tcp_flags;
};

static __always_inline int is_opening(const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline int parse_ports(struct packet *packet, void *end)
{
	void *start = packet->ip + 1;

	if (packet->ip->protocol == IPPROTO_TCP) {
		struct tcp_start *tcp = start;
		if ((void *)(tcp + 1) > end)
			return 0;
		packet->ports = &tcp->ports;
		packet->checksum = &tcp->checksum;
		packet->tcp_flags = tcp->flags;
		return 1;
	}
	struct udp_start *udp = start;
	if ((void *)(udp + 1) > end)
		return 0;
	packet->ports = &udp->ports;
	packet->checksum = &udp->checksum;
	packet->tcp_flags = 0;
	return 1;
}

static __always_inline struct flow flow_of(const struct packet *packet)
{
	struct flow flow = {
		.source = packet->ip->saddr,
		.destination = packet->ip->daddr,
		.source_port = packet->ports->source,
		.destination_port = packet->ports->destination,
		.protocol = packet->ip->protocol,
	};
	return flow;
}
