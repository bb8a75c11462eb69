/* The sender of a tx_link, frame by frame. */
#include "support.h"

#define T0 (7 * S)

static uint8_t message[100000];
static uint8_t rx_buf[256];
static struct isotp tx_link;
static struct can_msg frame;
static struct isotp_event event;

static void setup_link(const struct isotp_config *config)
{
	isotp_init(&tx_link, config, rx_buf, sizeof(rx_buf));
	fill_pattern(message, sizeof(message), 5);
}

static int setup(void **state)
{
	const struct isotp_config config = tester_config();

	(void)state;
	setup_link(&config);
	return 0;
}

static void input(uint64_t now_us, struct can_msg msg)
{
	assert_true(isotp_input(&tx_link, now_us, &msg));
}

static void assert_no_frame(uint64_t now_us)
{
	assert_false(isotp_pop_frame(&tx_link, now_us, &frame));
}

static void pop(uint64_t now_us)
{
	assert_true(isotp_pop_frame(&tx_link, now_us, &frame));
}

static void assert_event(enum isotp_event_kind kind, enum isotp_reason reason)
{
	assert_true(isotp_pop_event(&tx_link, &event));
	assert_int_equal(event.kind, kind);
	assert_int_equal(event.reason, reason);
}

static void assert_no_event(void)
{
	assert_false(isotp_pop_event(&tx_link, &event));
}

/* a message of @n bytes begun at T0, its first frame confirmed at T0 */
static void begin(size_t n)
{
	assert_int_equal(isotp_send(&tx_link, T0, message, n), 0);
	pop(T0);
	isotp_confirm(&tx_link, T0);
}

static void fails_at(uint64_t at_us, enum isotp_reason reason)
{
	assert_int_equal(isotp_deadline(&tx_link), at_us);
	isotp_expire(&tx_link, at_us - 1);
	assert_no_event();
	assert_true(isotp_sending(&tx_link));
	isotp_expire(&tx_link, at_us);
	assert_event(ISOTP_EVENT_SEND_FAILED, reason);
	assert_no_event();
	assert_false(isotp_sending(&tx_link));
	assert_int_equal(isotp_deadline(&tx_link), UDS_NEVER);
	assert_no_frame(at_us);
}

static void a_short_message_is_one_padded_single_frame(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, (const uint8_t *)"\x3e\x00", 2), 0);
	pop(T0);
	assert_frame(&frame, 0x7e0, 0x02, 0x3e, 0x00, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc);
	assert_int_equal(frame.flags, 0);
	assert_no_frame(T0);
	assert_no_event();
	isotp_confirm(&tx_link, T0 + 200);
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
	assert_false(isotp_sending(&tx_link));
}

static void lengths_of_zero_and_beyond_32_bits_are_refused(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, message, 0), ISOTP_TOO_LONG);
	assert_int_equal(isotp_send(&tx_link, T0, message, (size_t)UINT32_MAX + 1), ISOTP_TOO_LONG);
	assert_false(isotp_sending(&tx_link));
}

static void an_unpadded_frame_has_the_length_of_its_content(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.pad = false;
	setup_link(&config);
	assert_int_equal(isotp_send(&tx_link, T0, (const uint8_t *)"\x3e\x00", 2), 0);
	pop(T0);
	assert_frame(&frame, 0x7e0, 0x02, 0x3e, 0x00);
}

static void extended_and_mixed_addressing_put_their_byte_first(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	for (int form = ISOTP_EXTENDED; form <= ISOTP_MIXED; form++) {
		config.address.form = (enum isotp_addressing)form;
		config.address.tx_ae = 0x42;
		setup_link(&config);
		assert_int_equal(isotp_send(&tx_link, T0, (const uint8_t *)"abcdef", 6), 0);
		pop(T0);
		assert_frame(&frame, 0x7e0, 0x42, 0x06, 'a', 'b', 'c', 'd', 'e', 'f');
		isotp_confirm(&tx_link, T0);
		/* seven bytes do not fit behind the address byte any more */
		assert_int_equal(isotp_send(&tx_link, T0, (const uint8_t *)"abcdefg", 7), 0);
		pop(T0);
		assert_frame(&frame, 0x7e0, 0x42, 0x10, 0x07, 'a', 'b', 'c', 'd', 'e');
	}
}

