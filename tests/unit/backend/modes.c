/* The backend over loopback TLS, against a scripted vehicle: what it does of itself in each mode, and what it refuses.
 */
#include "tests/unit/backend/modes_rig.h"

static char c1[] = "c1", nothing[] = "";

/* a report of the campaign with a code, recorded */
static void say_waiting(struct client *client, uint64_t sequence, unsigned code)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Report report = GU__REPORT__INIT;
	uint8_t queue[] = {1, 2, 3, 4};

	report.sequence = sequence;
	report.campaign_id = c1;
	report.campaign_state = GU__CAMPAIGN_STATE__CAMPAIGN_STATE_WAITING;
	report.code = code;
	report.queue_id = (ProtobufCBinaryData){sizeof queue, queue};
	frame.body_case = GU__FRAME__BODY_REPORT;
	frame.report = &report;
	client_send(client, &frame);
	take(client, GU__FRAME__BODY_REPORT_ACK);
}

static void the_table_says_what_the_backend_knows_and_the_interval(void **state)
{
	struct client *client = client_new(&loop, vehicle_1, backend.port);
	const Gu__RegisterResult *result;
	uint8_t nonce[32];

	(void)state;
	config->poll_s = 77;
	say_hello(client, vin1);
	say_time(client, nonce);
	take(client, GU__FRAME__BODY_TIME_RESPONSE);
	say_register(client, vin1, 0);
	result = take(client, GU__FRAME__BODY_REGISTER_RESULT)->register_result;
	assert_int_equal(result->n_features, 1);
	assert_string_equal(result->features[0], "modes-1");
	assert_int_equal(result->poll_s, 77);
	hang_up(client);
}

static void client_initiated_campaigns_are_sent_when_they_are_asked_for(void **state)
{
	struct client *client;
	uint64_t version;

	(void)state;
	config->mode = CLIENT;
	client = online(vehicle_1, vin1, 0);
	add_campaign("c1", "VIN1"); /* takes the mode of the table */
	expect_nothing(client);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"state\":\"queued\"");
	say_check(client, 0);
	Gu__Director *director = open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version);
	assert_int_equal(director->campaigns[0]->mode, CLIENT);
	envelope_free_director(director);
	say_check(client, version);
	assert_int_equal(take(client, GU__FRAME__BODY_CHECK_RESULT)->check_result->director_version, version);
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_ACCEPT, 0); /* is not negotiated */
	assert_int_equal(take(client, GU__FRAME__BODY_ERROR)->error->code, 131);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"confirmed\":false");
	expect_in(ask("{\"command\":\"trigger\",\"id\":\"c1\"}"), "its vehicle decides when");
	say_report(client, 1, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY, 0);
	take(client, GU__FRAME__BODY_REPORT_ACK);
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_OFF);
	expect_nothing(client); /* nothing triggers it */
	hang_up(client);
	client = online(vehicle_1, vin1, version);
	expect_nothing(client);
	expect_in(ask("{\"command\":\"campaign-cancel\",\"id\":\"c1\"}"), "\"ok\":true");
	take(client, GU__FRAME__BODY_DIRECTOR); /* what is taken away is said at once */
	hang_up(client);
}

static void a_server_initiated_campaign_is_triggered_when_the_vehicles_state_allows(void **state)
{
	struct client *client;

	(void)state;
	config->mode = SERVER;
	client = online(vehicle_1, vin1, 0);
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_OFF);
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_OFF); /* not downloaded yet */
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_ON);
	say_waiting(client, 1, 133);
	expect_nothing(client);
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_OFF);
	const Gu__CampaignTrigger *trigger = take(client, GU__FRAME__BODY_TRIGGER)->trigger;
	assert_string_equal(trigger->campaign_id, "c1");
	assert_int_equal(trigger->director_version, 1);
	expect_nothing(client); /* said once a while */
	hang_up(client);
	/* no report shows it: after a restart it is said again, whatever the vehicle's state is by now */
	stop();
	assert_int_equal(start(), 0);
	client = online(vehicle_1, vin1, 1);
	take(client, GU__FRAME__BODY_DIRECTOR);
	take(client, GU__FRAME__BODY_TRIGGER);
	say_waiting(client, 2, 212); /* which shows it */
	hang_up(client);
	client = online(vehicle_1, vin1, 1);
	take(client, GU__FRAME__BODY_DIRECTOR);
	expect_nothing(client);
	hang_up(client);
}

