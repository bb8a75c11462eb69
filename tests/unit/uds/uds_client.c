/* The client alone: what the transport reports goes in, events come out. */
#include "client.h"

static void a_positive_answer_ends_the_request(void **state)
{
	(void)state;
	REQUEST(0x10, 0x02);
	INPUT(T0 + 10, 0x50, 0x02, 0x00, 0x32, 0x01, 0xf4);
	assert_event(UDS_EVENT_POSITIVE, 0x10);
	assert_int_equal(event.n_pdu, 6);
	assert_int_equal(event.pdu[5], 0xf4);
}

static void a_negative_answer_ends_the_request_with_its_code(void **state)
{
	(void)state;
	REQUEST(0x34, 0x00, 0x11, 0x00, 0x10);
	INPUT(T0, 0x7f, 0x34, 0x70);
	assert_event(UDS_EVENT_NEGATIVE, 0x34);
	assert_int_equal(event.nrc, 0x70);
	assert_int_equal(event.n_pdu, 3);
}

static void one_request_is_open_at_a_time(void **state)
{
	(void)state;
	assert_int_equal(uds_client_request(&c, T0, BYTES(0x3e, 0)), 0);
	assert_int_equal(uds_client_request(&c, T0, BYTES(0x3e, 0)), UDS_BUSY);
	uds_client_sent(&c, T0);
	assert_int_equal(uds_client_request(&c, T0, BYTES(0x3e, 0)), UDS_BUSY);
	INPUT(T0, 0x7e, 0);
	assert_event(UDS_EVENT_POSITIVE, 0x3e);
	assert_int_equal(uds_client_request(&c, T0, (const uint8_t *)"", 0), UDS_EMPTY);
	assert_false(uds_client_open(&c));
}

static void p2_starts_at_the_confirmation_of_the_request(void **state)
{
	(void)state;
	assert_int_equal(uds_client_request(&c, T0, BYTES(0x36, 1, 2, 3)), 0);
	assert_int_equal(uds_client_deadline(&c), UDS_NEVER);
	uds_client_expire(&c, T0 + 100 * S);
	assert_open();
	uds_client_sent(&c, T0 + 100 * S);
	ends_at(T0 + 100 * S + 150 * MS, UDS_EVENT_TIMEOUT, 0x36);
	assert_int_equal(event.reason, ISOTP_REASON_NONE);
}

static void p2_stops_at_the_first_frame_of_the_answer(void **state)
{
	(void)state;
	REQUEST(0x22, 0xf1, 0x90);
	uds_client_rx_started(&c, T0 + 149 * MS);
	uds_client_expire(&c, T0 + 20 * S);
	assert_open();
	INPUT(T0 + 20 * S, 0x62, 0xf1, 0x90, 1, 2, 3, 4, 5, 6, 7);
	assert_event(UDS_EVENT_POSITIVE, 0x22);
}

static void an_answer_that_never_ends_is_bounded(void **state)
{
	(void)state;
	REQUEST(0x22, 0xf1, 0x90);
	uds_client_rx_started(&c, T0 + 100 * MS);
	ends_at(T0 + 100 * MS + 30 * S, UDS_EVENT_TIMEOUT, 0x22);
}

static void an_answer_whose_reception_fails_ends_the_request(void **state)
{
	(void)state;
	REQUEST(0x22, 0xf1, 0x90);
	uds_client_rx_started(&c, T0);
	uds_client_rx_failed(&c, T0 + 1 * S, ISOTP_REASON_N_CR);
	assert_event(UDS_EVENT_TIMEOUT, 0x22);
	assert_int_equal(event.reason, ISOTP_REASON_N_CR);
	uds_client_rx_failed(&c, T0 + 1 * S, ISOTP_REASON_N_CR);
	assert_false(uds_client_pop_event(&c, &event));
}

