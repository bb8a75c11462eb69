/* session: the order of a session, the limit of each wait, and the pauses between sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/session.h"
#include "gatewayd/core/types.h"

#define SECOND 1000000ull

static struct session started(void)
{
	const struct session_config config = {.backoff_min_ms = 1000, .backoff_max_ms = 60000, .answer_max_ms = 30000};
	struct session s;

	session_init(&s, &config);
	session_start(&s, SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_CONNECT);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_NONE);
	return s;
}

static struct session up(uint64_t now_us)
{
	struct session s = started();

	session_inventory_known(&s, now_us);
	session_connected(&s, now_us);
	session_time(&s, now_us, true);
	session_registered(&s, now_us, true, 30);
	while (session_pop_action(&s) != SESSION_ACTION_NONE)
		;
	assert_int_equal(s.state, SESSION_UP);
	return s;
}

static void a_session_asks_for_time_before_anything_else(void **state)
{
	(void)state;
	struct session s = started();

	session_inventory_known(&s, SECOND);
	session_connected(&s, 2 * SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_HELLO_AND_TIME);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_NONE);
	session_registered(&s, 2 * SECOND, true, 30); /* out of turn */
	assert_int_equal(s.state, SESSION_TIME);
	session_time(&s, 2 * SECOND, true);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_REGISTER);
	session_registered(&s, 2 * SECOND, true, 30);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_UP);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_HEARTBEAT); /* says ignition and battery at once */
	assert_string_equal(session_state_name(s.state), "up");
}

static void registration_waits_ten_seconds_for_the_inventory(void **state)
{
	(void)state;
	struct session s = started();

	session_connected(&s, 2 * SECOND);
	session_time(&s, 2 * SECOND, true);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_HELLO_AND_TIME);
	assert_int_equal(session_deadline(&s), 12 * SECOND);
	session_expire(&s, 12 * SECOND - 1);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_NONE);
	session_expire(&s, 12 * SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_REGISTER);
}

static void registration_goes_as_soon_as_the_inventory_is_known(void **state)
{
	(void)state;
	struct session s = started();

	session_connected(&s, 2 * SECOND);
	session_time(&s, 2 * SECOND, true);
	session_pop_action(&s);
	session_inventory_known(&s, 3 * SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_REGISTER);
	session_inventory_known(&s, 3 * SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_NONE);
}

static void each_wait_ends_at_its_limit(void **state)
{
	(void)state;

	for (int stage = 0; stage < 3; stage++) {
		struct session s = started();

		if (stage > 0)
			session_connected(&s, SECOND);
		session_inventory_known(&s, SECOND);
		if (stage > 1)
			session_time(&s, SECOND, true);
		while (session_pop_action(&s) != SESSION_ACTION_NONE)
			;
		assert_int_equal(session_deadline(&s), 31 * SECOND);
		session_expire(&s, 31 * SECOND - 1);
		assert_int_not_equal(s.state, SESSION_DOWN);
		session_expire(&s, 31 * SECOND);
		assert_int_equal(s.state, SESSION_DOWN);
		assert_int_equal(session_pop_action(&s), SESSION_ACTION_DISCONNECT);
		assert_int_equal(s.failure, GATEWAY_CODE_SESSION_TIMEOUT);
	}
}

static void refused_time_ends_the_session(void **state)
{
	(void)state;
	struct session s = started();

	session_connected(&s, SECOND);
	session_pop_action(&s);
	session_time(&s, SECOND, false);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_DISCONNECT);
	assert_int_equal(s.failure, GATEWAY_CODE_TIME_REFUSED);
}

static void heartbeats_go_out_at_their_interval(void **state)
{
	(void)state;
	struct session s = up(SECOND);
	const uint64_t first = 1; /* went out with the registration */

	assert_int_equal(s.heartbeat_counter, first);
	for (uint64_t i = 1; i <= 5; i++) {
		uint64_t due = SECOND + i * 30 * SECOND;

		assert_int_equal(session_deadline(&s), due);
		session_expire(&s, due - 1);
		assert_int_equal(session_pop_action(&s), SESSION_ACTION_NONE);
		session_expire(&s, due);
		assert_int_equal(session_pop_action(&s), SESSION_ACTION_HEARTBEAT);
		assert_int_equal(s.heartbeat_counter, first + i);
		session_heard(&s, due);
	}
}

static void silence_of_three_heartbeats_ends_the_session(void **state)
{
	(void)state;
	struct session s = up(SECOND);

	session_expire(&s, 31 * SECOND);
	session_expire(&s, 61 * SECOND);
	session_expire(&s, 91 * SECOND - 1);
	assert_int_equal(s.state, SESSION_UP);
	session_expire(&s, 91 * SECOND);
	assert_int_equal(s.state, SESSION_DOWN);
	assert_int_equal(s.failure, GATEWAY_CODE_SESSION_TIMEOUT);
}

static uint64_t pause_after(unsigned failures, uint32_t random)
{
	struct session s = started();
	uint64_t now_us = SECOND;

	for (unsigned i = 0; i <= failures; i++) {
		session_disconnected(&s, now_us, random);
		if (i == failures)
			break;
		now_us = session_deadline(&s);
		session_expire(&s, now_us);
		assert_int_equal(session_pop_action(&s), SESSION_ACTION_CONNECT);
	}
	return session_deadline(&s) - now_us;
}

static void pauses_double_up_to_the_longest(void **state)
{
	(void)state;
	const uint32_t middle = 0x80000000u;

	assert_int_equal(pause_after(0, middle), 1 * SECOND);
	assert_int_equal(pause_after(1, middle), 2 * SECOND);
	assert_int_equal(pause_after(2, middle), 4 * SECOND);
	assert_int_equal(pause_after(5, middle), 32 * SECOND);
	assert_int_equal(pause_after(6, middle), 60 * SECOND);
	assert_int_equal(pause_after(50, middle), 60 * SECOND);
}

