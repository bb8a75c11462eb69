#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake.h"

static int fresh(void **state)
{
	(void)state;
	fake.n_campaigns = 0;
	fake.refuse_consent = false;
	fake_appear();
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

static void lacks(const char *piece)
{
	if (strstr(ran.text, piece))
		fail_msg("'%s' is in:\n%s", piece, ran.text);
}

static void status_shows_vehicle_ecus_and_campaigns(void **state)
{
	(void)state;
	fake_new_campaign("spring 1", "waiting");
	snprintf(fake.campaigns[0].text, sizeof(fake.campaigns[0].text), "%s", "waiting for the window");
	run("status");
	assert_int_equal(ran.status, 0);
	has("vehicle           VIN-1\n");
	has("speed             unknown\n");
	has("battery           12.60 V\n");
	has("trusted time      2026-01-01 00:00:00 UTC\n");
	has("director version  3\n");
	has("pending reports   4\n");
	has("lamp  Bus  yes      HardwareId  SerialNumber  BootVersion  ApplicationVersion  DataVersion\n");
	has("spring 1  waiting  accept  -      -     -            waiting for the window\n");
}

static void status_json_is_one_document_with_null_for_unknown(void **state)
{
	(void)state;
	fake_new_campaign("c1", "ready");
	run("status", "--json");
	assert_int_equal(ran.status, 0);
	has("{\"vehicle_id\":\"VIN-1\",\"version\":\"9.8.7\",\"session\":\"up\",\"ignition\":\"off\","
	    "\"speed_kmh\":null,\"battery_mv\":12600,\"trusted_unix_s\":1767225600,\"director_version\":3,"
	    "\"pending_reports\":4,\"diagnostics_locked\":false,\"ecus\":[{\"name\":\"lamp\",\"bus\":\"Bus\","
	    "\"present\":true,"
	    "\"hardware_id\":\"HardwareId\"");
	has("\"campaigns\":[{\"id\":\"c1\",\"state\":\"ready\",\"code\":\"OK\"");
	assert_ptr_equal(strchr(ran.text, '\n'), ran.text + ran.n - 1);
}

static void the_address_may_be_given(void **state)
{
	(void)state;
	run("--address", fake.address, "ecus");
	assert_int_equal(ran.status, 0);
	has("lamp");
	run("--address", "unix:path=/nonexistent/bus", "ecus");
	assert_int_equal(ran.status, 3);
	has("gatewayctl: cannot reach the bus at unix:path=/nonexistent/bus: No such file or directory\n");
	run("--address", "nonsense", "ecus");
	assert_int_equal(ran.status, 3);
	has("gatewayctl: --address nonsense: not a D-Bus address");
}

static void show_tells_each_ecu_with_its_rate(void **state)
{
	struct fake_campaign *c = fake_new_campaign("c1", "done");

	(void)state;
	snprintf(c->ecu_state, sizeof(c->ecu_state), "%s", "verified");
	snprintf(c->new_version, sizeof(c->new_version), "%s", "lamp-2.0");
	c->done = c->size;
	c->duration_ms = 4500;
	c->transfer_ms = 2000;
	c->estimate_ms = 5200;
	run("show", "c1");
	assert_int_equal(ran.status, 0);
	has("lamp  verified  lamp-1.0     lamp-2.0     100 %  100000  5.2        4.5      50.0  -\n");
	run("show", "c1", "--json");
	assert_int_equal(ran.status, 0);
	has("\"targets\":[{\"ecu\":\"lamp\",\"state\":\"verified\",\"step\":\"\",\"bytes_done\":100000,"
	    "\"bytes_total\":100000,\"code\":\"OK\",\"text\":\"\",\"old_version\":\"lamp-1.0\","
	    "\"new_version\":\"lamp-2.0\",\"payload_bytes\":100000,\"duration_ms\":4500,\"transfer_ms\":2000,"
	    "\"estimate_ms\":5200,\"evidence\":\"self_reported\"}]}");
}

static void an_unknown_campaign_is_said_to_be_unknown(void **state)
{
	(void)state;
	run("show", "nope");
	assert_int_equal(ran.status, 1);
	assert_string_equal(ran.text, "gatewayctl: there is no campaign 'nope'\n");
	run("consent", "nope", "yes");
	assert_int_equal(ran.status, 1);
	assert_string_equal(ran.text, "gatewayctl: there is no campaign 'nope'\n");
}

static void consent_is_given_taken_back_and_refused_in_words(void **state)
{
	struct fake_campaign *c = fake_new_campaign("a/b", "waiting");

	(void)state;
	run("consent", "a/b", "yes");
	assert_int_equal(ran.status, 0);
	assert_int_equal(c->consent, 1);
	run("consent", "a/b", "no", "--json");
	assert_string_equal(ran.text, "{\"campaign\":\"a/b\",\"consent\":false}\n");
	assert_int_equal(c->consent, 0);
	fake.refuse_consent = true;
	run("consent", "a/b", "yes");
	assert_int_equal(ran.status, 1);
	assert_string_equal(ran.text, "gatewayctl: not possible now: campaign a/b: it is installing\n");
	assert_int_equal(c->consent, 0);
}

static void a_daemon_that_is_not_there_is_said_so(void **state)
{
	(void)state;
	fake_vanish();
	run("status");
	assert_int_equal(ran.status, 3);
	has("gatewayctl: gatewayd is not on this bus (org.gateway.Update1 has no owner): is the service running?");
	run("watch");
	assert_int_equal(ran.status, 3);
	has("is the service running?");
}

static void wrong_usage_is_named(void **state)
{
	(void)state;
	run("consent", "c1", "maybe");
	assert_int_equal(ran.status, 2);
	has("consent takes yes or no, not 'maybe'");
	run("watch", "--until", "finished");
	assert_int_equal(ran.status, 2);
	has("there is no state 'finished'; there are: offered,");
	run("flash");
	assert_int_equal(ran.status, 2);
	has("there is no command 'flash'");
	run("show");
	assert_int_equal(ran.status, 2);
	has("show needs the name of a campaign");
	run("watch", "--patience", "-1");
	assert_int_equal(ran.status, 2);
	has("--patience takes 0 to 86400 seconds");
	run("--help");
	assert_int_equal(ran.status, 0);
	has("Exit status:");
}

/* --- watch; each step happens when the one before was seen by gatewayctl */

static void offer(void)
{
	fake_announce(fake_new_campaign("c1", "offered"), true);
}

static void download(void)
{
	fake.campaigns[0].total = 1000;
	fake_set_state(&fake.campaigns[0], "downloading");
}

static void download_half(void)
{
	fake.campaigns[0].held = 500;
	fake_changed(&fake.campaigns[0]);
}

static void install(void)
{
	snprintf(fake.campaigns[0].ecu_state, sizeof(fake.campaigns[0].ecu_state), "%s", "flashing");
	snprintf(fake.campaigns[0].step, sizeof(fake.campaigns[0].step), "%s", "transfer");
	fake_set_state(&fake.campaigns[0], "installing");
}

static void flash_30(void)
{
	fake.campaigns[0].done = 30000;
	fake_changed(&fake.campaigns[0]);
}

static void flash_60(void)
{
	fake.campaigns[0].done = 60000;
	fake_changed(&fake.campaigns[0]);
}

static void verified(void)
{
	snprintf(fake.campaigns[0].ecu_state, sizeof(fake.campaigns[0].ecu_state), "%s", "verified");
	snprintf(fake.campaigns[0].new_version, sizeof(fake.campaigns[0].new_version), "%s", "lamp-2.0");
	fake.campaigns[0].done = 100000;
	fake_changed(&fake.campaigns[0]);
}

static void done(void)
{
	fake_set_state(&fake.campaigns[0], "done");
}

static void fail_it(void)
{
	snprintf(fake.campaigns[0].text, sizeof(fake.campaigns[0].text), "%s", "lamp: erase: no answer");
	fake_set_state(&fake.campaigns[0], "failed");
}

static void take_away(void)
{
	struct fake_campaign c = fake.campaigns[0];

	fake.n_campaigns = 0;
	fake_announce(&c, false);
}

static void interrupt(void)
{
	kill(ran.pid, SIGINT);
}

static void watch_tells_each_phase_and_tenth_and_ends_well(void **state)
{
	static const struct fake_step steps[] = {
	    {"not offered yet; waiting for it", offer},
	    {"c1: offered\n", download},
	    {"c1: downloading\n", download_half},
	    {"c1: download: 50 %", install},
	    {"c1: lamp: flashing\n", flash_30},
	    {"c1: lamp: 30 %", flash_60},
	    {"c1: lamp: 60 %", verified},
	    {"c1: lamp: verified (version lamp-2.0)\n", done},
	    {NULL, NULL},
	};

	(void)state;
	follow(steps, false, "c1");
	assert_int_equal(ran.status, 0);
	has("c1: done\n");
	has("kB/s");
	lacks("\033[");
}

static void watch_draws_a_bar_on_a_terminal(void **state)
{
	static const struct fake_step steps[] = {
	    {"c1: lamp: flashing", flash_30},
	    {" 30 %", flash_60},
	    {" 60 %", verified},
	    {"verified", done},
	    {NULL, NULL},
	};

	(void)state;
	offer();
	install();
	follow(steps, true, "c1");
	assert_int_equal(ran.status, 0);
	has("  lamp       [##############----------]  60 %");
	has("\033[1A\033[J");
}

static void watch_ends_with_1_when_the_campaign_fails(void **state)
{
	static const struct fake_step steps[] = {{"c1: installing", fail_it}, {NULL, NULL}};

	(void)state;
	offer();
	install();
	follow(steps, false, "c1");
	assert_int_equal(ran.status, 1);
	has("c1: failed: lamp: erase: no answer\n");
}

static void watch_ends_at_once_when_the_campaign_has_ended(void **state)
{
	(void)state;
	fake_new_campaign("c1", "done");
	fake_new_campaign("c2", "rolled_back");
	follow(NULL, false, "c1");
	assert_int_equal(ran.status, 0);
	follow(NULL, false, "c2");
	assert_int_equal(ran.status, 1);
	follow(NULL, false, "c2", "--until", "rolled_back");
	assert_int_equal(ran.status, 0);
}

static void watch_until_ends_when_the_state_is_passed(void **state)
{
	static const struct fake_step steps[] = {{"c1: downloading", install}, {NULL, NULL}};

	(void)state;
	fake_new_campaign("c1", "downloading");
	follow(steps, false, "c1", "--until", "ready");
	assert_int_equal(ran.status, 0);
	has("c1: installing\n");
}

static void watch_without_a_name_waits_for_the_next_campaign(void **state)
{
	static const struct fake_step steps[] = {
	    {"no campaign is under way; waiting for one", offer}, {"c1: offered", done}, {NULL, NULL}};

	(void)state;
	follow(steps, false, NULL);
	assert_int_equal(ran.status, 0);
	has("c1: done\n");
}

static void watch_ends_with_1_when_the_campaign_is_taken_away(void **state)
{
	static const struct fake_step steps[] = {{"c1: offered", take_away}, {NULL, NULL}};

	(void)state;
	fake_new_campaign("c1", "offered");
	follow(steps, false, "c1");
	assert_int_equal(ran.status, 1);
	has("c1: not shown by gatewayd any more\n");
}

static void change_while_away(void)
{
	snprintf(fake.campaigns[0].state, sizeof(fake.campaigns[0].state), "%s", "verifying");
	fake_appear();
}

static void watch_survives_a_restart_of_the_daemon(void **state)
{
	static const struct fake_step steps[] = {
	    {"c1: installing", fake_vanish},
	    {"gatewayd is gone; waiting for it to come back", change_while_away},
	    {"gatewayd is back", done},
	    {NULL, NULL},
	};

	(void)state;
	fake_new_campaign("c1", "installing");
	follow(steps, false, "c1");
	assert_int_equal(ran.status, 0);
	has("c1: verifying\n");
	has("c1: done\n");
}

static void watch_gives_up_on_a_daemon_that_stays_away(void **state)
{
	static const struct fake_step steps[] = {{"c1: installing", fake_vanish}, {NULL, NULL}};

	(void)state;
	fake_new_campaign("c1", "installing");
	follow(steps, false, "c1", "--patience", "1");
	assert_int_equal(ran.status, 3);
	has("gatewayctl: gatewayd has been gone for 1 s\n");
}

static void an_interrupt_ends_watch_cleanly(void **state)
{
	static const struct fake_step steps[] = {{"c1: installing", interrupt}, {NULL, NULL}};

	(void)state;
	fake_new_campaign("c1", "installing");
	follow(steps, false, "c1");
	assert_int_equal(ran.status, 130);
}

static void watch_json_is_a_line_a_change(void **state)
{
	static const struct fake_step steps[] = {
	    {"{\"event\":\"waiting\"", offer},
	    {"\"state\":\"offered\"", fake_vanish},
	    {"{\"event\":\"daemon-gone\"", change_while_away},
	    {"{\"event\":\"daemon-back\"", done},
	    {NULL, NULL},
	};
	unsigned n = 0;

	(void)state;
	follow(steps, false, "c1", "--json");
	assert_int_equal(ran.status, 0);
	for (char *line = strtok(ran.text, "\n"); line; line = strtok(NULL, "\n")) {
		assert_int_equal(strncmp(line, "{\"event\":\"", 10), 0);
		assert_int_equal(line[strlen(line) - 1], '}');
		n++;
	}
	assert_int_equal(n, 6);
}

#define on_fresh(test) cmocka_unit_test_setup_teardown(test, fresh, gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    on_fresh(status_shows_vehicle_ecus_and_campaigns),
	    on_fresh(status_json_is_one_document_with_null_for_unknown),
	    on_fresh(the_address_may_be_given),
	    on_fresh(show_tells_each_ecu_with_its_rate),
	    on_fresh(an_unknown_campaign_is_said_to_be_unknown),
	    on_fresh(consent_is_given_taken_back_and_refused_in_words),
	    on_fresh(a_daemon_that_is_not_there_is_said_so),
	    on_fresh(wrong_usage_is_named),
	    on_fresh(watch_tells_each_phase_and_tenth_and_ends_well),
	    on_fresh(watch_draws_a_bar_on_a_terminal),
	    on_fresh(watch_ends_with_1_when_the_campaign_fails),
	    on_fresh(watch_ends_at_once_when_the_campaign_has_ended),
	    on_fresh(watch_until_ends_when_the_state_is_passed),
	    on_fresh(watch_without_a_name_waits_for_the_next_campaign),
	    on_fresh(watch_ends_with_1_when_the_campaign_is_taken_away),
	    on_fresh(watch_survives_a_restart_of_the_daemon),
	    on_fresh(watch_gives_up_on_a_daemon_that_stays_away),
	    on_fresh(an_interrupt_ends_watch_cleanly),
	    on_fresh(watch_json_is_a_line_a_change),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fake_start_bus, fake_stop_bus);
}
