#include "sim/bus_internal.h"

#include <assert.h>
#include <string.h>

#include "sim/bus_error.h"

#define MS_NS       UINT64_C(1000000)
#define QUEUE_SLOTS (BUS_QUEUE + 1u)

/* news of a client's controller */
#define NEWS_OFF           0x01u /* it is off the bus, and a frame was lost because of that */
#define NEWS_RESTARTED     0x02u
#define NEWS_RESTARTED_TAP 0x04u /* ditto, for the log */

void bus_init(struct bus *self, const struct bus_config *config)
{
	memset(self, 0, sizeof(*self));
	self->config = *config;
	self->sender = BUS_TAP;
	bus_init_drop(self);
}

int bus_attach(struct bus *self, bool echo)
{
	for (unsigned i = 0; i < BUS_MAX_CLIENTS; i++) {
		struct bus_client *c = &self->clients[i];

		if (c->attached || c->n > 0)
			continue;
		*c = (struct bus_client){.attached = true, .echo = echo};
		if (i >= self->n_slots)
			self->n_slots = i + 1;
		return (int)i;
	}
	return -1;
}

void bus_set_echo(struct bus *self, unsigned client, bool echo)
{
	assert(client < BUS_MAX_CLIENTS);
	self->clients[client].echo = echo;
}

void bus_set_errors(struct bus *self, unsigned client, bool errors)
{
	assert(client < BUS_MAX_CLIENTS);
	self->clients[client].errors = errors;
}

void bus_detach(struct bus *self, unsigned client)
{
	assert(client < BUS_MAX_CLIENTS);
	self->clients[client].attached = false;
	self->clients[client].off = false;
	self->clients[client].news = 0;
	/* whoever gets this index next must not get the echo */
	if (self->sender == client)
		self->sender = BUS_TAP;
}

static void tell(struct bus_client *c, unsigned news, uint64_t at_ns)
{
	c->news |= (uint8_t)news;
	c->news_ns = at_ns;
}

int bus_input(struct bus *self, uint64_t now_ns, unsigned client, const struct can_msg *msg)
{
	assert(client < BUS_MAX_CLIENTS && self->clients[client].attached);
	struct bus_client *c = &self->clients[client];

	if (msg->flags & CAN_MSG_ERROR)
		return BUS_INVALID;
	if (c->off) {
		c->stats.n_lost++;
		tell(c, NEWS_OFF, now_ns);
		return 0;
	}
	if (c->n >= BUS_QUEUE)
		return BUS_FULL;
	now_ns += bus_draw_delay_ns(self, msg, client);
	if (now_ns > c->last_arrival_ns)
		c->last_arrival_ns = now_ns;
	struct bus_queued *q = &c->queue[(c->head + c->n) % QUEUE_SLOTS];
	q->arrival_ns = c->last_arrival_ns;
	q->msg = *msg;
	q->bits = can_bits_count(msg);
	c->n++;
	return 0;
}

unsigned bus_room(const struct bus *self, unsigned client)
{
	assert(client < BUS_MAX_CLIENTS);
	const unsigned n = self->clients[client].n;

	return n < BUS_QUEUE ? BUS_QUEUE - n : 0;
}

/*
 * The bits of the arbitration field as they follow each other on the wire; the lowest wins. The 11 base bits come
 * first, then RTR (standard) or SRR (extended, recessive), then IDE, so a standard frame beats an extended one with its
 * base.
 */
static uint32_t arbitration_key(const struct can_msg *msg)
{
	uint32_t rtr = msg->flags & CAN_MSG_RTR ? 1 : 0;

	if (msg->flags & CAN_MSG_EXTENDED) {
		uint32_t base = msg->id >> 18 & 0x7ff;
		uint32_t rest = msg->id & 0x3ffff;

		return base << 21 | 1u << 20 | 1u << 19 | rest << 1 | rtr;
	}
	return (msg->id & 0x7ff) << 21 | rtr << 20;
}

/* who has the bus next, and from when on: nothing is decided before that time has passed */
static bool next_winner(const struct bus *self, unsigned *winner, uint64_t *start_ns)
{
	uint64_t start = UINT64_MAX;
	uint32_t best_key = 0;
	bool found = false;

	for (unsigned i = 0; i < self->n_slots; i++) {
		const struct bus_client *c = &self->clients[i];

		if (c->n > 0 && c->queue[c->head].arrival_ns < start)
			start = c->queue[c->head].arrival_ns;
	}
	if (start == UINT64_MAX)
		return false;
	if (start < self->free_ns)
		start = self->free_ns;
	for (unsigned i = 0; i < self->n_slots; i++) {
		const struct bus_client *c = &self->clients[i];

		if (c->n == 0 || c->queue[c->head].arrival_ns > start)
			continue;
		/* two senders of one identifier would collide for good; here the earlier client goes first */
		uint32_t key = arbitration_key(&c->queue[c->head].msg);
		if (!found || key < best_key) {
			found = true;
			best_key = key;
			*winner = i;
		}
	}
	*start_ns = start;
	return found;
}

