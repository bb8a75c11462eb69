/* One station with several channels on one bus. */
#include "support.h"

#include "uds/can_node.h"

#define T0  (7 * S)
#define N   4u
#define CAP 4096u

static uint8_t tx_bufs[N][CAP];
static uint8_t rx_bufs[N][CAP];
static struct uds_channel channels[N];
static struct can_node node;
static struct can_msg frame;
static struct uds_event event;

static const struct can_node_functional to_all = {.id = 0x7df, .pad = true, .pad_byte = 0x55};

static void setup_node(uint8_t window)
{
	const struct uds_timing timing = uds_timing_default();

	can_node_init(&node, window);
	for (uint8_t i = 0; i < N; i++) {
		struct isotp_config config = tester_config();

		config.address.tx_id = 0x700u + i;
		config.address.rx_id = 0x708u + i;
		uds_channel_init(&channels[i], &config, &timing, tx_bufs[i], CAP, rx_bufs[i], CAP);
		assert_int_equal(can_node_attach(&node, &channels[i]), 0);
	}
}

static int setup(void **state)
{
	(void)state;
	setup_node(8);
	return 0;
}

static void request(unsigned i, size_t n)
{
	static uint8_t body[CAP];

	assert_int_equal(uds_channel_request_with(&channels[i], T0, BYTES(0x36, 1), body, n - 2), 0);
}

static void pop(uint32_t id)
{
	assert_true(can_node_pop_frame(&node, T0, &frame));
	assert_int_equal(frame.id, id);
}

static void assert_no_frame(void)
{
	assert_false(can_node_pop_frame(&node, T0, &frame));
}

static bool input(struct can_msg msg)
{
	return can_node_input(&node, T0, &msg);
}

/* a long request on channel @i, cleared to send without gaps */
static void begin_transfer(unsigned i)
{
	request(i, 4000);
	pop(0x700u + i);
	can_node_confirm(&node, T0, 1);
	assert_true(input(CAN(0x708u + i, 0x30, 0, 0)));
}

static void the_window_bounds_what_is_outstanding(void **state)
{
	(void)state;
	begin_transfer(0);
	for (int i = 0; i < 8; i++)
		pop(0x700);
	assert_no_frame();
	can_node_confirm(&node, T0, 3);
	for (int i = 0; i < 3; i++)
		pop(0x700);
	assert_no_frame();
	assert_int_equal(node.n_outstanding, 8);
}

static void the_largest_window_can_be_filled(void **state)
{
	(void)state;
	setup_node(200);
	assert_int_equal(node.window, CAN_NODE_MAX_WINDOW);
	begin_transfer(0);
	for (unsigned i = 0; i < CAN_NODE_MAX_WINDOW; i++)
		pop(0x700);
	assert_no_frame();
	can_node_confirm(&node, T0, CAN_NODE_MAX_WINDOW);
	pop(0x700);
	setup_node(0);
	assert_int_equal(node.window, 1);
}

static void channels_take_turns(void **state)
{
	unsigned count[N] = {0};

	(void)state;
	for (unsigned i = 0; i < N; i++)
		begin_transfer(i);
	for (int i = 0; i < 400; i++) {
		assert_true(can_node_pop_frame(&node, T0, &frame));
		can_node_confirm(&node, T0, 1);
		count[frame.id - 0x700]++;
	}
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(count[i], 100);
}

static void each_confirmation_finds_its_channel(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N; i++)
		request(i, 5);
	for (unsigned i = 0; i < N; i++)
		assert_true(can_node_pop_frame(&node, T0, &frame));
	for (unsigned i = 0; i < N; i++) {
		for (unsigned k = 0; k < N; k++)
			assert_int_equal(uds_client_sending(&channels[k].client), k >= i);
		can_node_confirm(&node, T0, 1);
	}
	can_node_confirm(&node, T0, 5); /* more than there are: ignored */
	assert_int_equal(node.n_outstanding, 0);
}

static void a_frame_from_the_bus_finds_its_channel(void **state)
{
	(void)state;
	assert_true(input(CAN(0x70a, 2, 0x50, 0x03)));
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(uds_channel_pop_event(&channels[i], &event), i == 2);
	assert_false(input(CAN(0x123, 2, 0x50, 0x03)));
	assert_int_equal(node.n_foreign, 0);
}

