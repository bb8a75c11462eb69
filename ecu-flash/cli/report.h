/*
 * report - what a user sees while a job runs: a line a step, a progress bar on a terminal, a line each 10 % in a pipe.
 */
#ifndef ECU_FLASH_CLI_REPORT_H
#define ECU_FLASH_CLI_REPORT_H

#include <stdarg.h>
#include <stdio.h>

#include "ecu-flash/flash_bus.h"

struct report {
	FILE *out;
	bool terminal;
	const struct profile *profile;
	char **paths; /* of the units */
	uint8_t n_units;
	bool bar_shown;
	uint64_t drawn_us;
	uint64_t transfer_us;    /* when the first progress of the transfer at hand came; 0 = none yet */
	uint64_t transfer_bytes; /* done by then */
	unsigned tenth;          /* the last one that was written in a pipe */
	bool identity_shown;
};

void report_init(struct report *self, FILE *out, const struct profile *profile, char **paths, uint8_t n_units);

/* a line of its own; a bar that is on the screen gives way and comes back with the next progress */
void report_line(struct report *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* removes the bar, for others who write to the same terminal */
void report_clear(struct report *self);

/* how far a transfer is, of @total bytes: a bar with rate and remaining time, or lines */
void report_progress(struct report *self, uint64_t now_us, uint64_t done, uint64_t total);
/* the same of other things, without a rate; on a terminal only */
void report_count(struct report *self, uint64_t now_us, const char *what, uint64_t done, uint64_t total);

void report_event(struct report *self, uint64_t now_us, const struct flash_bus_event *event,
		  const struct flash_result *result);

#endif
