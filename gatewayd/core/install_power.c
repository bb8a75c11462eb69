/* install_power - see install_power.h. */
#include "gatewayd/core/install_power.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/duration.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_pause.h"
#include "gatewayd/core/policy.h"
#include "gatewayd/core/service_loss.h"

#define BIT(hold) (1u << (hold))

static bool finishes_inhibited(const struct campaign *campaign, unsigned target)
{
	return campaign->manifest.components[campaign->targets[target].component].driver_return ==
	       DRIVER_RETURN_FINISH_INHIBITED;
}

/* what the flash of one ECU needs; @erased: what it needs even though it has no software */
static uint32_t needs(const struct campaign *campaign, unsigned target, bool erased)
{
	uint32_t holds = BIT(POWER_AWAKE);

	if (campaign->targets[target].supply == PROFILE_SUPPLY_KL15_HELD)
		holds |= BIT(POWER_KL15);
	if (!erased && finishes_inhibited(campaign, target))
		holds |= BIT(POWER_DRIVE_INHIBIT);
	return holds;
}

uint32_t install_power_first(const struct gateway *self, const struct campaign *campaign, uint32_t targets)
{
	uint32_t open = campaign_open_targets(campaign, false);
	uint32_t grantor = 0;
	bool needed = false;

	if (!self->config.power.has_grantor)
		return targets;
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];

		if (t->ecu == self->config.power.grantor && !t->erased)
			grantor = 1u << i;
		else if ((open & (1u << i)) && t->supply == PROFILE_SUPPLY_KL15_HELD)
			needed = true;
	}
	return needed ? targets & ~grantor : targets;
}

/*
 * The longest that flashing @targets and, should it fail, flashing them once more can take: one after the other on a
 * bus, whatever may go side by side, and the buses side by side.
 */
static uint64_t needed_ms(const struct gateway *self, const struct campaign *campaign, uint32_t targets)
{
	uint64_t longest_ms = 0;

	for (unsigned i = 0; i < campaign->n_targets; i++) {
		uint64_t ms = 0;

		for (unsigned k = 0; k < campaign->n_targets; k++) {
			const struct target *t = &campaign->targets[k];

			if ((targets & (1u << k)) &&
			    !strcmp(self->ecus[t->ecu].bus, self->ecus[campaign->targets[i].ecu].bus))
				ms += duration_expected_ms(t->plain_estimate_ms, self->ecus[t->ecu].rate_permille);
		}
		longest_ms = ms > longest_ms ? ms : longest_ms;
	}
	return 2 * longest_ms;
}

static uint32_t unerased(const struct campaign *campaign, uint32_t targets)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if (campaign->targets[i].erased)
			targets &= ~(1u << i);
	}
	return targets;
}

static unsigned code_of(uint32_t missing, bool denied)
{
	if (!denied)
		return GATEWAY_CODE_WAITING_POWER;
	return missing & BIT(POWER_KL15) ? GATEWAY_CODE_KL15_NOT_HELD : GATEWAY_CODE_DRIVE_NOT_INHIBITED;
}

static uint32_t denied_of(const struct gateway *self, uint32_t missing)
{
	uint32_t denied = 0;

	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		if ((missing & BIT(i)) && power_state(&self->power, (enum power_hold)i) == POWER_UNCONFIRMED)
			denied |= BIT(i);
	}
	return denied;
}

bool install_power_denied(unsigned code)
{
	return code == GATEWAY_CODE_KL15_NOT_HELD || code == GATEWAY_CODE_DRIVE_NOT_INHIBITED;
}

void install_power_drop(struct gateway *self, uint8_t index)
{
	self->campaigns[index].power_asked = 0;
}

/* to be awake: for @targets, and until the first erase */
static uint64_t budget_ms(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets)
{
	return needed_ms(self, &self->campaigns[index], targets) + service_loss_notice_us(self, index, now_us) / 1000;
}

