#include "uds/port/can_recovery.h"

#include <stdio.h>

static uint32_t pause_of(uint8_t n_restarts, uint32_t first_ms)
{
	uint32_t pause_ms = first_ms ? first_ms : CAN_RECOVERY_FIRST_MS;

	if (n_restarts >= CAN_RECOVERY_TRIES)
		return CAN_RECOVERY_LATER_MS;
	for (uint8_t i = 0; i < n_restarts && pause_ms < CAN_RECOVERY_LONGEST_MS; i++)
		pause_ms = pause_ms * 2 < CAN_RECOVERY_LONGEST_MS ? pause_ms * 2 : CAN_RECOVERY_LONGEST_MS;
	return pause_ms;
}

void can_recovery_bus_off(struct can_recovery *self, uint64_t now_us, uint32_t first_ms)
{
	if (self->off)
		return;
	if (now_us - self->restarted_us >= CAN_RECOVERY_STABLE_US)
		self->n_restarts = 0;
	self->pause_ms = self->seen ? pause_of(self->n_restarts, first_ms) : 0;
	self->seen = self->off = true;
	self->due_us = now_us + (uint64_t)self->pause_ms * 1000;
}

bool can_recovery_due(const struct can_recovery *self, uint64_t now_us)
{
	return self->off && now_us >= self->due_us;
}

void can_recovery_restarted(struct can_recovery *self, uint64_t now_us)
{
	self->off = false;
	self->restarted_us = now_us;
	if (self->n_restarts < CAN_RECOVERY_TRIES)
		self->n_restarts++;
}

void can_recovery_on_bus(struct can_recovery *self)
{
	if (self->off)
		self->n_restarts = 0;
	self->seen = true;
	self->off = false;
}

uint64_t can_recovery_wait_ms(const struct can_recovery *self, uint64_t now_us, uint64_t longest_ms)
{
	uint64_t wait_us;

	if (!self->off)
		return longest_ms;
	wait_us = self->due_us > now_us ? self->due_us - now_us : 0;
	return wait_us < longest_ms * 1000 ? (wait_us + 999) / 1000 : longest_ms;
}

void can_recovery_text(const struct can_recovery *self, char *out, size_t n_out)
{
	if (self->n_restarts >= CAN_RECOVERY_TRIES)
		snprintf(out, n_out, "it is set down and up again each %u min (%u tries in a row have failed)",
			 CAN_RECOVERY_LATER_MS / 60000u, CAN_RECOVERY_TRIES);
	else
		snprintf(out, n_out,
			 "it is set down and up again after %u.%u s (try %u of %u in a row, later one each %u min)",
			 self->pause_ms / 1000u, self->pause_ms % 1000u / 100u, self->n_restarts + 1u,
			 CAN_RECOVERY_TRIES, CAN_RECOVERY_LATER_MS / 60000u);
}
