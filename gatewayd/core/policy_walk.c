/* policy_walk - see policy_walk.h. */
#include "gatewayd/core/policy_walk.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/command.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_power.h"
#include "gatewayd/core/install_wake.h"
#include "gatewayd/core/operator.h"
#include "gatewayd/core/policy.h"

static const struct condition with_ignition = {.kind = CONDITION_IGNITION_ON};

bool policy_needs_ignition_on(const struct campaign *campaign)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if (campaign->targets[i].supply == PROFILE_SUPPLY_KL15)
			return true;
	}
	return policy_asks_for(campaign, CONDITION_IGNITION_ON);
}

void policy_walk_begin(struct policy_walk *self, const struct gateway *gateway, const struct campaign *campaign,
		       uint32_t targets, uint64_t now_us, enum policy_phase phase)
{
	*self = (struct policy_walk){
	    .gateway = gateway, .campaign = campaign, .now_us = now_us, .targets = targets, .phase = phase};
}

/* Return: always true, so that a term says in one line what it comes to */
static bool unless(struct policy_condition *condition, bool holds, unsigned code)
{
	if (holds)
		return true;
	condition->code = code;
	snprintf(condition->text, sizeof condition->text, "%.150s", gateway_code_words(code));
	return true;
}

/* nobody will tell what the condition asks about before the ECUs are flashed */
static bool gone(const struct policy_walk *self, const struct condition *asked)
{
	const struct gateway *g = self->gateway;
	bool may_wake;

	if (self->phase != POLICY_RECOVER)
		return false;
	may_wake = !vehicle_heard(&g->vehicle) && install_wake_may_help(g, self->campaign);
	return vehicle_missed_us(&g->vehicle, self->now_us, asked) >=
	       (may_wake ? POLICY_GONE_ASLEEP_US : POLICY_GONE_US);
}

static bool vehicle(const struct policy_walk *self, struct policy_condition *condition, const struct condition *asked)
{
	const struct vehicle *v = &self->gateway->vehicle;
	char words[GATEWAY_TEXT_BYTES];
	const char *fails = vehicle_conditions(v, self->now_us, asked, 1, words, sizeof words);

	condition->asked = *asked;
	if (!fails || gone(self, asked))
		return true;
	condition->code = GATEWAY_CODE_WAITING_VEHICLE;
	condition->unknown = !vehicle_condition_known(v, self->now_us, asked);
	snprintf(condition->text, sizeof condition->text, "%.150s", fails);
	return true;
}

/* --- the vehicle; each Return: false if the term does not concern the campaign */

/* the author wants each of the targets finished, whatever the ignition */
static bool all_finish(const struct policy_walk *self)
{
	bool finishes = self->targets != 0;

	for (unsigned i = 0; finishes && i < self->campaign->n_targets; i++) {
		if (self->targets & (1u << i))
			finishes = install_power_finishes(self->gateway, self->campaign, i, self->now_us);
	}
	return finishes;
}

static bool own_interlock(const struct policy_walk *self, struct policy_condition *condition)
{
	const struct vehicle *v = &self->gateway->vehicle;

	if (self->term != POLICY_OWN_IGNITION)
		return vehicle_configured(v, VEHICLE_SPEED_KMH) &&
		       vehicle(self, condition, &(struct condition){.kind = CONDITION_STANDSTILL});
	return vehicle_configured(v, VEHICLE_IGNITION) && !policy_needs_ignition_on(self->campaign) &&
	       !all_finish(self) && vehicle(self, condition, &(struct condition){.kind = CONDITION_IGNITION_OFF});
}

static const struct component_doc *component(const struct policy_walk *self)
{
	return &self->campaign->manifest.components[self->campaign->targets[self->target].component];
}

static bool of_component(const struct policy_walk *self, struct policy_condition *condition)
{
	const struct target *t = &self->campaign->targets[self->target];
	const struct component_doc *c = component(self);

	if (!(self->targets & (1u << self->target)))
		return false;
	condition->target = self->target;
	if (self->place < c->n_conditions) {
		const struct condition *asked = &c->conditions[self->place];

		/* that the ignition is off is the author's to waive */
		return (asked->kind != CONDITION_IGNITION_OFF ||
			!install_power_finishes(self->gateway, self->campaign, self->target, self->now_us)) &&
		       vehicle(self, condition, asked);
	}
	if (t->supply != PROFILE_SUPPLY_KL15) /* it dies with the ignition */
		return false;
	condition->asked = with_ignition;
	if (self->phase == POLICY_RECOVER && vehicle_ignition(&self->gateway->vehicle, self->now_us) == IGNITION_ON)
		return true;
	return vehicle(self, condition, &with_ignition);
}

