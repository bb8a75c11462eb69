#include "uds/port/can_filters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool has(const struct can_filters *self, uint32_t id, bool extended_id)
{
	for (size_t i = 0; i < self->n; i++) {
		if (self->ids[i].id == id && self->ids[i].extended_id == extended_id)
			return true;
	}
	return false;
}

static bool add(struct can_filters *self, uint32_t id, bool extended_id)
{
	if (has(self, id, extended_id) || self->n == CAN_FILTERS_MAX)
		return false;
	self->ids[self->n++] = (struct can_port_filter){.id = id, .extended_id = extended_id};
	return true;
}

void can_filters_collect(struct can_filters *self, const struct can_node *node)
{
	self->n = 0;
	for (size_t i = 0; i < node->n_channels; i++) {
		const struct uds_channel *channel = node->channels[i];

		if (!channel)
			continue;
		const struct isotp_address *address = &channel->isotp.config.address;
		add(self, address->rx_id, address->extended_id);
		add(self, address->tx_id, address->extended_id);
	}
	for (size_t i = 0; i < self->n_watched; i++)
		add(self, self->watched[i].id, self->watched[i].extended_id);
}

bool can_filters_admit(struct can_filters *self, uint32_t id, bool extended_id)
{
	return self->n > 0 && add(self, id, extended_id);
}

int can_filters_watch(struct can_filters *self, const struct can_port_filter *ids, size_t n)
{
	struct can_port_filter *copy = NULL;

	if (n > CAN_FILTERS_MAX)
		return -E2BIG;
	if (n > 0) {
		copy = malloc(n * sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, ids, n * sizeof(*copy));
	}
	free(self->watched);
	self->watched = copy;
	self->n_watched = n;
	return 0;
}

void can_filters_deinit(struct can_filters *self)
{
	free(self->watched);
	self->watched = NULL;
}
