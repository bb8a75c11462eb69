/*
 * fuzz_uds_channel - requests on one diagnostic connection while the input plays the ECU, the bus and the clock.
 *
 * Whatever comes: each request ends with one event and not before it was made, an answer is one to that request, an
 * open request has a deadline, the deadline lies ahead after uds_channel_expire(), and left alone the channel comes to
 * rest.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/bytes.h"
#include "uds/uds_channel.h"

#define TX_CAP    200u
#define RX_CAP    300u
#define MAX_STEPS 400u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct uds_channel channel;
	uint8_t tx[TX_CAP];
	uint8_t rx[RX_CAP];
	uint64_t now_us;
	size_t n_unconfirmed;
	uint8_t sid; /* of the open request; 0 = none is open */
	uint8_t last_request[8];
};

static void take_event(struct world *self, const struct uds_event *event)
{
	assert(event->n_pdu <= RX_CAP && (event->n_pdu == 0 || event->pdu));
	switch (event->kind) {
	case UDS_EVENT_NONE:
		abort();
	case UDS_EVENT_PENDING:
		assert(self->sid && event->sid == self->sid && !uds_channel_idle(&self->channel));
		return;
	case UDS_EVENT_UNSOLICITED:
		assert(self->sid == 0 && event->n_pdu >= 1);
		return;
	case UDS_EVENT_POSITIVE:
		assert(event->n_pdu >= 1 && event->pdu[0] == (uint8_t)(self->sid + UDS_POSITIVE_OFFSET));
		break;
	case UDS_EVENT_NEGATIVE:
		assert(event->n_pdu == 3 && event->pdu[0] == 0x7f && event->pdu[1] == self->sid);
		assert(event->nrc == event->pdu[2] && event->nrc != UDS_NRC_RESPONSE_PENDING);
		break;
	case UDS_EVENT_MALFORMED:
		assert(event->n_pdu >= 1);
		break;
	case UDS_EVENT_SEND_FAILED:
		assert(event->reason != ISOTP_REASON_NONE);
		break;
	case UDS_EVENT_SUPPRESSED:
		assert(self->last_request[1] & UDS_SUPPRESS_POSITIVE_RESPONSE);
		break;
	case UDS_EVENT_TIMEOUT:
		break;
	}
	/* the end of the request */
	assert(self->sid && event->sid == self->sid && uds_channel_idle(&self->channel));
	self->sid = 0;
}

static void drain(struct world *self)
{
	struct uds_event event;

	while (uds_channel_pop_event(&self->channel, &event))
		take_event(self, &event);
	assert(uds_channel_idle(&self->channel) == (self->sid == 0));
	if (self->sid)
		assert(uds_channel_deadline(&self->channel) != UDS_NEVER);
}

static void request(struct world *self, struct bytes *in)
{
	uint8_t pdu[TX_CAP + 8];
	const size_t wanted = bytes_u8(in), n = bytes_take(in, pdu, wanted < sizeof pdu ? wanted : sizeof pdu);
	const int r = uds_channel_request(&self->channel, self->now_us, pdu, n);

	if (self->sid) {
		assert(r == UDS_BUSY);
	} else if (n == 0) {
		assert(r == UDS_EMPTY);
	} else if (n > TX_CAP) {
		assert(r == UDS_TOO_LONG);
	} else {
		assert(r == 0);
		self->sid = pdu[0];
		memset(self->last_request, 0, sizeof self->last_request);
		memcpy(self->last_request, pdu, n < sizeof self->last_request ? n : sizeof self->last_request);
		/* 0 stands for none here */
		if (self->sid == 0) {
			uds_channel_abort(&self->channel);
			assert(uds_channel_idle(&self->channel));
		}
	}
}

static void input(struct world *self, const uint8_t *data, size_t n)
{
	struct can_msg msg = {.id = 0x7e8, .len = (uint8_t)n};

	memcpy(msg.data, data, n);
	assert(uds_channel_input(&self->channel, self->now_us, &msg));
	drain(self);
}

