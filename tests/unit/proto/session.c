#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/envelope.h"
#include "proto/stream.h"

static uint8_t digest[32] = "0123456789abcdef0123456789abcdef";
static char vehicle[] = "VIN-1";
static char campaign[] = "campaign-1";

static enum envelope_verdict unpack(const Gu__Frame *frame, const char *detail)
{
	static uint8_t bytes[2 * STREAM_MAX_FRAME_BYTES];
	struct envelope_error error;

	assert_true(gu__frame__get_packed_size(frame) <= sizeof bytes);
	Gu__Frame *out = session_unpack(bytes, gu__frame__pack(frame, bytes), &error);

	assert_string_equal(error.detail, detail);
	assert_int_equal(out != NULL, error.verdict == ENVELOPE_OK);
	if (out)
		assert_int_equal(out->body_case, frame->body_case);
	session_free(out);
	return error.verdict;
}

static Gu__Frame frame_of(Gu__Frame__BodyCase body_case, ProtobufCMessage *body)
{
	Gu__Frame frame = GU__FRAME__INIT;

	frame.body_case = body_case;
	frame.hello = (Gu__Hello *)body; /* one union for all */
	return frame;
}

static void a_frame_that_was_packed_unpacks(void **state)
{
	Gu__Hello hello = GU__HELLO__INIT;
	Gu__Frame frame = frame_of(GU__FRAME__BODY_HELLO, &hello.base);

	(void)state;
	hello.protocol_version = 1;
	hello.vehicle_id = vehicle;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	hello.vehicle_id = (char[]){"../etc"};
	assert_int_equal(unpack(&frame, "hello.vehicle_id: must be 1..64 of [A-Za-z0-9._-] and not begin with '.'"),
			 ENVELOPE_INVALID);
	hello.vehicle_id = vehicle;
	hello.protocol_version = 0;
	assert_int_equal(unpack(&frame, "hello.protocol_version: missing"), ENVELOPE_INVALID);
}

static void an_empty_or_unknown_frame_is_refused(void **state)
{
	const uint8_t of_tomorrow[] = {0xa2, 0x06, 0x00}; /* field 100 */
	struct envelope_error error;

	(void)state;
	assert_null(session_unpack(of_tomorrow, 0, &error));
	assert_int_equal(error.verdict, ENVELOPE_MALFORMED);
	assert_null(session_unpack(of_tomorrow, sizeof of_tomorrow, &error));
	assert_int_equal(error.verdict, ENVELOPE_UNKNOWN_VALUE);
}

static void a_nonce_has_32_bytes(void **state)
{
	Gu__TimeRequest request = GU__TIME_REQUEST__INIT;
	Gu__Frame frame = frame_of(GU__FRAME__BODY_TIME_REQUEST, &request.base);

	(void)state;
	request.nonce = (ProtobufCBinaryData){.len = 32, .data = digest};
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	request.nonce.len = 31;
	assert_int_equal(unpack(&frame, "time_request.nonce: must be 32 bytes"), ENVELOPE_INVALID);
}

static void a_registration_lists_an_ecu_once(void **state)
{
	Gu__Register r = GU__REGISTER__INIT;
	Gu__EcuInfo ecus[2] = {GU__ECU_INFO__INIT, GU__ECU_INFO__INIT};
	Gu__EcuInfo *list[65];
	Gu__Frame frame = frame_of(GU__FRAME__BODY_REGISTER_, &r.base);

	(void)state;
	for (size_t i = 0; i < 65; i++)
		list[i] = &ecus[i % 2];
	ecus[0].name = (char[]){"brake"};
	ecus[1].name = (char[]){"engine"};
	r.vehicle_id = vehicle;
	r.ecus = list;
	r.n_ecus = 2;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	ecus[1].name = ecus[0].name;
	assert_int_equal(unpack(&frame, "register_.ecus[1].name: listed twice"), ENVELOPE_INVALID);
	r.n_ecus = 33;
	assert_int_equal(unpack(&frame, "register_.ecus: must have 0..32 entries, has 33"), ENVELOPE_INVALID);
}

static void heartbeats_come_every_1_to_3600_seconds(void **state)
{
	Gu__RegisterResult r = GU__REGISTER_RESULT__INIT;
	Gu__Frame frame = frame_of(GU__FRAME__BODY_REGISTER_RESULT, &r.base);

	(void)state;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK); /* a refusal needs none */
	r.accepted = 1;
	assert_int_equal(unpack(&frame, "register_result.heartbeat_s: must be 1..3600"), ENVELOPE_INVALID);
	r.heartbeat_s = 3600;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	r.heartbeat_s = 3601;
	assert_int_equal(unpack(&frame, "register_result.heartbeat_s: must be 1..3600"), ENVELOPE_INVALID);
}

