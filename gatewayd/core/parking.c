/* parking - see parking.h. */
#include "gatewayd/core/parking.h"
#include <string.h>

#define HOUR_S      3600u
#define ALL         1000u
#define SHARE       3u                   /* the last hour counts a third, the one before two ninths, … */
#define ENOUGH_SEEN 2u                   /* once may have been a holiday */
#define THRESHOLD   700u                 /* of a thousand */
#define CATCH_UP_S  (28u * 24u * HOUR_S) /* of a longer absence only so much is learned: it is all alike */
#define GAP_S       HOUR_S               /* in use, then silent for longer: it was switched off meanwhile */
#define LOOK_S      (14u * 24u * HOUR_S)
#define STEPS_MOST  1024u /* of a search: hours looked at, and windows */
#define FORM        1u

void parking_init(struct parking *self)
{
	memset(self, 0, sizeof *self);
}

static unsigned hour_of(const struct zone *zone, uint64_t unix_s)
{
	const struct zone_local local = zone_local(zone, (int64_t)unix_s);

	return local.weekday * 24u + local.day_s / HOUR_S;
}

/* when the next hour begins as the clocks there count */
static uint64_t hour_end(const struct zone *zone, uint64_t unix_s)
{
	return unix_s + HOUR_S - zone_local(zone, (int64_t)unix_s).day_s % HOUR_S;
}

static void learn(struct parking *self, unsigned hour, bool stayed)
{
	const unsigned value = stayed ? ALL : 0;
	const unsigned old = self->stays[hour];

	self->stays[hour] = (uint16_t)(self->seen[hour] ? (old * (SHARE - 1) + value + SHARE / 2) / SHARE : value);
	if (self->seen[hour] < UINT8_MAX)
		self->seen[hour]++;
}

/* time went on to @unix_s with nothing changing. Return: true if an hour was over */
static bool pass(struct parking *self, const struct zone *zone, uint64_t unix_s)
{
	bool learned = false;

	while (hour_end(zone, self->at_s) <= unix_s) {
		if (self->begun || !self->whole) { /* that it was driven is known from any part of the hour */
			learn(self, hour_of(zone, self->at_s), self->whole);
			learned = true;
		}
		self->at_s = hour_end(zone, self->at_s);
		self->begun = true;
		self->whole = self->parked;
	}
	self->at_s = unix_s;
	return learned;
}

static void begin(struct parking *self, const struct zone *zone, uint64_t unix_s, bool parked)
{
	self->known = true;
	self->parked = self->whole = parked;
	self->begun = zone_local(zone, (int64_t)unix_s).day_s % HOUR_S == 0;
	self->at_s = unix_s;
}

bool parking_observe(struct parking *self, const struct zone *zone, uint64_t unix_s, bool parked)
{
	bool worth;

	if (unix_s > INT64_MAX / 2 || (self->known && unix_s < self->at_s))
		return false;
	if (!self->known) {
		begin(self, zone, unix_s, parked);
		return true;
	}
	if (unix_s - self->at_s > CATCH_UP_S)
		begin(self, zone, unix_s - CATCH_UP_S, true);
	if (!self->parked && unix_s - self->at_s > GAP_S) {
		(void)pass(self, zone, hour_end(zone, self->at_s));
		self->parked = self->whole = true;
	}
	worth = pass(self, zone, unix_s);
	if (parked == self->parked)
		return worth;
	self->parked = parked;
	self->whole = false;
	return true;
}

int parking_stays(const struct parking *self, const struct zone *zone, uint64_t unix_s)
{
	const unsigned hour = hour_of(zone, unix_s);

	return self->seen[hour] < ENOUGH_SEEN ? -1 : self->stays[hour];
}

