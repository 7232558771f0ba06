/* The flow table: leads each packet of a connection the same way, and its replies back.
 *
 *   client -> node port, backend here:    only the destination changes, so the pod sees its client
 *   client -> node port, backend elsewhere: the source becomes this node and a lent port, so the reply comes back here
 *
 * Lent ports are tried in an order given by the flow's hash: a lost entry is made again as it was. */
#pragma once

#include "parse.h"
#include "select.h"

/* Units of 2^30 ns; near enough to seconds. */
static __always_inline u32 now_seconds(void)
{
	return bpf_ktime_get_coarse_ns() >> 30;
}

static __always_inline void note_packet(struct translation *known, const struct packet *packet)
{
	known->seen = now_seconds();
	if (packet->tcp_flags & (TCP_FIN | TCP_RST))
		known->flags |= FLOW_CLOSING;
	else if (packet->tcp_flags & TCP_SYN)
		known->flags &= ~FLOW_CLOSING;
}

/* Whether the flow is known; then `out` says where it goes. A backend that is no member any more keeps its TCP
 * connections, but gets no new ones and no datagrams. */
static __always_inline int follow(const struct packet *packet, struct flow *flow, u32 bytes, struct translation *out)
{
	struct translation *known = flows.lookup(flow);
	if (!known)
		return 0;
	*out = *known;

	int reply = out->flags & FLOW_REPLY;
	struct traffic *member = reply ? member_counters(out->service, flow->source, flow->source_port)
				       : member_counters(out->service, out->destination, out->destination_port);
	if (!member && !reply && (flow->protocol == IPPROTO_UDP || is_opening(packet)))
		return 0;
	count_packet(member, bytes);
	count_packet(service_counters(out->service), bytes);
	note_packet(known, packet);
	return 1;
}

static __always_inline int is_idle(const struct translation *held, u8 protocol)
{
	u32 limit = protocol == IPPROTO_UDP ? IDLE_UDP : IDLE_TCP;

	if (held->flags & FLOW_CLOSING)
		limit = IDLE_CLOSING;
	return now_seconds() - held->seen > limit;
}

/* Whether packets `back` are this connection's replies from now on. */
static __always_inline int take(struct flow *back, struct translation *reply)
{
	if (flows.insert(back, reply) == 0)
		return 1;
	struct translation *held = flows.lookup(back);
	if (!held)
		return 0;
	if (held->destination != reply->destination || held->destination_port != reply->destination_port ||
	    held->source_port != reply->source_port) {
		if (!is_idle(held, back->protocol))
			return 0;
	}
	flows.update(back, reply);
	return 1;
}

static __always_inline int lend_port(struct flow *back, struct translation *reply, u32 hash)
{
	for (u32 attempt = 0; attempt < LENT_PORT_TRIES; attempt++) {
		u32 offset = (hash + attempt * (hash >> 16 | 1)) & (LENT_PORTS - 1);
		back->destination_port = htons(LENT_PORTS_FIRST + offset);
		if (take(back, reply))
			return 1;
	}
	return 0;
}

/* Makes both entries of a new connection to `backend`; 0 if no port could be lent. */
static __always_inline int connect_flow(struct flow *flow, const struct backend *backend, u32 hash, struct translation *out)
{
	struct flow back = {
		.source = backend->address,
		.source_port = backend->port,
		.destination = flow->source,
		.destination_port = flow->source_port,
		.protocol = flow->protocol,
	};
	struct translation reply = {
		.source = flow->destination,
		.source_port = flow->destination_port,
		.destination = flow->source,
		.destination_port = flow->source_port,
		.service = out->service,
		.interface = out->interface,
		.seen = now_seconds(),
		.flags = FLOW_REPLY,
	};

	if (!backend->local || !take(&back, &reply)) {
		back.destination = flow->destination;
		if (!lend_port(&back, &reply, hash))
			return 0;
	}
	out->source = back.destination;
	out->source_port = back.destination_port;
	out->destination = backend->address;
	out->destination_port = backend->port;
	out->seen = reply.seen;
	out->flags = backend->local ? FLOW_LOCAL : 0;
	flows.update(flow, out);
	return 1;
}
