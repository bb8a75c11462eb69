/* gateway: trusted time, registration with the inventory, reports over sessions, and outputs without end. */
#include "tests/unit/core/fixture.h"

static void it_asks_who_is_there_and_connects_at_once(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_start(s);
	sim_pump(s);
	assert_int_equal(s->counts[GATEWAY_OUT_CONNECT], 1);
	assert_int_equal(s->counts[GATEWAY_OUT_IDENTIFY], 1);
	sim_free(s);
}

static void it_registers_after_ten_seconds_even_without_an_inventory(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	sim_start(s);
	sim_pump(s);
	for (size_t i = 0; i < s->n_tasks; i++) { /* buses that do not answer */
		if (s->tasks[i].kind == GATEWAY_OUT_IDENTIFY)
			s->tasks[i].kind = GATEWAY_OUT_NONE;
	}
	sim_run(s, 11 * SECOND - 1);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], 0);
	sim_run(s, 11 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], 1);
	gateway_identified(s->gateway, s->now_us);
	sim_settle(s);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], 2); /* now with what is known */
	sim_free(s);
}

static void a_changed_inventory_is_registered_again(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->version = 0;
	s->ecus[BRAKE].present = false;
	sim_start(s);
	sim_for(s, 30 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], 1);
	sim_for(s, 60 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], 1); /* still absent */
	s->ecus[BRAKE].present = true;
	sim_for(s, 120 * SECOND);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], 2);
	assert_true(s->disk.ecus[BRAKE].known);
	sim_free(s);
}

static void time_below_the_floor_is_refused(void **state)
{
	(void)state;

	for (int stored = 0; stored < 2; stored++) {
		struct sim *s = sim_new();

		s->config.build_unix_s = UNIX_BASE - (stored ? 1000000 : 0);
		s->disk.floor_unix_s = UNIX_BASE - (stored ? 0 : 1000000);
		s->time_lost_s = 1000;
		sim_start(s);
		sim_for(s, 60 * SECOND);
		assert_false(s->gateway->time_trusted);
		assert_int_equal(s->counts[GATEWAY_OUT_SEND_REGISTER], 0);
		assert_true(s->counts[GATEWAY_OUT_DISCONNECT] >= 1);
		s->time_lost_s = 0;
		sim_for(s, 600 * SECOND);
		assert_true(s->gateway->time_trusted);
		sim_free(s);
	}
}

static void refused_time_backs_off_like_any_failure(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->time_lost_s = 2000000;
	sim_start(s);
	sim_for(s, 64 * SECOND); /* 1 + 2 + 4 + 8 + 16 + 32 seconds of pauses */
	assert_in_range(s->counts[GATEWAY_OUT_CONNECT], 6, 7);
	sim_free(s);
}

static void the_floor_rises_with_trusted_time_and_every_ten_minutes(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->version = 0;
	sim_start(s);
	sim_settle(s);
	assert_int_equal(s->disk.floor_unix_s, UNIX_BASE + 1);
	sim_run(s, 601 * SECOND - 1);
	assert_int_equal(s->disk.floor_unix_s, UNIX_BASE + 1);
	sim_run(s, 601 * SECOND);
	assert_int_equal(s->disk.floor_unix_s, UNIX_BASE + 601);
	sim_free(s);
}

static void a_refused_registration_is_told_once_and_tried_again(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->refuse_registration = true;
	sim_start(s);
	sim_for(s, 30 * SECOND);
	assert_string_equal(s->last_log, "no");
	assert_int_equal(s->last_log_code, GATEWAY_CODE_REFUSED);
	assert_true(s->counts[GATEWAY_OUT_SEND_REGISTER] > 2);
	assert_int_equal(s->gateway->director_version, 0);
	s->refuse_registration = false;
	sim_for(s, 600 * SECOND);
	assert_int_equal(s->gateway->director_version, 1);
	sim_free(s);
}

