/*
 * each way the ignition, the battery and the vehicle's locks can go while a campaign is installed: what is begun, what
 * is finished, what the vehicle is asked for, and that it is let go on every way out.
 */
#include "tests/scenario/sim.h"

#define ALL 0x3u /* both ECUs */

static const struct power_config granted = {
    .holds = {{.configured = true}, {.configured = true, .confirm_ms = 500}, {.configured = true, .confirm_ms = 500}},
    .max_awake_s = 3600,
    .min_battery_mv = 11000,
};

/* one ECU after the other, the first large enough to be met in the middle */
static struct sim *start(uint32_t finished, uint32_t held)
{
	return sim_new(&(struct sim_options){.seed = sim_seed(),
					     .image_bytes = 60000,
					     .window_start_s = 5,
					     .max_parallel = 1,
					     .power = granted,
					     .finished = finished,
					     .held = held});
}

static void set(struct sim *s, enum vehicle_core_quantity quantity, double value)
{
	vehicle_core_set(&s->world.vehicle, s->world.now_us, quantity, value);
}

static bool is_inhibited(const struct sim *s)
{
	return vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_DRIVE_INHIBITED) != 0;
}

static bool is_asked(const struct sim *s, enum power_hold hold)
{
	return s->world.asked_us[hold] != 0;
}

static void everything_is_let_go(const struct sim *s)
{
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		SIM_CHECK(s, !is_asked(s, (enum power_hold)i));
	SIM_CHECK(s, !is_inhibited(s));
	SIM_CHECK(s, vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_KL15_HELD) == 0);
}

static void nothing_was_changed(const struct sim *s)
{
	for (unsigned i = 0; i < s->world.n_ecus; i++)
		SIM_CHECK(s, sim_has_old(s, i));
}

static void ends_done(struct sim *s)
{
	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
	sim_check_done(s);
	(void)sim_for(s, 3 * SIM_S, NULL);
	everything_is_let_go(s);
}

static void waits_as(struct sim *s, unsigned code)
{
	SIM_CHECK(s, sim_is_waiting(s));
	SIM_CHECK(s, sim_campaign(s)->code == code);
}

static bool is_not_flashing(const struct sim *s)
{
	return !sim_is_flashing(s);
}

/* an ECU is erased, and the vehicle can be driven away */
static bool is_unsafe(const struct sim *s)
{
	return sim_is_erased(s) && !is_inhibited(s);
}

static bool first_is_done(const struct sim *s)
{
	return sim_has_image(s, 0);
}

/* --- stays off */

static void while_it_works_the_vehicle_is_kept_awake_held_and_inhibited(void **state)
{
	struct sim *s = start(ALL, ALL);
	uint64_t awake_us;

	(void)state;
	SIM_CHECK(s, sim_for(s, 4 * SIM_S, sim_is_waiting));
	(void)sim_for(s, SIM_S, NULL);
	everything_is_let_go(s); /* it waits for its window, and keeps nobody awake for that */
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	SIM_CHECK(s, is_inhibited(s) && vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_KL15_HELD) == 1);
	awake_us = s->world.asked_us[POWER_AWAKE];
	SIM_CHECK(s, awake_us && s->world.now_us - awake_us < 200 * SIM_MS);
	(void)sim_for(s, SIM_S, NULL);
	SIM_CHECK(s, s->world.asked_us[POWER_AWAKE] > awake_us); /* cyclically */
	ends_done(s);
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		SIM_CHECK(s, s->io.holds[i].n_on == 1); /* asked for once, and kept to the end */
	SIM_CHECK(s, s->io.flasher.n_quiet == 1);
	sim_free(s);
}

