/*
 * can_msg - one CAN or CAN FD frame as a plain value, and its form on a socket.
 *
 * The wire form is exactly Linux's struct can_frame (16 bytes) or struct canfd_frame (72 bytes), which is what read()
 * on PF_CAN returns and what one packet of the simulated bus carries. Byte order of the identifier is the host's.
 */
#ifndef UDS_CAN_MSG_H
#define UDS_CAN_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAN_MSG_MAX_BYTES      64u
#define CAN_WIRE_CLASSIC_BYTES 16u
#define CAN_WIRE_FD_BYTES      72u

enum can_msg_flag {
	CAN_MSG_EXTENDED = 1u << 0, /* 29-bit identifier */
	CAN_MSG_FD = 1u << 1,       /* CAN FD frame */
	CAN_MSG_BRS = 1u << 2,      /* FD: data phase at the data bit rate */
	CAN_MSG_ESI = 1u << 3,      /* FD: the sender is error passive */
	CAN_MSG_RTR = 1u << 4,      /* classic: remote frame */
	CAN_MSG_ERROR = 1u << 5,    /* error frame of the controller: id is the error class */
};

struct can_msg {
	uint32_t id;   /* 11 or 29 bits, no flag bits */
	uint8_t flags; /* enum can_msg_flag */
	uint8_t len;   /* classic 0..8; FD 0..8, 12, 16, 20, 24, 32, 48, 64 */
	uint8_t data[CAN_MSG_MAX_BYTES];
};

/**
 * can_msg_to_wire() - the frame as struct can_frame or struct canfd_frame
 * @out: 72 bytes; byte 6 (__res0 of a classic frame) is 0
 *
 * Return: bytes written, 16 or 72. Cannot fail.
 */
size_t can_msg_to_wire(const struct can_msg *msg, uint8_t out[CAN_WIRE_FD_BYTES]);

/**
 * can_msg_from_wire() - a frame from one packet or one read()
 * @n: must be 16 or 72
 * @msg: untouched on failure
 *
 * Return: false if the length is neither, a classic length exceeds 8, or an FD length is no valid DLC length.
 */
bool can_msg_from_wire(const uint8_t *wire, size_t n, struct can_msg *msg);

/**
 * can_msg_fd_len() - the smallest valid CAN FD length that holds @n bytes
 *
 * Return: 0..8, 12, 16, 20, 24, 32, 48 or 64; 64 for all larger @n.
 */
uint8_t can_msg_fd_len(size_t n);

#endif