static void normal_fixed_addressing_has_29_bit_identifiers(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.address = (struct isotp_address){.form = ISOTP_NORMAL_FIXED, .tx_id = 0x18da10f1, .rx_id = 0x18daf110};
	setup_link(&config);
	assert_int_equal(isotp_send(&tx_link, T0, message, 1), 0);
	pop(T0);
	assert_int_equal(frame.id, 0x18da10f1);
	assert_int_equal(frame.flags, CAN_MSG_EXTENDED);
}

static void a_first_frame_announces_12_bits_or_escapes_to_32(void **state)
{
	(void)state;
	begin(4095);
	assert_frame(&frame, 0x7e0, 0x1f, 0xff, message[0], message[1], message[2], message[3], message[4], message[5]);
	isotp_abort(&tx_link);
	begin(4096);
	assert_frame(&frame, 0x7e0, 0x10, 0, 0, 0, 0x10, 0x00, message[0], message[1]);
}

static void can_fd_frames_escape_the_single_frame_and_pad_to_the_next_dlc(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.fd = true;
	config.brs = true;
	config.tx_dl = 64;
	setup_link(&config);
	assert_int_equal(isotp_send(&tx_link, T0, message, 7), 0);
	pop(T0);
	assert_int_equal(frame.flags, CAN_MSG_FD | CAN_MSG_BRS);
	assert_int_equal(frame.len, 8);
	assert_int_equal(frame.data[0], 7);
	isotp_confirm(&tx_link, T0);

	assert_int_equal(isotp_send(&tx_link, T0, message, 11), 0);
	pop(T0);
	assert_int_equal(frame.len, 16);
	assert_int_equal(frame.data[0], 0);
	assert_int_equal(frame.data[1], 11);
	assert_memory_equal(frame.data + 2, message, 11);
	assert_memory_equal(frame.data + 13, ((const uint8_t[]){0xcc, 0xcc, 0xcc}), 3);
	isotp_confirm(&tx_link, T0);

	assert_int_equal(isotp_send(&tx_link, T0, message, 62), 0);
	pop(T0);
	assert_int_equal(frame.data[1], 62);
	isotp_confirm(&tx_link, T0);
	assert_int_equal(isotp_send(&tx_link, T0, message, 63), 0);
	pop(T0);
	assert_int_equal(frame.len, 64);
	assert_int_equal(frame.data[0], 0x10);
	assert_int_equal(frame.data[1], 63);
}

static void the_sequence_number_goes_from_1_to_15_then_0(void **state)
{
	(void)state;
	begin(500);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	for (unsigned i = 1; i <= 40; i++) {
		pop(T0);
		assert_int_equal(frame.data[0], 0x20 | (i & 15));
		assert_memory_equal(frame.data + 1, message + 6 + (i - 1) * 7, 7);
	}
}

static void without_gap_frames_are_handed_out_ahead_of_confirmations(void **state)
{
	(void)state;
	begin(4000);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	for (unsigned i = 0; i < ISOTP_MAX_UNCONFIRMED; i++)
		pop(T0);
	assert_no_frame(T0);
	isotp_confirm(&tx_link, T0);
	pop(T0);
	assert_no_frame(T0);
}

static void reserved_separation_times_are_127_ms(void **state)
{
	(void)state;
	for (unsigned code = 0; code <= 0xff; code++) {
		uint32_t want = 127000;

		if (code <= 0x7f)
			want = code * 1000;
		else if (code >= 0xf1 && code <= 0xf9)
			want = (code - 0xf0) * 100;
		assert_int_equal(isotp_st_min_to_us((uint8_t)code), want);
	}
}

static void the_gap_counts_from_the_confirmation_to_the_microsecond(void **state)
{
	(void)state;
	begin(100);
	input(T0, CAN(0x7e8, 0x30, 0, 0xf1));
	pop(T0);
	assert_no_frame(T0 + 10 * MS);
	isotp_confirm(&tx_link, T0 + 10 * MS);
	assert_int_equal(isotp_deadline(&tx_link), T0 + 10 * MS + 100);
	assert_no_frame(T0 + 10 * MS + 99);
	isotp_expire(&tx_link, T0 + 10 * MS + 100);
	pop(T0 + 10 * MS + 100);
	isotp_confirm(&tx_link, T0 + 11 * MS);
	/* popped in time without an expiry: no timer is left of the gap */
	pop(T0 + 12 * MS);
	assert_int_equal(isotp_deadline(&tx_link), T0 + 12 * MS + 1 * S);
}

