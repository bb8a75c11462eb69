#include "uds/port/can_driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uds/port/can_filters.h"
#include "uds/port/can_link_setup.h"
#include "uds/port/can_rest.h"
#include "uds/port/can_sent.h"
#include "uds/port/can_unseen.h"
#include "uds/port/hr_timer.h"

#define REOPEN_MS          500u
#define REFUSED_MS         10000 /* until settings that the interface's driver refused are tried again */
#define DEFAULT_WINDOW     32u
#define MAX_STEPS_PER_TURN 16u
#define MAX_READS_PER_TURN 64u /* of a full batch each: more than a socket holds */

struct can_driver {
	uv_loop_t *loop;
	char *port_name;
	bool fd;
	uint8_t window;
	struct can_driver_callbacks callbacks;
	bool has_link;
	struct can_link_wanted link;
	char link_text[CAN_LINK_TEXT_BYTES]; /* as last told */
	struct can_recovery recovery;
	struct can_health health;
	struct can_port *port;      /* NULL while the bus is lost */
	struct can_port_stats past; /* of the ports that were lost */
	struct can_node node;
	struct hr_timer timer;
	uv_timer_t reopen_timer;
	uint8_t n_open_handles;
	bool closing;
	bool running; /* inside of run(): a kick only asks for another step */
	bool again;
	uint64_t owner_deadline_us;
	struct can_filters filters;
	/* frames that the node has given away and the port had no room for */
	struct can_msg stash[CAN_PORT_BATCH];
	size_t n_stash;
	struct can_sent sent; /* for on_traffic */
	struct can_rest rest;
	struct can_unseen unseen;
};

uint64_t can_driver_now_us(void)
{
	return hr_timer_now_ns() / 1000;
}

/* filters */

static void apply_filters(struct can_driver *self)
{
	if (self->port)
		can_port_set_filters(self->port, self->filters.ids, self->callbacks.on_traffic ? 0 : self->filters.n);
}

void can_driver_refresh_filters(struct can_driver *self)
{
	can_filters_collect(&self->filters, &self->node);
	apply_filters(self);
}

static void admit_echo(struct can_driver *self, const struct can_msg *msg)
{
	if (can_filters_admit(&self->filters, msg->id, (msg->flags & CAN_MSG_EXTENDED) != 0))
		apply_filters(self);
}

int can_driver_watch(struct can_driver *self, const struct can_port_filter *ids, size_t n)
{
	int r = can_filters_watch(&self->filters, ids, n);

	if (r == 0)
		can_driver_refresh_filters(self);
	return r;
}

/* traffic */

/* own frames first: what others answered to them came later */
static void show_traffic(struct can_driver *self, const struct can_port_batch *batch)
{
	if (!self->callbacks.on_traffic)
		return;
	for (size_t i = 0; i < batch->n_confirmed; i++) {
		const struct can_msg *own = can_sent_pop(&self->sent);

		if (own)
			self->callbacks.on_traffic(self->callbacks.owner, batch->now_us, own, true);
	}
	for (size_t i = 0; i < batch->n_msgs; i++)
		self->callbacks.on_traffic(self->callbacks.owner, batch->now_us, &batch->msgs[i], false);
}

/* running */

static bool one_channel_is_busy(const struct can_driver *self)
{
	unsigned n_busy = 0;

	for (size_t i = 0; i < self->node.n_channels; i++) {
		if (self->node.channels[i] && !uds_channel_idle(self->node.channels[i]))
			n_busy++;
	}
	return n_busy == 1;
}

/* While another ECU of this bus is being talked to, every frame is read at once. */
static void plan_rest(struct can_driver *self, uint64_t now_us)
{
	if (!self->port || self->rest.until_us != 0 || self->callbacks.on_traffic || !one_channel_is_busy(self))
		return;
	if (can_rest_begin(&self->rest, now_us, self->node.n_outstanding))
		can_port_pause(self->port);
}

/* What has gathered is read at once; only if it brings no further rest, the loop is to watch the port again. */
static void end_rest(struct can_driver *self)
{
	if (self->rest.until_us == 0)
		return;
	self->rest.until_us = 0;
	self->rest.rested = true;
	if (self->port)
		can_port_read(self->port);
	self->rest.rested = false;
	if (!self->closing && self->port && self->rest.until_us == 0)
		can_port_resume(self->port);
}

static void send_frames(struct can_driver *self, uint64_t now_us)
{
	if (self->node.n_outstanding == 0)
		can_rest_idle(&self->rest, now_us);
	while (self->port) {
		while (self->n_stash < CAN_PORT_BATCH &&
		       can_node_pop_frame(&self->node, now_us, &self->stash[self->n_stash])) {
			admit_echo(self, &self->stash[self->n_stash]);
			self->n_stash++;
		}
		if (self->n_stash == 0)
			return;
		size_t taken = can_port_send(self->port, self->stash, self->n_stash);
		for (size_t i = 0; self->callbacks.on_traffic && i < taken; i++)
			can_sent_push(&self->sent, &self->stash[i]);
		self->n_stash -= taken;
		memmove(self->stash, self->stash + taken, self->n_stash * sizeof(self->stash[0]));
		if (taken == 0)
			return; /* again with the next batch */
	}
}

