/* The gateway's side of a download, against a backend that does what it should not: over TLS, in real time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/session/rig.h"

static struct rig *rig_usual(void)
{
	return rig_new(-DAY, 30 * DAY, false);
}

/* the connection ends and the gateway comes again, back-off and all */
static void expect_again(struct rig *r, unsigned n_accepted)
{
	rig_until(r, r->n_accepted > n_accepted && r->n_closed >= n_accepted);
	rig_until(r, r->conn != NULL);
}

/* --- files */

#define FILE_BYTES 5000u

struct file {
	uint8_t bytes[FILE_BYTES];
	struct file_ref ref;
};

static void file_make(struct file *self, uint8_t seed)
{
	for (size_t i = 0; i < FILE_BYTES; i++)
		self->bytes[i] = (uint8_t)(seed + i * 7 / 3);
	self->ref.length = FILE_BYTES;
	crypto_sha256(self->bytes, FILE_BYTES, self->ref.sha256);
}

static void fetch(struct rig *r, const struct file *file)
{
	const struct gateway_output out = {.kind = GATEWAY_OUT_FETCH, .campaign = 0, .file = file->ref};

	backend_output(r->backend, &out);
}

static void a_file_is_fetched_and_held_under_its_digest(void **state)
{
	struct rig *r = rig_usual();
	const Gu__Frame *frame;
	struct file file;

	(void)state;
	file_make(&file, 1);
	rig_up(r);
	fetch(r, &file);
	frame = rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	assert_int_equal(frame->blob_request->offset, 0);
	assert_int_equal(frame->blob_request->max_bytes, FILE_BYTES);
	server_send_chunk(r, file.ref.sha256, 0, FILE_BYTES, file.bytes, 3000);
	server_send_chunk(r, file.ref.sha256, 3000, FILE_BYTES, file.bytes + 3000, 2000);
	rig_until(r, blob_store_has(r->store, &file.ref));
	rig_until(r, !r->backend->fetch.active);
	rig_free(r);
}

static void a_fetch_goes_on_where_the_session_was_lost(void **state)
{
	struct rig *r = rig_usual();
	const Gu__Frame *frame;
	struct file file;

	(void)state;
	file_make(&file, 2);
	rig_up(r);
	fetch(r, &file);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	server_send_chunk(r, file.ref.sha256, 0, FILE_BYTES, file.bytes, 3000);
	rig_until(r, blob_store_held(r->store, &file.ref) == 3000);
	tls_conn_abort(r->conn);
	rig_until(r, r->n_closed == 1 && r->gateway->session.state == SESSION_DOWN);
	assert_false(r->backend->fetch.active);
	rig_up(r);
	fetch(r, &file);
	frame = rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	assert_int_equal(frame->blob_request->offset, 3000);
	assert_int_equal(frame->blob_request->max_bytes, 2000);
	server_send_chunk(r, file.ref.sha256, 3000, FILE_BYTES, file.bytes + 3000, 2000);
	rig_until(r, blob_store_has(r->store, &file.ref));
	rig_free(r);
}

static void chunks_of_another_file_or_place_are_left_alone(void **state)
{
	struct rig *r = rig_usual();
	struct file file, other;

	(void)state;
	file_make(&file, 3);
	file_make(&other, 4);
	rig_up(r);
	fetch(r, &file);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	server_send_chunk(r, other.ref.sha256, 0, FILE_BYTES, other.bytes, 100);
	server_send_chunk(r, file.ref.sha256, 4000, FILE_BYTES, file.bytes + 4000, 1000);
	server_send_chunk(r, file.ref.sha256, 0, FILE_BYTES, file.bytes, FILE_BYTES);
	rig_until(r, blob_store_has(r->store, &file.ref));
	assert_int_equal(r->n_accepted, 1);
	rig_free(r);
}

static void more_bytes_than_were_asked_for_break_the_protocol(void **state)
{
	uint8_t bytes[FILE_BYTES + 1] = {0};
	struct rig *r = rig_usual();
	struct file file;

	(void)state;
	file_make(&file, 5);
	rig_up(r);
	fetch(r, &file);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	server_send_chunk(r, file.ref.sha256, 0, FILE_BYTES, bytes, sizeof(bytes));
	expect_again(r, 1);
	assert_int_equal(blob_store_held(r->store, &file.ref), 0);
	rig_free(r);
}

static void a_file_of_another_length_than_was_signed_is_not_taken(void **state)
{
	struct rig *r = rig_usual();
	struct file file;

	(void)state;
	file_make(&file, 6);
	rig_up(r);
	fetch(r, &file);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	server_send_chunk(r, file.ref.sha256, 0, FILE_BYTES + 1, file.bytes, 100);
	rig_until(r, !r->backend->fetch.active);
	assert_int_equal(r->gateway->session.state, SESSION_UP);
	rig_free(r);
}

