/* Bit counts against hand calculation and against a slow reference that builds each frame as a string of bits. */
#include "support.h"

#include "uds/can_bits.h"

struct bit_string {
	char bits[1024]; /* '0', '1', and 's' 'S' for a stuff bit of that value */
	size_t n;
};

static void put(struct bit_string *s, uint32_t value, unsigned n)
{
	for (unsigned i = n; i > 0; i--)
		s->bits[s->n++] = (value >> (i - 1)) & 1u ? '1' : '0';
}

/* CRC-15/CAN by long division of the string, zero bits appended */
static uint32_t reference_crc15(const struct bit_string *s)
{
	static const char polynomial[] = "1100010110011001"; /* x^15 + x^14 + x^10 + x^8 + x^7 + x^4 + x^3 + 1 */
	char rest[1024];
	uint32_t crc = 0;

	memcpy(rest, s->bits, s->n);
	memset(rest + s->n, '0', 15);
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; rest[i] == '1' && k < 16; k++)
			if (k > 0 && polynomial[k] == '1')
				rest[i + k] = rest[i + k] == '1' ? '0' : '1';
	for (size_t k = 0; k < 15; k++)
		crc = crc * 2 + (rest[s->n + k] == '1');
	return crc;
}

/* dynamic stuffing of the whole string; @at_end: also behind its last bit; Return: position of bit @mark in the output
 */
static size_t stuff(const struct bit_string *in, struct bit_string *out, bool at_end, size_t mark)
{
	size_t position = 0;

	out->n = 0;
	for (size_t i = 0; i < in->n; i++) {
		if (i == mark)
			position = out->n;
		out->bits[out->n++] = in->bits[i];
		if (i + 1 == in->n && !at_end)
			break;
		if (out->n < 5)
			continue;
		const char *tail = out->bits + out->n - 5;
		char values[5];
		for (size_t k = 0; k < 5; k++)
			values[k] = tail[k] == 's' ? '0' : tail[k] == 'S' ? '1' : tail[k];
		if (memcmp(values, "00000", 5) == 0)
			out->bits[out->n++] = 'S';
		else if (memcmp(values, "11111", 5) == 0)
			out->bits[out->n++] = 's';
	}
	return position;
}

static struct can_bits reference(const struct can_msg *msg)
{
	static const uint8_t lengths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64};
	const bool fd = (msg->flags & CAN_MSG_FD) != 0;
	struct bit_string s = {.n = 0};
	struct bit_string wire;
	uint32_t dlc = 0;
	size_t esi_at = 0;

	while (lengths[dlc] != msg->len)
		dlc++;
	put(&s, 0, 1);
	if (msg->flags & CAN_MSG_EXTENDED) {
		put(&s, msg->id >> 18, 11);
		put(&s, 1, 1);
		put(&s, 1, 1);
		put(&s, msg->id & 0x3ffff, 18);
	} else {
		put(&s, msg->id, 11);
	}
	put(&s, (msg->flags & CAN_MSG_RTR) != 0, 1);
	if (!(msg->flags & CAN_MSG_EXTENDED))
		put(&s, 0, 1); /* IDE */
	if (fd) {
		put(&s, 1, 1);
		put(&s, 0, 1);
		put(&s, (msg->flags & CAN_MSG_BRS) != 0, 1);
		esi_at = s.n;
		put(&s, (msg->flags & CAN_MSG_ESI) != 0, 1);
	} else {
		put(&s, 0, msg->flags & CAN_MSG_EXTENDED ? 2 : 1);
	}
	put(&s, dlc, 4);
	for (size_t i = 0; i < msg->len && !(msg->flags & CAN_MSG_RTR); i++)
		put(&s, msg->data[i], 8);

	if (!fd) {
		put(&s, reference_crc15(&s), 15);
		stuff(&s, &wire, true, 0);
		return (struct can_bits){.nominal = (uint32_t)wire.n + 1 + 1 + 1 + 7 + 3};
	}
	const size_t esi_on_wire = stuff(&s, &wire, false, esi_at);
	/* the field's values do not matter for its length: a fixed stuff bit before each four of its bits */
	const size_t field = 4 + (msg->len > 16 ? 21 : 17);
	for (size_t i = 0; i < field; i++) {
		if (i % 4 == 0)
			wire.bits[wire.n++] = 'f';
		wire.bits[wire.n++] = 'c';
	}
	wire.n++; /* CRC delimiter */
	if (msg->flags & CAN_MSG_BRS)
		return (struct can_bits){.nominal = (uint32_t)esi_on_wire + 1 + 1 + 7 + 3,
					 .data = (uint32_t)(wire.n - esi_on_wire)};
	return (struct can_bits){.nominal = (uint32_t)wire.n + 1 + 1 + 7 + 3};
}

