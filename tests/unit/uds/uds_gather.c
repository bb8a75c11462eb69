/* One request to all, and who answers: frame by frame, in simulated time. */
#include "gather.h"

static void the_answers_of_many_are_gathered_until_p2(void **state)
{
	const struct uds_gather_ecu *ecu;

	(void)state;
	ASK(0x10, 0x03);
	assert_frame(&frame, 0x7df, 2, 0x10, 0x03, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc);
	input(T0 + 5, CAN(0x7e9, 6, 0x50, 0x03, 0x00, 0x32, 0x01, 0xf4));
	input(T0 + 6, CAN(0x7e8, 3, 0x7f, 0x10, 0x22));
	input(T0 + 150 * MS - 1, CAN(0x7ea, 2, 0x50, 0x03));
	ends_at(T0 + 150 * MS);
	assert_int_equal(g.n, 3);
	ecu = found(0x7e9, UDS_EVENT_POSITIVE);
	assert_int_equal(ecu->request_id, 0x7e1);
	assert_int_equal(ecu->n_pdu, 6);
	assert_memory_equal(ecu->pdu, ((const uint8_t[]){0x50, 0x03, 0x00, 0x32, 0x01, 0xf4}), 6);
	assert_int_equal(ecu->answered_us, T0 + 5);
	assert_int_equal(found(0x7e8, UDS_EVENT_NEGATIVE)->nrc, 0x22);
	found(0x7ea, UDS_EVENT_POSITIVE);
	assert_null(uds_gather_find(&g, 0x7eb));
}

static void an_answer_that_begins_after_p2_is_none(void **state)
{
	(void)state;
	ASK(0x10, 0x03);
	input(T0 + 5, CAN(0x7e8, 3, 0x7f, 0x10, 0x78));
	window_ends_at(T0 + 150 * MS);
	refuse(T0 + 150 * MS, CAN(0x7e9, 2, 0x50, 0x03));
	assert_true(uds_gather_running(&g));
	assert_int_equal(g.n, 1);
}

static void answers_that_waited_for_a_late_reader_count_all(void **state)
{
	(void)state;
	ASK(0x10, 0x03);
	input(T0 + 900 * MS, CAN(0x7e8, 2, 0x50, 0x03));
	assert_true(uds_gather_running(&g));
	input(T0 + 900 * MS, CAN(0x7e9, 3, 0x7f, 0x10, 0x22));
	input(T0 + 900 * MS, CAN(0x7ea, 3, 0x7f, 0x10, 0x78));
	uds_gather_expire(&g, T0 + 900 * MS);
	refuse(T0 + 901 * MS, CAN(0x7eb, 2, 0x50, 0x03));
	assert_true(uds_gather_running(&g));
	input(T0 + 950 * MS, CAN(0x7ea, 2, 0x50, 0x03));
	assert_false(uds_gather_running(&g));
	assert_int_equal(g.n, 3);
	found(0x7e8, UDS_EVENT_POSITIVE);
	found(0x7e9, UDS_EVENT_NEGATIVE);
	found(0x7ea, UDS_EVENT_POSITIVE);
	/* and the next request has a window of its own */
	ASK(0x10, 0x03);
	input(T0 + 5, CAN(0x7eb, 2, 0x50, 0x03));
	ends_at(T0 + 150 * MS);
}

static void response_pending_is_waited_for_with_p2_star(void **state)
{
	(void)state;
	ASK(0x10, 0x02);
	input(T0, CAN(0x7e8, 2, 0x50, 0x02));
	input(T0, CAN(0x7e9, 3, 0x7f, 0x10, 0x78));
	window_ends_at(T0 + 150 * MS);
	input(T0 + 5 * S, CAN(0x7e9, 3, 0x7f, 0x10, 0x78));
	input(T0 + 6 * S, CAN(0x7e9, 2, 0x50, 0x02));
	assert_false(uds_gather_running(&g)); /* at once: P2 is long over, and all have answered */
	assert_int_equal(found(0x7e9, UDS_EVENT_POSITIVE)->n_pending, 2);
}

static void an_answer_put_off_and_never_given_ends_by_p2_star(void **state)
{
	(void)state;
	ASK(0x10, 0x02);
	input(T0 + 1 * MS, CAN(0x7e9, 3, 0x7f, 0x10, 0x78));
	window_ends_at(T0 + 150 * MS);
	ends_at(T0 + 5101 * MS);
	assert_null(found(0x7e9, UDS_EVENT_TIMEOUT)->pdu);
}