static void pauses_vary_by_half_to_either_side(void **state)
{
	(void)state;

	assert_int_equal(pause_after(0, 0), SECOND / 2);
	assert_in_range(pause_after(0, UINT32_MAX), SECOND * 1498 / 1000, SECOND * 15 / 10);
	assert_int_equal(pause_after(9, 0), 30 * SECOND);
	assert_in_range(pause_after(9, UINT32_MAX), 89 * SECOND, 90 * SECOND);
}

/* four failures, then a session that is UP at @up_us */
static struct session up_after_failures(uint64_t up_us)
{
	struct session s = started();

	for (int i = 0; i < 4; i++) {
		session_disconnected(&s, SECOND, 0);
		session_expire(&s, session_deadline(&s));
		session_pop_action(&s);
	}
	session_inventory_known(&s, up_us);
	session_connected(&s, up_us);
	session_time(&s, up_us, true);
	session_registered(&s, up_us, true, 30);
	while (session_pop_action(&s) != SESSION_ACTION_NONE)
		;
	assert_int_equal(s.state, SESSION_UP);
	return s;
}

static void a_session_that_lasted_a_minute_forgets_old_failures(void **state)
{
	(void)state;
	struct session s = up_after_failures(10 * SECOND);

	session_registered(&s, 50 * SECOND, true, 30); /* once more: it counts from the first time */
	session_disconnected(&s, 70 * SECOND, 0x80000000u);
	assert_int_equal(session_deadline(&s), 71 * SECOND);

	s = up_after_failures(10 * SECOND);
	session_give_up(&s, 70 * SECOND, GATEWAY_CODE_PROTOCOL);
	session_disconnected(&s, 70 * SECOND, 0x80000000u);
	assert_int_equal(session_deadline(&s), 71 * SECOND);
}

static void a_session_that_ends_within_a_minute_is_one_more_failure(void **state)
{
	(void)state;
	struct session s = up_after_failures(10 * SECOND);

	session_disconnected(&s, 70 * SECOND - 1, 0x80000000u);
	assert_int_equal(session_deadline(&s), 70 * SECOND - 1 + 16 * SECOND);
}

static void a_backend_that_kicks_each_session_is_asked_ever_more_rarely(void **state)
{
	(void)state;
	struct session s = started();
	uint64_t now_us = SECOND;

	session_inventory_known(&s, now_us);
	for (uint64_t pause_us = SECOND; pause_us <= 32 * SECOND; pause_us *= 2) {
		session_connected(&s, now_us);
		session_time(&s, now_us, true);
		session_registered(&s, now_us, true, 30);
		assert_int_equal(s.state, SESSION_UP);
		session_disconnected(&s, now_us, 0x80000000u);
		assert_int_equal(session_deadline(&s), now_us + pause_us);
		now_us = session_deadline(&s);
		session_expire(&s, now_us);
		assert_int_equal(session_pop_action(&s), SESSION_ACTION_CONNECT);
	}
}

static void a_driver_that_never_closes_is_not_waited_for(void **state)
{
	(void)state;
	struct session s = started();

	session_expire(&s, 31 * SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_DISCONNECT);
	session_expire(&s, 61 * SECOND - 1);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_NONE);
	session_expire(&s, 61 * SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_CONNECT);
}

static void a_second_disconnection_changes_nothing(void **state)
{
	(void)state;
	struct session s = started();
	uint64_t deadline;

	session_disconnected(&s, SECOND, 0);
	deadline = session_deadline(&s);
	session_disconnected(&s, SECOND + 1, UINT32_MAX);
	assert_int_equal(session_deadline(&s), deadline);
	assert_int_equal(s.failures, 1);
}

static void who_looks_for_news_while_it_goes_to_rest_is_connected_at_once_and_hurries_nothing_later(void **state)
{
	(void)state;
	struct session s = up(SECOND);

	session_rest(&s, 3600 * SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_DISCONNECT);
	session_check_now(&s, 2 * SECOND);
	session_disconnected(&s, 3 * SECOND, 0);
	session_expire(&s, 3 * SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_CONNECT);
	session_disconnected(&s, 4 * SECOND, 0); /* it cannot be reached: a pause like any other */
	session_expire(&s, 4 * SECOND);
	assert_int_equal(session_pop_action(&s), SESSION_ACTION_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_asks_for_time_before_anything_else),
	    cmocka_unit_test(registration_waits_ten_seconds_for_the_inventory),
	    cmocka_unit_test(registration_goes_as_soon_as_the_inventory_is_known),
	    cmocka_unit_test(each_wait_ends_at_its_limit),
	    cmocka_unit_test(refused_time_ends_the_session),
	    cmocka_unit_test(heartbeats_go_out_at_their_interval),
	    cmocka_unit_test(silence_of_three_heartbeats_ends_the_session),
	    cmocka_unit_test(pauses_double_up_to_the_longest),
	    cmocka_unit_test(pauses_vary_by_half_to_either_side),
	    cmocka_unit_test(a_session_that_lasted_a_minute_forgets_old_failures),
	    cmocka_unit_test(a_session_that_ends_within_a_minute_is_one_more_failure),
	    cmocka_unit_test(a_backend_that_kicks_each_session_is_asked_ever_more_rarely),
	    cmocka_unit_test(a_driver_that_never_closes_is_not_waited_for),
	    cmocka_unit_test(a_second_disconnection_changes_nothing),
	    cmocka_unit_test(who_looks_for_news_while_it_goes_to_rest_is_connected_at_once_and_hurries_nothing_later),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
