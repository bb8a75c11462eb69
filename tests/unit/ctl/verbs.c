/* gatewayctl: what it asks gatewayd to do, what it says of the answer, and the times that it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake.h"
#include "gatewayd/ctl/model.h"
#include "gatewayd/ctl/when.h"

static int fresh(void **state)
{
	(void)state;
	fake.n_campaigns = 0;
	fake.refusal = NULL;
	fake.asked[0] = '\0';
	fake_appear();
	fake_new_campaign("c1", "waiting");
	return 0;
}

static int gone(void **state)
{
	(void)state;
	fake_vanish();
	return 0;
}

static void has(const char *piece)
{
	if (!strstr(ran.text, piece))
		fail_msg("'%s' is not in:\n%s", piece, ran.text);
}

static void expect(int status, const char *asked, const char *text)
{
	assert_int_equal(ran.status, status);
	assert_string_equal(fake.asked, asked);
	assert_string_equal(ran.text, text);
}

static void each_verb_is_one_call_and_one_line(void **state)
{
	(void)state;
	run("approve", "c1");
	expect(0, "Approve", "c1: approved\n");
	run("--json", "approve", "c1");
	expect(0, "Approve", "{\"campaign\":\"c1\",\"approved\":true}\n");
	run("postpone", "c1", "2031-05-06T07:08:09Z");
	expect(0, "Postpone 1935817689", "c1: postponed until 2031-05-06 07:08:09 UTC\n");
	run("postpone", "c1", "+2h"); /* from the daemon's trusted time on, not from this machine's */
	expect(0, "Postpone 1767232800", "c1: postponed until 2026-01-01 02:00:00 UTC\n");
	run("postpone", "c1", "+1d", "--json");
	expect(0, "Postpone 1767312000", "{\"campaign\":\"c1\",\"postponed_until_unix_s\":1767312000}\n");
	run("decline", "c1");
	expect(0, "Decline ''", "c1: declined\n");
	run("decline", "c1", "not now");
	expect(0, "Decline 'not now'", "c1: declined\n");
	run("cancel", "c1", "workshop", "--json");
	expect(0, "Cancel 'workshop'", "{\"campaign\":\"c1\",\"cancelled\":true}\n");
	run("check-now");
	expect(0, "CheckNow", "the backend is asked for updates now\n");
	run("check-now", "--json");
	expect(0, "CheckNow", "{\"checking\":true}\n");
}

static void a_refusal_is_said_in_words_and_ends_with_1(void **state)
{
	(void)state;
	fake.refusal = "PointOfNoReturn";
	run("cancel", "c1");
	expect(1, "Cancel ''", "gatewayctl: too late: campaign c1: the reason\n");
	fake.refusal = "PostponeLimit";
	run("postpone", "c1", "+2h");
	expect(1, "Postpone 1767232800", "gatewayctl: not possible now: campaign c1: the reason\n");
	fake.refusal = "ManifestNotRead";
	run("approve", "c1");
	expect(1, "Approve", "gatewayctl: not possible now: campaign c1: the reason\n");
	fake.refusal = "RateLimited";
	run("check-now");
	expect(1, "CheckNow", "gatewayctl: not possible now: campaign c1: the reason\n");
	fake.refusal = "Busy";
	run("lock-diagnostics");
	expect(1, "LockDiagnostics", "gatewayctl: not possible now: campaign c1: the reason\n");
	fake.refusal = NULL;
	run("approve", "nope");
	assert_int_equal(ran.status, 1);
	assert_string_equal(ran.text, "gatewayctl: there is no campaign 'nope'\n");
}

static void why_is_a_table_with_readable_times_and_json_with_all(void **state)
{
	(void)state;
	run("why", "c1");
	assert_int_equal(ran.status, 0);
	assert_string_equal(
	    ran.text,
	    "c1: waits: the ignition is on\n"
	    "\n"
	    "CONDITION            ECU   HOLDS  WANTED                        IS                       WAITS FOR\n"
	    "window-start         -     yes    from 2026-01-01 00:00:00 UTC  2026-01-01 00:00:01 UTC  -\n"
	    "component-condition  lamp  no     ignition off                  on                       the "
	    "ignition is on\n");
	run("why", "c1", "--json");
	assert_int_equal(ran.status, 0);
	has("{\"campaign\":\"c1\",\"summary\":\"waits: the ignition is on\",\"conditions\":[{\"name\":\"window-start\","
	    "\"ecu\":\"\",\"wanted\":\"from unix 1767225600\",\"value\":\"unix 1767225601\",\"holds\":\"yes\","
	    "\"code\":\"OK\",\"waits_for\":\"\"},{\"name\":\"component-condition\",\"ecu\":\"lamp\"");
}

static void interrupt(void)
{
	kill(ran.pid, SIGINT);
}

static void a_lock_is_held_until_it_is_interrupted(void **state)
{
	(void)state;
	const struct fake_step steps[] = {{"yours until this ends", interrupt}, {NULL, NULL}};

	run_steps(steps, false, (const char *const[]){"gatewayctl", "lock-diagnostics", NULL});
	assert_int_equal(ran.status, 0);
	assert_string_equal(fake.asked, "LockDiagnostics");
}

static void a_lock_ends_with_the_daemon(void **state)
{
	(void)state;
	const struct fake_step steps[] = {{"{\"locked\":true}\n", fake_vanish}, {NULL, NULL}};

	run_steps(steps, false, (const char *const[]){"gatewayctl", "--json", "lock-diagnostics", NULL});
	assert_int_equal(ran.status, 3);
	has("gatewayctl: gatewayd has gone, and the lock with it\n");
}

