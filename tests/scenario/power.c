/*
 * each way the battery, the signals and the vehicle's locks can go while a campaign is installed. The ignition:
 * ignition.c.
 */
#include "tests/scenario/sim_power.h"

/* --- battery */

static void a_battery_that_sags_in_the_middle_keeps_the_next_ecu_whole(void **state)
{
	struct sim *s = sim_power_new(SIM_BOTH, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 11400);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_not_flashing));
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_check_let_go(s);
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 12600);
	sim_ends_done(s);
	sim_free(s);
}

static void a_budget_that_does_not_cover_flash_and_recovery_erases_nothing(void **state)
{
	struct sim_options options = {
	    .seed = sim_seed(), .image_bytes = 60000, .window_start_s = 5, .estimate_ms = 10000, .power = sim_granted};
	struct sim *s;

	(void)state;
	options.power.max_awake_s = 39; /* two ECUs of 10 s as estimated, and once more */
	s = sim_new(&options);
	(void)sim_for(s, 60 * SIM_S, NULL);
	sim_check_waits(s, GATEWAY_CODE_AWAKE_BUDGET);
	SIM_CHECK(s, strstr(sim_campaign(s)->text, "may take 40 s, and 39 s of the 39 s"));
	sim_check_unchanged(s);
	sim_check_let_go(s);
	SIM_CHECK(s, !s->io.n_outputs[GATEWAY_OUT_FLASH]);
	sim_set(s, VEHICLE_CORE_CHARGING, 1); /* from the mains it may last as long as it likes */
	sim_ends_done(s);
	sim_free(s);
}

static bool is_announced(const struct sim *s)
{
	return s->io.running && sim_campaign(s) && sim_campaign(s)->service.state == SERVICE_ANNOUNCED;
}

static void a_restart_gives_no_budget_anew(void **state)
{
	struct sim_options options = {.seed = sim_seed(),
				      .image_bytes = 60000,
				      .window_start_s = 5,
				      .estimate_ms = 10000,
				      .functions = true,
				      .service_notice_s = 60,
				      .power = sim_granted};
	struct sim *s;

	(void)state;
	options.power.max_awake_s = 105; /* 60 s of notice, and two ECUs of 10 s as estimated, and once more */
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, is_announced));
	(void)sim_for(s, 50 * SIM_S, NULL);
	s->downtime_us = 90 * SIM_S; /* what was announced cannot come as it was */
	sim_kill(s, 0);
	(void)sim_for(s, 300 * SIM_S, NULL);
	sim_check_waits(s, GATEWAY_CODE_AWAKE_BUDGET);
	sim_check_unchanged(s);
	sim_check_let_go(s);
	sim_set(s, VEHICLE_CORE_CHARGING, 1); /* it begins anew */
	sim_ends_done(s);
	sim_free(s);
}

static bool two_are_done(const struct sim *s)
{
	return sim_has_image(s, 1) && sim_has_image(s, 2);
}

static void an_ecu_that_is_not_covered_any_more_waits_and_the_others_go_on(void **state)
{
	struct sim_options options = {.seed = sim_seed(),
				      .n_ecus = 3,
				      .image_bytes = 6000,
				      .window_start_s = 5,
				      .estimate_ms = 1000,
				      .power = sim_granted};
	struct sim *s;

	(void)state;
	options.power.max_awake_s = 41; /* 20.498 s, and 1 ms, and 1 ms, and once more: until a moment has passed */
	s = sim_new(&options);
	s->io.gateway->ecus[0].rate_permille = 20498;
	s->io.gateway->ecus[1].rate_permille = s->io.gateway->ecus[2].rate_permille = 1;
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, two_are_done));
	SIM_CHECK(s, s->io.n_outputs[GATEWAY_OUT_FLASH] == 1 && sim_has_old(s, 0));
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_old(s, 0));
	sim_check_waits(s, GATEWAY_CODE_AWAKE_BUDGET);
	sim_check_let_go(s);
	sim_set(s, VEHICLE_CORE_CHARGING, 1);
	sim_ends_done(s);
	sim_free(s);
}

