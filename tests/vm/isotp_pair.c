#include "tests/vm/isotp_pair.h"

#include <errno.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/kernel_socket.h"

#define PULSE_MS     50u
#define STALL_US     600000u
#define GUARD_MS     120000u
#define REQUEST_SID  0x35u /* its answer repeats nothing of it, so both are free from the second byte on */
#define ANSWER_SID   0x75u
#define MONITOR_ROOM (8 << 20)

static char interface_name[IF_NAMESIZE];

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* what is sent in this round; xorshift, so that no two frames are alike */
static void fill(const struct pair *self, uint8_t first, uint8_t *out, size_t n)
{
	uint32_t x = self->n_rounds * 2654435761u + (uint32_t)n * 40503u + first;

	x = x ? x : 1;
	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		out[i] = (uint8_t)(x >> 11);
	}
	out[0] = first;
}

static bool is_filled(const struct pair *self, uint8_t first, const uint8_t *data, size_t n)
{
	static uint8_t expected[PAIR_MAX_BYTES];

	fill(self, first, expected, n);
	return memcmp(data, expected, n) == 0;
}

void pair_kernel_message(const struct pair *self, uint8_t *out, size_t n)
{
	fill(self, ANSWER_SID, out, n);
}

/* the kernel's end */

static int kernel_send(struct pair *self, size_t n)
{
	static uint8_t out[PAIR_MAX_BYTES];

	fill(self, ANSWER_SID, out, n);
	return write(self->socket, out, n) == (ssize_t)n ? 0 : errno;
}

int pair_kernel_sends(struct pair *self, size_t n)
{
	self->kernel_error = 0;
	self->event.kind = UDS_EVENT_NONE;
	return kernel_send(self, n);
}

static void kernel_input(struct pair *self)
{
	static uint8_t in[PAIR_MAX_BYTES];
	const ssize_t n = read(self->socket, in, sizeof(in));

	if (n < 0) {
		self->kernel_error = errno;
		return;
	}
	if ((size_t)n != self->n_request || !is_filled(self, REQUEST_SID, in, (size_t)n)) {
		snprintf(self->failure, sizeof(self->failure),
			 "the kernel received %zd bytes that are not the %zu sent", n, self->n_request);
		return;
	}
	self->kernel_received = true;
	self->bench->n_messages++;
	const int r = self->n_answer > 0 ? kernel_send(self, self->n_answer) : 0;
	if (r != 0)
		snprintf(self->failure, sizeof(self->failure), "the kernel did not take an answer of %zu bytes: %s",
			 self->n_answer, strerror(r));
}

static void on_sockets(uv_poll_t *poll, int status, int events)
{
	struct bench *self = poll->data;
	struct epoll_event ready[BENCH_MAX];

	(void)status;
	(void)events;
	const int n = epoll_wait(self->epoll, ready, BENCH_MAX, 0);
	for (int i = 0; i < n; i++)
		kernel_input(ready[i].data.ptr);
	if (n > 0)
		can_driver_kick(self->driver);
}

/* our end */

static struct isotp_address pair_address(const struct pair_config *config, uint32_t k)
{
	struct isotp_address address = {
	    .form = config->addressing,
	    .extended_id = config->extended_id,
	    .tx_id = 0x600 + k,
	    .rx_id = 0x680 + k,
	    .tx_ae = KERNEL_SOCKET_OUR_AE,
	    .rx_ae = KERNEL_SOCKET_AE,
	};

	if (config->addressing == ISOTP_NORMAL_FIXED) {
		address.tx_id = 0x18da00f1 | k << 8;
		address.rx_id = 0x18daf100 | k;
	} else if (config->addressing == ISOTP_MIXED && config->extended_id) {
		address.tx_id = 0x18ce00f1 | k << 8;
		address.rx_id = 0x18cef100 | k;
	} else if (config->extended_id) {
		address.tx_id = 0x1abc0000 | k << 8;
		address.rx_id = 0x1abc0001 | k << 8;
	}
	return address;
}

