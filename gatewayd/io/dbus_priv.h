/*
 * dbus_priv - shared by dbus.c (the connection on the loop) and dbus_objects.c (what is shown on it).
 */
#ifndef GATEWAYD_IO_DBUS_PRIV_H
#define GATEWAYD_IO_DBUS_PRIV_H

#include <systemd/sd-bus.h>
#include "gatewayd/io/dbus.h"

#define DBUS_NAME      "org.gateway.Update1"
#define DBUS_ROOT      "/org/gateway/Update1"
#define DBUS_CAMPAIGNS DBUS_ROOT "/campaigns"
#define DBUS_ECUS      DBUS_ROOT "/ecus"
#define DBUS_MANAGER   DBUS_NAME ".Manager"
#define DBUS_CAMPAIGN  DBUS_NAME ".Campaign"
#define DBUS_ECU       DBUS_NAME ".Ecu"

struct dbus {
	uv_loop_t *loop;
	struct gateway *gateway;
	char address[CONFIG_PATH_BYTES];
	sd_bus *bus;     /* NULL: not connected */
	uv_poll_t *poll; /* of the connection's socket */
	uv_prepare_t prepare;
	uv_timer_t timeout; /* sd-bus's own */
	uv_timer_t retry;
	bool trouble_told;
	bool disabled;                                             /* address "none" */
	uint8_t closing;                                           /* handles still open */
	char announced[GATEWAY_MAX_CAMPAIGNS][GATEWAY_NAME_BYTES]; /* campaigns shown, by slot */
};

/* Return: 0 or -errno */
int dbus_objects_add(struct dbus *self);
void dbus_objects_manager_changed(struct dbus *self);
void dbus_objects_campaign_changed(struct dbus *self, uint8_t index);
void dbus_objects_ecu_changed(struct dbus *self, uint8_t index);
/* announces campaigns that appeared, and takes back those that are gone */
void dbus_objects_sync(struct dbus *self);

#endif
