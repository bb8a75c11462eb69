/* zone: local time by rule. Expected values: Python's zoneinfo with tzdata 2025b, whose files these rules end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/zone.h"

#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK  "EST5EDT,M3.2.0,M11.1.0"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define SYDNEY    "AEST-10AEDT,M10.1.0,M4.1.0/3"
#define DUBLIN    "IST-1GMT0,M10.5.0,M3.5.0/1"
#define KOLKATA   "IST-5:30"
#define KATHMANDU "<+0545>-5:45"

static struct zone of_rule(const char *rule)
{
	struct zone zone;

	zone_utc(&zone);
	assert_true(zone_parse_rule(&zone, rule, strlen(rule)));
	return zone;
}

static void offsets_are_right_at_both_sides_of_a_change(void **state)
{
	static const struct {
		const char *rule;
		int64_t unix_s;
		int32_t offset_s;
	} cases[] = {
	    {BERLIN, 1774745999, 3600},
	    {BERLIN, 1774746000, 7200},
	    {BERLIN, 1792889999, 7200},
	    {BERLIN, 1792890000, 3600},
	    {BERLIN, 2145916799, 3600},
	    {BERLIN, 2698012800, 7200},
	    {BERLIN, 2682374400, 3600},
	    {BERLIN, 1798759800, 3600}, /* half an hour before the year ends in UTC; it has ended there */
	    {NEW_YORK, 1772953199, -18000},
	    {NEW_YORK, 1772953200, -14400},
	    {NEW_YORK, 1793512799, -14400},
	    {NEW_YORK, 1793512800, -18000},
	    {KOLKATA, 1767225600, 19800},
	    {KOLKATA, 2855865600, 19800},
	    {LORD_HOWE, 1775314799, 39600}, /* it goes back by half an hour */
	    {LORD_HOWE, 1775314800, 37800},
	    {LORD_HOWE, 1791041399, 37800},
	    {LORD_HOWE, 1791041400, 39600},
	    {SYDNEY, 1775318399, 39600}, /* the southern summer spans the end of the year */
	    {SYDNEY, 1775318400, 36000},
	    {SYDNEY, 1791043199, 36000},
	    {SYDNEY, 1791043200, 39600},
	    {SYDNEY, 2840140800, 39600},
	    {SYDNEY, 2855865600, 36000},
	    {DUBLIN, 1768435200, 0}, /* winter time is the one that the rule calls daylight-saving time */
	    {DUBLIN, 1784073600, 3600},
	    {DUBLIN, 2857075200, 3600},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct zone zone = of_rule(cases[i].rule);

		if (zone_offset_s(&zone, cases[i].unix_s) != cases[i].offset_s)
			print_message("# case %zu\n", i);
		assert_int_equal(zone_offset_s(&zone, cases[i].unix_s), cases[i].offset_s);
	}
}

static void a_time_that_is_left_out_is_the_end_of_the_gap_and_one_shown_twice_is_the_first(void **state)
{
	static const struct {
		const char *rule;
		int64_t day;
		uint32_t day_s;
		int64_t unix_s;
	} cases[] = {
	    {BERLIN, 20541, 7140, 1774745940},  /* 2026-03-29 01:59 */
	    {BERLIN, 20541, 7200, 1774746000},  /* 02:00 does not exist */
	    {BERLIN, 20541, 9000, 1774746000},  /* nor does 02:30 */
	    {BERLIN, 20541, 10800, 1774746000}, /* 03:00 */
	    {BERLIN, 20751, 7140, 1792886340},  /* 2026-10-25 01:59 */
	    {BERLIN, 20751, 9000, 1792888200},  /* 02:30 comes twice */
	    {BERLIN, 20751, 10800, 1792893600}, /* 03:00 */
	    {BERLIN, 20819, 0, 1798758000},     /* 2027-01-01 */
	    {BERLIN, 31496, 9000, 2721258000},  /* 2056-03-26 02:30 */
	    {NEW_YORK, 20520, 9000, 1772953200},  {NEW_YORK, 20758, 5400, 1793511000},
	    {LORD_HOWE, 20730, 8100, 1791041400}, {LORD_HOWE, 20548, 6300, 1775313900},
	    {SYDNEY, 20730, 9000, 1791043200},    {SYDNEY, 20548, 9000, 1775316600},
	    {KOLKATA, 20605, 79200, 1780331400},  {KATHMANDU, 20605, 0, 1780251300},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct zone zone = of_rule(cases[i].rule);

		if (zone_unix(&zone, cases[i].day, cases[i].day_s) != cases[i].unix_s)
			print_message("# case %zu\n", i);
		assert_int_equal(zone_unix(&zone, cases[i].day, cases[i].day_s), cases[i].unix_s);
	}
}

static void a_clock_is_read_as_people_there_read_it(void **state)
{
	const struct zone berlin = of_rule(BERLIN), kathmandu = of_rule(KATHMANDU);
	struct zone_local local = zone_local(&berlin, 1792888200 + 3600); /* 02:30 for the second time */

	(void)state;
	assert_int_equal(local.day, 20751);
	assert_int_equal(local.day_s, 9000);
	assert_int_equal(local.weekday, 6);         /* a Sunday */
	local = zone_local(&kathmandu, 1767223800); /* 2025-12-31 23:30 UTC: a Thursday there */
	assert_int_equal(local.day, 20454);
	assert_int_equal(local.weekday, 3);
	assert_int_equal(local.day_s, 5 * 3600 + 15 * 60);
	assert_int_equal(zone_day(2026, 3, 29), 20541);
	assert_int_equal(zone_day(2000, 2, 29), 11016);
	assert_int_equal(zone_day(1969, 12, 31), -1);
}

