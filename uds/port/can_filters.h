/*
 * can_filters - which identifiers a driver wants to hear: those of the node's channels, those that the owner watches,
 * and the echoes of functional requests.
 */
#ifndef UDS_PORT_CAN_FILTERS_H
#define UDS_PORT_CAN_FILTERS_H

#include "uds/can_node.h"
#include "uds/port/can_port.h"

#define CAN_FILTERS_MAX 512u

struct can_filters { /* zeros at first */
	struct can_port_filter *watched;
	size_t n_watched;
	struct can_port_filter ids[CAN_FILTERS_MAX]; /* each once; what does not fit is left out */
	size_t n;
};

/* anew from the node's channels and what is watched */
void can_filters_collect(struct can_filters *self, const struct can_node *node);
/* the echo of a functional request passes the same filters, and its identifier belongs to no channel. Return: whether
 * the filters changed */
bool can_filters_admit(struct can_filters *self, uint32_t id, bool extended_id);
/* @ids: copied. Return: 0, -E2BIG or -ENOMEM */
int can_filters_watch(struct can_filters *self, const struct can_port_filter *ids, size_t n);
void can_filters_deinit(struct can_filters *self);

#endif
