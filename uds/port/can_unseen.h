/*
 * can_unseen - whose frames were taken and not yet seen by the owner of the channels. An answer is valid until its
 * channel's next input, so the owner is to see it before that; what came from others meanwhile does it no harm.
 */
#ifndef UDS_PORT_CAN_UNSEEN_H
#define UDS_PORT_CAN_UNSEEN_H

#include "uds/can_msg.h"

#define CAN_UNSEEN_MAX 64u

struct can_unseen { /* zeros at first, and after a step */
	uint32_t ids[CAN_UNSEEN_MAX];
	size_t n;
};

/* the same number with 11 and with 29 bits is taken for the same sender: one look more */
static inline bool can_unseen_full_or_has(const struct can_unseen *self, const struct can_msg *msg)
{
	for (size_t i = 0; i < self->n; i++)
		if (self->ids[i] == msg->id)
			return true;
	return self->n == CAN_UNSEEN_MAX;
}

static inline void can_unseen_add(struct can_unseen *self, const struct can_msg *msg)
{
	self->ids[self->n++] = msg->id;
}

#endif
