#include "uds/port/can_port.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uds/can_error.h"
#include "uds/port/can_port_io.h"
#include "uds/port/hr_timer.h"

#define ENOBUFS_RETRY_MS 1

int can_port_open(uv_loop_t *loop, const char *name, bool fd, const struct can_port_callbacks *callbacks,
		  struct can_port **port)
{
	if (strncmp(name, "unix:", 5) == 0)
		return can_port_unix_open(loop, name + 5, callbacks, port);
	return can_port_linux_open(loop, name, fd, callbacks, port);
}

static void on_poll(uv_poll_t *poll, int status, int events);
static void on_timer(uv_timer_t *timer);

static void poll_for(struct can_port *self, int events)
{
	if (self->closing || self->events == events)
		return;
	self->events = events;
	if (events)
		uv_poll_start(&self->poll, events, on_poll);
	else
		uv_poll_stop(&self->poll);
}

static void update_poll(struct can_port *self)
{
	if (self->lost_error)
		poll_for(self, 0);
	else
		poll_for(self, (self->paused ? 0 : UV_READABLE) | (self->blocked ? UV_WRITABLE : 0));
}

/* The loss is reported from the loop, never from inside a call of the owner. */
static void lose(struct can_port *self, int error)
{
	if (self->lost_error || self->closing)
		return;
	self->lost_error = error;
	update_poll(self);
	uv_timer_start(&self->timer, on_timer, 0, 0);
}

static void send_failed(struct can_port *self, int error)
{
	switch (error) {
	case EAGAIN:
		self->blocked = true;
		update_poll(self);
		break;
	case ENOBUFS:
		/* The device queue is full, which POLLOUT does not tell: the next confirmation makes room, and
		 * should none of ours be on its way, the timer tries again. */
		self->stats.n_enobufs++;
		uv_timer_start(&self->timer, on_timer, ENOBUFS_RETRY_MS, 0);
		break;
	default:
		lose(self, -error);
		break;
	}
}

/* more than this are never waited for: the oldest go */
static void remember_sent(struct can_port *self, const uint8_t *wire)
{
	if (self->sent_n == CAN_PORT_MAX_SENT) {
		self->sent_head = (self->sent_head + 1u) % CAN_PORT_MAX_SENT;
		self->sent_n--;
	}
	memcpy(self->sent[(self->sent_head + self->sent_n++) % CAN_PORT_MAX_SENT], wire, CAN_WIRE_FD_BYTES);
}

void can_port_forget_sent(struct can_port *self)
{
	self->sent_n = 0;
}

/* identifier, length and data; flags of CAN FD come back as the interface's driver had them */
static bool is_same_frame(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, 5) == 0 && memcmp(a + 8, b + 8, a[4]) == 0;
}

/* Return: how many frames an echo confirms; 0 if none like it is waited for */
static unsigned take_echo(struct can_port *self, const uint8_t *wire)
{
	for (unsigned i = 0; i < self->sent_n; i++) {
		if (!is_same_frame(wire, self->sent[(self->sent_head + i) % CAN_PORT_MAX_SENT]))
			continue;
		self->sent_head = (self->sent_head + i + 1u) % CAN_PORT_MAX_SENT;
		self->sent_n -= i + 1u;
		self->stats.n_dropped += i;
		return i + 1u;
	}
	return 0;
}

