#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/oem_backend/ctl/spec.h"
#include "sim/oem_backend/ctl/spec_windows.h"
#include "sim/oem_backend/ctl/when.h"

#define NOW 1000000u

static char dir[] = "/tmp/spec-test-XXXXXX";

static void times_from_now_count_in_their_unit(void **state)
{
	uint64_t t = 0;

	(void)state;
	assert_true(when_parse("+0s", NOW, &t));
	assert_int_equal(t, NOW);
	assert_true(when_parse("+15m", NOW, &t));
	assert_int_equal(t, NOW + 900);
	assert_true(when_parse("+2h", NOW, &t));
	assert_int_equal(t, NOW + 7200);
	assert_true(when_parse("+1d", NOW, &t));
	assert_int_equal(t, NOW + 86400);
}

static void iso_times_are_utc_or_say_their_offset(void **state)
{
	uint64_t t = 0;

	(void)state;
	assert_true(when_parse("2026-11-23T18:00:00Z", NOW, &t));
	assert_int_equal(t, 1795456800);
	assert_true(when_parse("2026-11-23T19:00:00+01:00", NOW, &t));
	assert_int_equal(t, 1795456800);
	assert_true(when_parse("2026-11-23T12:30:00-05:30", NOW, &t));
	assert_int_equal(t, 1795456800);
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "soon",
					  "+",
					  "+2",
					  "+2w",
					  "+-2h",
					  "+2h ",
					  "2026",
					  "2026-11-23",
					  "2026-11-23T18:00:00",
					  "+99999999999999999999d",
					  "2026-02-30T00:00:00Z",
					  "2026-11-23T24:00:00Z",
					  "2026-11-23T18:00:00+1:00",
					  "2026-11-23T18:00:00Zulu",
					  "1969-01-01T00:00:00Z"};
	uint64_t t = 77;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (when_parse(bad[i], NOW, &t))
			fail_msg("\"%s\" passed", bad[i]);
	}
	assert_int_equal(t, 77);
}

static const char *write_spec(const char *text)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/campaign.yaml", dir);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static void a_campaign_file_is_read_with_paths_below_its_folder(void **state)
{
	struct yaml_error error;
	struct spec *spec = NULL;
	char expected[300];

	(void)state;
	if (spec_load(write_spec("id: c1\nvehicle: V\nmanifest: m.bin\nwindow: {start: +0s, end: +2h}\nurgency: high\n"
				 "conditions: [{kind: battery_min_mv, value: 12000}]\n"
				 "targets:\n- {ecu: ecm, serial_number: S1, component: app, rollback: old.hex}\n"
				 "- {ecu: tcu, component: app, rollback: none}\n"),
		      &spec, &error))
		fail_msg("%s", error.text);
	snprintf(expected, sizeof expected, "%s/m.bin", dir);
	assert_string_equal(spec->manifest, expected);
	snprintf(expected, sizeof expected, "%s/old.hex", dir);
	assert_string_equal(spec->targets[0].rollback, expected);
	assert_string_equal(spec->targets[0].serial, "S1");
	assert_string_equal(spec->targets[1].rollback, "none");
	assert_int_equal(spec->conditions[0].value, 12000);
	assert_null(spec_missing(spec));
	spec_free(spec);
}

static void recurring_windows_are_read_from_the_file_and_from_flags(void **state)
{
	static const char *const bad[] = {
	    "days=mon,start=22:00,duration_s=60",
	    "days=monday,start=22:00,duration_s=60,time_zone=UTC",
	    "days=mon,start=24:00,duration_s=60,time_zone=UTC",
	    "days=mon,start=22:60,duration_s=60,time_zone=UTC",
	    "days=mon,start=2200,duration_s=60,time_zone=UTC",
	    "days=mon,start=22:00,duration_s=86401,time_zone=UTC",
	    "days=mon,start=22:00,duration_s=x,time_zone=UTC",
	    "day=mon",
	    "days",
	};
	struct yaml_error error;
	struct spec *spec = NULL;
	struct json json;

	(void)state;
	if (spec_load(write_spec("deadline: +30d\nretry_pause_s: 600\nrecurring:\n"
				 "- {days: [mon, sun], start: '22:00', duration_s: 21600, time_zone: Europe/Berlin}\n"
				 "- {days: [daily], start: '00:05', duration_s: 60, time_zone: UTC}\n"),
		      &spec, &error))
		fail_msg("%s", error.text);
	assert_int_equal(spec->recurring_count, 2);
	assert_int_equal(spec->recurring[0].days, 65);
	assert_int_equal(spec->recurring[1].days, 127);
	assert_string_equal(spec->deadline, "+30d");
	assert_int_equal(spec->retry_pause_s, 600);
	assert_null(spec_add_recurrence(spec, "days=tue+wed,start=09:30,duration_s=3600,time_zone=Asia/Kolkata"));
	assert_null(spec_set_retry_pause(spec, "45"));
	assert_int_equal(spec->retry_pause_s, 45);
	json_init(&json);
	json_object(&json);
	spec_write_recurring(spec, &json);
	json_object_end(&json);
	assert_non_null(strstr(json_text(&json), "{\"days\":65,\"start_minute\":1320,\"duration_s\":21600,"
						 "\"time_zone\":\"Europe/Berlin\"}"));
	assert_non_null(strstr(json_text(&json), "{\"days\":6,\"start_minute\":570,\"duration_s\":3600,"
						 "\"time_zone\":\"Asia/Kolkata\"}"));
	json_deinit(&json);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_non_null(spec_add_recurrence(spec, bad[i]));
	assert_non_null(spec_set_retry_pause(spec, "86401"));
	spec_free(spec);
	assert_int_not_equal(spec_load(write_spec("id: c1\nrecurring:\n"
						  "- {days: [mon], start: '25:00', duration_s: 60, time_zone: UTC}\n"),
				       &spec, &error),
			     0);
	assert_non_null(strstr(error.text, "campaign.yaml:3: recurring[0].start: "));
}

