/* sim_hold - see sim_hold.h. */
#include "tests/scenario/sim_hold.h"

#define CYCLE_US 100000u
#define RELEASES 3u

void sim_hold_init(struct sim_hold *self, uint32_t id)
{
	*self = (struct sim_hold){.id = id, .next_us = UDS_NEVER, .n_on = self->n_on};
}

void sim_hold_order(struct sim_hold *self, uint64_t now_us, bool on)
{
	self->on = on;
	self->n_on += on;
	self->n_release = on ? 0 : RELEASES;
	self->next_us = now_us;
}

void sim_hold_expire(struct sim_hold *self, uint64_t now_us, struct can_node *node)
{
	struct can_msg msg = {.id = self->id, .len = 8};

	if (now_us < self->next_us)
		return;
	msg.data[0] = self->on;
	(void)can_node_send_plain(node, &msg);
	if (!self->on && self->n_release)
		self->n_release--;
	self->next_us = self->on || self->n_release ? now_us + CYCLE_US : UDS_NEVER;
}