static void features_and_credits_have_their_bounds(void **state)
{
	Gu__RegisterResult r = GU__REGISTER_RESULT__INIT;
	Gu__Register reg = GU__REGISTER__INIT;
	uint32_t postpone_max_s[] = {31536000, 3, 0, 31536000};
	Gu__Frame result = frame_of(GU__FRAME__BODY_REGISTER_RESULT, &r.base);
	Gu__Frame registration = frame_of(GU__FRAME__BODY_REGISTER_, &reg.base);
	char good[] = "modes-1", bad[] = "a b";
	char *features[33];

	(void)state;
	for (size_t i = 0; i < 33; i++)
		features[i] = good;
	r.accepted = true;
	r.heartbeat_s = 10;
	r.poll_s = 604800;
	r.features = features;
	r.n_features = 32;
	assert_int_equal(unpack(&result, ""), ENVELOPE_OK);
	r.n_features = 33;
	assert_int_equal(unpack(&result, "register_result.features: must have 0..32 entries, has 33"),
			 ENVELOPE_INVALID);
	r.n_features = 2;
	features[1] = bad;
	assert_int_equal(
	    unpack(&result, "register_result.features[1]: must be 1..64 of [A-Za-z0-9._-] and not begin with '.'"),
	    ENVELOPE_INVALID);
	r.n_features = 0;
	r.poll_s = 604801;
	assert_int_equal(unpack(&result, "register_result.poll_s: must be 0..604800"), ENVELOPE_INVALID);
	reg.vehicle_id = vehicle;
	reg.push_credit = 64u * 1024u * 1024u;
	assert_int_equal(unpack(&registration, ""), ENVELOPE_OK);
	reg.postpone_max_s = postpone_max_s;
	reg.n_postpone_max_s = 4;
	assert_int_equal(unpack(&registration, ""), ENVELOPE_OK);
	postpone_max_s[3]++;
	assert_int_equal(unpack(&registration, "register_.postpone_max_s: must be 0..31536000"), ENVELOPE_INVALID);
	reg.n_postpone_max_s = 3;
	assert_int_equal(unpack(&registration, "register_.postpone_max_s: must have 0 or 4 entries"), ENVELOPE_INVALID);
	reg.n_postpone_max_s = 0;
	reg.push_credit++;
	assert_int_equal(unpack(&registration, "register_.push_credit: must be 0..67108864"), ENVELOPE_INVALID);
}

static void the_commands_of_the_modes_name_a_campaign_and_a_document(void **state)
{
	Gu__CheckRequest check = GU__CHECK_REQUEST__INIT;
	Gu__CheckResult nothing = GU__CHECK_RESULT__INIT;
	Gu__Notice notice = GU__NOTICE__INIT;
	Gu__CampaignTrigger trigger = GU__CAMPAIGN_TRIGGER__INIT;
	Gu__BlobRefused refused = GU__BLOB_REFUSED__INIT;
	Gu__Frame frame = frame_of(GU__FRAME__BODY_CHECK_REQUEST, &check.base);

	(void)state;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	frame = frame_of(GU__FRAME__BODY_CHECK_RESULT, &nothing.base);
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	nothing.poll_s = 604801;
	assert_int_equal(unpack(&frame, "check_result.poll_s: must be 0..604800"), ENVELOPE_INVALID);
	frame = frame_of(GU__FRAME__BODY_NOTICE, &notice.base);
	assert_int_equal(unpack(&frame, "notice.campaign_id: must be 1..64 of [A-Za-z0-9._-] and not begin with '.'"),
			 ENVELOPE_INVALID);
	notice.campaign_id = campaign;
	assert_int_equal(unpack(&frame, "notice.urgency: missing"), ENVELOPE_INVALID);
	notice.urgency = GU__URGENCY__URGENCY_HIGH;
	assert_int_equal(unpack(&frame, "notice.director_version: must be at least 1"), ENVELOPE_INVALID);
	notice.director_version = 1;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	notice.urgency = (Gu__Urgency)9;
	assert_int_equal(unpack(&frame, "notice.urgency: not a value that is known"), ENVELOPE_UNKNOWN_VALUE);
	frame = frame_of(GU__FRAME__BODY_TRIGGER, &trigger.base);
	trigger.campaign_id = campaign;
	assert_int_equal(unpack(&frame, "trigger.director_version: must be at least 1"), ENVELOPE_INVALID);
	trigger.director_version = 1;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	frame = frame_of(GU__FRAME__BODY_BLOB_REFUSED, &refused.base);
	refused.sha256 = (ProtobufCBinaryData){.len = 31, .data = digest};
	assert_int_equal(unpack(&frame, "blob_refused.sha256: must be 32 bytes"), ENVELOPE_INVALID);
	refused.sha256.len = 32;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
}

