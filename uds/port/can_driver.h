/*
 * can_driver - runs a can_node (many links) on a can_port, with a high-resolution timer; one driver a bus.
 *
 * After each batch, expiry or kick the driver calls the owner's step(): the owner drains its channels' events, moves
 * its state machines, may place new requests, and returns its own next deadline. Then frames are popped and sent, and
 * the timer (timerfd, absolute) is armed for the earliest deadline.
 */
#ifndef UDS_PORT_CAN_DRIVER_H
#define UDS_PORT_CAN_DRIVER_H

#include "uds/can_error.h"
#include "uds/can_node.h"
#include "uds/port/can_link.h"
#include "uds/port/can_port.h"

struct can_driver;

struct can_driver_callbacks {
	void *owner;
	/* Each frame on the bus, before anything else is done with it: those of others as they are read, own ones once
	 * they have left. With it no filter is set and confirmations are not gathered. Must not close the driver; may
	 * be NULL. */
	void (*on_traffic)(void *owner, uint64_t now_us, const struct can_msg *msg, bool own);
	/* Return: the owner's next deadline in CLOCK_BOOTTIME us, UDS_NEVER if none. Must not close the driver. */
	uint64_t (*step)(void *owner, uint64_t now_us);
	/* a frame that no channel took (vehicle signals); may be NULL */
	void (*on_frame)(void *owner, uint64_t now_us, const struct can_msg *msg);
	/* the bus is gone: -errno; the driver reopens it by itself every 500 ms until closed; may be NULL.
	 * error 0 reports that it is back. */
	void (*on_bus)(void *owner, int error);
	/* The controller reports an error; can_driver_health() has counted it, @state_changed says that its state is
	 * another one now. Bus-off is followed by on_bus(). Must not close the driver; may be NULL. */
	void (*on_error)(void *owner, uint64_t now_us, const struct can_error *error, bool state_changed);
	/* Words about the interface: why it is not used, or what is not as wanted and no danger. Once for each new
	 * text, also from within can_driver_open(). Must not close the driver; may be NULL. */
	void (*on_link)(void *owner, const char *text);
};

struct can_driver_config {
	const char *port; /* "can0" or "unix:PATH" */
	bool fd;
	uint8_t window; /* frames outstanding at the port, 1..64; 0 = 32 */
	/* what the interface must be like, checked at each opening; copied. NULL: it is used as it is. unix: has none.
	 */
	const struct can_link_wanted *link;
};

/*
 * Return: 0 or -errno of the first open (-EINVAL, -EPERM, -EIO as of can_link_setup(), with words through on_link);
 * later losses are repaired as on_bus says. After a failure the loop still has
 * to run once, so that the closed handles are reclaimed.
 */
int can_driver_open(uv_loop_t *loop, const struct can_driver_config *config,
		    const struct can_driver_callbacks *callbacks, struct can_driver **driver);
struct can_node *can_driver_node(struct can_driver *self);
/* identifiers for on_frame, beside those of the attached channels (taken into the filters); copied */
int can_driver_watch(struct can_driver *self, const struct can_port_filter *ids, size_t n);
/* the owner changed something outside of step(): step and send now */
void can_driver_kick(struct can_driver *self);
/* identifiers of attached channels changed: filters are set anew */
void can_driver_refresh_filters(struct can_driver *self);
void can_driver_stats(const struct can_driver *self, struct can_port_stats *out);
/* what the controller has reported since can_driver_open() */
const struct can_health *can_driver_health(const struct can_driver *self);
/* allowed in on_frame() and on_bus(), not in step(); memory is reclaimed by the loop. NULL is allowed. */
void can_driver_close(struct can_driver *self);

/* CLOCK_BOOTTIME in microseconds */
uint64_t can_driver_now_us(void);

#endif
