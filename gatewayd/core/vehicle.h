/*
 * vehicle - what is known of the vehicle: ignition, speed, battery, gear, brake, and what it has granted us; each with
 * an age limit; pure.
 *
 * A signal older than its limit is unknown, and unknown is not safe.
 */
#ifndef GATEWAYD_CORE_VEHICLE_H
#define GATEWAYD_CORE_VEHICLE_H

#include "gatewayd/core/types.h"

enum vehicle_signal {
	VEHICLE_IGNITION,
	VEHICLE_SPEED_KMH,
	VEHICLE_BATTERY_MV,
	VEHICLE_CHARGE_PERCENT, /* 0..100 */
	VEHICLE_GEAR_PARK,      /* this one and the following: 0 no, 1 yes, anything else unknown */
	VEHICLE_PARKING_BRAKE,
	VEHICLE_CHARGING,
	VEHICLE_KL15_HELD,       /* the vehicle confirms that it keeps terminal 15 for us */
	VEHICLE_DRIVE_INHIBITED, /* the vehicle confirms that it cannot be driven away */
	VEHICLE_SIGNALS
};

enum vehicle_flag { VEHICLE_FLAG_UNKNOWN, VEHICLE_FLAG_NO, VEHICLE_FLAG_YES };

/* numeric values are those of session.proto */
enum ignition { IGNITION_UNKNOWN = 0, IGNITION_OFF, IGNITION_ACCESSORY, IGNITION_ON, IGNITION_CRANKING };

struct vehicle_config {
	uint32_t max_age_ms[VEHICLE_SIGNALS]; /* default 2000 each; 0 = the signal is not configured */
	/* The bus that goes silent with the ECUs that are flashed on it, and the signal's sender with them. "" = the
	 * signal survives that: its sender is left out of the silence, or none of the ECUs is on its bus. */
	char silent_with[VEHICLE_SIGNALS][GATEWAY_NAME_BYTES];
};

struct vehicle {
	struct vehicle_config config;
	double value[VEHICLE_SIGNALS];
	uint64_t at_us[VEHICLE_SIGNALS];      /* 0 = never */
	uint64_t unknown_us[VEHICLE_SIGNALS]; /* since when it is not known */
	uint64_t listens_us; /* since when signals would be heard: the start, or since the machine slept last */
	uint64_t heard_us;   /* since when any signal is known, but for what the vehicle grants; 0 = none is */
	uint64_t silent_us;  /* since when none is */
	/* private: what vehicle_input() and vehicle_expire() last said to be known */
	bool told_known[VEHICLE_SIGNALS];
	enum ignition told_ignition;
	bool told_standstill;
	uint32_t told_battery_mv;
	int told_charge_percent;
	enum vehicle_flag told_flags[VEHICLE_SIGNALS];
};

void vehicle_init(struct vehicle *self, const struct vehicle_config *config);
/* from now on signals would be heard: what was not known before was not missed */
void vehicle_listen(struct vehicle *self, uint64_t now_us);
/* Return: true if what is known changed in kind (not each new speed) */
bool vehicle_input(struct vehicle *self, uint64_t now_us, enum vehicle_signal signal, double value);
/* Return: true if a value became unknown by its age since the last call */
bool vehicle_expire(struct vehicle *self, uint64_t now_us);
enum ignition vehicle_ignition(const struct vehicle *self, uint64_t now_us);
/* its ignition is not off; false also when unknown */
bool vehicle_in_use(const struct vehicle *self, uint64_t now_us);
/* false also when unknown */
bool vehicle_standstill(const struct vehicle *self, uint64_t now_us);
/* known to move; false also when unknown */
bool vehicle_moving(const struct vehicle *self, uint64_t now_us);
double vehicle_speed_kmh(const struct vehicle *self, uint64_t now_us);    /* -1 unknown */
uint32_t vehicle_battery_mv(const struct vehicle *self, uint64_t now_us); /* 0 unknown */
int vehicle_charge_percent(const struct vehicle *self, uint64_t now_us);  /* 0..100, rounded down; -1 unknown */
/* @signal: one of those that say yes or no */
enum vehicle_flag vehicle_flag(const struct vehicle *self, uint64_t now_us, enum vehicle_signal signal);
bool vehicle_configured(const struct vehicle *self, enum vehicle_signal signal);
/* as under signals: in the configuration: "speed_kmh" */
const char *vehicle_signal_name(enum vehicle_signal signal);
/* any signal is known, but for what the vehicle grants, which it tells when it is asked for it */
bool vehicle_heard(const struct vehicle *self);
/* none of them is, as far as anybody knows because who sends them sleeps. Never where neither ignition nor speed is
 * configured: then what is left is no sign of that */
bool vehicle_sleeps(const struct vehicle *self);
/* the same, and they came before */
bool vehicle_silent(const struct vehicle *self);
/* for how long what the condition asks about has been listened for in vain, in microseconds: since the vehicle was
 * heard or fell silent, whichever is later; 0 if it is known, or if what is known speaks against it */
uint64_t vehicle_missed_us(const struct vehicle *self, uint64_t now_us, const struct condition *condition);
/* when the next signal will have been missed for @missed_us; GATEWAY_NEVER */
uint64_t vehicle_missed_deadline(const struct vehicle *self, uint64_t now_us, uint64_t missed_us);
/* when the next known value becomes unknown: at its age limit, not after it; GATEWAY_NEVER */
uint64_t vehicle_deadline(const struct vehicle *self, uint64_t now_us);
/*
 * CONDITION_IGNITION_ON also asks for standstill: an ECU that lives with the ignition is flashed standing still.
 * Return: NULL if all conditions hold, else words for the first that does not (static or in @text)
 */
const char *vehicle_conditions(const struct vehicle *self, uint64_t now_us, const struct condition *conditions,
			       size_t n, char *text, size_t n_text);

/**
 * vehicle_signal_of() - the signals that a condition rests on
 * @index: 0, 1, … until it returns false
 */
bool vehicle_signal_of(enum condition_kind kind, unsigned index, enum vehicle_signal *signal);

/* --- in words, and whether it is known (vehicle_words.c) */
/* whether all that the condition asks about is known */
bool vehicle_condition_known(const struct vehicle *self, uint64_t now_us, const struct condition *condition);
/* what the condition wants, and what is: "at least 12000 mV", "12600 mV" */
void vehicle_condition_words(const struct vehicle *self, uint64_t now_us, const struct condition *condition,
			     char *wanted, size_t n_wanted, char *value, size_t n_value);
const char *vehicle_ignition_name(enum ignition ignition); /* "unknown", "off", "accessory", "on", "cranking" */

#endif