static bool present(const struct policy_walk *self, struct policy_condition *condition)
{
	const struct target *t;

	if (self->phase != POLICY_BEGIN || self->target >= self->campaign->n_targets ||
	    !(self->targets & (1u << self->target)))
		return false;
	t = &self->campaign->targets[self->target];
	if (t->supply == PROFILE_SUPPLY_KL15_HELD)
		return false; /* not there before terminal 15 is held for it; the flash asks it who it is */
	condition->target = self->target;
	condition->unknown = self->gateway->not_asked & (1u << t->ecu);
	if (self->gateway->ecus[t->ecu].present && !condition->unknown)
		return true;
	condition->code = GATEWAY_CODE_ECU_ABSENT;
	snprintf(condition->text, sizeof condition->text, "%.64s: %.90s", t->doc.ecu,
		 gateway_code_words(GATEWAY_CODE_ECU_ABSENT));
	return true;
}

/* --- what was agreed */

/* of the windows, of which a trusted time is known */
static bool windows(const struct policy_walk *self, struct policy_condition *condition, uint64_t unix_s)
{
	const struct campaign *c = self->campaign;
	const struct window_view view = campaign_window_view(self->gateway, c, self->now_us);

	if (self->term == POLICY_WINDOW_START)
		return unless(condition, window_view_open(&view, unix_s), GATEWAY_CODE_WAITING_WINDOW);
	if (self->phase != POLICY_BEGIN || window_view_fits(&view, unix_s))
		return self->phase == POLICY_BEGIN;
	condition->code = GATEWAY_CODE_WAITING_WINDOW;
	snprintf(condition->text, sizeof condition->text,
		 "waiting for a window with %llu s left, which the update may take with its way back",
		 (unsigned long long)view.need_s);
	return true;
}

static bool zone(const struct policy_walk *self, struct policy_condition *condition)
{
	const char *unknown = campaign_window_unknown_zone(&self->campaign->doc);

	if (!unknown)
		return self->campaign->doc.n_recurring != 0;
	/* its file was there when it was accepted */
	condition->code = GATEWAY_CODE_UNKNOWN_ZONE;
	snprintf(condition->text, sizeof condition->text, "%.64s: %.90s", unknown,
		 gateway_code_words(GATEWAY_CODE_UNKNOWN_ZONE));
	return true;
}

static bool agreed(const struct policy_walk *self, struct policy_condition *condition)
{
	const struct campaign *c = self->campaign;
	const uint64_t unix_s = gateway_unix_ms(self->gateway, self->now_us) / 1000;

	condition->unknown = !unix_s && self->term != POLICY_CONFIRMATION && self->term != POLICY_CONSENT;
	switch (self->term) {
	case POLICY_TIME:
		return unless(condition, unix_s != 0, GATEWAY_CODE_WAITING_TIME);
	case POLICY_WINDOW_END:
		return unless(condition, !campaign_window_over(self->gateway, c, self->now_us),
			      GATEWAY_CODE_WINDOW_PASSED);
	case POLICY_USE_BEFORE:
		return c->manifest.use_before_unix_s &&
		       unless(condition, unix_s < c->manifest.use_before_unix_s, GATEWAY_CODE_USE_BEFORE_PASSED);
	case POLICY_CONFIRMATION:
		return unless(condition, !command_wanted(c), command_wanted(c));
	case POLICY_ZONE:
		return zone(self, condition);
	case POLICY_WINDOW_START:
	case POLICY_WINDOW_FITS:
		return unix_s
			   ? windows(self, condition, unix_s)
			   : self->term == POLICY_WINDOW_START && unless(condition, false, GATEWAY_CODE_WAITING_WINDOW);
	case POLICY_AGREED_START:
		return c->confirmed_start_unix_s &&
		       unless(condition, unix_s >= c->confirmed_start_unix_s, GATEWAY_CODE_WAITING_START);
	case POLICY_DRIVER_START:
		return c->driver_start_unix_s &&
		       unless(condition, unix_s >= c->driver_start_unix_s, GATEWAY_CODE_POSTPONED_BY_DRIVER);
	case POLICY_CONSENT:
		return c->doc.consent_required && unless(condition, c->consent_given, GATEWAY_CODE_WAITING_CONSENT);
	case POLICY_DIAGNOSTICS:
	case POLICY_PRESENT:
	case POLICY_MOVING:
	case POLICY_OWN_STANDSTILL:
	case POLICY_OWN_IGNITION:
	case POLICY_CAMPAIGN:
	case POLICY_COMPONENT:
	case POLICY_END:
		break;
	}
	return false;
}

