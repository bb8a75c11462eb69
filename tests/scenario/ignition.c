/*
 * each way the ignition can go while a campaign is installed: what is begun, what is finished, and that the vehicle is
 * let go on every way out. Battery, signals and what the vehicle grants: power.c.
 */
#include "tests/scenario/sim_power.h"

/* an ECU is erased, and the vehicle can be driven away */
static bool is_unsafe(const struct sim *s)
{
	return sim_is_erased(s) && !sim_is_inhibited(s);
}

static bool first_is_done(const struct sim *s)
{
	return sim_has_image(s, 0);
}

/* --- stays off */

static void while_it_works_the_vehicle_is_kept_awake_held_and_inhibited(void **state)
{
	struct sim *s = sim_power_new(SIM_BOTH, SIM_BOTH);
	uint64_t awake_us;

	(void)state;
	SIM_CHECK(s, sim_for(s, 4 * SIM_S, sim_is_waiting));
	(void)sim_for(s, SIM_S, NULL);
	sim_check_let_go(s); /* it waits for its window, and keeps nobody awake for that */
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	SIM_CHECK(s, sim_is_inhibited(s) && vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_KL15_HELD) == 1);
	awake_us = s->world.asked_us[POWER_AWAKE];
	SIM_CHECK(s, awake_us && s->world.now_us - awake_us < 200 * SIM_MS);
	(void)sim_for(s, SIM_S, NULL);
	SIM_CHECK(s, s->world.asked_us[POWER_AWAKE] > awake_us); /* cyclically */
	sim_ends_done(s);
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		SIM_CHECK(s, s->io.holds[i].n_on == 1); /* asked for once, and kept to the end */
	SIM_CHECK(s, s->io.flasher.n_quiet == 1);
	sim_free(s);
}

static void what_no_ecu_needs_is_not_asked_for(void **state)
{
	struct sim *s = sim_power_new(0, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	SIM_CHECK(s, sim_is_asked(s, POWER_AWAKE) && !sim_is_asked(s, POWER_KL15) &&
			 !sim_is_asked(s, POWER_DRIVE_INHIBIT));
	sim_ends_done(s);
	sim_free(s);
}

/* --- the driver returns */

static void a_driver_who_returns_before_the_first_erase_gets_the_vehicle(void **state)
{
	(void)state;
	for (uint32_t finished = 0; finished <= SIM_BOTH;
	     finished += SIM_BOTH) { /* whatever the author says of the middle */
		struct sim *s = sim_power_new(finished, 0);

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_flashing));
		sim_ignition(s, VEHICLE_CORE_ON);
		SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_not_flashing));
		sim_check_unchanged(s);
		(void)sim_for(s, 2 * SIM_S, NULL);
		sim_check_let_go(s);
		(void)sim_for(s, 60 * SIM_S, NULL);
		sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
		(void)sim_for(s, 300 * SIM_S, NULL);
		sim_check_unchanged(s);
		sim_ignition(s, VEHICLE_CORE_OFF);
		sim_ends_done(s);
		sim_free(s);
	}
}

static void a_driver_who_returns_in_the_middle_stops_it_at_the_next_safe_point(void **state)
{
	struct sim *s = sim_power_new(0, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_ignition(s, VEHICLE_CORE_ON);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_not_flashing));
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
	sim_check_let_go(s);
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_done(s);
	sim_free(s);
}

static void a_driver_who_returns_in_the_middle_waits_where_the_author_says_finish(void **state)
{
	struct sim *s = sim_power_new(SIM_BOTH, 0);
	uint32_t before_s;

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	SIM_CHECK(s, sim_is_inhibited(s));
	sim_ignition(s, VEHICLE_CORE_ON);
	before_s = gateway_remaining_s(s->io.gateway, s->world.now_us);
	SIM_CHECK(s, before_s > 0);
	SIM_CHECK(s, !sim_for(s, 2 * SIM_S, is_unsafe));
	SIM_CHECK(s, gateway_remaining_s(s->io.gateway, s->world.now_us) <= before_s);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, first_is_done));
	SIM_CHECK(s, sim_is_inhibited(s));
	sim_ends_done(s); /* the second one too, though the ignition is on */
	SIM_CHECK(s, vehicle_core_get(&s->world.vehicle, VEHICLE_CORE_IGNITION) == VEHICLE_CORE_ON);
	SIM_CHECK(s, gateway_remaining_s(s->io.gateway, s->world.now_us) == 0);
	SIM_CHECK(s, s->io.flasher.n_quiet == 1);
	sim_free(s);
}

