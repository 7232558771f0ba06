/* Sizes and numbers. Sizes may be overridden from the compiler's command line. */
#pragma once

#ifndef MAX_SERVICES
#define MAX_SERVICES 65536
#endif
#ifndef MAX_BACKENDS
#define MAX_BACKENDS 1048576
#endif
#ifndef MAX_COUNTED /* backends that are counted; more are served, but not counted */
#define MAX_COUNTED 131072
#endif
#ifndef MAX_NODES
#define MAX_NODES 16384
#endif
/* Two entries a connection. The table is allocated in full at start: about 100 bytes an entry. */
#ifndef MAX_FLOWS
#define MAX_FLOWS 131072
#endif
#ifndef MAX_SOCKETS
#define MAX_SOCKETS 65536
#endif

/* Up to so many backends are compared by score; beyond, the verifier's states explode (E2BIG) and a plain remainder
 * takes over, which spreads as evenly but moves more flows when the set changes. */
#define MAX_SCORED 16

/* CPUS, how many there may ever be, is given by Python: counters have an element for each, one CPU's behind another's, so
 * that none shares a cache line. (Per-CPU maps do the same, but take microseconds an element to make.)
 *
 * LENT_PORTS_FIRST and LENT_PORTS, a power of two, are given by Python, which keeps these source ports out of the kernel's
 * own choice. They are lent to connections that the node passes on. */
#define LENT_PORT_TRIES 8

/* Seconds without a packet after which a lent port may be taken by another connection, if no free one is found. */
#define IDLE_CLOSING 10
#define IDLE_UDP 60
#define IDLE_TCP 3600

#define ECONNREFUSED 111

/* flags of struct translation */
#define FLOW_REPLY 1   /* from a backend to its client */
#define FLOW_LOCAL 2   /* the backend is a pod of this node */
#define FLOW_CLOSING 4 /* FIN or RST was seen */
