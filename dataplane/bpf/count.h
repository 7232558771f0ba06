/* Counting: each CPU has elements of its own, so without atomic operations. */
#pragma once

#include "maps.h"

#define COUNT(verdict)                                          \
	do {                                                    \
		struct verdicts *counts_ = verdict_counts();    \
		if (counts_)                                    \
			counts_->verdict++;                     \
	} while (0)

static __always_inline struct verdicts *verdict_counts(void)
{
	int cpu = bpf_get_smp_processor_id();
	return verdicts.lookup(&cpu);
}

static __always_inline struct traffic *service_counters(u32 id)
{
	int index = bpf_get_smp_processor_id() * MAX_SERVICES + id;
	return service_traffic.lookup(&index);
}

/* The counters of a service's backend; NULL if it is none now. */
static __always_inline struct traffic *member_counters(u32 service, u32 address, u16 port)
{
	struct member_key key = {.service = service, .address = address, .port = port};

	u32 *number = members.lookup(&key);
	if (!number)
		return NULL;
	int index = bpf_get_smp_processor_id() * MAX_COUNTED + *number;
	return member_traffic.lookup(&index);
}

static __always_inline void count_packet(struct traffic *traffic, u32 bytes)
{
	if (!traffic)
		return;
	traffic->packets++;
	traffic->bytes += bytes;
}

static __always_inline void count_connection(struct traffic *traffic)
{
	if (traffic)
		traffic->connections++;
}

static __always_inline void count_refusal(u32 service)
{
	struct traffic *traffic = service_counters(service);
	if (traffic)
		traffic->refused++;
}