static void long_answers_come_side_by_side(void **state)
{
	const struct uds_gather_ecu *ecu;

	(void)state;
	ASK(0x22, 0xf1, 0x90);
	input(T0, CAN(0x7e8, 0x10, 20, 0x62, 0xf1, 0x90, 'A', 'B', 'C'));
	input(T0, CAN(0x7ec, 0x10, 13, 0x62, 0xf1, 0x90, 'a', 'b', 'c'));
	pop(T0, 0x7e0);
	assert_int_equal(frame.data[0], 0x30);
	pop(T0, 0x7e4);
	uds_gather_confirm(&g, T0 + 1);
	uds_gather_confirm(&g, T0 + 2);
	input(T0 + 10, CAN(0x7ec, 0x21, 'd', 'e', 'f', 'g', 'h', 'i', 'j'));
	window_ends_at(T0 + 150 * MS);
	input(T0 + 400 * MS, CAN(0x7e8, 0x21, 'D', 'E', 'F', 'G', 'H', 'I', 'J'));
	assert_true(uds_gather_running(&g));
	input(T0 + 600 * MS, CAN(0x7e8, 0x22, 'K', 'L', 'M', 'N', 'O', 'P', 'Q'));
	assert_false(uds_gather_running(&g));
	ecu = found(0x7e8, UDS_EVENT_POSITIVE);
	assert_int_equal(ecu->n_pdu, 20);
	assert_memory_equal(ecu->pdu + 3, "ABCDEFGHIJKLMNOPQ", 17);
	ecu = found(0x7ec, UDS_EVENT_POSITIVE);
	assert_memory_equal(ecu->pdu + 3, "abcdefghij", 10);
}

static void an_answer_that_breaks_off_ends_by_n_cr(void **state)
{
	(void)state;
	ASK(0x22, 0xf1, 0x90);
	input(T0, CAN(0x7e8, 0x10, 20, 0x62, 0xf1, 0x90, 'A', 'B', 'C'));
	pop(T0, 0x7e0);
	uds_gather_confirm(&g, T0 + 2);
	window_ends_at(T0 + 150 * MS);
	ends_at(T0 + 2 + 1 * S);
	found(0x7e8, UDS_EVENT_TIMEOUT);
}

static void an_answer_too_long_for_its_place_is_answered_with_overflow(void **state)
{
	(void)state;
	ASK(0x22, 0xf1, 0x90);
	input(T0, CAN(0x7e8, 0x10, EACH + 1, 0x62, 0xf1, 0x90, 'A', 'B', 'C'));
	pop(T0, 0x7e0);
	assert_int_equal(frame.data[0], 0x32);
	uds_gather_confirm(&g, T0);
	ends_at(T0 + 150 * MS);
	found(0x7e8, UDS_EVENT_TIMEOUT);
}

static void traffic_of_the_bus_is_left_alone(void **state)
{
	struct uds_gather_config config = functional_config();
	struct can_msg msg;

	(void)state;
	/* a scanner: one identifier is asked, any may answer */
	config.first_id = 0;
	config.last_id = 0x7ff;
	config.reply = UDS_GATHER_TO_REQUEST;
	config.link.address.tx_id = 0x6f1;
	setup_gather(&config);
	refuse(T0, CAN(0x612, 2, 0x7e, 0x00)); /* nothing was asked */
	ASK(0x3e, 0x00);
	refuse(T0, CAN(0x100, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80));
	refuse(T0, CAN(0x101, 2, 0x3e, 0x00));
	refuse(T0, CAN(0x102, 3, 0x7f, 0x10, 0x12)); /* an answer to somebody else's request */
	refuse(T0, CAN(0x103, 0, 0x7e, 0x00));
	refuse(T0, CAN(0x104, 8, 0x7e, 0x00, 0, 0, 0, 0, 0));
	refuse(T0, CAN(0x105, 0x7e));
	refuse(T0, CAN(0x106, 0x21, 0x7e, 0x00));
	refuse(T0, CAN(0x107, 0x10, 20, 0x7e, 0x00));
	msg = CAN(0x612, 2, 0x7e, 0x00);
	msg.flags = CAN_MSG_EXTENDED;
	refuse(T0, msg);
	msg.flags = CAN_MSG_RTR;
	refuse(T0, msg);
	msg.flags = CAN_MSG_FD;
	refuse(T0, msg);
	assert_int_equal(g.n, 0);
	input(T0, CAN(0x612, 2, 0x7e, 0x00));
	ends_at(T0 + 150 * MS);
	assert_int_equal(found(0x612, UDS_EVENT_POSITIVE)->request_id, 0x6f1);
}

