/*
 * vehicle_core - the vehicle around the gateway as a pure core: ignition, speed and battery voltage, sent cyclically
 * and at once when they change, as signals in CAN frames. A script of timed changes runs along.
 *
 * Doors as everywhere: init, set, expire, deadline, pop_frame. It hears nothing.
 */
#ifndef SIM_VEHICLE_CORE_H
#define SIM_VEHICLE_CORE_H

#include "uds/can_msg.h"
#include "uds/can_signal.h"

#define VEHICLE_CORE_NEVER       UINT64_MAX
#define VEHICLE_CORE_MAX_SIGNALS 16u

enum vehicle_core_quantity {
	VEHICLE_CORE_IGNITION, /* an enum vehicle_core_ignition */
	VEHICLE_CORE_SPEED_KMH,
	VEHICLE_CORE_BATTERY_MV,
	VEHICLE_CORE_QUANTITIES
};

enum vehicle_core_ignition {
	VEHICLE_CORE_OFF,
	VEHICLE_CORE_ACCESSORY,
	VEHICLE_CORE_ON,
	VEHICLE_CORE_CRANKING,
	VEHICLE_CORE_IGNITIONS
};

/* several signals with one identifier share a frame: its length and cycle are those of the first of them */
struct vehicle_core_signal {
	enum vehicle_core_quantity quantity;
	uint32_t id;
	bool extended_id;
	uint8_t dlc; /* 1..8 */
	uint64_t cycle_us;
	struct can_signal codec;
	uint64_t ignition_raw[VEHICLE_CORE_IGNITIONS]; /* for ignition: the raw value of each position */
};

/* what changes at one time of a script */
struct vehicle_core_event {
	uint64_t at_us; /* since the start */
	bool has[VEHICLE_CORE_QUANTITIES];
	double value[VEHICLE_CORE_QUANTITIES];
};

struct vehicle_core_config {
	struct vehicle_core_signal signals[VEHICLE_CORE_MAX_SIGNALS];
	size_t n_signals;
	double initial[VEHICLE_CORE_QUANTITIES];
	const struct vehicle_core_event *events; /* in ascending order of at_us; owned by the caller */
	size_t n_events;
};

struct vehicle_core_frame {
	uint32_t id;
	bool extended_id;
	uint8_t dlc;
	uint64_t cycle_us;
	uint64_t next_us;
	bool due; /* waits to be popped; frames that could not be sent do not pile up */
};

struct vehicle_core {
	const struct vehicle_core_config *config;
	double value[VEHICLE_CORE_QUANTITIES];
	struct vehicle_core_frame frames[VEHICLE_CORE_MAX_SIGNALS];
	size_t n_frames;
	size_t next_event;
	uint64_t start_us;
};

/* Return: NULL if consistent, else what is wrong, in words (a static string) */
const char *vehicle_core_check(const struct vehicle_core_config *config);

/* @config: owned by the caller, lives as long as the core */
void vehicle_core_init(struct vehicle_core *self, const struct vehicle_core_config *config, uint64_t now_us);

/* the frames that carry the quantity go out at once, and their cycle begins anew */
void vehicle_core_set(struct vehicle_core *self, uint64_t now_us, enum vehicle_core_quantity quantity, double value);
double vehicle_core_get(const struct vehicle_core *self, enum vehicle_core_quantity quantity);

void vehicle_core_expire(struct vehicle_core *self, uint64_t now_us);
uint64_t vehicle_core_deadline(const struct vehicle_core *self);
bool vehicle_core_pop_frame(struct vehicle_core *self, struct can_msg *msg);

/* "off", "accessory", "on", "cranking" */
const char *vehicle_core_ignition_text(enum vehicle_core_ignition ignition);
/* Return: false, @ignition untouched, if it is none of these words */
bool vehicle_core_ignition_of(const char *text, enum vehicle_core_ignition *ignition);

#endif
