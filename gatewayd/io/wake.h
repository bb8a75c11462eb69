/*
 * wake - wakes a gateway that sleeps: a timer that the system's own clock alarm stands behind (CLOCK_BOOTTIME_ALARM).
 *
 * It takes CAP_WAKE_ALARM (systemd/gatewayd-wake.conf). Without it, or in a kernel without such an alarm, the gateway
 * goes on with what is due as soon as something else wakes it; told once.
 */
#ifndef GATEWAYD_IO_WAKE_H
#define GATEWAYD_IO_WAKE_H

#include <stdint.h>
#include <uv.h>

struct wake;

/* @wake: NULL if the system cannot be woken; that is no error */
void wake_new(uv_loop_t *loop, struct wake **wake);
/* @at_us: CLOCK_BOOTTIME; GATEWAY_NEVER disarms. The loop turns then, nothing else. NULL is allowed. */
void wake_arm(struct wake *self, uint64_t at_us);
void wake_free(struct wake *self);

#endif