static void one_that_is_never_seen_in_the_state_for_it_is_triggered_all_the_same_after_its_time(void **state)
{
	static const char created[] = "UPDATE campaign SET created_unix_s = ?1 WHERE id = 'c1'";
	struct client *client;

	(void)state;
	config->mode = SERVER;
	config->trigger_after_s = 1000;
	window_from_s = -5000;
	add_campaign("c1", "VIN1");
	client = online(vehicle_1, vin1, 0);
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_waiting(client, 1, 133);
	assert_int_equal(store_exec(&backend.store, created, "u", (uint64_t)time(NULL) - 800), 0);
	expect_nothing(client);
	config->trigger_after_s = 0;
	assert_int_equal(store_exec(&backend.store, created, "u", (uint64_t)time(NULL) - 1000), 0);
	expect_nothing(client);
	config->trigger_after_s = 1000;
	expect_nothing(client);
	take(client, GU__FRAME__BODY_TRIGGER);
	hang_up(client);
}

static void each_condition_of_the_campaign_is_waited_for(void **state)
{
	struct client *client;
	Gu__Heartbeat parked = GU__HEARTBEAT__INIT, other;

	(void)state;
	config->mode = SERVER;
	client = online(vehicle_1, vin1, 0);
	add_campaign_with("c1", "VIN1",
			  "\"conditions\":[{\"kind\":\"gear_park\"},{\"kind\":\"parking_brake_set\"},{\"kind\":"
			  "\"charge_min_percent\",\"value\":40},{\"kind\":\"charging\"},{\"kind\":\"battery_min_mv\","
			  "\"value\":12600}],");
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_waiting(client, 1, 133);
	parked.ignition = GU__IGNITION_STATE__IGNITION_STATE_OFF;
	parked.gear_park = GU__VEHICLE_FLAG__VEHICLE_FLAG_YES;
	parked.parking_brake = GU__VEHICLE_FLAG__VEHICLE_FLAG_YES;
	parked.charging = GU__VEHICLE_FLAG__VEHICLE_FLAG_YES;
	parked.charge_percent_plus_1 = 41;
	other = parked;
	other.gear_park = GU__VEHICLE_FLAG__VEHICLE_FLAG_NO;
	say_state(client, other);
	other = parked;
	other.parking_brake = GU__VEHICLE_FLAG__VEHICLE_FLAG_UNKNOWN;
	say_state(client, other);
	other = parked;
	other.charging = GU__VEHICLE_FLAG__VEHICLE_FLAG_NO;
	say_state(client, other);
	other = parked;
	other.charge_percent_plus_1 = 40;
	say_state(client, other);
	other.charge_percent_plus_1 = 0; /* unknown */
	say_state(client, other);
	expect_nothing(client);
	say_state(client, parked);
	take(client, GU__FRAME__BODY_TRIGGER);
	hang_up(client);
}

