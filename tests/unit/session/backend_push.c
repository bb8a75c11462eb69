/* Files that the backend sends of itself: what the gateway takes, holds for a moment, refuses and asks for; over TLS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/session/rig.h"

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

static void push(struct rig *r, const struct file *file, uint64_t from, size_t n)
{
	server_send_chunk(r, file->ref.sha256, from, FILE_BYTES, file->bytes + from, n);
}

/* a session with a campaign whose manifest is @file; the core itself asks for nothing, the test does */
static struct rig *rig_pushed(struct file *file, enum update_mode mode)
{
	struct rig *r = rig_new(-DAY, 30 * DAY, false);
	struct campaign *c = &r->gateway->campaigns[0];
	Gu__RegisterResult result = GU__REGISTER_RESULT__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	static char feature[] = "modes-1";
	char *features[] = {feature};

	file_make(file, (uint8_t)mode);
	rig_to_time(r);
	server_send_time(r, r->time_key, (uint64_t)time(NULL));
	const Gu__Register *registration = rig_take(r, GU__FRAME__BODY_REGISTER_)->register_;
	assert_int_equal(registration->push_credit, PUSH_CREDIT);
	assert_int_equal(registration->n_postpone_max_s, URGENCY_CRITICAL);
	for (unsigned i = 0; i < registration->n_postpone_max_s; i++)
		assert_int_equal(registration->postpone_max_s[i], r->gateway->config.postpone_max_s[URGENCY_LOW + i]);
	result.accepted = true;
	result.heartbeat_s = 60;
	result.n_features = 1;
	result.features = features;
	frame.body_case = GU__FRAME__BODY_REGISTER_RESULT;
	frame.register_result = &result;
	server_send(r, &frame);
	rig_take(r, GU__FRAME__BODY_HEARTBEAT);
	snprintf(c->doc.id, sizeof(c->doc.id), "c1");
	c->doc.mode = mode;
	c->doc.manifest = file->ref;
	c->retry_us = GATEWAY_NEVER;
	c->state = CAMPAIGN_OFFERED;
	return r;
}

static void what_comes_by_itself_is_not_asked_for(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);

	(void)state;
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push);
	push(r, &file, 0, 3000);
	push(r, &file, 3000, 2000);
	rig_until(r, blob_store_has(r->store, &file.ref));
	rig_until(r, !r->backend->fetch.active);
	assert_int_equal(r->taken, r->n_inbox);
	assert_int_equal(r->backend->push.left, PUSH_CREDIT - FILE_BYTES);
	rig_free(r);
}

static void what_comes_a_moment_before_it_is_wanted_is_held(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);

	(void)state;
	push(r, &file, 0, 3000);
	rig_until(r, r->backend->push.first);
	fetch(r, &file);
	rig_until(r, r->backend->fetch.received == 3000);
	assert_null(r->backend->push.first);
	push(r, &file, 3000, 2000); /* the connection is read again */
	rig_until(r, blob_store_has(r->store, &file.ref));
	assert_int_equal(r->taken, r->n_inbox);
	rig_free(r);
}

static void what_is_held_for_nobody_is_dropped(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);

	(void)state;
	push(r, &file, 0, 3000);
	rig_until(r, r->backend->push.first);
	push_tick(r->backend, can_driver_now_us() + 1000000);
	assert_non_null(r->backend->push.first);
	push_tick(r->backend, can_driver_now_us() + 3000000);
	assert_null(r->backend->push.first);
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push);
	push(r, &file, 3000, 2000); /* what lies before it is gone: asked for from the first byte */
	assert_int_equal(rig_take(r, GU__FRAME__BODY_BLOB_REQUEST)->blob_request->offset, 0);
	push(r, &file, 0, FILE_BYTES);
	rig_until(r, blob_store_has(r->store, &file.ref));
	rig_free(r);
}

