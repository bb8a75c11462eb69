#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/simbus_pace.h"

#define US UINT64_C(1000)

static void what_a_client_sends_is_dated_back_by_what_it_was_late_for(void **state)
{
	struct simbus_pace pace = {0};

	(void)state;
	assert_int_equal(simbus_pace_date(&pace, 500 * US, 0x100), 500 * US);
	simbus_pace_heard(&pace);
	simbus_pace_hand_over(&pace, 1070 * US, 1000 * US);
	assert_int_equal(simbus_pace_date(&pace, 1100 * US, 0x100), 1030 * US); /* it took 30 us itself */
	assert_int_equal(simbus_pace_date(&pace, 10 * US, 0x100), 0);
}

static void a_gap_from_an_echo_is_not_shortened_by_a_later_echo_that_was_later(void **state)
{
	struct simbus_pace pace = {0};

	(void)state;
	simbus_pace_echo(&pace, 0x7e0, 1000 * US);
	simbus_pace_hand_over(&pace, 1020 * US, 1000 * US);
	simbus_pace_echo(&pace, 0x7df, 1200 * US);
	simbus_pace_hand_over(&pace, 1900 * US, 1200 * US);
	/* it waited 1 ms from 1020 on, so 1 ms from 1000 on in bus time */
	assert_int_equal(simbus_pace_date(&pace, 2020 * US, 0x7e0), 2000 * US);
	assert_int_equal(simbus_pace_date(&pace, 2020 * US, 0x7df), 1320 * US);
	assert_int_equal(simbus_pace_date(&pace, 2020 * US, 0x123), 1320 * US);
}

static void a_gap_from_a_late_echo_is_no_longer_than_asked(void **state)
{
	struct simbus_pace pace = {0};

	(void)state;
	simbus_pace_echo(&pace, 0x7e0, 1000 * US);
	simbus_pace_hand_over(&pace, 6000 * US, 1000 * US);
	assert_int_equal(simbus_pace_date(&pace, 7000 * US, 0x7e0), 2000 * US);
}

static void an_answer_is_dated_by_what_it_answers(void **state)
{
	struct simbus_pace pace = {0};

	(void)state;
	simbus_pace_echo(&pace, 0x7e8, 1000 * US);
	simbus_pace_hand_over(&pace, 1020 * US, 1000 * US);
	simbus_pace_heard(&pace);
	simbus_pace_hand_over(&pace, 1900 * US, 1200 * US);
	assert_int_equal(simbus_pace_date(&pace, 2000 * US, 0x7e8), 1300 * US);
}

static void an_echo_that_is_not_handed_over_yet_means_nothing(void **state)
{
	struct simbus_pace pace = {0};

	(void)state;
	simbus_pace_heard(&pace);
	simbus_pace_hand_over(&pace, 1070 * US, 1000 * US);
	simbus_pace_echo(&pace, 0x7e0, 1100 * US);
	assert_int_equal(simbus_pace_date(&pace, 1200 * US, 0x7e0), 1130 * US);
}

static void the_oldest_of_many_identifiers_is_forgotten(void **state)
{
	struct simbus_pace pace = {0};

	(void)state;
	for (uint32_t id = 0; id <= SIMBUS_PACE_IDS; id++) {
		simbus_pace_echo(&pace, id, 1000 * US);
		simbus_pace_hand_over(&pace, 1010 * US, 1000 * US);
	}
	simbus_pace_echo(&pace, 0x700, 1100 * US);
	simbus_pace_hand_over(&pace, 1500 * US, 1100 * US);
	assert_int_equal(simbus_pace_date(&pace, 2000 * US, 0), 1600 * US);
	assert_int_equal(simbus_pace_date(&pace, 2000 * US, SIMBUS_PACE_IDS), 1990 * US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_client_sends_is_dated_back_by_what_it_was_late_for),
	    cmocka_unit_test(a_gap_from_an_echo_is_not_shortened_by_a_later_echo_that_was_later),
	    cmocka_unit_test(a_gap_from_a_late_echo_is_no_longer_than_asked),
	    cmocka_unit_test(an_answer_is_dated_by_what_it_answers),
	    cmocka_unit_test(an_echo_that_is_not_handed_over_yet_means_nothing),
	    cmocka_unit_test(the_oldest_of_many_identifiers_is_forgotten),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