static void a_reception_that_gives_way_leaves_what_was_left_of_p2(void **state)
{
	(void)state;
	REQUEST(0x22, 0xf1, 0x90);
	uds_client_rx_started(&c, T0 + 100 * MS);
	uds_client_rx_dropped(&c, T0 + 300 * MS);
	ends_at(T0 + 350 * MS, UDS_EVENT_TIMEOUT, 0x22);
}

static void receptions_that_give_way_again_and_again_are_bounded(void **state)
{
	uint64_t t = T0;

	(void)state;
	REQUEST(0x22, 0xf1, 0x90);
	while (t < T0 + 30 * S) {
		uds_client_rx_started(&c, t);
		uds_client_expire(&c, t);
		assert_open();
		t += 1 * S;
		uds_client_rx_dropped(&c, t);
	}
	uds_client_expire(&c, t);
	assert_event(UDS_EVENT_TIMEOUT, 0x22);
}

static void a_send_failure_ends_the_request_with_its_reason(void **state)
{
	(void)state;
	assert_int_equal(uds_client_request(&c, T0, BYTES(0x36, 1)), 0);
	uds_client_send_failed(&c, T0, ISOTP_REASON_N_BS);
	assert_event(UDS_EVENT_SEND_FAILED, 0x36);
	assert_int_equal(event.reason, ISOTP_REASON_N_BS);
}

static void answers_with_another_service_identifier_do_not_end_the_wait(void **state)
{
	(void)state;
	REQUEST(0x36, 0x05, 0xaa);
	INPUT(T0, 0x7e, 0x00);
	INPUT(T0, 0x71, 0x01, 0xff, 0x00);
	INPUT(T0, 0x7f, 0x3e, 0x12);
	INPUT(T0, 0x7f, 0x31, 0x78);
	INPUT(T0, 0x36, 0x05);
	INPUT(T0, 0x00);
	uds_client_input(&c, T0, (const uint8_t *)"", 0);
	assert_open();
	assert_int_equal(uds_client_deadline(&c), T0 + 150 * MS);
	INPUT(T0, 0x76, 0x05);
	assert_event(UDS_EVENT_POSITIVE, 0x36);
}

static void a_message_before_the_request_was_sent_is_no_answer(void **state)
{
	(void)state;
	assert_int_equal(uds_client_request(&c, T0, BYTES(0x11, 1)), 0);
	INPUT(T0, 0x51, 0x01);
	INPUT(T0, 0x7f, 0x11, 0x22);
	assert_open();
	uds_client_sent(&c, T0);
	INPUT(T0, 0x51, 0x01);
	assert_event(UDS_EVENT_POSITIVE, 0x11);
}

static void a_truncated_negative_answer_is_malformed(void **state)
{
	(void)state;
	REQUEST(0x27, 0x01);
	INPUT(T0, 0x7f);
	assert_event(UDS_EVENT_MALFORMED, 0x27);
	REQUEST(0x27, 0x01);
	INPUT(T0, 0x7f, 0x27);
	assert_event(UDS_EVENT_MALFORMED, 0x27);
	REQUEST(0x27, 0x01);
	INPUT(T0, 0x7f, 0x27, 0x35, 0x00);
	assert_event(UDS_EVENT_MALFORMED, 0x27);
	REQUEST(0x27, 0x01);
	INPUT(T0, 0x7f, 0x27, 0x00);
	assert_event(UDS_EVENT_MALFORMED, 0x27);
}

static void each_response_pending_restarts_with_p2_star(void **state)
{
	uint64_t t = T0 + 149 * MS;

	(void)state;
	REQUEST(0x31, 0x01, 0xff, 0x00);
	for (int i = 0; i < 20; i++) {
		INPUT(t, 0x7f, 0x31, 0x78);
		assert_event(UDS_EVENT_PENDING, 0x31);
		assert_int_equal(event.nrc, 0x78);
		assert_true(uds_client_open(&c));
		assert_int_equal(uds_client_deadline(&c), t + 5100 * MS);
		t += 5099 * MS;
		uds_client_expire(&c, t);
		assert_open();
	}
	ends_at(t + 1 * MS, UDS_EVENT_TIMEOUT, 0x31);
	assert_int_equal(event.pending_us, 0); /* it fell silent */
}

