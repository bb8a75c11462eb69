/*
 * sim_hold - sends the frame with which the gateway asks the vehicle for something, cyclically from order to order, as
 * gatewayd/io/holds.c does.
 */
#ifndef TESTS_SCENARIO_SIM_HOLD_H
#define TESTS_SCENARIO_SIM_HOLD_H

#include "uds/can_node.h"

struct sim_hold {
	uint32_t id;
	bool on;
	uint64_t next_us;   /* UDS_NEVER: nothing is sent */
	unsigned n_release; /* frames that let go, still to be sent */
	unsigned n_on;      /* orders to ask */
};

void sim_hold_init(struct sim_hold *self, uint32_t id);
void sim_hold_order(struct sim_hold *self, uint64_t now_us, bool on);
void sim_hold_expire(struct sim_hold *self, uint64_t now_us, struct can_node *node);

#endif
