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
	const char *state_dir;
	char address[CONFIG_PATH_BYTES];
	sd_bus *bus;     /* NULL: not connected */
	uv_poll_t *poll; /* of the connection's socket */
	uv_prepare_t prepare;
	uv_timer_t timeout; /* sd-bus's own */
	uv_timer_t retry;
	bool trouble_told;
	char lock_holder[64];            /* D-Bus name of who has or waits for the diagnostic buses; "" nobody */
	sd_bus_message *lock_call;       /* that is answered once they are free */
	sd_bus_track *lock_track;        /* of the holder */
	enum service_state told_service; /* by the last signal, from when, and of which slot */
	uint64_t told_service_from;
	int told_service_index;
	bool disabled;                                             /* address "none" */
	uint8_t closing;                                           /* handles still open */
	char announced[GATEWAY_MAX_CAMPAIGNS][GATEWAY_NAME_BYTES]; /* campaigns shown, by slot */
};

/* Return: 0 or -errno */
int dbus_objects_add(struct dbus *self);
void dbus_objects_manager_changed(struct dbus *self);
void dbus_objects_campaign_changed(struct dbus *self, uint8_t index);
void dbus_objects_ecu_changed(struct dbus *self, uint8_t index);
/* @text cut at a character to be valid UTF-8; returns @out, GATEWAY_TEXT_BYTES */
const char *dbus_clean(const char *text, char *out);
/* sets the error that @code stands for; Return: what a method returns then */
int dbus_refuse(sd_bus_error *error, unsigned code, const char *words);

/* --- dbus_methods.c; of a campaign, and of the manager */
int dbus_on_consent(sd_bus_message *message, void *userdata, sd_bus_error *error);
int dbus_on_approve(sd_bus_message *message, void *userdata, sd_bus_error *error);
int dbus_on_postpone(sd_bus_message *message, void *userdata, sd_bus_error *error);
int dbus_on_decline(sd_bus_message *message, void *userdata, sd_bus_error *error);
int dbus_on_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error);
int dbus_on_why(sd_bus_message *message, void *userdata, sd_bus_error *error);
int dbus_on_check_now(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* --- dbus_history.c */
int dbus_on_history(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* --- dbus_lock.c */
int dbus_on_lock(sd_bus_message *message, void *userdata, sd_bus_error *error);
/* the buses may be free now: a call that waits for it is answered */
void dbus_lock_changed(struct dbus *self);
/* whoever has the lock is gone, or D-Bus is */
void dbus_lock_drop(struct dbus *self);

/* --- dbus_driver.c */
int dbus_get_texts(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
		   void *userdata, sd_bus_error *error);
int dbus_get_functions(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error);
int dbus_get_service(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *error);
/* what other worlds call the campaign's state and result */
int dbus_get_mapping(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *error);
/* the same of one ECU: entries of a dictionary that is open. Return: < 0 if the message is full */
int dbus_put_target_mapping(sd_bus_message *m, const struct target *target);
/* ServiceLossChanged, if it has */
void dbus_driver_changed(struct dbus *self);

/* announces campaigns that appeared, and takes back those that are gone */
void dbus_objects_sync(struct dbus *self);

#endif