static void a_request_of_ours_that_we_did_not_send_is_a_foreign_tester(void **state)
{
	struct can_msg msg = CAN(0x703, 2, 0x3e, 0x80);

	(void)state;
	msg.flags = CAN_MSG_EXTENDED; /* another identifier */
	assert_false(can_node_input(&node, T0, &msg));
	msg.flags = CAN_MSG_RTR;
	assert_false(can_node_input(&node, T0, &msg));
	assert_int_equal(node.n_foreign, 0);
	assert_false(input(CAN(0x703, 2, 0x3e, 0x80)));
	assert_int_equal(node.n_foreign, 1);
	assert_int_equal(node.foreign_id, 0x703);
	assert_int_equal(node.foreign_us, T0);
	assert_false(input(CAN(0x7df, 2, 0x3e, 0x80)));
	assert_int_equal(node.n_foreign, 1);
	can_node_tester_present(&node, T0, &to_all, 1, 2 * S);
	assert_false(input(CAN(0x7df, 2, 0x3e, 0x80)));
	assert_int_equal(node.n_foreign, 2);
}

static void a_functional_frame_goes_first(void **state)
{
	(void)state;
	begin_transfer(0);
	begin_transfer(1);
	pop(0x700);
	assert_int_equal(can_node_send_functional(&node, &to_all, BYTES(0x85, 0x02)), 0);
	pop(0x7df);
	assert_frame(&frame, 0x7df, 2, 0x85, 0x02, 0x55, 0x55, 0x55, 0x55, 0x55);
	pop(0x701);
	can_node_confirm(&node, T0 + 1, 1);
	assert_int_equal(node.n_functional_sent, 0);
	can_node_confirm(&node, T0 + 2, 1);
	assert_int_equal(node.n_functional_sent, 1);
	assert_int_equal(node.functional_sent_us, T0 + 2);
}

static void a_plain_frame_goes_first_and_confirms_nobody(void **state)
{
	struct can_msg plain = {.id = 0x520, .len = 2, .data = {1, 2}};

	(void)state;
	begin_transfer(0);
	assert_int_equal(can_node_send_functional(&node, &to_all, BYTES(0x85, 0x02)), 0);
	assert_int_equal(can_node_send_plain(&node, &plain), 0);
	plain.data[0] = 3;
	assert_int_equal(can_node_send_plain(&node, &plain), 0); /* the newer one takes its place */
	pop(0x520);
	assert_int_equal(frame.data[0], 3);
	pop(0x7df);
	can_node_confirm(&node, T0 + 1, 1);
	assert_int_equal(node.n_functional_sent, 0);
	can_node_confirm(&node, T0 + 2, 1);
	assert_int_equal(node.n_functional_sent, 1);
}

static void plain_frames_are_bounded(void **state)
{
	struct can_msg plain = {.len = 1};

	(void)state;
	for (plain.id = 1; plain.id <= CAN_NODE_MAX_PLAIN; plain.id++)
		assert_int_equal(can_node_send_plain(&node, &plain), 0);
	assert_int_equal(can_node_send_plain(&node, &plain), 1);
	plain.id = 1;
	assert_int_equal(can_node_send_plain(&node, &plain), 0);
	plain.flags = CAN_MSG_EXTENDED; /* another identifier */
	assert_int_equal(can_node_send_plain(&node, &plain), 1);
	for (uint32_t id = 1; id <= CAN_NODE_MAX_PLAIN; id++)
		pop(id);
	assert_no_frame();
}