static void a_gap_that_is_over_asks_for_no_timer_while_the_port_is_full(void **state)
{
	(void)state;
	begin(100);
	input(T0, CAN(0x7e8, 0x30, 0, 1));
	pop(T0);
	isotp_confirm(&tx_link, T0);
	isotp_expire(&tx_link, T0 + 1 * MS);
	assert_true(isotp_deadline(&tx_link) > T0 + 100 * MS);
	pop(T0 + 2 * MS);
}

static void block_size_and_gap_are_taken_from_each_clear_to_send(void **state)
{
	(void)state;
	begin(500);
	input(T0, CAN(0x7e8, 0x30, 2, 0));
	pop(T0);
	pop(T0);
	assert_no_frame(T0);
	isotp_confirm(&tx_link, T0);
	isotp_confirm(&tx_link, T0);
	input(T0, CAN(0x7e8, 0x30, 3, 1));
	for (unsigned i = 0; i < 3; i++) {
		pop(T0 + i * MS);
		assert_no_frame(T0 + i * MS);
		isotp_confirm(&tx_link, T0 + i * MS);
		assert_no_frame(T0 + i * MS);
	}
	assert_no_frame(T0 + 900 * MS);
	input(T0 + 900 * MS, CAN(0x7e8, 0x30, 0, 0));
	for (unsigned i = 0; i < 50; i++)
		pop(T0 + 900 * MS);
}

static void reserved_flow_status_aborts(void **state)
{
	(void)state;
	for (uint8_t fs = 3; fs <= 15; fs++) {
		begin(100);
		input(T0, CAN(0x7e8, (uint8_t)(0x30 | fs), 0, 0));
		assert_event(ISOTP_EVENT_SEND_FAILED, ISOTP_REASON_INVALID_FS);
		assert_false(isotp_sending(&tx_link));
		assert_no_frame(T0);
	}
}

static void overflow_aborts(void **state)
{
	(void)state;
	begin(100);
	input(T0, CAN(0x7e8, 0x32, 0, 0));
	assert_event(ISOTP_EVENT_SEND_FAILED, ISOTP_REASON_OVERFLOW);
	assert_false(isotp_sending(&tx_link));
}

static void wait_restarts_n_bs_as_often_as_the_peer_likes(void **state)
{
	uint64_t now_us = T0;

	(void)state;
	begin(20);
	for (int i = 0; i < 9; i++) {
		now_us += 999 * MS;
		isotp_expire(&tx_link, now_us);
		input(now_us, CAN(0x7e8, 0x31, 0, 0));
		assert_no_event();
	}
	input(now_us, CAN(0x7e8, 0x30, 0, 0));
	pop(now_us);
	pop(now_us);
	isotp_confirm(&tx_link, now_us);
	isotp_confirm(&tx_link, now_us);
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
}

static void n_bs_runs_out_after_the_last_wait(void **state)
{
	(void)state;
	begin(20);
	input(T0 + 500 * MS, CAN(0x7e8, 0x31, 0, 0));
	fails_at(T0 + 1500 * MS, ISOTP_REASON_N_BS);
}

static void endless_waits_end_at_the_deadline_of_the_message(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.tx_message_max_us = 3 * S;
	setup_link(&config);
	begin(20);
	for (uint64_t t = T0; t < T0 + 3 * S; t += 500 * MS) {
		input(t, CAN(0x7e8, 0x31, 0, 0));
		isotp_expire(&tx_link, t);
		assert_no_event();
	}
	isotp_expire(&tx_link, T0 + 3 * S - 1);
	assert_no_event();
	isotp_expire(&tx_link, T0 + 3 * S);
	assert_event(ISOTP_EVENT_SEND_FAILED, ISOTP_REASON_TOO_SLOW);
}

