/*
 * fuzz_can_wire - any bytes as a packet of the bus: refused, or a frame that is itself again after both ways, whose
 * time on the wire is that of a CAN frame, and whose signals read and write within its bytes.
 */
#include <assert.h>
#include <string.h>

#include "tests/fuzz/bytes.h"
#include "uds/can_bits.h"
#include "uds/can_msg.h"
#include "uds/can_signal.h"

/* generous: a classic frame is 135 bits with every stuff bit, an FD frame of 64 bytes some 650 */
#define MAX_BITS 800u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(const struct can_msg *msg)
{
	const uint8_t cap = msg->flags & CAN_MSG_FD ? 64 : 8;
	const struct can_bits bits = can_bits_count(msg);

	assert(msg->len <= cap);
	assert(msg->flags & CAN_MSG_FD ? !(msg->flags & CAN_MSG_RTR) : !(msg->flags & (CAN_MSG_BRS | CAN_MSG_ESI)));
	assert(msg->id <= (msg->flags & (CAN_MSG_EXTENDED | CAN_MSG_ERROR) ? 0x1fffffffu : 0x7ffu));
	assert(bits.nominal + bits.data <= MAX_BITS);
	if (msg->flags & CAN_MSG_ERROR)
		assert(bits.nominal == 0 && bits.data == 0);
	else
		assert(bits.nominal >= 28);
	if (!(msg->flags & CAN_MSG_BRS))
		assert(bits.data == 0);
	assert(can_bits_time_ns(msg, 500000, 2000000) <= MAX_BITS * 2000u);
}

static void check_way_back(const struct can_msg *msg, size_t n_wire)
{
	uint8_t wire[CAN_WIRE_FD_BYTES];
	struct can_msg again = {0};
	const size_t n = can_msg_to_wire(msg, wire);

	assert(n == n_wire);
	assert(can_msg_from_wire(wire, n, &again));
	assert(again.id == msg->id && again.flags == msg->flags && again.len == msg->len);
	if (!(msg->flags & CAN_MSG_RTR))
		assert(memcmp(again.data, msg->data, msg->len) == 0);
}

static void check_signal(struct bytes *in, const struct can_msg *msg)
{
	const uint8_t choice = bytes_u8(in);
	const struct can_signal signal = {
	    .start_bit = bytes_u16(in),
	    .length = bytes_u8(in),
	    .order = choice & 1 ? CAN_SIGNAL_BIG_ENDIAN : CAN_SIGNAL_LITTLE_ENDIAN,
	    .is_signed = (choice & 2) != 0,
	    .factor = 0.25 * (choice >> 2),
	    .offset = -40,
	};
	uint8_t data[CAN_MSG_MAX_BYTES];
	uint64_t raw = 0, again = 0;
	double physical = 0;

	memcpy(data, msg->data, sizeof data);
	assert(can_signal_get(&signal, data, msg->len, &raw) == can_signal_fits(&signal, msg->len));
	if (!can_signal_fits(&signal, msg->len)) {
		assert(!can_signal_set(&signal, data, msg->len, ~raw));
		assert(!can_signal_write(&signal, data, msg->len, 1.0));
	} else {
		/* what is read may be written without a change, and any other value comes back */
		assert(can_signal_set(&signal, data, msg->len, raw));
		assert(memcmp(data, msg->data, sizeof data) == 0);
		assert(can_signal_set(&signal, data, msg->len, ~raw));
		assert(can_signal_get(&signal, data, msg->len, &again) && again != raw);
		assert(can_signal_read(&signal, data, msg->len, &physical));
		assert(can_signal_write(&signal, data, msg->len, physical));
	}
	assert(memcmp(data + msg->len, msg->data + msg->len, sizeof data - msg->len) == 0);
}

/* the first byte says whether what follows is 16, 72 or all of its bytes */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	uint8_t wire[128] = {0};
	struct can_msg msg, untouched;
	size_t n;

	switch (bytes_u8(&in) % 3) {
	case 0:
		bytes_take(&in, wire, n = CAN_WIRE_CLASSIC_BYTES);
		break;
	case 1:
		bytes_take(&in, wire, n = CAN_WIRE_FD_BYTES);
		break;
	default:
		n = bytes_take(&in, wire, sizeof wire);
		break;
	}
	memset(&msg, 0xa5, sizeof msg);
	untouched = msg;
	if (!can_msg_from_wire(wire, n, &msg)) {
		assert(memcmp(&msg, &untouched, sizeof msg) == 0);
		return 0;
	}
	check_frame(&msg);
	check_way_back(&msg, n);
	check_signal(&in, &msg);
	return 0;
}
