/*
 * rate - how fast something progresses and how long it still takes, from the last few seconds; pure.
 */
#ifndef COMMON_RATE_H
#define COMMON_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define RATE_SAMPLES        24u
#define RATE_DURATION_BYTES 16u

struct rate {
	struct {
		uint64_t at_us;
		uint64_t bytes;
	} samples[RATE_SAMPLES];
	unsigned n;
};

/* @now_us: monotonic. Fewer @bytes than before begin anew: the ECU's data were begun anew. */
void rate_add(struct rate *self, uint64_t now_us, uint64_t bytes);
/* Return: bytes per second over the last 4 s or so; 0 while unknown */
double rate_bytes_per_s(const struct rate *self);
/* Return: false while it cannot be told; @seconds rounded up, at most 359999 */
bool rate_remaining_s(const struct rate *self, uint64_t bytes_left, uint32_t *seconds);
/* "0:07", "1:02:03" */
const char *rate_duration(uint32_t seconds, char out[RATE_DURATION_BYTES]);

#endif
