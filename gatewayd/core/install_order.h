/*
 * install_order - which campaign is served first and may work on an ECU when there are several, and how one inherits an
 * ECU that another left without software. Private to gatewayd/core.
 */
#ifndef GATEWAYD_CORE_INSTALL_ORDER_H
#define GATEWAYD_CORE_INSTALL_ORDER_H

#include "gatewayd/core/gateway.h"

/*
 * The campaigns that are not over in the order in which they are served: first those that have an ECU without software,
 * then by urgency; of one urgency what has begun, the earlier deadline, the earlier acceptance. Return: how many
 */
uint8_t install_order_ranked(const struct gateway *self, uint8_t order[GATEWAY_MAX_CAMPAIGNS]);
/* @index is to be served before @other, not for being earlier alone */
bool install_order_more_urgent(const struct gateway *self, uint8_t index, uint8_t other);
/* a more urgent campaign could begin now, but for its announcement and for what the vehicle has to grant: this one
 * begins no further ECU */
bool install_order_gives_way(const struct gateway *self, uint8_t index, uint64_t now_us);

/* an erased ECU of the campaign that has used up its attempts; NULL */
const struct target *install_order_exhausted(const struct gateway *self, const struct campaign *campaign);
/* another campaign has begun on an ECU of this one */
bool install_order_behind_another(const struct gateway *self, uint8_t index);
/* the flasher works for another campaign */
bool install_order_another_is_flashed(const struct gateway *self, uint8_t index);
/* one of the three: this campaign does not begin now */
bool install_order_comes_after(const struct gateway *self, uint8_t index, uint64_t now_us);
/* the rest of the campaign could be begun now, but for the pause after its last run, and nothing comes before it */
bool install_order_may_go_on(const struct gateway *self, uint8_t index, uint64_t now_us);
/* ends what gives way to this campaign, and makes the ECUs that others left erased its own to recover */
void install_order_take_over(struct gateway *self, uint8_t index, uint64_t now_us);

#endif