static void the_number_of_response_pendings_is_bounded(void **state)
{
	(void)state;
	c.timing.max_pending = 3;
	REQUEST(0x31, 0x01, 0xff, 0x00);
	for (int i = 0; i < 3; i++) {
		INPUT(T0, 0x7f, 0x31, 0x78);
		assert_event(UDS_EVENT_PENDING, 0x31);
	}
	INPUT(T0 + 2 * S, 0x7f, 0x31, 0x78);
	assert_event(UDS_EVENT_TIMEOUT, 0x31);
	assert_int_equal(event.pending_us, 2 * S); /* not silent */
}

static void the_total_time_of_response_pendings_is_bounded(void **state)
{
	uint64_t t = T0;

	(void)state;
	c.timing.pending_max_us = 12 * S;
	REQUEST(0x31, 0x01, 0xff, 0x00);
	for (; t < T0 + 12 * S; t += 3 * S) {
		uds_client_expire(&c, t);
		INPUT(t, 0x7f, 0x31, 0x78);
		assert_event(UDS_EVENT_PENDING, 0x31);
	}
	ends_at(T0 + 12 * S, UDS_EVENT_TIMEOUT, 0x31);
	assert_int_equal(event.pending_us, 12 * S);
	/* one that comes with the end does not put it off */
	REQUEST(0x31, 0x01, 0xff, 0x00);
	INPUT(T0 + 12 * S, 0x7f, 0x31, 0x78);
	assert_event(UDS_EVENT_TIMEOUT, 0x31);
}

static void busy_repeats_the_request_after_a_pause(void **state)
{
	(void)state;
	REQUEST(0x22, 0xf1, 0x90);
	INPUT(T0, 0x7f, 0x22, 0x21);
	assert_open();
	assert_int_equal(uds_client_deadline(&c), T0 + 200 * MS);
	uds_client_expire(&c, T0 + 200 * MS - 1);
	assert_false(uds_client_pop_resend(&c));
	uds_client_expire(&c, T0 + 200 * MS);
	assert_true(uds_client_pop_resend(&c));
	assert_false(uds_client_pop_resend(&c));
	assert_true(uds_client_sending(&c));
	uds_client_sent(&c, T0 + 201 * MS);
	INPUT(T0 + 202 * MS, 0x62, 0xf1, 0x90, 0);
	assert_event(UDS_EVENT_POSITIVE, 0x22);
}

static void busy_repeats_are_bounded(void **state)
{
	uint64_t t = T0;

	(void)state;
	REQUEST(0x22, 0xf1, 0x90);
	for (int i = 0; i < 10; i++) {
		INPUT(t, 0x7f, 0x22, 0x21);
		t += 200 * MS;
		uds_client_expire(&c, t);
		assert_true(uds_client_pop_resend(&c));
		uds_client_sent(&c, t);
	}
	INPUT(t, 0x7f, 0x22, 0x21);
	assert_event(UDS_EVENT_NEGATIVE, 0x22);
	assert_int_equal(event.nrc, 0x21);
}

static void busy_after_response_pending_is_never_repeated(void **state)
{
	(void)state;
	REQUEST(0x31, 0x01, 0xff, 0x00);
	INPUT(T0, 0x7f, 0x31, 0x78);
	assert_event(UDS_EVENT_PENDING, 0x31);
	INPUT(T0, 0x7f, 0x31, 0x21);
	assert_event(UDS_EVENT_NEGATIVE, 0x31);
	assert_int_equal(event.nrc, 0x21);
	uds_client_expire(&c, T0 + 1 * S);
	assert_false(uds_client_pop_resend(&c));
}

