#include "tests/unit/backend/rig.h"

#include "sim/oem_backend/mode_table.h"

#define CLASSES                                                                          \
	"classes:\n  critical: {deadline_days: 7, retry_pause_s: 300, consent: false}\n" \
	"  high: {deadline_days: 30, consent: false}\n"                                  \
	"  normal: {deadline_days: 90, retry_pause_s: 600, consent: true}\n  low: {consent: true}\n"
#define TARGETS "\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\",\"component\":\"ecm-app\"}]"

/* the manifest of the rig is a bug fix without a score */
static const char fixes[] = "rules:\n- {name: severe, when: {score: {min: 70}}, urgency: critical}\n"
			    "- {name: fix, when: {change: [bug_fix]}, urgency: normal}\n"
			    "- {name: rest, urgency: low}\n" CLASSES;

static void write_strategy(const char *text)
{
	write_file(config->strategy, text, strlen(text));
}

static char *add(const char *id, const char *more)
{
	char hex[HEX_BYTES];
	unsigned long long now = (unsigned long long)time(NULL);

	return ask("{\"command\":\"campaign-add\",\"id\":\"%s\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		   "\"start_unix_s\":%llu,\"end_unix_s\":%llu," TARGETS "%s}",
		   id, hex_of(manifest_ref.sha256, hex), now, now + 7200, more);
}

static uint64_t deadline_of(const char *id)
{
	char *answer = ask("{\"command\":\"campaign-show\",\"id\":\"%s\"}", id);
	struct json_read read = {backend.store.db, answer};
	uint64_t deadline = 0;

	assert_true(json_read_uint(&read, "$.campaign.deadline_unix_s", &deadline));
	free(answer);
	return deadline;
}

static void a_campaign_without_urgency_gets_what_the_strategy_says(void **state)
{
	uint64_t now = (uint64_t)time(NULL);

	(void)state;
	expect_in(add("c1", ""), "\"ok\":true");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"mode\":\"negotiated\",\"urgency\":\"normal\",\"consent_required\":true");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"retry_pause_s\":600,\"rule\":\"fix\",\"rule_why\":\"the kind of change is bug_fix\"");
	assert_in_range(deadline_of("c1"), now + 90 * 86400, now + 90 * 86400 + 60);
}

static void what_a_person_gives_goes_before_the_strategy(void **state)
{
	(void)state;
	expect_in(add("c1", ",\"urgency\":\"critical\""), "\"ok\":true");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"urgency\":\"critical\",\"consent_required\":false,\"deadline_unix_s\":0,\"retry_pause_s\":0,"
		  "\"rule\":\"\",\"rule_why\":\"the urgency was given\"");
	expect_in(add("c2", ",\"consent_required\":false,\"mode\":\"client_initiated\",\"deadline_unix_s\":4000000000,"
			    "\"retry_pause_s\":5"),
		  "\"ok\":true");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c2\"}"),
		  "\"mode\":\"client_initiated\",\"urgency\":\"normal\",\"consent_required\":false,"
		  "\"deadline_unix_s\":4000000000,\"retry_pause_s\":5,\"rule\":\"fix\"");
	expect_in(add("c3", ",\"urgency\":\"soon\""), "\\\"soon\\\" is no urgency");
	expect_in(add("c3", ",\"retry_pause_s\":86401"), "0..86400 seconds");
}

static void a_deadline_that_is_over_when_the_window_opens_is_refused(void **state)
{
	(void)state;
	expect_in(add("c1", ",\"deadline_unix_s\":1000"), "its deadline is over when its window opens");
	expect_in(ask("{\"command\":\"campaign-list\"}"), "\"campaigns\":[]");
}

static void the_document_says_the_vehicle_what_was_decided(void **state)
{
	uint64_t version;

	(void)state;
	expect_in(add("c1", ""), "\"ok\":true");
	struct client *client = online(vehicle_1, vin1, 0);
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(director->campaigns[0]->urgency, GU__URGENCY__URGENCY_NORMAL);
	assert_int_equal(director->campaigns[0]->retry_pause_s, 600);
	assert_int_equal(director->campaigns[0]->deadline_unix_s, deadline_of("c1"));
	assert_true(director->campaigns[0]->consent_required);
	envelope_free_director(director);
	hang_up(client);
}

static void a_test_names_each_rule_up_to_the_one_that_decides(void **state)
{
	(void)state;
	expect_in(
	    ask("{\"command\":\"strategy-test\",\"path\":\"%s\"}", manifest_path),
	    "\"rules\":[{\"name\":\"severe\",\"result\":\"no\",\"why\":\"the score is not known, 70 to 100 is asked"
	    " for\",\"urgency\":\"critical\"},{\"name\":\"fix\",\"result\":\"decides\",\"why\":\"the kind of change"
	    " is bug_fix\",\"urgency\":\"normal\"},{\"name\":\"rest\",\"result\":\"not asked\",\"why\":\"\","
	    "\"urgency\":\"low\"}]");
	expect_in(ask("{\"command\":\"strategy-test\",\"path\":\"%s\"}", manifest_path),
		  "\"rule\":\"fix\",\"urgency\":\"normal\"");
	expect_in(ask("{\"command\":\"strategy-test\",\"path\":\"%s/image.bin\"}", dir), "was refused: ");
	expect_in(ask("{\"command\":\"strategy-test\",\"path\":\"%s/none\"}", dir), "cannot read the manifest");
}

