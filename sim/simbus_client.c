#include "sim/simbus_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASK_FOR_ECHOES 0x01
#define ASK_FOR_ERRORS 0x02
#define ECHO_BYTE      6 /* __res0 of struct can_frame */
/*
 * Room in the core. While a client's frames wait there, more of them would only wake us, and the client with us, for
 * each one that it sends: they stay in its socket, and are read in a batch before the bus could run dry.
 */
#define READ_STOPS_BELOW  (BUS_QUEUE - 12u)
#define READ_STARTS_ABOVE (BUS_QUEUE - 6u)
#define READ_AT_MOST      (BUS_QUEUE / 2u)

static void on_poll(uv_poll_t *poll, int status, int events);

static void poll_as_needed(struct simbus_client *self)
{
	int wanted = (self->reading ? UV_READABLE : 0) | (self->blocked ? UV_WRITABLE : 0);

	if (self->closing || self->polled == wanted)
		return;
	self->polled = wanted;
	if (wanted)
		uv_poll_start(&self->poll, wanted, on_poll);
	else
		uv_poll_stop(&self->poll); /* if it has left, the next reading finds its last frames and the end */
}

void simbus_client_update(struct simbus_client *self, unsigned room)
{
	if (room < READ_STOPS_BELOW || self->out_n > SIMBUS_OUT / 2)
		self->reading = false;
	else if (room >= READ_STARTS_ABOVE)
		self->reading = true;
	poll_as_needed(self);
}

bool simbus_client_put(struct simbus_client *self, const struct can_msg *msg, bool echo)
{
	if (self->out_n >= (echo ? SIMBUS_OUT : SIMBUS_OUT_FRAMES))
		return false;
	struct simbus_out *out = &self->out[(self->out_head + self->out_n++) % SIMBUS_OUT];
	out->len = (uint8_t)can_msg_to_wire(msg, out->wire);
	out->wire[ECHO_BYTE] = echo ? 1 : 0;
	return true;
}

void simbus_client_flush(struct simbus_client *self)
{
	struct iovec iov[64];
	struct mmsghdr hdr[64];

	while (self->out_n > 0 && !self->closing) {
		unsigned n = self->out_n < 64 ? self->out_n : 64;

		memset(hdr, 0, n * sizeof(hdr[0]));
		for (unsigned i = 0; i < n; i++) {
			struct simbus_out *out = &self->out[(self->out_head + i) % SIMBUS_OUT];

			iov[i] = (struct iovec){.iov_base = out->wire, .iov_len = out->len};
			hdr[i].msg_hdr.msg_iov = &iov[i];
			hdr[i].msg_hdr.msg_iovlen = 1;
		}
		int sent = sendmmsg(self->fd, hdr, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0) {
			/* a broken connection is found by the poll; what waits is worth nothing then */
			self->blocked = errno == EAGAIN;
			if (!self->blocked)
				self->out_n = 0;
			poll_as_needed(self);
			return;
		}
		self->out_head = (self->out_head + (unsigned)sent) % SIMBUS_OUT;
		self->out_n -= (unsigned)sent;
	}
	if (self->blocked) {
		self->blocked = false;
		poll_as_needed(self);
	}
}

/* Return: false if the connection has to end: end of file, or what is neither a whole frame nor the one-byte wish */
static bool take_packet(struct simbus_client *self, const uint8_t *wire, size_t n, int flags)
{
	struct can_msg msg;

	if (n == 1 && wire[0] != 0 && (wire[0] & ~(ASK_FOR_ECHOES | ASK_FOR_ERRORS)) == 0) {
		self->events->on_wish(self->events->owner, self, wire[0] & ASK_FOR_ECHOES, wire[0] & ASK_FOR_ERRORS);
		return true;
	}
	if (flags & MSG_TRUNC || !can_msg_from_wire(wire, n, &msg))
		return false;
	return self->events->on_frame(self->events->owner, self, &msg);
}

static bool read_batch(struct simbus_client *self)
{
	uint8_t wire[SIMBUS_READ_BATCH][CAN_WIRE_FD_BYTES];
	struct iovec iov[SIMBUS_READ_BATCH];
	struct mmsghdr hdr[SIMBUS_READ_BATCH];
	/* at most what the core takes: reading is on only while it has this room */
	unsigned n = READ_AT_MOST;

	memset(hdr, 0, n * sizeof(hdr[0]));
	for (unsigned i = 0; i < n; i++) {
		iov[i] = (struct iovec){.iov_base = wire[i], .iov_len = CAN_WIRE_FD_BYTES};
		hdr[i].msg_hdr.msg_iov = &iov[i];
		hdr[i].msg_hdr.msg_iovlen = 1;
	}
	int got = recvmmsg(self->fd, hdr, n, MSG_DONTWAIT, NULL);
	/* who left without having read all is told of first, and once; what he sent comes after that */
	if (got < 0 && errno == ECONNRESET)
		got = recvmmsg(self->fd, hdr, n, MSG_DONTWAIT, NULL);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	for (int i = 0; i < got; i++) {
		if (!take_packet(self, wire[i], hdr[i].msg_len, hdr[i].msg_hdr.msg_flags))
			return false;
	}
	return true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct simbus_client *self = poll->data;
	bool alive = status >= 0;

	/* an error is that of a client that left, perhaps right after its last frame */
	if ((!alive && self->reading) || events & UV_READABLE)
		alive = read_batch(self) && alive;
	if (alive && events & UV_WRITABLE)
		simbus_client_flush(self);
	if (alive)
		self->events->on_progress(self->events->owner);
	else
		self->events->on_gone(self->events->owner, self);
}

int simbus_client_new(uv_loop_t *loop, int fd, unsigned index, const struct simbus_client_events *events,
		      struct simbus_client **client)
{
	struct simbus_client *self = calloc(1, sizeof(*self));

	if (!self) {
		close(fd);
		return -ENOMEM;
	}
	int r = uv_poll_init(loop, &self->poll, fd);
	if (r != 0) {
		close(fd);
		free(self);
		return r;
	}
	self->poll.data = self;
	self->events = events;
	self->fd = fd;
	self->index = index;
	self->reading = true;
	poll_as_needed(self);
	*client = self;
	return 0;
}

static void on_close(uv_handle_t *handle)
{
	struct simbus_client *self = handle->data;
	const struct simbus_client_events *events = self->events;

	close(self->fd);
	free(self);
	events->on_closed(events->owner);
}

void simbus_client_close(struct simbus_client *self)
{
	if (self->closing)
		return;
	self->closing = true;
	uv_close((uv_handle_t *)&self->poll, on_close);
}