static void a_file_that_no_campaign_names_is_refused_once(void **state)
{
	struct file file, other;
	struct rig *r = rig_pushed(&file, MODE_SERVER);
	const Gu__Frame *frame;

	(void)state;
	file_make(&other, 77);
	push(r, &other, 0, 1000);
	push(r, &other, 1000, 1000);
	frame = rig_take(r, GU__FRAME__BODY_BLOB_REFUSED);
	assert_memory_equal(frame->blob_refused->sha256.data, other.ref.sha256, 32);
	assert_int_equal(frame->blob_refused->code, GATEWAY_CODE_FILE_NOT_WANTED);
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push);
	push(r, &file, 0, FILE_BYTES);
	rig_until(r, blob_store_has(r->store, &file.ref) && !r->backend->fetch.active);
	push(r, &file, 0, FILE_BYTES); /* held by now: as unwanted as any */
	rig_take(r, GU__FRAME__BODY_BLOB_REFUSED);
	assert_int_equal(r->taken, r->n_inbox);
	assert_int_equal(blob_store_held(r->store, &other.ref), 0);
	rig_free(r);
}

static void files_of_campaigns_of_other_modes_are_refused(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_NEGOTIATED);

	(void)state;
	push(r, &file, 0, 1000);
	rig_take(r, GU__FRAME__BODY_BLOB_REFUSED);
	fetch(r, &file);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	rig_free(r);
}

static void nothing_is_taken_beyond_the_credit_and_asking_renews_it(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);
	const Gu__Frame *frame;

	(void)state;
	r->backend->push.left = 1000;
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push);
	push(r, &file, 0, 1001);
	rig_take(r, GU__FRAME__BODY_BLOB_REFUSED);
	assert_int_equal(r->backend->fetch.received, 0);
	push(r, &file, 0, 1000);
	frame = rig_take(r, GU__FRAME__BODY_BLOB_REQUEST); /* used up: the rest is asked for */
	assert_int_equal(frame->blob_request->offset, 1000);
	assert_int_equal(frame->blob_request->max_bytes, FILE_BYTES - 1000);
	assert_int_equal(r->backend->push.left, PUSH_CREDIT);
	push(r, &file, 1000, FILE_BYTES - 1000);
	rig_until(r, blob_store_has(r->store, &file.ref));
	assert_int_equal(r->backend->push.left, PUSH_CREDIT); /* that was asked for */
	rig_free(r);
}

static void what_does_not_come_is_asked_for_after_three_seconds(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);

	(void)state;
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push);
	push_tick(r->backend, can_driver_now_us() + 2000000);
	assert_true(r->backend->fetch.awaits_push);
	push_tick(r->backend, can_driver_now_us() + 4000000);
	assert_int_equal(rig_take(r, GU__FRAME__BODY_BLOB_REQUEST)->blob_request->offset, 0);
	push(r, &file, 0, FILE_BYTES);
	rig_until(r, blob_store_has(r->store, &file.ref));
	rig_free(r);
}

static void what_comes_a_byte_now_and_then_is_asked_for_after_a_minute(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);
	struct fetch *f = &r->backend->fetch;
	uint64_t ready_us;

	(void)state;
	fetch(r, &file);
	rig_until(r, f->awaits_push);
	ready_us = f->window_us;
	assert_true(ready_us > 0);
	push(r, &file, 0, 1);
	rig_until(r, f->received == 1);
	f->progress_us = ready_us + 59000000; /* as each of those before, less than 3 s after the last one */
	push_tick(r->backend, ready_us + 59999999);
	assert_true(f->awaits_push);
	f->paused = true; /* as long as we take nothing, nothing is owed */
	push_tick(r->backend, ready_us + 70000000);
	assert_true(f->awaits_push);
	f->paused = false;
	f->window_bytes = 60 * 1024; /* enough: the next minute is counted anew */
	push_tick(r->backend, ready_us + 60000000);
	assert_true(f->awaits_push);
	assert_int_equal(f->window_bytes, 0);
	f->progress_us = ready_us + 119000000;
	push_tick(r->backend, ready_us + 119999999);
	assert_true(f->awaits_push);
	push_tick(r->backend, ready_us + 120000000);
	assert_int_equal(rig_take(r, GU__FRAME__BODY_BLOB_REQUEST)->blob_request->offset, 1);
	f->progress_us = f->window_us + 59000000; /* from now on as slow as that is given up */
	assert_non_null(fetch_stalled(r->backend, f->window_us + 60000000));
	push(r, &file, 1, FILE_BYTES - 1);
	rig_until(r, blob_store_has(r->store, &file.ref));
	rig_free(r);
}