/* another tester that asked for the buses: a flash gives way to it before the first erase, an erased ECU once it has
 * been given them */
static bool diagnostics(const struct policy_walk *self, struct policy_condition *condition)
{
	const struct gateway *g = self->gateway;
	bool claimed = self->phase == POLICY_RECOVER ? g->diagnostics_locked : g->diagnostics_wanted;

	return unless(condition, !claimed, GATEWAY_CODE_DIAGNOSTICS_LOCKED);
}

/* Return: false if there is no such condition */
static bool evaluate(const struct policy_walk *self, struct policy_condition *condition)
{
	memset(condition, 0, sizeof *condition);
	condition->term = self->term;
	condition->target = GATEWAY_NONE;
	switch (self->term) {
	case POLICY_TIME:
	case POLICY_WINDOW_END:
	case POLICY_USE_BEFORE:
	case POLICY_CONFIRMATION:
	case POLICY_ZONE:
	case POLICY_WINDOW_START:
	case POLICY_WINDOW_FITS:
	case POLICY_AGREED_START:
	case POLICY_DRIVER_START:
	case POLICY_CONSENT:
		return self->phase != POLICY_RECOVER && agreed(self, condition);
	case POLICY_DIAGNOSTICS:
		return diagnostics(self, condition);
	case POLICY_PRESENT:
		return present(self, condition);
	case POLICY_MOVING:
		return self->phase == POLICY_RECOVER && own_interlock(self, condition);
	case POLICY_OWN_STANDSTILL:
	case POLICY_OWN_IGNITION:
		return self->phase != POLICY_RECOVER && own_interlock(self, condition);
	case POLICY_CAMPAIGN:
		return self->place < self->campaign->doc.n_conditions &&
		       vehicle(self, condition, &self->campaign->doc.conditions[self->place]);
	case POLICY_COMPONENT:
		return self->target < self->campaign->n_targets && of_component(self, condition);
	case POLICY_END:
		break;
	}
	return false;
}

static void step(struct policy_walk *self)
{
	bool each_target = self->term == POLICY_PRESENT || self->term == POLICY_COMPONENT;

	if (self->term == POLICY_CAMPAIGN && ++self->place < self->campaign->doc.n_conditions)
		return;
	if (self->term == POLICY_COMPONENT && self->target < self->campaign->n_targets &&
	    self->place++ < component(self)->n_conditions)
		return; /* the place after the last is the supply's */
	self->place = 0;
	if (each_target && ++self->target < self->campaign->n_targets)
		return;
	self->target = 0;
	self->term++;
}

bool policy_walk_next(struct policy_walk *self, struct policy_condition *condition)
{
	while (self->term != POLICY_END) {
		bool found = evaluate(self, condition);

		step(self);
		if (found)
			return true;
	}
	return false;
}

uint32_t policy_walk_against(struct policy_walk *self)
{
	struct policy_condition condition;
	uint32_t against = 0;

	while (policy_walk_next(self, &condition)) {
		if (!condition.code)
			continue;
		if (condition.term == POLICY_PRESENT)
			against |= POLICY_AGAINST_ECU;
		else if (!condition.unknown)
			against |= POLICY_AGAINST_KNOWN;
		else
			against |= condition.asked.kind ? POLICY_AGAINST_SIGNAL : POLICY_AGAINST_TIME;
	}
	return against;
}
