/*
 * simbus_client - one connection of the broker: packets in, and the queue of packets out. Internal to simbus_server.
 */
#ifndef SIM_SIMBUS_CLIENT_H
#define SIM_SIMBUS_CLIENT_H

#include <stdbool.h>
#include <uv.h>

#include "sim/bus_core.h"

#define SIMBUS_OUT 1024u /* packets */
/* Frames of others end here, so that echoes always find room: reading stops at half, and the core holds BUS_QUEUE. */
#define SIMBUS_OUT_FRAMES (SIMBUS_OUT - 2u * BUS_QUEUE)
#define SIMBUS_READ_BATCH 64u

struct simbus_client;

struct simbus_client_events {
	void *owner;
	/* a whole frame; Return: whether it was taken. If not, the connection ends. */
	bool (*on_frame)(void *owner, struct simbus_client *client, const struct can_msg *msg);
	/* what it wants to hear beside the frames of others: its own, and error frames */
	void (*on_wish)(void *owner, struct simbus_client *client, bool echoes, bool errors);
	/* after a read or a write: the owner may go on */
	void (*on_progress)(void *owner);
	/* the connection has ended: the owner forgets it and calls simbus_client_close() */
	void (*on_gone)(void *owner, struct simbus_client *client);
	/* memory of a closed client is reclaimed */
	void (*on_closed)(void *owner);
};

struct simbus_out {
	uint8_t len;
	uint8_t wire[CAN_WIRE_FD_BYTES];
};

struct simbus_client {
	uv_poll_t poll;
	const struct simbus_client_events *events;
	int fd;
	unsigned index; /* in the core */
	bool closing;
	bool reading;
	bool blocked;
	int polled;
	unsigned out_head;
	unsigned out_n;
	struct simbus_out out[SIMBUS_OUT];
};

/* takes over @fd, also on failure */
int simbus_client_new(uv_loop_t *loop, int fd, unsigned index, const struct simbus_client_events *events,
		      struct simbus_client **client);
/* Return: false if there is no room: the frame is lost for this client */
bool simbus_client_put(struct simbus_client *self, const struct can_msg *msg, bool echo);
void simbus_client_flush(struct simbus_client *self);
/* @room: frames that the core still takes of this client; reading starts and stops by it */
void simbus_client_update(struct simbus_client *self, unsigned room);
void simbus_client_close(struct simbus_client *self);

#endif
