/* install_wake - see install_wake.h. */
#include "gatewayd/core/install_wake.h"
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_order.h"
#include "gatewayd/core/install_pause.h"
#include "gatewayd/core/install_power.h"

/* since when it may begin: each window and each agreed time has tries of its own, and so has what is erased */
static uint64_t occasion_s(const struct gateway *self, const struct campaign *campaign, uint64_t now_us,
			   enum policy_phase phase)
{
	const struct window_view view = campaign_window_view(self, campaign, now_us);

	if (phase == POLICY_RECOVER)
		return 0;
	return campaign_not_before_s(campaign, view.has_span ? view.span.start_s : 0);
}

static void count_anew(struct gateway *self, uint8_t index, uint64_t now_us, enum policy_phase phase)
{
	struct campaign *c = &self->campaigns[index];
	const uint64_t of_s = occasion_s(self, c, now_us, phase);
	const bool used = vehicle_in_use(&self->vehicle, now_us);
	const bool known = phase == POLICY_RECOVER || gateway_unix_ms(self, now_us);

	if (!used && (!known || c->wakes_of_unix_s == of_s))
		return;
	c->wakes_of_unix_s = of_s;
	c->wake_again_us = 0;
	if (!c->n_wakes)
		return;
	c->n_wakes = 0;
	gateway_mark_campaign(self, index);
}

/* the budget of power would do, were the battery as it should be */
static bool battery_unknown(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets)
{
	const uint32_t first = install_power_first(self, &self->campaigns[index], targets);
	char text[GATEWAY_TEXT_BYTES];

	return install_power_budget(self, index, now_us, first, text) != GATEWAY_CODE_OK &&
	       install_power_might_cover(self, index, now_us, first, 0);
}

static uint32_t against(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets,
			enum policy_phase phase)
{
	struct policy_walk walk;
	uint32_t found;

	policy_walk_begin(&walk, self, &self->campaigns[index], targets, now_us, phase);
	found = policy_walk_against(&walk);
	if (battery_unknown(self, index, now_us, targets))
		found |= POLICY_AGAINST_SIGNAL;
	return found;
}

bool install_wake_sleeps(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets,
			 enum policy_phase phase)
{
	const struct campaign *c = &self->campaigns[index];
	const uint32_t found = against(self, index, now_us, targets, phase);
	const uint32_t asleep = POLICY_AGAINST_SIGNAL | POLICY_AGAINST_ECU;

	if (!self->power.config.holds[POWER_AWAKE].configured || (found & ~asleep))
		return false;
	if (found & POLICY_AGAINST_SIGNAL)
		return true;
	if (!(found & POLICY_AGAINST_ECU))
		return false;
	if (!c->wake_until_us) /* what did not answer may sleep, though others send their signals */
		return !vehicle_in_use(&self->vehicle, now_us) && self->inventory_known && !self->identifying &&
		       !self->not_asked;
	/* it is awake by now: ECUs that did not answer in their sleep are asked once more */
	return self->identifying || !c->wake_heard_us || self->asked_us < c->wake_heard_us;
}

/* the time of a try, on top of what is to be done then */
static bool covered(const struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets)
{
	const uint64_t until_us = self->campaigns[index].wake_until_us;
	const uint64_t left_us = !until_us ? INSTALL_WAKE_US : until_us > now_us ? until_us - now_us : 0;

	return install_power_might_cover(self, index, now_us,
					 install_power_first(self, &self->campaigns[index], targets), left_us / 1000);
}

static void ask_ecus(struct gateway *self, uint8_t index, uint64_t now_us)
{
	if (!self->campaigns[index].wake_heard_us)
		self->campaigns[index].wake_heard_us = now_us;
	if (!self->identifying && (self->identify_us > now_us + INSTALL_BUS_UP_PAUSE_US || self->identify_us < now_us))
		self->identify_us = now_us + INSTALL_BUS_UP_PAUSE_US;
}

bool install_wake(struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets, enum policy_phase phase)
{
	struct campaign *c = &self->campaigns[index];
	const uint32_t found = against(self, index, now_us, targets, phase);

	count_anew(self, index, now_us, phase);
	if (self->stop_wanted || !install_wake_sleeps(self, index, now_us, targets, phase) ||
	    !covered(self, index, now_us, targets) || install_order_comes_after(self, index, now_us) ||
	    (c->wake_until_us && now_us >= c->wake_until_us)) {
		install_wake_drop(self, index, now_us);
		return false;
	}
	if (c->wake_until_us) {
		if (!(found & POLICY_AGAINST_SIGNAL))
			ask_ecus(self, index, now_us);
		return true;
	}
	if (c->n_wakes >= INSTALL_WAKE_TRIES || now_us < c->wake_again_us)
		return false;
	c->n_wakes++;
	c->wake_until_us = now_us + INSTALL_WAKE_US;
	c->wake_heard_us = 0;
	gateway_mark_campaign(self, index);
	return true;
}

void install_wake_drop(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];

	if (!c->wake_until_us)
		return;
	c->wake_until_us = 0;
	c->wake_again_us = now_us + INSTALL_WAKE_PAUSE_US;
}

void install_wake_resume(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];

	c->wake_until_us = 0;
	c->wake_again_us = c->n_wakes ? now_us + INSTALL_WAKE_PAUSE_US : 0;
}

bool install_wake_may_help(const struct gateway *self, const struct campaign *campaign)
{
	return self->power.config.holds[POWER_AWAKE].configured &&
	       (campaign->wake_until_us || campaign->n_wakes < INSTALL_WAKE_TRIES);
}

uint64_t install_wake_again_us(const struct campaign *campaign)
{
	return campaign->n_wakes && campaign->n_wakes < INSTALL_WAKE_TRIES && !campaign->wake_until_us
		   ? campaign->wake_again_us
		   : GATEWAY_NEVER;
}
