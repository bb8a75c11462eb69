/* parking: the hours of a week in which the vehicle stays where it is. 2026-06-01 is a Monday. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/parking.h"

#define H      3600u
#define DAY    (24u * H)
#define MONDAY UINT64_C(1780272000) /* 2026-06-01 00:00 UTC */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static struct parking parking;
static struct zone utc;

/* a week of one who drives at seven and at half past five on workdays, the gateway awake all along */
static void commute(const struct zone *zone, uint64_t week, unsigned weeks)
{
	for (unsigned i = 0; i < 7 * weeks; i++) {
		const uint64_t day = week + i * DAY;

		parking_observe(&parking, zone, day, true);
		if (i % 7 >= 5)
			continue;
		parking_observe(&parking, zone, day + 7 * H, false);
		parking_observe(&parking, zone, day + 7 * H + 2400, true);
		parking_observe(&parking, zone, day + 17 * H + 1800, false);
		parking_observe(&parking, zone, day + 18 * H + 600, true);
	}
	parking_observe(&parking, zone, week + 7 * weeks * DAY, true);
}

static int setup(void **state)
{
	(void)state;
	parking_init(&parking);
	zone_utc(&utc);
	return 0;
}

static const struct window_terms any = {.start_s = 1, .end_s = 0};

static void hours_in_which_it_is_driven_are_known_after_two_weeks(void **state)
{
	(void)state;
	commute(&utc, MONDAY, 1);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 7 * DAY + 7 * H), -1); /* once is not enough */
	commute(&utc, MONDAY + 7 * DAY, 1);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 14 * DAY + 7 * H), 0);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 14 * DAY + 6 * H), 1000);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 14 * DAY + 17 * H), 0);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 14 * DAY + 18 * H), 0); /* ten minutes of it */
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 14 * DAY + 19 * H), 1000);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 19 * DAY + 7 * H), 1000); /* a Saturday */
}

static void the_proposal_is_the_next_time_that_is_long_enough(void **state)
{
	const uint64_t week = MONDAY + 21 * DAY;

	(void)state;
	commute(&utc, MONDAY, 3);
	/* on the way to work: once it is parked there. For ten hours it is not: then the evening */
	assert_int_equal(parking_propose(&parking, &utc, week + 7 * H + 60, H, &any), week + 8 * H);
	assert_int_equal(parking_propose(&parking, &utc, week + 7 * H + 60, 10 * H, &any), week + 19 * H);
	/* on the way home on Monday; on Friday a day and a night are to be had */
	assert_int_equal(parking_propose(&parking, &utc, week + 17 * H + 1900, 20 * H, &any), week + 4 * DAY + 19 * H);
	assert_int_equal(parking_propose(&parking, &utc, week + 17 * H + 1900, 7 * DAY, &any), 0);
	assert_int_equal(parking_propose(&parking, &utc, week + 6 * H + 3590, 0, &any), week + 8 * H); /* a minute */
}

static void a_drive_is_expected_where_it_is_learned(void **state)
{
	const uint64_t week = MONDAY + 21 * DAY;

	(void)state;
	commute(&utc, MONDAY, 1);
	assert_false(parking_expects_use(&parking, &utc, MONDAY + 7 * DAY + 7 * H, H)); /* seen once */
	parking_init(&parking);
	commute(&utc, MONDAY, 3);
	assert_false(parking_expects_use(&parking, &utc, week + 6 * H, H));
	assert_true(parking_expects_use(&parking, &utc, week + 6 * H, H + 1));
	assert_true(parking_expects_use(&parking, &utc, week + 6 * H + 3590, 0));          /* a minute */
	assert_false(parking_expects_use(&parking, &utc, week + 5 * DAY + 6 * H, 10 * H)); /* a Saturday */
	assert_false(parking_expects_use(&parking, &utc, week, 15 * DAY));
	/* driven in this hour already, and parked again */
	parking_observe(&parking, &utc, week + 7 * H, false);
	assert_true(parking_expects_use(&parking, &utc, week + 7 * H + 2400, 600));
	parking_observe(&parking, &utc, week + 7 * H + 2400, true);
	assert_false(parking_expects_use(&parking, &utc, week + 7 * H + 2400, 9 * H));
	assert_true(parking_expects_use(&parking, &utc, week + 7 * H + 2400, 10 * H));
	assert_true(parking_expects_use(&parking, &utc, week + DAY + 7 * H + 2400, 600)); /* that is today's hour */
	/* not driven yet in this one */
	parking_observe(&parking, &utc, week + DAY + 7 * H + 60, true);
	assert_true(parking_expects_use(&parking, &utc, week + DAY + 7 * H + 60, 600));
}

