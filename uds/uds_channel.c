#include "uds/uds_channel.h"

#include <string.h>

static const uint8_t tester_present_pdu[] = {UDS_TESTER_PRESENT, UDS_SUPPRESS_POSITIVE_RESPONSE};

void uds_channel_init(struct uds_channel *self, const struct isotp_config *link, const struct uds_timing *timing,
		      uint8_t *tx_buf, size_t tx_cap, uint8_t *rx_buf, size_t rx_cap)
{
	memset(self, 0, sizeof(*self));
	isotp_init(&self->isotp, link, rx_buf, rx_cap);
	uds_client_init(&self->client, timing);
	self->tx_buf = tx_buf;
	self->tx_cap = tx_cap;
}

static void push_event(struct uds_channel *self, const struct uds_event *event)
{
	if (self->event_n == UDS_CHANNEL_MAX_EVENTS) {
		self->event_head = (uint8_t)((self->event_head + 1u) % UDS_CHANNEL_MAX_EVENTS);
		self->event_n--;
	}
	self->events[(self->event_head + self->event_n) % UDS_CHANNEL_MAX_EVENTS] = *event;
	self->event_n++;
}

static void take_client_event(struct uds_channel *self, uint64_t now_us)
{
	struct uds_event event;

	if (!uds_client_pop_event(&self->client, &event))
		return;
	push_event(self, &event);
	if (!uds_client_open(&self->client)) {
		self->last_activity_us = now_us;
		self->tp_sent = false;
	}
}

static void send_request(struct uds_channel *self, uint64_t now_us)
{
	/* The link is free but for a tester present of our own. */
	self->send_waits = isotp_send(&self->isotp, now_us, self->tx_buf, self->tx_n) != 0;
	self->last_activity_us = now_us;
}

static void tester_present_done(struct uds_channel *self, uint64_t now_us)
{
	self->tp_in_flight = false;
	self->last_activity_us = now_us;
	if (self->send_waits)
		send_request(self, now_us);
}

static void unsolicited(struct uds_channel *self, const uint8_t *pdu, size_t n)
{
	struct uds_event event = {.kind = UDS_EVENT_UNSOLICITED, .pdu = pdu, .n_pdu = n};

	if (pdu[0] == UDS_NEGATIVE_RESPONSE) {
		event.sid = n > 1 ? pdu[1] : 0;
		event.nrc = n > 2 ? pdu[2] : 0;
	} else if (pdu[0] & UDS_POSITIVE_OFFSET) {
		event.sid = (uint8_t)(pdu[0] - UDS_POSITIVE_OFFSET);
	}
	/* the answer to a tester present of ours is nobody's business */
	if (event.sid == UDS_TESTER_PRESENT && self->tp_sent)
		return;
	push_event(self, &event);
}

/* an answer shows that the request has left, although its confirmation is still on the way */
static void answer_comes(struct uds_channel *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	if (uds_client_sending(&self->client) && !self->tp_in_flight && uds_client_is_answer(&self->client, pdu, n) &&
	    isotp_assume_sent(&self->isotp))
		uds_client_sent(&self->client, now_us);
}

static void take_link_event(struct uds_channel *self, uint64_t now_us, const struct isotp_event *event)
{
	switch (event->kind) {
	case ISOTP_EVENT_NONE:
		break;
	case ISOTP_EVENT_SENT:
		if (self->tp_in_flight)
			tester_present_done(self, now_us);
		else
			uds_client_sent(&self->client, now_us);
		break;
	case ISOTP_EVENT_SEND_FAILED:
		if (self->tp_in_flight)
			tester_present_done(self, now_us);
		else
			uds_client_send_failed(&self->client, now_us, event->reason);
		break;
	case ISOTP_EVENT_RX_STARTED:
		/* Negative answers are single frames, so the first byte tells whether this is the answer. */
		if (uds_client_is_answer(&self->client, event->data, 1)) {
			answer_comes(self, now_us, event->data, 1);
			uds_client_rx_started(&self->client, now_us);
		}
		break;
	case ISOTP_EVENT_RECEIVED:
		if (!uds_client_open(&self->client)) {
			unsolicited(self, event->data, event->n);
		} else {
			answer_comes(self, now_us, event->data, event->n);
			uds_client_input(&self->client, now_us, event->data, event->n);
		}
		break;
	case ISOTP_EVENT_RX_FAILED:
		if (event->reason == ISOTP_REASON_INTERRUPTED)
			uds_client_rx_dropped(&self->client, now_us);
		else if (event->reason == ISOTP_REASON_NO_BUFFER || uds_client_receiving(&self->client))
			uds_client_rx_failed(&self->client, now_us, event->reason);
		break;
	}
}

