/*
 * vehicle_core - the vehicle around the gateway as a pure core: ignition, speed, battery, gear and brake, sent
 * cyclically and at once when they change, as signals in CAN frames. A script of timed changes runs along.
 *
 * It grants what it is asked for: a quantity with a grant becomes 1 a while after a frame was heard that asks for it,
 * and 0 when a frame says no more, or none was heard for a while.
 *
 * Doors as everywhere: init, input, set, expire, deadline, pop_frame.
 */
#ifndef SIM_VEHICLE_CORE_H
#define SIM_VEHICLE_CORE_H

#include "uds/can_msg.h"
#include "uds/can_signal.h"

#define VEHICLE_CORE_NEVER       UINT64_MAX
#define VEHICLE_CORE_MAX_SIGNALS 16u
#define VEHICLE_CORE_MAX_GRANTS  4u

enum vehicle_core_quantity {
	VEHICLE_CORE_IGNITION, /* an enum vehicle_core_ignition */
	VEHICLE_CORE_SPEED_KMH,
	VEHICLE_CORE_BATTERY_MV,
	VEHICLE_CORE_CHARGE_PERCENT,
	VEHICLE_CORE_GEAR_PARK, /* this and the following: 0 or 1 */
	VEHICLE_CORE_PARKING_BRAKE,
	VEHICLE_CORE_CHARGING,
	VEHICLE_CORE_KL15_HELD,
	VEHICLE_CORE_DRIVE_INHIBITED,
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

/* a frame whose signal has one raw value asks for a quantity to be 1 */
struct vehicle_core_grant {
	enum vehicle_core_quantity quantity;
	uint32_t id;
	bool extended_id;
	struct can_signal codec;
	uint64_t asks;       /* the raw value; any other one takes it back at once */
	uint64_t delay_us;   /* from the first frame to the grant */
	uint64_t timeout_us; /* without a frame, and it is taken back; not 0 */
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
	struct vehicle_core_grant grants[VEHICLE_CORE_MAX_GRANTS];
	size_t n_grants;
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

struct vehicle_core_asked {
	bool asked;
	uint64_t grant_us; /* when it is granted, VEHICLE_CORE_NEVER: it is, or nobody asks */
	uint64_t end_us;   /* when it is taken back without a further frame */
	unsigned n_heard;  /* frames that asked, ever */
};

struct vehicle_core {
	const struct vehicle_core_config *config;
	double value[VEHICLE_CORE_QUANTITIES];
	struct vehicle_core_frame frames[VEHICLE_CORE_MAX_SIGNALS];
	size_t n_frames;
	struct vehicle_core_asked asked[VEHICLE_CORE_MAX_GRANTS];
	bool refuses[VEHICLE_CORE_QUANTITIES]; /* hears, and grants nothing */
	bool muted[VEHICLE_CORE_QUANTITIES];   /* its frames are not sent */
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

/* a frame of the bus, for the grants */
void vehicle_core_input(struct vehicle_core *self, uint64_t now_us, const struct can_msg *msg);
/* from now on it grants the quantity to nobody, and takes it back; false: it does again */
void vehicle_core_refuse(struct vehicle_core *self, uint64_t now_us, enum vehicle_core_quantity quantity, bool refuses);
/* the sender of the quantity falls silent, with all that its frames carry; false: it speaks again, at once */
void vehicle_core_mute(struct vehicle_core *self, uint64_t now_us, enum vehicle_core_quantity quantity, bool muted);
/* how many frames have asked for it; 0 where nothing grants it */
unsigned vehicle_core_heard(const struct vehicle_core *self, enum vehicle_core_quantity quantity);

void vehicle_core_expire(struct vehicle_core *self, uint64_t now_us);
uint64_t vehicle_core_deadline(const struct vehicle_core *self);
bool vehicle_core_pop_frame(struct vehicle_core *self, struct can_msg *msg);

/* "ignition", "speed_kmh", …; as in configurations */
const char *vehicle_core_quantity_text(enum vehicle_core_quantity quantity);
/* Return: false, @quantity untouched, if it is none of these words */
bool vehicle_core_quantity_of(const char *text, enum vehicle_core_quantity *quantity);
/* "off", "accessory", "on", "cranking" */
const char *vehicle_core_ignition_text(enum vehicle_core_ignition ignition);
/* Return: false, @ignition untouched, if it is none of these words */
bool vehicle_core_ignition_of(const char *text, enum vehicle_core_ignition *ignition);

#endif
