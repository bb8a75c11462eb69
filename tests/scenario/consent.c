/* what the driver says to an update: yes, later, no; through restarts, lost sessions and new director documents. */
#include "tests/scenario/sim.h"

#define HOUR_S 3600u

static struct sim *asked(void)
{
	struct sim *s = sim_new(&(struct sim_options){
	    .seed = sim_seed(), .image_bytes = 60000, .consent = true, .window_length_s = 30 * 24 * HOUR_S});

	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_waiting));
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_CONSENT);
	return s;
}

static uint64_t unix_s(const struct sim *s)
{
	return gateway_unix_ms(s->io.gateway, s->world.now_us) / 1000;
}

static void says(const struct sim *s, unsigned code)
{
	SIM_CHECK(s, code == GATEWAY_CODE_OK);
}

static bool was_told(const struct sim *s, unsigned code)
{
	for (unsigned i = 0; i < s->backend.n_ledger; i++) {
		if (s->backend.ledger[i].code == code)
			return true;
	}
	return false;
}

static void nothing_was_changed(const struct sim *s)
{
	for (unsigned i = 0; i < s->world.n_ecus; i++)
		SIM_CHECK(s, sim_has_old(s, i));
}

static void restart(struct sim *s)
{
	sim_kill(s, 0);
	(void)sim_for(s, 60 * SIM_S, NULL);
	SIM_CHECK(s, s->io.running && s->backend.registered);
}

/* --- yes */

static void nothing_is_erased_before_the_driver_says_yes(void **state)
{
	struct sim *s = asked();

	(void)state;
	(void)sim_for(s, 2 * HOUR_S * SIM_S, NULL);
	nothing_was_changed(s);
	says(s, gateway_approve(s->io.gateway, s->world.now_us, SIM_CAMPAIGN));
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	SIM_CHECK(s, was_told(s, GATEWAY_CODE_APPROVED_BY_DRIVER));
	sim_check_done(s);
	sim_free(s);
}

static void a_yes_lasts_through_a_restart_until_the_vehicle_may_be_flashed(void **state)
{
	struct sim *s = asked();

	(void)state;
	sim_ignition(s, VEHICLE_CORE_ON);
	(void)sim_for(s, 5 * SIM_S, NULL);
	says(s, gateway_approve(s->io.gateway, s->world.now_us, SIM_CAMPAIGN));
	(void)sim_for(s, SIM_S, NULL);
	restart(s);
	SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_WAITING_VEHICLE);
	sim_ignition(s, VEHICLE_CORE_OFF);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	sim_check_done(s);
	sim_free(s);
}

/* --- later */

static void two_hours_later_means_two_hours_later(void **state)
{
	struct sim *s = asked();
	uint64_t latest, start;

	(void)state;
	start = unix_s(s) + 2 * HOUR_S;
	says(s, gateway_approve(s->io.gateway, s->world.now_us, SIM_CAMPAIGN));
	says(s, gateway_postpone(s->io.gateway, s->world.now_us, SIM_CAMPAIGN, start, &latest));
	(void)sim_for(s, HOUR_S * SIM_S, NULL);
	SIM_CHECK(s, was_told(s, GATEWAY_CODE_POSTPONED_BY_DRIVER));
	SIM_CHECK(s, s->backend.answers[s->backend.n_answers - 1] == ANSWER_POSTPONE);
	SIM_CHECK(s, s->backend.proposed[s->backend.n_answers - 1] == start);
	restart(s);
	(void)sim_run(s, (start - SIM_UNIX_BASE - 1) * SIM_S, NULL);
	nothing_was_changed(s);
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	sim_check_done(s);
	sim_free(s);
}