static void it_is_decided_for_each_ecu_by_itself(void **state)
{
	(void)state;
	for (unsigned finisher = 0; finisher < 2; finisher++) {
		struct sim *s = sim_power_new(1u << finisher, 0);

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
		SIM_CHECK(s, sim_is_inhibited(s));
		sim_ignition(s, VEHICLE_CORE_ON);
		(void)sim_for(s, 120 * SIM_S, NULL);
		SIM_CHECK(s, sim_has_image(s, 0)); /* it was erased already */
		if (finisher == 0) {
			SIM_CHECK(s, sim_has_old(s, 1));
			sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
			sim_check_let_go(s);
		} else {
			SIM_CHECK(s, sim_has_image(s, 1));
		}
		sim_ignition(s, VEHICLE_CORE_OFF);
		sim_ends_done(s);
		sim_free(s);
	}
}

static void what_the_backend_asks_for_is_not_the_authors_to_waive(void **state)
{
	struct sim *s = sim_power_new(SIM_BOTH, 0);
	struct campaign_doc *doc = &s->backend.director.campaigns[0];

	(void)state;
	doc->conditions[doc->n_conditions++] = (struct condition){CONDITION_IGNITION_OFF, 0};
	sim_backend_publish(&s->backend);
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, 120 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_done(s);
	sim_free(s);
}

static void of_those_that_are_left_one_is_stopped_and_another_finished(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(),
						      .n_ecus = 3,
						      .image_bytes = 60000,
						      .window_start_s = 5,
						      .max_parallel = 1,
						      .power = sim_granted,
						      .finished = 1u << 2});

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_ignition(s, VEHICLE_CORE_ON);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_not_flashing));
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1) && sim_has_image(s, 2));
	SIM_CHECK(s, s->io.flasher.n_quiet == 1);
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_done(s);
	sim_free(s);
}

static void nothing_more_is_begun_while_the_engine_is_started(void **state)
{
	struct sim *s = sim_power_new(SIM_BOTH, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_ignition(s, VEHICLE_CORE_CRANKING);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_not_flashing));
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	(void)sim_for(s, 60 * SIM_S, NULL);
	sim_check_waits(s, GATEWAY_CODE_WAITING_VEHICLE);
	sim_check_let_go(s);
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_done(s);
	sim_free(s);
}

/* --- the process ends */

static void a_kill_before_the_first_erase_lets_go(void **state)
{
	struct sim *s = sim_power_new(SIM_BOTH, SIM_BOTH);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_quiet));
	sim_ignition(s, VEHICLE_CORE_ON); /* so that it does not begin anew */
	sim_kill(s, 0);
	(void)sim_for(s, 20 * SIM_S, NULL);
	SIM_CHECK(s, s->io.running);
	sim_check_unchanged(s);
	sim_check_let_go(s);
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_done(s);
	sim_free(s);
}

static void after_a_kill_an_erased_ecu_inhibits_again_before_anything_else(void **state)
{
	struct sim *s = sim_power_new(SIM_BOTH, 0);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	s->downtime_us = 10 * SIM_S;
	sim_kill(s, 0);
	(void)sim_for(s, 9 * SIM_S, NULL);
	SIM_CHECK(s, !sim_is_inhibited(s)); /* nobody asks */
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, SIM_S + 200 * SIM_MS, NULL);
	SIM_CHECK(s, s->io.running && sim_is_erased(s) && sim_is_inhibited(s));
	SIM_CHECK(s, !sim_for(s, 4 * SIM_S, is_unsafe));
	(void)sim_for(s, 120 * SIM_S,
		      NULL); /* the driver is there: it is finished all the same, and no other one begun */
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	sim_check_let_go(s);
	sim_ignition(s, VEHICLE_CORE_OFF);
	sim_ends_done(s);
	sim_free(s);
}

static void a_daemon_that_is_stopped_lets_go_at_the_safe_point(void **state)
{
	struct sim *s = sim_power_new(SIM_BOTH, SIM_BOTH);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	gateway_stop(s->io.gateway, s->world.now_us);
	SIM_CHECK(s, !sim_for(s, SIM_S, is_unsafe));
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_not_flashing));
	(void)sim_for(s, 2 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	SIM_CHECK(s, gateway_idle(s->io.gateway));
	sim_check_let_go(s);
	sim_kill(s, 0);
	sim_ends_done(s);
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
	sim_ends_done(s);
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
	    cmocka_unit_test(of_those_that_are_left_one_is_stopped_and_another_finished),
	    cmocka_unit_test(what_the_backend_asks_for_is_not_the_authors_to_waive),
	    cmocka_unit_test(nothing_more_is_begun_while_the_engine_is_started),
	    cmocka_unit_test(a_kill_before_the_first_erase_lets_go),
	    cmocka_unit_test(after_a_kill_an_erased_ecu_inhibits_again_before_anything_else),
	    cmocka_unit_test(a_daemon_that_is_stopped_lets_go_at_the_safe_point),
	    cmocka_unit_test(it_wants_to_wake_for_the_agreed_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
