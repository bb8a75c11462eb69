/* The gateway's side of the session against a backend that does what it should not: over TLS, in real time. */
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

static void a_session_comes_up_with_signed_time(void **state)
{
	struct rig *r = rig_usual();

	(void)state;
	rig_up(r);
	assert_true(r->gateway->time_trusted);
	rig_until(r, rig_logged(r, GATEWAY_CODE_OK, "registered"));
	rig_free(r);
}

static void time_signed_by_another_key_ends_the_session(void **state)
{
	struct rig *r = rig_usual();

	(void)state;
	rig_to_time(r);
	server_send_time(r, r->other_key, (uint64_t)time(NULL));
	expect_again(r, 1);
	assert_true(rig_logged(r, GATEWAY_CODE_BAD_SIGNATURE, "signed time refused"));
	assert_false(r->gateway->time_trusted);
	rig_free(r);
}

static void a_time_that_nobody_asked_for_breaks_the_protocol(void **state)
{
	struct rig *r = rig_usual();

	(void)state;
	rig_up(r);
	server_send_time(r, r->time_key, (uint64_t)time(NULL));
	expect_again(r, 1);
	assert_true(rig_logged(r, GATEWAY_CODE_PROTOCOL, "nobody asked for"));
	rig_free(r);
}

static void nothing_is_taken_from_a_backend_before_its_time(void **state)
{
	Gu__ReportAck ack = GU__REPORT_ACK__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	struct rig *r = rig_usual();
	uint8_t queue_id[16] = {0};

	(void)state;
	gateway_document_refused(r->gateway, can_driver_now_us(), GATEWAY_CODE_INVALID, "a report to keep");
	rig_to_time(r);
	assert_int_equal(r->gateway->reports.n, 1);
	ack.sequence = 1;
	ack.queue_id = (ProtobufCBinaryData){.len = sizeof(queue_id), .data = queue_id};
	frame.body_case = GU__FRAME__BODY_REPORT_ACK;
	frame.report_ack = &ack;
	server_send(r, &frame);
	expect_again(r, 1);
	assert_true(rig_logged(r, GATEWAY_CODE_PROTOCOL, "before the signed time"));
	assert_int_equal(r->gateway->reports.n, 1);
	rig_free(r);
}

static void a_message_that_only_gateways_send_breaks_the_protocol(void **state)
{
	Gu__Hello hello = GU__HELLO__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	char id[] = "VEHICLE1", software[] = "x";
	struct rig *r = rig_usual();

	(void)state;
	rig_up(r);
	hello.protocol_version = 1;
	hello.vehicle_id = id;
	hello.software = software;
	frame.body_case = GU__FRAME__BODY_HELLO;
	frame.hello = &hello;
	server_send(r, &frame);
	expect_again(r, 1);
	assert_true(rig_logged(r, GATEWAY_CODE_PROTOCOL, "only a gateway sends"));
	rig_free(r);
}

static void an_oversized_frame_breaks_the_protocol_at_its_header(void **state)
{
	const uint8_t header[STREAM_HEADER_BYTES] = {0xff, 0xff, 0xff, 0xff};
	struct rig *r = rig_usual();

	(void)state;
	rig_up(r);
	assert_int_equal(tls_conn_write(r->conn, header, sizeof(header)), 0);
	expect_again(r, 1);
	assert_true(rig_logged(r, GATEWAY_CODE_PROTOCOL, "oversized"));
	rig_free(r);
}

/* --- certificates and their dates */

static void a_certificate_that_is_expired_by_the_signed_time_is_refused(void **state)
{
	struct rig *r = rig_usual();

	(void)state;
	rig_to_time(r);
	server_send_time(r, r->time_key, (uint64_t)(time(NULL) + 31 * DAY));
	expect_again(r, 1);
	assert_true(rig_logged(r, GATEWAY_CODE_TLS, "expired"));
	assert_false(r->gateway->time_trusted);
	rig_free(r);
}

/* a gateway's clock may stand anywhere: here it says that the certificate expired long ago, in every session */
static void the_systems_clock_judges_no_certificate(void **state)
{
	struct rig *r = rig_new(-20 * DAY, -10 * DAY, false);

	(void)state;
	rig_up_at(r, (uint64_t)(time(NULL) - 15 * DAY));
	assert_true(r->gateway->time_trusted);
	tls_conn_close(r->conn);
	rig_until(r, r->n_closed == 1 && r->gateway->session.state == SESSION_DOWN);
	rig_up_at(r, (uint64_t)(time(NULL) - 15 * DAY));
	rig_free(r);
}

