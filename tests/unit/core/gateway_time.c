/* gateway: a backend's clock that was wrong once, and what is done about time that lies behind the floor. */
#include "tests/unit/core/fixture.h"

#define HOUR 3600

static struct sim *sim_ahead(int64_t by_s)
{
	struct sim *s = sim_new();

	s->time_lost_s = -by_s;
	return s;
}

/* the backend's clock is put right, and the session breaks */
static void put_right(struct sim *s)
{
	s->time_lost_s = 0;
	sim_drop_session(s);
}

static void a_clock_that_was_an_hour_ahead_costs_an_hour(void **state)
{
	(void)state;
	struct sim *s = sim_ahead(HOUR);
	uint64_t floor_s;

	s->director->version = 0;
	sim_start(s);
	sim_run(s, 700 * SECOND);
	put_right(s);
	floor_s = s->disk.floor_unix_s;
	assert_int_equal(floor_s, UNIX_BASE + HOUR + 601);
	sim_for(s, 30 * SECOND);
	assert_false(s->gateway->time_trusted);
	assert_int_equal(gateway_unix_ms(s->gateway, s->now_us), 0);
	/* the floor is ten minutes at most behind the clock that was wrong */
	sim_run(s, (HOUR + 601 - GATEWAY_CLOCKS_DIFFER_S - 1) * SECOND);
	assert_false(s->gateway->time_trusted);
	assert_int_equal(s->disk.floor_unix_s, floor_s);
	sim_for(s, 600 * SECOND); /* the longest pause between two sessions */
	assert_true(s->gateway->time_trusted);
	assert_int_equal(s->gateway->session.state, SESSION_UP);
	assert_in_range(gateway_unix_ms(s->gateway, s->now_us), sim_unix_ms(s),
			sim_unix_ms(s) + GATEWAY_CLOCKS_DIFFER_S * 1000);
	sim_for(s, 600 * SECOND);
	assert_true(s->disk.floor_unix_s > floor_s);
	sim_free(s);
}

/* the answer to the next session's request comes now, and no other */
static void answer(struct sim *s, uint64_t wait_us, uint64_t unix_ms, unsigned code)
{
	s->reachable = false;
	sim_drop_session(s);
	sim_for(s, 10 * SECOND);
	s->gateway->session.state = SESSION_CONNECTING;
	gateway_connected(s->gateway, s->now_us);
	s->now_us += wait_us;
	gateway_time(s->gateway, s->now_us, unix_ms, code);
}

static void what_is_wrong_is_said_with_how_much_and_what_to_do(void **state)
{
	(void)state;
	struct sim *s = sim_new();
	struct gateway_output out = {.kind = GATEWAY_OUT_NONE};

	s->director->version = 0;
	sim_start(s);
	sim_for(s, 60 * SECOND);
	answer(s, 0, (s->gateway->time_floor_unix_s - 400 * 86400 - HOUR - 125) * 1000, 0);
	while (out.kind != GATEWAY_OUT_LOG)
		assert_true(gateway_pop_output(s->gateway, &out));
	assert_int_equal(out.code, GATEWAY_CODE_TIME_REFUSED);
	assert_non_null(strstr(out.text, "400 d 01 h 02 min 05 s before the last trusted time or the build"));
	assert_non_null(strstr(out.text, "gatewayd(8), TRUSTED TIME"));
	sim_free(s);
}

static void a_window_does_not_open_by_a_clock_that_was_wrong(void **state)
{
	(void)state;
	struct sim *s = sim_ahead(HOUR);

	s->director->campaigns[0].mode = MODE_CLIENT;
	s->director->campaigns[0].window_start_unix_s = UNIX_BASE + 2 * HOUR;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	sim_run(s, 1800 * SECOND);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_WINDOW);
	put_right(s);
	sim_run(s, HOUR * SECOND + 300 * SECOND); /* by the wrong clock it opens here */
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_TIME);
	assert_int_equal(gateway_wake_us(s->gateway, s->now_us), GATEWAY_NEVER);
	sim_run(s, (2 * HOUR - GATEWAY_CLOCKS_DIFFER_S) * SECOND - 1);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_WAITING);
	assert_int_equal(sim_campaign(s)->code, GATEWAY_CODE_WAITING_WINDOW);
	sim_run(s, (2 * HOUR + 60) * SECOND);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	sim_free(s);
}

