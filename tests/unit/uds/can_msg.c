#include "support.h"

static void a_classic_frame_has_the_16_bytes_of_struct_can_frame(void **state)
{
	struct can_msg msg = CAN(0x123, 1, 2, 3);
	uint8_t wire[CAN_WIRE_FD_BYTES];
	uint32_t id;

	(void)state;
	memset(wire, 0xaa, sizeof(wire));
	assert_int_equal(can_msg_to_wire(&msg, wire), 16);
	memcpy(&id, wire, 4);
	assert_int_equal(id, 0x123);
	assert_memory_equal(wire + 4, ((const uint8_t[]){3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0}), 12);
	assert_int_equal(wire[16], 0xaa);

	msg.flags = CAN_MSG_EXTENDED;
	msg.id = 0x18da10f1;
	can_msg_to_wire(&msg, wire);
	memcpy(&id, wire, 4);
	assert_int_equal(id, 0x80000000u | 0x18da10f1u);
	msg.flags = CAN_MSG_RTR;
	msg.id = 0x7;
	can_msg_to_wire(&msg, wire);
	memcpy(&id, wire, 4);
	assert_int_equal(id, 0x40000007u);
	msg.flags = CAN_MSG_ERROR;
	can_msg_to_wire(&msg, wire);
	memcpy(&id, wire, 4);
	assert_int_equal(id, 0x20000007u);
}

static void an_fd_frame_has_the_72_bytes_of_struct_canfd_frame(void **state)
{
	struct can_msg msg = {.id = 0x7e0, .flags = CAN_MSG_FD | CAN_MSG_BRS, .len = 64};
	uint8_t wire[CAN_WIRE_FD_BYTES];

	(void)state;
	fill_pattern(msg.data, 64, 1);
	assert_int_equal(can_msg_to_wire(&msg, wire), 72);
	assert_int_equal(wire[4], 64);
	assert_int_equal(wire[5] & 3, 1);
	assert_memory_equal(wire + 8, msg.data, 64);
	msg.flags = CAN_MSG_FD | CAN_MSG_ESI;
	can_msg_to_wire(&msg, wire);
	assert_int_equal(wire[5] & 3, 2);
}

static void every_frame_survives_the_way_through_its_wire_form(void **state)
{
	static const uint8_t flags[] = {0,
					CAN_MSG_EXTENDED,
					CAN_MSG_RTR,
					CAN_MSG_RTR | CAN_MSG_EXTENDED,
					CAN_MSG_FD,
					CAN_MSG_FD | CAN_MSG_BRS | CAN_MSG_ESI | CAN_MSG_EXTENDED,
					CAN_MSG_ERROR};
	uint8_t wire[CAN_WIRE_FD_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		for (size_t len = 0; len <= (flags[i] & CAN_MSG_FD ? 64u : 8u); len++) {
			struct can_msg msg = {.id = 0x123, .flags = flags[i], .len = can_msg_fd_len(len)};
			struct can_msg back;

			if (flags[i] & CAN_MSG_EXTENDED)
				msg.id = 0x12345678;
			if (!(flags[i] & CAN_MSG_RTR))
				fill_pattern(msg.data, msg.len, (uint32_t)i);
			const size_t n = can_msg_to_wire(&msg, wire);
			assert_true(can_msg_from_wire(wire, n, &back));
			assert_int_equal(back.id, msg.id);
			assert_int_equal(back.flags, msg.flags);
			assert_int_equal(back.len, msg.len);
			assert_memory_equal(back.data, msg.data, msg.len);
		}
	}
}

static void packets_that_are_no_frame_are_refused_and_leave_the_output_alone(void **state)
{
	uint8_t wire[CAN_WIRE_FD_BYTES] = {0};
	struct can_msg msg;
	struct can_msg before;

	(void)state;
	memset(&msg, 0x5a, sizeof(msg));
	before = msg;
	for (size_t n = 0; n <= sizeof(wire); n++)
		if (n != 16 && n != 72)
			assert_false(can_msg_from_wire(wire, n, &msg));
	for (unsigned len = 0; len <= 255; len++) {
		wire[4] = (uint8_t)len;
		if (len > 8)
			assert_false(can_msg_from_wire(wire, 16, &msg));
		if (len > 64 || can_msg_fd_len(len) != len)
			assert_false(can_msg_from_wire(wire, 72, &msg));
	}
	assert_memory_equal(&msg, &before, sizeof(msg));
}

static void an_fd_length_is_the_next_that_a_dlc_can_say(void **state)
{
	static const uint8_t lengths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64};
	size_t k = 0;

	(void)state;
	for (size_t n = 0; n <= 64; n++) {
		if (lengths[k] < n)
			k++;
		assert_int_equal(can_msg_fd_len(n), lengths[k]);
	}
	assert_int_equal(can_msg_fd_len(65), 64);
	assert_int_equal(can_msg_fd_len(SIZE_MAX), 64);
}

int main(void)
{
	const struct CMUnitTest can_msg[] = {
	    cmocka_unit_test(a_classic_frame_has_the_16_bytes_of_struct_can_frame),
	    cmocka_unit_test(an_fd_frame_has_the_72_bytes_of_struct_canfd_frame),
	    cmocka_unit_test(every_frame_survives_the_way_through_its_wire_form),
	    cmocka_unit_test(packets_that_are_no_frame_are_refused_and_leave_the_output_alone),
	    cmocka_unit_test(an_fd_length_is_the_next_that_a_dlc_can_say),
	};

	return RUN_TESTS(can_msg);
}
