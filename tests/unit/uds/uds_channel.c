/* Link and client joined, frame by frame. */
#include "channel.h"

static void a_request_is_sent_and_its_answer_reported(void **state)
{
	(void)state;
	REQUEST(T0, 0x10, 0x03);
	assert_false(uds_channel_idle(&ch));
	pop(T0);
	assert_frame(&frame, 0x7e0, 2, 0x10, 0x03, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc);
	uds_channel_confirm(&ch, T0 + 200);
	assert_int_equal(uds_channel_deadline(&ch), T0 + 200 + 150 * MS);
	input(T0 + 1 * MS, CAN(0x7e8, 6, 0x50, 0x03, 0x00, 0x32, 0x01, 0xf4));
	assert_event(UDS_EVENT_POSITIVE);
	assert_int_equal(event.n_pdu, 6);
	assert_no_event();
	assert_true(uds_channel_idle(&ch));
	assert_int_equal(uds_channel_deadline(&ch), UDS_NEVER);
}

static void a_request_is_copied_from_head_and_body(void **state)
{
	uint8_t body[4] = {1, 2, 3, 4};

	(void)state;
	assert_int_equal(uds_channel_request_with(&ch, T0, BYTES(0x36, 0x01), body, sizeof(body)), 0);
	memset(body, 0, sizeof(body));
	pop(T0);
	assert_frame(&frame, 0x7e0, 6, 0x36, 0x01, 1, 2, 3, 4, 0xcc);
}

static void requests_that_cannot_be_placed_are_refused(void **state)
{
	uint8_t body[CAP] = {0};

	(void)state;
	assert_int_equal(uds_channel_request(&ch, T0, body, 0), UDS_EMPTY);
	assert_int_equal(uds_channel_request_with(&ch, T0, BYTES(0x36, 1), body, CAP - 1), UDS_TOO_LONG);
	assert_int_equal(uds_channel_request_with(&ch, T0, BYTES(0x36, 1), body, CAP - 2), 0);
	assert_int_equal(uds_channel_request(&ch, T0, BYTES(0x3e, 0)), UDS_BUSY);
	assert_int_equal(tx_buf[0], 0x36);
}

static void p2_of_a_block_of_4_kib_starts_when_its_last_frame_has_left(void **state)
{
	static uint8_t block[CAP] = {0x36, 0x01};
	uint64_t t = T0;

	(void)state;
	assert_int_equal(uds_channel_request(&ch, t, block, sizeof(block)), 0);
	pop(t);
	uds_channel_confirm(&ch, t);
	input(t, CAN(0x7e8, 0x30, 0, 1));
	while (uds_client_sending(&ch.client)) {
		pop(t);
		t += 2 * MS;
		uds_channel_confirm(&ch, t);
		t += 1 * MS;
		uds_channel_expire(&ch, t);
		assert_no_event();
	}
	/* many times P2 after the request began */
	assert_int_equal(t, T0 + 585 * 3 * MS);
	assert_int_equal(uds_channel_deadline(&ch), t - 1 * MS + 150 * MS);
	input(t + 140 * MS, CAN(0x7e8, 2, 0x76, 0x01));
	assert_event(UDS_EVENT_POSITIVE);
}

static void p2_stops_at_the_first_frame_of_a_long_answer(void **state)
{
	(void)state;
	REQUEST(T0, 0x22, 0xf1, 0x90);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	input(T0 + 149 * MS, CAN(0x7e8, 0x10, 10, 0x62, 0xf1, 0x90, 1, 2, 3));
	pop(T0 + 149 * MS);
	uds_channel_confirm(&ch, T0 + 149 * MS);
	uds_channel_expire(&ch, T0 + 900 * MS);
	assert_no_event();
	input(T0 + 900 * MS, CAN(0x7e8, 0x21, 4, 5, 6, 7, 0xaa, 0xaa, 0xaa));
	assert_event(UDS_EVENT_POSITIVE);
	assert_int_equal(event.n_pdu, 10);
}

static void an_answer_that_breaks_off_ends_the_request_with_the_reason(void **state)
{
	(void)state;
	REQUEST(T0, 0x22, 0xf1, 0x90);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	input(T0, CAN(0x7e8, 0x10, 10, 0x62, 0xf1, 0x90, 1, 2, 3));
	pop(T0);
	uds_channel_confirm(&ch, T0);
	uds_channel_expire(&ch, T0 + 1 * S);
	assert_event(UDS_EVENT_TIMEOUT);
	assert_int_equal(event.reason, ISOTP_REASON_N_CR);
	assert_true(uds_channel_idle(&ch));
}

