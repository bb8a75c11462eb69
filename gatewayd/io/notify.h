/*
 * notify - what the service manager is told: ready, status in words, watchdog. Silent where there is no NOTIFY_SOCKET.
 */
#ifndef GATEWAYD_IO_NOTIFY_H
#define GATEWAYD_IO_NOTIFY_H

#include <uv.h>
#include "gatewayd/core/gateway.h"

struct notify {
	uv_timer_t watchdog;
	char status[200];
};

/* feeds the watchdog from the loop, at half of WatchdogSec */
void notify_init(struct notify *self, uv_loop_t *loop);
void notify_ready(struct notify *self);
/* STATUS= as one line for `systemctl status`, sent when it changed */
void notify_status(struct notify *self, const struct gateway *gateway);
void notify_stopping(struct notify *self);
void notify_close(struct notify *self);

#endif
