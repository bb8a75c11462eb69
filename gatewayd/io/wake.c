#include "gatewayd/io/wake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "gatewayd/io/log.h"

struct wake {
	uv_poll_t poll;
	int fd;
	uint64_t at_us; /* armed for, UINT64_MAX = not */
};

static void on_alarm(uv_poll_t *poll, int status, int events)
{
	struct wake *self = poll->data;
	uint64_t n;

	(void)status;
	(void)events;
	if (read(self->fd, &n, sizeof(n)) == sizeof(n))
		self->at_us = UINT64_MAX;
}

void wake_new(uv_loop_t *loop, struct wake **wake)
{
	struct wake *self = calloc(1, sizeof(*self));

	*wake = NULL;
	if (!self)
		return;
	self->at_us = UINT64_MAX;
	self->fd = timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_NONBLOCK | TFD_CLOEXEC);
	if (self->fd < 0 || uv_poll_init(loop, &self->poll, self->fd) < 0) {
		log_write(LOG_INFO, NULL, "the system is not woken from sleep for windows and agreed times: %s",
			  errno == EPERM ? "CAP_WAKE_ALARM is missing" : strerror(errno));
		if (self->fd >= 0)
			close(self->fd);
		free(self);
		return;
	}
	self->poll.data = self;
	uv_poll_start(&self->poll, UV_READABLE, on_alarm);
	*wake = self;
}

void wake_arm(struct wake *self, uint64_t at_us)
{
	struct itimerspec when = {{0, 0}, {0, 0}};

	if (!self || at_us == self->at_us)
		return;
	if (at_us != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(at_us / 1000000);
		when.it_value.tv_nsec = (long)(at_us % 1000000) * 1000;
	}
	if (timerfd_settime(self->fd, TFD_TIMER_ABSTIME, &when, NULL) == 0)
		self->at_us = at_us;
}

static void on_closed(uv_handle_t *handle)
{
	struct wake *self = handle->data;

	close(self->fd);
	free(self);
}

void wake_free(struct wake *self)
{
	if (self)
		uv_close((uv_handle_t *)&self->poll, on_closed);
}