static void what_no_ecu_needs_is_not_asked_for(void **state)
{
	struct sim *s = start(0, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	SIM_CHECK(s, is_asked(s, POWER_AWAKE) && !is_asked(s, POWER_KL15) && !is_asked(s, POWER_DRIVE_INHIBIT));
	ends_done(s);
	sim_free(s);
}

/* --- the driver returns */

static void a_driver_who_returns_before_the_first_erase_gets_the_vehicle(void **state)
{
	(void)state;
	for (uint32_t finished = 0; finished <= ALL; finished += ALL) { /* whatever the author says of the middle */
		struct sim *s = start(finished, 0);

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_flashing));
		sim_ignition(s, VEHICLE_CORE_ON);
		SIM_CHECK(s, sim_for(s, 30 * SIM_S, is_not_flashing));
		nothing_was_changed(s);
		(void)sim_for(s, 2 * SIM_S, NULL);
		everything_is_let_go(s);
		(void)sim_for(s, 60 * SIM_S, NULL);
		waits_as(s, GATEWAY_CODE_WAITING_VEHICLE);
		(void)sim_for(s, 300 * SIM_S, NULL);
		nothing_was_changed(s);
		sim_ignition(s, VEHICLE_CORE_OFF);
		ends_done(s);
		sim_free(s);
	}
}

static void a_driver_who_returns_in_the_middle_stops_it_at_the_next_safe_point(void **state)
{
	struct sim *s = start(0, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_ignition(s, VEHICLE_CORE_ON);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_not_flashing));
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	waits_as(s, GATEWAY_CODE_WAITING_VEHICLE);
	everything_is_let_go(s);
	sim_ignition(s, VEHICLE_CORE_OFF);
	ends_done(s);
	sim_free(s);
}

static void a_driver_who_returns_in_the_middle_waits_where_the_author_says_finish(void **state)
{
	struct sim *s = start(ALL, 0);
	uint32_t before_s;

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	SIM_CHECK(s, is_inhibited(s));
	sim_ignition(s, VEHICLE_CORE_ON);
	before_s = gateway_remaining_s(s->io.gateway, s->world.now_us);
	SIM_CHECK(s, before_s > 0);
	SIM_CHECK(s, !sim_for(s, 2 * SIM_S, is_unsafe));
	SIM_CHECK(s, gateway_remaining_s(s->io.gateway, s->world.now_us) <= before_s);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, first_is_done));
	SIM_CHECK(s, is_inhibited(s));
	ends_done(s); /* the second one too, though the ignition is on */
	SIM_CHECK(s, vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_IGNITION) == VEHICLE_CORE_ON);
	SIM_CHECK(s, gateway_remaining_s(s->io.gateway, s->world.now_us) == 0);
	SIM_CHECK(s, s->io.flasher.n_quiet == 1);
	sim_free(s);
}

static void it_is_decided_for_each_ecu_by_itself(void **state)
{
	(void)state;
	for (unsigned finisher = 0; finisher < 2; finisher++) {
		struct sim *s = start(1u << finisher, 0);

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
		SIM_CHECK(s, is_inhibited(s));
		sim_ignition(s, VEHICLE_CORE_ON);
		(void)sim_for(s, 120 * SIM_S, NULL);
		SIM_CHECK(s, sim_has_image(s, 0)); /* it was erased already */
		if (finisher == 0) {
			SIM_CHECK(s, sim_has_old(s, 1));
			waits_as(s, GATEWAY_CODE_WAITING_VEHICLE);
			everything_is_let_go(s);
		} else {
			SIM_CHECK(s, sim_has_image(s, 1));
		}
		sim_ignition(s, VEHICLE_CORE_OFF);
		ends_done(s);
		sim_free(s);
	}
}

static void what_the_backend_asks_for_is_not_the_authors_to_waive(void **state)
{
	struct sim *s = start(ALL, 0);
	struct campaign_doc *doc = &s->backend.director.campaigns[0];

	(void)state;
	doc->conditions[doc->n_conditions++] = (struct condition){CONDITION_IGNITION_OFF, 0};
	sim_backend_publish(&s->backend);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, 120 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_ignition(s, VEHICLE_CORE_OFF);
	ends_done(s);
	sim_free(s);
}

static void nothing_more_is_begun_while_the_engine_is_started(void **state)
{
	struct sim *s = start(ALL, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_ignition(s, VEHICLE_CORE_CRANKING);
	set(s, VEHICLE_CORE_BATTERY_MV, 9500);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_not_flashing));
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	(void)sim_for(s, 60 * SIM_S, NULL);
	waits_as(s, GATEWAY_CODE_WAITING_VEHICLE);
	everything_is_let_go(s);
	set(s, VEHICLE_CORE_BATTERY_MV, 12600);
	sim_ignition(s, VEHICLE_CORE_OFF);
	ends_done(s);
	sim_free(s);
}

