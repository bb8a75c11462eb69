/* install_risk - which ECUs have no valid application at this moment and are about to get one. */
#include "gatewayd/core/gateway.h"

/*
 * Its next attempt is near. One that has failed as often as is allowed, or waits for the vehicle, may wait for long;
 * but not one that waits for a vehicle of which nothing was heard: that is listened for, for half a minute.
 */
static bool repeats_soon(const struct gateway *self, const struct campaign *campaign, const struct target *target)
{
	if (campaign->unheard && campaign->state == CAMPAIGN_WAITING && campaign->code == GATEWAY_CODE_WAITING_VEHICLE)
		return true;
	return campaign->state == CAMPAIGN_WAITING && campaign->code == GATEWAY_CODE_WAITING_RETRY &&
	       target->attempts > 0 && target->attempts < self->config.max_attempts;
}

bool gateway_at_risk(const struct gateway *self, uint8_t ecu)
{
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];

		if (c->state == CAMPAIGN_NONE || campaign_state_info(c->state)->final)
			continue;
		for (unsigned k = 0; k < c->n_targets; k++) {
			const struct target *t = &c->targets[k];

			if (t->ecu == ecu && t->erased && t->state != TARGET_FAILED &&
			    (t->running || repeats_soon(self, c, t)))
				return true;
		}
	}
	return false;
}
