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
/* A signal came, or is not known any more. Once the ignition is on after it was off, the ECUs are asked again, at most
 * once a minute; and while ECUs are missed, once the vehicle is heard again after it was silent. */
void inventory_signal(struct gateway *self, uint64_t now_us);
/* when ECUs that did not answer are asked again; GATEWAY_NEVER, also while the vehicle sleeps: a request would wake it
 */
uint64_t inventory_deadline(const struct gateway *self);

#endif
