/* install_pause - see install_pause.h. */
#include "gatewayd/core/install_pause.h"
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/gateway_out.h"

#define EXHAUSTED_PAUSE_US 3600000000u /* the longest between two attempts at an erased ECU that fails always */

uint64_t install_pause_repeat_us(const struct gateway *self, const struct campaign *campaign)
{
	const uint64_t plain_us = (uint64_t)self->config.retry_pause_s * 1000000;
	uint64_t shortest_us = UINT64_MAX;

	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];
		uint64_t pause_us = plain_us;

		if (!t->answered || !t->code || t->code == GATEWAY_CODE_STOPPED || t->state == TARGET_FAILED)
			continue;
		for (unsigned n = self->config.max_attempts; n <= t->attempts && pause_us < EXHAUSTED_PAUSE_US; n++)
			pause_us = pause_us * 2 < EXHAUSTED_PAUSE_US ? pause_us * 2 : EXHAUSTED_PAUSE_US;
		if (t->code == GATEWAY_CODE_FOREIGN_TESTER && pause_us < GATEWAY_FOREIGN_QUIET_US)
			pause_us = GATEWAY_FOREIGN_QUIET_US;
		shortest_us = pause_us < shortest_us ? pause_us : shortest_us;
	}
	return shortest_us;
}

uint64_t install_pause_stopped_us(const struct gateway *self, const struct campaign *campaign)
{
	uint64_t pause_us = (uint64_t)self->config.retry_pause_s * 1000000;

	for (unsigned n = 1; n < campaign->n_stops && pause_us < EXHAUSTED_PAUSE_US; n++)
		pause_us *= 2;
	return pause_us < EXHAUSTED_PAUSE_US ? pause_us : EXHAUSTED_PAUSE_US;
}

void install_pause_foreign_tester(struct gateway *self, uint8_t index, uint64_t now_us, const char *bus)
{
	struct campaign *c = &self->campaigns[index];

	if (campaign_open_targets(c, true))
		return; /* an erased ECU waits for nobody */
	for (uint8_t i = 0; i < c->n_targets; i++) {
		const struct target *t = &c->targets[i];

		if (t->answered && t->code == GATEWAY_CODE_FOREIGN_TESTER && t->state != TARGET_FAILED &&
		    strcmp(self->config.ecus[t->ecu].bus, bus) == 0 && c->retry_us < now_us + GATEWAY_FOREIGN_QUIET_US)
			c->retry_us = now_us + GATEWAY_FOREIGN_QUIET_US;
	}
}
