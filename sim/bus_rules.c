#include "sim/bus_internal.h"

#include <string.h>

/* the loss of the configuration, as a rule before all others */
void bus_init_drop(struct bus *self)
{
	const struct bus_config *c = &self->config;
	const bool extended = c->drop_id > 0x7ff;
	const struct bus_fault_rule rule = {
	    .kind = BUS_FAULT_DROP,
	    .by_id = c->drop_one_id,
	    .extended = extended,
	    .id_mask = extended ? 0x1fffffff : 0x7ff,
	    .id_first = c->drop_id,
	    .id_last = c->drop_id,
	    .client = BUS_FAULT_ANY_CLIENT,
	    .ppm = c->drop_ppm,
	    .nth = 1,
	    .count = BUS_FAULT_NO_LIMIT,
	};

	bus_fault_init(&self->drop, &rule, c->seed);
}

void bus_set_drop(struct bus *self, uint32_t drop_ppm)
{
	self->drop.rule.ppm = drop_ppm;
}

int bus_add_fault(struct bus *self, const struct bus_fault_rule *rule)
{
	if (self->n_faults == BUS_MAX_FAULTS)
		return BUS_FULL;
	/* apart from the configured loss, and from each other */
	const uint64_t seed = self->config.seed + ++self->n_faults_ever * UINT64_C(0xd1342543de82ef95);
	bus_fault_init(&self->faults[self->n_faults++], rule, seed);
	return 0;
}

const struct bus_fault *bus_get_fault(const struct bus *self, unsigned index)
{
	return index < self->n_faults ? &self->faults[index] : NULL;
}

unsigned bus_clear_faults(struct bus *self)
{
	unsigned n = self->n_faults;

	self->n_faults = 0;
	return n;
}

uint64_t bus_draw_delay_ns(struct bus *self, const struct can_msg *msg, unsigned client)
{
	for (unsigned i = 0; i < self->n_faults; i++) {
		struct bus_fault *f = &self->faults[i];

		if (f->rule.kind == BUS_FAULT_DELAY && bus_fault_hits(f, msg, (int)client))
			return f->rule.delay_us * UINT64_C(1000);
	}
	return 0;
}

static enum bus_outcome outcome_of(enum bus_fault_kind kind)
{
	switch (kind) {
	case BUS_FAULT_DROP:
		return BUS_LOST;
	case BUS_FAULT_DUPLICATE:
		return BUS_TWICE;
	case BUS_FAULT_CORRUPT:
		return BUS_DESTROYED;
	case BUS_FAULT_BUS_OFF:
		return BUS_SENDER_OFF;
	case BUS_FAULT_DELAY: /* when it was given away */
		break;
	}
	return BUS_SENT;
}

void bus_draw_outcome(struct bus *self)
{
	const int client = self->sender == BUS_TAP ? -1 : self->sender;

	self->outcome = BUS_SENT;
	self->off_ms = self->config.restart_ms;
	if (self->drop.rule.ppm > 0 && bus_fault_hits(&self->drop, &self->msg, client)) {
		self->outcome = BUS_LOST;
		return;
	}
	for (unsigned i = 0; i < self->n_faults; i++) {
		struct bus_fault *f = &self->faults[i];

		if (f->rule.kind == BUS_FAULT_DELAY || !bus_fault_hits(f, &self->msg, client))
			continue;
		self->outcome = outcome_of(f->rule.kind);
		if (f->rule.restart_ms)
			self->off_ms = f->rule.restart_ms;
		return;
	}
}