/* Return: 0 if it stays from @start_s to @end_s, else the end of the hour in which it does not */
static uint64_t disturbed(const struct parking *self, const struct zone *zone, uint64_t start_s, uint64_t end_s)
{
	unsigned all = ALL;

	for (uint64_t at_s = start_s; at_s < end_s; at_s = hour_end(zone, at_s)) {
		const int stays = parking_stays(self, zone, at_s);

		all = stays < 0 ? 0 : all * (unsigned)stays / ALL;
		if (all < THRESHOLD)
			return hour_end(zone, stays >= (int)THRESHOLD ? start_s : at_s);
	}
	return 0;
}

/* the hour of @unix_s is the one up to which all is learned, and the vehicle was driven in it */
static bool driven_already(const struct parking *self, const struct zone *zone, uint64_t unix_s)
{
	return self->parked && !self->whole && hour_end(zone, unix_s) == hour_end(zone, self->at_s);
}

bool parking_expects_use(const struct parking *self, const struct zone *zone, uint64_t start_s, uint64_t need_s)
{
	const uint64_t end_s = start_s + (need_s < 60 ? 60 : need_s);
	unsigned all = ALL;

	if (!self->known || need_s > LOOK_S)
		return false;
	for (uint64_t at_s = start_s; at_s < end_s; at_s = hour_end(zone, at_s)) {
		const int stays = driven_already(self, zone, at_s) ? (int)ALL : parking_stays(self, zone, at_s);

		if (stays < 0)
			return false;
		all = all * (unsigned)stays / ALL;
		if (all < THRESHOLD)
			return true;
	}
	return false;
}

uint64_t parking_propose(const struct parking *self, const struct zone *zone, uint64_t from_s, uint64_t need_s,
			 const struct window_terms *terms)
{
	uint64_t at_s = from_s;

	if (need_s < 60)
		need_s = 60;
	if (!self->known || need_s > LOOK_S)
		return 0;
	for (unsigned i = 0; i < STEPS_MOST && at_s <= from_s + LOOK_S; i++) {
		struct window_span span;
		uint64_t next_s;

		if (!window_next_fit(terms, at_s, need_s, &span))
			return 0;
		if (span.start_s > at_s)
			at_s = span.start_s;
		next_s = disturbed(self, zone, at_s, at_s + need_s);
		if (!next_s)
			return at_s;
		at_s = next_s;
	}
	return 0;
}

/* --- as it is kept: form, flags, time (8 bytes), then all stays in tenths of a percent (4 steps each), then all seen
 */

static uint8_t packed(uint16_t stays)
{
	return (uint8_t)((stays + 2u) / 4u); /* 0..250 */
}

void parking_encode(const struct parking *self, uint8_t *out)
{
	memset(out, 0, PARKING_ENCODED_BYTES);
	out[0] = FORM;
	out[1] = (uint8_t)(self->known | self->parked << 1 | self->whole << 2 | self->begun << 3);
	for (unsigned i = 0; i < 8; i++)
		out[2 + i] = (uint8_t)(self->at_s >> (56 - 8 * i));
	for (unsigned i = 0; i < PARKING_HOURS; i++) {
		out[10 + i] = packed(self->stays[i]);
		out[10 + PARKING_HOURS + i] = self->seen[i];
	}
}

bool parking_decode(struct parking *self, const uint8_t *bytes, size_t n)
{
	parking_init(self);
	if (n != PARKING_ENCODED_BYTES || bytes[0] != FORM || bytes[1] > 15)
		return false;
	for (unsigned i = 0; i < PARKING_HOURS; i++) {
		if (bytes[10 + i] > 250) {
			parking_init(self);
			return false;
		}
		self->stays[i] = (uint16_t)(bytes[10 + i] * 4u);
		self->seen[i] = bytes[10 + PARKING_HOURS + i];
	}
	for (unsigned i = 0; i < 8; i++)
		self->at_s = self->at_s << 8 | bytes[2 + i];
	self->known = bytes[1] & 1;
	self->parked = bytes[1] & 2;
	self->whole = bytes[1] & 4;
	self->begun = bytes[1] & 8;
	if (self->at_s > INT64_MAX / 2) { /* beyond what any clock says */
		parking_init(self);
		return false;
	}
	return true;
}
