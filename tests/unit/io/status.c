/* status: the line that a person reads in `systemctl status`. */
#include "rig.h"

#include "gatewayd/io/status.h"

static struct status status;
static char out[STATUS_BYTES];

static int setup(void **state)
{
	(void)state;
	status = (struct status){.connected = true, .n_known = 2, .n_configured = 2};
	return 0;
}

static void flashes(uint8_t n)
{
	static const char *const names[] = {"door", "lamp", "seat", "roof"};

	status.campaign = "demo-1";
	status.state = CAMPAIGN_INSTALLING;
	status.text = "its ECUs are flashed";
	status.n_ecus = n;
	for (uint8_t i = 0; i < n; i++)
		status.ecus[i] = (struct status_ecu){.name = names[i], .step = "session"};
	status.ecus[0] = (struct status_ecu){.name = "door",
					     .step = "transfer",
					     .begun = true,
					     .erased = true,
					     .bytes_done = 47000,
					     .bytes_total = 100000,
					     .bytes_per_s = 28700,
					     .left_known = true,
					     .left_s = 5};
}

static void waits(enum campaign_state state, const char *text)
{
	status.campaign = "demo-1";
	status.state = state;
	status.text = text;
}

#define EXPECT(words) assert_string_equal(status_text(&status, out), words)

static void a_gateway_without_work_says_with_whom_it_is_connected(void **state)
{
	(void)state;
	EXPECT("idle; backend connected; 2 ECUs known");
	status.n_known = status.n_configured = 1;
	EXPECT("idle; backend connected; 1 ECU known");
	status.n_known = 0;
	status.connected = false;
	EXPECT("idle; backend being connected; 0 of 1 ECUs known");
	status.offline = "the backend is not reachable";
	EXPECT("idle; not connected: the backend is not reachable; 0 of 1 ECUs known");
}

static void a_flash_says_ecu_step_and_progress(void **state)
{
	(void)state;
	flashes(1);
	EXPECT("flashing door: transfer, 47 %, 28.7 kB/s, 0:05 left; campaign demo-1");
	status.ecus[0] = (struct status_ecu){.name = "door", .step = "check_memory", .begun = true};
	EXPECT("flashing door: check memory; campaign demo-1");
}

static void ecus_whose_turn_is_to_come_stand_behind(void **state)
{
	(void)state;
	flashes(2);
	EXPECT("flashing door: transfer, 47 %, 28.7 kB/s, 0:05 left; then lamp; campaign demo-1");
	flashes(4);
	EXPECT("flashing door: transfer, 47 %, 28.7 kB/s, 0:05 left; then 3 more; campaign demo-1");
	status.ecus[0].begun = false;
	status.ecus[0].bytes_done = 0;
	status.ecus[0].bytes_per_s = 0;
	status.ecus[0].left_known = false;
	EXPECT("flashing door: transfer; then 3 more; campaign demo-1");
}

static void of_many_at_once_two_are_shown(void **state)
{
	(void)state;
	flashes(4);
	for (uint8_t i = 1; i < 4; i++)
		status.ecus[i].begun = true;
	EXPECT("flashing door: transfer, 47 %, 28.7 kB/s, 0:05 left; lamp: session; and 2 more; campaign demo-1");
}

static void a_campaign_that_waits_says_for_what(void **state)
{
	(void)state;
	waits(CAMPAIGN_WAITING, "ignition is on");
	EXPECT("campaign demo-1 waits: ignition is on; backend connected");
	waits(CAMPAIGN_WAITING, "waiting for the agreed time");
	EXPECT("campaign demo-1 waits for the agreed time; backend connected");
	waits(CAMPAIGN_VERIFYING, "its ECUs are asked who they are now");
	status.connected = false;
	status.offline = "the TLS session failed";
	EXPECT("campaign demo-1: its ECUs are asked who they are now; not connected: the TLS session failed");
}

