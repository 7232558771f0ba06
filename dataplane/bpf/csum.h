/* Internet checksums, changed by what changed (RFC 1624, equation 3). */
#pragma once

static __always_inline u32 csum_add_word(u32 sum, u32 word)
{
	return sum + (word & 0xffff) + (word >> 16);
}

static __always_inline u16 csum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* To be added to the complement of the old checksum when `before` becomes `after`. */
static __always_inline u32 csum_difference(u32 before, u32 after)
{
	return csum_add_word(csum_add_word(0, ~before), after);
}

static __always_inline u16 csum_apply(u16 checksum, u32 difference)
{
	return ~csum_fold((u16)~checksum + difference);
}
