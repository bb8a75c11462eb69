/* when a campaign may erase: its window, the ignition, and that it was not revoked; what is erased is finished. */
#include "tests/scenario/sim.h"

/* the estimate is far from what it takes: a window may end while it is flashed */
static struct sim *start(uint64_t window_start_s, uint64_t window_length_s)
{
	return sim_new(&(struct sim_options){.seed = sim_seed(),
					     .image_bytes = 60000,
					     .estimate_ms = 1,
					     .window_start_s = window_start_s,
					     .window_length_s = window_length_s});
}

static void nothing_was_changed(const struct sim *s)
{
	for (unsigned i = 0; i < s->world.n_ecus; i++)
		SIM_CHECK(s, sim_has_old(s, i));
}

static void ends_as(struct sim *s, enum campaign_state state)
{
	SIM_CHECK(s, sim_for(s, 1200 * SIM_S, sim_is_settled));
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) == state);
	if (state == CAMPAIGN_DONE)
		sim_check_done(s);
	else
		sim_check_end(s);
	SIM_CHECK(s, s->io.flasher.n_loud + s->n_kills >= s->io.flasher.n_quiet);
}

static bool is_not_flashing(const struct sim *s)
{
	return !sim_is_flashing(s);
}

/* --- the window */

static void a_campaign_waits_for_its_window_and_begins_with_it(void **state)
{
	struct sim *s = start(7200, 3600);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_WINDOW);
	SIM_CHECK(s, sim_for(s, 8000 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_backend_unix_s(&s->backend) == s->backend.director.campaigns[0].window_start_unix_s);
	ends_as(s, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_window_that_passes_ends_the_campaign_with_nothing_erased(void **state)
{
	struct sim *s = start(60, 300);
	unsigned code = 0;

	(void)state;
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_waiting));
	sim_ignition(s, VEHICLE_CORE_ON); /* the driver is on the way all the time */
	ends_as(s, CAMPAIGN_EXPIRED);
	SIM_CHECK(s, s->world.now_us / SIM_S == 361);
	(void)sim_backend_final(&s->backend, SIM_CAMPAIGN, &code);
	SIM_CHECK(s, code == GATEWAY_CODE_WINDOW_PASSED);
	nothing_was_changed(s);
	sim_ignition(s, VEHICLE_CORE_OFF);
	(void)sim_for(s, 300 * SIM_S, NULL);
	nothing_was_changed(s);
	sim_free(s);
}

static void an_ecu_that_is_erased_when_the_window_ends_is_finished(void **state)
{
	struct sim *s = start(30, 1);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_erased));
	ends_as(s, CAMPAIGN_DONE);
	SIM_CHECK(s, sim_backend_unix_s(&s->backend) > s->backend.director.campaigns[0].window_end_unix_s);
	sim_free(s);
}

static void an_ecu_that_is_not_begun_when_the_window_ends_keeps_its_software(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(),
						      .image_bytes = 60000,
						      .estimate_ms = 1,
						      .max_parallel = 1,
						      .window_start_s = 30,
						      .window_length_s = 1});

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_erased));
	ends_as(s, CAMPAIGN_INCONSISTENT);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_old(s, 1));
	SIM_CHECK(s, sim_backend_count_ecu(&s->backend, "ecu0", TARGET_VERIFIED) == 1);
	sim_free(s);
}

static void an_erased_ecu_is_finished_after_the_window_even_if_the_gateway_was_killed(void **state)
{
	(void)state;
	for (unsigned reachable = 0; reachable < 2; reachable++) { /* nor does it wait for the network */
		struct sim *s = start(30, 1);

		SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_transferring));
		s->backend.reachable = reachable;
		s->downtime_us = 20 * SIM_S;
		sim_kill(s, 0);
		(void)sim_for(s, 300 * SIM_S, NULL);
		SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
		s->backend.reachable = true;
		ends_as(s, CAMPAIGN_DONE);
		sim_free(s);
	}
}

/* --- the ignition */

static void a_campaign_waits_while_the_ignition_is_on(void **state)
{
	struct sim *s = start(30, 3600);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_waiting));
	sim_ignition(s, VEHICLE_CORE_ON);
	SIM_CHECK(s, !sim_for(s, 300 * SIM_S, sim_is_flashing));
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_VEHICLE);
	sim_ignition(s, VEHICLE_CORE_OFF);
	SIM_CHECK(s, sim_for(s, SIM_S, sim_is_flashing));
	ends_as(s, CAMPAIGN_DONE);
	sim_free(s);
}