static uint32_t lcg(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void the_reference_s_crc_has_the_published_check_value(void **state)
{
	struct bit_string s = {.n = 0};

	(void)state;
	for (const char *c = "123456789"; *c; c++)
		put(&s, (uint8_t)*c, 8);
	assert_int_equal(reference_crc15(&s), 0x059e);
}

static void a_frame_of_zeros_counts_as_calculated_by_hand(void **state)
{
	struct can_msg msg = {.id = 0};

	(void)state;
	/* 19 bits and a CRC of zero are 34 zeros: 6 stuff bits, 13 bits behind them */
	assert_int_equal(can_bits_count(&msg).nominal, 34 + 6 + 13);
	assert_int_equal(can_bits_count(&msg).data, 0);
	/* 00000S00000S0000 1 00000S00, CRC field of 27, 13 */
	msg.flags = CAN_MSG_FD;
	assert_int_equal(can_bits_count(&msg).nominal, 22 + 3 + 27 + 13);
	/* 00000S00000S0000 1 0 1 | 00000: the dynamic stuff bit behind the last bit gives way to the fixed one */
	msg.flags = CAN_MSG_FD | CAN_MSG_BRS;
	assert_int_equal(can_bits_count(&msg).nominal, 17 + 2 + 12);
	assert_int_equal(can_bits_count(&msg).data, 5 + 27 + 1);
}

static void eight_bytes_take_111_or_131_bits_plus_24_or_29_stuff_bits_at_most(void **state)
{
	uint32_t seed = 1;
	uint32_t least = UINT32_MAX;
	uint32_t least_extended = UINT32_MAX;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct can_msg msg = {.id = lcg(&seed) & 0x7ff, .len = 8};
		/* half of them made of few values, for many stuff bits */
		const uint32_t mask = i & 1 ? 0xff : 0x0f;

		for (size_t k = 0; k < 8; k++)
			msg.data[k] = (uint8_t)((lcg(&seed) & mask) * (i & 1 ? 1u : 0x11u));
		uint32_t bits = can_bits_count(&msg).nominal;
		assert_in_range(bits, 111, 111 + 24);
		least = bits < least ? bits : least;
		msg.flags = CAN_MSG_EXTENDED;
		msg.id = (lcg(&seed) << 13 ^ lcg(&seed)) & 0x1fffffff;
		bits = can_bits_count(&msg).nominal;
		assert_in_range(bits, 131, 131 + 29);
		least_extended = bits < least_extended ? bits : least_extended;
	}
	assert_int_equal(least, 111);
	assert_int_equal(least_extended, 131);
}

static void every_kind_of_frame_counts_as_the_slow_reference_does(void **state)
{
	static const uint8_t values[] = {0x00, 0xff, 0x55, 0x0f, 0xf8, 0x07, 0x1f, 0x83};
	uint32_t seed = 7;

	(void)state;
	for (int i = 0; i < 60000; i++) {
		struct can_msg msg = {.flags = lcg(&seed) & 0xf, .id = (lcg(&seed) << 13 ^ lcg(&seed)) & 0x1fffffff};

		if (!(msg.flags & CAN_MSG_EXTENDED))
			msg.id &= 0x7ff;
		if (msg.flags & CAN_MSG_FD) {
			msg.len = can_msg_fd_len(lcg(&seed) % 65);
		} else {
			msg.len = (uint8_t)(lcg(&seed) % 9);
			msg.flags &= CAN_MSG_EXTENDED;
			if (i % 16 == 0)
				msg.flags |= CAN_MSG_RTR;
		}
		for (size_t k = 0; k < msg.len; k++)
			msg.data[k] = i % 2 ? (uint8_t)lcg(&seed) : values[lcg(&seed) % sizeof(values)];
		const struct can_bits got = can_bits_count(&msg);
		const struct can_bits want = reference(&msg);
		assert_int_equal(got.nominal, want.nominal);
		assert_int_equal(got.data, want.data);
	}
}

static void consecutive_frames_need_the_stuff_bits_known_of_random_and_of_equal_bytes(void **state)
{
	uint32_t seed = 3;
	uint32_t random_bits = 0;
	uint32_t ff_bits = 0;

	(void)state;
	for (int i = 0; i < 16000; i++) {
		struct can_msg msg = {.id = 0x7e0, .len = 8};

		msg.data[0] = (uint8_t)(0x20 | (i & 15));
		for (size_t k = 1; k < 8; k++)
			msg.data[k] = (uint8_t)lcg(&seed);
		random_bits += can_bits_count(&msg).nominal - 111;
		memset(msg.data + 1, 0xff, 7);
		ff_bits += can_bits_count(&msg).nominal - 111;
	}
	/* 5.4 and 14.7 stuff bits a frame */
	assert_in_range(random_bits / 1600, 53, 55);
	assert_in_range(ff_bits / 1600, 146, 148);
}

static void times_follow_from_the_bit_rates_of_both_phases(void **state)
{
	struct can_msg msg = {.id = 0};

	(void)state;
	assert_int_equal(can_bits_time_ns(&msg, 500000, 0), 53 * 2000);
	assert_int_equal(can_bits_time_ns(&msg, 125000, 2000000), 53 * 8000);
	msg.flags = CAN_MSG_FD | CAN_MSG_BRS;
	assert_int_equal(can_bits_time_ns(&msg, 500000, 2000000), 31 * 2000 + 33 * 500);
	assert_int_equal(can_bits_time_ns(&msg, 1000000, 8000000), 31 * 1000 + 33 * 125);
	assert_int_equal(can_bits_time_ns(&msg, 500000, 0), (31 + 33) * 2000);
	msg.flags = CAN_MSG_ERROR;
	assert_int_equal(can_bits_time_ns(&msg, 500000, 0), 0);
}

int main(void)
{
	const struct CMUnitTest can_bits[] = {
	    cmocka_unit_test(the_reference_s_crc_has_the_published_check_value),
	    cmocka_unit_test(a_frame_of_zeros_counts_as_calculated_by_hand),
	    cmocka_unit_test(eight_bytes_take_111_or_131_bits_plus_24_or_29_stuff_bits_at_most),
	    cmocka_unit_test(every_kind_of_frame_counts_as_the_slow_reference_does),
	    cmocka_unit_test(consecutive_frames_need_the_stuff_bits_known_of_random_and_of_equal_bytes),
	    cmocka_unit_test(times_follow_from_the_bit_rates_of_both_phases),
	};

	return RUN_TESTS(can_bits);
}