static void an_answer_longer_than_the_buffer_ends_the_request_with_the_reason(void **state)
{
	(void)state;
	REQUEST(T0, 0x22, 0xf1, 0x90);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	input(T0, CAN(0x7e8, 0x10, 0, 0, 0, 0x20, 0, 0x62, 0xf1));
	assert_event(UDS_EVENT_TIMEOUT);
	assert_int_equal(event.reason, ISOTP_REASON_NO_BUFFER);
}

static void a_long_message_that_answers_something_else_does_not_stop_p2(void **state)
{
	(void)state;
	REQUEST(T0, 0x31, 0x03, 0xff, 0x00);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	input(T0, CAN(0x7e8, 0x10, 10, 0x62, 0xf1, 0x90, 1, 2, 3));
	pop(T0);
	uds_channel_confirm(&ch, T0);
	input(T0 + 10 * MS, CAN(0x7e8, 0x21, 4, 5, 6, 7, 0xaa, 0xaa, 0xaa));
	assert_no_event();
	assert_int_equal(uds_channel_deadline(&ch), T0 + 150 * MS);
	/* and if it breaks off, the request goes on */
	input(T0 + 10 * MS, CAN(0x7e8, 0x10, 10, 0x62, 0xf1, 0x90, 1, 2, 3));
	pop(T0 + 10 * MS);
	input(T0 + 11 * MS, CAN(0x7e8, 0x25, 4, 5, 6, 7, 0xaa, 0xaa, 0xaa));
	assert_no_event();
	input(T0 + 12 * MS, CAN(0x7e8, 5, 0x71, 0x03, 0xff, 0x00, 0x02));
	assert_event(UDS_EVENT_POSITIVE);
}

static void the_answer_in_the_middle_of_another_message_is_taken(void **state)
{
	(void)state;
	REQUEST(T0, 0x22, 0xf1, 0x90);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	input(T0, CAN(0x7e8, 0x10, 10, 0x62, 0xf1, 0x90, 1, 2, 3));
	input(T0 + 1, CAN(0x7e8, 3, 0x7f, 0x22, 0x22));
	assert_event(UDS_EVENT_NEGATIVE);
	assert_no_event();
}

static void an_answer_ahead_of_the_late_confirmation_is_accepted(void **state)
{
	(void)state;
	REQUEST(T0, 0x10, 0x03);
	pop(T0);
	input(T0 + 1 * MS, CAN(0x7e8, 2, 0x50, 0x03));
	assert_event(UDS_EVENT_POSITIVE);
	/* the next request goes out before that confirmation too, which then is not taken for its own */
	REQUEST(T0 + 1 * MS, 0x3e, 0x00);
	pop(T0 + 1 * MS);
	uds_channel_confirm(&ch, T0 + 2 * MS);
	assert_true(uds_client_sending(&ch.client));
	uds_channel_confirm(&ch, T0 + 3 * MS);
	assert_int_equal(uds_channel_deadline(&ch), T0 + 153 * MS);
}

static void a_long_answer_ahead_of_the_late_confirmation_is_accepted(void **state)
{
	(void)state;
	REQUEST(T0, 0x22, 0xf1, 0x90);
	pop(T0);
	input(T0 + 1 * MS, CAN(0x7e8, 0x10, 10, 0x62, 0xf1, 0x90, 1, 2, 3));
	uds_channel_confirm(&ch, T0 + 2 * MS); /* of the request */
	pop(T0 + 2 * MS);
	assert_int_equal(frame.data[0], 0x30);
	uds_channel_confirm(&ch, T0 + 3 * MS);
	input(T0 + 4 * MS, CAN(0x7e8, 0x21, 4, 5, 6, 7, 0xaa, 0xaa, 0xaa));
	assert_event(UDS_EVENT_POSITIVE);
}

static void an_answer_before_the_request_was_handed_out_is_none(void **state)
{
	(void)state;
	REQUEST(T0, 0x10, 0x03);
	input(T0, CAN(0x7e8, 2, 0x50, 0x03));
	assert_no_event();
	pop(T0);
	uds_channel_confirm(&ch, T0);
	assert_false(uds_channel_idle(&ch));
	/* nor is one in the middle of a segmented request */
	uds_channel_abort(&ch);
	assert_int_equal(uds_channel_request(&ch, T0, BYTES(0x2e, 0xf1, 0x5a, 1, 2, 3, 4, 5, 6, 7)), 0);
	pop(T0);
	input(T0, CAN(0x7e8, 3, 0x6e, 0xf1, 0x5a));
	assert_no_event();
}