static void an_erased_ecu_is_finished_without_time(void **state)
{
	(void)state;
	struct sim *s = sim_ahead(HOUR);

	s->ecus[BRAKE].fail_times = 1;
	s->ecus[BRAKE].fail_code = FLASH_TRANSFER_FAILED;
	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	assert_true(sim_until(s, CAMPAIGN_INSTALLING));
	sim_settle(s);
	assert_true(s->ecus[BRAKE].erased);
	put_right(s);
	sim_for(s, 120 * SECOND);
	assert_false(s->gateway->time_trusted);
	assert_int_equal(sim_campaign(s)->state, CAMPAIGN_DONE);
	assert_false(s->ecus[BRAKE].erased);
	sim_free(s);
}

/* the last session's clock was ahead of this one's, and the floor rose with it just now */
static void clocks_that_differ_by_seconds_are_both_right(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->version = 0;
	sim_start(s);
	for (unsigned i = 0; i < 4; i++) {
		sim_for(s, 601 * SECOND);
		sim_settle(s);
		s->gateway->floor_us = s->now_us;
		gateway_expire(s->gateway, s->now_us);
		sim_settle(s);
		s->time_lost_s = i % 2 ? 0 : GATEWAY_CLOCKS_DIFFER_S - 2;
		sim_drop_session(s);
		sim_for(s, 30 * SECOND);
		assert_true(s->gateway->time_trusted);
		assert_int_equal(s->gateway->session.state, SESSION_UP);
		/* and time did not run back behind what is stored */
		assert_true(gateway_unix_ms(s->gateway, s->now_us) / 1000 >= s->disk.floor_unix_s);
	}
	sim_free(s);
}

/* an answer that the network held back is old by the wait for it, and no more */
static void a_time_that_was_held_back_on_its_way_distrusts_no_clock(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct sim *s = sim_new();
		uint64_t floor_s;

		s->director->version = 0;
		sim_start(s);
		sim_for(s, 60 * SECOND);
		floor_s = s->gateway->time_floor_unix_s;
		answer(s, 25 * SECOND, (floor_s - 25 - GATEWAY_CLOCKS_DIFFER_S - (unsigned)late) * 1000, 0);
		assert_int_equal(s->gateway->time_trusted, !late);
		assert_int_equal(gateway_unix_ms(s->gateway, s->now_us), late ? 0 : floor_s * 1000);
		assert_int_equal(s->gateway->time_floor_unix_s, floor_s);
		sim_free(s);
	}
}

/* nobody but the backend can say that a clock was wrong */
static void a_time_with_a_wrong_signature_distrusts_no_clock(void **state)
{
	(void)state;
	struct sim *s = sim_new();

	s->director->version = 0;
	sim_start(s);
	sim_for(s, 60 * SECOND);
	answer(s, 0, 1, GATEWAY_CODE_BAD_SIGNATURE);
	assert_true(s->gateway->time_trusted);
	assert_int_equal(s->gateway->session.state, SESSION_DOWN);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_clock_that_was_an_hour_ahead_costs_an_hour),
	    cmocka_unit_test(what_is_wrong_is_said_with_how_much_and_what_to_do),
	    cmocka_unit_test(a_window_does_not_open_by_a_clock_that_was_wrong),
	    cmocka_unit_test(an_erased_ecu_is_finished_without_time),
	    cmocka_unit_test(clocks_that_differ_by_seconds_are_both_right),
	    cmocka_unit_test(a_time_that_was_held_back_on_its_way_distrusts_no_clock),
	    cmocka_unit_test(a_time_with_a_wrong_signature_distrusts_no_clock),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
