#include "uds/port/hr_timer.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)

uint64_t hr_timer_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static void set(const struct hr_timer *self, uint64_t at_ns)
{
	struct itimerspec spec = {0};

	if (at_ns != HR_TIMER_NEVER) {
		spec.it_value.tv_sec = (time_t)(at_ns / SECOND_NS);
		spec.it_value.tv_nsec = (long)(at_ns % SECOND_NS);
		if (at_ns == 0)
			spec.it_value.tv_nsec = 1; /* all zero would disarm */
	}
	/* a time after year 2^63 s cannot occur: at_ns / SECOND_NS fits */
	timerfd_settime(self->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

/*
 * The expirations are not read, which would be a system call each time: setting the timer clears them, and an owner
 * that is called sets it anew nearly always.
 */
static void expire(struct hr_timer *self)
{
	if (self->armed_ns == HR_TIMER_NEVER) {
		set(self, HR_TIMER_NEVER); /* it has expired, and its owner set no other time */
		return;
	}
	if (hr_timer_now_ns() < self->armed_ns)
		return; /* set anew since it became readable */
	self->armed_ns = HR_TIMER_NEVER;
	self->on_expire(self->owner);
}

/*
 * A time that was set in this turn and has passed already is told by the next one, which looks at the sockets again:
 * whoever set it may have taken long.
 */
static void on_turn_end(uv_check_t *check)
{
	struct hr_timer *self = check->data;
	const bool expires = self->reached && !self->set_this_turn;

	self->reached = false;
	if (expires)
		expire(self);
	self->set_this_turn = false;
}

/* In which order the loop serves what is ready is not known: a socket that was readable earlier may come later. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct hr_timer *self = poll->data;

	(void)status;
	(void)events;
	self->reached = true;
}

int hr_timer_init(struct hr_timer *self, uv_loop_t *loop, void *owner, void (*on_expire)(void *owner))
{
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = uv_poll_init(loop, &self->poll, fd);
	if (r != 0) {
		close(fd);
		return r;
	}
	uv_check_init(loop, &self->turn_end); /* never fails, nor does its start */
	self->turn_end.data = self;
	uv_check_start(&self->turn_end, on_turn_end);
	self->reached = false;
	self->set_this_turn = false;
	self->n_open_handles = 2;
	self->fd = fd;
	self->armed_ns = HR_TIMER_NEVER;
	self->owner = owner;
	self->on_expire = on_expire;
	self->on_closed = NULL;
	self->poll.data = self;
	uv_poll_start(&self->poll, UV_READABLE, on_poll); /* fails only for a handle that is closing */
	return 0;
}

void hr_timer_arm(struct hr_timer *self, uint64_t at_ns)
{
	if (uv_is_closing((uv_handle_t *)&self->poll) || at_ns == self->armed_ns)
		return;
	set(self, at_ns);
	self->armed_ns = at_ns;
	self->set_this_turn = true;
}

static void on_close(uv_handle_t *handle)
{
	struct hr_timer *self = handle->data;

	if (--self->n_open_handles > 0)
		return;
	close(self->fd);
	self->fd = -1;
	if (self->on_closed)
		self->on_closed(self->owner);
}

void hr_timer_close(struct hr_timer *self, void (*on_closed)(void *owner))
{
	self->on_closed = on_closed;
	uv_close((uv_handle_t *)&self->poll, on_close);
	uv_close((uv_handle_t *)&self->turn_end, on_close);
}