static void a_backend_of_another_ca_is_refused_and_tried_again(void **state)
{
	struct rig *r = rig_new(-DAY, DAY, true);

	(void)state;
	rig_until(r, r->n_accepted >= 2);
	assert_true(rig_logged(r, GATEWAY_CODE_TLS, "certificate was refused"));
	assert_true(rig_logged(r, GATEWAY_CODE_TLS, r->config->backend_port));
	rig_free(r);
}

static struct rig *rig_revoking(struct rig_crl crl)
{
	return rig_new_with(-DAY, 30 * DAY, false, &crl);
}

/* refused in each session, whatever other lists stand beside the one that has it, and however old that is */
static void a_revoked_backend_is_refused_in_words(void **state)
{
	static const struct rig_crl crls[] = {
	    {.of_backend = true, .revoked = true, .to_s = DAY},
	    {.of_others = true, .old = true, .of_backend = true, .revoked = true, .to_s = DAY},
	    {.of_backend = true, .revoked = true, .to_s = -DAY / 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(crls) / sizeof(crls[0]); i++) {
		struct rig *r = rig_revoking(crls[i]);

		rig_until(r, r->n_accepted >= 2);
		assert_true(rig_logged(r, GATEWAY_CODE_TLS, "the peer's certificate was refused: certificate revoked"));
		assert_true(rig_logged(r, GATEWAY_CODE_TLS, r->config->backend_port));
		assert_null(r->conn);
		rig_free(r);
	}
}

static void a_backend_that_is_not_revoked_is_taken(void **state)
{
	struct rig *r = rig_revoking((struct rig_crl){.of_others = true, .of_backend = true, .to_s = DAY});

	(void)state;
	rig_up(r);
	assert_false(r->backend->crl_told);
	rig_free(r);
}

/* by the time that is signed: by the system's clock the list is good */
static void a_list_that_is_out_of_date_locks_nobody_out_and_is_told(void **state)
{
	struct rig *r = rig_revoking((struct rig_crl){.of_backend = true, .to_s = DAY});

	(void)state;
	rig_up_at(r, (uint64_t)(time(NULL) + DAY / 2));
	assert_false(r->backend->crl_told);
	tls_conn_close(r->conn);
	rig_until(r, r->n_closed == 1 && r->gateway->session.state == SESSION_DOWN);
	rig_up_at(r, (uint64_t)(time(NULL) + 2 * DAY));
	assert_true(r->backend->crl_told);
	rig_free(r);
}

static void a_backend_whose_issuer_has_no_list_is_taken_and_it_is_told(void **state)
{
	struct rig *r = rig_revoking((struct rig_crl){.of_others = true});

	(void)state;
	rig_up(r);
	assert_true(r->backend->crl_told);
	rig_free(r);
}

static void a_backend_that_is_not_there_is_said_by_its_address_once(void **state)
{
	struct rig *r = rig_usual();

	(void)state;
	uv_close((uv_handle_t *)&r->listener, NULL);
	rig_until(r, r->n_connects >= 3);
	assert_int_equal(r->n_logs, 1);
	assert_true(rig_logged(r, GATEWAY_CODE_UNREACHABLE, "connection refused"));
	assert_true(rig_logged(r, GATEWAY_CODE_UNREACHABLE, r->config->backend_port));
	rig_free(r);
}

static void give_up(struct rig *r)
{
	session_give_up(&r->gateway->session, can_driver_now_us(), GATEWAY_CODE_SESSION_TIMEOUT);
	gateway_heartbeat(r->gateway, can_driver_now_us(), 0); /* any door lets the core act on it */
}

/* both sides have seen the end of all connections so far */
static void expect_end(struct rig *r)
{
	unsigned n = r->n_accepted;

	rig_until(r, r->n_closed >= n && r->gateway->session.state == SESSION_DOWN && !r->gateway->session.closing);
}

static void a_backend_that_never_reads_is_left_once_a_mebibyte_waits(void **state)
{
	struct rig *r = rig_usual();
	uint64_t began_ns = 0;
	unsigned n = 0;

	(void)state;
	rig_up(r);
	tls_conn_pause(r->conn, true);
	while (r->backend->up && n < 100000) { /* what the sockets hold, and a MiB more */
		backend_send_error(r->backend, GATEWAY_CODE_REFUSED, "words that nobody reads");
		assert_true(!r->backend->conn || tls_conn_queued(r->backend->conn) < 1024 * 1024 + 1024);
		if (++n % 1000 == 0)
			rig_turn(r, &began_ns);
	}
	assert_false(r->backend->up);
	rig_until(r, rig_logged(r, GATEWAY_CODE_PROTOCOL, "over 1 MiB waits"));
	rig_free(r);
}

static void a_connection_can_be_given_up_in_each_state(void **state)
{
	struct rig *r = rig_usual();

	(void)state;
	for (unsigned turns = 0; turns < 12; turns++) { /* resolving, connecting, handshake, … */
		uint64_t began_ns = 0;
		unsigned n = r->n_connects;

		rig_until(r, r->n_connects > n);
		for (unsigned i = 0; i < turns; i++)
			rig_turn(r, &began_ns);
		give_up(r);
		expect_end(r);
	}
	rig_to_time(r);
	give_up(r);
	expect_end(r);
	rig_up(r);
	give_up(r);
	expect_end(r);
	rig_up(r);
	rig_free(r);
}

static void a_backend_module_can_be_freed_in_each_state(void **state)
{
	(void)state;
	for (unsigned turns = 0; turns < 10; turns++) {
		struct rig *r = rig_usual();
		uint64_t began_ns = 0;

		for (unsigned i = 0; i < turns; i++)
			rig_turn(r, &began_ns);
		rig_free(r); /* which sees that no handle is left */
	}
}

static void a_second_connect_waits_for_the_end_of_the_first(void **state)
{
	const struct gateway_output again = {.kind = GATEWAY_OUT_CONNECT};
	struct rig *r = rig_usual();

	(void)state;
	rig_up(r);
	give_up(r);
	rig_pump(r); /* says goodbye; its end comes from a later turn */
	assert_non_null(r->backend->conn);
	backend_output(r->backend, &again);
	assert_int_equal(r->gateway->session.state, SESSION_DOWN);
	rig_until(r, r->n_accepted == 2 && r->n_closed == 1);
	rig_up(r);
	assert_int_equal(r->n_closed, 1);
	rig_free(r);
}

static void a_fatal_error_of_the_backend_ends_the_session_with_its_words(void **state)
{
	Gu__Error error = GU__ERROR__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	char words[] = "maintenance until noon";
	struct rig *r = rig_usual();

	(void)state;
	rig_up(r);
	error.code = 5;
	error.text = words;
	error.fatal = true;
	frame.body_case = GU__FRAME__BODY_ERROR;
	frame.error = &error;
	server_send(r, &frame);
	expect_again(r, 1);
	assert_true(rig_logged(r, GATEWAY_CODE_REFUSED, words));
	rig_free(r);
}

/* a report whose text was cut within a character must not end every session from then on */
static void a_report_with_half_a_character_is_sent_in_clean_words(void **state)
{
	struct rig *r = rig_usual();
	const Gu__Frame *frame;

	(void)state;
	gateway_document_refused(r->gateway, can_driver_now_us(), GATEWAY_CODE_INVALID, "gr\xc3\xb6\xc3\nx");
	rig_up(r);
	frame = rig_take(r, GU__FRAME__BODY_REPORT); /* its unpacking checks the text */
	assert_string_equal(frame->report->text, "gr\xc3\xb6??x");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_comes_up_with_signed_time),
	    cmocka_unit_test(time_signed_by_another_key_ends_the_session),
	    cmocka_unit_test(a_time_that_nobody_asked_for_breaks_the_protocol),
	    cmocka_unit_test(nothing_is_taken_from_a_backend_before_its_time),
	    cmocka_unit_test(a_message_that_only_gateways_send_breaks_the_protocol),
	    cmocka_unit_test(an_oversized_frame_breaks_the_protocol_at_its_header),
	    cmocka_unit_test(a_certificate_that_is_expired_by_the_signed_time_is_refused),
	    cmocka_unit_test(the_systems_clock_judges_no_certificate),
	    cmocka_unit_test(a_backend_of_another_ca_is_refused_and_tried_again),
	    cmocka_unit_test(a_revoked_backend_is_refused_in_words),
	    cmocka_unit_test(a_backend_that_is_not_revoked_is_taken),
	    cmocka_unit_test(a_list_that_is_out_of_date_locks_nobody_out_and_is_told),
	    cmocka_unit_test(a_backend_whose_issuer_has_no_list_is_taken_and_it_is_told),
	    cmocka_unit_test(a_backend_that_is_not_there_is_said_by_its_address_once),
	    cmocka_unit_test(a_backend_that_never_reads_is_left_once_a_mebibyte_waits),
	    cmocka_unit_test(a_connection_can_be_given_up_in_each_state),
	    cmocka_unit_test(a_backend_module_can_be_freed_in_each_state),
	    cmocka_unit_test(a_second_connect_waits_for_the_end_of_the_first),
	    cmocka_unit_test(a_fatal_error_of_the_backend_ends_the_session_with_its_words),
	    cmocka_unit_test(a_report_with_half_a_character_is_sent_in_clean_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
