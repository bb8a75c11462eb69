/*
 * dbus_lock - LockDiagnostics: the diagnostic buses are given to one caller, another tester's router, until it lets go
 * or its connection to D-Bus ends. It is answered once nothing of ours is on the buses any more.
 */
#include <stdio.h>
#include <string.h>

#include "gatewayd/io/dbus_priv.h"
#include "uds/port/can_driver.h"

static void forget(struct dbus *self)
{
	self->lock_call = sd_bus_message_unref(self->lock_call);
	self->lock_track = sd_bus_track_unref(self->lock_track);
	self->lock_holder[0] = '\0';
}

void dbus_lock_drop(struct dbus *self)
{
	char text[GATEWAY_TEXT_BYTES];

	if (!self->lock_holder[0])
		return;
	forget(self);
	gateway_lock_diagnostics(self->gateway, can_driver_now_us(), false, text);
}

static int on_vanished(sd_bus_track *track, void *userdata)
{
	(void)track;
	dbus_lock_drop(userdata);
	return 0;
}

void dbus_lock_changed(struct dbus *self)
{
	if (!self->lock_call || !self->gateway->diagnostics_locked)
		return;
	sd_bus_reply_method_return(self->lock_call, NULL);
	self->lock_call = sd_bus_message_unref(self->lock_call);
}

static int claim(struct dbus *self, sd_bus_message *message, sd_bus_error *error)
{
	char text[GATEWAY_TEXT_BYTES];
	unsigned code;
	int r;

	if (self->lock_holder[0]) {
		snprintf(text, sizeof(text), "the diagnostic buses are locked by %.100s already", self->lock_holder);
		return dbus_refuse(error, GATEWAY_CODE_DIAGNOSTICS_BUSY, text);
	}
	if ((r = sd_bus_track_new(self->bus, &self->lock_track, on_vanished, self)) < 0 ||
	    (r = sd_bus_track_add_sender(self->lock_track, message)) < 0) {
		forget(self);
		return r;
	}
	code = gateway_lock_diagnostics(self->gateway, can_driver_now_us(), true, text);
	if (code) {
		char clean[GATEWAY_TEXT_BYTES];

		forget(self);
		return dbus_refuse(error, code, dbus_clean(text, clean));
	}
	snprintf(self->lock_holder, sizeof(self->lock_holder), "%s", sd_bus_message_get_sender(message));
	self->lock_call = sd_bus_message_ref(message);
	dbus_lock_changed(self);
	return 1; /* it is answered when the buses are free */
}

int dbus_on_lock(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct dbus *self = userdata;
	int wanted, r = sd_bus_message_read(message, "b", &wanted);

	if (r < 0)
		return r;
	if (wanted)
		return claim(self, message, error);
	if (strcmp(self->lock_holder, sd_bus_message_get_sender(message)) != 0)
		return dbus_refuse(error, GATEWAY_CODE_WRONG_STATE, "the caller does not hold the lock");
	dbus_lock_drop(self);
	return sd_bus_reply_method_return(message, NULL);
}
