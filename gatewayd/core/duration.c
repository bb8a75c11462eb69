/* duration - see duration.h. */
#include "gatewayd/core/duration.h"

#define LEARN_SHARE     4u /* a new measurement counts a quarter */
#define KNOWN_PERCENT   110u
#define NEW_PERCENT     125u
#define MOST_BUSES      32u
#define MOST_MS         (UINT64_C(365) * 86400000u) /* keeps sums and products within 64 bits */
#define ROUGH_STEPS_MS  30000u                      /* sessions, security, erase, check, boot */
#define ROUGH_CLASSICAL 22u /* bits on the wire a byte: 7 of 8 data bytes, 135 bits with stuffing, flow control */
#define ROUGH_FD        16u /* bits of the data phase a byte, with what the arbitration costs */

static uint64_t at_most(uint64_t value, uint64_t most)
{
	return value < most ? value : most;
}

uint32_t duration_learn(uint32_t permille, uint64_t estimate_ms, uint64_t actual_ms)
{
	uint64_t measured;

	if (!estimate_ms)
		return permille;
	measured = at_most(actual_ms, MOST_MS) * 1000 / estimate_ms;
	measured = at_most(measured > DURATION_MIN_PERMILLE ? measured : DURATION_MIN_PERMILLE, DURATION_MAX_PERMILLE);
	if (!permille)
		return (uint32_t)measured;
	return (uint32_t)((permille * (LEARN_SHARE - 1u) + measured + LEARN_SHARE / 2) / LEARN_SHARE);
}

uint64_t duration_expected_ms(uint64_t estimate_ms, uint32_t permille)
{
	return permille ? at_most(estimate_ms, MOST_MS) * permille / 1000 : estimate_ms;
}

/* one ECU, with its way back and its margin */
static uint64_t item_ms(const struct duration_item *item)
{
	const uint64_t forth_ms = at_most(duration_expected_ms(item->estimate_ms, item->permille), MOST_MS);
	const uint64_t both_ms = forth_ms + at_most(forth_ms * at_most(item->back_permille, 100000) / 1000, MOST_MS);

	return both_ms * (item->permille ? KNOWN_PERCENT : NEW_PERCENT) / 100;
}

uint64_t duration_campaign_s(const struct duration_item *items, size_t n)
{
	uint64_t longest_ms = 0;

	for (unsigned bus = 0; bus < MOST_BUSES; bus++) {
		uint64_t bus_ms = 0;

		for (size_t i = 0; i < n; i++)
			bus_ms += items[i].bus == bus ? item_ms(&items[i]) : 0;
		longest_ms = bus_ms > longest_ms ? bus_ms : longest_ms;
	}
	return (longest_ms + 999) / 1000;
}

uint64_t duration_rough_ms(uint64_t bytes, uint32_t bitrate, uint32_t data_bitrate)
{
	const uint64_t bps = data_bitrate ? data_bitrate : bitrate ? bitrate : 500000u;

	if (!bytes)
		return 0;
	return ROUGH_STEPS_MS + at_most(bytes, MOST_MS) * (data_bitrate ? ROUGH_FD : ROUGH_CLASSICAL) * 1000 / bps;
}
