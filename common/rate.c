#include "common/rate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WINDOW_US  4000000u
#define SPACING_US 200000u
#define MAX_S      359999u

static void drop_first(struct rate *self)
{
	self->n--;
	memmove(&self->samples[0], &self->samples[1], self->n * sizeof(self->samples[0]));
}

void rate_add(struct rate *self, uint64_t now_us, uint64_t bytes)
{
	if (self->n > 0 && bytes < self->samples[self->n - 1].bytes)
		self->n = 0;
	/* it begins with the first progress: an erase before it is no part of it */
	if (self->n == 1 && bytes == self->samples[0].bytes)
		self->n = 0;
	/* updates that come quickly share a sample, so that the window is never shorter than it says */
	if (self->n >= 2 && now_us - self->samples[self->n - 2].at_us < SPACING_US)
		self->n--;
	if (self->n == RATE_SAMPLES)
		drop_first(self);
	self->samples[self->n].at_us = now_us;
	self->samples[self->n].bytes = bytes;
	self->n++;
	while (self->n > 2 && now_us - self->samples[1].at_us >= WINDOW_US)
		drop_first(self);
}

double rate_bytes_per_s(const struct rate *self)
{
	uint64_t us;

	if (self->n < 2)
		return 0;
	us = self->samples[self->n - 1].at_us - self->samples[0].at_us;
	if (us == 0)
		return 0;
	return (double)(self->samples[self->n - 1].bytes - self->samples[0].bytes) * 1e6 / (double)us;
}

bool rate_remaining_s(const struct rate *self, uint64_t bytes_left, uint32_t *seconds)
{
	double bytes_per_s = rate_bytes_per_s(self), left;

	if (bytes_per_s <= 0)
		return false;
	left = (double)bytes_left / bytes_per_s + 0.999;
	*seconds = left > MAX_S ? MAX_S : (uint32_t)left;
	return true;
}

const char *rate_duration(uint32_t seconds, char out[RATE_DURATION_BYTES])
{
	uint32_t hours = seconds / 3600, minutes = seconds / 60 % 60;

	if (hours)
		snprintf(out, RATE_DURATION_BYTES, "%" PRIu32 ":%02" PRIu32 ":%02" PRIu32, hours, minutes,
			 seconds % 60);
	else
		snprintf(out, RATE_DURATION_BYTES, "%" PRIu32 ":%02" PRIu32, minutes, seconds % 60);
	return out;
}