static void what_was_cancelled_before_it_was_asked_for_is_told_to_nobody(void **state)
{
	struct client *client;

	(void)state;
	config->mode = CLIENT;
	client = online(vehicle_1, vin1, 0);
	add_campaign("c1", "VIN1");
	expect_in(ask("{\"command\":\"campaign-cancel\",\"id\":\"c1\"}"), "\"ok\":true");
	add_campaign("c2", "VIN1");
	expect_nothing(client);
	hang_up(client);
	client = online(vehicle_1, vin1, 0);
	expect_nothing(client); /* what is client-initiated is not sent unasked */
	say_check(client, 0);
	take(client, GU__FRAME__BODY_DIRECTOR);
	/* what was told is taken back unasked */
	expect_in(ask("{\"command\":\"campaign-cancel\",\"id\":\"c2\"}"), "\"ok\":true");
	take(client, GU__FRAME__BODY_DIRECTOR);
	hang_up(client);
}

static void a_person_triggers_whatever_the_state_and_it_waits_for_the_vehicle(void **state)
{
	struct client *client;

	(void)state;
	config->mode = SERVER;
	config->trigger = CONFIG_TRIGGER_OPERATOR;
	add_campaign("c1", "VIN1");
	client = online(vehicle_1, vin1, 0);
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_waiting(client, 1, 133);
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_OFF);
	expect_nothing(client);
	hang_up(client);
	expect_in(ask("{\"command\":\"trigger\",\"id\":\"c9\"}"), "there is no campaign c9");
	expect_in(ask("{\"command\":\"trigger\",\"id\":\"c1\"}"), "\"ok\":true");
	client = online(vehicle_1, vin1, 1);
	take(client, GU__FRAME__BODY_DIRECTOR);
	take(client, GU__FRAME__BODY_TRIGGER);
	say_report(client, 2, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DONE, 0);
	take(client, GU__FRAME__BODY_REPORT_ACK);
	expect_in(ask("{\"command\":\"trigger\",\"id\":\"c1\"}"), "is over");
	hang_up(client);
}

static void a_vehicle_of_before_the_modes_is_negotiated_with_and_not_triggered(void **state)
{
	struct client *client;
	char hex[HEX_BYTES];

	(void)state;
	config->mode = SERVER;
	config->trigger = CONFIG_TRIGGER_OPERATOR;
	knows_modes = false;
	add_campaign("c1", "VIN1"); /* nothing is known of it yet */
	client = online(vehicle_1, vin1, 0);
	take(client, GU__FRAME__BODY_DIRECTOR);
	expect_in(ask("{\"command\":\"trigger\",\"id\":\"c1\"}"), "vehicle VIN1 takes no triggers");
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_ACCEPT, 0);
	take(client, GU__FRAME__BODY_CONFIRM);
	expect_in(ask("{\"command\":\"campaign-add\",\"id\":\"c2\",\"vehicle\":\"VIN1\",\"manifest\":\"%s\","
		      "\"start_unix_s\":1000,\"end_unix_s\":%llu,"
		      "\"targets\":[{\"ecu\":\"ecm\",\"hardware_id\":\"HW1\",\"component\":\"ecm-app\"}]}",
		      hex_of(manifest_ref.sha256, hex), (unsigned long long)time(NULL) + 3600),
		  "\"warnings\":[\"vehicle VIN1 takes no triggers");
	hang_up(client);
}

static void a_trigger_waits_for_the_window(void **state)
{
	struct client *client;

	(void)state;
	config->mode = SERVER;
	window_from_s = 3000;
	client = online(vehicle_1, vin1, 0);
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_waiting(client, 1, 133);
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_OFF);
	expect_nothing(client);
	hang_up(client);
}

/* which ends the frame of its windows where it comes first */
static void a_trigger_does_not_come_after_the_deadline(void **state)
{
	struct client *client;
	sqlite3_stmt *stmt;
	uint8_t bytes[4096];

	(void)state;
	config->mode = SERVER;
	client = online(vehicle_1, vin1, 0);
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	stmt = store_query(&backend.store, "SELECT spec FROM campaign WHERE id = 'c1'", "");
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	Gu__Campaign *spec =
	    gu__campaign__unpack(NULL, (size_t)sqlite3_column_bytes(stmt, 0), sqlite3_column_blob(stmt, 0));
	sqlite3_finalize(stmt);
	assert_non_null(spec);
	spec->deadline_unix_s = 1; /* long ago: the test waits for no clock */
	assert_true(gu__campaign__get_packed_size(spec) <= sizeof bytes);
	assert_int_equal(store_exec(&backend.store, "UPDATE campaign SET spec = ?1 WHERE id = 'c1'", "b", bytes,
				    gu__campaign__pack(spec, bytes)),
			 0);
	gu__campaign__free_unpacked(spec, NULL);
	say_waiting(client, 1, 133);
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_OFF);
	expect_nothing(client);
	hang_up(client);
}