static void a_suppressed_answer_means_success_only_after_p2(void **state)
{
	(void)state;
	REQUEST(0x3e, 0x80);
	ends_at(T0 + 150 * MS, UDS_EVENT_SUPPRESSED, 0x3e);
}

static void a_suppressed_request_can_be_refused(void **state)
{
	(void)state;
	REQUEST(0x28, 0x83, 0x01);
	INPUT(T0 + 100 * MS, 0x7f, 0x28, 0x22);
	assert_event(UDS_EVENT_NEGATIVE, 0x28);
}

static void a_positive_answer_in_spite_of_suppression_is_taken(void **state)
{
	(void)state;
	REQUEST(0x28, 0x83, 0x01);
	INPUT(T0 + 100 * MS, 0x68, 0x03);
	assert_event(UDS_EVENT_POSITIVE, 0x28);
}

static void response_pending_makes_a_suppressed_answer_mandatory(void **state)
{
	(void)state;
	REQUEST(0x11, 0x81);
	INPUT(T0, 0x7f, 0x11, 0x78);
	assert_event(UDS_EVENT_PENDING, 0x11);
	ends_at(T0 + 5100 * MS, UDS_EVENT_TIMEOUT, 0x11);
}

static void a_high_bit_is_no_suppression_where_there_is_no_sub_function(void **state)
{
	(void)state;
	REQUEST(0x36, 0x80, 0xaa);
	INPUT(T0, 0x76, 0x00);
	assert_event(UDS_EVENT_MALFORMED, 0x36);
	REQUEST(0x36, 0x80, 0xaa);
	ends_at(T0 + 150 * MS, UDS_EVENT_TIMEOUT, 0x36);
}

static void an_abort_leaves_no_event(void **state)
{
	(void)state;
	REQUEST(0x22, 0xf1, 0x90);
	uds_client_abort(&c);
	assert_false(uds_client_open(&c));
	uds_client_expire(&c, T0 + 10 * S);
	INPUT(T0, 0x62, 0xf1, 0x90);
	assert_false(uds_client_pop_event(&c, &event));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest uds_client[] = {
	    TEST(a_positive_answer_ends_the_request),
	    TEST(a_negative_answer_ends_the_request_with_its_code),
	    TEST(one_request_is_open_at_a_time),
	    TEST(p2_starts_at_the_confirmation_of_the_request),
	    TEST(p2_stops_at_the_first_frame_of_the_answer),
	    TEST(an_answer_that_never_ends_is_bounded),
	    TEST(an_answer_whose_reception_fails_ends_the_request),
	    TEST(a_reception_that_gives_way_leaves_what_was_left_of_p2),
	    TEST(receptions_that_give_way_again_and_again_are_bounded),
	    TEST(a_send_failure_ends_the_request_with_its_reason),
	    TEST(answers_with_another_service_identifier_do_not_end_the_wait),
	    TEST(a_message_before_the_request_was_sent_is_no_answer),
	    TEST(a_truncated_negative_answer_is_malformed),
	    TEST(each_response_pending_restarts_with_p2_star),
	    TEST(the_number_of_response_pendings_is_bounded),
	    TEST(the_total_time_of_response_pendings_is_bounded),
	    TEST(busy_repeats_the_request_after_a_pause),
	    TEST(busy_repeats_are_bounded),
	    TEST(busy_after_response_pending_is_never_repeated),
	    TEST(a_suppressed_answer_means_success_only_after_p2),
	    TEST(a_suppressed_request_can_be_refused),
	    TEST(a_positive_answer_in_spite_of_suppression_is_taken),
	    TEST(response_pending_makes_a_suppressed_answer_mandatory),
	    TEST(a_high_bit_is_no_suppression_where_there_is_no_sub_function),
	    TEST(an_abort_leaves_no_event),
	};

	return RUN_TESTS(uds_client);
}