static void flush(struct can_port *self)
{
	struct iovec iov[CAN_PORT_BATCH];
	struct mmsghdr hdr[CAN_PORT_BATCH];

	while (self->tx_n > 0 && !self->lost_error) {
		memset(hdr, 0, self->tx_n * sizeof(hdr[0]));
		for (unsigned i = 0; i < self->tx_n; i++) {
			unsigned slot = (self->tx_head + i) % CAN_PORT_BATCH;

			iov[i] = (struct iovec){.iov_base = self->tx[slot], .iov_len = self->tx_len[slot]};
			hdr[i].msg_hdr.msg_iov = &iov[i];
			hdr[i].msg_hdr.msg_iovlen = 1;
		}
		int n = sendmmsg(self->fd, hdr, self->tx_n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			send_failed(self, errno);
			return;
		}
		for (unsigned i = 0; i < (unsigned)n; i++)
			remember_sent(self, self->tx[(self->tx_head + i) % CAN_PORT_BATCH]);
		self->tx_head = (self->tx_head + (unsigned)n) % CAN_PORT_BATCH;
		self->tx_n -= (unsigned)n;
		self->stats.n_tx += (unsigned)n;
	}
	if (self->blocked) {
		self->blocked = false;
		update_poll(self);
	}
}

size_t can_port_send(struct can_port *self, const struct can_msg *msgs, size_t n)
{
	size_t taken = 0;

	if (self->lost_error)
		return 0;
	while (taken < n && self->tx_n < CAN_PORT_BATCH) {
		unsigned slot = (self->tx_head + self->tx_n) % CAN_PORT_BATCH;

		self->tx_len[slot] = (uint8_t)can_msg_to_wire(&msgs[taken++], self->tx[slot]);
		self->tx_n++;
	}
	/* while the socket is known to be full, its POLLOUT or the next confirmation goes first */
	if (!self->blocked)
		flush(self);
	return taken;
}

static int compare_filters(const void *a, const void *b)
{
	const struct can_port_filter *x = a;
	const struct can_port_filter *y = b;

	if (x->extended_id != y->extended_id)
		return x->extended_id ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static bool passes(const struct can_port *self, const struct can_msg *msg)
{
	struct can_port_filter key = {.id = msg->id, .extended_id = (msg->flags & CAN_MSG_EXTENDED) != 0};

	if (self->n_filters == 0 || msg->flags & CAN_MSG_ERROR)
		return true;
	return bsearch(&key, self->filters, self->n_filters, sizeof(key), compare_filters) != NULL;
}

int can_port_set_filters(struct can_port *self, const struct can_port_filter *filters, size_t n)
{
	struct can_port_filter *copy = NULL;

	if (self->kind->set_filters)
		return self->kind->set_filters(self->fd, filters, n);
	if (n > 0) {
		copy = malloc(n * sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, filters, n * sizeof(*copy));
		qsort(copy, n, sizeof(*copy), compare_filters);
	}
	free(self->filters);
	self->filters = copy;
	self->n_filters = n;
	return 0;
}

/* sorts one packet in; Return: 0 or -errno if the bus is gone */
static int take_packet(struct can_port *self, unsigned i, struct can_port_batch *batch)
{
	const struct mmsghdr *hdr = &self->rx_hdr[i];
	struct can_msg *msg = &self->msgs[batch->n_msgs];

	if (self->kind->strict_packets && hdr->msg_len == 0)
		return -ECONNRESET;
	if (hdr->msg_hdr.msg_flags & MSG_TRUNC || !can_msg_from_wire(self->rx[i], hdr->msg_len, msg))
		return self->kind->strict_packets ? -EPROTO : 0;
	if (self->kind->is_echo(self->rx[i], hdr->msg_hdr.msg_flags)) {
		batch->n_confirmed += take_echo(self, self->rx[i]);
		return 0;
	}
	if (!passes(self, msg))
		return 0;
	batch->n_msgs++;
	/* After bus-off the controller has thrown away what was outstanding: its confirmations will never come. */
	return msg->flags & CAN_MSG_ERROR && msg->id & CAN_ERROR_BUS_OFF ? -ENETDOWN : 0;
}

static void read_batch(struct can_port *self)
{
	struct can_port_batch batch = {.msgs = self->msgs};

	int n = recvmmsg(self->fd, self->rx_hdr, CAN_PORT_BATCH, MSG_DONTWAIT, NULL);
	self->read_full = n == (int)CAN_PORT_BATCH;
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			lose(self, -errno);
		return;
	}
	batch.now_us = hr_timer_now_ns() / 1000;
	for (unsigned i = 0; i < (unsigned)n; i++) {
		int error = take_packet(self, i, &batch);

		if (error) {
			lose(self, error);
			break;
		}
	}
	self->stats.n_rx += batch.n_msgs;
	self->stats.n_confirmed += batch.n_confirmed;
	if (batch.n_confirmed > 0)
		flush(self);
	if (batch.n_confirmed == 0 && batch.n_msgs == 0 && !can_port_behind(self))
		return;
	self->stats.n_batches++;
	self->callbacks.on_batch(self->callbacks.owner, &batch);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct can_port *self = poll->data;

	if (status < 0) {
		/* libuv has stopped the poll on POLLERR; the socket knows why */
		int error = 0;
		socklen_t n = sizeof(error);

		self->events = 0;
		if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error == 0)
			error = EIO;
		lose(self, -error);
		return;
	}
	if (events & UV_WRITABLE)
		flush(self);
	if (events & UV_READABLE)
		read_batch(self);
}

