/*
 * dbus - org.gateway.Update1 on D-Bus: a manager, campaigns and ECUs as objects under an ObjectManager.
 *
 * systemd/org.gateway.Update1.xml documents each member. Reconnects by itself when the bus daemon goes and comes back.
 */
#ifndef GATEWAYD_IO_DBUS_H
#define GATEWAYD_IO_DBUS_H

#include <systemd/sd-bus.h>
#include <uv.h>
#include "gatewayd/io/config.h"

struct dbus;

/* @config: of which dbus_address is "system", "none", or a D-Bus address; it outlives the connection. A bus that is not
 * there is tried again every 2 s; logged once. */
int dbus_new(uv_loop_t *loop, const struct config *config, struct gateway *gateway, struct dbus **dbus);
/* GATEWAY_OUT_CHANGED and GATEWAY_OUT_ADDED, GATEWAY_OUT_RELEASE */
void dbus_output(struct dbus *self, const struct gateway_output *output);
/* for calls of others; NULL while there is none. Its replies are processed by the loop */
sd_bus *dbus_connection(const struct dbus *self);
void dbus_free(struct dbus *self);

#endif