static void the_deadline_that_the_link_computes_allows_the_slowest_legal_receiver(void **state)
{
	uint64_t now_us = T0;

	(void)state;
	begin(4095);
	input(now_us, CAN(0x7e8, 0x30, 0, 0x7f));
	while (isotp_sending(&tx_link)) {
		isotp_expire(&tx_link, now_us);
		pop(now_us);
		isotp_confirm(&tx_link, now_us + 1 * MS);
		now_us += 128 * MS;
	}
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
}

static void n_as_ends_a_message_whose_frame_does_not_leave(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, message, 5), 0);
	pop(T0 + 3);
	fails_at(T0 + 3 + 1 * S, ISOTP_REASON_N_AS);
}

static void n_as_ends_a_message_that_the_port_never_takes(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, message, 5), 0);
	fails_at(T0 + 1 * S, ISOTP_REASON_N_AS);
}

static void n_as_counts_for_the_oldest_frame_outstanding(void **state)
{
	(void)state;
	begin(500);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
	pop(T0 + 10);
	isotp_confirm(&tx_link, T0 + 500 * MS);
	pop(T0 + 900 * MS);
	fails_at(T0 + 1500 * MS, ISOTP_REASON_N_AS);
}

static void n_bs_starts_at_the_confirmation_of_the_block_s_last_frame(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.n_bs_us = 700 * MS;
	setup_link(&config);
	begin(500);
	input(T0, CAN(0x7e8, 0x30, 2, 0));
	pop(T0);
	pop(T0);
	isotp_confirm(&tx_link, T0 + 100 * MS);
	isotp_confirm(&tx_link, T0 + 200 * MS);
	fails_at(T0 + 900 * MS, ISOTP_REASON_N_BS);
}

static void a_flow_control_ahead_of_the_late_confirmation_is_taken(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, message, 500), 0);
	pop(T0);
	input(T0 + 1, CAN(0x7e8, 0x30, 1, 1));
	pop(T0 + 1); /* the gap does not wait for the first frame's confirmation */
	assert_int_equal(frame.data[0], 0x21);
	input(T0 + 2, CAN(0x7e8, 0x30, 2, 1));
	pop(T0 + 2);
	assert_int_equal(frame.data[0], 0x22);
	isotp_confirm(&tx_link, T0 + 3); /* first frame */
	isotp_confirm(&tx_link, T0 + 3); /* 1 */
	assert_no_frame(T0 + 3 + 1 * MS);
	isotp_confirm(&tx_link, T0 + 10); /* 2: only this one begins the gap */
	assert_no_frame(T0 + 9 + 1 * MS);
	pop(T0 + 10 + 1 * MS);
	assert_int_equal(frame.data[0], 0x23);
}

static void a_wait_ahead_of_the_late_confirmation_is_taken(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&tx_link, T0, message, 500), 0);
	pop(T0);
	input(T0 + 100 * MS, CAN(0x7e8, 0x31, 0, 0));
	isotp_confirm(&tx_link, T0 + 200 * MS);
	fails_at(T0 + 1100 * MS, ISOTP_REASON_N_BS);
}

static void a_flow_control_that_nobody_waits_for_is_ignored(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x32, 0, 0)); /* idle */
	assert_no_event();
	begin(100);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
	input(T0, CAN(0x7e8, 0x32, 0, 0)); /* within the block: no overflow, no new parameters */
	input(T0, CAN(0x7e8, 0x3f, 0, 0));
	input(T0, CAN(0x7e8, 0x30, 1, 0x7f));
	assert_no_event();
	for (int i = 0; i < 10; i++)
		pop(T0);
}

static void a_flow_control_that_is_too_short_is_ignored(void **state)
{
	(void)state;
	begin(100);
	input(T0, CAN(0x7e8, 0x30));
	input(T0, CAN(0x7e8, 0x32, 0));
	assert_no_event();
	assert_no_frame(T0);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
}

static void confirmations_of_an_aborted_message_do_not_count_for_the_next(void **state)
{
	(void)state;
	begin(100);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
	pop(T0);
	isotp_abort(&tx_link);
	assert_int_equal(isotp_send(&tx_link, T0, message, 3), 0);
	pop(T0);
	isotp_confirm(&tx_link, T0 + 1);
	isotp_confirm(&tx_link, T0 + 2);
	assert_no_event();
	isotp_confirm(&tx_link, T0 + 3);
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
	isotp_confirm(&tx_link, T0 + 4); /* one too many: ignored */
	assert_no_event();
}

