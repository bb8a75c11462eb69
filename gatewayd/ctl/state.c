#include "gatewayd/ctl/state.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	int rank; /* on the way from offered to done; 0 aside of it */
	bool final;
} states[] = {
    {"offered", 1, false},     {"downloading", 2, false}, {"ready", 3, false},        {"waiting", 4, false},
    {"installing", 5, false},  {"suspended", 0, false},   {"activating", 6, false},   {"verifying", 7, false},
    {"done", 8, true},         {"declined", 0, true},     {"expired", 0, true},       {"cancelled", 0, true},
    {"superseded", 0, true},   {"failed", 0, true},       {"rolling-back", 0, false}, {"rolled-back", 0, true},
    {"inconsistent", 0, true},
};

static int find(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].name, state) == 0)
			return (int)i;
	return -1;
}

bool state_known(const char *state)
{
	return find(state) >= 0;
}

bool state_final(const char *state)
{
	int i = find(state);

	return i >= 0 && states[i].final;
}

bool state_success(const char *state)
{
	return strcmp(state, "done") == 0;
}

bool state_reached(const char *state, const char *goal)
{
	int at = find(state), to = find(goal);

	if (strcmp(state, goal) == 0)
		return true;
	return at >= 0 && to >= 0 && states[to].rank > 0 && states[at].rank > states[to].rank;
}

const char *state_names(void)
{
	return "offered, downloading, ready, waiting, installing, suspended, activating, verifying, done, declined, "
	       "expired, cancelled, superseded, failed, rolling-back, rolled-back, inconsistent";
}
