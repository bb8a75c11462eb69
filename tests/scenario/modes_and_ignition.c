/*
 * each update mode with each course of the ignition: it stays off, the driver returns early or in the middle, starts
 * the engine, or only tries to; the battery sags. The end is the new software; on the way no working ECU is erased in a
 * vehicle that is in use (sim_watch), and each thing is reported once.
 */
#include "tests/scenario/sim_modes.h"

static void set(struct sim *s, enum vehicle_core_quantity quantity, double value)
{
	vehicle_core_set(&s->world.vehicle, s->world.now_us, quantity, value);
}

/* the starter turns, and the voltage gives in; the engine runs then, or it does not */
static void crank(struct sim *s, bool starts)
{
	sim_ignition(s, VEHICLE_CORE_CRANKING);
	set(s, VEHICLE_CORE_BATTERY_MV, 9000);
	(void)sim_for(s, 2 * SIM_S, NULL);
	sim_ignition(s, starts ? VEHICLE_CORE_ON : VEHICLE_CORE_OFF);
	set(s, VEHICLE_CORE_BATTERY_MV, starts ? 14200 : 12500);
}

static void park(struct sim *s)
{
	set(s, VEHICLE_CORE_SPEED_KMH, 0);
	sim_ignition(s, VEHICLE_CORE_OFF);
	set(s, VEHICLE_CORE_BATTERY_MV, 12600);
}

static struct sim *decided(enum update_mode mode)
{
	struct sim *s = sim_of_mode(mode, (struct sim_options){0});

	SIM_CHECK(s, sim_for(s, 40 * SIM_S, sim_is_decided));
	return s;
}

/* up to the second in which the first ECU has lost a part of its memory and the other one nothing */
static struct sim *in_the_middle(enum update_mode mode)
{
	struct sim *s = decided(mode);

	SIM_CHECK(s, sim_for(s, 90 * SIM_S, sim_is_transferring));
	SIM_CHECK(s, s->io.watch.n_erases == 1);
	return s;
}

static void stays_off(enum update_mode mode)
{
	struct sim *s = decided(mode);
	uint64_t open_us = 61 * SIM_S;

	(void)sim_run(s, open_us - SIM_MS, NULL);
	SIM_CHECK(s, s->io.watch.n_erases == 0);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	SIM_CHECK(s, s->world.now_us < open_us + 10 * SIM_S);
	sim_ends_well(s);
}

static void on_from_the_beginning(enum update_mode mode)
{
	struct sim *s = sim_of_mode(mode, (struct sim_options){.ignition = VEHICLE_CORE_ON});

	SIM_CHECK(s, sim_for(s, 40 * SIM_S, sim_is_decided));
	if (mode == MODE_NEGOTIATED)
		SIM_CHECK(s, s->backend.n_answers == 1 && s->backend.answers[0] == ANSWER_POSTPONE);
	sim_nothing_begins(s, 600 * SIM_S);
	sim_check_waits_for_the_vehicle(s);
	park(s);
	sim_ends_well(s);
}

static void accessory_is_not_off(enum update_mode mode)
{
	struct sim *s = decided(mode);

	sim_ignition(s, VEHICLE_CORE_ACCESSORY);
	sim_nothing_begins(s, 300 * SIM_S);
	sim_check_waits_for_the_vehicle(s);
	park(s);
	sim_ends_well(s);
}

static void returns_early(enum update_mode mode)
{
	struct sim *s = decided(mode);

	(void)sim_run(s, 59 * SIM_S, NULL);
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, 30 * SIM_S, NULL);
	set(s, VEHICLE_CORE_SPEED_KMH, 50);
	sim_nothing_begins(s, 1800 * SIM_S);
	SIM_CHECK(s, s->io.watch.n_erases == 0);
	sim_check_waits_for_the_vehicle(s);
	park(s);
	sim_ends_well(s);
}

/* rolled out of the garage by hand: off, and not standing still */
static void rolls_with_the_ignition_off(enum update_mode mode)
{
	struct sim *s = decided(mode);

	set(s, VEHICLE_CORE_SPEED_KMH, 3);
	sim_nothing_begins(s, 300 * SIM_S);
	sim_check_waits_for_the_vehicle(s);
	park(s);
	sim_ends_well(s);
}

static void returns_when_the_bus_is_quiet(enum update_mode mode)
{
	struct sim *s = decided(mode);

	SIM_CHECK(s, sim_for(s, 90 * SIM_S, sim_is_quiet));
	sim_ignition(s, VEHICLE_CORE_ON);
	sim_nothing_begins(s, 300 * SIM_S);
	SIM_CHECK(s, s->io.watch.n_erases == 0);
	sim_check_waits_for_the_vehicle(s);
	park(s);
	sim_ends_well(s);
}

static void returns_in_the_middle(enum update_mode mode)
{
	struct sim *s = in_the_middle(mode);

	sim_ignition(s, VEHICLE_CORE_ON);
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_between)); /* the erased one is not left so */
	sim_nothing_begins(s, 600 * SIM_S);
	SIM_CHECK(s, sim_is_between(s));
	sim_check_waits_for_the_vehicle(s);
	park(s);
	sim_ends_well(s);
}

static void returns_and_leaves_in_the_middle(enum update_mode mode)
{
	struct sim *s = in_the_middle(mode);

	for (unsigned i = 0; i < 4; i++) {
		sim_ignition(s, i % 2 ? VEHICLE_CORE_ACCESSORY : VEHICLE_CORE_ON);
		(void)sim_for(s, 300 * SIM_MS, NULL);
		park(s);
		(void)sim_for(s, 200 * SIM_MS, NULL);
	}
	sim_ends_well(s);
}

