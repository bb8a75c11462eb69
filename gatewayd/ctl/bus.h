/*
 * bus - gatewayd's D-Bus interface as its caller sees it: connecting, reading all objects, applying change signals.
 *
 * Functions that read a message take outside input: what is not of the documented type is skipped, never trusted.
 * Their return is 0 or -errno of sd-bus (a message that cannot be read at all).
 */
#ifndef GATEWAYD_CTL_BUS_H
#define GATEWAYD_CTL_BUS_H

#include <systemd/sd-bus.h>
#include "gatewayd/ctl/model.h"

#define BUS_NAME      "org.gateway.Update1"
#define BUS_ROOT      "/org/gateway/Update1"
#define BUS_CAMPAIGNS BUS_ROOT "/campaigns"
#define BUS_ECUS      BUS_ROOT "/ecus"
#define BUS_MANAGER   BUS_NAME ".Manager"
#define BUS_CAMPAIGN  BUS_NAME ".Campaign"
#define BUS_ECU       BUS_NAME ".Ecu"

/* exit codes of gatewayctl */
enum ctl_exit { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_NO_DAEMON = 3, CTL_INTERRUPTED = 130 };

/* @address: NULL for the system bus. Says on stderr why it failed. Return: enum ctl_exit */
int bus_open(const char *address, sd_bus **bus);

/* a call to gatewayd that does not start it where it is not running */
int bus_new_call(sd_bus *bus, const char *path, const char *interface, const char *member, sd_bus_message **message);
int bus_new_read(sd_bus *bus, sd_bus_message **message); /* GetManagedObjects */

/* the manager and all objects as they are now, into @model. Says on stderr why it failed. Return: enum ctl_exit */
int bus_read_all(sd_bus *bus, struct model *model);

/* the reply of bus_new_read(); the manager is not among the objects that it manages, and is left as it is */
int bus_parse_objects(sd_bus_message *reply, struct model *model);
/* the reply of Properties.GetAll of the manager */
int bus_parse_manager(sd_bus_message *reply, struct model *model);
/* InterfacesAdded */
int bus_parse_added(sd_bus_message *signal, struct model *model);
/* InterfacesRemoved */
int bus_parse_removed(sd_bus_message *signal, struct model *model);
/* PropertiesChanged; @incomplete is set if values were announced without being told: read all again */
int bus_parse_changed(sd_bus_message *signal, struct model *model, bool *incomplete);

/*
 * says on stderr what a failed call means; @campaign: the one that the call was about, or NULL
 * Return: the enum ctl_exit that fits
 */
int bus_explain(const sd_bus_error *error, int r, const char *campaign);

#endif
