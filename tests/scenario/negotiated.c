/* negotiated: a notice or the document, an answer, a confirmation, and the agreed time; over restarts of both sides. */
#include "tests/scenario/sim.h"

static struct sim_options negotiated(uint64_t seed, bool existence_only)
{
	return (struct sim_options){.seed = seed,
				    .mode = MODE_NEGOTIATED,
				    .existence_only = existence_only,
				    .image_bytes = 16000,
				    .bytes_per_s = 40000,
				    .postpone_s = 120};
}

static bool is_confirmed(const struct sim *s)
{
	return s->io.running && sim_campaign(s) && sim_campaign(s)->confirmed;
}

static bool is_triggered(const struct sim *s)
{
	return s->io.running && sim_campaign(s) && sim_campaign(s)->triggered;
}

static void finish(struct sim *s)
{
	SIM_CHECK(s, sim_for(s, 400 * SIM_S, sim_is_settled));
	(void)sim_for(s, 6 * SIM_S, NULL);
	sim_check_done(s);
	sim_free(s);
}

static void a_notice_of_existence_is_asked_about_answered_and_installed(void **state)
{
	struct sim_options options = negotiated(sim_seed(), true);
	struct sim *s = sim_new(&options);

	(void)state;
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_confirmed));
	SIM_CHECK(s, s->backend.n_notices == 1 && s->backend.n_checks == 1 && s->backend.n_answers == 1);
	finish(s);
}

static void postponed_it_begins_when_triggered_at_the_agreed_time(void **state)
{
	struct sim_options options = negotiated(sim_seed(), false);
	struct sim *s;
	uint64_t start_us;

	(void)state;
	options.ignition = VEHICLE_CORE_ON;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_confirmed));
	SIM_CHECK(s, s->backend.answers[0] == ANSWER_POSTPONE && sim_backend_agreed(&s->backend, NULL)->start_unix_s);
	start_us = (sim_backend_agreed(&s->backend, NULL)->start_unix_s - SIM_UNIX_BASE) * SIM_S;
	sim_backend_say(&s->backend, SIM_TO_GATEWAY_TRIGGER, SIM_CAMPAIGN, 0); /* too early */
	(void)sim_for(s, 10 * SIM_S, NULL);
	SIM_CHECK(s, s->backend.error_code == GATEWAY_CODE_TRIGGER_EARLY && !is_triggered(s));
	(void)sim_run(s, start_us - SIM_S, NULL);
	SIM_CHECK(s, !is_triggered(s) && sim_has_old(s, 0));
	SIM_CHECK(s, sim_for(s, 40 * SIM_S, is_triggered));
	SIM_CHECK(s, sim_has_old(s, 0)); /* the ignition is on: the vehicle's safety is its own */
	sim_ignition(s, VEHICLE_CORE_OFF);
	finish(s);
}

/* the garage: no coverage from before the agreed time until long after */
static void without_a_connection_it_begins_alone_at_the_agreed_time(void **state)
{
	struct sim_options options = negotiated(sim_seed(), false);
	struct sim *s;
	uint64_t start_us;

	(void)state;
	options.ignition = VEHICLE_CORE_ON;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_confirmed));
	start_us = (sim_backend_agreed(&s->backend, NULL)->start_unix_s - SIM_UNIX_BASE) * SIM_S;
	(void)sim_for(s, 10 * SIM_S, NULL);
	s->backend.reachable = false;
	sim_io_drop_session(&s->io);
	(void)sim_run(s, start_us - 20 * SIM_S, NULL);
	s->backend.reachable = true; /* trusted time is of a session: a restart, and a short one before the garage */
	sim_kill(s, 0);
	(void)sim_run(s, start_us - 10 * SIM_S, NULL);
	SIM_CHECK(s, s->io.running && sim_has_old(s, 0) && is_confirmed(s));
	s->backend.reachable = false;
	sim_io_drop_session(&s->io);
	(void)sim_run(s, start_us + SIM_S, NULL);
	sim_ignition(s, VEHICLE_CORE_OFF);
	(void)sim_for(s, 120 * SIM_S, NULL);
	SIM_CHECK(s, sim_has_image(s, 0) && sim_has_image(s, 1));
	s->backend.reachable = true;
	finish(s);
}

static void revoked_before_the_agreed_time_it_does_not_begin(void **state)
{
	struct sim_options options = negotiated(sim_seed(), true);
	struct sim *s;

	(void)state;
	options.ignition = VEHICLE_CORE_ON;
	s = sim_new(&options);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, is_confirmed));
	sim_revoke(s);
	SIM_CHECK(s, sim_for(s, 60 * SIM_S, sim_is_settled));
	sim_ignition(s, VEHICLE_CORE_OFF);
	(void)sim_for(s, 400 * SIM_S, NULL);
	SIM_CHECK(s, sim_backend_final(&s->backend, SIM_CAMPAIGN, NULL) == CAMPAIGN_CANCELLED);
	SIM_CHECK(s, sim_has_old(s, 0) && sim_has_old(s, 1));
	sim_free(s);
}

static void sessions_that_break_and_kills_in_each_phase_change_nothing(void **state)
{
	(void)state;
	for (unsigned k = 1; k <= 36; k++) {
		struct sim_options options = negotiated(sim_seed() + k, k % 2);
		uint64_t random = sim_seed() + 17 * k;
		struct sim *s;

		options.ignition = VEHICLE_CORE_ON;
		s = sim_new(&options);
		for (unsigned i = 0; i < 8; i++) {
			(void)sim_for(s, sim_random(&random) % (2 * SIM_S), NULL);
			if (i % 2)
				sim_kill(s, (unsigned)(sim_random(&random) % 3));
			else
				sim_io_drop_session(&s->io);
		}
		SIM_CHECK(s, sim_for(s, 100 * SIM_S, is_confirmed));
		SIM_CHECK(s, sim_has_old(s, 0));
		if (k % 3)
			sim_ignition(s, VEHICLE_CORE_OFF); /* the driver is gone: it need not wait */
		else
			(void)sim_for(s, 200 * SIM_S, is_triggered);
		sim_io_drop_session(&s->io);
		(void)sim_for(s, sim_random(&random) % (5 * SIM_S), NULL);
		sim_kill(s, 1);
		sim_ignition(s, VEHICLE_CORE_OFF);
		finish(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_notice_of_existence_is_asked_about_answered_and_installed),
	    cmocka_unit_test(postponed_it_begins_when_triggered_at_the_agreed_time),
	    cmocka_unit_test(without_a_connection_it_begins_alone_at_the_agreed_time),
	    cmocka_unit_test(revoked_before_the_agreed_time_it_does_not_begin),
	    cmocka_unit_test(sessions_that_break_and_kills_in_each_phase_change_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
