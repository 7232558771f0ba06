/* Node ports, on the node's uplink: traffic from outside to this node's address, and the replies of backends on other
 * nodes. Whatever is odd passes untouched, for the kernel's own stack to judge. */
#include <uapi/linux/bpf.h>
#include <uapi/linux/if_ether.h>
#include <uapi/linux/in.h>
#include <uapi/linux/ip.h>

#include "csum.h"
#include "flows.h"

static __always_inline int xdp_parse_plain(struct packet *packet, void *end)
{
	struct iphdr *ip = packet->ip;

	if (*(u8 *)ip != IPV4_NO_OPTIONS) {
		COUNT(xdp_ip_options);
		return 0;
	}
	if (ip->frag_off & htons(IPV4_FRAGMENT)) {
		COUNT(xdp_fragment);
		return 0;
	}
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP) {
		COUNT(xdp_other_protocol);
		return 0;
	}
	if ((void *)ip + ntohs(ip->tot_len) > end || !parse_ports(packet, end)) {
		COUNT(xdp_truncated);
		return 0;
	}
	return 1;
}

/* Whether the frame is for this node's address and fit to be translated. */
static __always_inline int xdp_parse(struct xdp_md *ctx, struct packet *packet)
{
	void *end = (void *)(long)ctx->data_end;
	int only = 0;

	packet->eth = (void *)(long)ctx->data;
	packet->ip = (void *)(packet->eth + 1);
	if ((void *)packet->ip > end) {
		COUNT(xdp_truncated);
		return 0;
	}
	if (packet->eth->h_proto != htons(ETH_P_IP)) {
		COUNT(xdp_not_ipv4);
		return 0;
	}
	if ((void *)(packet->ip + 1) > end) {
		COUNT(xdp_truncated);
		return 0;
	}
	struct node_config *config = node_config.lookup(&only);
	if (!config || packet->ip->daddr != config->address) {
		COUNT(xdp_other_address);
		return 0;
	}
	return xdp_parse_plain(packet, end);
}

/* Whether a backend was found for a new flow; `out` then says where it goes. A set of backends that is replaced at this
 * very moment is looked up once more. */
static __always_inline int find_backend(struct flow *flow, struct translation *out, struct backend *backend, u32 hash)
{
	struct service_key key = {.port = flow->destination_port, .protocol = flow->protocol};

	struct service *service = services.lookup(&key);
	if (!service) {
		COUNT(xdp_no_service);
		return 0;
	}
	out->service = service->id;
	if (choose_backend(service, hash, backend))
		return 1;
	service = services.lookup(&key);
	if (service && choose_backend(service, hash, backend))
		return 1;
	/* Nobody listens at a node port, so the node's stack refuses at once: a reset, or port unreachable. */
	COUNT(xdp_no_backend);
	count_refusal(out->service);
	return 0;
}

/* XDP_REDIRECT if the new flow is known now, and the packet to be translated; else what is to become of it. */
static __always_inline int begin(struct flow *flow, u32 bytes, struct translation *out)
{
	struct backend backend = {};
	u32 hash = hash_flow(flow);

	if (!find_backend(flow, out, &backend, hash))
		return XDP_PASS;
	if (!connect_flow(flow, &backend, hash, out)) {
		COUNT(xdp_no_free_port);
		return XDP_DROP;
	}
	struct traffic *member = member_counters(out->service, backend.address, backend.port);
	struct traffic *service = service_counters(out->service);
	count_connection(member);
	count_packet(member, bytes);
	count_connection(service);
	count_packet(service, bytes);
	return XDP_REDIRECT;
}

static __always_inline void xdp_rewrite(struct packet *packet, const struct flow *from, const struct translation *to)
{
	u32 addresses = csum_difference(from->source, to->source) + csum_difference(from->destination, to->destination);
	u32 ports = csum_difference(from->source_port, to->source_port) +
		    csum_difference(from->destination_port, to->destination_port);

	packet->ip->check = csum_apply(packet->ip->check, addresses);
	packet->ip->saddr = to->source;
	packet->ip->daddr = to->destination;
	packet->ports->source = to->source_port;
	packet->ports->destination = to->destination_port;
	if (from->protocol == IPPROTO_UDP && *packet->checksum == 0)
		return; /* sent without one */
	u16 checksum = csum_apply(*packet->checksum, addresses + ports);
	if (from->protocol == IPPROTO_UDP && checksum == 0)
		checksum = 0xffff;
	*packet->checksum = checksum;
}

static __always_inline void lower_hop_limit(struct iphdr *ip)
{
	/* The limit is the high byte of its 16-bit word. */
	ip->check = csum_apply(ip->check, csum_difference(htons(0x0100), 0));
	ip->ttl--;
}

/* Sends a rewritten packet on to another machine; without a known neighbour the stack finds it and sends. */
static __always_inline int forward(struct xdp_md *ctx, struct packet *packet)
{
	struct iphdr *ip = packet->ip;
	struct bpf_fib_lookup fib = {
		.family = 2, /* AF_INET */
		.tos = ip->tos,
		.l4_protocol = ip->protocol,
		.tot_len = ntohs(ip->tot_len),
		.ipv4_src = ip->saddr,
		.ipv4_dst = ip->daddr,
		.ifindex = ctx->ingress_ifindex,
	};

	if (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0) != BPF_FIB_LKUP_RET_SUCCESS) {
		COUNT(xdp_by_stack);
		return XDP_PASS;
	}
	lower_hop_limit(ip);
	__builtin_memcpy(packet->eth->h_dest, fib.dmac, ETH_ALEN);
	__builtin_memcpy(packet->eth->h_source, fib.smac, ETH_ALEN);
	/* Not XDP_TX, even to where it came from: a veth wakes its other end for that only if there is a program there too. */
	return bpf_redirect(fib.ifindex, 0);
}

static __always_inline int count_destination(u32 flags)
{
	if (flags & FLOW_REPLY)
		COUNT(xdp_reply);
	else if (flags & FLOW_LOCAL)
		COUNT(xdp_to_pod);
	else
		COUNT(xdp_to_node);
	return flags & FLOW_LOCAL;
}

int service_xdp(struct xdp_md *ctx)
{
	struct packet packet = {};
	struct translation to = {};

	if (!xdp_parse(ctx, &packet))
		return XDP_PASS;
	struct flow from = flow_of(&packet);
	u32 bytes = ntohs(packet.ip->tot_len);
	if (!follow(&packet, &from, bytes, &to)) {
		to.interface = ctx->ingress_ifindex;
		int action = begin(&from, bytes, &to);
		if (action != XDP_REDIRECT)
			return action;
	}
	if (!(to.flags & FLOW_LOCAL) && packet.ip->ttl <= 1) {
		COUNT(xdp_hop_limit);
		return XDP_DROP;
	}
	xdp_rewrite(&packet, &from, &to);
	if (count_destination(to.flags))
		return XDP_PASS; /* the stack routes it to the pod */
	return forward(ctx, &packet);
}
