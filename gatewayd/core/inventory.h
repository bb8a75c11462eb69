/*
 * inventory - which ECUs there are: what each told of itself, who was replaced, and when they are asked again. Its
 * doors are gateway_identity(), gateway_identified() and gateway_bus_up(). Private to gatewayd/core.
 */
#ifndef GATEWAYD_CORE_INVENTORY_H
#define GATEWAYD_CORE_INVENTORY_H

#include "gatewayd/core/gateway.h"

/* A flash found another ECU than it was meant for: it is taken into the inventory, the backend is told, and all
 * campaigns but @campaign, which is still running, are judged by it. */
void inventory_found(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t ecu,
		     const struct flash_identity *told);
/* a signal came: once the ignition is on after it was off, the ECUs are asked again, at most once a minute */
void inventory_ignition(struct gateway *self, uint64_t now_us);

#endif
