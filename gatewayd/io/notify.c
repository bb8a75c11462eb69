#include "gatewayd/io/notify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define STATUS_MS       1000u
#define EXTEND_EVERY_MS 5000u
#define EXTEND_BY_S     30u /* several messages may come late on a busy machine, or get lost with a full socket */

static void on_watchdog(uv_timer_t *timer)
{
	struct notify *self = timer->data;

	self->alive_due = true;
}

static void on_extend(uv_timer_t *timer)
{
	(void)timer;
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64, (uint64_t)EXTEND_BY_S * 1000000);
}

static void on_status_wait(uv_timer_t *timer)
{
	(void)timer; /* wakes the loop; notify_turn() follows */
}

void notify_init(struct notify *self, uv_loop_t *loop)
{
	uint64_t period_us = 0;

	self->wanted = getenv("NOTIFY_SOCKET") != NULL;
	uv_timer_init(loop, &self->watchdog);
	uv_timer_init(loop, &self->extend);
	uv_timer_init(loop, &self->status_wait);
	self->watchdog.data = self;
	uv_unref((uv_handle_t *)&self->watchdog);
	if (sd_watchdog_enabled(0, &period_us) > 0)
		uv_timer_start(&self->watchdog, on_watchdog, period_us / 2000, period_us / 2000);
}

void notify_ready(struct notify *self)
{
	(void)self;
	sd_notify(0, "READY=1");
}

void notify_reloading(struct notify *self)
{
	struct timespec now;

	(void)self;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		   (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

void notify_stopping(struct notify *self)
{
	self->status_ms = 0; /* its words are wanted now */
	sd_notify(0, "STOPPING=1");
}

void notify_more_time(struct notify *self, bool wanted)
{
	bool asking = uv_is_active((uv_handle_t *)&self->extend);

	if (wanted && !asking)
		uv_timer_start(&self->extend, on_extend, 0, EXTEND_EVERY_MS);
	else if (!wanted && asking)
		uv_timer_stop(&self->extend);
}

static void tell_status(struct notify *self, const struct gateway *gateway, uint64_t now_us, bool stalled)
{
	uint64_t now_ms = uv_now(self->watchdog.loop);
	char text[STATUS_BYTES];
	struct status status;

	if (self->status_ms && now_ms < self->status_ms + STATUS_MS) {
		if (!uv_is_active((uv_handle_t *)&self->status_wait))
			uv_timer_start(&self->status_wait, on_status_wait, self->status_ms + STATUS_MS - now_ms, 0);
		return;
	}
	self->status_ms = now_ms;
	status_of(gateway, &self->rates, now_us, &status);
	status.stalled = stalled;
	status_text(&status, text);
	if (strcmp(text, self->status) == 0)
		return;
	memcpy(self->status, text, sizeof(text));
	sd_notifyf(0, "STATUS=%s", text);
}

void notify_turn(struct notify *self, const struct gateway *gateway, uint64_t now_us, bool stalled, bool alive)
{
	if (self->wanted)
		tell_status(self, gateway, now_us, stalled);
	if (!self->alive_due || !alive)
		return;
	self->alive_due = false;
	sd_notify(0, "WATCHDOG=1");
}

void notify_close(struct notify *self)
{
	uv_close((uv_handle_t *)&self->watchdog, NULL);
	uv_close((uv_handle_t *)&self->extend, NULL);
	uv_close((uv_handle_t *)&self->status_wait, NULL);
}