static uint64_t frame_time_ns(const struct bus *self, struct can_bits bits)
{
	return can_bits_ns(bits, self->config.nominal_bps, self->config.data_bps);
}

/* Return: the client that comes back next, or BUS_MAX_CLIENTS */
static unsigned next_restart(const struct bus *self)
{
	unsigned found = BUS_MAX_CLIENTS;

	for (unsigned i = 0; i < self->n_slots; i++) {
		const struct bus_client *c = &self->clients[i];

		if (c->off && c->restart_ns != BUS_NEVER &&
		    (found == BUS_MAX_CLIENTS || c->restart_ns < self->clients[found].restart_ns))
			found = i;
	}
	return found;
}

static bool next_news(const struct bus *self, unsigned *client)
{
	for (unsigned i = 0; i < self->n_slots; i++) {
		if (self->clients[i].news) {
			*client = i;
			return true;
		}
	}
	return false;
}

uint64_t bus_deadline(const struct bus *self)
{
	uint64_t deadline_ns = BUS_NEVER;
	unsigned who = next_restart(self);
	uint64_t start_ns;

	if (who < BUS_MAX_CLIENTS)
		deadline_ns = self->clients[who].restart_ns;
	if (next_news(self, &who) && self->clients[who].news_ns < deadline_ns)
		deadline_ns = self->clients[who].news_ns;
	if (self->on_wire)
		return self->end_ns < deadline_ns ? self->end_ns : deadline_ns;
	if (!next_winner(self, &who, &start_ns))
		return deadline_ns;
	const struct bus_client *c = &self->clients[who];
	uint64_t end_ns = start_ns + frame_time_ns(self, c->queue[c->head].bits);
	return end_ns < deadline_ns ? end_ns : deadline_ns;
}

void bus_expire(struct bus *self, uint64_t now_ns)
{
	if (now_ns > self->now_ns)
		self->now_ns = now_ns;
}

static struct bus_client *sender_of(struct bus *self)
{
	return self->sender == BUS_TAP ? NULL : &self->clients[self->sender];
}

static bool is_error(const struct bus *self)
{
	return self->outcome == BUS_DESTROYED || self->outcome == BUS_SENDER_OFF;
}

static void take_bus(struct bus *self, unsigned winner, uint64_t start_ns)
{
	struct bus_client *c = &self->clients[winner];

	self->msg = c->queue[c->head].msg;
	self->bits = c->queue[c->head].bits;
	self->sender = c->attached ? (uint8_t)winner : (uint8_t)BUS_TAP;
	c->head = (uint8_t)((c->head + 1) % QUEUE_SLOTS);
	c->n--;
	self->outcome = BUS_SENT;
	if (!c->again)
		bus_draw_outcome(self);
	c->again = false;
	self->start_ns = start_ns;
	self->end_ns = start_ns + frame_time_ns(self, self->bits);
	if (is_error(self))
		self->end_ns += BUS_ERROR_MORE_BITS * UINT64_C(1000000000) / self->config.nominal_bps;
	self->on_wire = true;
	bus_count_busy(self, c->attached ? &c->stats : NULL, start_ns, self->end_ns);
}

/* the frame on the wire is its sender's next one again */
static void put_back(struct bus *self, struct bus_client *c)
{
	c->head = (uint8_t)((c->head + QUEUE_SLOTS - 1) % QUEUE_SLOTS);
	c->queue[c->head] = (struct bus_queued){.arrival_ns = self->start_ns, .msg = self->msg, .bits = self->bits};
	c->n++;
}

static void go_off(struct bus *self, struct bus_client *c)
{
	c->off = true;
	c->restart_ns = self->off_ms ? self->end_ns + self->off_ms * MS_NS : BUS_NEVER;
	c->stats.n_lost += c->n + 1u;
	c->n = 0;
}

static void destroy_frame(struct bus *self, struct bus_client *c)
{
	self->stats.n_errors++;
	if (!c)
		return;
	const unsigned before = c->tx_errors;

	c->tx_errors = (uint16_t)(self->outcome == BUS_SENDER_OFF ? BUS_ERROR_OFF : before + BUS_ERROR_STEP);
	self->sender_error = bus_error_of_sender(before, c->tx_errors);
	c->stats.n_errors++;
	if (c->tx_errors >= BUS_ERROR_OFF)
		go_off(self, c);
	else
		put_back(self, c);
}