static void answers_in_can_fd_are_taken(void **state)
{
	struct uds_gather_config config = functional_config();

	(void)state;
	config.link.fd = true;
	config.link.tx_dl = 64;
	setup_gather(&config);
	ASK(0x22, 0xf1, 0x90);
	input(T0, CAN(0x7e8, 0, 10, 0x62, 0xf1, 0x90, 1, 2, 3, 4, 5, 6, 7));
	refuse(T0, CAN(0x7e9, 5, 0, 0x62, 0xf1, 0x90, 1, 2, 3, 4, 5, 6, 7));
	ends_at(T0 + 150 * MS);
	assert_int_equal(found(0x7e8, UDS_EVENT_POSITIVE)->n_pdu, 10);
}

static void a_29_bit_answer_is_cleared_at_the_address_of_its_sender(void **state)
{
	struct uds_gather_config config = functional_config();

	(void)state;
	config.link.address = (struct isotp_address){.form = ISOTP_NORMAL_FIXED, .tx_id = 0x18db33f1};
	config.first_id = 0x18daf100;
	config.last_id = 0x18daf1ff;
	config.reply = UDS_GATHER_FIXED;
	setup_gather(&config);
	ASK(0x22, 0xf1, 0x90);
	assert_int_equal(frame.flags, CAN_MSG_EXTENDED);
	input(T0, CAN(0x18daf142, 0x10, 9, 0x62, 0xf1, 0x90, 'A', 'B', 'C'));
	pop(T0, 0x18da42f1);
	assert_int_equal(frame.flags, CAN_MSG_EXTENDED);
}

static void an_extended_address_is_asked_and_its_answer_cleared_there(void **state)
{
	struct uds_gather_config config = functional_config();

	(void)state;
	config.link.address =
	    (struct isotp_address){.form = ISOTP_EXTENDED, .tx_id = 0x6f1, .tx_ae = 0x12, .rx_ae = 0xf1};
	config.first_id = 0x600;
	config.last_id = 0x6ff;
	config.reply = UDS_GATHER_TO_REQUEST;
	setup_gather(&config);
	assert_int_equal(uds_gather_start(&g, T0, ((const uint8_t[7]){0x22}), 7), UDS_TOO_LONG);
	ASK(0x22, 0xf1, 0x90);
	assert_frame(&frame, 0x6f1, 0x12, 3, 0x22, 0xf1, 0x90, 0xcc, 0xcc, 0xcc);
	refuse(T0, CAN(0x612, 0xf2, 0x10, 9, 0x62, 0xf1, 0x90, 'A', 'B'));
	refuse(T0, CAN(0x612, 0xf1));
	input(T0, CAN(0x612, 0xf1, 0x10, 9, 0x62, 0xf1, 0x90, 'A', 'B'));
	pop(T0, 0x6f1);
	assert_frame(&frame, 0x6f1, 0x12, 0x30, 0, 0, 0xcc, 0xcc, 0xcc, 0xcc);
	uds_gather_confirm(&g, T0);
	input(T0, CAN(0x612, 0xf1, 0x21, 'C', 'D', 'E', 'F'));
	ends_at(T0 + 150 * MS);
	assert_memory_equal(found(0x612, UDS_EVENT_POSITIVE)->pdu + 3, "ABCDEF", 6);
}

static void an_answer_ahead_of_the_late_confirmation_counts(void **state)
{
	(void)state;
	assert_int_equal(uds_gather_start(&g, T0, BYTES(0x3e, 0x00)), 0);
	refuse(T0, CAN(0x7e8, 2, 0x7e, 0x00)); /* it was not even handed out */
	pop(T0, 0x7df);
	input(T0 + 100, CAN(0x7e8, 2, 0x7e, 0x00));
	uds_gather_confirm(&g, T0 + 300);
	found(0x7e8, UDS_EVENT_POSITIVE);
	ends_at(T0 + 100 + 150 * MS);
}

static void a_request_that_does_not_leave_ends_with_the_reason(void **state)
{
	(void)state;
	assert_int_equal(uds_gather_start(&g, T0, BYTES(0x3e, 0x00)), 0);
	assert_int_equal(uds_gather_start(&g, T0, BYTES(0x3e, 0x00)), UDS_BUSY);
	ends_at(T0 + 1 * S);
	assert_int_equal(g.send_failed, ISOTP_REASON_N_AS);
	ASK(0x3e, 0x00);
	ends_at(T0 + 150 * MS);
	assert_int_equal(g.send_failed, ISOTP_REASON_NONE);
	assert_int_equal(g.n, 0);
}

