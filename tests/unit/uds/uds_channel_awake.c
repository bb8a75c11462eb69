/* Tester present of a channel: when it goes out, when it does not, and whose answer is whose. */
#include "channel.h"

static void tester_present_goes_out_after_s3_without_requests(void **state)
{
	(void)state;
	assert_int_equal(uds_channel_deadline(&ch), UDS_NEVER);
	uds_channel_keep_awake(&ch, T0, true);
	assert_int_equal(uds_channel_deadline(&ch), T0 + 2 * S);
	uds_channel_expire(&ch, T0 + 2 * S - 1);
	assert_no_frame(T0 + 2 * S - 1);
	uds_channel_expire(&ch, T0 + 2 * S);
	pop(T0 + 2 * S);
	assert_frame(&frame, 0x7e0, 2, 0x3e, 0x80, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc);
	uds_channel_confirm(&ch, T0 + 2 * S + 200);
	assert_no_event();
	assert_true(uds_channel_idle(&ch));
	assert_int_equal(uds_channel_deadline(&ch), T0 + 4 * S + 200);
	uds_channel_keep_awake(&ch, T0 + 3 * S, false);
	assert_int_equal(uds_channel_deadline(&ch), UDS_NEVER);
}

static void a_request_puts_tester_present_off(void **state)
{
	(void)state;
	uds_channel_keep_awake(&ch, T0, true);
	REQUEST(T0 + 1 * S, 0x22, 0xf1, 0x90);
	pop(T0 + 1 * S);
	uds_channel_confirm(&ch, T0 + 1 * S);
	input(T0 + 1100 * MS, CAN(0x7e8, 4, 0x62, 0xf1, 0x90, 1));
	assert_event(UDS_EVENT_POSITIVE);
	assert_int_equal(uds_channel_deadline(&ch), T0 + 3100 * MS);
}

static void a_request_waits_for_the_tester_present_in_flight(void **state)
{
	(void)state;
	uds_channel_keep_awake(&ch, T0, true);
	uds_channel_expire(&ch, T0 + 2 * S);
	pop(T0 + 2 * S);
	REQUEST(T0 + 2 * S, 0x10, 0x03);
	assert_no_frame(T0 + 2 * S);
	uds_channel_confirm(&ch, T0 + 2 * S + 200);
	pop(T0 + 2 * S + 200);
	assert_frame(&frame, 0x7e0, 2, 0x10, 0x03, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc);
	uds_channel_confirm(&ch, T0 + 2 * S + 400);
	/* the ECU answers the tester present, first so, then so: not our answer */
	input(T0 + 2 * S + 500, CAN(0x7e8, 3, 0x7f, 0x3e, 0x12));
	input(T0 + 2 * S + 600, CAN(0x7e8, 2, 0x7e, 0x00));
	assert_no_event();
	input(T0 + 2 * S + 700, CAN(0x7e8, 2, 0x50, 0x03));
	assert_event(UDS_EVENT_POSITIVE);
}

static void the_answer_to_our_tester_present_is_none_to_a_request_that_still_waits(void **state)
{
	(void)state;
	uds_channel_keep_awake(&ch, T0, true);
	uds_channel_expire(&ch, T0 + 2 * S);
	pop(T0 + 2 * S);
	REQUEST(T0 + 2 * S, 0x3e, 0x00);
	input(T0 + 2 * S + 100, CAN(0x7e8, 2, 0x7e, 0x00));
	assert_no_event();
	uds_channel_confirm(&ch, T0 + 2 * S + 200);
	pop(T0 + 2 * S + 200);
	uds_channel_confirm(&ch, T0 + 2 * S + 400);
	input(T0 + 2 * S + 500, CAN(0x7e8, 2, 0x7e, 0x00));
	assert_event(UDS_EVENT_POSITIVE);
}

static void the_answer_to_our_tester_present_is_not_reported(void **state)
{
	(void)state;
	uds_channel_keep_awake(&ch, T0, true);
	uds_channel_expire(&ch, T0 + 2 * S);
	pop(T0 + 2 * S);
	uds_channel_confirm(&ch, T0 + 2 * S);
	input(T0 + 2 * S, CAN(0x7e8, 2, 0x7e, 0x00));
	input(T0 + 2 * S, CAN(0x7e8, 3, 0x7f, 0x3e, 0x7f));
	assert_no_event();
}

static void a_tester_present_that_cannot_leave_is_tried_again(void **state)
{
	(void)state;
	uds_channel_keep_awake(&ch, T0, true);
	uds_channel_expire(&ch, T0 + 2 * S);
	pop(T0 + 2 * S);
	REQUEST(T0 + 2500 * MS, 0x10, 0x03);
	uds_channel_expire(&ch, T0 + 3 * S); /* N_As of the tester present: the request goes on */
	assert_no_event();
	pop(T0 + 3 * S);
	assert_int_equal(frame.data[1], 0x10);
	uds_channel_abort(&ch);
	uds_channel_expire(&ch, T0 + 5 * S);
	pop(T0 + 5 * S);
	assert_int_equal(frame.data[1], 0x3e);
}