static void end_frame(struct bus *self)
{
	struct bus_client *c = sender_of(self);

	self->delivering = true;
	self->next = 0;
	self->free_ns = self->end_ns;
	self->stats.end_ns = self->end_ns;
	if (is_error(self)) {
		destroy_frame(self, c);
		return;
	}
	bus_count_frame(self, c ? &c->stats : NULL, self->bits.nominal + self->bits.data);
	if (c && c->tx_errors > 0)
		c->tx_errors--;
	if (c && self->outcome == BUS_TWICE) {
		c->again = true;
		put_back(self, c);
	}
}

static void restart(struct bus_client *c, uint64_t at_ns)
{
	c->off = false;
	c->tx_errors = 0;
	tell(c, NEWS_RESTARTED | NEWS_RESTARTED_TAP, at_ns);
}

bool bus_restore(struct bus *self, uint64_t now_ns, unsigned client)
{
	assert(client < BUS_MAX_CLIENTS);
	if (!self->clients[client].off)
		return false;
	restart(&self->clients[client], now_ns);
	return true;
}

bool bus_client_is_off(const struct bus *self, unsigned client)
{
	assert(client < BUS_MAX_CLIENTS);
	return self->clients[client].off;
}

/* Return: whether something is to be delivered: a frame has ended by now, or a controller has news */
static bool advance(struct bus *self)
{
	const unsigned back = next_restart(self);
	const uint64_t back_ns = back < BUS_MAX_CLIENTS ? self->clients[back].restart_ns : BUS_NEVER;
	unsigned winner;
	uint64_t start_ns;

	/* at its very start others may still join the arbitration */
	if (!self->on_wire && next_winner(self, &winner, &start_ns) && start_ns < self->now_ns && start_ns <= back_ns)
		take_bus(self, winner, start_ns);
	/* what comes first, so that the log is in order although the caller may be late */
	if (back_ns <= self->now_ns && (!self->on_wire || back_ns < self->end_ns)) {
		restart(&self->clients[back], back_ns);
		return true;
	}
	if (!self->on_wire || self->end_ns > self->now_ns)
		return false;
	end_frame(self);
	return true;
}

static bool wants(const struct bus *self, unsigned client)
{
	const struct bus_client *c = &self->clients[client];

	if (!c->attached)
		return false;
	if (is_error(self))
		return c->errors && (client == self->sender || !c->off);
	if (client == self->sender)
		return c->echo && self->outcome != BUS_TWICE;
	return self->outcome != BUS_LOST && !c->off;
}

/* the frame on the wire, or what this client's controller reports of its end */
static struct can_msg as_seen_by(const struct bus *self, unsigned client)
{
	if (!is_error(self))
		return self->msg;
	return client == self->sender && client != BUS_TAP ? self->sender_error : bus_error_seen();
}

static bool next_delivery(struct bus *self, struct bus_delivery *delivery)
{
	bool tap = self->next == 0 && self->config.tap;

	if (self->next == 0)
		self->next = 1;
	while (!tap && self->next <= self->n_slots && !wants(self, self->next - 1u))
		self->next++;
	if (!tap && self->next > self->n_slots)
		return false;
	delivery->at_ns = self->end_ns;
	delivery->sender = self->sender;
	delivery->client = tap ? BUS_TAP : (uint8_t)(self->next - 1);
	delivery->msg = as_seen_by(self, delivery->client);
	delivery->echo = !tap && delivery->client == self->sender && !is_error(self);
	delivery->lost = tap && self->outcome == BUS_LOST;
	if (!tap)
		self->next++;
	return true;
}

/* Return: false if nobody wants to know it */
static bool pop_news(struct bus *self, unsigned client, struct bus_delivery *delivery)
{
	struct bus_client *c = &self->clients[client];
	const bool tap = c->news & NEWS_RESTARTED_TAP;
	const bool restarted = tap || c->news & NEWS_RESTARTED;

	c->news = (uint8_t)(c->news & ~(tap ? NEWS_RESTARTED_TAP : restarted ? NEWS_RESTARTED : NEWS_OFF));
	if (tap ? !self->config.tap : !c->errors)
		return false;
	*delivery = (struct bus_delivery){
	    .at_ns = c->news_ns,
	    .client = tap ? BUS_TAP : (uint8_t)client,
	    .sender = (uint8_t)client,
	    .msg = restarted ? bus_error_restarted() : bus_error_off(),
	};
	return true;
}

bool bus_pop_delivery(struct bus *self, struct bus_delivery *delivery)
{
	unsigned client;

	for (;;) {
		if (self->delivering) {
			if (next_delivery(self, delivery))
				return true;
			self->delivering = false;
			self->on_wire = false;
			self->sender = BUS_TAP;
		}
		if (next_news(self, &client)) {
			if (pop_news(self, client, delivery))
				return true;
		} else if (!advance(self)) {
			return false;
		}
	}
}