/* a single frame that begins like an answer to the last request */
static void answer(struct world *self, struct bytes *in, bool negative)
{
	uint8_t data[8] = {0};

	if (negative) {
		data[0] = 3;
		data[1] = 0x7f;
		data[2] = self->last_request[0];
		data[3] = bytes_u8(in);
	} else {
		data[0] = (uint8_t)(1 + bytes_u8(in) % 7);
		data[1] = (uint8_t)(self->last_request[0] + UDS_POSITIVE_OFFSET);
		memcpy(data + 2, self->last_request + 1, 6);
		data[2] &= 0x7f;
	}
	input(self, data, sizeof data);
}

static void pop(struct world *self, size_t at_most)
{
	struct can_msg msg;

	while (at_most-- > 0 && uds_channel_pop_frame(&self->channel, self->now_us, &msg)) {
		assert(msg.id == 0x7e0 && msg.len == 8);
		assert(++self->n_unconfirmed <= ISOTP_MAX_UNCONFIRMED);
	}
}

static void confirm(struct world *self, size_t at_most)
{
	while (at_most-- > 0 && self->n_unconfirmed > 0) {
		self->n_unconfirmed--;
		uds_channel_confirm(&self->channel, self->now_us);
		drain(self);
	}
}

static void expire(struct world *self, uint64_t now_us)
{
	self->now_us = now_us;
	uds_channel_expire(&self->channel, now_us);
	drain(self);
	assert(uds_channel_deadline(&self->channel) > now_us);
}

static uint64_t next(const struct world *self)
{
	const uint64_t deadline_us = uds_channel_deadline(&self->channel);

	return deadline_us == UDS_NEVER || deadline_us < self->now_us ? self->now_us : deadline_us;
}

static void step(struct world *self, struct bytes *in)
{
	const uint8_t op = bytes_u8(in);
	const size_t many = op & 0x80 ? 40u : 1u;
	uint8_t frame[8] = {0};

	switch (op & 0xf) {
	case 0:
	case 1:
		request(self, in);
		break;
	case 2:
		pop(self, many);
		break;
	case 3:
		confirm(self, many);
		break;
	case 4:
		pop(self, many);
		confirm(self, many);
		break;
	case 5:
	case 6:
		answer(self, in, false);
		break;
	case 7:
		answer(self, in, true);
		break;
	case 8:
		input(self, frame, bytes_take(in, frame, 1u + (op >> 4 & 7)));
		break;
	case 9: /* a flow control, as it usually is */
		frame[0] = (uint8_t)(0x30 | (op >> 4 & 3));
		frame[1] = bytes_u8(in);
		input(self, frame, 3);
		break;
	case 10:
		expire(self, self->now_us + bytes_u16(in));
		break;
	case 11:
	case 12:
		expire(self, next(self));
		break;
	case 13:
		uds_channel_keep_awake(&self->channel, self->now_us, many > 1);
		break;
	case 14:
		self->n_unconfirmed = 0;
		uds_channel_forget_unconfirmed(&self->channel);
		break;
	default:
		if (many > 1) {
			uds_channel_abort(&self->channel);
			self->sid = 0;
		} else {
			uds_channel_set_p2(&self->channel, bytes_u16(in), bytes_u16(in) * UINT64_C(10));
		}
		break;
	}
	drain(self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isotp_config link = isotp_config_default();
	const struct uds_timing timing = uds_timing_default();
	struct world *self = calloc(1, sizeof *self);
	struct bytes in = {data, size};

	assert(self);
	link.address = (struct isotp_address){.tx_id = 0x7e0, .rx_id = 0x7e8};
	link.block_size = bytes_u8(&in);
	uds_channel_init(&self->channel, &link, &timing, self->tx, TX_CAP, self->rx, RX_CAP);
	self->now_us = 1000000;
	for (size_t i = 0; i < MAX_STEPS && in.n > 0; i++)
		step(self, &in);
	uds_channel_keep_awake(&self->channel, self->now_us, false);
	for (size_t i = 0; uds_channel_deadline(&self->channel) != UDS_NEVER; i++) {
		assert(i < 64);
		expire(self, next(self));
	}
	assert(self->sid == 0);
	free(self);
	return 0;
}
