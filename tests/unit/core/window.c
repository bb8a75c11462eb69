/* window: absolute and recurring spans. Times of days: Python's zoneinfo with tzdata 2025b. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/window.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define H      3600u
#define DAILY  0x7f

enum { MON = 1, TUE = 2, WED = 4, THU = 8, FRI = 16, SAT = 32, SUN = 64 };

static struct window_recurrence recurrences[WINDOW_MAX_RECURRING];

static void recur(unsigned i, const char *rule, uint8_t days, unsigned start_minute, uint32_t duration_s)
{
	recurrences[i].days = days;
	recurrences[i].start_minute = (uint16_t)start_minute;
	recurrences[i].duration_s = duration_s;
	zone_utc(&recurrences[i].zone);
	if (rule)
		assert_true(zone_parse_rule(&recurrences[i].zone, rule, strlen(rule)));
}

/* a frame that is no limit to any of these */
static struct window_terms terms_of(uint8_t n)
{
	return (struct window_terms){
	    .start_s = 1700000000, .end_s = 1900000000, .recurring = recurrences, .n_recurring = n};
}

static void expect_next(const struct window_terms *terms, uint64_t from_s, uint64_t start_s, uint64_t end_s)
{
	struct window_span span = {0, 0};

	assert_true(window_next(terms, from_s, &span));
	assert_int_equal(span.start_s, start_s);
	assert_int_equal(span.end_s, end_s);
}

static void without_recurrences_the_frame_is_the_window(void **state)
{
	struct window_terms terms = {.start_s = 1000, .end_s = 2000};
	struct window_span span;

	(void)state;
	expect_next(&terms, 0, 1000, 2000);
	expect_next(&terms, 1999, 1000, 2000);
	assert_false(window_next(&terms, 2000, &span));
	terms.deadline_s = 1500; /* the deadline comes first */
	expect_next(&terms, 1200, 1000, 1500);
	assert_false(window_next(&terms, 1500, &span));
	terms = (struct window_terms){.start_s = 1000};
	expect_next(&terms, 5000, 1000, WINDOW_NO_END);
}

static void a_window_across_midnight_belongs_to_the_day_on_which_it_begins(void **state)
{
	struct window_terms terms = terms_of(1);

	(void)state;
	recur(0, BERLIN, MON, 22 * 60, 8 * H);
	expect_next(&terms, 1774224000, 1774299600, 1774328400); /* from Monday on: that night */
	expect_next(&terms, 1774328399, 1774299600, 1774328400); /* Tuesday morning: still open */
	/* over: the Monday after, an hour earlier in UTC since the clocks were set forward between them */
	expect_next(&terms, 1774328400, 1774299600 + 7 * 24 * H - H, 1774328400 + 7 * 24 * H - H);
}

static void a_duration_is_time_that_passes_on_both_nights_of_a_change(void **state)
{
	struct window_terms terms = terms_of(1);

	(void)state;
	recur(0, BERLIN, SAT, 22 * 60, 8 * H);
	expect_next(&terms, 1774700000, 1774731600, 1774760400); /* until 07:00 there */
	expect_next(&terms, 1792800000, 1792872000, 1792900800); /* until 05:00 */
}

static void a_day_that_is_an_hour_short_ends_no_window_early(void **state)
{
	struct window_terms terms = terms_of(1);

	(void)state;
	recur(0, BERLIN, SAT, 23 * 60 + 59, 24 * H); /* over at 00:59 of the second day after it began */
	expect_next(&terms, 1774823400, 1774738740, 1774825140);
}

static void a_start_that_does_not_exist_is_the_end_of_the_gap_and_one_that_comes_twice_the_first(void **state)
{
	struct window_terms terms = terms_of(1);

	(void)state;
	recur(0, BERLIN, SUN, 2 * 60 + 30, H);
	expect_next(&terms, 1774735000, 1774746000, 1774749600);
	expect_next(&terms, 1792880000, 1792888200, 1792891800);
	/* at 02:30 for the second time it is over, and comes again a week later */
	expect_next(&terms, 1792891800, 1792888200 + 7 * 24 * H + H, 1792891800 + 7 * 24 * H + H);
}