static void a_request_that_cannot_be_sent_ends_with_the_reason(void **state)
{
	(void)state;
	assert_int_equal(uds_channel_request(&ch, T0, BYTES(0x2e, 0xf1, 0x5a, 1, 2, 3, 4, 5, 6, 7)), 0);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	uds_channel_expire(&ch, T0 + 1 * S);
	assert_event(UDS_EVENT_SEND_FAILED);
	assert_int_equal(event.reason, ISOTP_REASON_N_BS);
	assert_int_equal(event.sid, 0x2e);
	assert_true(uds_channel_idle(&ch));
}

static void busy_sends_the_same_bytes_again(void **state)
{
	(void)state;
	REQUEST(T0, 0x22, 0xf1, 0x90);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	input(T0, CAN(0x7e8, 3, 0x7f, 0x22, 0x21));
	assert_no_event();
	assert_int_equal(uds_channel_deadline(&ch), T0 + 200 * MS);
	uds_channel_expire(&ch, T0 + 200 * MS);
	pop(T0 + 200 * MS);
	assert_frame(&frame, 0x7e0, 3, 0x22, 0xf1, 0x90, 0xcc, 0xcc, 0xcc, 0xcc);
	uds_channel_confirm(&ch, T0 + 200 * MS);
	input(T0 + 201 * MS, CAN(0x7e8, 4, 0x62, 0xf1, 0x90, 1));
	assert_event(UDS_EVENT_POSITIVE);
}

static void messages_without_a_request_are_unsolicited(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 2, 0x50, 0x03));
	assert_event(UDS_EVENT_UNSOLICITED);
	assert_int_equal(event.sid, 0x10);
	assert_int_equal(event.n_pdu, 2);
	input(T0, CAN(0x7e8, 3, 0x7f, 0x28, 0x22));
	assert_event(UDS_EVENT_UNSOLICITED);
	assert_int_equal(event.sid, 0x28);
	assert_int_equal(event.nrc, 0x22);
	input(T0, CAN(0x7e8, 1, 0x7f));
	assert_event(UDS_EVENT_UNSOLICITED);
	assert_int_equal(event.sid, 0);
	input(T0, CAN(0x7e8, 2, 0x7e, 0x00)); /* no tester present of ours */
	assert_event(UDS_EVENT_UNSOLICITED);
	assert_no_event();
}

static void p2_can_be_set_for_the_requests_that_follow(void **state)
{
	(void)state;
	uds_channel_set_p2(&ch, 50 * MS, 2000 * MS);
	REQUEST(T0, 0x31, 0x01, 0xff, 0x00);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	assert_int_equal(uds_channel_deadline(&ch), T0 + 50 * MS);
	input(T0, CAN(0x7e8, 3, 0x7f, 0x31, 0x78));
	assert_int_equal(uds_channel_deadline(&ch), T0 + 2000 * MS);
}

static void an_abort_frees_the_channel_at_once(void **state)
{
	(void)state;
	REQUEST(T0, 0x22, 0xf1, 0x90);
	pop(T0);
	uds_channel_abort(&ch);
	assert_true(uds_channel_idle(&ch));
	assert_int_equal(uds_channel_deadline(&ch), UDS_NEVER);
	REQUEST(T0, 0x10, 0x03);
	pop(T0);
	uds_channel_confirm(&ch, T0 + 1);
	assert_true(uds_client_sending(&ch.client));
	uds_channel_confirm(&ch, T0 + 2);
	assert_false(uds_client_sending(&ch.client));
	assert_no_event();
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest uds_channel[] = {
	    TEST(a_request_is_sent_and_its_answer_reported),
	    TEST(a_request_is_copied_from_head_and_body),
	    TEST(requests_that_cannot_be_placed_are_refused),
	    TEST(p2_of_a_block_of_4_kib_starts_when_its_last_frame_has_left),
	    TEST(p2_stops_at_the_first_frame_of_a_long_answer),
	    TEST(an_answer_that_breaks_off_ends_the_request_with_the_reason),
	    TEST(an_answer_longer_than_the_buffer_ends_the_request_with_the_reason),
	    TEST(a_long_message_that_answers_something_else_does_not_stop_p2),
	    TEST(the_answer_in_the_middle_of_another_message_is_taken),
	    TEST(an_answer_ahead_of_the_late_confirmation_is_accepted),
	    TEST(a_long_answer_ahead_of_the_late_confirmation_is_accepted),
	    TEST(an_answer_before_the_request_was_handed_out_is_none),
	    TEST(a_request_that_cannot_be_sent_ends_with_the_reason),
	    TEST(busy_sends_the_same_bytes_again),
	    TEST(messages_without_a_request_are_unsolicited),
	    TEST(p2_can_be_set_for_the_requests_that_follow),
	    TEST(an_abort_frees_the_channel_at_once),
	};

	return RUN_TESTS(uds_channel);
}