/* left over from a fetch that was cancelled, while the next one still hashes what it has */
static void a_chunk_before_anything_was_asked_for_is_left_alone(void **state)
{
	struct rig *r = rig_usual();
	Gu__BlobChunk chunk = GU__BLOB_CHUNK__INIT;
	struct file file;

	(void)state;
	file_make(&file, 7);
	rig_up(r);
	fetch(r, &file);
	chunk.sha256 = (ProtobufCBinaryData){.len = 32, .data = file.ref.sha256};
	chunk.length = FILE_BYTES;
	chunk.data = (ProtobufCBinaryData){.len = 100, .data = file.bytes};
	fetch_chunk(r->backend, &chunk);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	server_send_chunk(r, file.ref.sha256, 0, FILE_BYTES, file.bytes, FILE_BYTES);
	rig_until(r, blob_store_has(r->store, &file.ref));
	assert_int_equal(r->n_accepted, 1);
	rig_free(r);
}

static void a_download_stalls_after_thirty_seconds_without_a_byte(void **state)
{
	struct rig *r = rig_usual();
	uint64_t asked_us;
	struct file file;

	(void)state;
	file_make(&file, 8);
	rig_up(r);
	assert_null(fetch_stalled(r->backend, can_driver_now_us() + 60000000));
	fetch(r, &file);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	asked_us = r->backend->fetch.progress_us;
	assert_null(fetch_stalled(r->backend, asked_us + 30000000));
	assert_non_null(fetch_stalled(r->backend, asked_us + 30000001));
	server_send_chunk(r, file.ref.sha256, 0, FILE_BYTES, file.bytes, FILE_BYTES);
	rig_until(r, blob_store_has(r->store, &file.ref));
	rig_until(r, !r->backend->fetch.active);
	assert_null(fetch_stalled(r->backend, asked_us + 60000000));
	rig_free(r);
}

static void a_download_slower_than_a_kibibyte_a_second_is_no_progress(void **state)
{
	struct rig *r = rig_usual();
	struct fetch *f = &r->backend->fetch;
	uint64_t asked_us;
	struct file file;

	(void)state;
	file_make(&file, 9);
	rig_up(r);
	fetch(r, &file);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	server_send_chunk(r, file.ref.sha256, 0, FILE_BYTES, file.bytes, 1);
	rig_until(r, f->window_bytes == 1);
	asked_us = f->window_us;
	f->progress_us = asked_us + 59000000; /* a byte came a moment ago, as each 29 s */
	assert_null(fetch_stalled(r->backend, asked_us + 59999999));
	assert_string_equal(fetch_stalled(r->backend, asked_us + 60000000),
			    "less than 60 KiB of a requested file came in 60 s");
	f->paused = true; /* as long as we take nothing, nothing is owed */
	assert_null(fetch_stalled(r->backend, asked_us + 60000000));
	f->paused = false;
	f->window_bytes = 60 * 1024; /* enough: the next minute is counted anew */
	assert_null(fetch_stalled(r->backend, asked_us + 60000000));
	assert_int_equal(f->window_bytes, 0);
	f->progress_us = asked_us + 119000000;
	assert_null(fetch_stalled(r->backend, asked_us + 119999999));
	assert_non_null(fetch_stalled(r->backend, asked_us + 120000000));
	rig_free(r);
}

/* which the backend cannot know: it has sent what it could */
static void a_download_that_stalls_ends_the_session_and_is_reported_of_its_campaign(void **state)
{
	struct rig *r = rig_usual();
	struct campaign *c = &r->gateway->campaigns[0];
	const Gu__Report *report;
	struct file file;

	(void)state;
	file_make(&file, 10);
	rig_up(r);
	snprintf(c->doc.id, sizeof(c->doc.id), "c1");
	c->doc.manifest = file.ref;
	c->doc.window_end_unix_s = UINT32_MAX;
	c->doc.retry_pause_s = 3600;
	c->state = CAMPAIGN_OFFERED;
	c->work = CAMPAIGN_WORK_FETCH_MANIFEST;
	c->work_asked = c->fetching = true;
	fetch(r, &file);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	r->backend->fetch.progress_us = 1; /* long ago */
	rig_until(r, r->gateway->session.state == SESSION_DOWN);
	assert_int_equal(c->code, GATEWAY_CODE_SESSION_TIMEOUT);
	assert_true(c->retry_us > can_driver_now_us());
	expect_again(r, 1);
	rig_up(r);
	report = rig_take(r, GU__FRAME__BODY_REPORT)->report;
	assert_string_equal(report->campaign_id, "c1");
	assert_int_equal(report->campaign_state, GU__CAMPAIGN_STATE__CAMPAIGN_STATE_OFFERED);
	assert_int_equal(report->code, GATEWAY_CODE_SESSION_TIMEOUT);
	assert_string_equal(report->text, "no byte of a requested file came for 30 s");
	rig_free(r);
}

/* --- ends of a connection */

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_is_fetched_and_held_under_its_digest),
	    cmocka_unit_test(a_fetch_goes_on_where_the_session_was_lost),
	    cmocka_unit_test(chunks_of_another_file_or_place_are_left_alone),
	    cmocka_unit_test(more_bytes_than_were_asked_for_break_the_protocol),
	    cmocka_unit_test(a_file_of_another_length_than_was_signed_is_not_taken),
	    cmocka_unit_test(a_chunk_before_anything_was_asked_for_is_left_alone),
	    cmocka_unit_test(a_download_stalls_after_thirty_seconds_without_a_byte),
	    cmocka_unit_test(a_download_slower_than_a_kibibyte_a_second_is_no_progress),
	    cmocka_unit_test(a_download_that_stalls_ends_the_session_and_is_reported_of_its_campaign),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
