/*
 * shutdown_lock - keeps the gateway from being switched off or put to sleep while an ECU is erased: an inhibitor lock
 * of logind, asked for on the system bus.
 *
 * Wanted, it is asked for at once; shutdown_lock_settled() says when the erase may begin: the lock is held, or cannot
 * be had, or logind has not answered for 2 s (it is taken all the same when the answer comes). Where there is no bus or
 * no logind, nothing is held and that is told once. A caller who may not block a shutdown delays it.
 */
#ifndef GATEWAYD_IO_SHUTDOWN_LOCK_H
#define GATEWAYD_IO_SHUTDOWN_LOCK_H

#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <uv.h>

#define SHUTDOWN_LOCK_WHY_BYTES 256u
#define SHUTDOWN_LOCK_WAIT_MS   2000u

struct shutdown_lock;

struct shutdown_lock_callbacks {
	void *owner;
	/* Return: the connection to ask on, NULL = there is none now */
	sd_bus *(*bus)(void *owner);
	/* shutdown_lock_settled() turned true */
	void (*on_settled)(void *owner);
};

/* Return: 0 or -ENOMEM */
int shutdown_lock_new(uv_loop_t *loop, const struct shutdown_lock_callbacks *callbacks, struct shutdown_lock **lock);
/* @why: in words for who asks why the machine does not go down; other words replace the lock without a gap. NULL:
 * released. May be called with each turn of the loop. */
void shutdown_lock_want(struct shutdown_lock *self, const char *why);
bool shutdown_lock_settled(const struct shutdown_lock *self);
void shutdown_lock_free(struct shutdown_lock *self);

#endif
