/* All maps, one set a node, shared by its programs and pinned by Python under these names. */
#pragma once

#include "consts.h"
#include "structs.h"

/* Frontend -> which service. Written by Python last of all, so what it says is complete. */
BPF_F_TABLE("hash", struct service_key, struct service, services, MAX_SERVICES, BPF_F_NO_PREALLOC);

/* Service, buffer, slot -> backend. Slots 0 .. count-1 of the current buffer are filled. */
BPF_F_TABLE("hash", struct backend_key, struct backend, backends, MAX_BACKENDS, BPF_F_NO_PREALLOC);

/* Which backends are in use now -> the number of their counters. A flow whose backend is not here may be led elsewhere. */
BPF_F_TABLE("hash", struct member_key, u32, members, MAX_BACKENDS, BPF_F_NO_PREALLOC);

/* CPU * MAX_COUNTED + a backend's number -> what it got there. Number 0 is for those that are not counted. */
BPF_TABLE("array", int, struct traffic, member_traffic, CPUS * MAX_COUNTED);

/* CPU * MAX_SERVICES + service id -> what it got there. */
BPF_TABLE("array", int, struct traffic, service_traffic, CPUS * MAX_SERVICES);

/* Addresses of the cluster's nodes (big endian): there, node ports are served. */
BPF_F_TABLE("hash", u32, u32, node_addresses, MAX_NODES, BPF_F_NO_PREALLOC);

/* Packets' addresses as they arrive -> as they leave; both directions of a connection. */
BPF_TABLE("lru_hash", struct flow, struct translation, flows, MAX_FLOWS);

/* Socket and backend -> the service address its program used. */
BPF_TABLE("lru_hash", struct socket_key, struct socket_service, sockets, MAX_SOCKETS);

/* This node; one element. */
BPF_TABLE("array", int, struct node_config, node_config, 1);

/* CPU -> counts of outcomes. */
BPF_TABLE("array", int, struct verdicts, verdicts, CPUS);
