#include "gatewayd/ctl/state.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "proto/mapping.h"

/* CAMPAIGN_NONE if there is none */
static enum campaign_state find(const char *name)
{
	for (int i = CAMPAIGN_OFFERED; i <= CAMPAIGN_FAILED; i++)
		if (strcmp(campaign_state_info((enum campaign_state)i)->name, name) == 0)
			return (enum campaign_state)i;
	return CAMPAIGN_NONE;
}

/* on the way from offered to done; 0 aside of it */
static unsigned rank(enum campaign_state state)
{
	static const enum campaign_state way[] = {
	    CAMPAIGN_OFFERED,    CAMPAIGN_DOWNLOADING, CAMPAIGN_READY,     CAMPAIGN_WAITING,
	    CAMPAIGN_INSTALLING, CAMPAIGN_ACTIVATING,  CAMPAIGN_VERIFYING, CAMPAIGN_DONE,
	};

	for (unsigned i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		if (way[i] == state)
			return i + 1;
	return 0;
}

bool state_known(const char *state)
{
	return find(state) != CAMPAIGN_NONE;
}

bool state_final(const char *state)
{
	const enum campaign_state known = find(state);

	return known != CAMPAIGN_NONE && campaign_state_info(known)->final;
}

bool state_success(const char *state)
{
	return find(state) == CAMPAIGN_DONE;
}

bool state_reached(const char *state, const char *goal)
{
	const unsigned at = rank(find(state)), to = rank(find(goal));

	if (strcmp(state, goal) == 0)
		return true;
	return to > 0 && at > to;
}

const char *state_names(char out[STATE_NAMES_BYTES])
{
	size_t n = 0;

	for (int i = CAMPAIGN_OFFERED; i <= CAMPAIGN_FAILED && n < STATE_NAMES_BYTES; i++)
		n += (size_t)snprintf(out + n, STATE_NAMES_BYTES - n, "%s%s", n ? ", " : "",
				      campaign_state_info((enum campaign_state)i)->name);
	return out;
}