static void on_timer(uv_timer_t *timer)
{
	struct can_port *self = timer->data;

	if (!self->lost_error)
		flush(self);
	else if (self->callbacks.on_lost)
		self->callbacks.on_lost(self->callbacks.owner, self->lost_error);
}

void can_port_pause(struct can_port *self)
{
	self->paused = true;
	update_poll(self);
}

void can_port_resume(struct can_port *self)
{
	self->paused = false;
	update_poll(self);
}

void can_port_read(struct can_port *self)
{
	if (!self->lost_error && !self->closing)
		read_batch(self);
}

bool can_port_behind(const struct can_port *self)
{
	return self->read_full && !self->lost_error && !self->closing;
}

static void prepare_reading(struct can_port *self)
{
	for (unsigned i = 0; i < CAN_PORT_BATCH; i++) {
		self->rx_iov[i] = (struct iovec){.iov_base = self->rx[i], .iov_len = CAN_WIRE_FD_BYTES};
		self->rx_hdr[i].msg_hdr.msg_iov = &self->rx_iov[i];
		self->rx_hdr[i].msg_hdr.msg_iovlen = 1;
	}
}

static void on_closed(uv_handle_t *handle)
{
	struct can_port *self = handle->data;

	assert(self->n_open_handles > 0);
	if (--self->n_open_handles > 0)
		return;
	close(self->fd);
	free(self->filters);
	free(self);
}

int can_port_io_new(uv_loop_t *loop, int fd, const struct can_port_kind *kind,
		    const struct can_port_callbacks *callbacks, struct can_port **port)
{
	struct can_port *self = calloc(1, sizeof(*self));

	if (!self) {
		close(fd);
		return -ENOMEM;
	}
	self->kind = kind;
	self->callbacks = *callbacks;
	self->fd = fd;
	prepare_reading(self);
	int r = uv_poll_init(loop, &self->poll, fd);
	if (r != 0) {
		close(fd);
		free(self);
		return r;
	}
	self->poll.data = self;
	uv_timer_init(loop, &self->timer); /* never fails */
	self->timer.data = self;
	self->n_open_handles = 2;
	update_poll(self);
	*port = self;
	return 0;
}

void can_port_close(struct can_port *self)
{
	if (!self || self->closing)
		return;
	self->closing = true;
	uv_close((uv_handle_t *)&self->poll, on_closed);
	uv_close((uv_handle_t *)&self->timer, on_closed);
}

void can_port_stats(const struct can_port *self, struct can_port_stats *out)
{
	*out = self->stats;
}

void can_port_add_stats(const struct can_port *self, struct can_port_stats *sum)
{
	sum->n_tx += self->stats.n_tx;
	sum->n_rx += self->stats.n_rx;
	sum->n_confirmed += self->stats.n_confirmed;
	sum->n_dropped += self->stats.n_dropped;
	sum->n_enobufs += self->stats.n_enobufs;
	sum->n_batches += self->stats.n_batches;
}
