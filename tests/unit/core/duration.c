/* duration: what an installation may take, and what is learned of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/duration.h"

static void a_new_ecu_has_a_margin_of_a_quarter_and_a_measured_one_of_a_tenth(void **state)
{
	const struct duration_item fresh = {.estimate_ms = 100000};
	const struct duration_item measured = {.estimate_ms = 100000, .permille = 2000};

	(void)state;
	assert_int_equal(duration_campaign_s(&fresh, 1), 125);
	assert_int_equal(duration_campaign_s(&measured, 1), 220);
	assert_int_equal(duration_expected_ms(100000, 2000), 200000);
	assert_int_equal(duration_expected_ms(100000, 0), 100000);
	assert_int_equal(duration_campaign_s(NULL, 0), 0);
}

static void the_way_back_counts_where_there_is_an_image(void **state)
{
	const struct duration_item item = {.estimate_ms = 100000, .back_permille = 1000};
	const struct duration_item larger = {.estimate_ms = 100000, .back_permille = 1500};

	(void)state;
	assert_int_equal(duration_campaign_s(&item, 1), 250);
	assert_int_equal(duration_campaign_s(&larger, 1), 313); /* 312.5, rounded up */
}

static void ecus_of_one_bus_share_it_and_buses_work_side_by_side(void **state)
{
	const struct duration_item items[] = {
	    {.estimate_ms = 40000, .bus = 0}, {.estimate_ms = 60000, .bus = 3}, {.estimate_ms = 40000, .bus = 0}};

	(void)state;
	assert_int_equal(duration_campaign_s(items, 3), 100);
	assert_int_equal(duration_campaign_s(items + 1, 1), 75);
}

static void what_is_long_ago_counts_ever_less(void **state)
{
	uint32_t rate = duration_learn(0, 10000, 15000);

	(void)state;
	assert_int_equal(rate, 1500);
	rate = duration_learn(rate, 10000, 19000);
	assert_int_equal(rate, 1600); /* a quarter of the way */
	for (unsigned i = 0; i < 40; i++)
		rate = duration_learn(rate, 10000, 8000);
	assert_in_range(rate, 800, 803);
	assert_int_equal(duration_learn(777, 0, 8000), 777); /* no estimate to hold it against */
	assert_int_equal(duration_learn(0, 1, UINT64_MAX), DURATION_MAX_PERMILLE);
	assert_int_equal(duration_learn(0, UINT64_MAX, 1), DURATION_MIN_PERMILLE);
}

static void a_rough_estimate_is_not_far_from_the_wire(void **state)
{
	(void)state;
	/* docs/bench.md: about 30 kB/s at 500 kbit/s, 180 kB/s with a data phase of 2 Mbit/s; plus the steps */
	assert_in_range(duration_rough_ms(1000000, 500000, 0), 60000, 80000);
	assert_in_range(duration_rough_ms(1000000, 500000, 2000000), 34000, 40000);
	assert_int_equal(duration_rough_ms(0, 500000, 0), 0);
	assert_true(duration_rough_ms(UINT64_MAX, 10000, 0) > 1000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_ecu_has_a_margin_of_a_quarter_and_a_measured_one_of_a_tenth),
	    cmocka_unit_test(the_way_back_counts_where_there_is_an_image),
	    cmocka_unit_test(ecus_of_one_bus_share_it_and_buses_work_side_by_side),
	    cmocka_unit_test(what_is_long_ago_counts_ever_less),
	    cmocka_unit_test(a_rough_estimate_is_not_far_from_the_wire),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
