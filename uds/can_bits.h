/*
 * can_bits - how long a frame occupies the wire, bit for bit.
 *
 * Counts start-of-frame to end-of-frame plus the 3 bits of intermission, with the real stuff bits of this identifier,
 * data and CRC (classic: CRC-15; FD: CRC-17/21 with the stuff count and fixed stuff bits, ISO CAN FD). The acknowledge
 * slot counts as dominant (acknowledged).
 *
 * With BRS the bit rate changes inside two bits: within BRS at its sample point, and back within the CRC delimiter. BRS
 * counts as nominal as a whole and the CRC delimiter as data as a whole, which is the same time where both phases
 * sample at the same point. So `nominal` is SOF..BRS, acknowledge slot and delimiter, end of frame and intermission,
 * with the stuff bits among them; `data` is ESI..CRC delimiter with its stuff bits, fixed ones included.
 *
 * A CAN_MSG_ERROR message is the controller's report and no frame: 0 bits.
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
 * can_bits_ns() - how long so many bits take
 * @nominal_bps: 10000..1000000
 * @data_bps: used only for frames with BRS; 0 means the nominal rate
 */
uint64_t can_bits_ns(struct can_bits bits, uint32_t nominal_bps, uint32_t data_bps);

/** can_bits_time_ns() - the frame's time on the wire, at rates as for can_bits_ns() */
uint64_t can_bits_time_ns(const struct can_msg *msg, uint32_t nominal_bps, uint32_t data_bps);

#endif
