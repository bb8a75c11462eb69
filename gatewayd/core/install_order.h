/*
 * install_order - which campaign may work on an ECU when there are several, and how one inherits an ECU that another
 * left without software. Private to gatewayd/core.
 */
#ifndef GATEWAYD_CORE_INSTALL_ORDER_H
#define GATEWAYD_CORE_INSTALL_ORDER_H

#include "gatewayd/core/gateway.h"

/* an erased ECU of the campaign that has used up its attempts; NULL */
const struct target *install_order_exhausted(const struct gateway *self, const struct campaign *campaign);
/* another campaign has begun on an ECU of this one */
bool install_order_behind_another(const struct gateway *self, uint8_t index);
/* the flasher works for another campaign */
bool install_order_another_is_flashed(const struct gateway *self, uint8_t index);
/* ends what gives way to this campaign, and makes the ECUs that others left erased its own to recover */
void install_order_take_over(struct gateway *self, uint8_t index, uint64_t now_us);

#endif
