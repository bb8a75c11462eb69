/*
 * signals - the vehicle's signals out of CAN frames, by the configuration, into the core.
 */
#ifndef GATEWAYD_IO_SIGNALS_H
#define GATEWAYD_IO_SIGNALS_H

#include "gatewayd/io/config.h"
#include "uds/port/can_port.h"

/* identifiers to watch on a bus; Return: how many, at most VEHICLE_SIGNALS */
size_t signals_filters(const struct config *config, uint8_t bus, struct can_port_filter filters[VEHICLE_SIGNALS]);
/* a frame of that bus: gateway_signal() for each signal it carries */
void signals_input(const struct config *config, struct gateway *gateway, uint8_t bus, uint64_t now_us,
		   const struct can_msg *msg);

#endif