unsigned install_power_budget(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets, char *text)
{
	const struct campaign *c = &self->campaigns[index];

	if (!unerased(c, targets))
		return GATEWAY_CODE_OK;
	return power_budget(&self->power, now_us, &self->vehicle, budget_ms(self, index, now_us, targets), text);
}

bool install_power_might_cover(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets,
			       uint64_t extra_ms)
{
	const struct campaign *c = &self->campaigns[index];

	return !unerased(c, targets) || power_might_cover(&self->power, now_us, &self->vehicle,
							  budget_ms(self, index, now_us, targets) + extra_ms);
}

uint32_t install_power_gates(const struct campaign *campaign, uint32_t targets)
{
	uint32_t gates = 0;

	for (unsigned i = 0; i < campaign->n_targets; i++)
		gates |= targets & (1u << i) ? needs(campaign, i, campaign->targets[i].erased) : 0;
	return gates;
}

unsigned install_power_ready(struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets, char *text)
{
	struct campaign *c = &self->campaigns[index];
	uint32_t asked = 0, missing;
	unsigned code;

	for (unsigned i = 0; i < c->n_targets; i++)
		asked |= targets & (1u << i) ? needs(c, i, false) : 0;
	c->power_asked = asked;
	missing = power_missing(&self->power, install_power_gates(c, targets));
	if (!missing)
		return GATEWAY_CODE_OK;
	if (!denied_of(self, missing))
		return code_of(missing, false);
	code = code_of(denied_of(self, missing), true);
	gateway_text(text, GATEWAY_TEXT_BYTES, gateway_code_words(code));
	c->power_asked = 0;
	c->n_stops = c->n_stops < UINT8_MAX ? (uint8_t)(c->n_stops + 1u) : UINT8_MAX;
	c->retry_us = now_us + install_pause_stopped_us(self, c);
	return code;
}

/* of @targets, those whose holds are confirmed still; words for the first that is not */
static uint32_t kept(const struct gateway *self, const struct campaign *campaign, uint32_t targets, char *text)
{
	uint32_t left = targets;

	for (unsigned i = 0; i < campaign->n_targets; i++) {
		uint32_t missing = power_missing(&self->power, needs(campaign, i, false));

		if (!(targets & (1u << i)) || !missing)
			continue;
		if (left == targets)
			gateway_text(text, GATEWAY_TEXT_BYTES, gateway_code_words(code_of(missing, true)));
		left &= ~(1u << i);
	}
	return left;
}

unsigned install_power_may_erase(const struct gateway *self, const struct campaign *campaign, uint8_t target,
				 uint64_t now_us, char *text)
{
	uint32_t missing = power_missing(&self->power, needs(campaign, target, false));
	uint32_t counted = 1u << target;

	if (missing) {
		gateway_text(text, GATEWAY_TEXT_BYTES, gateway_code_words(code_of(missing, true)));
		return code_of(missing, true);
	}
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if (campaign->targets[i].running && campaign->targets[i].erased)
			counted |= 1u << i;
	}
	return power_budget(&self->power, now_us, &self->vehicle, needed_ms(self, campaign, counted), text);
}

bool install_power_finishes(const struct gateway *self, const struct campaign *campaign, unsigned target,
			    uint64_t now_us)
{
	enum ignition ignition = vehicle_ignition(&self->vehicle, now_us);

	return finishes_inhibited(campaign, target) && campaign_touched(campaign) &&
	       power_state(&self->power, POWER_DRIVE_INHIBIT) == POWER_HELD &&
	       (ignition == IGNITION_ON || ignition == IGNITION_ACCESSORY);
}

uint32_t install_power_may_go_on(const struct gateway *self, const struct campaign *campaign, uint32_t targets,
				 uint64_t now_us, char *text)
{
	uint32_t finish = 0;
	char words[GATEWAY_TEXT_BYTES];

	if (policy_may_install(self, campaign, targets, now_us, false, text) == GATEWAY_CODE_OK)
		return kept(self, campaign, targets, text);
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if ((targets & (1u << i)) && install_power_finishes(self, campaign, i, now_us))
			finish |= 1u << i;
	}
	if (!finish || policy_may_install(self, campaign, finish, now_us, false, words) != GATEWAY_CODE_OK)
		return 0;
	return kept(self, campaign, finish, text);
}

