/* power - see power.h. */
#include "gatewayd/core/power.h"
#include <stdio.h>
#include <string.h>

#define KEEP_STEP_S 60u

void power_init(struct power *self, const struct power_config *config)
{
	memset(self, 0, sizeof *self);
	self->config = *config;
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		self->holds[i].order_due = config->holds[i].configured;
}

void power_restore(struct power *self, const struct power_used *used)
{
	self->used_us = (uint64_t)used->awake_s * 1000000;
	self->began_mv = used->began_mv;
	self->kept = *used;
}

static void order(struct power *self, unsigned hold, bool on)
{
	self->holds[hold].order_due = true;
	self->holds[hold].order_on = on;
}

static void ask(struct power *self, unsigned hold, uint64_t now_us)
{
	uint32_t confirm_ms = self->config.holds[hold].confirm_ms;

	self->holds[hold].state = confirm_ms ? POWER_ASKED : POWER_HELD;
	self->holds[hold].deadline_us = now_us + (uint64_t)confirm_ms * 1000;
}

void power_want(struct power *self, uint64_t now_us, uint32_t holds)
{
	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		bool wanted = (holds & (1u << i)) && self->config.holds[i].configured;

		if (wanted && self->holds[i].state == POWER_OFF) {
			ask(self, i, now_us);
			order(self, i, true);
		} else if (!wanted && self->holds[i].state != POWER_OFF) {
			self->holds[i].state = POWER_OFF;
			order(self, i, false);
		}
	}
}

void power_confirm(struct power *self, uint64_t now_us, enum power_hold hold, bool confirmed)
{
	if (!self->config.holds[hold].confirm_ms || self->holds[hold].state == POWER_OFF)
		return;
	if (confirmed)
		self->holds[hold].state = POWER_HELD;
	else if (self->holds[hold].state == POWER_HELD)
		ask(self, hold, now_us); /* it was taken back */
}

void power_expire(struct power *self, uint64_t now_us)
{
	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		if (self->holds[i].state == POWER_ASKED && now_us >= self->holds[i].deadline_us)
			self->holds[i].state = POWER_UNCONFIRMED;
	}
}

/* when more is used than is kept of it */
static uint64_t keep_deadline(const struct power *self)
{
	const uint64_t kept_us = (uint64_t)self->kept.awake_s * 1000000;

	if (!self->working || self->supplied || self->kept.awake_s >= self->config.max_awake_s ||
	    kept_us <= self->used_us)
		return GATEWAY_NEVER;
	return self->at_us + kept_us - self->used_us;
}

uint64_t power_deadline(const struct power *self)
{
	uint64_t deadline_us = keep_deadline(self);

	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		if (self->holds[i].state == POWER_ASKED && self->holds[i].deadline_us < deadline_us)
			deadline_us = self->holds[i].deadline_us;
	}
	return deadline_us;
}

bool power_pop_order(struct power *self, struct power_order *order)
{
	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		if (!self->holds[i].order_due)
			continue;
		self->holds[i].order_due = false;
		*order = (struct power_order){.hold = (enum power_hold)i, .on = self->holds[i].order_on};
		return true;
	}
	return false;
}

enum power_state power_state(const struct power *self, enum power_hold hold)
{
	return self->holds[hold].state;
}

uint32_t power_missing(const struct power *self, uint32_t holds)
{
	uint32_t missing = 0;

	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		if ((holds & (1u << i)) && self->config.holds[i].configured && self->holds[i].state != POWER_HELD)
			missing |= 1u << i;
	}
	return missing;
}

/* --- the budget */

static bool is_supplied(const struct vehicle *vehicle, uint64_t now_us)
{
	return vehicle_ignition(vehicle, now_us) == IGNITION_ON ||
	       vehicle_flag(vehicle, now_us, VEHICLE_CHARGING) == VEHICLE_FLAG_YES;
}

static uint64_t used_us(const struct power *self, uint64_t now_us)
{
	return self->used_us + (self->working && !self->supplied && now_us > self->at_us ? now_us - self->at_us : 0);
}

/*
 * While it works it is stored ahead of what is used, a sixteenth of the budget and at most a minute at a time: a crash
 * can cost that much of it, and gives nothing.
 */
static uint32_t awake_to_keep(const struct power *self)
{
	const uint64_t max_s = self->config.max_awake_s, used_s = (self->used_us + 999999) / 1000000;
	const uint64_t step_s = max_s / 16 + 1 < KEEP_STEP_S ? max_s / 16 + 1 : KEEP_STEP_S;
	uint64_t keep_s = used_s;

	if (self->working && !self->supplied) {
		keep_s = self->kept.awake_s;
		if (keep_s * 1000000 <= self->used_us)
			keep_s = self->used_us / 1000000 + step_s;
	}
	return (uint32_t)(keep_s < max_s ? keep_s : max_s);
}

