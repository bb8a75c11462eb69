/* Linux's struct can_frame and struct canfd_frame, by offsets: this layer is pure and includes no kernel header. */
#include "uds/can_msg.h"

#include <string.h>

#define WIRE_EFF_FLAG 0x80000000u
#define WIRE_RTR_FLAG 0x40000000u
#define WIRE_ERR_FLAG 0x20000000u
#define WIRE_EFF_MASK 0x1fffffffu
#define WIRE_SFF_MASK 0x000007ffu

#define WIRE_LEN      4u
#define WIRE_FD_FLAGS 5u
#define WIRE_DATA     8u

#define WIRE_FD_BRS   0x01u
#define WIRE_FD_ESI   0x02u
#define WIRE_FD_FDF   0x04u

uint8_t can_msg_fd_len(size_t n)
{
	if (n <= 8)
		return (uint8_t)n;
	if (n <= 24)
		return (uint8_t)((n + 3) / 4 * 4);
	if (n <= 32)
		return 32;
	return n <= 48 ? 48 : 64;
}

size_t can_msg_to_wire(const struct can_msg *msg, uint8_t out[CAN_WIRE_FD_BYTES])
{
	const bool fd = (msg->flags & CAN_MSG_FD) != 0;
	const size_t max = fd ? CAN_MSG_MAX_BYTES : 8;
	const size_t len = msg->len <= max ? msg->len : max;
	uint32_t id = msg->id & WIRE_EFF_MASK;

	if (msg->flags & CAN_MSG_EXTENDED)
		id |= WIRE_EFF_FLAG;
	if (msg->flags & CAN_MSG_RTR)
		id |= WIRE_RTR_FLAG;
	if (msg->flags & CAN_MSG_ERROR)
		id |= WIRE_ERR_FLAG;

	memset(out, 0, fd ? CAN_WIRE_FD_BYTES : CAN_WIRE_CLASSIC_BYTES);
	memcpy(out, &id, sizeof(id));
	out[WIRE_LEN] = (uint8_t)len;
	if (fd) {
		out[WIRE_FD_FLAGS] = WIRE_FD_FDF;
		if (msg->flags & CAN_MSG_BRS)
			out[WIRE_FD_FLAGS] |= WIRE_FD_BRS;
		if (msg->flags & CAN_MSG_ESI)
			out[WIRE_FD_FLAGS] |= WIRE_FD_ESI;
	}
	if (!(msg->flags & CAN_MSG_RTR))
		memcpy(out + WIRE_DATA, msg->data, len);
	return fd ? CAN_WIRE_FD_BYTES : CAN_WIRE_CLASSIC_BYTES;
}

bool can_msg_from_wire(const uint8_t *wire, size_t n, struct can_msg *msg)
{
	uint32_t id;
	uint8_t flags = 0;

	if (n != CAN_WIRE_CLASSIC_BYTES && n != CAN_WIRE_FD_BYTES)
		return false;
	const bool fd = n == CAN_WIRE_FD_BYTES;
	const uint8_t len = wire[WIRE_LEN];
	if (fd ? len > CAN_MSG_MAX_BYTES || can_msg_fd_len(len) != len : len > 8)
		return false;

	memcpy(&id, wire, sizeof(id));
	if (id & WIRE_ERR_FLAG)
		flags |= CAN_MSG_ERROR;
	if (id & WIRE_EFF_FLAG)
		flags |= CAN_MSG_EXTENDED;
	if (fd) { /* CAN FD has no remote frames: the flag would mean nothing */
		flags |= CAN_MSG_FD;
		if (wire[WIRE_FD_FLAGS] & WIRE_FD_BRS)
			flags |= CAN_MSG_BRS;
		if (wire[WIRE_FD_FLAGS] & WIRE_FD_ESI)
			flags |= CAN_MSG_ESI;
	} else if (id & WIRE_RTR_FLAG) {
		flags |= CAN_MSG_RTR;
	}

	msg->id = id & (flags & (CAN_MSG_EXTENDED | CAN_MSG_ERROR) ? WIRE_EFF_MASK : WIRE_SFF_MASK);
	msg->flags = flags;
	msg->len = len;
	memcpy(msg->data, wire + WIRE_DATA, fd ? CAN_MSG_MAX_BYTES : 8);
	return true;
}