/* --- what is wanted */

static uint32_t wanted_by(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	/* from the first request until the bus is loud again and the ECUs were asked once more who they are, for which
	 * another tester may let us wait for hours, and which a daemon that is being stopped leaves to the next one */
	bool works = (campaign->state == CAMPAIGN_INSTALLING && self->flashing) ||
		     (campaign->state == CAMPAIGN_VERIFYING && !self->diagnostics_locked && !self->stop_wanted);
	uint32_t holds = campaign->power_asked;

	/* the signals on which it rests would fall silent meanwhile; or they are silent */
	if ((campaign->notice_until_us && !self->stop_wanted) || now_us < campaign->wake_until_us)
		holds |= BIT(POWER_AWAKE);
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];
		uint32_t needed = needs(campaign, i, false);

		if (works)
			holds |= needed & ~BIT(POWER_DRIVE_INHIBIT);
		if (t->running)
			holds |= needed;
		if (!t->erased || t->state == TARGET_FAILED || t->state == TARGET_VERIFIED)
			continue;
		/* it cannot be driven safely, be it flashed now or not; and it stays awake while an attempt is near */
		holds |= needed & BIT(POWER_DRIVE_INHIBIT);
		if ((campaign->state == CAMPAIGN_INSTALLING || gateway_at_risk(self, t->ecu)) &&
		    (!self->stop_wanted || self->flashing))
			holds |= needed;
	}
	return holds;
}

static void tell(struct gateway *self, enum power_hold hold, enum power_state before, enum power_state after)
{
	static const char *const gone[POWER_HOLDS] = {
	    [POWER_AWAKE] = "",
	    [POWER_KL15] = "the vehicle does not hold terminal 15 any more; what is erased goes on",
	    [POWER_DRIVE_INHIBIT] = "the vehicle does not inhibit drive-away any more; what is erased goes on",
	};

	if (before == POWER_HELD && after == POWER_ASKED)
		gateway_log(self, GATEWAY_LOG_WARNING, GATEWAY_NONE, GATEWAY_NONE,
			    hold == POWER_KL15 ? GATEWAY_CODE_KL15_NOT_HELD : GATEWAY_CODE_DRIVE_NOT_INHIBITED,
			    gone[hold]);
}

bool install_power_settle(struct gateway *self, uint64_t now_us)
{
	static const enum vehicle_signal signals[POWER_HOLDS] = {
	    [POWER_AWAKE] = VEHICLE_SIGNALS,
	    [POWER_KL15] = VEHICLE_KL15_HELD,
	    [POWER_DRIVE_INHIBIT] = VEHICLE_DRIVE_INHIBITED,
	};
	enum power_state before[POWER_HOLDS];
	uint32_t holds = 0;
	bool changed = false;

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (!campaign_final(&self->campaigns[i]))
			holds |= wanted_by(self, &self->campaigns[i], now_us);
	}
	if (power_account(&self->power, now_us, holds & BIT(POWER_AWAKE), &self->vehicle))
		self->dirty.power = true;
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		before[i] = power_state(&self->power, (enum power_hold)i);
	power_want(&self->power, now_us, holds);
	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		if (signals[i] != VEHICLE_SIGNALS)
			power_confirm(&self->power, now_us, (enum power_hold)i,
				      vehicle_flag(&self->vehicle, now_us, signals[i]) == VEHICLE_FLAG_YES);
	}
	power_expire(&self->power, now_us);
	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		enum power_state after = power_state(&self->power, (enum power_hold)i);

		tell(self, (enum power_hold)i, before[i], after);
		changed = changed || before[i] != after;
	}
	self->changed_manager = self->changed_manager || changed;
	return changed;
}