static void the_next_change_is_found_across_a_years_end(void **state)
{
	const struct zone berlin = of_rule(BERLIN), kolkata = of_rule(KOLKATA);

	(void)state;
	assert_int_equal(zone_next_change(&berlin, 1774745999), 1774746000);
	assert_int_equal(zone_next_change(&berlin, 1774746000), 1792890000);
	assert_int_equal(zone_next_change(&berlin, 1792890000), 1806195600); /* 2027-03-28 01:00 UTC */
	assert_true(zone_next_change(&kolkata, 1774746000) == ZONE_NEVER);
}

/* changes as a file lists them, and a rule from the last one on: each counts from its very second */
static void a_change_counts_from_its_second(void **state)
{
	struct zone zone;

	(void)state;
	zone_utc(&zone); /* daylight-saving time all year, as RFC 9636 writes it: begin and end are one moment */
	assert_true(zone_parse_rule(&zone, "EST5EDT,0/0,J365/25", 19));
	for (int64_t at = 1767225600 - 40 * 3600; at < 1767225600 + 40 * 3600; at += 1800) /* about a year's end */
		assert_int_equal(zone_offset_s(&zone, at), -4 * 3600);
	zone_utc(&zone);
	assert_true(zone_parse_rule(&zone, "PKT-5", 5));
	zone.n = 2;
	zone.before_s = 3600;
	zone.at[0] = 1000000000;
	zone.offset_s[0] = 7200;
	zone.at[1] = 1100000000;
	zone.offset_s[1] = 10800;
	assert_int_equal(zone_offset_s(&zone, 999999999), 3600);
	assert_int_equal(zone_offset_s(&zone, 1000000000), 7200);
	assert_int_equal(zone_offset_s(&zone, 1099999999), 7200);
	assert_int_equal(zone_offset_s(&zone, 1100000000), 5 * 3600);
	assert_int_equal(zone_next_change(&zone, 999999999), 1000000000);
	assert_int_equal(zone_next_change(&zone, 1000000000), 1100000000);
	assert_true(zone_next_change(&zone, 1100000000) == ZONE_NEVER);
}

static void rules_by_the_day_of_the_year_count_leap_days_as_posix_says(void **state)
{
	/* J60 is March 1 of any year, 59 the 60th day: February 29 in 2028, March 1 in 2027 */
	const struct zone julian = of_rule("AAA0BBB,J60/0,J300/0"), plain = of_rule("AAA0BBB,59/0,300/0");

	(void)state;
	assert_int_equal(zone_next_change(&julian, zone_day(2028, 1, 1) * 86400), zone_day(2028, 3, 1) * 86400);
	assert_int_equal(zone_next_change(&julian, zone_day(2027, 1, 1) * 86400), zone_day(2027, 3, 1) * 86400);
	assert_int_equal(zone_next_change(&plain, zone_day(2028, 1, 1) * 86400), zone_day(2028, 2, 29) * 86400);
	assert_int_equal(zone_next_change(&plain, zone_day(2027, 1, 1) * 86400), zone_day(2027, 3, 1) * 86400);
}

static void rules_that_are_no_rules_are_refused(void **state)
{
	static const char *const texts[] = {
	    "",
	    "CET",
	    "CE-1",
	    "CET-1CEST",
	    "CET-1CEST,M3.5.0",
	    "CET-1CEST,M3.5.0,M10.5.0/3x",
	    "CET-1CEST,M13.5.0,M10.5.0",
	    "CET-1CEST,M3.6.0,M10.5.0",
	    "CET-1CEST,M3.5.7,M10.5.0",
	    "CET-1CEST,M3.5.0/168,M10.5.0",
	    "CET-1CEST,J0,J300",
	    "CET-1CEST,J366,J300",
	    "CET-25",
	    "<+01-1",
	    "CET-1:60",
	    "CET-11111",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct zone zone;

		zone_utc(&zone);
		if (zone_parse_rule(&zone, texts[i], strlen(texts[i])))
			print_message("# taken: %s\n", texts[i]);
		assert_false(zone_parse_rule(&zone, texts[i], strlen(texts[i])));
		assert_false(zone.has_rule);
	}
}

static void names_that_lead_out_of_the_folder_are_refused(void **state)
{
	static const char *const good[] = {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+12"};
	static const char *const bad[] = {"",
					  "/etc/passwd",
					  "../etc/passwd",
					  "Europe/../../etc/passwd",
					  "Europe//Berlin",
					  "Europe/",
					  ".",
					  "Europe/Ber lin",
					  "Europe/Berlin.tab",
					  "A2345678901234567890123456789012345678901234567890123456789012345"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(zone_name_valid(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(zone_name_valid(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(offsets_are_right_at_both_sides_of_a_change),
	    cmocka_unit_test(a_time_that_is_left_out_is_the_end_of_the_gap_and_one_shown_twice_is_the_first),
	    cmocka_unit_test(a_clock_is_read_as_people_there_read_it),
	    cmocka_unit_test(the_next_change_is_found_across_a_years_end),
	    cmocka_unit_test(a_change_counts_from_its_second),
	    cmocka_unit_test(rules_by_the_day_of_the_year_count_leap_days_as_posix_says),
	    cmocka_unit_test(rules_that_are_no_rules_are_refused),
	    cmocka_unit_test(names_that_lead_out_of_the_folder_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