static void starts_before(enum update_mode mode)
{
	struct sim *s = decided(mode);

	(void)sim_run(s, 60 * SIM_S, NULL); /* the window opens while the starter turns */
	crank(s, true);
	sim_nothing_begins(s, 600 * SIM_S);
	SIM_CHECK(s, s->io.watch.n_erases == 0);
	sim_check_waits_for_the_vehicle(s);
	park(s);
	sim_ends_well(s);
}

static void tries_to_start_before(enum update_mode mode)
{
	struct sim *s = decided(mode);

	(void)sim_run(s, 60 * SIM_S, NULL);
	for (unsigned i = 0; i < 3; i++) {
		sim_ignition(s, VEHICLE_CORE_CRANKING);
		set(s, VEHICLE_CORE_BATTERY_MV, 9000);
		(void)sim_for(s, 100 * SIM_MS, NULL);
		sim_nothing_begins(s, 2 * SIM_S);
		park(s);
		(void)sim_for(s, 100 * SIM_MS, NULL);
	}
	sim_ends_well(s);
}

static void starts_in_the_middle(enum update_mode mode)
{
	struct sim *s = in_the_middle(mode);

	crank(s, true);
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_between));
	sim_nothing_begins(s, 300 * SIM_S);
	SIM_CHECK(s, sim_is_between(s));
	park(s);
	sim_ends_well(s);
}

static void tries_to_start_in_the_middle(enum update_mode mode)
{
	struct sim *s = in_the_middle(mode);

	crank(s, false);
	sim_ends_well(s);
}

static void battery_sags_before(enum update_mode mode)
{
	struct sim *s = decided(mode);

	set(s, VEHICLE_CORE_BATTERY_MV, 11400); /* the campaign wants 11500 */
	sim_nothing_begins(s, 600 * SIM_S);
	SIM_CHECK(s, s->io.watch.n_erases == 0);
	sim_check_waits_for_the_vehicle(s);
	set(s, VEHICLE_CORE_BATTERY_MV, 11500);
	sim_ends_well(s);
}

static void battery_sags_when_the_bus_is_quiet(enum update_mode mode)
{
	struct sim *s = decided(mode);

	SIM_CHECK(s, sim_for(s, 90 * SIM_S, sim_is_quiet));
	set(s, VEHICLE_CORE_BATTERY_MV, 11400);
	sim_nothing_begins(s, 300 * SIM_S);
	sim_check_waits_for_the_vehicle(s);
	set(s, VEHICLE_CORE_BATTERY_MV, 12600);
	sim_ends_well(s);
}

static void battery_sags_in_the_middle(enum update_mode mode)
{
	struct sim *s = in_the_middle(mode);

	set(s, VEHICLE_CORE_BATTERY_MV, 11400);
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, sim_is_between));
	sim_nothing_begins(s, 600 * SIM_S);
	SIM_CHECK(s, sim_is_between(s));
	sim_check_waits_for_the_vehicle(s);
	set(s, VEHICLE_CORE_BATTERY_MV, 12600);
	sim_ends_well(s);
}

/* a signal that does not come any more is not what it said last */
static void a_signal_is_not_heard(enum update_mode mode)
{
	static const enum vehicle_core_quantity signals[] = {VEHICLE_CORE_IGNITION, VEHICLE_CORE_SPEED_KMH,
							     VEHICLE_CORE_BATTERY_MV};

	for (unsigned i = 0; i < 3; i++) {
		struct sim *s = decided(mode);

		vehicle_core_mute(&s->world.vehicle, s->world.now_us, signals[i], true);
		(void)sim_for(s, 15 * SIM_S, NULL); /* what it said last has grown old */
		sim_nothing_begins(s, 300 * SIM_S);
		SIM_CHECK(s, s->io.watch.n_erases == 0);
		sim_check_waits_for_the_vehicle(s);
		vehicle_core_mute(&s->world.vehicle, s->world.now_us, signals[i], false);
		sim_ends_well(s);
	}
}

static void the_driver_stays_until_the_window_is_over(enum update_mode mode)
{
	struct sim *s = sim_of_mode(mode, (struct sim_options){.window_length_s = 600});

	SIM_CHECK(s, sim_for(s, 40 * SIM_S, sim_is_decided));
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_run(s, 700 * SIM_S, NULL);
	park(s);
	sim_ends_unchanged(s, CAMPAIGN_EXPIRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SIM_EACH_MODE(stays_off),
	    SIM_EACH_MODE(on_from_the_beginning),
	    SIM_EACH_MODE(accessory_is_not_off),
	    SIM_EACH_MODE(returns_early),
	    SIM_EACH_MODE(rolls_with_the_ignition_off),
	    SIM_EACH_MODE(returns_when_the_bus_is_quiet),
	    SIM_EACH_MODE(returns_in_the_middle),
	    SIM_EACH_MODE(returns_and_leaves_in_the_middle),
	    SIM_EACH_MODE(starts_before),
	    SIM_EACH_MODE(tries_to_start_before),
	    SIM_EACH_MODE(starts_in_the_middle),
	    SIM_EACH_MODE(tries_to_start_in_the_middle),
	    SIM_EACH_MODE(battery_sags_before),
	    SIM_EACH_MODE(battery_sags_when_the_bus_is_quiet),
	    SIM_EACH_MODE(battery_sags_in_the_middle),
	    SIM_EACH_MODE(a_signal_is_not_heard),
	    SIM_EACH_MODE(the_driver_stays_until_the_window_is_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
