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
	/* private: what vehicle_input() and vehicle_expire() last said to be known */
	bool told_known[VEHICLE_SIGNALS];
	enum ignition told_ignition;
	bool told_standstill;
	uint32_t told_battery_mv;
};

void vehicle_init(struct vehicle *self, const struct vehicle_config *config);
/* Return: true if what is known changed in kind (not each new speed) */
bool vehicle_input(struct vehicle *self, uint64_t now_us, enum vehicle_signal signal, double value);
/* Return: true if a value became unknown by its age since the last call */
bool vehicle_expire(struct vehicle *self, uint64_t now_us);
enum ignition vehicle_ignition(const struct vehicle *self, uint64_t now_us);
/* false also when unknown */
bool vehicle_standstill(const struct vehicle *self, uint64_t now_us);
/* known to move; false also when unknown */
bool vehicle_moving(const struct vehicle *self, uint64_t now_us);
double vehicle_speed_kmh(const struct vehicle *self, uint64_t now_us);    /* -1 unknown */
uint32_t vehicle_battery_mv(const struct vehicle *self, uint64_t now_us); /* 0 unknown */
/* when the next known value becomes unknown: at its age limit, not after it; GATEWAY_NEVER */
uint64_t vehicle_deadline(const struct vehicle *self, uint64_t now_us);
/*
 * CONDITION_IGNITION_ON also asks for standstill: an ECU that lives with the ignition is flashed standing still.
 * Return: NULL if all conditions hold, else words for the first that does not (static or in @text)
 */
const char *vehicle_conditions(const struct vehicle *self, uint64_t now_us, const struct condition *conditions,
			       size_t n, char *text, size_t n_text);

#endif
