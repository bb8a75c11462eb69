/*
 * power - what the gateway asks the vehicle to grant while it works: to stay awake, to hold terminal 15, not to be
 * driven away; and how much time and energy that may cost. Pure.
 *
 * Each of the three is asked for with a frame that gatewayd/io sends cyclically from one order to the next, and is held
 * once the vehicle confirms it with a signal. It is asked for as long as it is wanted, confirmed or not; only who
 * waits for it gives up. What is not wanted any more is let go at once: there is one place that says what is wanted
 * (install_power.c), and it is asked after each input.
 */
#ifndef GATEWAYD_CORE_POWER_H
#define GATEWAYD_CORE_POWER_H

#include "gatewayd/core/vehicle.h"

enum power_hold {
	POWER_AWAKE,         /* the network, after the ignition was switched off; confirmed by nothing */
	POWER_KL15,          /* terminal 15 with the ignition off, for ECUs with supply: kl15_held */
	POWER_DRIVE_INHIBIT, /* that the vehicle cannot be driven away */
	POWER_HOLDS
};

enum power_state {
	POWER_OFF,
	POWER_ASKED,       /* and not confirmed yet, or not any more */
	POWER_HELD,        /* confirmed */
	POWER_UNCONFIRMED, /* asked for longer than the vehicle may take; still asked for */
};

struct power_config {
	struct {
		bool configured; /* there is a frame for it */
		/* how long the vehicle may take to confirm it, 1..60000; 0: it is held once it is asked for */
		uint32_t confirm_ms;
	} holds[POWER_HOLDS];
	bool has_grantor;
	uint8_t grantor; /* index of the ECU that grants POWER_KL15: flashed after those that need it */
	/* the budget, between two times at which the battery is supplied (ignition on, charging); 0 = no limit */
	uint32_t max_awake_s;
	uint32_t min_battery_mv;
	uint32_t max_drop_mv; /* below the voltage with which the work began */
	uint8_t min_charge_percent;
	uint8_t percent_per_hour; /* of the battery's charge that being awake takes, 0..100 */
};

/* how much of the budget is used; durable, so that a restart gives nothing anew */
struct power_used {
	uint32_t awake_s; /* while it works up to a minute more than was used by then; 0 where nothing limits it */
	uint32_t began_mv;
};

struct power_order {
	enum power_hold hold;
	bool on; /* send its frame cyclically, beginning now; false: no more, and say that it is let go */
};

/* All fields are private. */
struct power {
	struct power_config config;
	struct {
		enum power_state state;
		uint64_t deadline_us; /* POWER_ASKED: to be confirmed until then */
		bool order_due;
		bool order_on;
	} holds[POWER_HOLDS];
	uint64_t used_us; /* awake without supply */
	uint64_t at_us;   /* up to when that was counted */
	bool working;
	bool supplied;
	uint32_t began_mv; /* with how much the work began, 0 = not known yet */
	struct power_used kept;
};

/* lets go of everything: what an earlier process asked for */
void power_init(struct power *self, const struct power_config *config);
/* what an earlier process used of the budget, as it was stored last */
void power_restore(struct power *self, const struct power_used *used);
/* @holds: mask of what is wanted from now on; what is not configured is left out */
void power_want(struct power *self, uint64_t now_us, uint32_t holds);
/* what the vehicle says of it at the moment; nothing to say is no confirmation */
void power_confirm(struct power *self, uint64_t now_us, enum power_hold hold, bool confirmed);
void power_expire(struct power *self, uint64_t now_us);
uint64_t power_deadline(const struct power *self);
bool power_pop_order(struct power *self, struct power_order *order);
enum power_state power_state(const struct power *self, enum power_hold hold);
/* Return: of the mask @holds, those that are configured and not held */
uint32_t power_missing(const struct power *self, uint32_t holds);

/* the gateway works (keeps the vehicle awake), or does not, from now on; with what is known of the battery.
 * Return: true if power_used() is to be stored */
bool power_account(struct power *self, uint64_t now_us, bool working, const struct vehicle *vehicle);
struct power_used power_used(const struct power *self);
/**
 * power_budget() - whether what is left of the budget covers so much work
 * @needed_ms: the flash and its recovery
 * @text: GATEWAY_TEXT_BYTES; both figures in words
 *
 * With the ignition on, or while it is charged, time and the drop of the voltage are not limited.
 *
 * Return: 0, GATEWAY_CODE_AWAKE_BUDGET or GATEWAY_CODE_ENERGY_BUDGET
 */
unsigned power_budget(const struct power *self, uint64_t now_us, const struct vehicle *vehicle, uint64_t needed_ms,
		      char *text);
/* the same, with what is not known taken for enough */
bool power_might_cover(const struct power *self, uint64_t now_us, const struct vehicle *vehicle, uint64_t needed_ms);

#endif
