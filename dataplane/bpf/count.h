/* Counting: per CPU, so without atomic operations. */
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
	int only = 0;
	return verdicts.lookup(&only);
}

static __always_inline void count_packet(struct traffic *traffic, u32 bytes)
{
	traffic->packets++;
	traffic->bytes += bytes;
}

static __always_inline void count_service(u32 service, u32 connections, u32 packets, u32 bytes)
{
	int id = service;
	struct traffic *traffic = service_traffic.lookup(&id);
	if (!traffic)
		return;
	traffic->connections += connections;
	traffic->packets += packets;
	traffic->bytes += bytes;
}

static __always_inline void count_refusal(u32 service)
{
	int id = service;
	struct traffic *traffic = service_traffic.lookup(&id);
	if (traffic)
		traffic->refused++;
}
