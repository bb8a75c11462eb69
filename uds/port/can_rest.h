/*
 * can_rest - when a port is left alone for a while, and for how long.
 *
 * A wake-up per confirmation triples the cost of a transfer. While several frames are outstanding nothing but their
 * confirmations is expected: an ECU answers, and asks for flow control, only after the last of them. So the port is
 * left alone until most of them have gone; the rate is measured. When few are left every frame is read at once.
 */
#ifndef UDS_PORT_CAN_REST_H
#define UDS_PORT_CAN_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct can_rest {
	uint64_t last_batch_us;
	uint64_t until_us; /* 0 while reading */
	uint32_t frame_us; /* between two confirmations of a busy bus; 0 = not known */
	bool rested;       /* the batch at hand is what gathered in a rest */
};

/* the bus is a new one, or has nothing of ours */
void can_rest_reset(struct can_rest *self);
/* nothing is outstanding: an idle bus has no pace */
void can_rest_idle(struct can_rest *self, uint64_t now_us);
/* a batch: so many frames of @n_outstanding were confirmed */
void can_rest_measure(struct can_rest *self, uint64_t now_us, size_t n_confirmed, size_t n_outstanding);
/* Return: whether a rest begins now, until until_us */
bool can_rest_begin(struct can_rest *self, uint64_t now_us, size_t n_outstanding);

#endif