static void the_texts_are_shown_in_the_readers_language(void **state)
{
	(void)state;
	static const struct {
		const char *lang, *title;
	} rows[] = {{"de_AT.UTF-8", "title             Licht\n"},
		    {"pt_PT", "title             Luz\n"},
		    {"fr_FR.UTF-8", "title             Light\n"},
		    {"C", "title             Light\n"}};

	unsetenv("LC_ALL");
	unsetenv("LC_MESSAGES");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setenv("LANG", rows[i].lang, 1);
		run("show", "c1");
		assert_int_equal(ran.status, 0);
		has(rows[i].title);
	}
	has("not working       exterior lamps\n"
	    "                  horn\n");
	has("about             New?lamps\n"); /* what a terminal would obey is not written to it */
	run("show", "c1", "--json");
	has("\"language\":\"en\",\"title\":\"Light\",\"body\":\"New?lamps\",\"functions_lost\":[\"exterior "
	    "lamps\",\"horn\"]");
	setenv("LC_ALL", "de_DE", 1);
	run("show", "c1");
	has("title             Licht\n");
	unsetenv("LC_ALL");
}

static void the_region_counts_less_than_the_language_and_english_more_than_none(void **state)
{
	(void)state;
	assert_int_equal(model_language("de_DE.UTF-8", "de-DE"), 3);
	assert_int_equal(model_language("de_DE.UTF-8", "DE-de"), 3);
	assert_int_equal(model_language("de_AT", "de"), 2);
	assert_int_equal(model_language("de", "de-CH"), 2);
	assert_int_equal(model_language("de_AT@euro", "de-AT"), 3);
	assert_int_equal(model_language("de", "den"), 0);
	assert_int_equal(model_language("den", "de"), 0);
	assert_int_equal(model_language("", "en-GB"), 1);
	assert_int_equal(model_language("C", "de"), 0);
	assert_int_equal(model_language(NULL, "en"), 1);
	assert_int_equal(model_language("", "enm"), 0);
}

static void times_are_taken_as_people_write_them(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t unix_s; /* 0: refused */
	} rows[] = {
	    {"+90s", 1000090},
	    {"+30m", 1001800},
	    {"+2h", 1007200},
	    {"+3d", 1259200},
	    {"+0s", 1000000},
	    {"1970-01-12T13:46:40Z", 1000000},
	    {"1970-01-12T13:46Z", 999960},
	    {"1970-01-12T14:46:40+01:00", 1000000},
	    {"1970-01-12T08:16:40-0530", 1000000},
	    {"1970-01-12T15:46:40", 1000000}, /* of the zone set below */
	    {"2024-02-29T00:00Z", 1709164800},
	    {"2023-02-29T00:00Z", 0},
	    {"2024-13-01T00:00Z", 0},
	    {"2024-01-01T25:00Z", 0},
	    {"2024-01-01", 0},
	    {"2024-01-01T00:00X", 0},
	    {"2024-01-01T00:00+1", 0},
	    {"+", 0},
	    {"+2", 0},
	    {"+-2h", 0},
	    {"+2hours", 0},
	    {"+99999d", 0},
	    {"+99999999999999999999s", 0},
	    {"2h", 0},
	    {"", 0},
	    {"1960-01-01T00:00Z", 0},
	};

	setenv("TZ", "EET-2", 1);
	tzset();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t unix_s = 0;
		bool taken = when_parse(rows[i].text, 1000000, &unix_s);

		if (taken != (rows[i].unix_s != 0) || unix_s != rows[i].unix_s)
			fail_msg("%s: %d, %llu", rows[i].text, taken, (unsigned long long)unix_s);
	}
	unsetenv("TZ");
	run("postpone", "c1", "tomorrow");
	assert_int_equal(ran.status, 2);
	has("gatewayctl: postpone takes +2h, +3d or 2026-12-01T05:00, not 'tomorrow'\n");
	for (size_t i = 0; i < 4; i++) {
		static const char *const durations[] = {"-5m", "-1", "+0h", "-2d"};
		char words[160];

		if (i == 3)
			run("postpone", "--json", "c1", durations[i]);
		else
			run("postpone", "c1", durations[i]);
		assert_int_equal(ran.status, 2);
		snprintf(words, sizeof(words), "gatewayctl: a duration must be positive, as +2h or +3d, not '%s'\n",
			 durations[i]);
		has(words);
	}
	run("postpone", "c1");
	assert_int_equal(ran.status, 2);
	has("postpone needs the name of a campaign, and until when");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_verb_is_one_call_and_one_line, fresh, gone),
	    cmocka_unit_test_setup_teardown(a_refusal_is_said_in_words_and_ends_with_1, fresh, gone),
	    cmocka_unit_test_setup_teardown(why_is_a_table_with_readable_times_and_json_with_all, fresh, gone),
	    cmocka_unit_test_setup_teardown(a_lock_is_held_until_it_is_interrupted, fresh, gone),
	    cmocka_unit_test_setup_teardown(a_lock_ends_with_the_daemon, fresh, gone),
	    cmocka_unit_test_setup_teardown(the_texts_are_shown_in_the_readers_language, fresh, gone),
	    cmocka_unit_test(the_region_counts_less_than_the_language_and_english_more_than_none),
	    cmocka_unit_test_setup_teardown(times_are_taken_as_people_write_them, fresh, gone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fake_start_bus, fake_stop_bus);
}
