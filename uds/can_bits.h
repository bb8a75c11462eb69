/*
 * can_bits - how long a frame occupies the wire, bit for bit.
 *
 * Counts start-of-frame to end-of-frame plus the 3 bits of intermission, with the real stuff bits of this identifier,
 * data and CRC (classic: CRC-15; FD: CRC-17/21 with the stuff count and fixed stuff bits, ISO CAN FD). The acknowledge
 * slot counts as dominant (acknowledged).
 */
#ifndef UDS_CAN_BITS_H
#define UDS_CAN_BITS_H

#include "uds/can_msg.h"

struct can_bits {
	uint32_t nominal; /* bits at the nominal (arbitration) bit rate */
	uint32_t data;    /* bits at the data bit rate; 0 without BRS */
};

struct can_bits can_bits_count(const struct can_msg *msg);

/**
 * can_bits_time_ns() - the frame's time on the wire
 * @nominal_bps: 10000..1000000
 * @data_bps: used only for frames with BRS; 0 means the nominal rate
 */
uint64_t can_bits_time_ns(const struct can_msg *msg, uint32_t nominal_bps, uint32_t data_bps);

#endif
