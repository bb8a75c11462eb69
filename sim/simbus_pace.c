#include "sim/simbus_pace.h"

#include <stddef.h>

static size_t find(const struct simbus_pace *self, uint32_t id)
{
	size_t i = 0;

	while (i < SIMBUS_PACE_IDS && !(self->echoes[i].known && self->echoes[i].id == id))
		i++;
	return i;
}

void simbus_pace_heard(struct simbus_pace *self)
{
	self->n_heard++;
}

void simbus_pace_echo(struct simbus_pace *self, uint32_t id, uint64_t end_ns)
{
	size_t i = find(self, id);

	if (i == SIMBUS_PACE_IDS)
		i = self->next++ % SIMBUS_PACE_IDS;
	self->echoes[i] = (struct simbus_pace_echo){
	    .known = true,
	    .waits = true,
	    .id = id,
	    .end_ns = end_ns,
	    .n_heard = self->n_heard,
	};
}

static uint64_t since(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

void simbus_pace_hand_over(struct simbus_pace *self, uint64_t now_ns, uint64_t end_ns)
{
	self->lateness_ns = since(now_ns, end_ns);
	for (size_t i = 0; i < SIMBUS_PACE_IDS; i++) {
		struct simbus_pace_echo *echo = &self->echoes[i];

		if (!echo->waits)
			continue;
		echo->waits = false;
		echo->lateness_ns = since(now_ns, echo->end_ns);
	}
}

uint64_t simbus_pace_date(const struct simbus_pace *self, uint64_t now_ns, uint32_t id)
{
	uint64_t lateness_ns = self->lateness_ns;
	const size_t i = find(self, id);

	if (i < SIMBUS_PACE_IDS) {
		const struct simbus_pace_echo *echo = &self->echoes[i];

		if (!echo->waits && echo->n_heard == self->n_heard && echo->lateness_ns < lateness_ns)
			lateness_ns = echo->lateness_ns;
	}
	return since(now_ns, lateness_ns);
}
