/* The backend over loopback TLS, against a scripted vehicle: campaigns: offered, answered, cancelled, reported,
 * refused. */
#include "tests/unit/backend/rig.h"

static char c1[] = "c1", ecm[] = "ecm", nothing[] = "";

static void a_campaign_added_while_online_is_offered_at_once(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	uint64_t version = 0;

	(void)state;
	add_campaign("c1", "VIN1");
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(version, 1);
	assert_int_equal(director->n_campaigns, 1);
	assert_string_equal(director->campaigns[0]->id, "c1");
	assert_int_equal(director->campaigns[0]->mode, GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED);
	assert_int_equal(director->campaigns[0]->targets[0]->rollback_case, GU__TARGET__ROLLBACK_NO_ROLLBACK);
	envelope_free_director(director);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"state\":\"offered\"");
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_ACCEPT, 0);
	assert_int_equal(take(client, GU__FRAME__BODY_CONFIRM)->confirm->start_unix_s, 0);
	hang_up(client);
}

static void a_campaign_waits_for_the_vehicle_and_survives_a_restart(void **state)
{
	uint64_t version = 0;

	(void)state;
	add_campaign("c1", "VIN1");
	stop();
	assert_int_equal(start(), 0);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"state\":\"queued\"");
	struct client *client = online(vehicle_1, vin1, 0);
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(director->n_campaigns, 1);
	envelope_free_director(director);
	hang_up(client);
}

static void a_vehicle_that_holds_a_newer_document_gets_a_newer_one_still(void **state)
{
	uint64_t version = 0;

	(void)state;
	add_campaign("c1", "VIN1");
	struct client *client = online(vehicle_1, vin1, 41); /* as after the loss of our database */
	envelope_free_director(open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version));
	assert_int_equal(version, 42);
	hang_up(client);
}

/* someone else signed it, with our key: until that is another one nothing is above it */
static void above_the_highest_version_there_is_none(void **state)
{
	struct client *client = online(vehicle_1, vin1, UINT64_MAX);
	char hex[HEX_BYTES];
	uint64_t version = 0;

	(void)state;
	hang_up(client);
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c1\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":1000,\"end_unix_s\":90000,"
		      "\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\",\"component\":\"ecm-app\"}]}",
		      hex_of(manifest_ref.sha256, hex)),
		  "the vehicle holds the highest version there is: only another director key");
	hang_up(online(vehicle_1, vin1, 0)); /* its trust.director has another one now */
	add_campaign("c1", "VIN1");
	client = online(vehicle_1, vin1, 0);
	envelope_free_director(open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version));
	assert_int_equal(version, 1);
	hang_up(client);
}

/* signed with a key that is not ours any more, whatever its version: the vehicle gets one of the present key */
static void a_document_of_a_former_key_is_signed_anew(void **state)
{
	uint64_t version = 0;
	struct crypto_key *present = backend.director_key, *public = backend.directors.keys[0];
	char *pem;

	(void)state;
	backend.director_key = crypto_key_generate(CRYPTO_ED25519);
	pem = crypto_key_pem_public(backend.director_key);
	backend.directors.keys[0] = crypto_key_public(pem, strlen(pem));
	add_campaign("c1", "VIN1");
	free(pem);
	crypto_key_free(backend.director_key);
	crypto_key_free(backend.directors.keys[0]);
	backend.director_key = present;
	backend.directors.keys[0] = public;
	assert_int_equal(store_exec(&backend.store, "UPDATE director SET version = -1", ""), 0);
	struct client *client = online(vehicle_1, vin1, 0);
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(version, 1);
	assert_int_equal(director->n_campaigns, 1);
	envelope_free_director(director);
	hang_up(client);
}

static void a_proposal_in_the_window_is_taken_and_another_becomes_its_start(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	uint64_t version, start_s, end_s;

	(void)state;
	add_campaign("c1", "VIN1");
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	start_s = director->campaigns[0]->window->start_unix_s;
	end_s = director->campaigns[0]->window->end_unix_s;
	envelope_free_director(director);
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_POSTPONE, start_s + 10);
	assert_int_equal(take(client, GU__FRAME__BODY_CONFIRM)->confirm->start_unix_s, start_s + 10);
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_POSTPONE, end_s);
	assert_int_equal(take(client, GU__FRAME__BODY_CONFIRM)->confirm->start_unix_s, start_s);
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_POSTPONE, end_s - 1);
	assert_int_equal(take(client, GU__FRAME__BODY_CONFIRM)->confirm->start_unix_s, end_s - 1);
	hang_up(client);
}

static void a_declined_campaign_is_over(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	static char c2[] = "c2";

	(void)state;
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_DECLINE, 0);
	say_answer(client, c2, GU__ANSWER_KIND__ANSWER_KIND_ACCEPT,
		   0); /* answered after it: there is no such campaign */
	assert_false(take(client, GU__FRAME__BODY_ERROR)->error->fatal);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"state\":\"declined\",\"terminal\":true");
	hang_up(client);
}

