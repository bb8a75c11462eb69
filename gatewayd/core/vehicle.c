/* vehicle - values with an age limit; see vehicle.h. */
#include "gatewayd/core/vehicle.h"
#include <stdio.h>
#include <string.h>

#define STANDSTILL_KMH  0.1  /* below what any coding of a speed resolves */
#define BATTERY_STEP_MV 250u /* a smaller change is not news */
#define BATTERY_MAX_MV  100000.0
#define FIRST_FLAG      VEHICLE_GEAR_PARK
#define FIRST_GRANT     VEHICLE_KL15_HELD

void vehicle_init(struct vehicle *self, const struct vehicle_config *config)
{
	memset(self, 0, sizeof *self);
	self->config = *config;
	self->told_charge_percent = -1;
}

void vehicle_listen(struct vehicle *self, uint64_t now_us)
{
	self->listens_us = now_us;
	if (self->heard_us)
		self->heard_us = now_us;
}

static uint64_t unknown_at(const struct vehicle *self, enum vehicle_signal signal)
{
	return self->at_us[signal] + (uint64_t)self->config.max_age_ms[signal] * 1000;
}

static bool known(const struct vehicle *self, uint64_t now_us, enum vehicle_signal signal)
{
	return self->at_us[signal] != 0 && now_us < unknown_at(self, signal);
}

/* compares what is known with what was last told, and tells */
static bool news(struct vehicle *self, uint64_t now_us)
{
	enum ignition ignition = vehicle_ignition(self, now_us);
	bool standstill = vehicle_standstill(self, now_us);
	uint32_t battery = vehicle_battery_mv(self, now_us);
	uint32_t moved =
	    battery > self->told_battery_mv ? battery - self->told_battery_mv : self->told_battery_mv - battery;
	int charge = vehicle_charge_percent(self, now_us);
	bool changed = ignition != self->told_ignition || standstill != self->told_standstill ||
		       charge != self->told_charge_percent;
	bool heard = false;

	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++) {
		bool is_known = known(self, now_us, (enum vehicle_signal)i);

		changed = changed || is_known != self->told_known[i];
		if (self->told_known[i] && !is_known)
			self->unknown_us[i] = now_us;
		self->told_known[i] = is_known;
		heard = heard || (is_known && i < FIRST_GRANT);
		if (i >= FIRST_FLAG) {
			enum vehicle_flag flag = vehicle_flag(self, now_us, (enum vehicle_signal)i);

			changed = changed || flag != self->told_flags[i];
			self->told_flags[i] = flag;
		}
	}
	if (heard != (self->heard_us != 0)) {
		self->heard_us = heard ? (now_us ? now_us : 1) : 0;
		self->silent_us = now_us;
	}
	self->told_ignition = ignition;
	self->told_standstill = standstill;
	self->told_charge_percent = charge;
	if (changed || moved >= BATTERY_STEP_MV) {
		self->told_battery_mv = battery;
		return true;
	}
	return false;
}

bool vehicle_input(struct vehicle *self, uint64_t now_us, enum vehicle_signal signal, double value)
{
	bool valid = value == value; /* not a NaN */

	if ((unsigned)signal >= VEHICLE_SIGNALS)
		return false;
	if (signal == VEHICLE_IGNITION)
		valid = valid && value > 0.5 && value < 4.5;
	else if (signal == VEHICLE_BATTERY_MV)
		valid = valid && value >= 1 && value < BATTERY_MAX_MV;
	else if (signal == VEHICLE_CHARGE_PERCENT)
		valid = valid && value >= 0 && value <= 100;
	else if (signal >= FIRST_FLAG)
		valid = valid && (value == 0 || value == 1);
	self->value[signal] = valid ? value : 0;
	/* a value that cannot be is no value: "error" and "not available" codings are sent as such */
	self->at_us[signal] = !valid ? 0 : now_us ? now_us : 1;
	return news(self, now_us);
}

bool vehicle_expire(struct vehicle *self, uint64_t now_us)
{
	return news(self, now_us);
}

enum ignition vehicle_ignition(const struct vehicle *self, uint64_t now_us)
{
	if (!known(self, now_us, VEHICLE_IGNITION))
		return IGNITION_UNKNOWN;
	return (enum ignition)(int)(self->value[VEHICLE_IGNITION] + 0.5);
}

