#include "gatewayd/io/shutdown_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "gatewayd/io/log.h"

#define LOGIND         "org.freedesktop.login1"
#define LOGIND_PATH    "/org/freedesktop/login1"
#define LOGIND_MANAGER "org.freedesktop.login1.Manager"
#define WHAT           "shutdown:sleep"
#define ANSWER_USEC    25000000u /* until the call itself is given up */

struct shutdown_lock {
	struct shutdown_lock_callbacks callbacks;
	uv_timer_t patience;
	char why[SHUTDOWN_LOCK_WHY_BYTES]; /* as last asked for; "" = not wanted */
	const char *mode;                  /* asked for: "block", then "delay" */
	sd_bus_slot *slot;                 /* the call under way */
	const sd_bus *asked_on;            /* the connection of the last call; only compared */
	bool waiting;                      /* the erase waits for it */
	int fd;                            /* the lock; -1 = not held */
	bool trouble_told;
};

/* --- one call */

static void settle(struct shutdown_lock *self)
{
	uv_timer_stop(&self->patience);
	if (!self->waiting)
		return;
	self->waiting = false;
	self->callbacks.on_settled(self->callbacks.owner);
}

static void hold(struct shutdown_lock *self, int fd)
{
	if (self->fd >= 0)
		close(self->fd);
	self->fd = fd;
}

/* once, and again after it had worked: a gateway without logind is nothing to be told of with each ECU */
static void tell(struct shutdown_lock *self, int level, const char *what, const char *why)
{
	if (!self->trouble_told)
		log_write(level, NULL, "%s: %s", what, why);
	self->trouble_told = true;
}

static bool is_refusal(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED) ||
	       sd_bus_error_has_name(error, "org.freedesktop.DBus.Error.AuthFailed");
}

static bool is_absence(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_METHOD) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_OBJECT);
}

static int ask(struct shutdown_lock *self, const char *mode);

static void refused(struct shutdown_lock *self, const sd_bus_error *error)
{
	const char *why = error->message ? error->message : error->name;
	const bool block = strcmp(self->mode, "block") == 0;

	if (is_refusal(error) && block && ask(self, "delay") == 0)
		return;
	if (is_absence(error))
		tell(self, LOG_INFO, "no logind: nothing keeps this machine from going down while an ECU is erased",
		     why);
	else if (is_refusal(error))
		tell(self, LOG_WARNING,
		     "logind refuses a lock, so that this machine may go down while an ECU is erased; the polkit rule "
		     "50-org.gateway.Update1.rules allows it",
		     why);
	else
		tell(self, LOG_WARNING, "no lock of logind, so that this machine may go down while an ECU is erased",
		     why);
	settle(self);
}

static void granted(struct shutdown_lock *self, int fd)
{
	const bool block = strcmp(self->mode, "block") == 0;

	hold(self, fd);
	log_write(LOG_INFO, NULL, "shutdown and sleep are %s: %s", block ? "blocked" : "delayed", self->why);
	if (block)
		self->trouble_told = false;
	else
		tell(self, LOG_NOTICE,
		     "shutdown and sleep can only be delayed for a few seconds; the polkit rule "
		     "50-org.gateway.Update1.rules allows more",
		     "logind did not let this user block them");
	settle(self);
}

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *unused)
{
	struct shutdown_lock *self = userdata;
	const sd_bus_error *error = sd_bus_message_get_error(message);
	int fd = -1;

	(void)unused;
	self->slot = sd_bus_slot_unref(self->slot);
	if (error) {
		refused(self, error);
		return 0;
	}
	/* the message's own is closed with it */
	if (sd_bus_message_read(message, "h", &fd) >= 0 && fd >= 0)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		granted(self, fd);
	else
		refused(self, &SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_FAILED, "its answer holds no lock"));
	return 0;
}

/* Return: 0 or -errno */
static int ask(struct shutdown_lock *self, const char *mode)
{
	sd_bus *bus = self->callbacks.bus(self->callbacks.owner);
	sd_bus_message *call = NULL;
	int r = bus ? 0 : -ENOTCONN;

	self->mode = mode;
	if (r == 0)
		r = sd_bus_message_new_method_call(bus, &call, LOGIND, LOGIND_PATH, LOGIND_MANAGER, "Inhibit");
	if (r >= 0)
		r = sd_bus_message_append(call, "ssss", WHAT, "gatewayd", self->why, mode);
	if (r >= 0)
		r = sd_bus_call_async(bus, &self->slot, call, on_answer, self, ANSWER_USEC);
	sd_bus_message_unref(call);
	return r < 0 ? r : 0;
}

/* --- what is wanted */

static void on_patience(uv_timer_t *timer)
{
	struct shutdown_lock *self = timer->data;

	tell(self, LOG_WARNING, "logind does not answer; an ECU is erased without a lock against shutdown",
	     "it is taken when the answer comes");
	settle(self);
}

static void give_up_call(struct shutdown_lock *self)
{
	self->slot = sd_bus_slot_unref(self->slot);
}

static void release(struct shutdown_lock *self)
{
	give_up_call(self);
	self->why[0] = '\0';
	self->asked_on = NULL;
	if (self->fd >= 0)
		log_write(LOG_INFO, NULL, "shutdown and sleep are free again");
	hold(self, -1);
	settle(self);
}

void shutdown_lock_want(struct shutdown_lock *self, const char *why)
{
	sd_bus *bus;
	bool same;

	if (!why) {
		if (self->why[0])
			release(self);
		return;
	}
	bus = self->callbacks.bus(self->callbacks.owner);
	same = strcmp(self->why, why) == 0;
	/* a connection that is gone answers nothing any more, and what could not be had on it may be on the next */
	if (same && (self->asked_on == bus || (!self->slot && self->fd >= 0)))
		return;
	give_up_call(self);
	self->asked_on = bus;
	snprintf(self->why, sizeof(self->why), "%s", why);
	if (ask(self, "block") < 0) {
		tell(self, LOG_INFO, "nothing keeps this machine from going down while an ECU is erased",
		     "D-Bus is not connected");
		settle(self);
		return;
	}
	if (same || self->waiting || self->fd >= 0)
		return; /* nothing waits twice for the same lock, nor for one in place of another */
	self->waiting = true;
	uv_timer_start(&self->patience, on_patience, SHUTDOWN_LOCK_WAIT_MS, 0);
}

bool shutdown_lock_settled(const struct shutdown_lock *self)
{
	return !self->waiting;
}

int shutdown_lock_new(uv_loop_t *loop, const struct shutdown_lock_callbacks *callbacks, struct shutdown_lock **lock)
{
	struct shutdown_lock *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	self->callbacks = *callbacks;
	self->fd = -1;
	uv_timer_init(loop, &self->patience);
	self->patience.data = self;
	*lock = self;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void shutdown_lock_free(struct shutdown_lock *self)
{
	if (!self)
		return;
	give_up_call(self);
	hold(self, -1);
	uv_close((uv_handle_t *)&self->patience, on_closed);
}
