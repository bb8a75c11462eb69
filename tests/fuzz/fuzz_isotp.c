/*
 * fuzz_isotp - two links on a wire that the input runs: it lets frames through, loses them, puts in others, confirms
 * early, late or never, holds receptions and releases them, and lets time pass.
 *
 * Whatever comes: no event without a cause, every message that is sent ends once, frames handed out stay within their
 * bound, and after isotp_expire() the next deadline lies ahead. As long as the wire was honest, a message that arrives
 * is one that was sent.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/bytes.h"
#include "uds/isotp.h"

#define RX_CAP    600u
#define TX_MAX    700u
#define WIRE      64u
#define MAX_STEPS 400u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct end {
	struct isotp link;
	uint8_t rx[RX_CAP];
	uint8_t tx[TX_MAX];
	struct can_msg wire[WIRE]; /* frames of this end that have not arrived, oldest first */
	size_t n_wire;
	size_t n_unconfirmed;
	bool sending;
	bool receiving;
	bool may_send_end, may_receive; /* what this door may bring about */
};

struct world {
	struct end ends[2];
	uint64_t now_us;
	bool honest;
};

/* a message's bytes follow from its first one and its length */
static void compose(uint8_t *out, size_t n, uint8_t first)
{
	out[0] = first;
	for (size_t i = 1; i < n; i++)
		out[i] = (uint8_t)(out[i - 1] * 5u + n);
}

static void check_received(const struct world *world, const struct end *self, const struct isotp_event *event)
{
	uint8_t expected[RX_CAP];

	assert(event->data == self->rx && event->n >= 1 && event->n <= RX_CAP);
	if (!world->honest)
		return;
	compose(expected, event->n, event->data[0]);
	assert(memcmp(expected, event->data, event->n) == 0);
}

static void take_event(const struct world *world, struct end *self, const struct isotp_event *event)
{
	switch (event->kind) {
	case ISOTP_EVENT_NONE:
		abort();
	case ISOTP_EVENT_SENT:
	case ISOTP_EVENT_SEND_FAILED:
		assert(self->may_send_end && self->sending && !isotp_sending(&self->link));
		assert((event->reason == ISOTP_REASON_NONE) == (event->kind == ISOTP_EVENT_SENT));
		self->sending = false;
		break;
	case ISOTP_EVENT_RX_STARTED:
		assert(self->may_receive && !self->receiving && event->n >= 1 && event->n <= RX_CAP && event->data);
		self->receiving = true;
		break;
	case ISOTP_EVENT_RECEIVED:
		assert(self->may_receive);
		check_received(world, self, event);
		self->receiving = false;
		break;
	case ISOTP_EVENT_RX_FAILED:
		assert(self->may_receive && event->reason != ISOTP_REASON_NONE);
		assert(self->receiving || event->reason == ISOTP_REASON_NO_BUFFER);
		self->receiving = false;
		break;
	}
	assert(isotp_reason_text(event->reason)[0]);
}

static void drain(struct world *world)
{
	for (size_t i = 0; i < 2; i++) {
		struct end *self = &world->ends[i];
		struct isotp_event event;

		while (isotp_pop_event(&self->link, &event))
			take_event(world, self, &event);
		assert(self->sending == isotp_sending(&self->link));
		if (self->sending || self->receiving)
			assert(isotp_deadline(&self->link) != UDS_NEVER);
		self->may_send_end = false;
		self->may_receive = false;
	}
}

static void send(struct world *world, struct end *self, struct bytes *in)
{
	const size_t n = 1u + bytes_u16(in) % TX_MAX;

	if (self->sending) {
		assert(isotp_send(&self->link, world->now_us, self->tx, n) == ISOTP_BUSY);
		return;
	}
	compose(self->tx, n, bytes_u8(in));
	assert(isotp_send(&self->link, world->now_us, self->tx, n) == 0);
	self->sending = true;
}

static void pop(struct world *world, struct end *self, size_t at_most)
{
	struct can_msg msg;

	while (at_most-- > 0 && self->n_wire < WIRE && isotp_pop_frame(&self->link, world->now_us, &msg)) {
		assert(msg.id == self->link.config.address.tx_id && msg.len <= self->link.config.tx_dl);
		assert(can_msg_fd_len(msg.len) == msg.len);
		self->wire[self->n_wire++] = msg;
		self->n_unconfirmed++;
		assert(self->n_unconfirmed <= ISOTP_MAX_UNCONFIRMED);
	}
}

static void confirm(struct world *world, struct end *self, size_t at_most)
{
	while (at_most-- > 0 && self->n_unconfirmed > 0) {
		self->n_unconfirmed--;
		self->may_send_end = true;
		isotp_confirm(&self->link, world->now_us);
		drain(world);
	}
}

static void input(struct world *world, struct end *to, const struct can_msg *msg)
{
	to->may_send_end = true; /* a flow control may say overflow */
	to->may_receive = true;
	isotp_input(&to->link, world->now_us, msg);
	drain(world);
}

