/* The backend over loopback TLS, against a scripted vehicle: the session: time, registration, heartbeats, and what ends
 * it. */
#include "tests/unit/backend/rig.h"

static void a_session_gets_signed_time_modes_and_its_heartbeat_back(void **state)
{
	struct client *client = client_new(&loop, vehicle_1, backend.port);
	struct trust_role trust = {.role = GU__ROLE__ROLE_TIME, .n_keys = 1, .threshold = 1};
	struct envelope_error error;
	Gu__Frame heartbeat_frame = GU__FRAME__INIT;
	Gu__Heartbeat heartbeat = GU__HEARTBEAT__INIT;
	uint8_t nonce[32], *bytes;
	uint64_t unix_ms = 0;

	(void)state;
	say_hello(client, vin1);
	say_time(client, nonce);
	Gu__Frame *frame = take(client, GU__FRAME__BODY_TIME_RESPONSE);
	size_t n = gu__envelope__get_packed_size(frame->time_response);
	bytes = malloc(n);
	assert_non_null(bytes);
	gu__envelope__pack(frame->time_response, bytes);
	trust.keys[0] = key_of("time.pub", false);
	assert_int_equal(envelope_open_time(bytes, n, &trust, nonce, &unix_ms, &error), ENVELOPE_OK);
	assert_in_range(unix_ms / 1000, (uint64_t)time(NULL) - 5, (uint64_t)time(NULL) + 5);
	crypto_key_free(trust.keys[0]);
	free(bytes);
	say_register(client, vin1, 0);
	frame = take(client, GU__FRAME__BODY_REGISTER_RESULT);
	assert_true(frame->register_result->accepted);
	assert_int_equal(frame->register_result->n_modes, 1);
	assert_int_equal(frame->register_result->modes[0]->mode, GU__UPDATE_MODE__UPDATE_MODE_NEGOTIATED);
	assert_int_equal(frame->register_result->heartbeat_s, 5);
	heartbeat.counter = 42;
	heartbeat.battery_mv = 12600;
	heartbeat.ignition = GU__IGNITION_STATE__IGNITION_STATE_ON;
	heartbeat.speed_known = true;
	heartbeat.gear_park = GU__VEHICLE_FLAG__VEHICLE_FLAG_NO;
	heartbeat.charging = GU__VEHICLE_FLAG__VEHICLE_FLAG_YES;
	heartbeat.charge_percent_plus_1 = 78;
	heartbeat_frame.body_case = GU__FRAME__BODY_HEARTBEAT;
	heartbeat_frame.heartbeat = &heartbeat;
	client_send(client, &heartbeat_frame);
	frame = take(client, GU__FRAME__BODY_HEARTBEAT);
	assert_int_equal(frame->heartbeat->counter, 42);
	expect_in(ask("{\"command\":\"vehicle-show\",\"id\":\"VIN1\"}"), "\"ignition\":\"on\"");
	expect_in(ask("{\"command\":\"vehicle-show\",\"id\":\"VIN1\"}"), "\"serial_number\":\"S1\"");
	expect_in(ask("{\"command\":\"vehicle-show\",\"id\":\"VIN1\"}"),
		  "\"speed_known\":true,\"gear_park\":\"no\",\"parking_brake\":\"unknown\",\"charging\":\"yes\","
		  "\"charge_percent\":77");
	hang_up(client);
}

static void a_certificate_of_another_vehicle_is_refused(void **state)
{
	struct client *client = client_new(&loop, vehicle_2, backend.port);

	(void)state;
	say_hello(client, vin1);
	Gu__Frame *frame = take(client, GU__FRAME__BODY_ERROR);
	assert_true(frame->error->fatal);
	assert_string_equal(frame->error->text, "the certificate is for \"VIN2\", not for \"VIN1\"");
	assert_null(client_take(&loop, client));
	assert_true(client->closed);
	hang_up(client);
}

static void messages_out_of_order_end_the_session(void **state)
{
	struct client *client = client_new(&loop, vehicle_1, backend.port);

	(void)state;
	say_hello(client, vin1);
	say_register(client, vin1, 0); /* without asking for the time */
	Gu__Frame *frame = take(client, GU__FRAME__BODY_ERROR);
	assert_int_equal(frame->error->code, 184);
	assert_true(frame->error->fatal);
	hang_up(client);
}

static void a_second_session_of_a_vehicle_ends_the_first(void **state)
{
	struct client *first = online(vehicle_1, vin1, 0);
	struct client *second = online(vehicle_1, vin1, 0);

	(void)state;
	assert_null(client_take(&loop, first));
	assert_true(first->closed);
	say_blob(second, &image_ref, 0, 10);
	take_blob(second, 0, 10);
	hang_up(first);
	hang_up(second);
}

static void a_session_silent_for_three_heartbeats_is_closed(void **state)
{
	struct client *client;
	uint64_t begin;

	(void)state;
	config->heartbeat_s = 1;
	client = online(vehicle_1, vin1, 0);
	begin = uv_hrtime();
	assert_null(client_take(&loop, client));
	config->heartbeat_s = 5;
	assert_true(client->closed);
	assert_in_range((uv_hrtime() - begin) / 1000000u, 2800, 4500);
	hang_up(client);
}

static void a_frame_that_is_no_message_ends_the_session(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	const uint8_t bad[] = {0, 0, 0, 3, 0xff, 0xff, 0xff};

	(void)state;
	assert_int_equal(tls_conn_write(client->conn, bad, sizeof bad), 0);
	Gu__Frame *frame = take(client, GU__FRAME__BODY_ERROR);
	assert_true(frame->error->fatal);
	assert_null(client_take(&loop, client));
	assert_true(client->closed);
	hang_up(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_session_gets_signed_time_modes_and_its_heartbeat_back),
	    TEST(a_certificate_of_another_vehicle_is_refused),
	    TEST(messages_out_of_order_end_the_session),
	    TEST(a_second_session_of_a_vehicle_ends_the_first),
	    TEST(a_session_silent_for_three_heartbeats_is_closed),
	    TEST(a_frame_that_is_no_message_ends_the_session),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
