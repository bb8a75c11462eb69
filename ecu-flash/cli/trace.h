/*
 * trace - the requests of a channel and its answers, in words, as they pass.
 *
 * It looks at the channel before and after its owner's step, since only the owner may take the channel's events.
 */
#ifndef ECU_FLASH_CLI_TRACE_H
#define ECU_FLASH_CLI_TRACE_H

#include <stdio.h>

#include "uds/uds_channel.h"

struct trace {
	FILE *out; /* NULL: nothing is written */
	uint64_t start_us;
	bool shown; /* the request that is open */
};

/* before the owner's step: answers that it is about to take; Return: true if something was written */
bool trace_answers(struct trace *self, uint64_t now_us, const struct uds_channel *channel);
/* after the owner's step: a request that it has placed */
bool trace_request(struct trace *self, uint64_t now_us, const struct uds_channel *channel);

#endif