static void pump(struct uds_channel *self, uint64_t now_us)
{
	struct isotp_event event;

	while (isotp_pop_event(&self->isotp, &event)) {
		take_link_event(self, now_us, &event);
		take_client_event(self, now_us);
	}
}

int uds_channel_request_with(struct uds_channel *self, uint64_t now_us, const uint8_t *head, size_t n_head,
			     const uint8_t *body, size_t n_body)
{
	if (uds_client_open(&self->client))
		return UDS_BUSY;
	if (n_head == 0)
		return UDS_EMPTY;
	if (n_head > self->tx_cap || n_body > self->tx_cap - n_head)
		return UDS_TOO_LONG;
	memcpy(self->tx_buf, head, n_head);
	if (n_body > 0)
		memcpy(self->tx_buf + n_head, body, n_body);
	self->tx_n = n_head + n_body;
	uds_client_request(&self->client, now_us, self->tx_buf, self->tx_n);
	send_request(self, now_us);
	return 0;
}

int uds_channel_request(struct uds_channel *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	return uds_channel_request_with(self, now_us, pdu, n, NULL, 0);
}

void uds_channel_abort(struct uds_channel *self)
{
	uds_client_abort(&self->client);
	isotp_abort(&self->isotp);
	self->tp_in_flight = false;
	self->send_waits = false;
	self->event_n = 0;
}

void uds_channel_keep_awake(struct uds_channel *self, uint64_t now_us, bool on)
{
	if (on && !self->tester_present)
		self->last_activity_us = now_us;
	self->tester_present = on;
}

void uds_channel_set_p2(struct uds_channel *self, uint64_t p2_us, uint64_t p2_star_us)
{
	self->client.timing.p2_us = p2_us;
	self->client.timing.p2_star_us = p2_star_us;
}

bool uds_channel_input(struct uds_channel *self, uint64_t now_us, const struct can_msg *msg)
{
	const bool taken = isotp_input(&self->isotp, now_us, msg);

	if (taken)
		pump(self, now_us);
	return taken;
}

void uds_channel_confirm(struct uds_channel *self, uint64_t now_us)
{
	isotp_confirm(&self->isotp, now_us);
	pump(self, now_us);
}

void uds_channel_forget_unconfirmed(struct uds_channel *self)
{
	isotp_forget_unconfirmed(&self->isotp);
}

/* when the next 3E 80 is due; UDS_NEVER while none may be sent */
static uint64_t tester_present_due(const struct uds_channel *self)
{
	if (!self->tester_present || isotp_sending(&self->isotp))
		return UDS_NEVER;
	if (uds_client_open(&self->client) && !uds_client_pending(&self->client))
		return UDS_NEVER;
	return self->last_activity_us + self->client.timing.s3_client_us;
}

void uds_channel_expire(struct uds_channel *self, uint64_t now_us)
{
	isotp_expire(&self->isotp, now_us);
	pump(self, now_us);
	uds_client_expire(&self->client, now_us);
	take_client_event(self, now_us);
	if (uds_client_pop_resend(&self->client))
		send_request(self, now_us);
	if (now_us >= tester_present_due(self) &&
	    isotp_send(&self->isotp, now_us, tester_present_pdu, sizeof(tester_present_pdu)) == 0) {
		self->tp_in_flight = true;
		self->tp_sent = true;
	}
}

uint64_t uds_channel_deadline(const struct uds_channel *self)
{
	const uint64_t tester_present_us = tester_present_due(self);
	const uint64_t client_us = uds_client_deadline(&self->client);
	uint64_t deadline_us = isotp_deadline(&self->isotp);

	if (client_us < deadline_us)
		deadline_us = client_us;
	return tester_present_us < deadline_us ? tester_present_us : deadline_us;
}

bool uds_channel_pop_frame(struct uds_channel *self, uint64_t now_us, struct can_msg *msg)
{
	return isotp_pop_frame(&self->isotp, now_us, msg);
}

bool uds_channel_pop_event(struct uds_channel *self, struct uds_event *event)
{
	if (self->event_n == 0)
		return false;
	*event = self->events[self->event_head];
	self->event_head = (uint8_t)((self->event_head + 1u) % UDS_CHANNEL_MAX_EVENTS);
	self->event_n--;
	return true;
}

bool uds_channel_idle(const struct uds_channel *self)
{
	return !uds_client_open(&self->client);
}
