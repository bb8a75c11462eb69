/* The receiver of a link, frame by frame. */
#include "support.h"

#define T0  (7 * S)
#define CAP 5000u

static uint8_t rx_buf[CAP];
static struct isotp rx_link;
static struct can_msg frame;
static struct isotp_event event;

static void setup_link(const struct isotp_config *config)
{
	isotp_init(&rx_link, config, rx_buf, sizeof(rx_buf));
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
	assert_true(isotp_input(&rx_link, now_us, &msg));
}

static void assert_event(enum isotp_event_kind kind, enum isotp_reason reason)
{
	assert_true(isotp_pop_event(&rx_link, &event));
	assert_int_equal(event.kind, kind);
	assert_int_equal(event.reason, reason);
}

static void assert_received(const char *text)
{
	assert_event(ISOTP_EVENT_RECEIVED, ISOTP_REASON_NONE);
	assert_int_equal(event.n, strlen(text));
	assert_memory_equal(event.data, text, strlen(text));
}

static void assert_nothing(uint64_t now_us)
{
	assert_false(isotp_pop_event(&rx_link, &event));
	assert_false(isotp_pop_frame(&rx_link, now_us, &frame));
}

static void assert_flow_control(uint64_t now_us, uint8_t status, uint8_t block_size, uint8_t st_min)
{
	assert_true(isotp_pop_frame(&rx_link, now_us, &frame));
	assert_frame(&frame, 0x7e0, (uint8_t)(0x30 | status), block_size, st_min, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc);
	assert_false(isotp_pop_frame(&rx_link, now_us, &frame));
}

