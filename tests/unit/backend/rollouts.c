#include "tests/unit/backend/rig.h"

#include "sim/oem_backend/ledger.h"
#include "sim/oem_backend/rollout_run.h"

#define TARGETS "\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\",\"component\":\"ecm-app\"}]"
#define DONE    GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE
#define FAILED  GU__CAMPAIGN_STATE__CAMPAIGN_STATE_FAILED

static uint64_t sequence;

/* ten vehicles V0..V9, @rules with a comma before */
static char *create(const char *id, const char *waves, const char *rules)
{
	char hex[HEX_BYTES];

	return ask("{\"command\":\"rollout-create\",\"id\":\"%s\",\"manifest\":\"%s\",\"start_after_s\":0,"
		   "\"end_after_s\":7200," TARGETS ",\"vehicles\":[\"V0\",\"V1\",\"V2\",\"V3\",\"V4\",\"V5\",\"V6\","
		   "\"V7\",\"V8\",\"V9\"],\"waves\":\"%s\"%s}",
		   id, hex_of(manifest_ref.sha256, hex), waves, rules);
}

/* the vehicle says what became of its campaign */
static void say(const char *vehicle, const char *campaign, int campaign_state, unsigned code)
{
	Gu__Report report = GU__REPORT__INIT;
	uint8_t queue[] = {7};
	char id[65];
	uint64_t applied;

	snprintf(id, sizeof id, "%s", campaign);
	report.sequence = ++sequence;
	report.queue_id = (ProtobufCBinaryData){1, queue};
	report.campaign_id = id;
	report.campaign_state = (Gu__CampaignState)campaign_state;
	report.code = code;
	assert_int_equal(ledger_report(&backend.store, vehicle, &report, backend_now_s(), &applied), 0);
	rollout_round(&backend);
}

static unsigned campaigns(void)
{
	uint64_t n;

	assert_int_equal(store_uint(&backend.store, &n, "SELECT count(*) FROM campaign WHERE removed IS NULL", ""), 1);
	return (unsigned)n;
}

static void show(const char *id, const char *part)
{
	expect_in(ask("{\"command\":\"rollout-show\",\"id\":\"%s\"}", id), part);
}

static void a_wave_follows_the_one_before_when_that_is_verified(void **state)
{
	(void)state;
	expect_in(create("r", "1,30%,rest", ""), "\"vehicles\":10,\"waves\":[1,3,6]");
	rollout_round(&backend);
	assert_int_equal(campaigns(), 1);
	say("V0", "r.V0", DONE, 0);
	assert_int_equal(campaigns(), 4);
	say("V1", "r.V1", DONE, 0);
	say("V2", "r.V2", DONE, 0);
	assert_int_equal(campaigns(), 4);
	say("V3", "r.V3", DONE, 0);
	assert_int_equal(campaigns(), 10);
	for (char vehicle[] = "V4", campaign[] = "r.V4"; vehicle[1] <= '9'; vehicle[1]++, campaign[3]++)
		say(vehicle, campaign, DONE, 0);
	show("r", "\"state\":\"done\",\"over\":true");
}

static void failures_above_the_threshold_stop_it_and_what_no_vehicle_touched_is_taken_back(void **state)
{
	(void)state;
	free(create("r", "4,rest", ",\"error_threshold\":25"));
	rollout_round(&backend);
	assert_int_equal(campaigns(), 4);
	say("V0", "r.V0", GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING, 0);
	say("V1", "r.V1", FAILED, 7);
	show("r", "\"state\":\"running\""); /* 25 % are not above 25 % */
	say("V2", "r.V2", GU__CAMPAIGN_STATE__CAMPAIGN_STATE_ROLLED_BACK, 7);
	show("r",
	     "\"state\":\"stopped\",\"over\":false,\"why\":\"2 of the 4 vehicles of wave 1 failed, more than 25 %");
	show("r", "{\"vehicle\":\"V1\",\"wave\":1,\"campaign\":\"r.V1\",\"result\":\"failed\",\"why\":\"7 ");
	/* V3 was offered only: it is taken back; V0 has begun and goes on to its end */
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"r.V3\"}"), "\"removed\":\"cancelled\"");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"r.V0\"}"), "\"removed\":\"\"");
	say("V0", "r.V0", DONE, 0);
	assert_int_equal(campaigns(), 3);
}

