/*
 * can_port - one bus on a libuv loop: a PF_CAN socket ("can0", "vcan0") or the simulated bus ("unix:PATH").
 *
 * Error frames of the controller (CAN_MSG_ERROR) come with the frames of others. After bus-off the port is lost: what
 * was outstanding is gone.
 *
 * Every frame of ours is confirmed once it has left (PF_CAN: CAN_RAW_RECV_OWN_MSGS and MSG_CONFIRM; unix: the broker's
 * echo), in the order sent. A frame whose echo never comes (a queue of the interface dropped it) is confirmed with the
 * echo of a later one, so that it delays nothing behind it. Reads and writes are batched (recvmmsg, sendmmsg). ENOBUFS
 * and a full socket are the port's own business: frames wait in the port and go out later.
 */
#ifndef UDS_PORT_CAN_PORT_H
#define UDS_PORT_CAN_PORT_H

#include <uv.h>
#include "uds/can_msg.h"

#define CAN_PORT_BATCH 64u

struct can_port;

struct can_port_batch {
	uint64_t now_us;            /* CLOCK_BOOTTIME */
	size_t n_confirmed;         /* frames of ours that left, oldest first */
	const struct can_msg *msgs; /* frames of others, error frames included */
	size_t n_msgs;
};

struct can_port_callbacks {
	void *owner;
	/* frames and confirmations; the port may be closed in it. Of a port that is behind it may be empty. */
	void (*on_batch)(void *owner, const struct can_port_batch *batch);
	/* the bus is gone (broker ended, interface removed or down, bus-off): -errno. The port is closed by its owner.
	 */
	void (*on_lost)(void *owner, int error);
};

struct can_port_filter {
	uint32_t id;
	bool extended_id;
};

/**
 * can_port_open() - open a bus
 * @name: "can0" or "unix:PATH"
 * @fd: CAN FD frames are wanted; -ENOTSUP where the interface's MTU is classic
 * @port: on success owned by the caller until can_port_close()
 *
 * Return: 0 or -errno (-ENODEV no such interface, -ENETDOWN it is down, -EAFNOSUPPORT no CAN in this kernel).
 */
int can_port_open(uv_loop_t *loop, const char *name, bool fd, const struct can_port_callbacks *callbacks,
		  struct can_port **port);

/**
 * can_port_set_filters() - what the kernel lets through; call again when it changes
 *
 * Identifiers we receive and our own request identifiers (their echoes pass the same filters). On unix: the port
 * filters by itself. n 0 lets everything through.
 * Return: 0 or -errno.
 */
int can_port_set_filters(struct can_port *self, const struct can_port_filter *filters, size_t n);

/* Return: frames taken, 0..n; the rest is offered again after the next batch or uv tick by the caller */
size_t can_port_send(struct can_port *self, const struct can_msg *msgs, size_t n);

/* no reading, and so no on_batch, until resumed: confirmations gather and cost one wake-up; sending goes on */
void can_port_pause(struct can_port *self);
void can_port_resume(struct can_port *self);
/* what has gathered, at once and even while paused; on_batch is called from within if there is anything */
void can_port_read(struct can_port *self);
/* the last read took as many as one can: more may wait in the socket that are as old */
bool can_port_behind(const struct can_port *self);

/* nobody waits any more for the frames that went out until now: they are not confirmed, should their echoes still come
 */
void can_port_forget_sent(struct can_port *self);

/* memory is reclaimed in the close callback of its handles; no callback after this call. NULL is allowed. */
void can_port_close(struct can_port *self);

struct can_port_stats {
	uint64_t n_tx, n_rx, n_confirmed, n_enobufs, n_batches;
	uint64_t n_dropped; /* of the confirmed: those without an echo of their own */
};
void can_port_stats(const struct can_port *self, struct can_port_stats *out);
void can_port_add_stats(const struct can_port *self, struct can_port_stats *sum);

#endif