static void functional_requests_are_single_frames_and_bounded(void **state)
{
	const struct can_node_functional fd = {.id = 0x18db33f1, .extended_id = true, .fd = true, .brs = true};
	uint8_t pdu[64] = {0x2e};

	(void)state;
	assert_int_equal(can_node_send_functional(&node, &to_all, pdu, 0), 1);
	assert_int_equal(can_node_send_functional(&node, &to_all, pdu, 8), 1);
	assert_int_equal(can_node_send_functional(&node, &fd, pdu, 63), 1);
	assert_int_equal(can_node_send_functional(&node, &to_all, pdu, 7), 0);
	assert_int_equal(can_node_send_functional(&node, &fd, pdu, 8), 0);
	assert_int_equal(can_node_send_functional(&node, &fd, pdu, 62), 0);
	for (unsigned i = 3; i < CAN_NODE_MAX_FUNCTIONAL; i++)
		assert_int_equal(can_node_send_functional(&node, &fd, pdu, 3), 0);
	assert_int_equal(can_node_send_functional(&node, &fd, pdu, 3), 1);
	pop(0x7df);
	assert_int_equal(frame.data[0], 7);
	pop(0x18db33f1);
	assert_int_equal(frame.flags, CAN_MSG_EXTENDED | CAN_MSG_FD | CAN_MSG_BRS);
	assert_int_equal(frame.len, 12);
	assert_int_equal(frame.data[0], 0);
	assert_int_equal(frame.data[1], 8);
	pop(0x18db33f1);
	assert_int_equal(frame.len, 64);
	for (unsigned i = 3; i < CAN_NODE_MAX_FUNCTIONAL; i++) {
		pop(0x18db33f1);
		assert_int_equal(frame.len, 4);
	}
	assert_no_frame();
}

static void pop_bytes(const char *bytes, size_t n)
{
	assert_true(can_node_pop_frame(&node, T0, &frame));
	assert_int_equal(frame.len, n);
	assert_memory_equal(frame.data, bytes, n);
	can_node_confirm(&node, T0, 1);
}

static void a_functional_frame_begins_with_the_address_it_has(void **state)
{
	struct can_node_functional to = {
	    .id = 0x6f1, .pad = true, .pad_byte = 0x55, .has_address = true, .address = 0xdf};
	static const uint8_t pdu[64] = {0x22, 0xf1, 0x90, 0xf1, 0x8c, 0xf1, 0x91};

	(void)state;
	assert_int_equal(can_node_send_functional(&node, &to, pdu, 7), 1);
	assert_int_equal(can_node_send_functional(&node, &to, pdu, 6), 0);
	pop_bytes("\xdf\x06\x22\xf1\x90\xf1\x8c\xf1", 8);
	assert_int_equal(can_node_send_functional(&node, &to, pdu, 2), 0);
	pop_bytes("\xdf\x02\x22\xf1\x55\x55\x55\x55", 8);
	can_node_tester_present(&node, T0, &to, 1, 2 * S);
	pop_bytes("\xdf\x02\x3e\x80\x55\x55\x55\x55", 8);
	to.fd = true;
	assert_int_equal(can_node_send_functional(&node, &to, pdu, 62), 1);
	assert_int_equal(can_node_send_functional(&node, &to, pdu, 61), 0);
	assert_int_equal(can_node_send_functional(&node, &to, pdu, 7), 0);
	assert_int_equal(can_node_send_functional(&node, &to, pdu, 6), 0);
	assert_true(can_node_pop_frame(&node, T0, &frame));
	assert_int_equal(frame.len, 64);
	assert_memory_equal(frame.data, "\xdf\x00\x3d\x22\xf1\x90", 6);
	can_node_confirm(&node, T0, 1);
	assert_true(can_node_pop_frame(&node, T0, &frame));
	assert_int_equal(frame.len, 12); /* eight do not hold it any more */
	assert_memory_equal(frame.data, "\xdf\x00\x07\x22\xf1\x90\xf1\x8c\xf1\x91", 10);
	can_node_confirm(&node, T0, 1);
	pop_bytes("\xdf\x06\x22\xf1\x90\xf1\x8c\xf1", 8);
}

static void functional_tester_present_is_cyclic_in_the_middle_of_transfers(void **state)
{
	uint64_t t = T0;

	(void)state;
	begin_transfer(0);
	can_node_tester_present(&node, T0, &to_all, 1, 2 * S);
	for (unsigned n = 1; n <= 5; n++) {
		assert_true(can_node_deadline(&node) <= t);
		can_node_expire(&node, t);
		assert_true(can_node_pop_frame(&node, t, &frame));
		assert_frame(&frame, 0x7df, 2, 0x3e, 0x80, 0x55, 0x55, 0x55, 0x55, 0x55);
		assert_true(can_node_pop_frame(&node, t, &frame));
		assert_int_equal(frame.id, 0x700);
		can_node_confirm(&node, t, 2);
		assert_int_equal(node.n_functional_sent, n);
		assert_int_equal(node.tester_present_due_us, t + 2 * S);
		t += 2 * S;
		/* keep the transfer alive between two of them */
		for (uint64_t k = t - 2 * S; k < t; k += 500 * MS) {
			can_node_expire(&node, k);
			assert_true(can_node_pop_frame(&node, k, &frame));
			assert_int_equal(frame.id, 0x700);
			can_node_confirm(&node, k, 1);
		}
	}
	can_node_tester_present(&node, t, &to_all, 1, 0);
	assert_int_equal(node.tester_present_due_us, UDS_NEVER);
	assert_true(can_node_pop_frame(&node, t, &frame));
	assert_int_equal(frame.id, 0x700);
}

