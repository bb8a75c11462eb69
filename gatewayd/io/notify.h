/*
 * notify - what the service manager is told: ready, reloading, stopping, more time, status in words, watchdog. Silent
 * where there is no NOTIFY_SOCKET.
 */
#ifndef GATEWAYD_IO_NOTIFY_H
#define GATEWAYD_IO_NOTIFY_H

#include <stdbool.h>
#include <uv.h>
#include "gatewayd/io/status.h"

struct notify {
	bool wanted; /* somebody listens */
	uv_timer_t watchdog;
	bool alive_due; /* the watchdog's time has come; the loop has still to show that it gets its work done */
	uv_timer_t extend;
	uv_timer_t status_wait;
	uint64_t status_ms; /* when the status was last made, in the loop's time; 0 = never */
	char status[STATUS_BYTES];
	struct status_rates rates;
};

void notify_init(struct notify *self, uv_loop_t *loop);
void notify_ready(struct notify *self);
/* the configuration is read again; ends with notify_ready() */
void notify_reloading(struct notify *self);
void notify_stopping(struct notify *self);
/* @wanted: stopping takes longer than the unit may allow, and goes on; asked for again and again until it is false */
void notify_more_time(struct notify *self, bool wanted);
/**
 * notify_turn() - at the end of each turn of the loop's work
 * @stalled:  the database hangs in a write
 * @alive:    the watchdog may be fed, if its time has come
 *
 * STATUS= is made at most once a second, and sent when it changed.
 */
void notify_turn(struct notify *self, const struct gateway *gateway, uint64_t now_us, bool stalled, bool alive);
void notify_close(struct notify *self);

#endif