static void zones_of_half_hours_and_of_the_south_are_as_right(void **state)
{
	struct window_terms terms = terms_of(1);

	(void)state;
	recur(0, "IST-5:30", SUN, 23 * 60 + 30, 2 * H);
	expect_next(&terms, 1780830000, 1780855200, 1780862400);
	recur(0, "AEST-10AEDT,M10.1.0,M4.1.0/3", SUN, 90, 2 * H);
	expect_next(&terms, 1791030000, 1791041400, 1791048600);
	expect_next(&terms, 1775300000, 1775313000, 1775320200);
}

static void a_years_end_is_no_end(void **state)
{
	struct window_terms terms = terms_of(1);

	(void)state;
	recur(0, BERLIN, THU, 22 * 60, 6 * H);
	expect_next(&terms, 1798700000, 1798750800, 1798772400);
	expect_next(&terms, 1798758000, 1798750800, 1798772400); /* at midnight */
}

static void the_frame_cuts_what_recurs_and_the_deadline_too(void **state)
{
	struct window_terms terms = terms_of(1);
	struct window_span span;

	(void)state;
	recur(0, BERLIN, DAILY, 22 * 60, 8 * H);
	terms.start_s = 1774299600 + 2 * H; /* it begins in the night of Monday */
	terms.end_s = 1774299600 + 24 * H + H;
	expect_next(&terms, 0, 1774299600 + 2 * H, 1774328400);
	expect_next(&terms, 1774328400, 1774299600 + 24 * H, 1774299600 + 25 * H);
	assert_false(window_next(&terms, 1774299600 + 25 * H, &span));
	terms.deadline_s = 1774299600 + 24 * H; /* before the second night */
	assert_false(window_next(&terms, 1774328400, &span));
}

static void occurrences_that_touch_or_overlap_are_one(void **state)
{
	struct window_terms terms = terms_of(3);

	(void)state;
	recur(0, BERLIN, FRI, 22 * 60, 2 * H);      /* until midnight */
	recur(1, BERLIN, SAT, 0, 24 * H);           /* the day after */
	recur(2, BERLIN, SAT, 23 * 60, 25 * H / 2); /* and on into Sunday, though it began on Saturday */
	expect_next(&terms, 1780600000, 1780689600, 1780783200 + 23 * H / 2);
	/* a window that is never closed has an end all the same, beyond any update */
	recur(0, BERLIN, DAILY, 0, 24 * H);
	terms.n_recurring = 1;
	{
		struct window_span span;

		assert_true(window_next(&terms, 1780700000, &span));
		assert_true(span.start_s <= 1780700000 && span.end_s >= 1780700000 + 7 * 24 * H);
	}
}

static void the_next_one_that_is_long_enough_is_found_and_one_is_never(void **state)
{
	struct window_terms terms = terms_of(2);
	struct window_span span;

	(void)state;
	recur(0, NULL, DAILY, 12 * 60, H);
	recur(1, NULL, SAT, 20 * 60, 5 * H);
	/* Monday, 2026-06-01, 12:30 UTC: half an hour is left */
	assert_true(window_next_fit(&terms, 1780272000 + 12 * H + H / 2, H / 2, &span));
	assert_int_equal(span.start_s, 1780272000 + 12 * H);
	assert_true(window_next_fit(&terms, 1780272000 + 12 * H + H / 2, H / 2 + 1, &span));
	assert_int_equal(span.start_s, 1780272000 + 36 * H);
	assert_true(window_next_fit(&terms, 1780272000, 2 * H, &span));
	assert_int_equal(span.start_s, 1780272000 + (5 * 24 + 20) * H);
	assert_false(window_next_fit(&terms, 1780272000, 5 * H + 1, &span));
	assert_int_equal(window_longest_s(&terms, 1780272000), 5 * H);
	terms.n_recurring = 1; /* a week and an hour later there, since the clocks are set back in between */
	recur(0, BERLIN, SUN, 10 * 60, 2 * H);
	assert_true(window_next_fit(&terms, 1792315800, H, &span));
	assert_int_equal(span.start_s, 1792918800);
	terms.n_recurring = 2;
	recur(0, NULL, DAILY, 12 * 60, H);
	/* within a frame that ends before Saturday there is none */
	terms.end_s = 1780272000 + 5 * 24 * H;
	assert_false(window_next_fit(&terms, 1780272000, 2 * H, &span));
	assert_int_equal(window_longest_s(&terms, 1780272000), H);
}

