/* report_queue: numbers, the window, what gives way when it is full, and what a new session sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/report_queue.h"

static int setup(void **state)
{
	struct report_queue *q = calloc(1, sizeof *q);

	if (!q)
		return -1;
	report_queue_init(q);
	*state = q;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static uint64_t add(struct report_queue *q, enum campaign_state state, enum target_state target)
{
	struct report report = {.campaign_state = state, .target_state = target};
	uint64_t sequence = report_queue_append(q, &report);

	report_queue_stored(q, sequence);
	return sequence;
}

static void numbers_rise_by_one_and_are_not_used_again(void **state)
{
	struct report_queue *q = *state;

	assert_int_equal(add(q, CAMPAIGN_OFFERED, TARGET_NONE), 1);
	assert_int_equal(add(q, CAMPAIGN_DOWNLOADING, TARGET_NONE), 2);
	assert_true(report_queue_ack(q, 2));
	assert_int_equal(add(q, CAMPAIGN_READY, TARGET_NONE), 3);
}

static void nothing_is_sent_before_it_is_stored(void **state)
{
	struct report_queue *q = *state;
	struct report report = {.campaign_state = CAMPAIGN_OFFERED};

	report_queue_append(q, &report);
	assert_null(report_queue_next(q));
	assert_false(report_queue_ack(q, 1)); /* an acknowledgement of what was never sent is not ours */
	report_queue_stored(q, 1);
	assert_int_equal(report_queue_next(q)->sequence, 1);
	assert_null(report_queue_next(q));
}

static void at_most_32_are_unacknowledged(void **state)
{
	struct report_queue *q = *state;

	for (unsigned i = 0; i < 40; i++)
		add(q, CAMPAIGN_WAITING, TARGET_NONE);
	for (unsigned i = 1; i <= 32; i++)
		assert_int_equal(report_queue_next(q)->sequence, i);
	assert_null(report_queue_next(q));
	assert_true(report_queue_ack(q, 1));
	assert_int_equal(report_queue_next(q)->sequence, 33);
	assert_null(report_queue_next(q));
}

static void a_new_session_begins_with_the_oldest(void **state)
{
	struct report_queue *q = *state;

	for (unsigned i = 0; i < 5; i++)
		add(q, CAMPAIGN_WAITING, TARGET_NONE);
	while (report_queue_next(q))
		;
	report_queue_ack(q, 2);
	report_queue_session(q);
	assert_int_equal(report_queue_next(q)->sequence, 3);
}

static void acknowledgements_are_cumulative_and_repeatable(void **state)
{
	struct report_queue *q = *state;

	for (unsigned i = 0; i < 5; i++)
		add(q, CAMPAIGN_WAITING, TARGET_NONE);
	assert_true(report_queue_ack(q, 3));
	assert_false(report_queue_ack(q, 3));
	assert_false(report_queue_ack(q, 99));
	assert_int_equal(q->n, 2);
	assert_null(report_queue_find(q, 3));
	assert_non_null(report_queue_find(q, 4));
}

static void a_full_queue_lets_the_oldest_progress_go(void **state)
{
	struct report_queue *q = *state;

	add(q, CAMPAIGN_DONE, TARGET_NONE);
	add(q, CAMPAIGN_INSTALLING, TARGET_FAILED);
	for (unsigned i = 2; i < REPORT_QUEUE_MAX; i++)
		add(q, CAMPAIGN_WAITING, TARGET_NONE);
	assert_int_equal(q->n, REPORT_QUEUE_MAX);
	add(q, CAMPAIGN_EXPIRED, TARGET_NONE);
	assert_int_equal(q->n, REPORT_QUEUE_MAX);
	assert_non_null(report_queue_find(q, 1));
	assert_non_null(report_queue_find(q, 2));
	assert_null(report_queue_find(q, 3));
	assert_non_null(report_queue_find(q, 4));
	assert_non_null(report_queue_find(q, REPORT_QUEUE_MAX + 1));
	assert_int_equal(report_queue_next(q)->sequence, 1);
	assert_int_equal(report_queue_next(q)->sequence, 2);
	assert_int_equal(report_queue_next(q)->sequence, 4);
}

static void a_final_report_never_gives_way(void **state)
{
	struct report_queue *q = *state;

	for (unsigned i = 0; i < REPORT_QUEUE_MAX; i++)
		add(q, i % 2 ? CAMPAIGN_DONE : CAMPAIGN_INSTALLING, i % 2 ? TARGET_NONE : TARGET_VERIFIED);
	assert_int_equal(add(q, CAMPAIGN_DONE, TARGET_NONE), 0);
	assert_int_equal(q->n, REPORT_QUEUE_MAX);
	assert_non_null(report_queue_find(q, 1));
	report_queue_ack(q, 1);
	assert_int_equal(add(q, CAMPAIGN_DONE, TARGET_NONE), REPORT_QUEUE_MAX + 1);
}

static void the_numbers_beside_a_report_stay_as_long_as_it_does(void **state)
{
	struct report_queue *q = *state;
	const struct rxswin_doc before = {.regulation = "R156", .value = "SU 1"};
	const struct rxswin_doc after = {.regulation = "R156", .value = "SU 2"};

	for (unsigned round = 0; round < 3 * REPORT_RXSWIN_MAX; round++) {
		const uint64_t sequence = add(q, CAMPAIGN_DONE, TARGET_NONE);

		report_queue_add_rxswin(q, sequence, false, &before);
		report_queue_add_rxswin(q, sequence, true, &after);
		report_queue_add_rxswin(q, sequence + 1, true, &after); /* no such report */
		report_queue_stored(q, sequence);
		assert_int_equal(report_queue_rxswin(q, sequence)->n_before, 1);
		assert_int_equal(report_queue_rxswin(q, sequence)->n_after, 1);
		assert_string_equal(report_queue_rxswin(q, sequence)->before[0].value, "SU 1");
		assert_string_equal(report_queue_rxswin(q, sequence)->after[0].value, "SU 2");
		assert_null(report_queue_rxswin(q, sequence + 1));
		assert_true(report_queue_ack(q, sequence));
		assert_null(report_queue_rxswin(q, sequence));
		assert_null(report_queue_rxswin(q, 0));
	}
}

static void restored_reports_keep_their_numbers_and_are_sent(void **state)
{
	struct report_queue *q = *state;
	struct report report = {.sequence = 17, .campaign_state = CAMPAIGN_DONE};

	report_queue_restore(q, &report);
	report.sequence = 20;
	report_queue_restore(q, &report);
	assert_int_equal(report_queue_next(q)->sequence, 17);
	assert_int_equal(report_queue_next(q)->sequence, 20);
	assert_int_equal(add(q, CAMPAIGN_WAITING, TARGET_NONE), 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(numbers_rise_by_one_and_are_not_used_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(nothing_is_sent_before_it_is_stored, setup, teardown),
	    cmocka_unit_test_setup_teardown(at_most_32_are_unacknowledged, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_new_session_begins_with_the_oldest, setup, teardown),
	    cmocka_unit_test_setup_teardown(acknowledgements_are_cumulative_and_repeatable, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_full_queue_lets_the_oldest_progress_go, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_final_report_never_gives_way, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_numbers_beside_a_report_stay_as_long_as_it_does, setup, teardown),
	    cmocka_unit_test_setup_teardown(restored_reports_keep_their_numbers_and_are_sent, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