bool power_account(struct power *self, uint64_t now_us, bool working, const struct vehicle *vehicle)
{
	const struct power_used before = self->kept;

	self->used_us = used_us(self, now_us);
	self->at_us = now_us;
	self->working = working;
	self->supplied = is_supplied(vehicle, now_us);
	if (self->supplied) {
		self->used_us = 0;
		self->began_mv = 0;
	} else if (working && !self->began_mv) {
		self->began_mv = vehicle_battery_mv(vehicle, now_us);
	}
	self->kept.awake_s = awake_to_keep(self);
	self->kept.began_mv = self->config.max_drop_mv ? self->began_mv : 0;
	return self->kept.awake_s != before.awake_s || self->kept.began_mv != before.began_mv;
}

struct power_used power_used(const struct power *self)
{
	return self->kept;
}

/* @unknown: what an unknown value comes to */
static unsigned voltage(const struct power *self, uint64_t now_us, const struct vehicle *vehicle, unsigned unknown,
			char *text)
{
	uint32_t mv = vehicle_battery_mv(vehicle, now_us);
	uint32_t lowest_mv = self->config.min_battery_mv;

	if (!lowest_mv && !self->config.max_drop_mv)
		return GATEWAY_CODE_OK;
	if (!is_supplied(vehicle, now_us) && self->config.max_drop_mv &&
	    self->began_mv > lowest_mv + self->config.max_drop_mv)
		lowest_mv = self->began_mv - self->config.max_drop_mv;
	if (mv && mv >= lowest_mv)
		return GATEWAY_CODE_OK;
	if (!mv) {
		snprintf(text, GATEWAY_TEXT_BYTES, "the battery's voltage is not known");
		return unknown;
	}
	if (self->began_mv)
		snprintf(text, GATEWAY_TEXT_BYTES, "the battery is below %lu mV, with which it began at %lu mV",
			 (unsigned long)lowest_mv, (unsigned long)self->began_mv);
	else
		snprintf(text, GATEWAY_TEXT_BYTES, "the battery is below %lu mV", (unsigned long)lowest_mv);
	return GATEWAY_CODE_ENERGY_BUDGET;
}

static unsigned charge(const struct power *self, uint64_t now_us, const struct vehicle *vehicle, uint64_t needed_ms,
		       unsigned unknown, char *text)
{
	int percent = vehicle_charge_percent(vehicle, now_us);
	uint64_t drain = (needed_ms * self->config.percent_per_hour + 3599999u) / 3600000u; /* rounded up */
	uint64_t needed = self->config.min_charge_percent + drain;

	if (!self->config.min_charge_percent && !self->config.percent_per_hour)
		return GATEWAY_CODE_OK;
	if (percent >= 0 && (uint64_t)percent >= needed)
		return GATEWAY_CODE_OK;
	if (percent < 0) {
		snprintf(text, GATEWAY_TEXT_BYTES, "the battery's charge is not known");
		return unknown;
	}
	snprintf(text, GATEWAY_TEXT_BYTES,
		 "the battery's charge of %d %% is less than the %llu %% that the update and its recovery need",
		 percent, (unsigned long long)needed);
	return GATEWAY_CODE_ENERGY_BUDGET;
}

static unsigned budget(const struct power *self, uint64_t now_us, const struct vehicle *vehicle, uint64_t needed_ms,
		       unsigned unknown, char *text)
{
	uint64_t max_ms = (uint64_t)self->config.max_awake_s * 1000;
	uint64_t used_ms = used_us(self, now_us) / 1000;
	uint64_t left_ms = max_ms > used_ms ? max_ms - used_ms : 0;
	unsigned code;

	if (max_ms && left_ms < needed_ms && !is_supplied(vehicle, now_us)) {
		snprintf(text, GATEWAY_TEXT_BYTES,
			 "update and recovery may take %llu s, and %llu s of the %lu s to be awake are left",
			 (unsigned long long)((needed_ms + 999) / 1000), (unsigned long long)(left_ms / 1000),
			 (unsigned long)self->config.max_awake_s);
		return GATEWAY_CODE_AWAKE_BUDGET;
	}
	code = voltage(self, now_us, vehicle, unknown, text);
	return code ? code : charge(self, now_us, vehicle, needed_ms, unknown, text);
}

unsigned power_budget(const struct power *self, uint64_t now_us, const struct vehicle *vehicle, uint64_t needed_ms,
		      char *text)
{
	return budget(self, now_us, vehicle, needed_ms, GATEWAY_CODE_ENERGY_BUDGET, text);
}

bool power_might_cover(const struct power *self, uint64_t now_us, const struct vehicle *vehicle, uint64_t needed_ms)
{
	char text[GATEWAY_TEXT_BYTES];

	return budget(self, now_us, vehicle, needed_ms, GATEWAY_CODE_OK, text) == GATEWAY_CODE_OK;
}