/* --- battery */

static void a_battery_that_sags_in_the_middle_keeps_the_next_ecu_whole(void **state)
{
	struct sim *s = start(ALL, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	set(s, VEHICLE_CORE_BATTERY_MV, 11400);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_not_flashing));
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	everything_is_let_go(s);
	set(s, VEHICLE_CORE_BATTERY_MV, 12600);
	ends_done(s);
	sim_free(s);
}

static void a_budget_that_does_not_cover_flash_and_recovery_erases_nothing(void **state)
{
	struct sim_options options = {.seed = sim_seed(), .image_bytes = 60000, .window_start_s = 5, .power = granted};
	struct sim *s;

	(void)state;
	options.power.max_awake_s = 6;
	s = sim_new(&options);
	(void)sim_for(s, 60 * SIM_S, NULL);
	waits_as(s, GATEWAY_CODE_AWAKE_BUDGET);
	SIM_CHECK(s, strstr(sim_campaign(s)->text, "of the 6 s"));
	nothing_was_changed(s);
	everything_is_let_go(s);
	SIM_CHECK(s, !s->io.n_outputs[GATEWAY_OUT_FLASH]);
	set(s, VEHICLE_CORE_CHARGING, 1); /* from the mains it may last as long as it likes */
	ends_done(s);
	sim_free(s);
}

static void a_battery_without_reserve_erases_nothing(void **state)
{
	struct sim_options options = {.seed = sim_seed(), .image_bytes = 60000, .window_start_s = 5, .power = granted};

	(void)state;
	options.power.min_battery_mv = 12000;
	options.power.min_charge_percent = 60;
	options.power.percent_per_hour = 100; /* the flashes and their recovery take less than a minute: 2 % */
	for (unsigned by_charge = 0; by_charge < 2; by_charge++) {
		struct sim *s = sim_new(&options);

		set(s, VEHICLE_CORE_CHARGE_PERCENT, by_charge ? 60 : 80);
		set(s, VEHICLE_CORE_BATTERY_MV, by_charge ? 12600 : 11900);
		(void)sim_for(s, 60 * SIM_S, NULL);
		waits_as(s, GATEWAY_CODE_ENERGY_BUDGET);
		nothing_was_changed(s);
		everything_is_let_go(s);
		set(s, VEHICLE_CORE_CHARGE_PERCENT, 70);
		set(s, VEHICLE_CORE_BATTERY_MV, 12600);
		ends_done(s);
		sim_free(s);
	}
}

static void a_voltage_that_drops_too_far_ends_the_work_before_the_next_erase(void **state)
{
	struct sim_options options = {
	    .seed = sim_seed(), .image_bytes = 60000, .window_start_s = 5, .max_parallel = 1, .power = granted};
	struct sim *s;

	(void)state;
	options.power.max_drop_mv = 400;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	set(s, VEHICLE_CORE_BATTERY_MV, 12100);
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	waits_as(s, GATEWAY_CODE_ENERGY_BUDGET);
	everything_is_let_go(s);
	set(s, VEHICLE_CORE_BATTERY_MV, 12300);
	ends_done(s);
	sim_free(s);
}

/* --- signals */