static void a_zone_that_is_not_known_is_never_open(void **state)
{
	struct window_terms terms = terms_of(1);
	struct window_span span;

	(void)state;
	recur(0, NULL, DAILY, 0, 24 * H);
	recurrences[0].zone.known = false;
	assert_false(window_next(&terms, 1780272000, &span));
	assert_int_equal(window_longest_s(&terms, 1780272000), 0);
}

static void a_view_that_is_kept_says_what_one_made_anew_says(void **state)
{
	struct window_terms terms = terms_of(2);
	struct window_view kept = {.valid = false};

	(void)state;
	recur(0, BERLIN, DAILY, 2 * 60 + 30, 3 * H);
	recur(1, BERLIN, SUN, 1 * 60, 2 * H);
	terms.start_s = 1774600000;
	terms.end_s = 1775000000;
	for (uint64_t at = 1774590000; at < 1775010000; at += 97) {
		struct window_view fresh = {.valid = false};

		window_view_refresh(&kept, &terms, at, 2 * H);
		window_view_refresh(&fresh, &terms, at, 2 * H);
		assert_int_equal(kept.has_span, fresh.has_span);
		assert_int_equal(kept.has_fit, fresh.has_fit);
		assert_int_equal(window_view_open(&kept, at), window_view_open(&fresh, at));
		assert_int_equal(window_view_fits(&kept, at), window_view_fits(&fresh, at));
	}
	assert_false(kept.has_span);
}

static void what_fits_up_to_a_second_does_not_fit_after_it(void **state)
{
	const uint64_t noon = 1780272000 + 12 * H;
	struct window_terms terms = terms_of(1);
	struct window_view view = {.valid = false};

	(void)state;
	recur(0, NULL, DAILY, 12 * 60, H);
	window_view_refresh(&view, &terms, noon, H / 2);
	for (uint64_t at = noon + H / 2 - 2; at < noon + H / 2 + 3; at++) {
		window_view_refresh(&view, &terms, at, H / 2);
		assert_true(window_view_open(&view, at) && view.has_fit); /* the next day's */
		assert_int_equal(window_view_fits(&view, at), at <= noon + H / 2);
	}
	window_view_refresh(&view, &terms, noon + 60, H / 2);
	assert_true(window_view_fits(&view, noon + 60));
	window_view_refresh(&view, &terms, noon + 60, H); /* more is needed now */
	assert_false(window_view_fits(&view, noon + 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_recurrences_the_frame_is_the_window),
	    cmocka_unit_test(a_window_across_midnight_belongs_to_the_day_on_which_it_begins),
	    cmocka_unit_test(a_duration_is_time_that_passes_on_both_nights_of_a_change),
	    cmocka_unit_test(a_day_that_is_an_hour_short_ends_no_window_early),
	    cmocka_unit_test(a_start_that_does_not_exist_is_the_end_of_the_gap_and_one_that_comes_twice_the_first),
	    cmocka_unit_test(zones_of_half_hours_and_of_the_south_are_as_right),
	    cmocka_unit_test(a_years_end_is_no_end),
	    cmocka_unit_test(the_frame_cuts_what_recurs_and_the_deadline_too),
	    cmocka_unit_test(occurrences_that_touch_or_overlap_are_one),
	    cmocka_unit_test(the_next_one_that_is_long_enough_is_found_and_one_is_never),
	    cmocka_unit_test(a_zone_that_is_not_known_is_never_open),
	    cmocka_unit_test(a_view_that_is_kept_says_what_one_made_anew_says),
	    cmocka_unit_test(what_fits_up_to_a_second_does_not_fit_after_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