static void an_unreachable_backend_is_logged_once(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	size_t logs;

	s->reachable = false;
	sim_start(s);
	sim_for(s, 5 * SECOND);
	assert_int_equal(s->last_log_code, GATEWAY_CODE_UNREACHABLE);
	logs = s->n_logs;
	sim_for(s, 3600 * SECOND);
	assert_int_equal(s->n_logs, logs);
	sim_free(s);
}

static void a_backend_that_falls_silent_is_given_up(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->version = 0;
	sim_start(s);
	sim_for(s, 40 * SECOND);
	assert_int_equal(s->gateway->session.state, SESSION_UP);
	s->session = false; /* the sim answers nothing any more */
	s->reachable = false;
	sim_for(s, 91 * SECOND);
	assert_true(s->counts[GATEWAY_OUT_DISCONNECT] == 1);
	assert_int_not_equal(s->gateway->session.state, SESSION_UP);
	sim_free(s);
}

static void a_director_document_before_registration_is_not_read(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->answers_director = false;
	sim_start(s);
	sim_pump(s);
	gateway_connected(s->gateway, s->now_us);
	gateway_director(s->gateway, s->now_us, s->director, s->director_sha256);
	assert_int_equal(s->gateway->director_version, 0);
	sim_free(s);
}

static void reports_wait_for_their_transaction(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();

	s->answers_director = false;
	sim_settle(s);
	s->hold_stores = true;
	gateway_director(s->gateway, s->now_us, s->director, s->director_sha256);
	sim_settle(s);
	assert_int_equal(s->gateway->reports.n, 1);
	assert_int_equal(s->counts[GATEWAY_OUT_SEND_REPORT], 0);
	assert_int_equal(s->counts[GATEWAY_OUT_FETCH], 0); /* nor is anything done about it */
	s->hold_stores = false;
	sim_settle(s);
	assert_true(s->counts[GATEWAY_OUT_SEND_REPORT] >= 1);
	sim_free(s);
}

static void a_driver_that_does_not_pop_loses_log_messages_only(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	struct gateway_output out;
	unsigned n = 0;

	sim_for(s, 60 * SECOND);
	/* a driver that does not pop for a long time */
	for (unsigned i = 0; i < 100000; i++) {
		gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, i % 4 + 1);
		gateway_document_refused(s->gateway, s->now_us, GATEWAY_CODE_MALFORMED, i % 2 ? "this" : "that");
	}
	while (gateway_pop_output(s->gateway, &out))
		n++;
	assert_true(n < 2 * GATEWAY_MAX_OUTPUTS);
	assert_true(s->gateway->logs_dropped > 0);
	sim_free(s);
}

static void the_store_comes_first(void **state)
{
	(void)state;
	struct sim *s = sim_new_parked();
	struct gateway_output out;

	s->answers_director = false;
	sim_settle(s);
	gateway_director(s->gateway, s->now_us, s->director, s->director_sha256);
	assert_true(gateway_pop_output(s->gateway, &out));
	assert_int_equal(out.kind, GATEWAY_OUT_STORE);
	assert_true(out.dirty.director);
	assert_int_equal(out.dirty.campaigns, 1);
	assert_int_equal(out.dirty.report_first, 1);
	assert_int_equal(out.dirty.report_last, 1);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_asks_who_is_there_and_connects_at_once),
	    cmocka_unit_test(it_registers_after_ten_seconds_even_without_an_inventory),
	    cmocka_unit_test(a_changed_inventory_is_registered_again),
	    cmocka_unit_test(time_below_the_floor_is_refused),
	    cmocka_unit_test(refused_time_backs_off_like_any_failure),
	    cmocka_unit_test(the_floor_rises_with_trusted_time_and_every_ten_minutes),
	    cmocka_unit_test(a_refused_registration_is_told_once_and_tried_again),
	    cmocka_unit_test(an_unreachable_backend_is_logged_once),
	    cmocka_unit_test(a_backend_that_falls_silent_is_given_up),
	    cmocka_unit_test(a_director_document_before_registration_is_not_read),
	    cmocka_unit_test(reports_wait_for_their_transaction),
	    cmocka_unit_test(a_driver_that_does_not_pop_loses_log_messages_only),
	    cmocka_unit_test(the_store_comes_first),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
