#include "uds/can_bits.h"

#define CRC15_POLYNOMIAL 0x4599u

/* CRC delimiter, acknowledge slot and delimiter, 7 bits end of frame, 3 bits intermission: never stuffed */
#define TRAILER_BITS 13u

/* ISO CAN FD: 4 bits stuff count and the CRC, with a fixed stuff bit before every four bits of them */
#define FD_CRC17_FIELD_BITS (4u + 17u + 6u)
#define FD_CRC21_FIELD_BITS (4u + 21u + 7u)
#define FD_CRC17_MAX_BYTES  16u

struct stuffer {
	uint32_t n;    /* bits so far, stuff bits included */
	uint32_t crc;  /* CRC-15 */
	uint32_t last; /* value of the last bit on the wire */
	uint32_t run;  /* length of the run of equal bits that ends here, 1..4; 0 before the first bit */
	bool just_stuffed;
};

static inline void push(struct stuffer *s, uint32_t value, unsigned n_bits)
{
	while (n_bits-- > 0) {
		const uint32_t bit = (value >> n_bits) & 1u;

		s->crc = (s->crc << 1) ^ ((((s->crc >> 14) ^ bit) & 1u) ? CRC15_POLYNOMIAL : 0u);
		s->run = bit == s->last ? s->run + 1 : 1;
		s->last = bit;
		s->just_stuffed = s->run == 5;
		s->n++;
		if (s->just_stuffed) {
			s->n++;
			s->last = bit ^ 1u;
			s->run = 1;
		}
	}
}

/* start of frame, identifier and the bits up to the reserved bit (classic) or FDF (FD), which @is_fd gives */
static void push_arbitration(struct stuffer *s, const struct can_msg *msg, uint32_t remote, uint32_t is_fd)
{
	push(s, 0, 1);
	if (msg->flags & CAN_MSG_EXTENDED) {
		push(s, (msg->id >> 18) & 0x7ffu, 11);
		push(s, 3, 2); /* SRR, IDE */
		push(s, msg->id & 0x3ffffu, 18);
		push(s, remote, 1);
	} else {
		push(s, msg->id & 0x7ffu, 11);
		push(s, remote, 1);
		push(s, 0, 1); /* IDE */
	}
	push(s, is_fd, 1); /* r1 or r0 of a classic frame, FDF */
}

static uint32_t fd_dlc(uint8_t len)
{
	if (len <= 8)
		return len;
	if (len <= 24)
		return 9u + ((uint32_t)len - 9u) / 4u;
	if (len <= 32)
		return 13;
	return len <= 48 ? 14 : 15;
}

static struct can_bits count_fd(const struct can_msg *msg)
{
	struct stuffer s = {.last = 1};
	const uint8_t len = msg->len <= CAN_MSG_MAX_BYTES ? msg->len : CAN_MSG_MAX_BYTES;

	push_arbitration(&s, msg, 0, 1);
	push(&s, 0, 1); /* res */
	push(&s, (msg->flags & CAN_MSG_BRS) != 0, 1);
	const uint32_t arbitration = s.n;
	push(&s, (msg->flags & CAN_MSG_ESI) != 0, 1);
	push(&s, fd_dlc(len), 4);
	for (uint8_t i = 0; i < len; i++)
		push(&s, msg->data[i], 8);
	/* The first fixed stuff bit stands where a dynamic one would follow the last data bit. */
	if (s.just_stuffed)
		s.n--;
	s.n += len <= FD_CRC17_MAX_BYTES ? FD_CRC17_FIELD_BITS : FD_CRC21_FIELD_BITS;

	if (!(msg->flags & CAN_MSG_BRS))
		return (struct can_bits){.nominal = s.n + TRAILER_BITS};
	return (struct can_bits){.nominal = arbitration + TRAILER_BITS - 1, .data = s.n - arbitration + 1};
}

struct can_bits can_bits_count(const struct can_msg *msg)
{
	struct stuffer s = {.last = 1};
	const uint8_t len = msg->len <= 8 ? msg->len : 8;
	const bool remote = (msg->flags & CAN_MSG_RTR) != 0;

	if (msg->flags & CAN_MSG_ERROR)
		return (struct can_bits){0};
	if (msg->flags & CAN_MSG_FD)
		return count_fd(msg);

	push_arbitration(&s, msg, remote, 0);
	if (msg->flags & CAN_MSG_EXTENDED)
		push(&s, 0, 1); /* r0 */
	push(&s, len, 4);
	for (uint8_t i = 0; !remote && i < len; i++)
		push(&s, msg->data[i], 8);
	push(&s, s.crc & 0x7fffu, 15);
	return (struct can_bits){.nominal = s.n + TRAILER_BITS};
}

uint64_t can_bits_ns(struct can_bits bits, uint32_t nominal_bps, uint32_t data_bps)
{
	if (nominal_bps == 0)
		return 0;
	if (data_bps == 0)
		data_bps = nominal_bps;
	return (bits.nominal * UINT64_C(1000000000) + nominal_bps / 2) / nominal_bps +
	       (bits.data * UINT64_C(1000000000) + data_bps / 2) / data_bps;
}

uint64_t can_bits_time_ns(const struct can_msg *msg, uint32_t nominal_bps, uint32_t data_bps)
{
	return can_bits_ns(can_bits_count(msg), nominal_bps, data_bps);
}