static void after_a_lost_session_it_says_where_it_is(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);

	(void)state;
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push);
	push(r, &file, 0, 3000);
	rig_until(r, blob_store_held(r->store, &file.ref) == 3000);
	tls_conn_abort(r->conn);
	rig_until(r, r->n_closed == 1 && r->gateway->session.state == SESSION_DOWN);
	assert_int_equal(r->backend->push.left, PUSH_CREDIT - 3000);
	rig_up(r); /* a backend of before modes-1 */
	assert_int_equal(r->backend->push.left, PUSH_CREDIT);
	fetch(r, &file);
	assert_int_equal(rig_take(r, GU__FRAME__BODY_BLOB_REQUEST)->blob_request->offset, 3000);
	push(r, &file, 3000, 2000);
	rig_until(r, blob_store_has(r->store, &file.ref));
	rig_free(r);
}

static void in_a_new_session_it_says_at_once_which_file_is_next(void **state)
{
	struct file file, next;
	struct rig *r = rig_pushed(&file, MODE_SERVER);
	struct campaign *c = &r->gateway->campaigns[0];

	(void)state;
	file_make(&next, 99);
	c->state = CAMPAIGN_DOWNLOADING; /* as was reported in a session before: nothing comes unasked */
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push || r->taken < r->n_inbox);
	assert_false(r->backend->fetch.awaits_push);
	assert_int_equal(rig_take(r, GU__FRAME__BODY_BLOB_REQUEST)->blob_request->offset, 0);
	push(r, &file, 0, FILE_BYTES);
	rig_until(r, blob_store_has(r->store, &file.ref) && !r->backend->fetch.active);
	fetch(r, &next); /* what follows does */
	rig_until(r, r->backend->fetch.awaits_push);
	push(r, &next, 0, FILE_BYTES);
	rig_until(r, blob_store_has(r->store, &next.ref));
	assert_int_equal(r->taken, r->n_inbox);
	rig_free(r);
}

static void what_is_reported_to_download_comes_by_itself(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);
	struct report report = {.campaign_state = CAMPAIGN_DOWNLOADING};

	(void)state;
	r->gateway->campaigns[0].state = CAMPAIGN_DOWNLOADING;
	snprintf(report.campaign_id, sizeof(report.campaign_id), "c1");
	assert_false(push_is_expected(r->backend, 0));
	assert_true(report_queue_append(&r->gateway->reports, &report) > 0); /* on its way to the disk */
	assert_true(push_is_expected(r->backend, 0));
	report_queue_init(&r->gateway->reports);
	assert_false(push_is_expected(r->backend, 0));
	backend_send_report(r->backend, &report);
	assert_true(push_is_expected(r->backend, 0));
	r->backend->push.flows = false;
	report.code = GATEWAY_CODE_NO_SPACE; /* it says why it does not */
	backend_send_report(r->backend, &report);
	assert_false(push_is_expected(r->backend, 0));
	r->backend->push.flows = true;
	r->gateway->campaigns[0].doc.mode = MODE_CLIENT;
	assert_false(push_is_expected(r->backend, 0));
	rig_free(r);
}