static void a_test_for_a_vehicle_asks_for_its_ecus(void **state)
{
	(void)state;
	write_strategy("rules:\n- {name: engine, when: {ecus: [ecm]}, urgency: high}\n"
		       "- {name: rest, urgency: low}\n" CLASSES
		       "mode: negotiated\nmodes:\n- {ecu: ecm, mode: server_initiated}\n");
	backend_reload(&backend);
	expect_in(ask("{\"command\":\"strategy-test\",\"path\":\"%s\"}", manifest_path),
		  "\"why\":\"its ECUs are not known\"");
	expect_in(ask("{\"command\":\"strategy-test\",\"path\":\"%s\",\"vehicle\":\"VIN1\"}", manifest_path),
		  "vehicle VIN1 has registered no ECU that manifest release-2 is for");
	struct client *client = online(vehicle_1, vin1, 0);
	expect_in(ask("{\"command\":\"strategy-test\",\"path\":\"%s\",\"vehicle\":\"VIN1\"}", manifest_path),
		  "\"ecus\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\",\"mode\":\"server_initiated\"}],"
		  "\"mode\":\"server_initiated\",\"rules\":[{\"name\":\"engine\",\"result\":\"decides\"");
	/* and the campaign's mode is that of its ECUs */
	expect_in(add("c1", ""), "\"ok\":true");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"mode\":\"server_initiated\",\"urgency\":\"high\"");
	hang_up(client);
}

static void a_vehicle_shows_the_table_that_it_was_told(void **state)
{
	(void)state;
	write_strategy("rules:\n- {name: rest, urgency: low}\n" CLASSES
		       "mode: negotiated\nmodes:\n- {urgency: critical, mode: server_initiated}\n");
	backend_reload(&backend);
	struct client *client = client_new(&loop, vehicle_1, backend.port);
	uint8_t nonce[32];
	say_hello(client, vin1);
	say_time(client, nonce);
	take(client, GU__FRAME__BODY_TIME_RESPONSE);
	say_register(client, vin1, 0);
	const Gu__RegisterResult *result = take(client, GU__FRAME__BODY_REGISTER_RESULT)->register_result;
	assert_int_equal(result->n_modes, 2);
	assert_int_equal(result->modes[0]->urgency, GU__URGENCY__URGENCY_CRITICAL);
	assert_int_equal(result->modes[0]->mode, GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED);
	assert_int_equal(result->modes[1]->mode, GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED);
	expect_in(ask("{\"command\":\"vehicle-show\",\"id\":\"VIN1\"}"),
		  "\"modes\":[{\"ecu\":\"\",\"urgency\":\"critical\",\"mode\":\"server_initiated\"},"
		  "{\"ecu\":\"\",\"urgency\":\"\",\"mode\":\"negotiated\"}]");
	hang_up(client);
}

static void a_reload_with_other_modes_makes_vehicles_register_again_and_one_without_does_not(void **state)
{
	(void)state;
	struct client *client = online(vehicle_1, vin1, 0);
	backend_reload(&backend);
	for (unsigned i = 0; i < 5; i++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_false(client->closed);
	write_strategy("rules:\n- {name: rest, urgency: low}\n" CLASSES "mode: client_initiated\n");
	backend_reload(&backend);
	assert_null(client_take(&loop, client));
	assert_true(client->closed);
	hang_up(client);
}

static void a_wrong_file_changes_nothing_at_a_reload(void **state)
{
	(void)state;
	write_strategy("rules: []\n");
	backend_reload(&backend);
	expect_in(
	    ask("{\"command\":\"strategy-show\"}"),
	    "\"rules\":[{\"name\":\"severe\",\"when\":\"score 70..100\",\"urgency\":\"critical\"},{\"name\":\"fix\","
	    "\"when\":\"change bug_fix\"");
}

static void without_a_strategy_a_campaign_is_normal_and_needs_no_consent(void **state)
{
	(void)state;
	char *file = config->strategy;
	config->strategy = NULL;
	backend_reload(&backend);
	expect_in(ask("{\"command\":\"strategy-show\"}"), "the backend has no strategy");
	expect_in(add("c1", ""), "\"ok\":true");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"urgency\":\"normal\",\"consent_required\":false,\"deadline_unix_s\":0");
	config->strategy = file;
}

static int setup_strategy(void **state)
{
	write_strategy(fixes);
	return setup(state);
}

static int group_setup_strategy(void **state)
{
	int status = group_setup(state);

	if (!status && asprintf(&config->strategy, "%s/strategy.yaml", dir) < 0)
		status = -1;
	return status;
}

#define STRATEGY_TEST(name) cmocka_unit_test_setup_teardown(name, setup_strategy, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STRATEGY_TEST(a_campaign_without_urgency_gets_what_the_strategy_says),
	    STRATEGY_TEST(what_a_person_gives_goes_before_the_strategy),
	    STRATEGY_TEST(a_deadline_that_is_over_when_the_window_opens_is_refused),
	    STRATEGY_TEST(the_document_says_the_vehicle_what_was_decided),
	    STRATEGY_TEST(a_test_names_each_rule_up_to_the_one_that_decides),
	    STRATEGY_TEST(a_test_for_a_vehicle_asks_for_its_ecus),
	    STRATEGY_TEST(a_vehicle_shows_the_table_that_it_was_told),
	    STRATEGY_TEST(a_reload_with_other_modes_makes_vehicles_register_again_and_one_without_does_not),
	    STRATEGY_TEST(a_wrong_file_changes_nothing_at_a_reload),
	    STRATEGY_TEST(without_a_strategy_a_campaign_is_normal_and_needs_no_consent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup_strategy, group_teardown);
}
