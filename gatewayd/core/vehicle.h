/*
 * vehicle - what is known of the vehicle: ignition, speed, battery voltage; each with an age limit; pure.
 *
 * A signal older than its limit is unknown, and unknown is not safe.
 */
#ifndef GATEWAYD_CORE_VEHICLE_H
#define GATEWAYD_CORE_VEHICLE_H

#include "gatewayd/core/types.h"

enum vehicle_signal { VEHICLE_IGNITION, VEHICLE_SPEED_KMH, VEHICLE_BATTERY_MV, VEHICLE_SIGNALS };

/* numeric values are those of session.proto */
enum ignition { IGNITION_UNKNOWN = 0, IGNITION_OFF, IGNITION_ACCESSORY, IGNITION_ON, IGNITION_CRANKING };

struct vehicle_config {
	uint32_t max_age_ms[VEHICLE_SIGNALS]; /* default 2000 each; 0 = the signal is not configured */
};

struct vehicle {
	struct vehicle_config config;
	double value[VEHICLE_SIGNALS];
	uint64_t at_us[VEHICLE_SIGNALS]; /* 0 = never */
};

void vehicle_init(struct vehicle *self, const struct vehicle_config *config);
/* Return: true if what is known changed in kind (not each new speed) */
bool vehicle_input(struct vehicle *self, uint64_t now_us, enum vehicle_signal signal, double value);
enum ignition vehicle_ignition(const struct vehicle *self, uint64_t now_us);
/* false also when unknown */
bool vehicle_standstill(const struct vehicle *self, uint64_t now_us);
uint32_t vehicle_battery_mv(const struct vehicle *self, uint64_t now_us); /* 0 unknown */
/* when the next known value becomes unknown */
uint64_t vehicle_deadline(const struct vehicle *self, uint64_t now_us);
/* Return: NULL if all conditions hold, else words for the first that does not (static or in @text) */
const char *vehicle_conditions(const struct vehicle *self, uint64_t now_us, const struct condition *conditions, size_t n,
			       char *text, size_t n_text);

#endif