static void a_cancelled_campaign_leaves_the_next_document(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	uint64_t version;

	(void)state;
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	expect_in(ask("{\"command\":\"campaign-close\",\"id\":\"c1\"}"), "is not over (offered)");
	expect_in(ask("{\"command\":\"campaign-cancel\",\"id\":\"c1\"}"), "\"ok\":true");
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(version, 2);
	assert_int_equal(director->n_campaigns, 0);
	envelope_free_director(director);
	hang_up(client);
}

static void reports_are_applied_once_over_two_sessions(void **state)
{
	struct client *client;

	(void)state;
	add_campaign("c1", "VIN1");
	client = online(vehicle_1, vin1, 0);
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_report(client, 1, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_INSTALLING, 0);
	assert_int_equal(take(client, GU__FRAME__BODY_REPORT_ACK)->report_ack->sequence, 1);
	say_report(client, 2, c1, ecm, 0, GU__ECU_STATE__ECU_STATE_VERIFIED);
	hang_up(client); /* its acknowledgement is lost */
	client = online(vehicle_1, vin1, 1);
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_report(client, 2, c1, ecm, 0, GU__ECU_STATE__ECU_STATE_VERIFIED);
	say_report(client, 3, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE, 0);
	while (take(client, GU__FRAME__BODY_REPORT_ACK)->report_ack->sequence != 3)
		continue;
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"state\":\"done\",\"terminal\":true,\"verified\":true");
	char *answer = ask("{\"command\":\"reports\",\"campaign\":\"c1\"}");
	unsigned n = 0;
	for (const char *at = answer; (at = strstr(at, "\"sequence\":")); at++)
		n++;
	free(answer);
	assert_int_equal(n, 3);
	hang_up(client);
}

static void a_report_of_done_tells_the_vehicles_numbers(void **state)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Report report = GU__REPORT__INIT;
	Gu__Rxswin before = GU__RXSWIN__INIT, after = GU__RXSWIN__INIT;
	Gu__Rxswin *befores[] = {&before}, *afters[] = {&after};
	struct client *client;

	(void)state;
	add_campaign("c1", "VIN1");
	client = online(vehicle_1, vin1, 0);
	take(client, GU__FRAME__BODY_DIRECTOR);
	before.regulation = after.regulation = (char[]){"R156"};
	before.value = (char[]){"SU 1"};
	after.value = (char[]){"SU 2"};
	report.sequence = 1;
	report.campaign_id = c1;
	report.campaign_state = GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE;
	report.rxswin_before = befores;
	report.rxswin_after = afters;
	report.n_rxswin_before = report.n_rxswin_after = 1;
	frame.body_case = GU__FRAME__BODY_REPORT;
	frame.report = &report;
	client_send(client, &frame);
	assert_int_equal(take(client, GU__FRAME__BODY_REPORT_ACK)->report_ack->sequence, 1);
	expect_in(ask("{\"command\":\"reports\",\"campaign\":\"c1\"}"),
		  "\"rxswin_before\":[{\"regulation\":\"R156\",\"value\":\"SU 1\"}],"
		  "\"rxswin_after\":[{\"regulation\":\"R156\",\"value\":\"SU 2\"}]");
	hang_up(client);
}

static void what_a_campaign_and_its_ecus_are_in_other_worlds_is_told_beside_state_and_code(void **state)
{
	static const char waits[] = "\"fumo\":{\"state\":50,\"result\":null},\"lwm2m\":{\"state\":2,\"result\":0},"
				    "\"suit\":{\"reason\":12,\"name\":\"invoke-pending\"},"
				    "\"ucm\":{\"state\":\"kTransferred\",\"error\":12}}";
	uint32_t limits[] = {4000, 3000, 2000, 0};
	struct client *client;

	(void)state;
	add_campaign_with("c1", "VIN1", "\"urgency\":\"critical\",");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"fumo\":{\"state\":10,\"result\":null},\"lwm2m\":{\"state\":0,\"result\":0,\"severity\":0,\"max_"
		  "defer_s\":null}");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), waits); /* its ECU */
	postpone_max_s = limits;
	client = online(vehicle_1, vin1, 0);
	postpone_max_s = NULL;
	take(client, GU__FRAME__BODY_DIRECTOR);
	report_code = 7;
	say_report(client, 1, c1, ecm, 0, GU__ECU_STATE__ECU_STATE_FAILED);
	report_code = 161;
	say_report(client, 2, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_FAILED, 0);
	report_code = 0;
	while (take(client, GU__FRAME__BODY_REPORT_ACK)->report_ack->sequence != 2)
		continue;
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"code\":\"ATTEMPTS_EXHAUSTED\",\"code_number\":161,");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"fumo\":{\"state\":80,\"result\":410},\"lwm2m\":{\"state\":0,\"result\":8,\"severity\":0,\"max_"
		  "defer_s\":0}");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"fumo\":{\"state\":80,\"result\":410},\"lwm2m\":{\"state\":0,\"result\":8},"
		  "\"suit\":{\"reason\":10,\"name\":\"condition-failed\"},\"ucm\":{\"state\":\"none\",\"error\":27}}");
	expect_in(ask("{\"command\":\"reports\",\"campaign\":\"c1\"}"), "\"code\":\"CHECK_FAILED\",\"code_number\":7,");
	hang_up(client);
}