struct pair *bench_add(struct bench *self, const struct pair_config *config)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	struct isotp_config link = isotp_config_default();
	struct uds_timing timing = uds_timing_default();

	check(pair && self->n_pairs < BENCH_MAX, "a pair");
	pair->bench = self;
	pair->config = *config;
	if (!pair->config.our_dl)
		pair->config.our_dl = config->fd ? 64 : 8;
	if (!pair->config.kernel_dl)
		pair->config.kernel_dl = config->fd ? 64 : 8;
	link.address = pair_address(config, (uint32_t)self->n_pairs);
	link.fd = config->fd;
	link.brs = config->fd;
	link.tx_dl = pair->config.our_dl;
	link.pad = !config->unpadded || config->wrong_padding;
	link.pad_byte = KERNEL_SOCKET_OUR_PAD;
	link.block_size = config->block_size;
	link.st_min = config->st_min;
	if (config->n_br_us) {
		link.n_br_us = config->n_br_us;
		link.wait_max = config->wait_max;
	}
	/* the machine may stand still for a while; what waits for silence sets P2 itself */
	link.n_as_us = link.n_ar_us = link.n_bs_us = link.n_cr_us = link.n_cs_us = 10000000;
	timing.p2_us = 20000000;
	timing.answer_max_us = 60000000;
	uds_channel_init(&pair->channel, &link, &timing, pair->tx, sizeof(pair->tx), pair->rx,
			 config->our_room ? config->our_room : sizeof(pair->rx));
	check(can_node_attach(can_driver_node(self->driver), &pair->channel) == 0, "a channel");
	can_driver_refresh_filters(self->driver);
	pair->socket = kernel_socket_open(interface_name, &pair->config, &link.address);
	check(pair->socket >= 0, "a CAN_ISOTP socket");
	check(epoll_ctl(self->epoll, EPOLL_CTL_ADD, pair->socket,
			&(struct epoll_event){.events = EPOLLIN, .data.ptr = pair}) == 0,
	      "epoll");
	pair->least_gap_ns[0] = pair->least_gap_ns[1] = UINT64_MAX;
	self->pairs[self->n_pairs++] = pair;
	return pair;
}

static void request(struct pair *self, size_t n_request, size_t n_answer)
{
	static uint8_t out[PAIR_MAX_BYTES];

	self->n_rounds++;
	self->n_request = n_request;
	self->n_answer = n_answer;
	self->kernel_received = false;
	self->kernel_error = 0;
	self->event.kind = UDS_EVENT_NONE;
	self->n_stalls = self->bench->n_stalls;
	fill(self, REQUEST_SID, out, n_request);
	check(uds_channel_request(&self->channel, can_driver_now_us(), out, n_request) == 0, "a request");
}

void pair_request(struct pair *self, size_t n_request, size_t n_answer)
{
	request(self, n_request, n_answer);
	can_driver_kick(self->bench->driver);
}

static void take_event(struct pair *self)
{
	const struct uds_event *event = &self->event;

	if (event->kind == UDS_EVENT_POSITIVE || event->kind == UDS_EVENT_UNSOLICITED) {
		if (is_filled(self, ANSWER_SID, event->pdu, event->n_pdu))
			self->bench->n_messages++;
		else
			snprintf(self->failure, sizeof(self->failure), "%zu bytes came that are not those sent",
				 event->n_pdu);
	}
	if (!self->lengths || self->failure[0])
		return;
	if (event->kind == UDS_EVENT_POSITIVE && event->n_pdu == self->n_answer) {
		self->next_length++;
	} else if (self->n_stalls != self->bench->n_stalls) {
		self->bench->n_messages -= self->kernel_received;
		self->bench->n_repeated++;
	} else {
		snprintf(self->failure, sizeof(self->failure),
			 "%zu bytes each way: event %d (%s), an answer of %zu bytes; the kernel: %s, %s",
			 self->n_request, (int)event->kind, isotp_reason_text(event->reason), event->n_pdu,
			 self->kernel_received ? "received" : "received nothing", strerror(self->kernel_error));
		return;
	}
	if (self->next_length < self->n_lengths)
		request(self, self->lengths[self->next_length], self->lengths[self->next_length]);
	else
		self->lengths = NULL;
}

static bool rounds_are_over(const struct bench *self)
{
	bool over = true;

	for (size_t i = 0; i < self->n_pairs; i++) {
		if (self->pairs[i]->failure[0])
			return true;
		over = over && !self->pairs[i]->lengths;
	}
	return over;
}

