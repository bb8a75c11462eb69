/* install_pause - see install_pause.h. */
#include "gatewayd/core/install_pause.h"
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/gateway_out.h"

#define BUS_PAUSE_US       600000000u  /* the longest between two attempts on a bus that is not there */
#define EXHAUSTED_PAUSE_US 3600000000u /* the longest between two attempts at an erased ECU that fails always */
/* after one that nobody answered in a vehicle of which nothing was heard, until it is */
#define UNHEARD_PAUSE_US UINT64_C(86400000000)

bool install_pause_of_bus(unsigned code)
{
	return code == GATEWAY_CODE_BUS_UNAVAILABLE || code == GATEWAY_CODE_TRANSPORT;
}

bool install_pause_counts(unsigned code)
{
	return code != GATEWAY_CODE_STOPPED && code != GATEWAY_CODE_FOREIGN_TESTER &&
	       code != GATEWAY_CODE_INTERRUPTED && !install_pause_of_bus(code);
}

void install_pause_bus_up(struct gateway *self, uint64_t now_us)
{
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		struct campaign *c = &self->campaigns[i];

		for (uint8_t k = 0; k < c->n_targets; k++) {
			const struct target *t = &c->targets[k];

			if (t->answered && t->n_lost && t->state != TARGET_FAILED &&
			    c->retry_us > now_us + INSTALL_BUS_UP_PAUSE_US)
				c->retry_us = now_us + INSTALL_BUS_UP_PAUSE_US;
		}
	}
}

/* @us, doubled so often, up to @longest_us; one that is longer already stays */
static uint64_t doubled(uint64_t us, unsigned times, uint64_t longest_us)
{
	while (times-- > 0 && us < longest_us)
		us = us * 2 < longest_us ? us * 2 : longest_us;
	return us;
}

uint64_t install_pause_us(const struct gateway *self, const struct campaign *campaign)
{
	const uint32_t seconds = campaign->doc.retry_pause_s ? campaign->doc.retry_pause_s : self->config.retry_pause_s;

	return (uint64_t)seconds * 1000000;
}

uint64_t install_pause_repeat_us(const struct gateway *self, const struct campaign *campaign)
{
	const uint64_t plain_us = install_pause_us(self, campaign);
	uint64_t shortest_us = UINT64_MAX;

	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];
		uint64_t pause_us = plain_us;

		if (!t->answered || !t->code || t->code == GATEWAY_CODE_STOPPED || t->state == TARGET_FAILED)
			continue;
		if (t->attempts >= self->config.max_attempts)
			pause_us = doubled(pause_us, t->attempts - self->config.max_attempts + 1u, EXHAUSTED_PAUSE_US);
		if (t->n_lost)
			pause_us = doubled(plain_us, t->n_lost - 1u, BUS_PAUSE_US);
		if (t->code == GATEWAY_CODE_FOREIGN_TESTER && pause_us < GATEWAY_FOREIGN_QUIET_US)
			pause_us = GATEWAY_FOREIGN_QUIET_US;
		if (campaign->unheard && t->code == GATEWAY_CODE_NO_ANSWER)
			pause_us = UNHEARD_PAUSE_US;
		shortest_us = pause_us < shortest_us ? pause_us : shortest_us;
	}
	return shortest_us;
}

uint64_t install_pause_stopped_us(const struct gateway *self, const struct campaign *campaign)
{
	uint64_t pause_us = install_pause_us(self, campaign);

	pause_us = doubled(pause_us, campaign->n_stops ? campaign->n_stops - 1u : 0, EXHAUSTED_PAUSE_US);
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