static void the_proposal_lies_in_the_windows_and_before_the_deadline(void **state)
{
	const uint64_t week = MONDAY + 21 * DAY;
	struct window_recurrence nights = {.days = 0x7f, .start_minute = 22 * 60 + 15, .duration_s = 7 * H};
	struct window_terms terms = {.start_s = 1, .recurring = &nights, .n_recurring = 1};

	(void)state;
	zone_utc(&nights.zone);
	commute(&utc, MONDAY, 3);
	assert_int_equal(parking_propose(&parking, &utc, week + 7 * H + 60, H, &terms), week + 22 * H + 900);
	/* in its middle, and with too little left of it */
	assert_int_equal(parking_propose(&parking, &utc, week + 2 * H, H, &terms), week + 2 * H);
	assert_int_equal(parking_propose(&parking, &utc, week + 5 * H, H, &terms), week + 22 * H + 900);
	terms.deadline_s = week + 23 * H;
	assert_int_equal(parking_propose(&parking, &utc, week + 7 * H, H, &terms), 0);
	assert_int_equal(parking_propose(&parking, &utc, week + 7 * H, H / 2, &terms), week + 22 * H + 900);
}

/* each of three hours is quiet in 85 of a hundred cases: two of them in 72, all of them in 61 */
static void hours_that_are_quiet_for_the_most_part_are_together_ever_less_so(void **state)
{
	const uint64_t day = MONDAY + 14 * DAY, now = day + 21 * DAY;

	(void)state;
	parking_observe(&parking, &utc, MONDAY, true);
	for (unsigned hour = 1; hour <= 3; hour++)
		parking_observe(&parking, &utc, day + hour * H, false);
	parking_observe(&parking, &utc, day + 3 * H + 1800, true);
	parking_observe(&parking, &utc, now, true); /* two Mondays without a drive */
	for (unsigned hour = 1; hour <= 3; hour++)
		assert_in_range(parking_stays(&parking, &utc, now + hour * H), 840, 860);
	assert_int_equal(parking_propose(&parking, &utc, now + H, 2 * H, &any), now + H);
	assert_int_equal(parking_propose(&parking, &utc, now + H, 3 * H, &any), now + 2 * H); /* and one quiet one */
	assert_false(parking_expects_use(&parking, &utc, now + H, 2 * H));
	assert_true(parking_expects_use(&parking, &utc, now + H, 3 * H));
	assert_false(parking_expects_use(&parking, &utc, now + 2 * H, 3 * H));
}

/* as it was kept: the hours from one o'clock on with so many of a thousand cases each */
static void seven_of_ten_cases_are_enough_and_less_is_not(void **state)
{
	(void)state;
	for (unsigned tenths = 696; tenths <= 700; tenths += 4) {
		uint8_t bytes[PARKING_ENCODED_BYTES];

		parking_init(&parking);
		commute(&utc, MONDAY, 3);
		parking_encode(&parking, bytes);
		bytes[10 + 1] = (uint8_t)(tenths / 4);
		assert_true(parking_decode(&parking, bytes, sizeof bytes));
		assert_int_equal(parking_propose(&parking, &utc, MONDAY + 21 * DAY + H, H, &any),
				 MONDAY + 21 * DAY + (tenths == 700 ? H : 2 * H));
		assert_int_equal(parking_expects_use(&parking, &utc, MONDAY + 21 * DAY + H, H), tenths < 700);
	}
}

static void years_are_learned_like_weeks(void **state)
{
	(void)state;
	for (unsigned week = 0; week < 300; week++) {
		parking_observe(&parking, &utc, MONDAY + week * 7 * DAY, true);
		if (week >= 2)
			assert_int_equal(parking_stays(&parking, &utc, MONDAY + 3 * H), 1000);
	}
}