/* the oldest frames of @from arrive, or are lost */
static void deliver(struct world *world, struct end *from, struct end *to, size_t at_most, bool lost)
{
	while (at_most-- > 0 && from->n_wire > 0) {
		const struct can_msg msg = from->wire[0];

		from->n_wire--;
		memmove(from->wire, from->wire + 1, from->n_wire * sizeof msg);
		if (lost)
			world->honest = false;
		else
			input(world, to, &msg);
	}
}

static void inject(struct world *world, struct end *to, struct bytes *in)
{
	struct can_msg msg = {.id = to->link.config.address.rx_id};
	const uint8_t shape = bytes_u8(in);

	world->honest = false;
	msg.flags = to->link.config.address.extended_id ? CAN_MSG_EXTENDED : 0;
	if (shape & 0x80) /* any flags, as a bus may carry them */
		msg.flags ^= (uint8_t)(1u << (shape & 7) % 6);
	msg.len = can_msg_fd_len(to->link.config.fd ? shape & 0x3fu : (shape & 0x3fu) % 9u);
	bytes_take(in, msg.data, msg.len);
	input(world, to, &msg);
}

static void expire(struct world *world)
{
	for (size_t i = 0; i < 2; i++) {
		struct end *self = &world->ends[i];

		self->may_send_end = true;
		self->may_receive = true;
		isotp_expire(&self->link, world->now_us);
		assert(isotp_deadline(&self->link) > world->now_us);
		drain(world);
	}
}

static uint64_t next_deadline(const struct world *world)
{
	const uint64_t a = isotp_deadline(&world->ends[0].link), b = isotp_deadline(&world->ends[1].link);

	return a < b ? a : b;
}

static void forget(struct world *world, struct end *self)
{
	world->honest = false;
	self->n_wire = 0;
	self->n_unconfirmed = 0;
	isotp_forget_unconfirmed(&self->link);
	drain(world);
}

static void give_up(struct world *world, struct end *self)
{
	self->sending = false;
	self->receiving = false;
	isotp_abort(&self->link);
	drain(world);
}

static void step(struct world *world, struct bytes *in)
{
	const uint8_t op = bytes_u8(in);
	struct end *self = &world->ends[op & 1], *other = &world->ends[!(op & 1)];
	const size_t many = op & 0x80 ? 40u : 1u;

	switch (op >> 1 & 0xf) {
	case 0:
	case 1:
		send(world, self, in);
		break;
	case 2:
	case 3:
		pop(world, self, many);
		break;
	case 4:
	case 5:
		confirm(world, self, many);
		break;
	case 6:
	case 7:
		deliver(world, self, other, many, false);
		break;
	case 8:
		deliver(world, self, other, 1, true);
		break;
	case 9:
		inject(world, self, in);
		break;
	case 10:
		world->now_us += bytes_u16(in);
		expire(world);
		break;
	case 11:
		if (next_deadline(world) != UDS_NEVER && next_deadline(world) > world->now_us)
			world->now_us = next_deadline(world);
		expire(world);
		break;
	case 12:
		give_up(world, self);
		break;
	case 13:
		forget(world, self);
		break;
	case 14:
		if (op & 0x80)
			isotp_release(&self->link, world->now_us);
		else
			isotp_hold(&self->link, world->now_us);
		break;
	default: /* all that an honest wire does, once round */
		pop(world, self, many);
		confirm(world, self, many);
		deliver(world, self, other, many, false);
		break;
	}
	drain(world);
}

static void start(struct world *world, struct bytes *in)
{
	struct isotp_config config = isotp_config_default();
	const uint8_t form = bytes_u8(in), dl = bytes_u8(in);

	config.address.form = (enum isotp_addressing)(form & 3);
	config.address.extended_id = (form & 4) != 0;
	config.fd = (form & 8) != 0;
	config.brs = (form & 16) != 0;
	config.pad = (form & 32) != 0;
	config.tx_dl = config.fd && dl > 8 ? can_msg_fd_len(dl) : 8;
	config.block_size = bytes_u8(in);
	config.st_min = bytes_u8(in);
	world->now_us = 1000000;
	world->honest = true;
	for (size_t i = 0; i < 2; i++) {
		config.address.tx_id = i ? 0x7e8 : 0x7e0;
		config.address.rx_id = i ? 0x7e0 : 0x7e8;
		config.address.tx_ae = i ? 0xf1 : 0x10;
		config.address.rx_ae = i ? 0x10 : 0xf1;
		isotp_init(&world->ends[i].link, &config, world->ends[i].rx, RX_CAP);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *world = calloc(1, sizeof *world);
	struct bytes in = {data, size};

	assert(world);
	start(world, &in);
	for (size_t i = 0; i < MAX_STEPS && in.n > 0; i++)
		step(world, &in);
	/* left alone, both links come to rest */
	for (size_t i = 0; next_deadline(world) != UDS_NEVER; i++) {
		assert(i < 16);
		if (next_deadline(world) > world->now_us)
			world->now_us = next_deadline(world);
		expire(world);
	}
	assert(!world->ends[0].sending && !world->ends[1].sending);
	free(world);
	return 0;
}
