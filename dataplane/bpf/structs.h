/* What the maps hold. Shared with Python (layout.py), which compares names, sizes and offsets when it loads a program.
 * Addresses and ports are as on the wire, big endian; everything else is in the machine's order. No implicit padding. */
#pragma once

/* Where a service is reached; address 0 stands for any node's address: a node port. */
struct service_key {
	u32 address;
	u16 port;
	u8 protocol;
	u8 pad;
};

/* `generation` picks one of two sets of slots, so that replacing this value replaces all backends in one step. */
struct service {
	u32 id;
	u32 count;
	u32 generation;
};

struct backend_key {
	u32 service;
	u16 buffer; /* generation & 1 */
	u16 slot;
};

struct backend {
	u32 address;
	u16 port;
	u8 local; /* a pod of this node */
	u8 pad;
};

/* A backend as a member of a service, whatever its slot. */
struct member_key {
	u32 service;
	u32 address;
	u16 port;
	u16 pad;
};

struct traffic {
	u64 connections;
	u64 packets;
	u64 bytes;
	u64 refused;
};

/* A packet's addresses as it arrives. */
struct flow {
	u32 source;
	u32 destination;
	u16 source_port;
	u16 destination_port;
	u8 protocol;
	u8 pad[3];
};

/* The same packet's addresses as it leaves. */
struct translation {
	u32 source;
	u32 destination;
	u16 source_port;
	u16 destination_port;
	u32 service;
	u32 interface; /* where the connection came in; its replies leave there */
	u32 seen;      /* seconds since boot */
	u32 flags;
};

/* Remembers for a socket that this backend was asked for under a service's address. */
struct socket_key {
	u64 cookie;
	u32 address;
	u16 port;
	u16 pad;
};

struct socket_service {
	u32 address;
	u16 port;
	u16 pad;
};

struct node_config {
	u32 address;
};

/* What became of each packet or call. The names are what people see. */
struct verdicts {
	u64 xdp_not_ipv4;
	u64 xdp_truncated;
	u64 xdp_ip_options;
	u64 xdp_other_protocol;
	u64 xdp_other_address;
	u64 xdp_fragment;
	u64 xdp_no_service;
	u64 xdp_no_backend;
	u64 xdp_no_free_port;
	u64 xdp_hop_limit;
	u64 xdp_to_pod;
	u64 xdp_to_node;
	u64 xdp_reply;
	u64 xdp_by_stack;
	u64 tc_other;
	u64 tc_reply;
	u64 socket_other;
	u64 socket_translated;
	u64 socket_refused;
};
