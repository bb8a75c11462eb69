#include "uds/can_error.h"

/* byte 1 of CAN_ERROR_CONTROLLER */
#define CONTROLLER_OVERFLOW 0x03u /* receive, transmit */
#define CONTROLLER_WARNING  0x0cu
#define CONTROLLER_PASSIVE  0x30u
#define CONTROLLER_ACTIVE   0x40u
/* byte 3 of CAN_ERROR_PROTOCOL: controllers that know no class of its own for it say it by the place */
#define PLACE_ACK_SLOT 0x19u

static void decode_controller(uint8_t what, struct can_error *error)
{
	error->overflow = (what & CONTROLLER_OVERFLOW) != 0;
	error->has_state = (what & (CONTROLLER_WARNING | CONTROLLER_PASSIVE | CONTROLLER_ACTIVE)) != 0;
	if (what & CONTROLLER_PASSIVE)
		error->state = CAN_BUS_PASSIVE;
	else if (what & CONTROLLER_WARNING)
		error->state = CAN_BUS_WARNING;
	else
		error->state = CAN_BUS_ACTIVE;
}

bool can_error_decode(const struct can_msg *msg, struct can_error *error)
{
	struct can_error e = {0};

	if (!(msg->flags & CAN_MSG_ERROR))
		return false;
	e.tx_timeout = (msg->id & CAN_ERROR_TX_TIMEOUT) != 0;
	e.lost_arbitration = (msg->id & CAN_ERROR_LOST_ARBITRATION) != 0;
	e.no_ack = (msg->id & CAN_ERROR_NO_ACK) != 0;
	if (msg->id & CAN_ERROR_CONTROLLER && msg->len > 1)
		decode_controller(msg->data[1], &e);
	if (msg->id & (CAN_ERROR_PROTOCOL | CAN_ERROR_BUS)) {
		const bool at_ack = msg->id & CAN_ERROR_PROTOCOL && msg->len > 3 && msg->data[3] == PLACE_ACK_SLOT;

		e.no_ack = e.no_ack || at_ack;
		e.protocol = !e.no_ack;
	}
	e.restarted = (msg->id & CAN_ERROR_RESTARTED) != 0;
	if (e.restarted || msg->id & CAN_ERROR_BUS_OFF) {
		e.has_state = true;
		e.state = msg->id & CAN_ERROR_BUS_OFF ? CAN_BUS_OFF : CAN_BUS_ACTIVE;
	}
	if (msg->id & CAN_ERROR_COUNTERS && msg->len > 7) {
		e.has_counters = true;
		e.tx_errors = msg->data[6];
		e.rx_errors = msg->data[7];
	}
	*error = e;
	return true;
}

static bool enter(struct can_health *self, enum can_bus_state state)
{
	if (state == self->state)
		return false;
	self->state = state;
	switch (state) {
	case CAN_BUS_WARNING:
		self->n_warning++;
		break;
	case CAN_BUS_PASSIVE:
		self->n_passive++;
		break;
	case CAN_BUS_OFF:
		self->n_bus_off++;
		break;
	case CAN_BUS_ACTIVE:
	case CAN_BUS_STOPPED:
		break;
	}
	return true;
}

bool can_health_input(struct can_health *self, const struct can_error *error)
{
	self->n_restarts += error->restarted;
	self->n_no_ack += error->no_ack;
	self->n_lost_arbitration += error->lost_arbitration;
	self->n_protocol += error->protocol;
	self->n_overflow += error->overflow;
	self->n_tx_timeout += error->tx_timeout;
	if (error->has_counters) {
		self->tx_errors = error->tx_errors;
		self->rx_errors = error->rx_errors;
	}
	return error->has_state && enter(self, error->state);
}

const char *can_bus_state_text(enum can_bus_state state)
{
	switch (state) {
	case CAN_BUS_ACTIVE:
		return "error active";
	case CAN_BUS_WARNING:
		return "at the warning level of errors";
	case CAN_BUS_PASSIVE:
		return "error passive";
	case CAN_BUS_OFF:
		return "bus-off";
	case CAN_BUS_STOPPED:
		return "stopped";
	}
	return "?";
}