static void a_notice_is_repeated_until_the_document_was_asked_for(void **state)
{
	struct client *client;
	uint64_t version;

	(void)state;
	config->notice = CONFIG_NOTICE_EXISTENCE;
	client = online(vehicle_1, vin1, 0);
	add_campaign("c1", "VIN1");
	const Gu__Notice *notice = take(client, GU__FRAME__BODY_NOTICE)->notice;
	assert_string_equal(notice->campaign_id, "c1");
	assert_int_equal(notice->urgency, GU__URGENCY__URGENCY_NORMAL);
	assert_int_equal(notice->director_version, 1);
	hang_up(client);
	stop();
	assert_int_equal(start(), 0);
	client = online(vehicle_1, vin1, 0);
	take(client, GU__FRAME__BODY_NOTICE);
	say_check(client, 0);
	envelope_free_director(open_director(take(client, GU__FRAME__BODY_DIRECTOR), &version));
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_ACCEPT, 0);
	take(client, GU__FRAME__BODY_CONFIRM);
	hang_up(client);
	client = online(vehicle_1, vin1, version);
	take(client, GU__FRAME__BODY_DIRECTOR); /* the one held: no notice any more */
	expect_nothing(client);
	hang_up(client);
}

static void a_negotiated_campaign_is_triggered_at_the_agreed_time_and_not_before(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	uint64_t now_s = (uint64_t)time(NULL);

	(void)state;
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	expect_in(ask("{\"command\":\"trigger\",\"id\":\"c1\"}"), "the agreed time has not come");
	say_answer(client, c1, GU__ANSWER_KIND__ANSWER_KIND_POSTPONE, now_s + 3);
	assert_int_equal(take(client, GU__FRAME__BODY_CONFIRM)->confirm->start_unix_s, now_s + 3);
	say_waiting(client, 1, 214);
	expect_in(ask("{\"command\":\"trigger\",\"id\":\"c1\"}"), "the agreed time has not come");
	expect_nothing(client);
	while ((uint64_t)time(NULL) <= now_s + 3)
		uv_run(&loop, UV_RUN_ONCE);
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_ON); /* the vehicle judges its state */
	take(client, GU__FRAME__BODY_TRIGGER);
	hang_up(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MODES(the_table_says_what_the_backend_knows_and_the_interval),
	    MODES(client_initiated_campaigns_are_sent_when_they_are_asked_for),
	    MODES(a_server_initiated_campaign_is_triggered_when_the_vehicles_state_allows),
	    MODES(one_that_is_never_seen_in_the_state_for_it_is_triggered_all_the_same_after_its_time),
	    MODES(each_condition_of_the_campaign_is_waited_for),
	    MODES(what_was_cancelled_before_it_was_asked_for_is_told_to_nobody),
	    MODES(a_person_triggers_whatever_the_state_and_it_waits_for_the_vehicle),
	    MODES(a_vehicle_of_before_the_modes_is_negotiated_with_and_not_triggered),
	    MODES(a_trigger_waits_for_the_window),
	    MODES(a_trigger_does_not_come_after_the_deadline),
	    MODES(a_notice_is_repeated_until_the_document_was_asked_for),
	    MODES(a_negotiated_campaign_is_triggered_at_the_agreed_time_and_not_before),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