static void a_download_says_how_far_it_is(void **state)
{
	(void)state;
	waits(CAMPAIGN_DOWNLOADING, "its files are fetched");
	EXPECT("campaign demo-1: its files are fetched; backend connected");
	status.bytes_held = 123000;
	status.bytes_total = 359424;
	EXPECT("downloading campaign demo-1: 34 % of 351 KiB; backend connected");
}

static void stopping_says_for_whose_sake_it_goes_on(void **state)
{
	(void)state;
	status.stopping = true;
	EXPECT("stopping");
	flashes(2);
	EXPECT("stopping once ECU door is verified (it is erased): transfer, 47 %, 28.7 kB/s, 0:05 left");
	status.ecus[1].erased = true;
	EXPECT("stopping once ECU door is verified (it is erased): transfer, 47 %, 28.7 kB/s, 0:05 left; and 1 more");
	status.ecus[0].erased = status.ecus[1].erased = false;
	EXPECT("stopping: the buses are made as they were before");
}

static void a_database_that_hangs_comes_first(void **state)
{
	(void)state;
	status.stalled = true;
	EXPECT(
	    "the database does not come back from writing, nothing new begins; idle; backend connected; 2 ECUs known");
}

static void text_of_others_begins_no_variable_of_its_own_and_is_cut(void **state)
{
	(void)state;
	char text[2 * STATUS_BYTES];

	waits(CAMPAIGN_WAITING, "no\nWATCHDOG=trigger");
	assert_null(strchr(status_text(&status, out), '\n'));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	waits(CAMPAIGN_WAITING, text);
	assert_int_equal(strlen(status_text(&status, out)), STATUS_BYTES - 1);
}

static void the_values_are_those_of_the_campaign_that_is_flashed(void **state)
{
	(void)state;
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	struct status_rates *rates = calloc(1, sizeof(*rates));
	struct campaign *c = &gateway->campaigns[3];

	gateway->config.n_ecus = 2;
	gateway->ecus[0].known = true;
	gateway->session.state = SESSION_UP;
	gateway->flashing = true;
	gateway->campaigns[1].state = CAMPAIGN_VERIFYING;
	c->state = CAMPAIGN_INSTALLING;
	snprintf(c->doc.id, sizeof(c->doc.id), "c");
	c->n_targets = 2;
	snprintf(c->targets[1].doc.ecu, sizeof(c->targets[1].doc.ecu), "door");
	c->targets[1].running = c->targets[1].erased = true;
	c->targets[1].step = FLASH_STEP_TRANSFER;
	c->targets[1].bytes_total = 40000;
	for (unsigned s = 1; s <= 3; s++) {
		c->targets[1].bytes_done = s * 10000;
		status_of(gateway, rates, s * 1000000u, &status);
	}
	assert_int_equal(status.n_ecus, 1);
	assert_int_equal(status.n_known, 1);
	EXPECT("flashing door: transfer, 75 %, 10.0 kB/s, 0:01 left; campaign c");
	free(rates);
	free(gateway);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_gateway_without_work_says_with_whom_it_is_connected, setup),
	    cmocka_unit_test_setup(a_flash_says_ecu_step_and_progress, setup),
	    cmocka_unit_test_setup(ecus_whose_turn_is_to_come_stand_behind, setup),
	    cmocka_unit_test_setup(of_many_at_once_two_are_shown, setup),
	    cmocka_unit_test_setup(a_campaign_that_waits_says_for_what, setup),
	    cmocka_unit_test_setup(a_download_says_how_far_it_is, setup),
	    cmocka_unit_test_setup(stopping_says_for_whose_sake_it_goes_on, setup),
	    cmocka_unit_test_setup(a_database_that_hangs_comes_first, setup),
	    cmocka_unit_test_setup(text_of_others_begins_no_variable_of_its_own_and_is_cut, setup),
	    cmocka_unit_test_setup(the_values_are_those_of_the_campaign_that_is_flashed, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