static void habits_that_change_are_followed_within_some_weeks(void **state)
{
	(void)state;
	commute(&utc, MONDAY, 4);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 7 * H), 0);
	parking_observe(&parking, &utc, MONDAY + 28 * DAY + 21 * DAY, true); /* three weeks of holidays */
	assert_in_range(parking_stays(&parking, &utc, MONDAY + 7 * H), 600, 750);
	parking_observe(&parking, &utc, MONDAY + 28 * DAY + 42 * DAY, true);
	assert_in_range(parking_stays(&parking, &utc, MONDAY + 7 * H), 850, 1000);
	commute(&utc, MONDAY + 70 * DAY, 1); /* one week of work, and it is too little again */
	assert_in_range(parking_stays(&parking, &utc, MONDAY + 7 * H), 500, 699);
}

static void a_gateway_that_is_off_while_parked_learns_the_night(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 21; i++) { /* it lives for the drives alone */
		const uint64_t day = MONDAY + i * DAY;
		uint8_t bytes[PARKING_ENCODED_BYTES];

		parking_observe(&parking, &utc, day + 8 * H, false);
		parking_observe(&parking, &utc, day + 8 * H + 1800, false); /* it is heard all the way */
		parking_observe(&parking, &utc, day + 9 * H + 60, true);
		parking_encode(&parking, bytes);
		assert_true(parking_decode(&parking, bytes, sizeof bytes));
	}
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 3 * H), 1000);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 8 * H), 0);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 9 * H), 0);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 20 * H), 1000);
}

static void one_that_was_in_use_when_it_was_last_known_was_parked_after_that_hour(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 21; i++) /* its power goes with the ignition: it never sees it off */
		parking_observe(&parking, &utc, MONDAY + i * DAY + 8 * H + 60, false);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 8 * H), 0);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 9 * H), 1000);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 3 * H), 1000);
	/* nor does it matter for how long */
	parking_observe(&parking, &utc, MONDAY + 61 * DAY + 20 * H + 60, true);
	assert_int_equal(parking_stays(&parking, &utc, MONDAY + 5 * DAY + 20 * H), 1000);
}

static void an_hour_of_silence_is_one_of_use(void **state)
{
	(void)state;
	for (unsigned longer = 0; longer < 2; longer++) {
		parking_init(&parking);
		parking_observe(&parking, &utc, MONDAY + 8 * H + 1800, false);
		parking_observe(&parking, &utc, MONDAY + 9 * H + 1800 + longer, true);
		parking_observe(&parking, &utc, MONDAY + 10 * H, true);
		assert_int_equal(parking.seen[9], 1);
		assert_int_equal(parking.stays[9], longer ? 1000 : 0);
	}
}

static void an_hour_that_was_not_seen_from_its_begin_is_not_held_for_parked(void **state)
{
	(void)state;
	parking_observe(&parking, &utc, MONDAY + 600, true);
	parking_observe(&parking, &utc, MONDAY + H, true);
	assert_int_equal(parking.seen[0], 0);
	parking_observe(&parking, &utc, MONDAY + 2 * H, true);
	assert_int_equal(parking.seen[1], 1);
	parking_init(&parking);
	parking_observe(&parking, &utc, MONDAY, true);
	parking_observe(&parking, &utc, MONDAY + H, true);
	assert_int_equal(parking.seen[0], 1);
	/* but that it was driven is known from a part of it */
	parking_init(&parking);
	parking_observe(&parking, &utc, MONDAY + 600, false);
	parking_observe(&parking, &utc, MONDAY + H, false);
	assert_int_equal(parking.seen[0], 1);
	assert_int_equal(parking.stays[0], 0);
}

static void hours_are_those_of_the_clock_there_summer_and_winter(void **state)
{
	struct zone berlin;

	(void)state;
	zone_utc(&berlin);
	assert_true(zone_parse_rule(&berlin, BERLIN, strlen(BERLIN)));
	/* two weeks before the clocks go back: midnight there is 22:00 UTC */
	commute(&berlin, 1791756000 - 14 * DAY, 2); /* Mondays, 2026-09-28 and 2026-10-05 */
	assert_int_equal(parking_stays(&parking, &berlin, 1791756000 + 7 * H), 0);
	/* the Monday after the change, 2026-10-26 07:30 there: 06:30 UTC */
	assert_int_equal(parking_stays(&parking, &berlin, 1792996200), 0);
	assert_int_equal(parking_stays(&parking, &berlin, 1792996200 - H), 1000);
}