static uint64_t on_step(void *owner, uint64_t now_us)
{
	struct bench *self = owner;

	(void)now_us;
	for (size_t i = 0; i < self->n_pairs; i++)
		while (uds_channel_pop_event(&self->pairs[i]->channel, &self->pairs[i]->event))
			take_event(self->pairs[i]);
	return UDS_NEVER;
}

/* the third socket: when consecutive frames were on the bus */

static void take_gap(struct pair *self, unsigned side, uint8_t pci, uint64_t at_ns)
{
	if (pci >> 4 != 2) { /* a flow control begins the other side's block anew, all else a message */
		self->last_ns[0] = self->last_ns[1] = 0;
		return;
	}
	if (self->last_ns[side]) {
		const uint64_t gap_ns = at_ns - self->last_ns[side];

		self->n_gaps[side]++;
		if (gap_ns < self->least_gap_ns[side])
			self->least_gap_ns[side] = gap_ns;
	}
	self->last_ns[side] = at_ns;
}

static void take_frame(struct bench *self, const struct canfd_frame *frame, uint64_t at_ns)
{
	const uint32_t id = frame->can_id & CAN_EFF_MASK;

	for (size_t i = 0; i < self->n_pairs; i++) {
		const struct isotp_address *address = &self->pairs[i]->channel.isotp.config.address;
		const size_t offset = address->form == ISOTP_EXTENDED || address->form == ISOTP_MIXED;

		if (id == address->tx_id)
			take_gap(self->pairs[i], 0, frame->data[offset], at_ns);
		else if (id == address->rx_id)
			take_gap(self->pairs[i], 1, frame->data[offset], at_ns);
	}
}

