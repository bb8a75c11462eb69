/* lock - holds the diagnostic buses for another tester, as long as this process runs. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gatewayd/ctl/bus.h"
#include "gatewayd/ctl/verbs.h"

struct lock {
	sd_bus *bus;
	bool json;
	bool ended;
	int status;
};

static void end(struct lock *self, int status)
{
	self->ended = true;
	self->status = status;
}

static void say(const struct lock *self, const char *text, const char *json)
{
	puts(self->json ? json : text);
	fflush(stdout);
}

static int on_locked(sd_bus_message *reply, void *userdata, sd_bus_error *ret)
{
	const sd_bus_error *error = sd_bus_message_get_error(reply);
	struct lock *self = userdata;

	(void)ret;
	if (error)
		end(self, bus_explain(error, -EIO, NULL));
	else
		say(self, "the diagnostic buses are yours until this ends (Ctrl-C)", "{\"locked\":true}");
	return 0;
}

static int on_owner(sd_bus_message *signal, void *userdata, sd_bus_error *ret)
{
	(void)signal;
	(void)ret;
	fprintf(stderr, "gatewayctl: gatewayd has gone, and the lock with it\n");
	end(userdata, CTL_NO_DAEMON);
	return 0;
}

/* Return: 0 or -errno of the bus */
static int turn(struct lock *self, int signal_fd)
{
	struct pollfd fds[2] = {{.fd = signal_fd, .events = POLLIN}, {.events = 0}};
	int r;

	do
		r = sd_bus_process(self->bus, NULL);
	while (r > 0 && !self->ended);
	if (r < 0 || self->ended)
		return r;
	fds[1].fd = sd_bus_get_fd(self->bus);
	r = sd_bus_get_events(self->bus);
	if (r < 0)
		return r;
	fds[1].events = (short)r;
	if (poll(fds, 2, -1) < 0 && errno != EINTR)
		return -errno;
	if (fds[0].revents) /* the way to end it: no failure */
		end(self, CTL_OK);
	return 0;
}

int verb_lock_diagnostics(sd_bus *bus, bool json)
{
	struct lock self = {.bus = bus, .json = json};
	sd_bus_message *message = NULL;
	sigset_t signals;
	int signal_fd, r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (signal_fd < 0) {
		fprintf(stderr, "gatewayctl: %s\n", strerror(errno));
		return CTL_FAILED;
	}
	r = sd_bus_add_match(bus, NULL,
			     "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
			     "member='NameOwnerChanged',arg0='" BUS_NAME "'",
			     on_owner, &self);
	if (r >= 0)
		r = bus_new_call(bus, BUS_ROOT, BUS_MANAGER, "LockDiagnostics", &message);
	if (r >= 0)
		r = sd_bus_message_append(message, "b", 1);
	if (r >= 0) /* an erased ECU is finished first, which takes as long as it takes */
		r = sd_bus_call_async(bus, NULL, message, on_locked, &self, UINT64_MAX);
	while (r >= 0 && !self.ended)
		r = turn(&self, signal_fd);
	sd_bus_message_unref(message);
	close(signal_fd);
	return self.ended ? self.status : bus_explain(NULL, r, NULL);
}
