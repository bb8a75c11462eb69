/*
 * can_sent - the frames that a port took and has not confirmed, oldest first.
 */
#ifndef UDS_PORT_CAN_SENT_H
#define UDS_PORT_CAN_SENT_H

#include "uds/can_node.h"

struct can_sent { /* a ring; zeros at first */
	struct can_msg msgs[CAN_NODE_MAX_WINDOW];
	size_t head;
	size_t n;
};

/* more than the window is never outstanding: should the node have given some up, the oldest go */
static inline void can_sent_push(struct can_sent *self, const struct can_msg *msg)
{
	if (self->n == CAN_NODE_MAX_WINDOW) {
		self->head = (self->head + 1) % CAN_NODE_MAX_WINDOW;
		self->n--;
	}
	self->msgs[(self->head + self->n++) % CAN_NODE_MAX_WINDOW] = *msg;
}

/* Return: the oldest, until the next push; NULL if there is none */
static inline const struct can_msg *can_sent_pop(struct can_sent *self)
{
	const struct can_msg *oldest = &self->msgs[self->head];

	if (self->n == 0)
		return NULL;
	self->head = (self->head + 1) % CAN_NODE_MAX_WINDOW;
	self->n--;
	return oldest;
}

#endif