static bool first_is_done(const struct sim *s)
{
	return sim_has_image(s, 0);
}

static void what_is_erased_waits_for_no_budget(void **state)
{
	struct sim_options options = {.seed = sim_seed(),
				      .image_bytes = 60000,
				      .window_start_s = 5,
				      .estimate_ms = 10000,
				      .max_parallel = 1,
				      .power = sim_granted};
	struct sim *s;

	(void)state;
	options.power.max_awake_s = 41; /* two ECUs of 10 s as estimated, and once more: not a second time */
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	s->downtime_us = SIM_S;
	sim_kill(s, 0);
	SIM_CHECK(s, sim_for(s, 120 * SIM_S, first_is_done));
	SIM_CHECK(s, sim_has_old(s, 1));
	sim_ends_done(s); /* which what is left covers by itself */
	sim_free(s);
}

static void a_battery_without_reserve_erases_nothing(void **state)
{
	struct sim_options options = {
	    .seed = sim_seed(), .image_bytes = 60000, .window_start_s = 5, .power = sim_granted};

	(void)state;
	options.power.min_battery_mv = 12000;
	options.power.min_charge_percent = 60;
	options.power.percent_per_hour = 100; /* the flashes and their recovery take less than a minute: 2 % */
	for (unsigned by_charge = 0; by_charge < 2; by_charge++) {
		struct sim *s = sim_new(&options);

		sim_set(s, VEHICLE_CORE_CHARGE_PERCENT, by_charge ? 60 : 80);
		sim_set(s, VEHICLE_CORE_BATTERY_MV, by_charge ? 12600 : 11900);
		(void)sim_for(s, 60 * SIM_S, NULL);
		sim_check_waits(s, GATEWAY_CODE_ENERGY_BUDGET);
		sim_check_unchanged(s);
		sim_check_let_go(s);
		sim_set(s, VEHICLE_CORE_CHARGE_PERCENT, 70);
		sim_set(s, VEHICLE_CORE_BATTERY_MV, 12600);
		sim_ends_done(s);
		sim_free(s);
	}
}

static void a_voltage_that_drops_too_far_ends_the_work_before_the_next_erase(void **state)
{
	struct sim_options options = {
	    .seed = sim_seed(), .image_bytes = 60000, .window_start_s = 5, .max_parallel = 1, .power = sim_granted};
	struct sim *s;

	(void)state;
	options.power.max_drop_mv = 400;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 12100);
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_check_waits(s, GATEWAY_CODE_ENERGY_BUDGET);
	sim_check_let_go(s);
	sim_set(s, VEHICLE_CORE_BATTERY_MV, 12300);
	sim_ends_done(s);
	sim_free(s);
}

/* --- signals */

