/*
 * fuzz_zone - any bytes as a time zone file: refused without a trace, or a zone whose clock can be read at any time and
 * set to any time of a day, with changes that lead on.
 */
#include <assert.h>
#include <string.h>

#include "gatewayd/core/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DAY_S 86400

static void look(const struct zone *zone, int64_t unix_s)
{
	const struct zone_local local = zone_local(zone, unix_s);
	const int64_t next = zone_next_change(zone, unix_s);
	const int64_t back = zone_unix(zone, local.day, local.day_s);

	assert(local.day_s < DAY_S && local.weekday < 7);
	assert(next > unix_s);
	/* the first time at which the clock shows it, so not after this one */
	assert(back <= unix_s);
	/* offsets lie within 26 hours, so all that a clock shows does within two days */
	assert(back >= unix_s - 2 * DAY_S - 93600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone zone;
	int64_t at = 1600000000;

	if (!zone_parse(&zone, data, size)) {
		assert(!zone.known && !zone.n);
		return 0;
	}
	assert(zone.known && zone.n <= ZONE_MAX_CHANGES);
	for (unsigned i = 0; i < 40 && at < INT64_C(200000000000); i++) {
		look(&zone, at);
		look(&zone, at + 1800);
		at = zone_next_change(&zone, at);
	}
	look(&zone, 0);
	look(&zone, INT64_C(253000000000));
	return 0;
}