bool vehicle_in_use(const struct vehicle *self, uint64_t now_us)
{
	const enum ignition ignition = vehicle_ignition(self, now_us);

	return ignition != IGNITION_OFF && ignition != IGNITION_UNKNOWN;
}

bool vehicle_standstill(const struct vehicle *self, uint64_t now_us)
{
	double kmh = self->value[VEHICLE_SPEED_KMH];

	return known(self, now_us, VEHICLE_SPEED_KMH) && kmh < STANDSTILL_KMH && kmh > -STANDSTILL_KMH;
}

bool vehicle_moving(const struct vehicle *self, uint64_t now_us)
{
	return known(self, now_us, VEHICLE_SPEED_KMH) && !vehicle_standstill(self, now_us);
}

double vehicle_speed_kmh(const struct vehicle *self, uint64_t now_us)
{
	return known(self, now_us, VEHICLE_SPEED_KMH) ? self->value[VEHICLE_SPEED_KMH] : -1;
}

uint32_t vehicle_battery_mv(const struct vehicle *self, uint64_t now_us)
{
	if (!known(self, now_us, VEHICLE_BATTERY_MV))
		return 0;
	return (uint32_t)self->value[VEHICLE_BATTERY_MV];
}

int vehicle_charge_percent(const struct vehicle *self, uint64_t now_us)
{
	return known(self, now_us, VEHICLE_CHARGE_PERCENT) ? (int)self->value[VEHICLE_CHARGE_PERCENT] : -1;
}

enum vehicle_flag vehicle_flag(const struct vehicle *self, uint64_t now_us, enum vehicle_signal signal)
{
	if (!known(self, now_us, signal))
		return VEHICLE_FLAG_UNKNOWN;
	return self->value[signal] > 0.5 ? VEHICLE_FLAG_YES : VEHICLE_FLAG_NO;
}

bool vehicle_configured(const struct vehicle *self, enum vehicle_signal signal)
{
	return self->config.max_age_ms[signal] != 0;
}

bool vehicle_heard(const struct vehicle *self)
{
	return self->heard_us != 0;
}

bool vehicle_sleeps(const struct vehicle *self)
{
	return !self->heard_us &&
	       (vehicle_configured(self, VEHICLE_IGNITION) || vehicle_configured(self, VEHICLE_SPEED_KMH));
}

bool vehicle_silent(const struct vehicle *self)
{
	return vehicle_sleeps(self) && self->silent_us;
}

/* of one that is not known */
static uint64_t missed_since(const struct vehicle *self, enum vehicle_signal signal)
{
	const uint64_t all_us = self->heard_us ? self->heard_us : self->silent_us;
	const uint64_t since_us = all_us > self->listens_us ? all_us : self->listens_us;

	return self->unknown_us[signal] > since_us ? self->unknown_us[signal] : since_us;
}

uint64_t vehicle_missed_us(const struct vehicle *self, uint64_t now_us, const struct condition *condition)
{
	enum vehicle_signal signal;
	uint64_t since_us = 0;

	if (condition->kind == CONDITION_IGNITION_ON &&
	    ((known(self, now_us, VEHICLE_IGNITION) && vehicle_ignition(self, now_us) != IGNITION_ON) ||
	     vehicle_moving(self, now_us)))
		return 0;
	if (vehicle_condition_known(self, now_us, condition))
		return 0;
	for (unsigned i = 0; vehicle_signal_of(condition->kind, i, &signal); i++) {
		if (!known(self, now_us, signal) && missed_since(self, signal) > since_us)
			since_us = missed_since(self, signal);
	}
	return now_us - since_us;
}

uint64_t vehicle_missed_deadline(const struct vehicle *self, uint64_t now_us, uint64_t missed_us)
{
	uint64_t deadline = GATEWAY_NEVER;

	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++) {
		const uint64_t at_us = missed_since(self, (enum vehicle_signal)i) + missed_us;

		if (at_us > now_us && at_us < deadline)
			deadline = at_us;
	}
	return deadline;
}

uint64_t vehicle_deadline(const struct vehicle *self, uint64_t now_us)
{
	uint64_t deadline = GATEWAY_NEVER;

	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++) {
		enum vehicle_signal signal = (enum vehicle_signal)i;

		if (known(self, now_us, signal) && unknown_at(self, signal) < deadline)
			deadline = unknown_at(self, signal);
	}
	return deadline;
}