static void consent_that_a_file_does_not_speak_of_is_the_strategys_to_say(void **state)
{
	struct yaml_error error;
	struct spec *spec = NULL;

	(void)state;
	assert_int_equal(spec_load(write_spec("id: c1\n"), &spec, &error), 0);
	assert_false(spec->consent_given);
	spec_free(spec);
	assert_int_equal(spec_load(write_spec("id: c1\nconsent_required: false\n"), &spec, &error), 0);
	assert_true(spec->consent_given);
	assert_false(spec->consent_required);
	spec_free(spec);
}

static void a_manifest_named_by_its_digest_is_no_path(void **state)
{
	static const char digest[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	struct yaml_error error;
	struct spec *spec = NULL;
	char text[200];

	(void)state;
	snprintf(text, sizeof text, "manifest: \"%s\"\n", digest);
	assert_int_equal(spec_load(write_spec(text), &spec, &error), 0);
	assert_string_equal(spec->manifest, digest);
	assert_string_equal(spec_missing(spec), "id");
	spec_free(spec);
}

static void a_wrong_file_is_refused_with_line_and_key(void **state)
{
	struct yaml_error error;
	struct spec *spec = NULL;

	(void)state;
	assert_int_equal(spec_load(write_spec("id: c1\nwindow:\n  start: +0s\n  end: later\n"), &spec, &error), 1);
	assert_non_null(strstr(error.text, "campaign.yaml:4: window.end: \"later\" is no time"));
	assert_int_equal(spec_load(write_spec("id: c1\nurgency: urgent\n"), &spec, &error), 1);
	assert_non_null(strstr(error.text, "campaign.yaml:2: urgency: must be low"));
	assert_int_equal(spec_load(write_spec("conditions:\n- kind: sunshine\n"), &spec, &error), 1);
	assert_non_null(strstr(error.text, "campaign.yaml:2: conditions[0].kind: must be"));
	assert_null(spec);
}

static void flags_make_a_campaign_too(void **state)
{
	struct spec *spec = spec_new();

	(void)state;
	spec_set(&spec->id, "c1");
	spec_set(&spec->vehicle, "V");
	spec_set(&spec->manifest, "m");
	spec_set(&spec->window.start, "+0s");
	spec_set(&spec->window.end, "+1h");
	assert_string_equal(spec_missing(spec), "targets");
	assert_null(spec_add_target(spec, "ecu=ecm,component=app,hardware_id=HW1,serial_number=S,rollback=none"));
	assert_null(spec_missing(spec));
	assert_string_equal(spec->targets[0].hardware_id, "HW1");
	assert_null(spec_add_condition(spec, "battery_min_mv=11800"));
	assert_int_equal(spec->conditions[0].value, 11800);
	assert_string_equal(spec->conditions[0].kind, "battery_min_mv");
	assert_null(spec_add_condition(spec, "standstill"));
	assert_non_null(spec_add_condition(spec, "battery_min_mv=much"));
	assert_non_null(spec_add_target(spec, "ecu=ecm"));
	assert_non_null(spec_add_target(spec, "ecu=ecm,component=app,colour=red"));
	assert_non_null(spec_add_target(spec, "ecm"));
	spec_free(spec);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	char path[300];

	(void)state;
	snprintf(path, sizeof path, "%s/campaign.yaml", dir);
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_from_now_count_in_their_unit),
	    cmocka_unit_test(iso_times_are_utc_or_say_their_offset),
	    cmocka_unit_test(what_is_no_time_is_refused),
	    cmocka_unit_test(a_campaign_file_is_read_with_paths_below_its_folder),
	    cmocka_unit_test(recurring_windows_are_read_from_the_file_and_from_flags),
	    cmocka_unit_test(consent_that_a_file_does_not_speak_of_is_the_strategys_to_say),
	    cmocka_unit_test(a_manifest_named_by_its_digest_is_no_path),
	    cmocka_unit_test(a_wrong_file_is_refused_with_line_and_key),
	    cmocka_unit_test(flags_make_a_campaign_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