static void a_stopped_one_goes_on_only_above_the_failures_and_gives_back_what_was_taken(void **state)
{
	(void)state;
	free(create("r", "4,rest", ""));
	rollout_round(&backend);
	say("V1", "r.V1", FAILED, 7);
	expect_in(ask("{\"command\":\"rollout-resume\",\"id\":\"r\"}"), "it would stop again at once");
	expect_in(ask("{\"command\":\"rollout-resume\",\"id\":\"r\",\"error_threshold\":25}"), "\"state\":\"running\"");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"r.V0.2\"}"), "\"state\":\"queued\"");
	say("V0", "r.V0.2", DONE, 0);
	say("V2", "r.V2.2", DONE, 0);
	say("V3", "r.V3.2", DONE, 0);
	show("r", "\"wave\":2,\"state\":\"running\",\"vehicles\":6,\"waiting\":0,\"open\":6");
}

static void a_vehicle_that_went_on_before_the_word_came_keeps_its_campaign(void **state)
{
	(void)state;
	free(create("r", "4,rest", ""));
	rollout_round(&backend);
	say("V1", "r.V1", FAILED, 7);
	say("V0", "r.V0", DONE, 0); /* it was out of reach when it was taken back */
	expect_in(ask("{\"command\":\"rollout-resume\",\"id\":\"r\",\"error_threshold\":50}"), "\"ok\":true");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"r.V0.2\"}"), "there is no campaign");
	show("r", "\"waiting\":0,\"open\":2,\"done\":1,\"failed\":1");
}