static void parked_without_coverage_it_begins_at_the_drivers_time(void **state)
{
	struct sim *s = asked();
	uint64_t latest, start;

	(void)state;
	start = unix_s(s) + HOUR_S;
	says(s, gateway_approve(s->io.gateway, s->world.now_us, SIM_CAMPAIGN));
	says(s, gateway_postpone(s->io.gateway, s->world.now_us, SIM_CAMPAIGN, start, &latest));
	(void)sim_for(s, 60 * SIM_S, NULL);
	s->backend.reachable = false;
	sim_io_drop_session(&s->io);
	(void)sim_run(s, (start - SIM_UNIX_BASE - 1) * SIM_S, NULL);
	nothing_was_changed(s);
	(void)sim_for(s, 600 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
	s->backend.reachable = true;
	SIM_CHECK(s, sim_for(s, 600 * SIM_S, sim_is_settled));
	sim_check_done(s);
	sim_free(s);
}

static void whoever_postpones_a_flash_that_has_erased_nothing_stops_it(void **state)
{
	(void)state;
	/* from the first request on, in steps of 0.5 ms, until the first ECU is erased */
	for (unsigned k = 0; k < 24; k++) {
		struct sim *s = asked();
		uint64_t latest, start = unix_s(s) + 300;
		unsigned code;

		says(s, gateway_approve(s->io.gateway, s->world.now_us, SIM_CAMPAIGN));
		SIM_CHECK(s, sim_for(s, 20 * SIM_S, sim_is_flashing));
		(void)sim_for(s, k * SIM_MS / 2, NULL);
		code = gateway_postpone(s->io.gateway, s->world.now_us, SIM_CAMPAIGN, start, &latest);
		if (code == GATEWAY_CODE_POINT_OF_NO_RETURN) {
			SIM_CHECK(s, k > 10 || s->io.n_outputs[GATEWAY_OUT_INTENT_STORED]);
		} else {
			says(s, code);
			(void)sim_for(s, 200 * SIM_S, NULL);
			nothing_was_changed(s);
			SIM_CHECK(s, sim_world_is_loud(&s->world));
		}
		SIM_CHECK(s, sim_for(s, HOUR_S * SIM_S, sim_is_settled));
		sim_check_done(s);
		sim_free(s);
	}
}

/* --- no */

static void a_no_is_a_no_until_something_changed(void **state)
{
	struct sim *s = asked();

	(void)state;
	says(s, gateway_decline(s->io.gateway, s->world.now_us, SIM_CAMPAIGN, "no"));
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_settled));
	SIM_CHECK(s, s->backend.answers[s->backend.n_answers - 1] == ANSWER_DECLINE);
	for (unsigned i = 0; i < 3; i++) {
		restart(s);
		sim_io_drop_session(&s->io);
		(void)sim_for(s, 60 * SIM_S, NULL);
		sim_backend_publish(&s->backend); /* another version that says the same */
		(void)sim_for(s, 300 * SIM_S, NULL);
		SIM_CHECK(s, sim_campaign(s)->state == CAMPAIGN_DECLINED);
		SIM_CHECK(s, sim_campaign(s)->code == GATEWAY_CODE_DECLINED_BY_DRIVER);
	}
	SIM_CHECK(s, sim_backend_count(&s->backend, CAMPAIGN_DECLINED) == 1);
	nothing_was_changed(s);
	s->backend.director.campaigns[0].urgency = URGENCY_CRITICAL;
	s->backend.director.campaigns[0].consent_required = false;
	sim_backend_publish(&s->backend);
	(void)sim_for(s, 600 * SIM_S, NULL);
	SIM_CHECK(s, sim_campaign(s)->state == CAMPAIGN_DONE);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
	sim_free(s);
}

static void a_no_that_a_kill_cuts_short_is_kept_or_was_never_told(void **state)
{
	(void)state;
	for (unsigned kept = 0; kept < 3; kept++) {
		struct sim *s = asked();

		says(s, gateway_decline(s->io.gateway, s->world.now_us, SIM_CAMPAIGN, "no"));
		sim_kill(s, kept);
		(void)sim_for(s, 600 * SIM_S, NULL);
		SIM_CHECK(s, (sim_campaign(s)->state == CAMPAIGN_DECLINED) ==
				 (sim_backend_count(&s->backend, CAMPAIGN_DECLINED) == 1));
		nothing_was_changed(s);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_erased_before_the_driver_says_yes),
	    cmocka_unit_test(a_yes_lasts_through_a_restart_until_the_vehicle_may_be_flashed),
	    cmocka_unit_test(two_hours_later_means_two_hours_later),
	    cmocka_unit_test(parked_without_coverage_it_begins_at_the_drivers_time),
	    cmocka_unit_test(whoever_postpones_a_flash_that_has_erased_nothing_stops_it),
	    cmocka_unit_test(a_no_is_a_no_until_something_changed),
	    cmocka_unit_test(a_no_that_a_kill_cuts_short_is_kept_or_was_never_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