static void on_monitor(uv_poll_t *poll, int status, int events)
{
	struct bench *self = poll->data;
	struct canfd_frame frame;
	char control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec iov = {.iov_base = &frame, .iov_len = sizeof(frame)};

	(void)status;
	(void)events;
	for (;;) {
		struct msghdr header = {
		    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
		struct timespec at = {0};

		if (recvmsg(self->monitor_socket, &header, MSG_DONTWAIT) < 0)
			return;
		const struct cmsghdr *stamp = CMSG_FIRSTHDR(&header);
		check(stamp && stamp->cmsg_type == SO_TIMESTAMPNS, "a time stamp");
		memcpy(&at, CMSG_DATA(stamp), sizeof(at));
		take_frame(self, &frame, (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec);
	}
}

static void open_monitor(struct bench *self)
{
	struct sockaddr_can address = {.can_family = AF_CAN, .can_ifindex = (int)if_nametoindex(interface_name)};
	const int on = 1;
	const int room = MONITOR_ROOM;

	self->monitor_socket = socket(PF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW);
	check(self->monitor_socket >= 0, "socket of CAN_RAW");
	check(setsockopt(self->monitor_socket, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &on, sizeof(on)) == 0 &&
		  setsockopt(self->monitor_socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) == 0 &&
		  setsockopt(self->monitor_socket, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) == 0 &&
		  bind(self->monitor_socket, (const struct sockaddr *)&address, sizeof(address)) == 0,
	      "a socket that watches");
	uv_poll_init(&self->loop, &self->monitor, self->monitor_socket);
	self->monitor.data = self;
	uv_poll_start(&self->monitor, UV_READABLE, on_monitor);
}

/* the bench */

static void on_pulse(uv_timer_t *timer)
{
	struct bench *self = timer->data;
	const uint64_t now_us = can_driver_now_us();

	if (now_us - self->last_pulse_us > STALL_US)
		self->n_stalls++;
	self->last_pulse_us = now_us;
}

static void on_guard(uv_timer_t *timer)
{
	((struct bench *)timer->data)->timed_out = true;
}

void bench_open(struct bench *self, const char *interface, bool fd)
{
	struct can_driver_callbacks callbacks = {.owner = self, .step = on_step};
	struct can_driver_config config = {.port = interface, .fd = fd};

	const bool watch = self->watch;
	memset(self, 0, sizeof(*self));
	self->watch = watch;
	snprintf(interface_name, sizeof(interface_name), "%s", interface);
	uv_loop_init(&self->loop);
	uv_timer_init(&self->loop, &self->guard);
	self->guard.data = self;
	uv_timer_init(&self->loop, &self->pulse);
	self->pulse.data = self;
	self->last_pulse_us = can_driver_now_us();
	uv_timer_start(&self->pulse, on_pulse, PULSE_MS, PULSE_MS);
	self->epoll = epoll_create1(EPOLL_CLOEXEC);
	check(self->epoll >= 0, "epoll");
	uv_poll_init(&self->loop, &self->sockets, self->epoll);
	self->sockets.data = self;
	uv_poll_start(&self->sockets, UV_READABLE, on_sockets);
	const int r = can_driver_open(&self->loop, &config, &callbacks, &self->driver);
	errno = -r;
	check(r == 0, interface);
	if (self->watch)
		open_monitor(self);
}

void bench_close(struct bench *self)
{
	for (size_t i = 0; i < self->n_pairs; i++) {
		can_node_detach(can_driver_node(self->driver), &self->pairs[i]->channel);
		close(self->pairs[i]->socket);
		free(self->pairs[i]);
	}
	can_driver_close(self->driver);
	uv_close((uv_handle_t *)&self->sockets, NULL);
	uv_close((uv_handle_t *)&self->guard, NULL);
	uv_close((uv_handle_t *)&self->pulse, NULL);
	if (self->watch)
		uv_close((uv_handle_t *)&self->monitor, NULL);
	uv_run(&self->loop, UV_RUN_DEFAULT);
	uv_loop_close(&self->loop);
	close(self->epoll);
	if (self->watch)
		close(self->monitor_socket);
}

static void guard(struct bench *self, uint64_t ms)
{
	self->timed_out = false;
	uv_timer_start(&self->guard, on_guard, ms, 0);
}

void bench_run_for(struct bench *self, uint64_t ms)
{
	guard(self, ms);
	while (!self->timed_out)
		uv_run(&self->loop, UV_RUN_ONCE);
}

void pair_rounds(struct pair *self, const size_t *lengths, size_t n)
{
	self->lengths = lengths;
	self->n_lengths = n;
}

bool bench_rounds(struct bench *self)
{
	bool good = true;

	for (size_t i = 0; i < self->n_pairs; i++) {
		self->pairs[i]->next_length = 0;
		request(self->pairs[i], self->pairs[i]->lengths[0], self->pairs[i]->lengths[0]);
	}
	can_driver_kick(self->driver);
	guard(self, GUARD_MS);
	while (!rounds_are_over(self) && !self->timed_out)
		uv_run(&self->loop, UV_RUN_ONCE);
	for (size_t i = 0; i < self->n_pairs; i++) {
		const struct pair *pair = self->pairs[i];

		if (pair->failure[0] || self->timed_out)
			fprintf(stderr, "# pair %zu (form %d, %d bits, DL %u/%u%s, BS %u/%u, STmin %02X/%02X): %s\n", i,
				(int)pair->config.addressing, pair->config.extended_id ? 29 : 11, pair->config.our_dl,
				pair->config.kernel_dl, pair->config.unpadded ? ", unpadded" : "",
				pair->config.block_size, pair->config.kernel_block_size, pair->config.st_min,
				pair->config.kernel_st_min, pair->failure[0] ? pair->failure : "not over in time");
		good = good && !pair->failure[0];
	}
	return good && !self->timed_out;
}

static bool until(struct pair *self, bool (*condition)(const struct pair *))
{
	guard(self->bench, GUARD_MS);
	while (!condition(self) && !self->failure[0] && !self->bench->timed_out)
		uv_run(&self->bench->loop, UV_RUN_ONCE);
	if (self->failure[0])
		fprintf(stderr, "# %s\n", self->failure);
	return condition(self) && !self->failure[0];
}

static bool has_event(const struct pair *self)
{
	return self->event.kind != UDS_EVENT_NONE;
}

static bool has_error(const struct pair *self)
{
	return self->kernel_error != 0;
}

static bool has_received(const struct pair *self)
{
	return self->kernel_received;
}

bool pair_until_event(struct pair *self)
{
	return until(self, has_event);
}

bool pair_until_kernel_error(struct pair *self)
{
	return until(self, has_error);
}

bool pair_until_kernel_received(struct pair *self)
{
	return until(self, has_received);
}

bool pair_round(struct pair *self, size_t n)
{
	pair_request(self, n, n);
	return pair_until_event(self) && self->event.kind == UDS_EVENT_POSITIVE && self->event.n_pdu == n;
}