static void requests_of_more_than_a_single_frame_are_refused(void **state)
{
	struct uds_gather_config config = functional_config();
	static const uint8_t pdu[63] = {0x22};

	(void)state;
	assert_int_equal(uds_gather_start(&g, T0, pdu, 8), UDS_TOO_LONG);
	assert_int_equal(uds_gather_start(&g, T0, pdu, 0), UDS_EMPTY);
	config.link.fd = true;
	config.link.tx_dl = 64;
	setup_gather(&config);
	assert_int_equal(uds_gather_start(&g, T0, pdu, 63), UDS_TOO_LONG);
	assert_int_equal(uds_gather_start(&g, T0, pdu, 62), 0);
}

static void more_than_there_is_room_for_are_counted(void **state)
{
	(void)state;
	ASK(0x3e, 0x00);
	for (uint32_t id = 0x7e8; id <= 0x7ed; id++)
		input(T0, CAN(id, 2, 0x7e, 0x00));
	assert_int_equal(g.n, N);
	assert_int_equal(g.n_beyond, 2);
}

static void a_second_answer_does_not_overwrite_the_first(void **state)
{
	(void)state;
	ASK(0x22, 0xf1, 0x90);
	input(T0, CAN(0x7e8, 4, 0x62, 0xf1, 0x90, 1));
	input(T0, CAN(0x7e8, 4, 0x62, 0xf1, 0x90, 2));
	assert_int_equal(found(0x7e8, UDS_EVENT_POSITIVE)->pdu[3], 1);
	assert_int_equal(g.n, 1);
}

static void a_wrong_echo_is_malformed_and_busy_is_an_answer(void **state)
{
	(void)state;
	ASK(0x22, 0xf1, 0x90);
	input(T0, CAN(0x7e8, 4, 0x62, 0xf1, 0x91, 1));
	input(T0, CAN(0x7e9, 3, 0x7f, 0x22, 0x21));
	ends_at(T0 + 150 * MS);
	found(0x7e8, UDS_EVENT_MALFORMED);
	assert_int_equal(found(0x7e9, UDS_EVENT_NEGATIVE)->nrc, 0x21);
}

static void who_is_suppressed_can_still_refuse(void **state)
{
	(void)state;
	ASK(0x28, 0x83, 0x01);
	input(T0, CAN(0x7e9, 3, 0x7f, 0x28, 0x22));
	ends_at(T0 + 150 * MS);
	assert_int_equal(g.n, 1);
	found(0x7e9, UDS_EVENT_NEGATIVE);
}

static void an_abort_sends_nothing_more(void **state)
{
	(void)state;
	ASK(0x22, 0xf1, 0x90);
	input(T0, CAN(0x7e8, 0x10, 20, 0x62, 0xf1, 0x90, 'A', 'B', 'C'));
	uds_gather_abort(&g);
	assert_false(uds_gather_running(&g));
	assert_no_frame(T0);
	assert_int_equal(uds_gather_deadline(&g), UDS_NEVER);
	found(0x7e8, UDS_EVENT_NONE);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest uds_gather[] = {
	    TEST(the_answers_of_many_are_gathered_until_p2),
	    TEST(an_answer_that_begins_after_p2_is_none),
	    TEST(answers_that_waited_for_a_late_reader_count_all),
	    TEST(response_pending_is_waited_for_with_p2_star),
	    TEST(an_answer_put_off_and_never_given_ends_by_p2_star),
	    TEST(long_answers_come_side_by_side),
	    TEST(an_answer_that_breaks_off_ends_by_n_cr),
	    TEST(an_answer_too_long_for_its_place_is_answered_with_overflow),
	    TEST(traffic_of_the_bus_is_left_alone),
	    TEST(answers_in_can_fd_are_taken),
	    TEST(a_29_bit_answer_is_cleared_at_the_address_of_its_sender),
	    TEST(an_extended_address_is_asked_and_its_answer_cleared_there),
	    TEST(an_answer_ahead_of_the_late_confirmation_counts),
	    TEST(a_request_that_does_not_leave_ends_with_the_reason),
	    TEST(requests_of_more_than_a_single_frame_are_refused),
	    TEST(more_than_there_is_room_for_are_counted),
	    TEST(a_second_answer_does_not_overwrite_the_first),
	    TEST(a_wrong_echo_is_malformed_and_busy_is_an_answer),
	    TEST(who_is_suppressed_can_still_refuse),
	    TEST(an_abort_sends_nothing_more),
	};

	return RUN_TESTS(uds_gather);
}
