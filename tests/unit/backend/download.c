/* The backend over loopback TLS, against a scripted vehicle: files: from which byte, how fast, and after a cut. */
#include "tests/unit/backend/rig.h"

static void a_file_comes_from_the_byte_asked_for_and_no_more_than_allowed(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);

	(void)state;
	say_blob(client, &image_ref, 0, 300000);
	say_blob(client, &image_ref, 300000, 1u << 20); /* asked for before the first is through */
	take_blob(client, 0, 300000);
	take_blob(client, 300000, IMAGE_BYTES - 300000);
	say_blob(client, &image_ref, IMAGE_BYTES - 1, 1u << 20);
	take_blob(client, IMAGE_BYTES - 1, 1);
	say_blob(client, &image_ref, IMAGE_BYTES, 1u << 20);
	assert_int_equal(take(client, GU__FRAME__BODY_ERROR)->error->code, 143);
	hang_up(client);
}

static void an_unknown_file_is_said_to_be_missing_and_the_session_goes_on(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	struct blob_ref unknown = {{0xab, 0xcd}, 1};

	(void)state;
	say_blob(client, &unknown, 0, 1000);
	Gu__Frame *frame = take(client, GU__FRAME__BODY_ERROR);
	assert_int_equal(frame->error->code, 143);
	assert_false(frame->error->fatal);
	assert_int_equal(strncmp(frame->error->text, "abcd000000", 10), 0);
	say_blob(client, &image_ref, 0, 10);
	take_blob(client, 0, 10);
	hang_up(client);
}

static void a_download_cut_off_at_a_byte_is_resumed_there(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);

	(void)state;
	expect_in(ask("{\"command\":\"debug-drop-after\",\"bytes\":333333}"), "\"ok\":true");
	say_blob(client, &image_ref, 0, 1u << 20);
	take_blob(client, 0, 333333);
	assert_null(client_take(&loop, client));
	assert_true(client->closed);
	hang_up(client);
	client = online(vehicle_1, vin1, 0);
	say_blob(client, &image_ref, 333333, 1u << 20);
	take_blob(client, 333333, IMAGE_BYTES - 333333);
	hang_up(client);
}

static void a_rate_spreads_a_download_over_time(void **state)
{
	struct client *client = online(vehicle_1, vin1, 0);
	uint64_t begin = uv_hrtime();

	(void)state;
	expect_in(ask("{\"command\":\"debug-rate\",\"rate\":1000000}"), "\"ok\":true");
	say_blob(client, &image_ref, 0, 200000);
	take_blob(client, 0, 200000);
	assert_true(uv_hrtime() - begin > 150u * 1000000u);
	hang_up(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_comes_from_the_byte_asked_for_and_no_more_than_allowed),
	    TEST(an_unknown_file_is_said_to_be_missing_and_the_session_goes_on),
	    TEST(a_download_cut_off_at_a_byte_is_resumed_there),
	    TEST(a_rate_spreads_a_download_over_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
