/* install_progress - how far a flash is, for who looks: not durable, and told at a pace that others can follow. */
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install.h"

void install_step(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, enum flash_step_kind step,
		  uint8_t step_index, uint8_t unit)
{
	struct target *t = &self->campaigns[index].targets[target];

	(void)now_us;
	t->step = step;
	t->step_index = step_index;
	t->unit = unit;
	self->changed |= 1u << index;
	self->changed_ecus |= 1u << t->ecu;
}

void install_progress(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, uint64_t bytes_done,
		      uint64_t bytes_total)
{
	struct target *t = &self->campaigns[index].targets[target];

	t->bytes_done = bytes_done;
	t->bytes_total = bytes_total;
	if (t->progress_us && now_us < t->progress_us + GATEWAY_PROGRESS_US)
		return;
	t->progress_us = now_us;
	self->changed |= 1u << index;
	self->changed_ecus |= 1u << t->ecu;
}
