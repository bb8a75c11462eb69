#include "sim/bus_core.h"

#include <assert.h>
#include <string.h>

#include "uds/can_bits.h"

#define SECOND_NS UINT64_C(1000000000)

void bus_init(struct bus *self, const struct bus_config *config)
{
	memset(self, 0, sizeof(*self));
	self->config = *config;
	self->random = config->seed;
	self->sender = BUS_TAP;
}

int bus_attach(struct bus *self, bool echo)
{
	for (unsigned i = 0; i < BUS_MAX_CLIENTS; i++) {
		struct bus_client *c = &self->clients[i];

		if (c->attached || c->n > 0)
			continue;
		c->attached = true;
		c->echo = echo;
		c->head = 0;
		c->n = 0;
		c->last_arrival_ns = 0;
		c->n_frames = 0;
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

void bus_detach(struct bus *self, unsigned client)
{
	assert(client < BUS_MAX_CLIENTS);
	self->clients[client].attached = false;
	/* whoever gets this index next must not get the echo */
	if (self->sender == client)
		self->sender = BUS_TAP;
}

int bus_input(struct bus *self, uint64_t now_ns, unsigned client, const struct can_msg *msg)
{
	assert(client < BUS_MAX_CLIENTS && self->clients[client].attached);
	struct bus_client *c = &self->clients[client];

	if (msg->flags & CAN_MSG_ERROR)
		return BUS_INVALID;
	if (c->n == BUS_QUEUE)
		return BUS_FULL;
	if (now_ns > c->last_arrival_ns)
		c->last_arrival_ns = now_ns;
	struct bus_queued *q = &c->queue[(c->head + c->n) % BUS_QUEUE];
	q->arrival_ns = c->last_arrival_ns;
	q->msg = *msg;
	c->n++;
	return 0;
}

unsigned bus_room(const struct bus *self, unsigned client)
{
	assert(client < BUS_MAX_CLIENTS);
	return BUS_QUEUE - self->clients[client].n;
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

static uint64_t frame_time_ns(const struct bus *self, const struct can_msg *msg)
{
	return can_bits_time_ns(msg, self->config.nominal_bps, self->config.data_bps);
}

uint64_t bus_deadline(const struct bus *self)
{
	unsigned winner;
	uint64_t start_ns;

	if (self->on_wire)
		return self->end_ns;
	if (!next_winner(self, &winner, &start_ns))
		return BUS_NEVER;
	const struct bus_client *c = &self->clients[winner];
	return start_ns + frame_time_ns(self, &c->queue[c->head].msg);
}

void bus_expire(struct bus *self, uint64_t now_ns)
{
	if (now_ns > self->now_ns)
		self->now_ns = now_ns;
}

/* splitmix64: each state gives one number, so a run depends on the seed and the order of the frames alone */
static uint64_t next_random(struct bus *self)
{
	self->random += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = self->random;

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static bool draw_loss(struct bus *self)
{
	if (self->config.drop_ppm == 0)
		return false;
	if (self->config.drop_one_id && self->msg.id != self->config.drop_id)
		return false;
	return next_random(self) % 1000000 < self->config.drop_ppm;
}

static void count_busy(struct bus *self, uint64_t start_ns, uint64_t end_ns)
{
	while (start_ns < end_ns) {
		uint64_t second = start_ns / SECOND_NS;
		uint64_t second_end_ns = (second + 1) * SECOND_NS;
		uint64_t until_ns = end_ns < second_end_ns ? end_ns : second_end_ns;

		if (second >= self->second + BUS_LOAD_SECONDS) {
			memset(self->busy_in_second, 0, sizeof(self->busy_in_second));
			self->second = second;
		}
		while (self->second < second)
			self->busy_in_second[++self->second % BUS_LOAD_SECONDS] = 0;
		self->busy_in_second[second % BUS_LOAD_SECONDS] += (uint32_t)(until_ns - start_ns);
		start_ns = until_ns;
	}
}

static void take_bus(struct bus *self, unsigned winner, uint64_t start_ns)
{
	struct bus_client *c = &self->clients[winner];

	self->msg = c->queue[c->head].msg;
	self->sender = c->attached ? (uint8_t)winner : (uint8_t)BUS_TAP;
	c->head = (uint8_t)((c->head + 1) % BUS_QUEUE);
	c->n--;
	c->n_frames++;
	self->end_ns = start_ns + frame_time_ns(self, &self->msg);
	self->on_wire = true;
	count_busy(self, start_ns, self->end_ns);
	self->stats.busy_ns += self->end_ns - start_ns;
}

static void end_frame(struct bus *self)
{
	self->lost = draw_loss(self);
	self->delivering = true;
	self->next = 0;
	self->free_ns = self->end_ns;
	self->stats.n_frames++;
	self->stats.n_dropped += self->lost;
	self->stats.end_ns = self->end_ns;
}

/* Return: whether a frame has ended by now and is to be delivered */
static bool advance(struct bus *self)
{
	unsigned winner;
	uint64_t start_ns;

	if (!self->on_wire) {
		/* at its very start others may still join the arbitration */
		if (!next_winner(self, &winner, &start_ns) || start_ns >= self->now_ns)
			return false;
		take_bus(self, winner, start_ns);
	}
	if (self->end_ns > self->now_ns)
		return false;
	end_frame(self);
	return true;
}

static bool wants(const struct bus *self, unsigned client)
{
	if (!self->clients[client].attached)
		return false;
	if (client == self->sender)
		return self->clients[client].echo;
	return !self->lost;
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
	delivery->msg = self->msg;
	delivery->client = tap ? BUS_TAP : (uint8_t)(self->next - 1);
	delivery->echo = !tap && delivery->client == self->sender;
	delivery->lost = tap && self->lost;
	if (!tap)
		self->next++;
	return true;
}

bool bus_pop_delivery(struct bus *self, struct bus_delivery *delivery)
{
	for (;;) {
		if (self->delivering) {
			if (next_delivery(self, delivery))
				return true;
			self->delivering = false;
			self->on_wire = false;
			self->sender = BUS_TAP;
		}
		if (!advance(self))
			return false;
	}
}

void bus_set_drop(struct bus *self, uint32_t drop_ppm)
{
	self->config.drop_ppm = drop_ppm;
}

struct bus_stats bus_stats(const struct bus *self)
{
	return self->stats;
}

uint64_t bus_client_frames(const struct bus *self, unsigned client)
{
	assert(client < BUS_MAX_CLIENTS);
	return self->clients[client].n_frames;
}

unsigned bus_load_permille(const struct bus *self, uint64_t second)
{
	if (second > self->second || second + BUS_LOAD_SECONDS <= self->second)
		return 0;
	return (unsigned)(self->busy_in_second[second % BUS_LOAD_SECONDS] / (SECOND_NS / 1000));
}
