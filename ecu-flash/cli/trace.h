/*
 * trace - the requests of a channel and its answers, in words and with times, as they pass.
 *
 * It looks at the channel before and after its owner's step, since only the owner may take the channel's events.
 * Functional requests belong to no channel: they are seen as frames.
 */
#ifndef ECU_FLASH_CLI_TRACE_H
#define ECU_FLASH_CLI_TRACE_H

#include <stdio.h>

#include "ecu-flash/profile.h"

struct trace {
	FILE *out;                     /* NULL: nothing is written */
	const char *name;              /* of the ECU */
	const struct profile *profile; /* whose names the words use; may be NULL */
	uint64_t start_us;
	uint64_t request_us; /* when the open request was placed */
	bool shown;          /* the request that is open */
};

/* before the owner's step: answers that it is about to take; Return: true if something was written */
bool trace_answers(struct trace *self, uint64_t now_us, const struct uds_channel *channel);
/* after the owner's step: a request that it has placed */
bool trace_request(struct trace *self, uint64_t now_us, const struct uds_channel *channel);
/* a request or answer that is a single frame, in which @at bytes of address come first (0, 1): "> " for our own */
void trace_frame(struct trace *self, uint64_t now_us, const char *name, bool own, uint8_t at,
		 const struct can_msg *msg);

#endif
