/* sim_service - see sim_service.h. */
#include "tests/scenario/sim_service.h"

const char *sim_told(const struct sim *self)
{
	static char text[SIM_MAX_LEDGER + 1];
	unsigned n = 0;

	for (unsigned i = 0; i < self->backend.n_ledger; i++) {
		if (self->backend.ledger[i].service.state)
			text[n++] = "-ALBC"[self->backend.ledger[i].service.state];
	}
	text[n] = 0;
	return text;
}

bool sim_is_told(const struct sim *self, const char *expected)
{
	const char *told = sim_told(self);

	if (strcmp(told, expected) == 0)
		return true;
	printf("# told %s, expected %s\n", told, expected);
	return false;
}