static void a_signal_that_goes_stale_in_the_middle_keeps_the_next_ecu_whole(void **state)
{
	struct sim *s = sim_power_new(SIM_BOTH, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	vehicle_core_mute(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_SPEED_KMH, true);
	(void)sim_for(s, 120 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
	sim_check_let_go(s);
	vehicle_core_mute(&s->world.vehicle, s->world.now_us, VEHICLE_CORE_SPEED_KMH, false);
	sim_ends_done(s);
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
		struct sim *s = sim_power_new(0, 0);
		struct campaign_doc *doc = &s->backend.director.campaigns[0];

		sim_set(s, rows[i].quantity, rows[i].no);
		doc->conditions[doc->n_conditions++] = rows[i].condition;
		sim_backend_publish(&s->backend);
		(void)sim_for(s, 30 * SIM_S, NULL);
		sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
		sim_set(s, rows[i].quantity, rows[i].yes);
		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
		sim_set(s, rows[i].quantity, rows[i].no);
		(void)sim_for(s, 120 * SIM_S, NULL); /* and all through flashing */
		SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
		sim_set(s, rows[i].quantity, rows[i].yes);
		sim_ends_done(s);
		sim_free(s);
	}
}

/* --- what the vehicle grants */

static void what_is_not_granted_is_not_begun_and_let_go(void **state)
{
	(void)state;
	for (unsigned held = 0; held < 2; held++) {
		struct sim *s = sim_power_new(held ? 0 : SIM_BOTH, held ? SIM_BOTH : 0);
		enum vehicle_core_quantity quantity = held ? VEHICLE_CORE_KL15_HELD : VEHICLE_CORE_DRIVE_INHIBITED;
		enum power_hold hold = held ? POWER_KL15 : POWER_DRIVE_INHIBIT;

		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, quantity, true);
		(void)sim_for(s, 6 * SIM_S, NULL);
		sim_check_waits(s, held ? GATEWAY_CODE_KL15_NOT_HELD : GATEWAY_CODE_DRIVE_NOT_INHIBITED);
		SIM_CHECK(s, s->io.holds[hold].n_on == 1);
		SIM_CHECK(s, !s->io.n_outputs[GATEWAY_OUT_FLASH]);
		sim_check_let_go(s);
		(void)sim_for(s, 300 * SIM_S, NULL);
		SIM_CHECK(s, s->io.holds[hold].n_on > 2 && s->io.holds[hold].n_on < 10); /* ever more rarely */
		sim_check_unchanged(s);
		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, quantity, false);
		sim_ends_done(s);
		sim_free(s);
	}
}

static void a_lock_that_is_lost_in_the_middle_keeps_the_next_ecu_whole(void **state)
{
	(void)state;
	for (unsigned held = 0; held < 2; held++) {
		struct sim *s = sim_power_new(held ? 0 : SIM_BOTH, held ? SIM_BOTH : 0);
		enum vehicle_core_quantity quantity = held ? VEHICLE_CORE_KL15_HELD : VEHICLE_CORE_DRIVE_INHIBITED;

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, quantity, true);
		(void)sim_for(s, SIM_S, NULL);
		SIM_CHECK(s, sim_is_asked(s, held ? POWER_KL15 : POWER_DRIVE_INHIBIT)); /* still: it is erased */
		(void)sim_for(s, 120 * SIM_S, NULL);
		SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
		vehicle_core_refuse(&s->world.vehicle, s->world.now_us, quantity, false);
		sim_ends_done(s);
		sim_free(s);
	}
}

static void the_ecu_that_grants_the_hold_is_flashed_last(void **state)
{
	struct sim_options options = {
	    .seed = sim_seed(), .image_bytes = 60000, .window_start_s = 5, .estimate_ms = 10000, .power = sim_granted};
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
	sim_ends_done(s);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_battery_that_sags_in_the_middle_keeps_the_next_ecu_whole),
	    cmocka_unit_test(a_budget_that_does_not_cover_flash_and_recovery_erases_nothing),
	    cmocka_unit_test(a_restart_gives_no_budget_anew),
	    cmocka_unit_test(an_ecu_that_is_not_covered_any_more_waits_and_the_others_go_on),
	    cmocka_unit_test(what_is_erased_waits_for_no_budget),
	    cmocka_unit_test(a_battery_without_reserve_erases_nothing),
	    cmocka_unit_test(a_voltage_that_drops_too_far_ends_the_work_before_the_next_erase),
	    cmocka_unit_test(a_signal_that_goes_stale_in_the_middle_keeps_the_next_ecu_whole),
	    cmocka_unit_test(gear_brake_charge_and_charging_are_waited_for),
	    cmocka_unit_test(what_is_not_granted_is_not_begun_and_let_go),
	    cmocka_unit_test(a_lock_that_is_lost_in_the_middle_keeps_the_next_ecu_whole),
	    cmocka_unit_test(the_ecu_that_grants_the_hold_is_flashed_last),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
