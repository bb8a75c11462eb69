/* fleet_pattern - see fleet_pattern.h. */
#include "tests/bench/fleet_pattern.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE UINT64_C(60)
#define HOUR   UINT64_C(3600)
#define DAY    UINT64_C(86400)

uint64_t fleet_random(uint64_t *random, uint64_t below)
{
	uint64_t z = (*random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return below ? z % below : 0;
}

static bool chance(uint64_t *random, unsigned percent)
{
	return fleet_random(random, 100) < percent;
}

/* @at_s, earlier or later by up to @spread_s */
static uint64_t around(uint64_t *random, uint64_t at_s, uint64_t spread_s)
{
	return at_s - spread_s + fleet_random(random, 2 * spread_s + 1);
}

const char *fleet_kind_name(enum fleet_kind kind)
{
	static const char *const names[FLEET_KINDS] = {"commuter", "shift worker", "taxi", "weekend driver", "garage"};

	return names[kind];
}

enum fleet_kind fleet_kind_of(unsigned number)
{
	unsigned of_hundred = number % 100;

	return of_hundred < 40   ? FLEET_COMMUTER
	       : of_hundred < 60 ? FLEET_SHIFT
	       : of_hundred < 70 ? FLEET_TAXI
	       : of_hundred < 90 ? FLEET_WEEKEND
				 : FLEET_GARAGE;
}

static void change(struct fleet_pattern *self, uint64_t at_s, bool ignition, bool coverage)
{
	if (self->n == self->cap) {
		self->cap = self->cap ? 2 * self->cap : 256;
		self->changes = realloc(self->changes, self->cap * sizeof *self->changes);
		if (!self->changes) {
			fputs("exposure: out of memory\n", stderr);
			exit(1);
		}
	}
	self->changes[self->n++] = (struct fleet_change){at_s, ignition, coverage};
}

/* on the road there is coverage; where it ends, as said. One that would begin before the last one ended begins later */
static void trip(struct fleet_pattern *self, uint64_t start_s, uint64_t length_s, bool coverage)
{
	uint64_t last_s = self->n ? self->changes[self->n - 1].at_s + MINUTE : 0;

	if (start_s < last_s)
		start_s = last_s;
	change(self, start_s, true, true);
	change(self, start_s + length_s, false, coverage);
}

static void commuter_day(struct fleet_pattern *self, uint64_t day_s, unsigned weekday, bool work, uint64_t *random)
{
	if (weekday < 5) {
		trip(self, around(random, day_s + 7 * HOUR, 30 * MINUTE), around(random, 35 * MINUTE, 15 * MINUTE),
		     work);
		trip(self, around(random, day_s + 17 * HOUR, HOUR), around(random, 40 * MINUTE, 15 * MINUTE),
		     self->home_coverage);
		if (chance(random, 30)) {
			trip(self, around(random, day_s + 19 * HOUR + 30 * MINUTE, 20 * MINUTE), 15 * MINUTE, true);
			trip(self, day_s + 21 * HOUR + 30 * MINUTE, 15 * MINUTE, self->home_coverage);
		}
	} else if (weekday == 5 || chance(random, 40)) {
		uint64_t start_s = around(random, day_s + 11 * HOUR, 2 * HOUR);

		trip(self, start_s, 20 * MINUTE, true);
		trip(self, start_s + HOUR + 10 * MINUTE, 20 * MINUTE, self->home_coverage);
	}
}

static void shift_day(struct fleet_pattern *self, uint64_t day_s, unsigned day, bool work, uint64_t *random)
{
	static const uint64_t starts[3] = {5 * HOUR + 20 * MINUTE, 13 * HOUR + 20 * MINUTE, 21 * HOUR + 20 * MINUTE};
	uint64_t start_s = around(random, day_s + starts[day / 7 % 3], 10 * MINUTE);

	if (day % 7 >= 5)
		return;
	trip(self, start_s, 25 * MINUTE, work);
	trip(self, around(random, start_s + 9 * HOUR, 15 * MINUTE), 25 * MINUTE, self->home_coverage);
}

static void taxi_day(struct fleet_pattern *self, uint64_t day_s, bool night, uint64_t *random)
{
	uint64_t now_s = around(random, day_s + (night ? 17 : 6) * HOUR, 30 * MINUTE);
	uint64_t end_s = now_s + 10 * HOUR;

	while (now_s < end_s) {
		uint64_t ride_s = 10 * MINUTE + fleet_random(random, 20 * MINUTE);

		trip(self, now_s, ride_s, chance(random, 95));
		now_s = self->changes[self->n - 1].at_s + 3 * MINUTE + fleet_random(random, 22 * MINUTE);
	}
	trip(self, now_s, 15 * MINUTE, self->home_coverage);
}

static void weekend_day(struct fleet_pattern *self, uint64_t day_s, unsigned weekday, uint64_t *random)
{
	if (weekday < 5 ? !chance(random, 8) : !chance(random, 75))
		return;
	uint64_t start_s = around(random, day_s + 10 * HOUR, 2 * HOUR);
	trip(self, start_s, around(random, HOUR, 30 * MINUTE), chance(random, 80));
	trip(self, around(random, day_s + 18 * HOUR, 2 * HOUR), HOUR, self->home_coverage);
}

static void garage_day(struct fleet_pattern *self, uint64_t day_s, uint64_t *random)
{
	if (!chance(random, 6))
		return;
	uint64_t start_s = around(random, day_s + 14 * HOUR, HOUR);
	trip(self, start_s, 40 * MINUTE, chance(random, 50));
	trip(self, start_s + 3 * HOUR, 40 * MINUTE, false);
}

void fleet_pattern_init(struct fleet_pattern *self, enum fleet_kind kind, unsigned weeks, uint64_t *random)
{
	bool work = chance(random, 85), night = chance(random, 50);
	unsigned day_off = (unsigned)fleet_random(random, 7);

	*self = (struct fleet_pattern){.kind = kind};
	self->home_coverage = kind != FLEET_GARAGE && chance(random, 90);
	for (unsigned day = 0; day < 7 * weeks; day++) {
		uint64_t day_s = day * DAY;

		switch (kind) {
		case FLEET_COMMUTER:
			commuter_day(self, day_s, day % 7, work, random);
			break;
		case FLEET_SHIFT:
			shift_day(self, day_s, day, work, random);
			break;
		case FLEET_TAXI:
			if (day % 7 != day_off)
				taxi_day(self, day_s, night, random);
			break;
		case FLEET_WEEKEND:
			weekend_day(self, day_s, day % 7, random);
			break;
		case FLEET_GARAGE:
			garage_day(self, day_s, random);
			break;
		case FLEET_KINDS:
			break;
		}
	}
}

void fleet_pattern_deinit(struct fleet_pattern *self)
{
	free(self->changes);
	*self = (struct fleet_pattern){0};
}
