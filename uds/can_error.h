/*
 * can_error - error frames of a CAN controller in words and numbers, and the health of a bus that follows from them.
 *
 * An error frame is a can_msg with CAN_MSG_ERROR: its identifier is a set of error classes, its eight bytes say more
 * about some of them. The simulated bus sends the same. Pure.
 *
 * Source: Linux, include/uapi/linux/can/error.h.
 */
#ifndef UDS_CAN_ERROR_H
#define UDS_CAN_ERROR_H

#include "uds/can_msg.h"

/* error classes: bits of the identifier */
enum can_error_class {
	CAN_ERROR_TX_TIMEOUT = 0x001,
	CAN_ERROR_LOST_ARBITRATION = 0x002,
	CAN_ERROR_CONTROLLER = 0x004, /* byte 1: a state, or frames that were lost */
	CAN_ERROR_PROTOCOL = 0x008,   /* bytes 2 and 3: what was wrong, and where in the frame */
	CAN_ERROR_NO_ACK = 0x020,
	CAN_ERROR_BUS_OFF = 0x040,
	CAN_ERROR_BUS = 0x080,
	CAN_ERROR_RESTARTED = 0x100,
	CAN_ERROR_COUNTERS = 0x200, /* bytes 6 and 7 */
};

/* of a controller, by its error counters: the worse one is below 96, 128, 256, or has reached 256 */
enum can_bus_state { CAN_BUS_ACTIVE, CAN_BUS_WARNING, CAN_BUS_PASSIVE, CAN_BUS_OFF, CAN_BUS_STOPPED };

/* what one error frame says; several may be true at once */
struct can_error {
	bool has_state;
	enum can_bus_state state;
	bool restarted;
	bool no_ack; /* no other station has acknowledged a frame of ours */
	bool lost_arbitration;
	bool protocol;   /* a frame was destroyed: bit, stuff, form or CRC error */
	bool overflow;   /* frames were lost in the controller */
	bool tx_timeout; /* the driver gave a frame up */
	bool has_counters;
	uint8_t tx_errors, rx_errors;
};

/* what became of a bus since it was opened */
struct can_health {
	enum can_bus_state state;
	uint8_t tx_errors, rx_errors; /* the controller's, as last told; 0 if never */
	uint32_t n_warning, n_passive, n_bus_off, n_restarts;
	uint32_t n_no_ack, n_lost_arbitration, n_protocol, n_overflow, n_tx_timeout;
};

/* Return: false if @msg is no error frame; @error is untouched then */
bool can_error_decode(const struct can_msg *msg, struct can_error *error);

/* Return: true if the state has changed */
bool can_health_input(struct can_health *self, const struct can_error *error);

/* "error active", "bus-off" */
const char *can_bus_state_text(enum can_bus_state state);

#endif
