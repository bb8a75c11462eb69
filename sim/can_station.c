#include "sim/can_station.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uds/port/can_link_setup.h"
#include "uds/port/hr_timer.h"

#define REOPEN_MS 500
/* a core whose frame cannot go out now has a deadline in the past: not to be asked in a tight loop */
#define RETRY_US 1000

struct can_station {
	uv_loop_t *loop;
	struct can_port *port; /* NULL while the bus is lost */
	char *name;
	bool fd;
	bool closing;
	struct hr_timer timer;
	uv_timer_t reopen;
	unsigned n_open_handles;
	void (*on_bus)(void *owner, int error);
	void *owner;
	uint16_t owners[CAN_STATION_WINDOW]; /* member of each outstanding frame, oldest first */
	unsigned owner_head;
	unsigned n_outstanding;
	size_t turn;
	bool held; /* a frame that the port did not take yet */
	struct can_msg held_msg;
	size_t n_members;
	struct can_station_member members[];
};

uint64_t can_station_now_us(void)
{
	return hr_timer_now_ns() / 1000;
}

static bool send_one(struct can_station *self, const struct can_msg *msg)
{
	if (can_port_send(self->port, msg, 1) == 1) {
		self->held = false;
		return true;
	}
	self->held = true;
	if (msg != &self->held_msg)
		self->held_msg = *msg;
	return false;
}

/* Return: false if no member has a frame */
static bool pop_in_turn(struct can_station *self, uint64_t now_us, struct can_msg *msg)
{
	for (size_t i = 0; i < self->n_members; i++) {
		size_t at = (self->turn + i) % self->n_members;
		struct can_station_member *member = &self->members[at];

		if (!member->pop_frame(member->core, now_us, msg))
			continue;
		self->owners[(self->owner_head + self->n_outstanding++) % CAN_STATION_WINDOW] = (uint16_t)at;
		self->turn = at + 1;
		return true;
	}
	return false;
}

static void send_frames(struct can_station *self, uint64_t now_us)
{
	struct can_msg msg;

	if (!self->port || (self->held && !send_one(self, &self->held_msg)))
		return;
	while (self->n_outstanding < CAN_STATION_WINDOW && pop_in_turn(self, now_us, &msg)) {
		if (!send_one(self, &msg))
			return;
	}
}

static void run(struct can_station *self, uint64_t now_us)
{
	uint64_t deadline = UINT64_MAX;

	for (size_t i = 0; i < self->n_members; i++)
		self->members[i].outputs(self->members[i].core, now_us);
	send_frames(self, now_us);
	for (size_t i = 0; i < self->n_members; i++) {
		uint64_t at = self->members[i].deadline(self->members[i].core);

		deadline = at < deadline ? at : deadline;
	}
	if (self->held && deadline > now_us + RETRY_US)
		deadline = now_us + RETRY_US;
	if (deadline <= now_us)
		deadline = now_us + RETRY_US;
	hr_timer_arm(&self->timer, deadline == UINT64_MAX ? HR_TIMER_NEVER : deadline * 1000);
}

static void confirm_oldest(struct can_station *self, uint64_t now_us)
{
	if (!self->n_outstanding)
		return;
	struct can_station_member *member = &self->members[self->owners[self->owner_head]];

	self->owner_head = (self->owner_head + 1) % CAN_STATION_WINDOW;
	self->n_outstanding--;
	member->confirm(member->core, now_us);
}

static void on_batch(void *owner, const struct can_port_batch *batch)
{
	struct can_station *self = owner;

	/* what was answered by the frames of this batch had left before them */
	for (size_t i = 0; i < batch->n_confirmed; i++)
		confirm_oldest(self, batch->now_us);
	for (size_t i = 0; i < batch->n_msgs; i++) {
		for (size_t m = 0; m < self->n_members; m++) {
			if (self->members[m].input)
				self->members[m].input(self->members[m].core, batch->now_us, &batch->msgs[i]);
		}
	}
	run(self, batch->now_us);
}

static void on_expire(void *owner)
{
	struct can_station *self = owner;
	uint64_t now_us = can_station_now_us();

	for (size_t i = 0; i < self->n_members; i++)
		self->members[i].expire(self->members[i].core, now_us);
	run(self, now_us);
}