static void once_a_request_is_answered_its_grant_is_the_credit(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);

	(void)state;
	r->backend->push.left = 2000;
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push);
	fetch_ask(r->backend);
	rig_take(r, GU__FRAME__BODY_BLOB_REQUEST);
	assert_int_equal(r->backend->push.left,
			 PUSH_CREDIT + 2000); /* what is on its way may still use the old one up */
	push(r, &file, 0, FILE_BYTES);
	rig_until(r, blob_store_has(r->store, &file.ref));
	assert_int_equal(r->backend->push.left, PUSH_CREDIT);
	rig_free(r);
}

static void what_a_backend_that_cannot_trigger_would_initiate_is_declined(void **state)
{
	struct rig *r = rig_new(-DAY, 30 * DAY, false);
	Gu__ModeEntry entry = GU__MODE_ENTRY__INIT;
	Gu__ModeEntry *modes[] = {&entry};
	Gu__RegisterResult result = GU__REGISTER_RESULT__INIT;
	Gu__Frame frame = GU__FRAME__INIT;

	(void)state;
	rig_to_time(r);
	server_send_time(r, r->time_key, (uint64_t)time(NULL));
	rig_take(r, GU__FRAME__BODY_REGISTER_);
	entry.mode = GU__UPDATE_MODE__UPDATE_MODE_SERVER_INITIATED;
	result.accepted = true;
	result.heartbeat_s = 60;
	result.n_modes = 1;
	result.modes = modes;
	frame.body_case = GU__FRAME__BODY_REGISTER_RESULT;
	frame.register_result = &result;
	server_send(r, &frame);
	rig_take(r, GU__FRAME__BODY_HEARTBEAT);
	/* a server-initiated campaign has another mode now: MODE_MISMATCH */
	assert_int_equal(r->gateway->modes.n, 1);
	assert_int_equal(r->gateway->modes.entries[0].mode, MODE_NEGOTIATED);
	rig_free(r);
}

static void a_pushed_file_of_another_length_or_digest_is_not_taken(void **state)
{
	struct file file;
	struct rig *r = rig_pushed(&file, MODE_SERVER);

	(void)state;
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push);
	server_send_chunk(r, file.ref.sha256, 0, FILE_BYTES + 1, file.bytes, 100);
	rig_until(r, !r->backend->fetch.active);
	fetch(r, &file);
	rig_until(r, r->backend->fetch.awaits_push);
	file.bytes[7] ^= 1;
	push(r, &file, 0, FILE_BYTES);
	rig_until(r, !r->backend->fetch.active);
	assert_false(blob_store_has(r->store, &file.ref));
	assert_int_equal(blob_store_held(r->store, &file.ref), 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_comes_by_itself_is_not_asked_for),
	    cmocka_unit_test(what_comes_a_moment_before_it_is_wanted_is_held),
	    cmocka_unit_test(what_is_held_for_nobody_is_dropped),
	    cmocka_unit_test(a_file_that_no_campaign_names_is_refused_once),
	    cmocka_unit_test(files_of_campaigns_of_other_modes_are_refused),
	    cmocka_unit_test(nothing_is_taken_beyond_the_credit_and_asking_renews_it),
	    cmocka_unit_test(what_does_not_come_is_asked_for_after_three_seconds),
	    cmocka_unit_test(what_comes_a_byte_now_and_then_is_asked_for_after_a_minute),
	    cmocka_unit_test(after_a_lost_session_it_says_where_it_is),
	    cmocka_unit_test(in_a_new_session_it_says_at_once_which_file_is_next),
	    cmocka_unit_test(what_is_reported_to_download_comes_by_itself),
	    cmocka_unit_test(once_a_request_is_answered_its_grant_is_the_credit),
	    cmocka_unit_test(what_a_backend_that_cannot_trigger_would_initiate_is_declined),
	    cmocka_unit_test(a_pushed_file_of_another_length_or_digest_is_not_taken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
