/* The sender of a link, frame by frame: what frames look like, and when flow control lets them go. */
#include "sender.h"

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

static void stray_and_unknown_frames_do_not_disturb_sending(void **state)
{
	(void)state;
	begin(34);
	for (unsigned type = 2; type <= 15; type++)
		if (type != 3)
			input(T0, CAN(0x7e8, (uint8_t)(type << 4 | 1), 1, 2, 3, 4, 5, 6, 7));
	assert_no_frame(T0);
	input(T0, CAN(0x7e8, 0x30, 0, 0));
	for (uint8_t sn = 1; sn <= 4; sn++) {
		pop(T0);
		assert_int_equal(frame.data[0], 0x20 | sn);
		input(T0, CAN(0x7e8, 0x21, 1, 2, 3, 4, 5, 6, 7));
		input(T0, CAN(0x7e8, 0xf1, 1, 2, 3, 4, 5, 6, 7));
		isotp_confirm(&tx_link, T0);
	}
	assert_event(ISOTP_EVENT_SENT, ISOTP_REASON_NONE);
	assert_no_event();
}

static void every_reason_has_words(void **state)
{
	(void)state;
	for (int reason = ISOTP_REASON_NONE; reason <= ISOTP_REASON_WAIT_MAX; reason++)
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
	    TEST(stray_and_unknown_frames_do_not_disturb_sending),
	    TEST(every_reason_has_words),
	};

	return RUN_TESTS(isotp_tx);
}
