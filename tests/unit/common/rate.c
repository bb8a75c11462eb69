#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/rate.h"

#define S 1000000ull

static void a_rate_is_unknown_before_two_samples(void **state)
{
	struct rate rate = {.n = 0};
	uint32_t seconds = 77;

	(void)state;
	assert_true(rate_bytes_per_s(&rate) == 0);
	rate_add(&rate, 10 * S, 1000);
	assert_true(rate_bytes_per_s(&rate) == 0);
	assert_false(rate_remaining_s(&rate, 5000, &seconds));
	assert_int_equal(seconds, 77);
}

static void a_rate_is_bytes_by_time_and_tells_what_remains(void **state)
{
	struct rate rate = {.n = 0};
	uint32_t seconds;

	(void)state;
	rate_add(&rate, 10 * S, 1000);
	rate_add(&rate, 12 * S, 61000);
	assert_true(rate_bytes_per_s(&rate) == 30000);
	assert_true(rate_remaining_s(&rate, 60000, &seconds));
	assert_int_equal(seconds, 2);
	assert_true(rate_remaining_s(&rate, UINT64_MAX, &seconds));
	assert_int_equal(seconds, 359999);
}

static void a_rate_forgets_what_is_older_than_its_window(void **state)
{
	struct rate rate = {.n = 0};

	(void)state;
	for (uint64_t i = 0; i <= 10; i++) /* 1000 B/s for 10 s */
		rate_add(&rate, i * S, i * 1000);
	for (uint64_t i = 1; i <= 10; i++) /* then 9000 B/s */
		rate_add(&rate, (10 + i) * S, 10000 + i * 9000);
	assert_true(rate_bytes_per_s(&rate) == 9000);
}

static void many_updates_do_not_make_the_window_shorter(void **state)
{
	struct rate rate = {.n = 0};

	(void)state;
	/* an update a millisecond for 20 s, bursts of 10 kB each 1 s: a short window would show 0 or 10 MB/s */
	for (uint64_t ms = 0; ms <= 20000; ms++)
		rate_add(&rate, ms * 1000, ms / 1000 * 10000);
	assert_true(rate_bytes_per_s(&rate) > 7000);
	assert_true(rate_bytes_per_s(&rate) < 13000);
}

static void fewer_bytes_begin_the_rate_anew(void **state)
{
	struct rate rate = {.n = 0};

	(void)state;
	rate_add(&rate, 1 * S, 1000);
	rate_add(&rate, 2 * S, 9000);
	rate_add(&rate, 3 * S, 0);
	assert_true(rate_bytes_per_s(&rate) == 0);
	rate_add(&rate, 4 * S, 500);
	assert_true(rate_bytes_per_s(&rate) == 500);
}

static void a_rate_begins_with_the_first_progress(void **state)
{
	struct rate rate = {.n = 0};

	(void)state;
	rate_add(&rate, 1 * S, 0); /* erasing */
	rate_add(&rate, 9 * S, 0); /* the transfer begins */
	rate_add(&rate, 10 * S, 30000);
	assert_true(rate_bytes_per_s(&rate) == 30000);
}

static void durations_are_short(void **state)
{
	char out[RATE_DURATION_BYTES];

	(void)state;
	assert_string_equal(rate_duration(7, out), "0:07");
	assert_string_equal(rate_duration(3723, out), "1:02:03");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_rate_is_unknown_before_two_samples),
	    cmocka_unit_test(a_rate_is_bytes_by_time_and_tells_what_remains),
	    cmocka_unit_test(a_rate_forgets_what_is_older_than_its_window),
	    cmocka_unit_test(many_updates_do_not_make_the_window_shorter),
	    cmocka_unit_test(fewer_bytes_begin_the_rate_anew),
	    cmocka_unit_test(a_rate_begins_with_the_first_progress),
	    cmocka_unit_test(durations_are_short),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
