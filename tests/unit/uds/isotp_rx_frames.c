/* The receiver of a link, frame by frame: lengths, addresses, what is not ours and what is nonsense. */
#include "receiver.h"

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
	const struct CMUnitTest isotp_rx_frames[] = {
	    TEST(a_short_frame_in_the_middle_is_never_taken),
	    TEST(the_last_frame_may_be_shorter_but_holds_all_that_is_left),
	    TEST(rx_dl_is_what_the_first_frame_had),
	    TEST(frames_that_are_not_ours_are_refused),
	    TEST(empty_frames_are_ours_and_mean_nothing),
	    TEST(a_classic_answer_on_a_link_of_fd_frames_is_taken),
	    TEST(an_abort_drops_the_reception_and_the_next_message_arrives),
	    TEST(random_frames_never_break_the_link),
	};

	return RUN_TESTS(isotp_rx_frames);
}
