/* The way back of node ports' local backends, on the node's end of each pod's link (tcx ingress): what a pod answers to a
 * client outside leaves under the node's address. Everything else passes. */
#include <uapi/linux/bpf.h>
#include <uapi/linux/if_ether.h>
#include <uapi/linux/in.h>
#include <uapi/linux/ip.h>

#include "csum.h"
#include "flows.h"

#define TCX_NEXT -1

#define IP_OFFSET ETH_HLEN
#define IP_CHECKSUM (IP_OFFSET + 10)
#define IP_SOURCE (IP_OFFSET + 12)
#define L4_OFFSET (IP_OFFSET + 20)
#define TCP_CHECKSUM (L4_OFFSET + 16)
#define UDP_CHECKSUM (L4_OFFSET + 6)
#define LONGEST_HEADERS (L4_OFFSET + 20)

/* BCC 0.26 declares bpf_redirect_neigh without its second argument. */
static int (*redirect_to_neighbour)(u32 interface, void *next_hop, int next_hop_size, u64 flags) =
	(void *)BPF_FUNC_redirect_neigh;

static __always_inline int tc_parse(struct __sk_buff *skb, struct packet *packet)
{
	void *end = (void *)(long)skb->data_end;

	packet->eth = (void *)(long)skb->data;
	packet->ip = (void *)(packet->eth + 1);
	if ((void *)(packet->ip + 1) > end || packet->eth->h_proto != htons(ETH_P_IP))
		return 0;
	struct iphdr *ip = packet->ip;
	if (*(u8 *)ip != IPV4_NO_OPTIONS || (ip->frag_off & htons(IPV4_FRAGMENT)))
		return 0;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return 0;
	return parse_ports(packet, end);
}

/* By the kernel's helpers, as a pod's packets may be long (TSO) and their checksums still to be filled in. */
static __always_inline void tc_rewrite(struct __sk_buff *skb, const struct flow *from, const struct translation *to)
{
	int udp = from->protocol == IPPROTO_UDP;
	u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0;
	int checksum = udp ? UDP_CHECKSUM : TCP_CHECKSUM;
	u32 addresses[2] = {to->source, to->destination};
	u16 ports[2] = {to->source_port, to->destination_port};

	bpf_l4_csum_replace(skb, checksum, from->source, to->source, flags | BPF_F_PSEUDO_HDR | 4);
	bpf_l4_csum_replace(skb, checksum, from->destination, to->destination, flags | BPF_F_PSEUDO_HDR | 4);
	bpf_l4_csum_replace(skb, checksum, from->source_port, to->source_port, flags | 2);
	bpf_l4_csum_replace(skb, checksum, from->destination_port, to->destination_port, flags | 2);
	bpf_l3_csum_replace(skb, IP_CHECKSUM, from->source, to->source, 4);
	bpf_l3_csum_replace(skb, IP_CHECKSUM, from->destination, to->destination, 4);
	bpf_skb_store_bytes(skb, IP_SOURCE, addresses, sizeof(addresses), 0);
	bpf_skb_store_bytes(skb, L4_OFFSET, ports, sizeof(ports), 0);
}

int service_tc(struct __sk_buff *skb)
{
	struct packet packet = {};
	struct translation to = {};

	if ((void *)(long)skb->data + LONGEST_HEADERS > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, skb->len < LONGEST_HEADERS ? skb->len : LONGEST_HEADERS);
	if (!tc_parse(skb, &packet)) {
		COUNT(tc_other);
		return TCX_NEXT;
	}
	struct flow from = flow_of(&packet);
	if (!follow(&packet, &from, ntohs(packet.ip->tot_len), &to) || !(to.flags & FLOW_REPLY)) {
		COUNT(tc_other);
		return TCX_NEXT;
	}
	tc_rewrite(skb, &from, &to);
	COUNT(tc_reply);
	return redirect_to_neighbour(to.interface, NULL, 0, 0);
}
