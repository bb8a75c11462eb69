/* zone_load: every zone of the system's data base against what the C library makes of it, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "gatewayd/io/zone_load.h"

#define ZONES "/usr/share/zoneinfo"
#define SINCE 1577923200 /* 2020-01-02 */
#define UNTIL 2871763200 /* 2061 */

static const char *const names[] = {
    "Europe/Berlin",     "Europe/London",
    "Europe/Dublin",     "America/New_York",
    "America/St_Johns",  "America/Sao_Paulo",
    "America/Santiago",  "America/Nuuk",
    "Africa/Casablanca", "Africa/Cairo",
    "Asia/Kolkata",      "Asia/Kathmandu",
    "Asia/Tehran",       "Asia/Gaza",
    "Asia/Tokyo",        "Australia/Sydney",
    "Australia/Eucla",   "Australia/Lord_Howe",
    "Pacific/Chatham",   "Pacific/Kiritimati",
    "Antarctica/Troll",  "Etc/GMT+12",
    "Antarctica/Casey",  "America/Argentina/Buenos_Aires",
    "Pacific/Apia",      "UTC",
};

static void the_offset_is_the_c_librarys_at_all_times(void **state)
{
	struct zone *zone = malloc(sizeof *zone);
	char text[300];

	(void)state;
	assert_non_null(zone);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (zone_load(ZONES, names[i], zone, text, sizeof text)) {
			print_message("# %s (is tzdata installed?)\n", text);
			fail();
		}
		assert_int_equal(setenv("TZ", names[i], 1), 0);
		tzset();
		for (time_t t = SINCE; t < UNTIL; t += 6151 * 7) {
			struct tm tm;

			assert_non_null(localtime_r(&t, &tm));
			if (zone_offset_s(zone, t) != tm.tm_gmtoff)
				print_message("# %s at %lld\n", names[i], (long long)t);
			assert_int_equal(zone_offset_s(zone, t), tm.tm_gmtoff);
		}
		/* and to the second at each change */
		for (int64_t at = zone_next_change(zone, SINCE); at < UNTIL; at = zone_next_change(zone, at)) {
			for (time_t t = at - 1; t <= at; t++) {
				struct tm tm;

				assert_non_null(localtime_r(&t, &tm));
				assert_int_equal(zone_offset_s(zone, t), tm.tm_gmtoff);
			}
		}
	}
	unsetenv("TZ");
	free(zone);
}

static void what_the_rule_says_as_well_is_not_kept(void **state)
{
	struct zone *zone = malloc(sizeof *zone);
	char text[300];

	(void)state;
	assert_non_null(zone);
	assert_int_equal(zone_load(ZONES, "Europe/Berlin", zone, text, sizeof text), 0);
	assert_true(zone->n <= 2 && zone->has_rule);
	free(zone);
}

static void write_file(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void files_that_are_cut_off_or_none_are_refused_with_their_name(void **state)
{
	char dir[] = "/tmp/zone_load.XXXXXX", path[600], text[300];
	static uint8_t bytes[ZONE_LOAD_MAX_BYTES];
	struct zone *zone = malloc(sizeof *zone);
	FILE *file = fopen(ZONES "/Europe/Berlin", "rb");
	size_t n;

	(void)state;
	assert_non_null(zone);
	assert_non_null(file);
	n = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/Cut", dir);
	for (size_t k = 0; k < n; k++) {
		assert_false(zone_parse(zone, bytes, k));
		assert_false(zone->known);
	}
	assert_true(zone_parse(zone, bytes, n));
	write_file(path, bytes, n - 1);
	assert_int_equal(zone_load(dir, "Cut", zone, text, sizeof text), 1);
	assert_non_null(strstr(text, "Cut"));
	assert_false(zone->known);
	assert_int_equal(zone_load(dir, "Missing", zone, text, sizeof text), 1);
	assert_non_null(strstr(text, "Missing"));
	assert_int_equal(zone_load(dir, "../etc/passwd", zone, text, sizeof text), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes to it: not waited for */
	assert_int_equal(zone_load(dir, "Cut", zone, text, sizeof text), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	free(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_offset_is_the_c_librarys_at_all_times),
	    cmocka_unit_test(what_the_rule_says_as_well_is_not_kept),
	    cmocka_unit_test(files_that_are_cut_off_or_none_are_refused_with_their_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