static void a_signal_that_goes_stale_in_the_middle_keeps_the_next_ecu_whole(void **state)
{
	struct sim *s = start(ALL, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	vehicle_core_mute(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_SPEED_KMH, true);
	(void)sim_for(s, 120 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	waits_as(s, GATEWAY_CODE_WAITING_VEHICLE);
	everything_is_let_go(s);
	vehicle_core_mute(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_SPEED_KMH, false);
	ends_done(s);
	sim_free(s);
}

static void gear_brake_charge_and_charging_are_waited_for(void **state)
{
	static const struct {
		struct condition condition;
		enum vehicle_core_quantity quantity;
		double no, yes;
	} rows[] = {
	    {{CONDITION_GEAR_PARK, 0}, VEHICLE_CORE_GEAR_PARK, 0, 1},
	    {{CONDITION_PARKING_BRAKE_SET, 0}, VEHICLE_CORE_PARKING_BRAKE, 0, 1},
	    {{CONDITION_CHARGE_MIN_PERCENT, 50}, VEHICLE_CORE_CHARGE_PERCENT, 49, 50},
	    {{CONDITION_CHARGING, 0}, VEHICLE_CORE_CHARGING, 0, 1},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sim *s = start(0, 0);
		struct campaign_doc *doc = &s->backend.director.campaigns[0];

		set(s, rows[i].quantity, rows[i].no);
		doc->conditions[doc->n_conditions++] = rows[i].condition;
		sim_backend_publish(&s->backend);
		(void)sim_for(s, 30 * SIM_S, NULL);
		waits_as(s, GATEWAY_CODE_WAITING_VEHICLE);
		set(s, rows[i].quantity, rows[i].yes);
		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
		set(s, rows[i].quantity, rows[i].no);
		(void)sim_for(s, 120 * SIM_S, NULL); /* and all through flashing */
		SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
		set(s, rows[i].quantity, rows[i].yes);
		ends_done(s);
		sim_free(s);
	}
}

/* --- what the vehicle grants */

static void what_is_not_granted_is_not_begun_and_let_go(void **state)
{
	(void)state;
	for (unsigned held = 0; held < 2; held++) {
		struct sim *s = start(held ? 0 : ALL, held ? ALL : 0);
		enum vehicle_core_quantity quantity = held ? VEHICLE_CORE_KL15_HELD : VEHICLE_CORE_DRIVE_INHIBITED;
		enum power_hold hold = held ? POWER_KL15 : POWER_DRIVE_INHIBIT;

		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, quantity, true);
		(void)sim_for(s, 6 * SIM_S, NULL);
		waits_as(s, held ? GATEWAY_CODE_KL15_NOT_HELD : GATEWAY_CODE_DRIVE_NOT_INHIBITED);
		SIM_CHECK(s, s->io.holds[hold].n_on == 1);
		SIM_CHECK(s, !s->io.n_outputs[GATEWAY_OUT_FLASH]);
		everything_is_let_go(s);
		(void)sim_for(s, 300 * SIM_S, NULL);
		SIM_CHECK(s, s->io.holds[hold].n_on > 2 && s->io.holds[hold].n_on < 10); /* ever more rarely */
		nothing_was_changed(s);
		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, quantity, false);
		ends_done(s);
		sim_free(s);
	}
}

static void a_lock_that_is_lost_in_the_middle_keeps_the_next_ecu_whole(void **state)
{
	(void)state;
	for (unsigned held = 0; held < 2; held++) {
		struct sim *s = start(held ? 0 : ALL, held ? ALL : 0);
		enum vehicle_core_quantity quantity = held ? VEHICLE_CORE_KL15_HELD : VEHICLE_CORE_DRIVE_INHIBITED;

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, quantity, true);
		(void)sim_for(s, SIM_S, NULL);
		SIM_CHECK(s, is_asked(s, held ? POWER_KL15 : POWER_DRIVE_INHIBIT)); /* still: it is erased */
		(void)sim_for(s, 120 * SIM_S, NULL);
		SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, quantity, false);
		ends_done(s);
		sim_free(s);
	}
}

static void the_ecu_that_grants_the_hold_is_flashed_last(void **state)
{
	struct sim_options options = {.seed = sim_seed(), .image_bytes = 60000, .window_start_s = 5, .power = granted};
	struct sim *s;

	(void)state;
	options.power.has_grantor = true;
	options.power.grantor = 0;
	options.held = 1u << 1;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	SIM_CHECK(s, s->world.ecus[0].app_valid && !s->world.ecus[1].app_valid);
	while (!sim_has_image(s, 1)) {
		SIM_CHECK(s, sim_has_old(s, 0));
		(void)sim_for(s, 100 * SIM_MS, NULL);
	}
	ends_done(s);
	sim_free(s);
}

/* --- the process ends */

static void a_kill_before_the_first_erase_lets_go(void **state)
{
	struct sim *s = start(ALL, ALL);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_quiet));
	sim_ignition(s, VEHICLE_CORE_ON); /* so that it does not begin anew */
	sim_kill(s, 0);
	(void)sim_for(s, 20 * SIM_S, NULL);
	SIM_CHECK(s, s->io.running);
	nothing_was_changed(s);
	everything_is_let_go(s);
	sim_ignition(s, VEHICLE_CORE_OFF);
	ends_done(s);
	sim_free(s);
}

