/* Choosing a backend: a function of the flow and the set of backends only, so that every node chooses alike and a lost
 * entry of the flow table changes nothing. Rendezvous hashing: the backend with the highest score for the flow has it, so
 * one that leaves moves its own flows and no others. */
#pragma once

#include "maps.h"

/* One step and the end of MurmurHash3 (32 bits). */
static __always_inline u32 hash_word(u32 hash, u32 word)
{
	word *= 0xcc9e2d51;
	word = (word << 15) | (word >> 17);
	word *= 0x1b873593;
	hash ^= word;
	hash = (hash << 13) | (hash >> 19);
	return hash * 5 + 0xe6546b64;
}

static __always_inline u32 hash_end(u32 hash)
{
	hash ^= hash >> 16;
	hash *= 0x85ebca6b;
	hash ^= hash >> 13;
	hash *= 0xc2b2ae35;
	return hash ^ (hash >> 16);
}

static __always_inline u32 hash_flow(const struct flow *flow)
{
	u32 hash = hash_word(0x6f726c70, flow->source);
	hash = hash_word(hash, (u32)flow->source_port << 16 | flow->destination_port);
	return hash_end(hash_word(hash, flow->protocol));
}

static __always_inline u32 score_backend(u32 hash, const struct backend *backend)
{
	return hash_end(hash_word(hash_word(hash, backend->address), backend->port));
}

static __always_inline int choose_by_score(struct backend_key *key, u32 count, u32 hash, struct backend *chosen)
{
	u32 best = 0;
	int found = 0;

	for (u32 slot = 0; slot < MAX_SCORED; slot++) {
		if (slot >= count)
			break;
		key->slot = slot;
		struct backend *backend = backends.lookup(key);
		if (!backend)
			return 0;
		u32 score = score_backend(hash, backend);
		if (!found || score > best) {
			best = score;
			*chosen = *backend;
			found = 1;
		}
	}
	return found;
}

static __always_inline int choose_by_remainder(struct backend_key *key, u32 count, u32 hash, struct backend *chosen)
{
	key->slot = hash % count;
	struct backend *backend = backends.lookup(key);
	if (!backend)
		return 0;
	*chosen = *backend;
	return 1;
}

/* Whether a backend was found; 0 while the set is empty, or was replaced twice since `service` was read. */
static __always_inline int choose_backend(const struct service *service, u32 hash, struct backend *chosen)
{
	struct backend_key key = {.service = service->id, .buffer = service->generation & 1};

	if (service->count == 0)
		return 0;
	if (service->count <= MAX_SCORED)
		return choose_by_score(&key, service->count, hash, chosen);
	return choose_by_remainder(&key, service->count, hash, chosen);
}