static void time_that_goes_back_or_far_ahead_does_no_harm(void **state)
{
	struct parking before;

	(void)state;
	commute(&utc, MONDAY, 2);
	before = parking;
	assert_false(parking_observe(&parking, &utc, MONDAY, false));
	assert_memory_equal(&parking, &before, sizeof before);
	assert_false(parking_observe(&parking, &utc, UINT64_MAX, false));
	assert_true(parking_observe(&parking, &utc, MONDAY + 10000 * DAY, true)); /* decades in a garage */
	assert_int_equal(parking_propose(&parking, &utc, MONDAY + 10000 * DAY, H, &any), MONDAY + 10000 * DAY);
	assert_in_range(parking_stays(&parking, &utc, MONDAY + 7 * H), 780, 820); /* four weeks of them are learned */
}

static void with_nothing_learned_nothing_is_proposed(void **state)
{
	(void)state;
	assert_int_equal(parking_propose(&parking, &utc, MONDAY, H, &any), 0);
	parking_observe(&parking, &utc, MONDAY, true);
	assert_int_equal(parking_propose(&parking, &utc, MONDAY, H, &any), 0);
}

static void what_is_learned_and_each_change_is_worth_keeping(void **state)
{
	(void)state;
	assert_true(parking_observe(&parking, &utc, MONDAY, true));
	assert_false(parking_observe(&parking, &utc, MONDAY + 60, true));
	assert_true(parking_observe(&parking, &utc, MONDAY + 120, false));
	assert_true(parking_observe(&parking, &utc, MONDAY + H, false));
	assert_false(parking_observe(&parking, &utc, MONDAY + H + 1, false));
}

static void it_comes_back_as_it_was_kept_and_damage_is_seen(void **state)
{
	uint8_t bytes[PARKING_ENCODED_BYTES], again[PARKING_ENCODED_BYTES];
	struct parking other;

	(void)state;
	commute(&utc, MONDAY, 3);
	parking_encode(&parking, bytes);
	assert_true(parking_decode(&other, bytes, sizeof bytes));
	parking_encode(&other, again);
	assert_memory_equal(again, bytes, sizeof bytes);
	assert_int_equal(other.at_s, parking.at_s);
	assert_int_equal(parking_propose(&other, &utc, MONDAY + 22 * DAY + 7 * H, H, &any), MONDAY + 22 * DAY + 8 * H);
	assert_false(parking_decode(&other, bytes, sizeof bytes - 1));
	bytes[10] = 251;
	assert_false(parking_decode(&other, bytes, sizeof bytes));
	assert_false(other.known);
	bytes[10] = 250;
	bytes[1] ^= 16;
	assert_false(parking_decode(&other, bytes, sizeof bytes));
	bytes[1] ^= 16;
	bytes[2] = 0x80; /* a time that no clock says */
	assert_false(parking_decode(&other, bytes, sizeof bytes));
	assert_false(other.known);
	bytes[2] = 0;
	assert_true(parking_decode(&other, bytes, sizeof bytes));
	bytes[0] = 2;
	assert_false(parking_decode(&other, bytes, sizeof bytes));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(hours_in_which_it_is_driven_are_known_after_two_weeks),
	    TEST(the_proposal_is_the_next_time_that_is_long_enough),
	    TEST(a_drive_is_expected_where_it_is_learned),
	    TEST(the_proposal_lies_in_the_windows_and_before_the_deadline),
	    TEST(hours_that_are_quiet_for_the_most_part_are_together_ever_less_so),
	    TEST(seven_of_ten_cases_are_enough_and_less_is_not),
	    TEST(years_are_learned_like_weeks),
	    TEST(habits_that_change_are_followed_within_some_weeks),
	    TEST(a_gateway_that_is_off_while_parked_learns_the_night),
	    TEST(one_that_was_in_use_when_it_was_last_known_was_parked_after_that_hour),
	    TEST(an_hour_of_silence_is_one_of_use),
	    TEST(an_hour_that_was_not_seen_from_its_begin_is_not_held_for_parked),
	    TEST(hours_are_those_of_the_clock_there_summer_and_winter),
	    TEST(time_that_goes_back_or_far_ahead_does_no_harm),
	    TEST(with_nothing_learned_nothing_is_proposed),
	    TEST(what_is_learned_and_each_change_is_worth_keeping),
	    TEST(it_comes_back_as_it_was_kept_and_damage_is_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
