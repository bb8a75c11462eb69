#include "gatewayd/io/dbus_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "gatewayd/io/log.h"
#include "uds/port/can_driver.h"

#define RETRY_MS       2000u
#define TURN_MESSAGES  64u /* then other work has its turn */
#define NAME_IS_OURS   1u  /* DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER */
#define SYSTEM_ADDRESS "unix:path=/run/dbus/system_bus_socket"

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

/* the socket is watched no longer before its descriptor is closed */
static void disconnect(struct dbus *self, int error)
{
	if (self->poll) {
		uv_poll_stop(self->poll);
		uv_close((uv_handle_t *)self->poll, on_poll_closed);
		self->poll = NULL;
	}
	uv_timer_stop(&self->timeout);
	dbus_lock_drop(self);
	self->bus = sd_bus_close_unref(self->bus);
	memset(self->announced, 0, sizeof(self->announced));
	if (error == 0)
		return;
	if (!self->trouble_told)
		log_write(LOG_WARNING, NULL, "D-Bus (%s): %s; trying again every %u s", self->address, strerror(-error),
			  RETRY_MS / 1000);
	self->trouble_told = true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)poll; /* wakes the loop; on_prepare processes */
	(void)status;
	(void)events;
}

static void on_timeout(uv_timer_t *timer)
{
	(void)timer;
}

static int to_uv_events(int events)
{
	return (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0);
}

/* sd-bus says anew after each processing what it waits for */
static int rearm(struct dbus *self)
{
	int events = sd_bus_get_events(self->bus);
	uint64_t until_us = 0, now_us = uv_hrtime() / 1000;
	int r;

	if (events < 0)
		return events;
	r = uv_poll_start(self->poll, to_uv_events(events), on_poll);
	if (r < 0)
		return r;
	r = sd_bus_get_timeout(self->bus, &until_us);
	if (r < 0)
		return r;
	if (until_us == UINT64_MAX)
		return uv_timer_stop(&self->timeout);
	return uv_timer_start(&self->timeout, on_timeout, until_us > now_us ? (until_us - now_us + 999) / 1000 : 0, 0);
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct dbus *self = prepare->data;
	unsigned n = 0;
	int r;

	if (!self->bus)
		return;
	do
		r = sd_bus_process(self->bus, NULL);
	while (r > 0 && ++n < TURN_MESSAGES);
	if (r >= 0)
		r = rearm(self);
	/* a method may have told the core something, whose pump ran before us: the loop must not sleep on it */
	if (r == 0 && n > 0)
		r = uv_timer_start(&self->timeout, on_timeout, 0, 0);
	if (r < 0)
		disconnect(self, r);
}

static int on_name(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct dbus *self = userdata;
	const sd_bus_error *reason = sd_bus_message_get_error(message);
	uint32_t owner = 0;

	(void)error;
	if (reason) {
		log_write(LOG_ERR, NULL, "D-Bus refuses the name " DBUS_NAME ": %s",
			  reason->message ? reason->message : reason->name);
		return 0;
	}
	if (sd_bus_message_read(message, "u", &owner) < 0 || owner != NAME_IS_OURS) {
		log_write(LOG_ERR, NULL,
			  "D-Bus: another process owns the name " DBUS_NAME
			  ": is a second gatewayd running? This one is not seen on D-Bus until it is restarted");
		return 0;
	}
	if (self->trouble_told)
		log_write(LOG_NOTICE, NULL, "D-Bus: connected");
	self->trouble_told = false;
	return 0;
}

static int connect_bus(struct dbus *self)
{
	int r;

	if ((r = sd_bus_new(&self->bus)) < 0 || (r = sd_bus_set_address(self->bus, self->address)) < 0 ||
	    (r = sd_bus_set_bus_client(self->bus, 1)) < 0 || (r = sd_bus_start(self->bus)) < 0)
		return r;
	self->poll = calloc(1, sizeof(*self->poll));
	if (!self->poll)
		return -ENOMEM;
	r = uv_poll_init(self->loop, self->poll, sd_bus_get_fd(self->bus));
	if (r < 0) {
		free(self->poll);
		self->poll = NULL;
		return r;
	}
	self->poll->data = self;
	if ((r = dbus_objects_add(self)) < 0)
		return r;
	r = sd_bus_request_name_async(self->bus, NULL, DBUS_NAME, 0, on_name, self);
	return r < 0 ? r : 0;
}

static void on_retry(uv_timer_t *timer)
{
	struct dbus *self = timer->data;
	int r;

	if (self->bus)
		return;
	r = connect_bus(self);
	if (r < 0)
		disconnect(self, r);
}

int dbus_new(uv_loop_t *loop, const struct config *config, struct gateway *gateway, struct dbus **dbus)
{
	const char *address = config->dbus_address;
	struct dbus *self = calloc(1, sizeof(*self));
	const char *system = getenv("DBUS_SYSTEM_BUS_ADDRESS");

	if (!self)
		return -ENOMEM;
	self->loop = loop;
	self->gateway = gateway;
	self->state_dir = config->state_dir;
	self->disabled = strcmp(address, "none") == 0;
	if (strcmp(address, "system") == 0)
		address = system ? system : SYSTEM_ADDRESS;
	snprintf(self->address, sizeof(self->address), "%s", address);
	uv_prepare_init(loop, &self->prepare);
	uv_timer_init(loop, &self->timeout);
	uv_timer_init(loop, &self->retry);
	self->prepare.data = self;
	self->timeout.data = self;
	self->retry.data = self;
	if (!self->disabled) {
		uv_prepare_start(&self->prepare, on_prepare);
		uv_timer_start(&self->retry, on_retry, 0, RETRY_MS);
	}
	*dbus = self;
	return 0;
}

void dbus_output(struct dbus *self, const struct gateway_output *out)
{
	if (!self->bus || sd_bus_is_ready(self->bus) <= 0)
		return; /* whoever comes later reads the state as it is then */
	dbus_objects_sync(self);
	if (out->kind != GATEWAY_OUT_CHANGED)
		return;
	if (out->campaign < GATEWAY_MAX_CAMPAIGNS)
		dbus_objects_campaign_changed(self, out->campaign);
	else if (out->ecu < self->gateway->config.n_ecus)
		dbus_objects_ecu_changed(self, out->ecu);
	else
		dbus_objects_manager_changed(self);
}

sd_bus *dbus_connection(const struct dbus *self)
{
	return self->bus;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct dbus *self = handle->data;

	if (--self->closing == 0)
		free(self);
}

void dbus_free(struct dbus *self)
{
	if (!self)
		return;
	if (self->bus)
		sd_bus_flush(self->bus);
	disconnect(self, 0);
	self->closing = 3;
	uv_close((uv_handle_t *)&self->prepare, on_handle_closed);
	uv_close((uv_handle_t *)&self->timeout, on_handle_closed);
	uv_close((uv_handle_t *)&self->retry, on_handle_closed);
}
