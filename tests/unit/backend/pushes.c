/* The backend over loopback TLS, against a scripted vehicle: files that it sends unasked, and what stops it. */
#include "tests/unit/backend/modes_rig.h"

static char c1[] = "c1", nothing[] = "";

/* chunks of a file that nobody asked for; of the manifest, or the image as which both profile and image go */
static void take_pushed(struct client *client, const struct blob_ref *blob, uint64_t from, uint64_t to)
{
	while (from < to) {
		const Gu__BlobChunk *chunk = take(client, GU__FRAME__BODY_BLOB_CHUNK)->blob_chunk;

		assert_memory_equal(chunk->sha256.data, blob->sha256, 32);
		assert_int_equal(chunk->offset, from);
		assert_int_equal(chunk->length, blob->length);
		from += chunk->data.len;
		assert_true(from <= to);
	}
}

/* a server-initiated campaign, for a vehicle that takes so many bytes unasked and has its document by now */
static struct client *offered(uint64_t credit)
{
	struct client *client;

	config->mode = SERVER;
	push_credit = credit;
	client = online(vehicle_1, vin1, 0);
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	return client;
}

static void files_go_unasked_within_the_credit_and_go_on_behind_what_is_asked_for(void **state)
{
	struct client *client;

	(void)state;
	client = offered(manifest_ref.length + 300000);
	take_pushed(client, &manifest_ref, 0, manifest_ref.length);
	expect_nothing(client); /* the others once it says that it wants them */
	say_report(client, 1, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING, 0);
	take_pushed(client, &image_ref, 0, 300000);
	take(client, GU__FRAME__BODY_REPORT_ACK);
	expect_nothing(client); /* used up */
	say_blob(client, &image_ref, 300000, IMAGE_BYTES);
	take_blob(client, 300000, IMAGE_BYTES - 300000);
	expect_nothing(client); /* profile and image are one file: all is sent */
	hang_up(client);
}

static void a_manifest_goes_again_to_a_vehicle_that_was_cut_off_before_it_had_it(void **state)
{
	struct client *client;

	(void)state;
	client = offered(1u << 20);
	hang_up(client);
	client = online(vehicle_1, vin1, 1);
	take(client, GU__FRAME__BODY_DIRECTOR);
	take_pushed(client, &manifest_ref, 0, manifest_ref.length);
	expect_nothing(client);
	hang_up(client);
}

static void a_vehicle_that_says_why_it_does_not_download_is_shown_so_and_sent_and_triggered_nothing(void **state)
{
	struct client *client;

	(void)state;
	client = offered(1u << 20);
	take_pushed(client, &manifest_ref, 0, manifest_ref.length);
	report_code = 140;
	say_report(client, 1, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING, 0);
	report_code = 0;
	take(client, GU__FRAME__BODY_REPORT_ACK);
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_OFF); /* nothing but its echo comes */
	say_heartbeat(client, GU__IGNITION_STATE__IGNITION_STATE_OFF);
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"state\":\"downloading\"");
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"code\":\"NO_SPACE\"");
	say_report(client, 2, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_READY, 0);
	take(client, GU__FRAME__BODY_REPORT_ACK);
	take(client, GU__FRAME__BODY_TRIGGER); /* it goes on by itself */
	expect_in(ask("{\"command\":\"campaign-show\",\"id\":\"c1\"}"), "\"code\":\"OK\"");
	hang_up(client);
}

static void without_credit_or_once_refused_nothing_more_goes_unasked(void **state)
{
	Gu__BlobRefused refused = GU__BLOB_REFUSED__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	uint8_t sha256[32];
	struct client *client;
	const Gu__Frame *taken;

	(void)state;
	config->mode = SERVER;
	client = online(vehicle_1, vin1, 0);
	add_campaign("c1", "VIN1");
	take(client, GU__FRAME__BODY_DIRECTOR);
	say_report(client, 1, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING, 0);
	take(client, GU__FRAME__BODY_REPORT_ACK);
	expect_nothing(client);
	hang_up(client);
	push_credit = 1u << 20;
	backend.faults.rate = 1000000; /* slowly, so that a refusal comes in between */
	client = online(vehicle_1, vin1, 1);
	take(client, GU__FRAME__BODY_DIRECTOR);
	expect_nothing(client); /* what it has it must say itself */
	say_report(client, 2, c1, nothing, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_DOWNLOADING, 0);
	take(client, GU__FRAME__BODY_REPORT_ACK);
	take(client, GU__FRAME__BODY_BLOB_CHUNK);
	memcpy(sha256, image_ref.sha256, 32);
	refused.sha256 = (ProtobufCBinaryData){32, sha256};
	refused.code = 134;
	frame.body_case = GU__FRAME__BODY_BLOB_REFUSED;
	frame.blob_refused = &refused;
	client_send(client, &frame);
	say_check(client, 1);
	while ((taken = client_take(&loop, client)) && taken->body_case == GU__FRAME__BODY_BLOB_CHUNK)
		assert_true(taken->blob_chunk->offset + taken->blob_chunk->data.len < IMAGE_BYTES);
	assert_non_null(taken);
	assert_int_equal(taken->body_case, GU__FRAME__BODY_CHECK_RESULT);
	expect_nothing(client);
	backend.faults.rate = 0;
	hang_up(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MODES(files_go_unasked_within_the_credit_and_go_on_behind_what_is_asked_for),
	    MODES(a_manifest_goes_again_to_a_vehicle_that_was_cut_off_before_it_had_it),
	    MODES(a_vehicle_that_says_why_it_does_not_download_is_shown_so_and_sent_and_triggered_nothing),
	    MODES(without_credit_or_once_refused_nothing_more_goes_unasked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