static void arm(struct can_driver *self)
{
	uint64_t deadline_us = can_node_deadline(&self->node);

	if (self->owner_deadline_us < deadline_us)
		deadline_us = self->owner_deadline_us;
	if (self->rest.until_us != 0 && self->rest.until_us < deadline_us)
		deadline_us = self->rest.until_us;
	if (self->again)
		deadline_us = 0; /* the owner still wants a step, or more is to be read: on the next turn of the loop */
	hr_timer_arm(&self->timer, deadline_us >= UINT64_MAX / 1000 ? HR_TIMER_NEVER : deadline_us * 1000);
}

static void step(struct can_driver *self, uint64_t now_us)
{
	self->unseen.n = 0;
	self->owner_deadline_us = self->callbacks.step(self->callbacks.owner, now_us);
}

/* the owner moves, frames go out; a kick from within step() makes another round, a bounded number */
static void advance(struct can_driver *self, uint64_t now_us)
{
	unsigned n_steps = 0;

	self->running = true;
	do {
		self->again = false;
		step(self, now_us);
		send_frames(self, now_us);
	} while (self->again && ++n_steps < MAX_STEPS_PER_TURN);
	self->running = false;
}

static void run(struct can_driver *self, uint64_t now_us)
{
	advance(self, now_us);
	arm(self);
}

void can_driver_kick(struct can_driver *self)
{
	uint64_t now_us;

	if (self->running) {
		self->again = true;
		return;
	}
	if (self->closing)
		return;
	now_us = can_driver_now_us();
	if (now_us < self->owner_deadline_us) {
		run(self, now_us);
		return;
	}
	self->again = true; /* what the owner waits for may be in the socket: at the end of this turn */
	arm(self);
}

/* what the node gives up, the port need not wait for */
static void expire_node(struct can_driver *self, uint64_t now_us)
{
	const bool waited = self->node.n_outstanding > 0;

	can_node_expire(&self->node, now_us);
	if (waited && self->node.n_outstanding == 0 && self->port)
		can_port_forget_sent(self->port);
}

static void on_expire(void *owner)
{
	struct can_driver *self = owner;

	if (self->closing)
		return;
	end_rest(self);
	for (unsigned i = 0; self->port && can_port_behind(self->port) && i < MAX_READS_PER_TURN; i++)
		can_port_read(self->port);
	if (self->closing)
		return;
	uint64_t now_us = can_driver_now_us();
	expire_node(self, now_us);
	run(self, now_us);
}

static bool take_error(struct can_driver *self, uint64_t now_us, const struct can_msg *msg)
{
	struct can_error error;
	bool changed;

	if (!can_error_decode(msg, &error))
		return false;
	changed = can_health_input(&self->health, &error);
	if (self->callbacks.on_error)
		self->callbacks.on_error(self->callbacks.owner, now_us, &error, changed);
	return true;
}

const struct can_health *can_driver_health(const struct can_driver *self)
{
	return &self->health;
}

static void on_batch(void *owner, const struct can_port_batch *batch)
{
	struct can_driver *self = owner;
	uint64_t now_us = batch->now_us;

	can_rest_measure(&self->rest, now_us, batch->n_confirmed, self->node.n_outstanding);
	show_traffic(self, batch);
	self->running = true;
	if (batch->n_confirmed > 0)
		can_node_confirm(&self->node, now_us, batch->n_confirmed);
	for (size_t i = 0; i < batch->n_msgs && !self->closing; i++) {
		if (take_error(self, now_us, &batch->msgs[i]))
			continue;
		if (can_unseen_full_or_has(&self->unseen, &batch->msgs[i]))
			step(self, now_us);
		if (can_node_input(&self->node, now_us, &batch->msgs[i]))
			can_unseen_add(&self->unseen, &batch->msgs[i]);
		else if (self->callbacks.on_frame)
			self->callbacks.on_frame(self->callbacks.owner, now_us, &batch->msgs[i]);
	}
	self->running = false;
	if (self->closing)
		return;
	const bool node_is_due = can_node_deadline(&self->node) <= now_us;
	if (can_port_behind(self->port) && (node_is_due || self->owner_deadline_us <= now_us)) {
		/* it may have been answered by what still waits: on_expire() reads that first */
		self->again = true;
		arm(self);
		return;
	}
	/* what is due at this very time must not wait for the timer's turn */
	if (node_is_due)
		expire_node(self, now_us);
	advance(self, now_us);
	plan_rest(self, now_us);
	arm(self);
}

/* losing and reopening the bus */

static void on_reopen(uv_timer_t *timer);

static bool is_interface(const struct can_driver *self)
{
	return strncmp(self->port_name, "unix:", 5) != 0;
}