static void a_tester_present_that_waits_for_the_window_is_not_doubled(void **state)
{
	(void)state;
	setup_node(1);
	request(0, 5);
	pop(0x700);
	can_node_tester_present(&node, T0, &to_all, 1, 100 * MS);
	can_node_expire(&node, T0);
	can_node_expire(&node, T0 + 100 * MS);
	assert_no_frame();
	assert_true(can_node_deadline(&node) > T0 + 100 * MS);
	can_node_confirm(&node, T0, 1);
	pop(0x7df);
	can_node_confirm(&node, T0, 1);
	assert_no_frame();
}

static void tester_present_goes_to_each_functional_address(void **state)
{
	const struct can_node_functional to[] = {to_all, {.id = 0x18db33f1, .extended_id = true, .pad = true}};

	(void)state;
	can_node_tester_present(&node, T0, to, 2, 2 * S);
	for (unsigned n = 0; n < 3; n++) {
		can_node_expire(&node, T0 + n * 2 * S);
		assert_true(can_node_pop_frame(&node, T0 + n * 2 * S, &frame));
		assert_int_equal(frame.id, 0x7df);
		assert_true(can_node_pop_frame(&node, T0 + n * 2 * S, &frame));
		assert_int_equal(frame.id, 0x18db33f1);
		assert_int_equal(frame.flags, CAN_MSG_EXTENDED);
		assert_false(can_node_pop_frame(&node, T0 + n * 2 * S, &frame));
		can_node_confirm(&node, T0 + n * 2 * S, 2);
	}
	assert_int_equal(node.n_tester_present_sent, 6);
	assert_int_equal(node.functional_sent_us, 0); /* of a request: P2 of nobody runs */
	frame = (struct can_msg){.id = 0x18db33f1, .flags = CAN_MSG_EXTENDED, .len = 3, .data = {2, 0x3e, 0x80}};
	assert_false(can_node_input(&node, T0, &frame));
	assert_int_equal(node.n_foreign, 1);
	can_node_tester_present(&node, T0, NULL, 0, 0);
	assert_false(can_node_input(&node, T0, &frame));
	assert_int_equal(node.n_foreign, 1);
}

static void the_deadline_is_the_earliest_of_the_channels(void **state)
{
	(void)state;
	assert_int_equal(can_node_deadline(&node), UDS_NEVER);
	uds_channel_keep_awake(&channels[1], T0, true);
	uds_channel_keep_awake(&channels[3], T0 - 1 * S, true);
	assert_int_equal(can_node_deadline(&node), T0 + 1 * S);
	can_node_expire(&node, T0 + 1 * S);
	pop(0x703);
}

static void a_detached_channel_s_frames_are_forgotten_and_its_place_is_used_again(void **state)
{
	const struct uds_timing timing = uds_timing_default();
	struct isotp_config config = tester_config();

	(void)state;
	request(0, 5);
	request(1, 5);
	pop(0x700);
	pop(0x701);
	can_node_detach(&node, &channels[0]);
	uds_channel_init(&channels[0], &config, &timing, tx_bufs[0], CAP, rx_bufs[0], CAP);
	assert_int_equal(can_node_attach(&node, &channels[0]), 0);
	assert_int_equal(node.n_channels, N);
	request(0, 5);
	pop(0x7e0);
	can_node_confirm(&node, T0, 1);
	assert_true(uds_client_sending(&channels[0].client));
	can_node_confirm(&node, T0, 1);
	assert_false(uds_client_sending(&channels[1].client));
	assert_true(uds_client_sending(&channels[0].client));
	can_node_confirm(&node, T0, 1);
	assert_false(uds_client_sending(&channels[0].client));
	for (unsigned i = 0; i < N; i++)
		can_node_detach(&node, &channels[i]);
	assert_int_equal(node.n_channels, 0);
	assert_no_frame();
	assert_false(input(CAN(0x708, 2, 0x50, 0x03)));
}