static void ignition_before_the_first_erase_stops_the_flash_and_the_bus_is_loud(void **state)
{
	(void)state;
	/* from the first request on until the first erase, in steps of 0.5 ms */
	for (unsigned k = 0; k < 24; k++) {
		struct sim *s = start(5, 3600);
		bool erased;

		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_flashing));
		(void)sim_for(s, k * SIM_MS / 2, NULL);
		erased = s->io.n_outputs[GATEWAY_OUT_INTENT_STORED] > 0;
		sim_ignition(s, VEHICLE_CORE_ON);
		SIM_CHECK(s, sim_for(s, 300 * SIM_S, is_not_flashing));
		if (!s->io.n_outputs[GATEWAY_OUT_INTENT_STORED]) {
			nothing_was_changed(s);
			SIM_CHECK(s, sim_world_is_loud(&s->world));
			SIM_CHECK(s, k > 0 || !s->io.flasher.n_quiet); /* it stopped at once */
			(void)sim_for(s, 60 * SIM_S, NULL);
			SIM_CHECK(s, sim_is_waiting(s) && sim_campaign(s)->code == GATEWAY_CODE_WAITING_VEHICLE);
			SIM_CHECK(s, sim_campaign(s)->targets[0].attempts == 0);
			nothing_was_changed(s);
		} else {
			SIM_CHECK(s, erased || k > 10); /* only a change that came too late does not stop it */
		}
		sim_ignition(s, VEHICLE_CORE_OFF);
		ends_as(s, CAMPAIGN_DONE);
		sim_free(s);
	}
}

static void ignition_after_the_first_erase_does_not_stop_it(void **state)
{
	struct sim *s = start(5, 3600);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_transferring));
	sim_ignition(s, VEHICLE_CORE_ON);
	ends_as(s, CAMPAIGN_DONE);
	SIM_CHECK(s, s->io.flasher.n_quiet == 1);
	sim_free(s);
}

/* --- the backend */

static void a_campaign_that_is_revoked_while_it_waits_is_cancelled(void **state)
{
	struct sim *s = start(60, 3600);

	(void)state;
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_waiting));
	sim_revoke(s);
	ends_as(s, CAMPAIGN_CANCELLED);
	nothing_was_changed(s);
	(void)sim_for(s, 300 * SIM_S, NULL);
	nothing_was_changed(s);
	SIM_CHECK(s, !sim_campaign(s)); /* its place is free again */
	sim_free(s);
}

static void a_campaign_that_is_revoked_while_it_downloads_is_cancelled(void **state)
{
	struct sim *s = sim_new(&(struct sim_options){.seed = sim_seed(), .bytes_per_s = 1000});

	(void)state;
	SIM_CHECK(s, sim_for(s, 30 * SIM_S, sim_is_downloading));
	sim_revoke(s);
	ends_as(s, CAMPAIGN_CANCELLED);
	nothing_was_changed(s);
	sim_free(s);
}

static void a_campaign_that_is_revoked_before_the_first_erase_is_cancelled(void **state)
{
	struct sim *s = start(5, 3600);

	(void)state;
	s->backend.latency_us = 1;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_quiet));
	sim_revoke(s);
	ends_as(s, CAMPAIGN_CANCELLED);
	nothing_was_changed(s);
	SIM_CHECK(s, s->io.flasher.n_quiet == 1);
	sim_free(s);
}

static void a_campaign_that_is_revoked_after_the_first_erase_is_finished(void **state)
{
	struct sim *s = start(5, 3600);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	sim_revoke(s);
	ends_as(s, CAMPAIGN_DONE);
	sim_free(s);
}

static void a_campaign_that_is_revoked_after_the_first_erase_is_finished_after_a_kill_too(void **state)
{
	struct sim *s = start(5, 3600);

	(void)state;
	SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_erased));
	sim_revoke(s);
	(void)sim_for(s, 300 * SIM_MS, NULL);
	sim_kill(s, 0);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	sim_check_done(s);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_campaign_waits_for_its_window_and_begins_with_it),
	    cmocka_unit_test(a_window_that_passes_ends_the_campaign_with_nothing_erased),
	    cmocka_unit_test(an_ecu_that_is_erased_when_the_window_ends_is_finished),
	    cmocka_unit_test(an_ecu_that_is_not_begun_when_the_window_ends_keeps_its_software),
	    cmocka_unit_test(an_erased_ecu_is_finished_after_the_window_even_if_the_gateway_was_killed),
	    cmocka_unit_test(a_campaign_waits_while_the_ignition_is_on),
	    cmocka_unit_test(ignition_before_the_first_erase_stops_the_flash_and_the_bus_is_loud),
	    cmocka_unit_test(ignition_after_the_first_erase_does_not_stop_it),
	    cmocka_unit_test(a_campaign_that_is_revoked_while_it_waits_is_cancelled),
	    cmocka_unit_test(a_campaign_that_is_revoked_while_it_downloads_is_cancelled),
	    cmocka_unit_test(a_campaign_that_is_revoked_before_the_first_erase_is_cancelled),
	    cmocka_unit_test(a_campaign_that_is_revoked_after_the_first_erase_is_finished),
	    cmocka_unit_test(a_campaign_that_is_revoked_after_the_first_erase_is_finished_after_a_kill_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