static void on_lost(void *owner, int error);

static int open_port(struct can_station *self)
{
	struct can_port_callbacks callbacks = {.owner = self, .on_batch = on_batch, .on_lost = on_lost};
	struct can_port_filter *filters = calloc(self->n_members * CAN_STATION_MAX_IDS, sizeof(*filters));
	size_t n = 0;
	int r;

	if (!filters)
		return -ENOMEM;
	for (size_t m = 0; m < self->n_members; m++) {
		for (size_t i = 0; i < self->members[m].n_ids; i++)
			filters[n++] = self->members[m].ids[i];
	}
	r = can_port_open(self->loop, self->name, self->fd, &callbacks, &self->port);
	if (r == 0) {
		r = can_port_set_filters(self->port, filters, n);
		if (r != 0) {
			can_port_close(self->port);
			self->port = NULL;
		}
	}
	free(filters);
	return r;
}

static void on_reopen(uv_timer_t *timer)
{
	struct can_station *self = timer->data;

	if (open_port(self) != 0)
		return;
	uv_timer_stop(timer);
	if (self->on_bus)
		self->on_bus(self->owner, 0);
	can_station_kick(self);
}

static void on_lost(void *owner, int error)
{
	struct can_station *self = owner;
	uint64_t now_us = can_station_now_us();

	can_port_close(self->port);
	self->port = NULL;
	self->n_outstanding = 0;
	self->held = false;
	for (size_t i = 0; i < self->n_members; i++) {
		if (self->members[i].lost)
			self->members[i].lost(self->members[i].core, now_us);
	}
	uv_timer_start(&self->reopen, on_reopen, REOPEN_MS, REOPEN_MS);
	run(self, now_us);
	if (self->on_bus)
		self->on_bus(self->owner, error);
}

static void on_closed(struct can_station *self)
{
	if (--self->n_open_handles > 0)
		return;
	free(self->name);
	free(self);
}

static void on_timer_closed(void *owner)
{
	on_closed(owner);
}

static void on_reopen_closed(uv_handle_t *handle)
{
	on_closed(handle->data);
}

int can_station_open(uv_loop_t *loop, const char *port, bool fd, const struct can_station_member *members, size_t n,
		     void (*on_bus)(void *owner, int error), void *owner, struct can_station **station)
{
	struct can_station *self = calloc(1, sizeof(*self) + n * sizeof(members[0]));
	int r;

	if (!self)
		return -ENOMEM;
	self->loop = loop;
	self->fd = fd;
	self->on_bus = on_bus;
	self->owner = owner;
	self->n_members = n;
	memcpy(self->members, members, n * sizeof(members[0]));
	self->name = strdup(port);
	r = self->name ? hr_timer_init(&self->timer, loop, self, on_expire) : -ENOMEM;
	if (r != 0) {
		free(self->name);
		free(self);
		return r;
	}
	uv_timer_init(loop, &self->reopen); /* never fails */
	self->reopen.data = self;
	self->n_open_handles = 2;
	r = open_port(self);
	if (r != 0) {
		can_station_close(self);
		return r;
	}
	*station = self;
	can_station_kick(self);
	return 0;
}

void can_station_why(const char *port, bool fd, int error, char text[CAN_LINK_TEXT_BYTES])
{
	const struct can_link_wanted wanted = {.fd = fd}; /* with which nothing is changed */
	const bool is_link = strncmp(port, "unix:", 5) != 0 && error != -EAFNOSUPPORT;
	struct can_recovery none = {0};
	struct can_link_info info;

	if (!is_link || can_link_setup(port, &wanted, &none, can_station_now_us(), &info, text) == 0)
		snprintf(text, CAN_LINK_TEXT_BYTES, "%.200s: %s", port, strerror(-error));
}

void can_station_kick(struct can_station *self)
{
	on_expire(self);
}

bool can_station_is_up(const struct can_station *self)
{
	return self->port != NULL;
}

void can_station_close(struct can_station *self)
{
	if (!self || self->closing)
		return;
	self->closing = true;
	can_port_close(self->port);
	self->port = NULL;
	hr_timer_close(&self->timer, on_timer_closed);
	uv_close((uv_handle_t *)&self->reopen, on_reopen_closed);
}