static void after_a_kill_an_erased_ecu_inhibits_again_before_anything_else(void **state)
{
	struct sim *s = start(ALL, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	s->downtime_us = 10 * SIM_S;
	sim_kill(s, 0);
	(void)sim_for(s, 9 * SIM_S, NULL);
	SIM_CHECK(s, !is_inhibited(s)); /* nobody asks */
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, SIM_S + 200 * SIM_MS, NULL);
	SIM_CHECK(s, s->io.running && sim_is_erased(s) && is_inhibited(s));
	SIM_CHECK(s, !sim_for(s, 4 * SIM_S, is_unsafe));
	(void)sim_for(s, 120 * SIM_S,
		      NULL); /* the driver is there: it is finished all the same, and no other one begun */
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	everything_is_let_go(s);
	sim_ignition(s, VEHICLE_CORE_OFF);
	ends_done(s);
	sim_free(s);
}

static void a_daemon_that_is_stopped_lets_go_at_the_safe_point(void **state)
{
	struct sim *s = start(ALL, ALL);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	gateway_stop(s->io.gateway, s->world.now_us);
	SIM_CHECK(s, !sim_for(s, SIM_S, is_unsafe));
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_not_flashing));
	(void)sim_for(s, 2 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	SIM_CHECK(s, gateway_idle(s->io.gateway));
	everything_is_let_go(s);
	sim_kill(s, 0);
	ends_done(s);
	sim_free(s);
}

/* --- waking */

static void it_wants_to_wake_for_the_agreed_time(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(), .window_start_s = 7200});
	uint64_t wake_us;

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	(void)sim_for(s, 5 * SIM_S, NULL);
	wake_us = gateway_wake_us(s->io.gateway, s->world.now_us);
	SIM_CHECK(s, wake_us > s->world.now_us && wake_us != GATEWAY_NEVER);
	SIM_CHECK(s, !sim_run(s, wake_us - 1, sim_is_flashing));
	SIM_CHECK(s, sim_run(s, wake_us + 20 * SIM_MS, sim_is_flashing));
	ends_done(s);
	SIM_CHECK(s, gateway_wake_us(s->io.gateway, s->world.now_us) == GATEWAY_NEVER);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(while_it_works_the_vehicle_is_kept_awake_held_and_inhibited),
	    cmocka_unit_test(what_no_ecu_needs_is_not_asked_for),
	    cmocka_unit_test(a_driver_who_returns_before_the_first_erase_gets_the_vehicle),
	    cmocka_unit_test(a_driver_who_returns_in_the_middle_stops_it_at_the_next_safe_point),
	    cmocka_unit_test(a_driver_who_returns_in_the_middle_waits_where_the_author_says_finish),
	    cmocka_unit_test(it_is_decided_for_each_ecu_by_itself),
	    cmocka_unit_test(what_the_backend_asks_for_is_not_the_authors_to_waive),
	    cmocka_unit_test(nothing_more_is_begun_while_the_engine_is_started),
	    cmocka_unit_test(a_battery_that_sags_in_the_middle_keeps_the_next_ecu_whole),
	    cmocka_unit_test(a_budget_that_does_not_cover_flash_and_recovery_erases_nothing),
	    cmocka_unit_test(a_battery_without_reserve_erases_nothing),
	    cmocka_unit_test(a_voltage_that_drops_too_far_ends_the_work_before_the_next_erase),
	    cmocka_unit_test(a_signal_that_goes_stale_in_the_middle_keeps_the_next_ecu_whole),
	    cmocka_unit_test(gear_brake_charge_and_charging_are_waited_for),
	    cmocka_unit_test(what_is_not_granted_is_not_begun_and_let_go),
	    cmocka_unit_test(a_lock_that_is_lost_in_the_middle_keeps_the_next_ecu_whole),
	    cmocka_unit_test(the_ecu_that_grants_the_hold_is_flashed_last),
	    cmocka_unit_test(a_kill_before_the_first_erase_lets_go),
	    cmocka_unit_test(after_a_kill_an_erased_ecu_inhibits_again_before_anything_else),
	    cmocka_unit_test(a_daemon_that_is_stopped_lets_go_at_the_safe_point),
	    cmocka_unit_test(it_wants_to_wake_for_the_agreed_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