static void a_restart_in_the_middle_of_a_wave_loses_and_repeats_nothing(void **state)
{
	(void)state;
	free(create("r", "4,rest", ",\"soak_s\":1"));
	rollout_round(&backend);
	say("V0", "r.V0", DONE, 0);
	say("V1", "r.V1", DONE, 0);
	stop();
	assert_int_equal(start(), 0);
	rollout_round(&backend);
	assert_int_equal(campaigns(), 4);
	say("V2", "r.V2", DONE, 0);
	stop();
	assert_int_equal(start(), 0);
	say("V3", "r.V3", DONE, 0);
	assert_int_equal(campaigns(), 4); /* the second between the waves is not over */
	stop();
	assert_int_equal(start(), 0);
	/* the backend's own timer goes on */
	for (unsigned i = 0; i < 500 && campaigns() < 10; i++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(campaigns(), 10);
}

static void a_stop_that_was_cut_off_after_its_commit_is_completed(void **state)
{
	(void)state;
	free(create("r", "4,rest", ""));
	rollout_round(&backend);
	assert_int_equal(rollout_end(&backend, "r", 3, "stopped for the test"), 0);
	assert_int_equal(campaigns(), 4); /* decided, and not carried out yet */
	stop();
	assert_int_equal(start(), 0);
	rollout_round(&backend);
	assert_int_equal(campaigns(), 0);
	show("r", "\"state\":\"stopped\"");
}

static void while_paused_no_vehicle_gets_its_campaign_and_those_offered_go_on(void **state)
{
	(void)state;
	free(create("r", "1,rest", ""));
	rollout_round(&backend);
	expect_in(ask("{\"command\":\"rollout-pause\",\"id\":\"r\"}"), "\"state\":\"paused\"");
	say("V0", "r.V0", DONE, 0);
	assert_int_equal(campaigns(), 1);
	expect_in(ask("{\"command\":\"rollout-pause\",\"id\":\"r\"}"), "is paused, not running");
	expect_in(ask("{\"command\":\"rollout-resume\",\"id\":\"r\"}"), "\"state\":\"running\"");
	assert_int_equal(campaigns(), 10);
}

static void a_cancelled_one_takes_back_and_is_over_for_good(void **state)
{
	(void)state;
	free(create("r", "rest", ""));
	rollout_round(&backend);
	assert_int_equal(campaigns(), 10);
	expect_in(ask("{\"command\":\"rollout-cancel\",\"id\":\"r\"}"), "\"state\":\"cancelled\"");
	assert_int_equal(campaigns(), 0);
	expect_in(ask("{\"command\":\"rollout-resume\",\"id\":\"r\"}"), "one that is paused or stopped can be resumed");
	expect_in(ask("{\"command\":\"rollout-cancel\",\"id\":\"r\"}"), "is cancelled already");
}

static void what_a_vehicle_could_not_do_is_a_failure_and_what_its_driver_declined_is_none(void **state)
{
	(void)state;
	free(create("r", "2,rest", ",\"error_threshold\":49"));
	rollout_round(&backend);
	say("V0", "r.V0", GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DECLINED, 260);
	show("r", "\"done\":0,\"failed\":0,\"other\":1");
	say("V1", "r.V1", GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DECLINED, 121);
	show("r", "\"state\":\"stopped\"");
	free(create("s", "1,rest", ""));
	rollout_round(&backend);
	say("V0", "s.V0", GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DECLINED, 242);
	show("s", "\"state\":\"stopped\"");
}

static void a_vehicle_whose_campaign_the_backend_refuses_has_failed(void **state)
{
	(void)state;
	/* V1 has as many campaigns as fit */
	for (char id[] = "c0"; id[1] < '8'; id[1]++)
		add_campaign(id, "V1");
	free(create("r", "2,rest", ""));
	rollout_round(&backend);
	show("r", "\"state\":\"stopped\"");
	show("r", "\"result\":\"failed\",\"why\":\"vehicle V1 has 8 campaigns");
}

static void what_is_wrong_with_every_campaign_shows_when_it_is_made(void **state)
{
	char hex[HEX_BYTES];

	(void)state;
	hex_of(manifest_ref.sha256, hex);
	expect_in(create("r", "1,10%", ""), "the waves leave");
	expect_in(create("r", "rest", ",\"error_threshold\":101"), "0..100 percent");
	expect_in(create("r", "rest", ",\"min_done\":0"), "1..100");
	expect_in(create("no/id", "rest", ""), "a roll-out needs an id");
	expect_in(ask("{\"command\":\"rollout-create\",\"id\":\"r\",\"manifest\":\"%s\",\"start_after_s\":0,"
		      "\"end_after_s\":9,\"vehicles\":[\"V1\"],\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW9\","
		      "\"component\":\"ecm-app\"}]}",
		      hex),
		  "does not fit hardware");
	expect_in(ask("{\"command\":\"rollout-create\",\"id\":\"r\",\"manifest\":\"%s\",\"start_after_s\":0,"
		      "\"end_after_s\":9,\"vehicles\":[\"V1\",\"../V2\"]," TARGETS "}",
		      hex),
		  "vehicle \\\"../V2\\\" is no id");
	/* all that ever connected, and none did */
	expect_in(ask("{\"command\":\"rollout-create\",\"id\":\"r\",\"manifest\":\"%s\",\"start_after_s\":0,"
		      "\"end_after_s\":9," TARGETS "}",
		      hex),
		  "is for 0 vehicles");
	expect_in(ask("{\"command\":\"rollout-list\"}"), "\"rollouts\":[]");
	expect_in(create("r", "rest", ""), "\"ok\":true");
	expect_in(create("r", "rest", ""), "ids are never used twice");
	expect_in(ask("{\"command\":\"rollout-show\",\"id\":\"q\"}"), "there is no roll-out q");
}

static void a_window_from_now_counts_from_each_campaigns_own_beginning(void **state)
{
	uint64_t n = 0;

	(void)state;
	free(create("r", "1,rest", ""));
	/* as if it had been made three hours ago: the first campaign's window would be over */
	assert_int_equal(store_exec(&backend.store, "UPDATE rollout SET created_unix_s = created_unix_s - 10800", ""),
			 0);
	rollout_round(&backend);
	assert_int_equal(store_uint(&backend.store, &n, "SELECT count(*) FROM campaign WHERE id = 'r.V0'", ""), 1);
	assert_int_equal(n, 1);
	char *answer = ask("{\"command\":\"campaign-show\",\"id\":\"r.V0\"}");
	struct json_read read = {backend.store.db, answer};
	uint64_t end;
	assert_true(json_read_uint(&read, "$.campaign.window_end_unix_s", &end));
	assert_in_range(end, backend_now_s() + 7100, backend_now_s() + 7200);
	free(answer);
}

static int setup_rollouts(void **state)
{
	sequence = 0;
	return setup(state);
}

#define ROLLOUT_TEST(name) cmocka_unit_test_setup_teardown(name, setup_rollouts, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ROLLOUT_TEST(a_wave_follows_the_one_before_when_that_is_verified),
	    ROLLOUT_TEST(failures_above_the_threshold_stop_it_and_what_no_vehicle_touched_is_taken_back),
	    ROLLOUT_TEST(a_stopped_one_goes_on_only_above_the_failures_and_gives_back_what_was_taken),
	    ROLLOUT_TEST(a_vehicle_that_went_on_before_the_word_came_keeps_its_campaign),
	    ROLLOUT_TEST(a_restart_in_the_middle_of_a_wave_loses_and_repeats_nothing),
	    ROLLOUT_TEST(a_stop_that_was_cut_off_after_its_commit_is_completed),
	    ROLLOUT_TEST(while_paused_no_vehicle_gets_its_campaign_and_those_offered_go_on),
	    ROLLOUT_TEST(a_cancelled_one_takes_back_and_is_over_for_good),
	    ROLLOUT_TEST(what_a_vehicle_could_not_do_is_a_failure_and_what_its_driver_declined_is_none),
	    ROLLOUT_TEST(a_vehicle_whose_campaign_the_backend_refuses_has_failed),
	    ROLLOUT_TEST(what_is_wrong_with_every_campaign_shows_when_it_is_made),
	    ROLLOUT_TEST(a_window_from_now_counts_from_each_campaigns_own_beginning),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
