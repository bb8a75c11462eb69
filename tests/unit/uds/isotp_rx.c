/* The receiver of a link, message by message: first and last frames, sequence numbers, interruptions, waits. */
#include "receiver.h"

static void a_single_frame_is_a_message(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 3, 'a', 'b', 'c'));
	assert_received("abc");
	input(T0, CAN(0x7e8, 7, 'a', 'b', 'c', 'd', 'e', 'f', 'g'));
	assert_received("abcdefg");
	assert_nothing(T0);
}

static void single_frames_of_no_length_or_longer_than_the_frame_are_ignored(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g'));
	input(T0, CAN(0x7e8, 3, 'a', 'b'));
	input(T0, CAN(0x7e8, 8, 'a', 'b', 'c', 'd', 'e', 'f', 'g'));
	input(T0, CAN(0x7e8, 15, 'a', 'b', 'c', 'd', 'e', 'f', 'g'));
	input(T0, CAN(0x7e8, 1));
	assert_nothing(T0);
	begin_20();
	input(T0, CAN(0x7e8, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g'));
	input(T0, CAN(0x7e8, 8, 'a', 'b', 'c', 'd', 'e', 'f', 'g'));
	finish_20(T0);
}

static void above_8_bytes_only_the_escape_form_of_a_single_frame_is_valid(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.fd = true;
	config.tx_dl = 64;
	setup_link(&config);
	input(T0, CAN(0x7e8, 7, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'));
	input(T0, CAN(0x7e8, 7, 9, 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'));
	input(T0, CAN(0x7e8, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'));
	input(T0, CAN(0x7e8, 0, 11, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'));
	input(T0, CAN(0x7e8, 0, 5, 'a', 'b', 'c', 'd', 'e')); /* the escape form in a short frame */
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 0, 10, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'));
	assert_received("abcdefghij");
}

/* some stacks fill every frame to the longest */
static void an_escape_length_that_a_short_frame_would_have_held_is_taken(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.fd = true;
	config.tx_dl = 64;
	setup_link(&config);
	input(T0, CAN(0x7e8, 0, 2, 'h', 'i', 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc));
	assert_received("hi");
}

static void a_message_in_three_frames_gets_one_flow_control(void **state)
{
	(void)state;
	begin_20();
	finish_20(T0 + 5);
}

static void the_flow_control_says_what_is_configured(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.block_size = 1;
	config.st_min = 0xf3;
	setup_link(&config);
	begin_20();
	second(T0);
	assert_flow_control(T0, 0, 1, 0xf3);
	third(T0);
	assert_received("abcdefghijklmnopqrst");
	assert_nothing(T0); /* none after the last frame */
}

static void first_frames_that_would_fit_a_single_frame_are_ignored(void **state)
{
	(void)state;
	for (uint8_t n = 1; n <= 7; n++)
		input(T0, CAN(0x7e8, 0x10, n, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 0x10, 8, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
}

static void what_fits_a_single_frame_depends_on_addressing_and_frame_length(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.fd = true;
	setup_link(&config);
	input(T0, CAN(0x7e8, 0x10, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 0x10, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);

	config = tester_config();
	config.address.form = ISOTP_MIXED;
	config.address.rx_ae = 9;
	setup_link(&config);
	input(T0, CAN(0x7e8, 9, 0x10, 6, 1, 2, 3, 4, 5));
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 9, 0x10, 7, 1, 2, 3, 4, 5));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
}

static void classic_first_frames_below_8_bytes_are_ignored(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e'));
	input(T0, CAN(0x7e8, 0x10));
	assert_nothing(T0);
}

static void escape_lengths_of_4095_or_less_are_ignored(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x10, 0, 0, 0, 0x0f, 0xff, 'a', 'b'));
	input(T0, CAN(0x7e8, 0x10, 0, 0, 0, 0, 0, 'a', 'b'));
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 0x10, 0, 0, 0, 0x10, 0, 'a', 'b'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_int_equal(event.n, 4096);
}

static void an_invalid_first_frame_does_not_disturb_a_reception(void **state)
{
	(void)state;
	begin_20();
	input(T0, CAN(0x7e8, 0x10, 5, 'x', 'x', 'x', 'x', 'x', 'x'));
	input(T0, CAN(0x7e8, 0x10, 0, 0, 0, 0, 99, 'x', 'x'));
	input(T0, CAN(0x7e8, 0x10, 20, 'x', 'x', 'x', 'x', 'x'));
	finish_20(T0);
}

static void a_message_too_long_for_the_buffer_is_answered_with_overflow(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x10, 0, 0xff, 0xff, 0xff, 0xff, 'a', 'b'));
	assert_event(ISOTP_EVENT_RX_FAILED, ISOTP_REASON_NO_BUFFER);
	assert_flow_control(T0, 2, 0, 0);
	isotp_confirm(&rx_link, T0);
	assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
	input(T0, CAN(0x7e8, 0x10, 0, 0, 0, 0x13, 0x89, 'a', 'b')); /* 5001 */
	assert_event(ISOTP_EVENT_RX_FAILED, ISOTP_REASON_NO_BUFFER);
	assert_flow_control(T0, 2, 0, 0);
	isotp_confirm(&rx_link, T0);
	second(T0);
	assert_nothing(T0);
	begin_20();
	finish_20(T0);
}

static void a_short_length_above_the_buffer_overflows_too(void **state)
{
	const struct isotp_config config = tester_config();

	(void)state;
	isotp_init(&rx_link, &config, rx_buf, 19);
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_FAILED, ISOTP_REASON_NO_BUFFER);
	assert_flow_control(T0, 2, 0, 0);
}

static void a_wrong_sequence_number_ends_the_reception_silently(void **state)
{
	(void)state;
	for (uint8_t sn = 0; sn <= 15; sn++) {
		if (sn == 2)
			continue;
		begin_20();
		second(T0);
		input(T0, CAN(0x7e8, (uint8_t)(0x20 | sn), 'n', 'o', 'p', 'q', 'r', 's', 't'));
		assert_event(ISOTP_EVENT_RX_FAILED, ISOTP_REASON_WRONG_SN);
		assert_nothing(T0);
		third(T0); /* too late */
		assert_nothing(T0);
		assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
	}
}

static void the_sequence_number_wraps_from_15_to_0(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x10, 6 + 7 * 33, 0, 0, 0, 0, 0, 0));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_flow_control(T0, 0, 0, 0);
	for (unsigned i = 1; i <= 33; i++) {
		assert_nothing(T0);
		input(T0, CAN(0x7e8, (uint8_t)(0x20 | (i & 15)), 0, 0, 0, 0, 0, 0, 0));
	}
	assert_event(ISOTP_EVENT_RECEIVED, ISOTP_REASON_NONE);
}

static void a_single_frame_ends_a_reception_and_is_itself_taken(void **state)
{
	(void)state;
	begin_20();
	second(T0);
	input(T0, CAN(0x7e8, 2, 'h', 'i'));
	assert_event(ISOTP_EVENT_RX_FAILED, ISOTP_REASON_INTERRUPTED);
	assert_received("hi");
	third(T0);
	assert_nothing(T0);
}

static void a_first_frame_ends_a_reception_and_is_itself_taken(void **state)
{
	(void)state;
	begin_20();
	second(T0);
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_FAILED, ISOTP_REASON_INTERRUPTED);
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_flow_control(T0, 0, 0, 0);
	isotp_confirm(&rx_link, T0);
	finish_20(T0);
}

static void a_consecutive_frame_when_idle_is_ignored(void **state)
{
	(void)state;
	second(T0);
	assert_nothing(T0);
	assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
}

static void unknown_frame_types_disturb_nothing(void **state)
{
	(void)state;
	for (unsigned type = 4; type <= 15; type++)
		input(T0, CAN(0x7e8, (uint8_t)(type << 4), 1, 2, 3, 4, 5, 6, 7));
	assert_nothing(T0);
	begin_20();
	for (unsigned type = 4; type <= 15; type++)
		input(T0, CAN(0x7e8, (uint8_t)(type << 4 | 1), 1, 2, 3, 4, 5, 6, 7));
	finish_20(T0);
}

static void n_cr_restarts_after_the_flow_control_was_sent(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.n_cr_us = 700 * MS;
	setup_link(&config);
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_flow_control(T0, 0, 0, 0);
	isotp_confirm(&rx_link, T0 + 300 * MS);
	fails_at(T0 + 1000 * MS, ISOTP_REASON_N_CR);
}

static void n_cr_restarts_at_every_frame(void **state)
{
	(void)state;
	begin_20();
	second(T0 + 900 * MS);
	fails_at(T0 + 1900 * MS, ISOTP_REASON_N_CR);
}

static void n_cr_does_not_restart_at_frames_that_are_ignored(void **state)
{
	(void)state;
	begin_20();
	input(T0 + 500 * MS, CAN(0x7e8, 0x21, 'g', 'h')); /* a short one in the middle */
	input(T0 + 600 * MS, CAN(0x7e8, 0x30, 0, 0));
	input(T0 + 700 * MS, CAN(0x7e8, 0x41, 0, 0, 0, 0, 0, 0, 0));
	input(T0 + 800 * MS, CAN(0x7e8, 0x00, 0, 0, 0, 0, 0, 0, 0));
	fails_at(T0 + 1 * S, ISOTP_REASON_N_CR);
}

static void timers_are_1000_ms_by_default(void **state)
{
	const struct isotp_config config = isotp_config_default();

	(void)state;
	assert_int_equal(config.n_as_us, 1000 * MS);
	assert_int_equal(config.n_ar_us, 1000 * MS);
	assert_int_equal(config.n_bs_us, 1000 * MS);
	assert_int_equal(config.n_cr_us, 1000 * MS);
	/* the peer's N_Bs must not run out between two WAITs, whose frame may take N_Ar of its kind to leave */
	assert_true(config.n_br_us < config.n_bs_us * 9 / 10);
}

static void n_cr_restarts_after_each_flow_control_of_a_block(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.block_size = 1;
	setup_link(&config);
	begin_20();
	second(T0 + 500 * MS);
	assert_flow_control(T0 + 500 * MS, 0, 1, 0);
	isotp_confirm(&rx_link, T0 + 700 * MS);
	fails_at(T0 + 1700 * MS, ISOTP_REASON_N_CR);
}

static void n_ar_ends_a_reception_whose_flow_control_does_not_leave(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_flow_control(T0 + 4, 0, 0, 0);
	fails_at(T0 + 1 * S, ISOTP_REASON_N_AS);
	/* and not one that was never popped either */
	input(T0 + 2 * S, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	fails_at(T0 + 3 * S, ISOTP_REASON_N_AS);
}

static void a_frame_ahead_of_the_flow_control_s_late_confirmation_is_taken(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_flow_control(T0, 0, 0, 0);
	second(T0 + 500 * MS);
	isotp_confirm(&rx_link, T0 + 600 * MS);
	assert_int_equal(isotp_deadline(&rx_link), T0 + 1500 * MS);
	third(T0 + 700 * MS);
	assert_received("abcdefghijklmnopqrst");
}

/* a peer that did not wait for it */
static void no_flow_control_for_a_message_that_is_whole(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	second(T0);
	third(T0);
	assert_received("abcdefghijklmnopqrst");
	assert_nothing(T0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest isotp_rx[] = {
	    TEST(a_single_frame_is_a_message),
	    TEST(single_frames_of_no_length_or_longer_than_the_frame_are_ignored),
	    TEST(above_8_bytes_only_the_escape_form_of_a_single_frame_is_valid),
	    TEST(an_escape_length_that_a_short_frame_would_have_held_is_taken),
	    TEST(a_message_in_three_frames_gets_one_flow_control),
	    TEST(the_flow_control_says_what_is_configured),
	    TEST(first_frames_that_would_fit_a_single_frame_are_ignored),
	    TEST(what_fits_a_single_frame_depends_on_addressing_and_frame_length),
	    TEST(classic_first_frames_below_8_bytes_are_ignored),
	    TEST(escape_lengths_of_4095_or_less_are_ignored),
	    TEST(an_invalid_first_frame_does_not_disturb_a_reception),
	    TEST(a_message_too_long_for_the_buffer_is_answered_with_overflow),
	    TEST(a_short_length_above_the_buffer_overflows_too),
	    TEST(a_wrong_sequence_number_ends_the_reception_silently),
	    TEST(the_sequence_number_wraps_from_15_to_0),
	    TEST(a_single_frame_ends_a_reception_and_is_itself_taken),
	    TEST(a_first_frame_ends_a_reception_and_is_itself_taken),
	    TEST(a_consecutive_frame_when_idle_is_ignored),
	    TEST(unknown_frame_types_disturb_nothing),
	    TEST(n_cr_restarts_after_the_flow_control_was_sent),
	    TEST(n_cr_restarts_at_every_frame),
	    TEST(n_cr_does_not_restart_at_frames_that_are_ignored),
	    TEST(timers_are_1000_ms_by_default),
	    TEST(n_cr_restarts_after_each_flow_control_of_a_block),
	    TEST(n_ar_ends_a_reception_whose_flow_control_does_not_leave),
	    TEST(no_flow_control_for_a_message_that_is_whole),
	    TEST(a_frame_ahead_of_the_flow_control_s_late_confirmation_is_taken),
	};

	return RUN_TESTS(isotp_rx);
}