static void a_message_is_assumed_sent_only_when_confirmations_alone_are_missing(void **state)
{
	(void)state;
	assert_false(isotp_assume_sent(&tx_link));
	assert_int_equal(isotp_send(&tx_link, T0, message, 10), 0);
	assert_false(isotp_assume_sent(&tx_link));
	pop(T0);
	assert_false(isotp_assume_sent(&tx_link));
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	assert_false(isotp_assume_sent(&tx_link));
	pop(T0);
	assert_true(isotp_assume_sent(&tx_link));
	assert_false(isotp_sending(&tx_link));
	isotp_confirm(&tx_link, T0);
	isotp_confirm(&tx_link, T0);
	assert_no_event();
	assert_int_equal(isotp_deadline(&tx_link), UDS_NEVER);
}

static void frames_lost_with_the_port_end_the_message_by_n_as(void **state)
{
	(void)state;
	begin(500);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	pop(T0);
	pop(T0);
	isotp_forget_unconfirmed(&tx_link);
	assert_no_frame(T0 + 1);
	fails_at(T0 + 1 * S, ISOTP_REASON_N_AS);
	assert_int_equal(isotp_send(&tx_link, T0 + 2 * S, message, 3), 0);
	pop(T0 + 2 * S);
	isotp_confirm(&tx_link, T0 + 2 * S);
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
}

static void every_reason_has_words(void **state)
{
	(void)state;
	for (int reason = ISOTP_REASON_NONE; reason <= ISOTP_REASON_NO_BUFFER; reason++)
		assert_string_not_equal(isotp_reason_text((enum isotp_reason)reason), "unknown reason");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest isotp_tx[] = {
	    TEST(a_short_message_is_one_padded_single_frame),
	    TEST(lengths_of_zero_and_beyond_32_bits_are_refused),
	    TEST(an_unpadded_frame_has_the_length_of_its_content),
	    TEST(extended_and_mixed_addressing_put_their_byte_first),
	    TEST(normal_fixed_addressing_has_29_bit_identifiers),
	    TEST(a_first_frame_announces_12_bits_or_escapes_to_32),
	    TEST(can_fd_frames_escape_the_single_frame_and_pad_to_the_next_dlc),
	    TEST(the_sequence_number_goes_from_1_to_15_then_0),
	    TEST(without_gap_frames_are_handed_out_ahead_of_confirmations),
	    TEST(reserved_separation_times_are_127_ms),
	    TEST(the_gap_counts_from_the_confirmation_to_the_microsecond),
	    TEST(a_gap_that_is_over_asks_for_no_timer_while_the_port_is_full),
	    TEST(block_size_and_gap_are_taken_from_each_clear_to_send),
	    TEST(reserved_flow_status_aborts),
	    TEST(overflow_aborts),
	    TEST(wait_restarts_n_bs_as_often_as_the_peer_likes),
	    TEST(n_bs_runs_out_after_the_last_wait),
	    TEST(endless_waits_end_at_the_deadline_of_the_message),
	    TEST(the_deadline_that_the_link_computes_allows_the_slowest_legal_receiver),
	    TEST(n_as_ends_a_message_whose_frame_does_not_leave),
	    TEST(n_as_ends_a_message_that_the_port_never_takes),
	    TEST(n_as_counts_for_the_oldest_frame_outstanding),
	    TEST(n_bs_starts_at_the_confirmation_of_the_block_s_last_frame),
	    TEST(a_flow_control_ahead_of_the_late_confirmation_is_taken),
	    TEST(a_wait_ahead_of_the_late_confirmation_is_taken),
	    TEST(a_flow_control_that_nobody_waits_for_is_ignored),
	    TEST(a_flow_control_that_is_too_short_is_ignored),
	    TEST(confirmations_of_an_aborted_message_do_not_count_for_the_next),
	    TEST(a_message_is_assumed_sent_only_when_confirmations_alone_are_missing),
	    TEST(frames_lost_with_the_port_end_the_message_by_n_as),
	    TEST(every_reason_has_words),
	};

	return RUN_TESTS(isotp_tx);
}