static void a_manifest_of_a_stranger_or_with_a_missing_file_is_refused(void **state)
{
	char path[300];
	struct blob_ref missing = {{0xee}, 5};

	(void)state;
	expect_in(ask("{\"command\":\"manifest-add\",\"path\":\"%s\"}", manifest_path), "\"components\":[\"ecm-app\"]");
	snprintf(path, sizeof path, "%s/bad.manifest", dir);
	sign_manifest(path, "time.key", &image_ref);
	expect_in(ask("{\"command\":\"manifest-add\",\"path\":\"%s\"}", path), "was refused: ");
	sign_manifest(path, "author.key", &missing);
	expect_in(
	    ask("{\"command\":\"manifest-add\",\"path\":\"%s\"}", path),
	    "names the profile ee00000000000000000000000000000000000000000000000000000000000000 of 5 bytes, which the"
	    " backend does not have");
}

static void a_campaign_that_a_vehicle_would_refuse_is_refused(void **state)
{
	char hex[HEX_BYTES];

	(void)state;
	hex_of(manifest_ref.sha256, hex);
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c1\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":1,\"end_unix_s\":2,\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW9\","
		      "\"component\":\"ecm-app\"}]}",
		      hex),
		  "does not fit hardware \\\"HW9\\\"");
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c1\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":200,\"end_unix_s\":100,\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\","
		      "\"component\":\"ecm-app\"}]}",
		      hex),
		  "a vehicle would refuse it");
	expect_in(ask("{\"command\":\"campaign-list\"}"), "\"campaigns\":[]");
	add_campaign("c1", "VIN1");
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c1\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":1,\"end_unix_s\":2,\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\","
		      "\"component\":\"ecm-app\"}]}",
		      hex),
		  "there is a campaign c1 already");
}

static void a_campaign_carries_recurring_windows_a_deadline_and_its_retry_pace(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	Gu__Director *director;
	char hex[HEX_BYTES];
	uint64_t version;

	(void)state;
	hex_of(manifest_ref.sha256, hex);
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c1\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":1000,\"end_unix_s\":90000,\"deadline_unix_s\":80000,\"retry_pause_s\":600,"
		      "\"recurring\":[{\"days\":17,\"start_minute\":1320,\"duration_s\":21600,"
		      "\"time_zone\":\"Europe/Berlin\"}],"
		      "\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\",\"component\":\"ecm-app\"}]}",
		      hex),
		  "\"ok\":true");
	director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(director->n_campaigns, 1);
	assert_int_equal(director->campaigns[0]->n_recurring, 1);
	assert_int_equal(director->campaigns[0]->recurring[0]->days, 17);
	assert_int_equal(director->campaigns[0]->recurring[0]->start_minute, 1320);
	assert_int_equal(director->campaigns[0]->recurring[0]->duration_s, 21600);
	assert_string_equal(director->campaigns[0]->recurring[0]->time_zone, "Europe/Berlin");
	assert_int_equal(director->campaigns[0]->deadline_unix_s, 80000);
	assert_int_equal(director->campaigns[0]->retry_pause_s, 600);
	assert_int_equal(director->campaigns[0]->n_required_features, 3);
	envelope_free_director(director);
	hang_up(client);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"deadline_unix_s\":80000,\"retry_pause_s\":600,");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"),
		  "\"recurring\":[{\"days\":17,\"start_minute\":1320,"
		  "\"duration_s\":21600,\"time_zone\":\"Europe/Berlin\"}]");
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c2\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":1000,\"end_unix_s\":90000,"
		      "\"recurring\":[{\"days\":0,\"start_minute\":1320,\"duration_s\":21600,"
		      "\"time_zone\":\"Europe/Berlin\"}],"
		      "\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\",\"component\":\"ecm-app\"}]}",
		      hex),
		  "a vehicle would refuse it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_campaign_added_while_online_is_offered_at_once),
	    TEST(a_campaign_waits_for_the_vehicle_and_survives_a_restart),
	    TEST(a_vehicle_that_holds_a_newer_document_gets_a_newer_one_still),
	    TEST(above_the_highest_version_there_is_none),
	    TEST(a_document_of_a_former_key_is_signed_anew),
	    TEST(a_proposal_in_the_window_is_taken_and_another_becomes_its_start),
	    TEST(a_declined_campaign_is_over),
	    TEST(a_cancelled_campaign_leaves_the_next_document),
	    TEST(reports_are_applied_once_over_two_sessions),
	    TEST(a_report_of_done_tells_the_vehicles_numbers),
	    TEST(what_a_campaign_and_its_ecus_are_in_other_worlds_is_told_beside_state_and_code),
	    TEST(a_manifest_of_a_stranger_or_with_a_missing_file_is_refused),
	    TEST(a_campaign_that_a_vehicle_would_refuse_is_refused),
	    TEST(a_campaign_carries_recurring_windows_a_deadline_and_its_retry_pace),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
