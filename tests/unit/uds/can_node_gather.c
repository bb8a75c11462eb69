/* A gathering on a station, beside its channels. */
#include "gather.h"

static void a_station_runs_it_beside_its_channels(void **state)
{
	static uint8_t tx_buf[64], rx_buf[64];
	const struct isotp_config link = tester_config(); /* 7E0 and 7E8 */
	const struct uds_timing timing = uds_timing_default();
	struct uds_channel channel;
	struct can_node node;
	struct uds_event event;
	struct can_msg msg;

	(void)state;
	can_node_init(&node, 2);
	uds_channel_init(&channel, &link, &timing, tx_buf, sizeof(tx_buf), rx_buf, sizeof(rx_buf));
	assert_int_equal(can_node_attach(&node, &channel), 0);
	can_node_gather(&node, &g);
	assert_int_equal(uds_gather_start(&g, T0, BYTES(0x22, 0xf1, 0x90)), 0);
	assert_true(can_node_pop_frame(&node, T0, &msg));
	assert_int_equal(msg.id, 0x7df);
	can_node_confirm(&node, T0, 1);
	/* the channel's own ECU answers with several frames: one flow control, not two */
	msg = CAN(0x7e8, 0x10, 9, 0x62, 0xf1, 0x90, 'A', 'B', 'C');
	assert_true(can_node_input(&node, T0, &msg));
	assert_true(can_node_pop_frame(&node, T0, &msg));
	assert_int_equal(msg.id, 0x7e0);
	assert_false(can_node_pop_frame(&node, T0, &msg));
	can_node_confirm(&node, T0, 1);
	msg = CAN(0x7e8, 0x21, 'D', 'E', 'F');
	assert_true(can_node_input(&node, T0, &msg));
	assert_false(uds_channel_pop_event(&channel, &event));
	assert_int_equal(can_node_deadline(&node), T0 + 150 * MS);
	can_node_expire(&node, T0 + 150 * MS);
	assert_false(uds_gather_running(&g));
	assert_int_equal(found(0x7e8, UDS_EVENT_POSITIVE)->n_pdu, 9);
	assert_int_equal(node.n_outstanding, 0);
	/* over: what comes is the channel's */
	msg = CAN(0x7e8, 4, 0x62, 0xf1, 0x90, 1);
	assert_true(can_node_input(&node, T0 + 1 * S, &msg));
	assert_true(uds_channel_pop_event(&channel, &event));
	assert_int_equal(event.kind, UDS_EVENT_UNSOLICITED);
	assert_int_equal(node.n_foreign, 0);
}

static void a_gathering_that_is_taken_off_leaves_the_window_as_it_was(void **state)
{
	struct can_node node;
	struct can_msg msg;

	(void)state;
	can_node_init(&node, 2);
	can_node_gather(&node, &g);
	assert_int_equal(uds_gather_start(&g, T0, BYTES(0x3e, 0x00)), 0);
	assert_true(can_node_pop_frame(&node, T0, &msg));
	can_node_gather(&node, NULL);
	assert_int_equal(node.n_outstanding, 1);
	can_node_confirm(&node, T0, 1);
	assert_int_equal(node.n_outstanding, 0);
	assert_int_equal(can_node_deadline(&node), UDS_NEVER);
	/* its request counts as lost with the port */
	ends_at(T0 + 1 * S);
	assert_int_equal(g.send_failed, ISOTP_REASON_N_AS);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest can_node_gather[] = {
	    TEST(a_station_runs_it_beside_its_channels),
	    TEST(a_gathering_that_is_taken_off_leaves_the_window_as_it_was),
	};

	return RUN_TESTS(can_node_gather);
}