static void on_lost(void *owner, int error)
{
	struct can_driver *self = owner;
	/* what is to be done about a bus-off, and when, is found out at once */
	const bool at_once = self->health.state == CAN_BUS_OFF && is_interface(self);

	can_port_add_stats(self->port, &self->past);
	can_port_close(self->port);
	self->port = NULL;
	self->n_stash = 0;
	self->sent.n = 0;
	can_rest_reset(&self->rest);
	can_node_reset_outstanding(&self->node);
	uv_timer_start(&self->reopen_timer, on_reopen, at_once ? 0 : REOPEN_MS, REOPEN_MS);
	arm(self);
	if (self->callbacks.on_bus)
		self->callbacks.on_bus(self->callbacks.owner, error);
}

static void tell_link(struct can_driver *self, const char *text)
{
	if (strcmp(text, self->link_text) == 0)
		return;
	snprintf(self->link_text, sizeof(self->link_text), "%s", text);
	if (text[0] && self->callbacks.on_link)
		self->callbacks.on_link(self->callbacks.owner, text);
}

/* the interface is as wanted, or made so, and the state that its controller is in is known */
static int open_link(struct can_driver *self)
{
	struct can_link_info info = {0};
	char text[CAN_LINK_TEXT_BYTES];
	int r;

	if (is_interface(self)) {
		if (self->has_link) {
			r = can_link_setup(self->port_name, &self->link, &self->recovery, can_driver_now_us(), &info,
					   text);
			tell_link(self, text);
			if (r < 0)
				return r;
		} else if (can_link_read(self->port_name, &info) < 0) {
			info.state = CAN_BUS_ACTIVE; /* can_port_open() finds out what is wrong */
		}
	}
	if (self->health.state == CAN_BUS_OFF && info.state != CAN_BUS_OFF)
		self->health.n_restarts++; /* while nobody listened */
	self->health.state = info.state;
	return 0;
}

static int open_port(struct can_driver *self)
{
	struct can_port_callbacks callbacks = {.owner = self, .on_batch = on_batch, .on_lost = on_lost};
	int r = open_link(self);

	if (r == 0)
		r = can_port_open(self->loop, self->port_name, self->fd, &callbacks, &self->port);
	if (r != 0)
		return r;
	can_rest_idle(&self->rest, can_driver_now_us());
	can_driver_refresh_filters(self);
	return 0;
}

static void on_reopen(uv_timer_t *timer)
{
	struct can_driver *self = timer->data;
	int r = open_port(self);

	if (r != 0) {
		const uint64_t wait_ms = can_recovery_wait_ms(&self->recovery, can_driver_now_us(), REOPEN_MS);

		uv_timer_start(timer, on_reopen, r == -EIO ? REFUSED_MS : wait_ms, REOPEN_MS);
		return;
	}
	uv_timer_stop(&self->reopen_timer);
	if (self->callbacks.on_bus)
		self->callbacks.on_bus(self->callbacks.owner, 0);
	if (!self->closing)
		run(self, can_driver_now_us());
}

/* life */

static void reclaim(struct can_driver *self)
{
	if (--self->n_open_handles > 0)
		return;
	can_filters_deinit(&self->filters);
	free(self->port_name);
	free(self);
}

static void on_timer_closed(void *owner)
{
	reclaim(owner);
}

static void on_reopen_closed(uv_handle_t *handle)
{
	reclaim(handle->data);
}

static struct can_driver *allocate(uv_loop_t *loop, const struct can_driver_config *config)
{
	struct can_driver *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->port_name = strdup(config->port);
	if (!self->port_name) {
		free(self);
		return NULL;
	}
	self->loop = loop;
	self->fd = config->fd;
	self->has_link = config->link != NULL;
	if (config->link)
		self->link = *config->link;
	self->window = config->window ? config->window : DEFAULT_WINDOW;
	if (self->window > CAN_NODE_MAX_WINDOW)
		self->window = CAN_NODE_MAX_WINDOW;
	self->owner_deadline_us = UDS_NEVER;
	can_node_init(&self->node, self->window);
	return self;
}

int can_driver_open(uv_loop_t *loop, const struct can_driver_config *config,
		    const struct can_driver_callbacks *callbacks, struct can_driver **driver)
{
	struct can_driver *self = allocate(loop, config);

	if (!self)
		return -ENOMEM;
	self->callbacks = *callbacks;
	int r = hr_timer_init(&self->timer, loop, self, on_expire);
	if (r != 0) {
		free(self->port_name);
		free(self);
		return r;
	}
	uv_timer_init(loop, &self->reopen_timer); /* never fails */
	self->reopen_timer.data = self;
	self->n_open_handles = 2;
	r = open_port(self);
	if (r != 0) {
		can_driver_close(self);
		return r;
	}
	*driver = self;
	return 0;
}

struct can_node *can_driver_node(struct can_driver *self)
{
	return &self->node;
}

void can_driver_stats(const struct can_driver *self, struct can_port_stats *out)
{
	*out = self->past;
	if (self->port)
		can_port_add_stats(self->port, out);
}

void can_driver_close(struct can_driver *self)
{
	if (!self || self->closing)
		return;
	self->closing = true;
	can_port_close(self->port);
	self->port = NULL;
	hr_timer_close(&self->timer, on_timer_closed);
	uv_close((uv_handle_t *)&self->reopen_timer, on_reopen_closed);
}