static void a_long_erase_is_kept_awake_between_its_response_pendings(void **state)
{
	(void)state;
	uds_channel_keep_awake(&ch, T0, true);
	REQUEST(T0, 0x31, 0x01, 0xff, 0x00);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	input(T0 + 20 * MS, CAN(0x7e8, 3, 0x7f, 0x31, 0x78));
	assert_event(UDS_EVENT_PENDING);
	uds_channel_expire(&ch, T0 + 2 * S);
	pop(T0 + 2 * S);
	assert_int_equal(frame.data[1], 0x3e);
	uds_channel_confirm(&ch, T0 + 2 * S);
	input(T0 + 2 * S, CAN(0x7e8, 3, 0x7f, 0x3e, 0x21));
	assert_no_event();
	/* the wait for the erase is as before */
	assert_int_equal(uds_client_deadline(&ch.client), T0 + 20 * MS + 5100 * MS);
	input(T0 + 3 * S, CAN(0x7e8, 4, 0x71, 0x01, 0xff, 0x00));
	assert_event(UDS_EVENT_POSITIVE);
}

static void no_tester_present_in_the_middle_of_a_segmented_request(void **state)
{
	uint64_t t = T0;

	(void)state;
	uds_channel_keep_awake(&ch, T0, true);
	assert_int_equal(uds_channel_request(&ch, T0, BYTES(0x2e, 0xf1, 0x5a, 1, 2, 3, 4, 5, 6, 7)), 0);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	for (int i = 0; i < 6; i++) {
		t += 900 * MS;
		uds_channel_expire(&ch, t);
		assert_no_frame(t);
		input(t, CAN(0x7e8, 0x31, 0, 0));
	}
	input(t, CAN(0x7e8, 0x30, 0, 0));
	pop(t);
	assert_int_equal(frame.data[0], 0x21);
}

static void no_tester_present_while_an_answer_is_awaited_or_comes(void **state)
{
	(void)state;
	uds_channel_set_p2(&ch, 9 * S, 9 * S);
	uds_channel_keep_awake(&ch, T0, true);
	REQUEST(T0, 0x22, 0xf1, 0x90);
	pop(T0);
	uds_channel_confirm(&ch, T0);
	/* the ECU works on the request: its S3 stands still */
	uds_channel_expire(&ch, T0 + 8 * S);
	assert_no_frame(T0 + 8 * S);
	input(T0 + 8 * S, CAN(0x7e8, 0x10, 20, 0x62, 0xf1, 0x90, 1, 2, 3));
	pop(T0 + 8 * S);
	assert_int_equal(frame.data[0], 0x30);
	uds_channel_confirm(&ch, T0 + 8 * S);
	uds_channel_expire(&ch, T0 + 8 * S + 900 * MS);
	assert_no_frame(T0 + 8 * S + 900 * MS);
	input(T0 + 8 * S + 900 * MS, CAN(0x7e8, 0x21, 1, 2, 3, 4, 5, 6, 7));
	input(T0 + 9 * S, CAN(0x7e8, 0x22, 1, 2, 3, 4, 5, 6, 7));
	assert_event(UDS_EVENT_POSITIVE);
	assert_int_equal(uds_channel_deadline(&ch), T0 + 11 * S);
}

static void a_tester_present_in_flight_asks_for_no_second_one(void **state)
{
	(void)state;
	uds_channel_keep_awake(&ch, T0, true);
	uds_channel_expire(&ch, T0 + 2 * S);
	pop(T0 + 2 * S);
	assert_int_equal(uds_channel_deadline(&ch), T0 + 3 * S); /* N_As */
	uds_channel_confirm(&ch, T0 + 2 * S + 500 * MS);
	assert_int_equal(uds_channel_deadline(&ch), T0 + 4 * S + 500 * MS);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest uds_channel_awake[] = {
	    TEST(tester_present_goes_out_after_s3_without_requests),
	    TEST(a_request_puts_tester_present_off),
	    TEST(a_request_waits_for_the_tester_present_in_flight),
	    TEST(the_answer_to_our_tester_present_is_none_to_a_request_that_still_waits),
	    TEST(the_answer_to_our_tester_present_is_not_reported),
	    TEST(a_tester_present_that_cannot_leave_is_tried_again),
	    TEST(a_long_erase_is_kept_awake_between_its_response_pendings),
	    TEST(no_tester_present_in_the_middle_of_a_segmented_request),
	    TEST(no_tester_present_while_an_answer_is_awaited_or_comes),
	    TEST(a_tester_present_in_flight_asks_for_no_second_one),
	};

	return RUN_TESTS(uds_channel_awake);
}