static void a_postponement_proposes_a_time_and_nothing_else_does(void **state)
{
	Gu__CampaignAnswer answer = GU__CAMPAIGN_ANSWER__INIT;
	Gu__Frame frame = frame_of(GU__FRAME__BODY_ANSWER, &answer.base);

	(void)state;
	answer.campaign_id = campaign;
	assert_int_equal(unpack(&frame, "answer.kind: missing"), ENVELOPE_INVALID);
	answer.kind = GU__ANSWER_KIND__ANSWER_KIND_ACCEPT;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	answer.kind = GU__ANSWER_KIND__ANSWER_KIND_POSTPONE;
	assert_int_equal(unpack(&frame, "answer.proposed_start_unix_s: goes with POSTPONE, and only with it"),
			 ENVELOPE_INVALID);
	answer.proposed_start_unix_s = 1;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	answer.kind = GU__ANSWER_KIND__ANSWER_KIND_DECLINE;
	assert_int_equal(unpack(&frame, "answer.proposed_start_unix_s: goes with POSTPONE, and only with it"),
			 ENVELOPE_INVALID);
	answer.kind = (Gu__AnswerKind)9;
	assert_int_equal(unpack(&frame, "answer.kind: not a value that is known"), ENVELOPE_UNKNOWN_VALUE);
}

static void a_chunk_lies_within_its_file(void **state)
{
	static uint8_t data[256 * 1024 + 1];
	Gu__BlobChunk chunk = GU__BLOB_CHUNK__INIT;
	Gu__Frame frame = frame_of(GU__FRAME__BODY_BLOB_CHUNK, &chunk.base);

	(void)state;
	chunk.sha256 = (ProtobufCBinaryData){.len = 32, .data = digest};
	chunk.data = (ProtobufCBinaryData){.len = 100, .data = data};
	chunk.length = 1000;
	chunk.offset = 900;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	chunk.offset = 901;
	assert_int_equal(unpack(&frame, "blob_chunk.offset: beyond the end of the file"), ENVELOPE_INVALID);
	chunk.offset = UINT64_MAX;
	assert_int_equal(unpack(&frame, "blob_chunk.offset: beyond the end of the file"), ENVELOPE_INVALID);
	chunk.offset = 0;
	chunk.length = 99;
	assert_int_equal(unpack(&frame, "blob_chunk.offset: beyond the end of the file"), ENVELOPE_INVALID);
	chunk.length = sizeof data;
	chunk.data.len = sizeof data - 1;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	chunk.data.len = sizeof data;
	assert_int_equal(unpack(&frame, "blob_chunk.data: must be 1..262144 bytes"), ENVELOPE_INVALID);
	chunk.data.len = 0;
	assert_int_equal(unpack(&frame, "blob_chunk.data: must be 1..262144 bytes"), ENVELOPE_INVALID);
}

static void a_request_asks_for_1_byte_to_16_mib(void **state)
{
	Gu__BlobRequest request = GU__BLOB_REQUEST__INIT;
	Gu__Frame frame = frame_of(GU__FRAME__BODY_BLOB_REQUEST, &request.base);

	(void)state;
	request.sha256 = (ProtobufCBinaryData){.len = 32, .data = digest};
	request.max_bytes = 16 * 1024 * 1024;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	request.max_bytes++;
	assert_int_equal(unpack(&frame, "blob_request.max_bytes: must be 1..16777216"), ENVELOPE_INVALID);
	request.max_bytes = 0;
	assert_int_equal(unpack(&frame, "blob_request.max_bytes: must be 1..16777216"), ENVELOPE_INVALID);
}

