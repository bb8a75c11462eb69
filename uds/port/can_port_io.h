/*
 * can_port_io - what both kinds of port share: batched reading, the queue of frames that could not go out yet, the
 * batch callback, loss, and closing. Internal to uds/port.
 */
#ifndef UDS_PORT_CAN_PORT_IO_H
#define UDS_PORT_CAN_PORT_IO_H

#include <stdbool.h>
#include <sys/socket.h>

#include "uds/port/can_port.h"

#define CAN_PORT_MAX_SENT (2 * CAN_PORT_BATCH)

struct can_port_kind {
	/* whether a packet is the echo of a frame of ours */
	bool (*is_echo)(const uint8_t *wire, int msg_flags);
	/* NULL: the port filters by itself */
	int (*set_filters)(int fd, const struct can_port_filter *filters, size_t n);
	/* an empty packet is the end of the connection, and one of an odd size a broken peer */
	bool strict_packets;
};

struct can_port {
	const struct can_port_kind *kind;
	struct can_port_callbacks callbacks;
	struct can_port_stats stats;
	uv_poll_t poll;
	uv_timer_t timer; /* retry after ENOBUFS; report of a loss that was found while sending */
	int fd;
	bool closing;
	bool paused;
	bool read_full; /* as many as a read takes */
	bool blocked;   /* the socket is full: wait for UV_WRITABLE */
	uint8_t n_open_handles;
	int events;     /* that the poll waits for */
	int lost_error; /* to be reported */
	struct can_port_filter *filters;
	size_t n_filters;
	/* frames that wait, as wire packets, oldest at tx_head */
	uint8_t tx[CAN_PORT_BATCH][CAN_WIRE_FD_BYTES];
	uint8_t tx_len[CAN_PORT_BATCH];
	unsigned tx_head;
	unsigned tx_n;
	/* frames that went out and whose echo has not come, as wire packets, oldest at sent_head */
	uint8_t sent[CAN_PORT_MAX_SENT][CAN_WIRE_FD_BYTES];
	unsigned sent_head;
	unsigned sent_n;
	/* reading */
	uint8_t rx[CAN_PORT_BATCH][CAN_WIRE_FD_BYTES];
	struct iovec rx_iov[CAN_PORT_BATCH];
	struct mmsghdr rx_hdr[CAN_PORT_BATCH];
	struct can_msg msgs[CAN_PORT_BATCH];
};

/* takes over @fd, also on failure (then it is closed) */
int can_port_io_new(uv_loop_t *loop, int fd, const struct can_port_kind *kind,
		    const struct can_port_callbacks *callbacks, struct can_port **port);

int can_port_linux_open(uv_loop_t *loop, const char *interface, bool fd, const struct can_port_callbacks *callbacks,
			struct can_port **port);
int can_port_unix_open(uv_loop_t *loop, const char *path, const struct can_port_callbacks *callbacks,
		       struct can_port **port);

#endif