/* a message of 20 bytes, "abcdef" "ghijklm" "nopqrst", begun at T0 and cleared to send at T0 */
static void begin_20(void)
{
	input(T0, CAN(0x7e8, 0x10, 20, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_int_equal(event.n, 20);
	assert_int_equal(event.data[0], 'a');
	assert_flow_control(T0, 0, rx_link.config.block_size, rx_link.config.st_min);
	isotp_confirm(&rx_link, T0);
}

static void second(uint64_t now_us)
{
	input(now_us, CAN(0x7e8, 0x21, 'g', 'h', 'i', 'j', 'k', 'l', 'm'));
}

static void third(uint64_t now_us)
{
	input(now_us, CAN(0x7e8, 0x22, 'n', 'o', 'p', 'q', 'r', 's', 't'));
}

static void finish_20(uint64_t now_us)
{
	second(now_us);
	assert_nothing(now_us);
	third(now_us);
	assert_received("abcdefghijklmnopqrst");
	assert_nothing(now_us);
	assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
}

static void fails_at(uint64_t at_us, enum isotp_reason reason)
{
	assert_int_equal(isotp_deadline(&rx_link), at_us);
	isotp_expire(&rx_link, at_us - 1);
	assert_false(isotp_pop_event(&rx_link, &event));
	isotp_expire(&rx_link, at_us);
	assert_event(ISOTP_EVENT_RX_FAILED, reason);
	assert_nothing(at_us);
	assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
}

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
	input(T0, CAN(0x7e8, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'));
	input(T0, CAN(0x7e8, 0, 11, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'));
	input(T0, CAN(0x7e8, 0, 5, 'a', 'b', 'c', 'd', 'e')); /* the escape form in a short frame */
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 0, 10, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'));
	assert_received("abcdefghij");
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

static void a_short_frame_in_the_middle_is_never_taken(void **state)
{
	(void)state;
	begin_20();
	input(T0, CAN(0x7e8, 0x21, 'g', 'h', 'i', 'j', 'k', 'l'));
	assert_nothing(T0);
	finish_20(T0);
}

static void the_last_frame_may_be_shorter_but_holds_all_that_is_left(void **state)
{
	(void)state;
	input(T0, CAN(0x7e8, 0x10, 9, 'a', 'b', 'c', 'd', 'e', 'f'));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_flow_control(T0, 0, 0, 0);
	input(T0, CAN(0x7e8, 0x21, 'g', 'h'));
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 0x21, 'g', 'h', 'i'));
	assert_received("abcdefghi");
}

static void rx_dl_is_what_the_first_frame_had(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.fd = true;
	config.tx_dl = 64;
	setup_link(&config);
	input(T0, CAN(0x7e8, 0x10, 30, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
	assert_event(ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE);
	assert_true(isotp_pop_frame(&rx_link, T0, &frame));
	/* longer and shorter than 12 bytes: neither is the next frame */
	input(T0, CAN(0x7e8, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
	input(T0, CAN(0x7e8, 0x21, 1, 2, 3, 4, 5, 6, 7));
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 0x21, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21));
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 0x22, 22, 23, 24, 25, 26, 27, 28, 29, 30, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc));
	assert_nothing(T0);
	input(T0, CAN(0x7e8, 0x22, 22, 23, 24, 25, 26, 27, 28, 29, 30, 0xcc, 0xcc));
	assert_event(ISOTP_EVENT_RECEIVED, ISOTP_REASON_NONE);
	assert_int_equal(event.n, 30);
	for (uint8_t i = 0; i < 30; i++)
		assert_int_equal(event.data[i], i + 1);
}

static void frames_that_are_not_ours_are_refused(void **state)
{
	struct isotp_config config = tester_config();
	struct can_msg msg = CAN(0x7e9, 2, 'h', 'i');

	(void)state;
	assert_false(isotp_input(&rx_link, T0, &msg));
	msg = CAN(0x7e0, 2, 'h', 'i');
	assert_false(isotp_input(&rx_link, T0, &msg));
	msg = CAN(0x7e8, 2, 'h', 'i');
	msg.flags = CAN_MSG_EXTENDED;
	assert_false(isotp_input(&rx_link, T0, &msg));
	msg.flags = CAN_MSG_RTR;
	assert_false(isotp_input(&rx_link, T0, &msg));
	msg.flags = CAN_MSG_ERROR;
	assert_false(isotp_input(&rx_link, T0, &msg));
	msg.flags = CAN_MSG_FD; /* on a link of classic frames */
	assert_false(isotp_input(&rx_link, T0, &msg));
	assert_nothing(T0);

	config.address.form = ISOTP_EXTENDED;
	config.address.rx_ae = 0xf1;
	setup_link(&config);
	msg = CAN(0x7e8, 0xf2, 2, 'h', 'i');
	assert_false(isotp_input(&rx_link, T0, &msg));
	msg.len = 0;
	assert_false(isotp_input(&rx_link, T0, &msg));
	assert_nothing(T0);
	msg = CAN(0x7e8, 0xf1);
	assert_true(isotp_input(&rx_link, T0, &msg));
	assert_nothing(T0);
	msg = CAN(0x7e8, 0xf1, 2, 'h', 'i');
	assert_true(isotp_input(&rx_link, T0, &msg));
	assert_received("hi");
}

static void empty_frames_are_ours_and_mean_nothing(void **state)
{
	struct can_msg msg = {.id = 0x7e8};

	(void)state;
	begin_20();
	assert_true(isotp_input(&rx_link, T0, &msg));
	finish_20(T0);
}

static void a_classic_answer_on_a_link_of_fd_frames_is_taken(void **state)
{
	struct isotp_config config = tester_config();

	(void)state;
	config.fd = true;
	config.tx_dl = 64;
	setup_link(&config);
	input(T0, CAN(0x7e8, 2, 'h', 'i'));
	assert_received("hi");
}

static void an_abort_drops_the_reception_and_the_next_message_arrives(void **state)
{
	(void)state;
	begin_20();
	isotp_abort(&rx_link);
	second(T0);
	assert_nothing(T0);
	assert_int_equal(isotp_deadline(&rx_link), UDS_NEVER);
	begin_20();
	finish_20(T0);
}

static void random_frames_never_break_the_link(void **state)
{
	struct isotp_config config = tester_config();
	uint32_t seed = 42;
	size_t n_received = 0;

	(void)state;
	config.fd = true;
	config.tx_dl = 64;
	config.block_size = 3;
	setup_link(&config);
	for (int i = 0; i < 300000; i++) {
		struct can_msg msg = {.id = 0x7e8};

		seed = seed * 1664525u + 1013904223u;
		msg.len = can_msg_fd_len(seed >> 8 & (seed & 0x8000 ? 63 : 7));
		for (size_t k = 0; k < msg.len; k++)
			msg.data[k] = (uint8_t)(seed >> (k % 24));
		msg.data[0] = (uint8_t)(seed >> 18 & 0x3f);
		isotp_input(&rx_link, T0 + (uint64_t)i, &msg);
		while (isotp_pop_event(&rx_link, &event))
			if (event.kind == ISOTP_EVENT_RECEIVED) {
				assert_in_range(event.n, 1, CAP);
				n_received++;
			}
		if (isotp_pop_frame(&rx_link, T0, &frame) && i % 3)
			isotp_confirm(&rx_link, T0 + (uint64_t)i);
		if (i % 64 == 0)
			isotp_forget_unconfirmed(&rx_link);
	}
	assert_true(n_received > 1000);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest isotp_rx[] = {
	    TEST(a_single_frame_is_a_message),
	    TEST(single_frames_of_no_length_or_longer_than_the_frame_are_ignored),
	    TEST(above_8_bytes_only_the_escape_form_of_a_single_frame_is_valid),
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
	    TEST(n_cr_restarts_after_each_flow_control_of_a_block),
	    TEST(n_ar_ends_a_reception_whose_flow_control_does_not_leave),
	    TEST(a_frame_ahead_of_the_flow_control_s_late_confirmation_is_taken),
	    TEST(a_short_frame_in_the_middle_is_never_taken),
	    TEST(the_last_frame_may_be_shorter_but_holds_all_that_is_left),
	    TEST(rx_dl_is_what_the_first_frame_had),
	    TEST(frames_that_are_not_ours_are_refused),
	    TEST(empty_frames_are_ours_and_mean_nothing),
	    TEST(a_classic_answer_on_a_link_of_fd_frames_is_taken),
	    TEST(an_abort_drops_the_reception_and_the_next_message_arrives),
	    TEST(random_frames_never_break_the_link),
	};

	return RUN_TESTS(isotp_rx);
}