static void there_is_room_for_the_documented_number_of_channels(void **state)
{
	static struct uds_channel one;

	(void)state;
	for (unsigned i = N; i < CAN_NODE_MAX_CHANNELS; i++)
		assert_int_equal(can_node_attach(&node, &one), 0);
	assert_int_equal(can_node_attach(&node, &one), 1);
}

static void a_lost_port_leaves_nothing_outstanding_and_messages_end_by_their_timers(void **state)
{
	(void)state;
	begin_transfer(0);
	for (int i = 0; i < 8; i++)
		pop(0x700);
	can_node_reset_outstanding(&node);
	assert_int_equal(node.n_outstanding, 0);
	assert_no_frame();
	can_node_expire(&node, T0 + 1 * S);
	assert_true(uds_channel_pop_event(&channels[0], &event));
	assert_int_equal(event.kind, UDS_EVENT_SEND_FAILED);
	assert_int_equal(event.reason, ISOTP_REASON_N_AS);
	request(1, 5);
	pop(0x701);
	can_node_confirm(&node, T0, 1);
	assert_false(uds_client_sending(&channels[1].client));
}

/* a receive buffer that ran over: what we sent left, and nobody will ever say so */
static void confirmations_that_never_come_do_not_shrink_the_window_for_good(void **state)
{
	(void)state;
	setup_node(2);
	request(0, 3);
	request(1, 3);
	pop(0x700);
	pop(0x701);
	request(2, 3);
	assert_no_frame();
	can_node_expire(&node, T0 + CAN_NODE_CONFIRM_US - 1);
	assert_int_equal(node.n_outstanding, 2);
	can_node_expire(&node, T0 + CAN_NODE_CONFIRM_US);
	assert_int_equal(node.n_outstanding, 0);
	assert_int_equal(uds_channel_request(&channels[3], T0 + CAN_NODE_CONFIRM_US, BYTES(0x3e, 0x00)), 0);
	assert_true(can_node_pop_frame(&node, T0 + CAN_NODE_CONFIRM_US, &frame));
	assert_int_equal(frame.id, 0x703);
	assert_true(node.confirm_by_us == T0 + 2 * CAN_NODE_CONFIRM_US);
	assert_true(can_node_deadline(&node) <= node.confirm_by_us);
	can_node_confirm(&node, T0 + CAN_NODE_CONFIRM_US + 1, 1);
	assert_true(node.confirm_by_us == UDS_NEVER);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest can_node[] = {
	    TEST(the_window_bounds_what_is_outstanding),
	    TEST(the_largest_window_can_be_filled),
	    TEST(channels_take_turns),
	    TEST(each_confirmation_finds_its_channel),
	    TEST(a_frame_from_the_bus_finds_its_channel),
	    TEST(a_request_of_ours_that_we_did_not_send_is_a_foreign_tester),
	    TEST(a_functional_frame_goes_first),
	    TEST(a_plain_frame_goes_first_and_confirms_nobody),
	    TEST(plain_frames_are_bounded),
	    TEST(functional_requests_are_single_frames_and_bounded),
	    TEST(a_functional_frame_begins_with_the_address_it_has),
	    TEST(functional_tester_present_is_cyclic_in_the_middle_of_transfers),
	    TEST(tester_present_goes_to_each_functional_address),
	    TEST(a_tester_present_that_waits_for_the_window_is_not_doubled),
	    TEST(the_deadline_is_the_earliest_of_the_channels),
	    TEST(a_detached_channel_s_frames_are_forgotten_and_its_place_is_used_again),
	    TEST(there_is_room_for_the_documented_number_of_channels),
	    TEST(confirmations_that_never_come_do_not_shrink_the_window_for_good),
	    TEST(a_lost_port_leaves_nothing_outstanding_and_messages_end_by_their_timers),
	};

	return RUN_TESTS(can_node);
}