static void a_report_is_numbered_from_1(void **state)
{
	Gu__Report report = GU__REPORT__INIT;
	Gu__FlashResult result = GU__FLASH_RESULT__INIT;
	Gu__ServiceLoss service = GU__SERVICE_LOSS__INIT;
	Gu__Frame frame = frame_of(GU__FRAME__BODY_REPORT, &report.base);

	(void)state;
	report.result = &result;
	assert_int_equal(unpack(&frame, "report.sequence: must be at least 1"), ENVELOPE_INVALID);
	report.sequence = 1;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	report.service_loss = &service;
	assert_int_equal(unpack(&frame, "report.service_loss.state: missing"), ENVELOPE_INVALID);
	service.state = GU__SERVICE_STATE__SERVICE_STATE_BACK;
	result.nrc = 256;
	assert_int_equal(unpack(&frame, "report.result.nrc: must be 0..255"), ENVELOPE_INVALID);
	result.nrc = 0x72;
	report.ecu = (char[]){"a b"};
	assert_int_equal(unpack(&frame, "report.ecu: must be 1..64 of [A-Za-z0-9._-] and not begin with '.'"),
			 ENVELOPE_INVALID);
}

static void a_report_names_each_regulation_once(void **state)
{
	Gu__Report report = GU__REPORT__INIT;
	Gu__Rxswin rxswin[17];
	Gu__Rxswin *list[17];
	char regulations[17][24], value[] = "SU 1";
	Gu__Frame frame = frame_of(GU__FRAME__BODY_REPORT, &report.base);

	(void)state;
	for (size_t i = 0; i < 17; i++) {
		snprintf(regulations[i], sizeof regulations[i], "R%zu", i);
		gu__rxswin__init(&rxswin[i]);
		rxswin[i].regulation = regulations[i];
		rxswin[i].value = value;
		list[i] = &rxswin[i];
	}
	report.sequence = 1;
	report.rxswin_before = report.rxswin_after = list;
	report.n_rxswin_before = report.n_rxswin_after = 16;
	assert_int_equal(unpack(&frame, ""), ENVELOPE_OK);
	report.n_rxswin_after = 17;
	assert_int_equal(unpack(&frame, "report.rxswin_after: must have 0..16 entries, has 17"), ENVELOPE_INVALID);
	report.n_rxswin_after = 0;
	rxswin[1].regulation = rxswin[0].regulation;
	assert_int_equal(unpack(&frame, "report.rxswin_before[1].regulation: listed twice"), ENVELOPE_INVALID);
}

static void a_frame_that_swells_beyond_its_memory_is_refused(void **state)
{
	const size_t n_list = 800u * 1024u;
	uint8_t *bytes = malloc(n_list + 16);
	struct envelope_error error;
	size_t n = 0;

	(void)state;
	/* Frame.register_ with some 400,000 empty ECUs: 2 bytes each here, about a hundred in memory */
	bytes[n++] = 4 << 3 | 2;
	bytes[n++] = 0x80 | (n_list & 0x7f);
	bytes[n++] = 0x80 | (n_list >> 7 & 0x7f);
	bytes[n++] = n_list >> 14 & 0x7f;
	for (size_t i = 0; i < n_list; i += 2) {
		bytes[n++] = 2 << 3 | 2;
		bytes[n++] = 0;
	}
	assert_null(session_unpack(bytes, n, &error));
	assert_int_equal(error.verdict, ENVELOPE_NO_MEMORY);
	free(bytes);
}

static void a_frame_above_1_mib_is_refused(void **state)
{
	uint8_t *bytes = calloc(1, STREAM_MAX_FRAME_BYTES + 1);
	struct envelope_error error;

	(void)state;
	assert_null(session_unpack(bytes, STREAM_MAX_FRAME_BYTES + 1, &error));
	assert_int_equal(error.verdict, ENVELOPE_MALFORMED);
	assert_string_equal(error.detail, "must be 1 byte to 1 MiB");
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_frame_that_was_packed_unpacks),
	    cmocka_unit_test(an_empty_or_unknown_frame_is_refused),
	    cmocka_unit_test(a_nonce_has_32_bytes),
	    cmocka_unit_test(a_registration_lists_an_ecu_once),
	    cmocka_unit_test(heartbeats_come_every_1_to_3600_seconds),
	    cmocka_unit_test(features_and_credits_have_their_bounds),
	    cmocka_unit_test(the_commands_of_the_modes_name_a_campaign_and_a_document),
	    cmocka_unit_test(a_postponement_proposes_a_time_and_nothing_else_does),
	    cmocka_unit_test(a_chunk_lies_within_its_file),
	    cmocka_unit_test(a_request_asks_for_1_byte_to_16_mib),
	    cmocka_unit_test(a_report_is_numbered_from_1),
	    cmocka_unit_test(a_report_names_each_regulation_once),
	    cmocka_unit_test(a_frame_that_swells_beyond_its_memory_is_refused),
	    cmocka_unit_test(a_frame_above_1_mib_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
