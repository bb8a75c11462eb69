#include "uds/uds_gather.h"

#include <string.h>

enum gather_state {
	GATHER_IDLE,    /* nothing asked, or all is over */
	GATHER_SENDING, /* the request has not left */
	GATHER_OPEN,    /* answers come */
};

#define OWNER_REQUEST 0xffu
#define OWNER_NOBODY  0xfeu

void uds_gather_init(struct uds_gather *self, const struct uds_gather_config *config, struct uds_gather_ecu *ecus,
		     size_t cap, uint8_t *buf, size_t n_buf)
{
	memset(self, 0, sizeof(*self));
	self->config = *config;
	/* nothing is ever sent again: to whom would that be? */
	self->config.timing.max_busy_repeats = 0;
	self->ecus = ecus;
	self->cap = cap < UDS_GATHER_MAX_ECUS ? cap : UDS_GATHER_MAX_ECUS;
	self->buf = buf;
	self->buf_each = self->cap > 0 ? n_buf / self->cap : 0;
	isotp_init(&self->sender, &self->config.link, NULL, 0);
	self->state = GATHER_IDLE;
}

/* what is outstanding is confirmed to nobody */
static void disown(struct uds_gather *self)
{
	memset(self->owners, OWNER_NOBODY, sizeof(self->owners));
}

/* before the protocol control information of each frame */
static size_t address_bytes(const struct uds_gather *self)
{
	const enum isotp_addressing form = self->sender.config.address.form;

	return form == ISOTP_EXTENDED || form == ISOTP_MIXED ? 1 : 0;
}

int uds_gather_start(struct uds_gather *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const uint8_t tx_dl = self->sender.config.tx_dl;
	const size_t single_max = (tx_dl <= 8 ? 7u : tx_dl - 2u) - address_bytes(self);

	if (self->state != GATHER_IDLE)
		return UDS_BUSY;
	if (n == 0)
		return UDS_EMPTY;
	if (n > single_max || n > sizeof(self->request))
		return UDS_TOO_LONG;
	memcpy(self->request, pdu, n);
	self->n_request = n;
	self->n = 0;
	self->n_beyond = 0;
	self->window_over = false;
	self->send_failed = ISOTP_REASON_NONE;
	disown(self);
	isotp_init(&self->sender, &self->config.link, NULL, 0);
	isotp_send(&self->sender, now_us, self->request, n);
	self->state = GATHER_SENDING;
	return 0;
}

void uds_gather_abort(struct uds_gather *self)
{
	self->state = GATHER_IDLE;
	disown(self);
	isotp_abort(&self->sender);
	for (size_t i = 0; i < self->n; i++)
		isotp_abort(&self->ecus[i].link);
}

static void request_left(struct uds_gather *self, uint64_t now_us)
{
	if (self->state != GATHER_SENDING)
		return;
	self->sent_us = now_us;
	self->state = GATHER_OPEN;
}

static uint64_t window_end_us(const struct uds_gather *self)
{
	return self->sent_us + self->config.timing.p2_us;
}

/* the message's first bytes, from a single or first frame; NULL from another */
static const uint8_t *first_bytes(const struct can_msg *msg, size_t offset, size_t *n)
{
	const uint8_t *pci = msg->data + offset;
	const bool escaped = msg->len > 8;

	if (msg->len < offset + 2)
		return NULL;
	const size_t n_frame = msg->len - offset;
	if (pci[0] >> 4 == 1) {
		const size_t n_pci = pci[0] == 0x10 && pci[1] == 0 ? 6 : 2;

		if (msg->len < 8)
			return NULL;
		*n = n_frame - n_pci;
		return pci + n_pci;
	}
	if (pci[0] >> 4 != 0 || (escaped && pci[0] != 0))
		return NULL;
	const size_t n_pci = escaped ? 2 : 1;
	*n = pci[n_pci - 1];
	return *n == 0 || *n > n_frame - n_pci ? NULL : pci + n_pci;
}

/* whether a message begins here that answers our request's service: the bus is full of other frames */
static bool begins_answer(const struct uds_gather *self, const struct can_msg *msg)
{
	size_t n = 0;
	const uint8_t *pdu = first_bytes(msg, address_bytes(self), &n);

	if (!pdu)
		return false;
	if (pdu[0] == UDS_NEGATIVE_RESPONSE)
		return n >= 2 && pdu[1] == self->request[0];
	return pdu[0] == (uint8_t)(self->request[0] + UDS_POSITIVE_OFFSET);
}

static bool in_range(const struct uds_gather *self, const struct can_msg *msg)
{
	const bool extended = (msg->flags & CAN_MSG_EXTENDED) != 0;

	if (msg->flags & (CAN_MSG_RTR | CAN_MSG_ERROR) || extended != self->sender.config.address.extended_id)
		return false;
	if (msg->flags & CAN_MSG_FD && !self->sender.config.fd)
		return false;
	if (address_bytes(self) > 0 && (msg->len == 0 || msg->data[0] != self->sender.config.address.rx_ae))
		return false;
	return msg->id >= self->config.first_id && msg->id <= self->config.last_id;
}

static uint32_t reply_id(const struct uds_gather *self, uint32_t id)
{
	switch (self->config.reply) {
	case UDS_GATHER_TO_REQUEST:
		break;
	case UDS_GATHER_BY_OFFSET:
		return id - self->config.offset;
	case UDS_GATHER_FIXED:
		return (id & 0x1fff0000u) | (id & 0xffu) << 8 | (id >> 8 & 0xffu);
	}
	return self->sender.config.address.tx_id;
}

static struct uds_gather_ecu *find(const struct uds_gather *self, uint32_t id)
{
	for (size_t i = 0; i < self->n; i++)
		if (self->ecus[i].id == id)
			return &self->ecus[i];
	return NULL;
}

const struct uds_gather_ecu *uds_gather_find(const struct uds_gather *self, uint32_t id)
{
	return find(self, id);
}

static struct uds_gather_ecu *add(struct uds_gather *self, uint32_t id)
{
	struct isotp_config link = self->sender.config;
	struct uds_gather_ecu *ecu;

	if (self->n == self->cap) {
		self->n_beyond++;
		return NULL;
	}
	ecu = &self->ecus[self->n];
	memset(ecu, 0, sizeof(*ecu));
	ecu->id = id;
	ecu->request_id = reply_id(self, id);
	link.address.rx_id = id;
	link.address.tx_id = ecu->request_id;
	isotp_init(&ecu->link, &link, self->buf + self->n * self->buf_each, self->buf_each);
	uds_client_init(&ecu->client, &self->config.timing);
	uds_client_request(&ecu->client, self->sent_us, self->request, self->n_request);
	uds_client_sent(&ecu->client, self->sent_us);
	self->n++;
	return ecu;
}

static void take_client_event(struct uds_gather_ecu *ecu, uint64_t now_us)
{
	struct uds_event event;

	if (!uds_client_pop_event(&ecu->client, &event))
		return;
	if (event.kind == UDS_EVENT_PENDING) {
		ecu->n_pending++;
		return;
	}
	/* of a request that was suppressed, only an answer to something else came */
	ecu->kind = event.kind == UDS_EVENT_SUPPRESSED ? UDS_EVENT_TIMEOUT : event.kind;
	ecu->nrc = event.nrc;
	ecu->pdu = event.pdu;
	ecu->n_pdu = event.n_pdu;
	ecu->answered_us = now_us;
	/* an overflow is still to be sent, nothing else */
	if (ecu->kind == UDS_EVENT_TIMEOUT && event.reason != ISOTP_REASON_NO_BUFFER)
		isotp_abort(&ecu->link);
}

static void take_link_events(struct uds_gather_ecu *ecu, uint64_t now_us)
{
	struct isotp_event event;

	while (ecu->kind == UDS_EVENT_NONE && isotp_pop_event(&ecu->link, &event)) {
		switch (event.kind) {
		case ISOTP_EVENT_NONE:
		case ISOTP_EVENT_SENT:
		case ISOTP_EVENT_SEND_FAILED: /* nothing is sent */
			break;
		case ISOTP_EVENT_RX_STARTED:
			if (uds_client_is_answer(&ecu->client, event.data, 1))
				uds_client_rx_started(&ecu->client, now_us);
			break;
		case ISOTP_EVENT_RECEIVED:
			uds_client_input(&ecu->client, now_us, event.data, event.n);
			break;
		case ISOTP_EVENT_RX_FAILED:
			if (event.reason == ISOTP_REASON_INTERRUPTED)
				uds_client_rx_dropped(&ecu->client, now_us);
			else if (event.reason == ISOTP_REASON_NO_BUFFER || uds_client_receiving(&ecu->client))
				uds_client_rx_failed(&ecu->client, now_us, event.reason);
			break;
		}
		take_client_event(ecu, now_us);
	}
}

static void check_end(struct uds_gather *self)
{
	if (self->state != GATHER_OPEN || !self->window_over)
		return;
	for (size_t i = 0; i < self->n; i++)
		if (self->ecus[i].kind == UDS_EVENT_NONE)
			return;
	self->state = GATHER_IDLE;
}

bool uds_gather_input(struct uds_gather *self, uint64_t now_us, const struct can_msg *msg)
{
	struct uds_gather_ecu *ecu;

	if (self->state == GATHER_IDLE || !in_range(self, msg))
		return false;
	ecu = find(self, msg->id);
	if (!ecu) {
		if (!begins_answer(self, msg))
			return false;
		/* an answer shows that the request has left, although its confirmation is still on the way */
		if (self->state == GATHER_SENDING && isotp_assume_sent(&self->sender))
			request_left(self, now_us);
		if (self->state != GATHER_OPEN || self->window_over)
			return false;
		ecu = add(self, msg->id);
		if (!ecu)
			return true;
	}
	/* a second answer does not overwrite the first */
	if (ecu->kind == UDS_EVENT_NONE) {
		isotp_input(&ecu->link, now_us, msg);
		take_link_events(ecu, now_us);
		check_end(self);
	}
	return true;
}

static void take_sender_events(struct uds_gather *self, uint64_t now_us)
{
	struct isotp_event event;

	while (isotp_pop_event(&self->sender, &event)) {
		if (event.kind == ISOTP_EVENT_SENT) {
			request_left(self, now_us);
		} else if (event.kind == ISOTP_EVENT_SEND_FAILED && self->state == GATHER_SENDING) {
			self->send_failed = event.reason;
			self->state = GATHER_IDLE;
		}
	}
}

void uds_gather_confirm(struct uds_gather *self, uint64_t now_us)
{
	if (self->n_unconfirmed == 0)
		return;
	const uint8_t owner = self->owners[0];
	self->n_unconfirmed--;
	memmove(self->owners, self->owners + 1, self->n_unconfirmed);
	if (owner == OWNER_REQUEST) {
		isotp_confirm(&self->sender, now_us);
		take_sender_events(self, now_us);
	} else if (owner != OWNER_NOBODY) {
		isotp_confirm(&self->ecus[owner].link, now_us);
	}
}

void uds_gather_forget_unconfirmed(struct uds_gather *self)
{
	self->n_unconfirmed = 0;
	isotp_forget_unconfirmed(&self->sender);
	for (size_t i = 0; i < self->n; i++)
		isotp_forget_unconfirmed(&self->ecus[i].link);
}

void uds_gather_expire(struct uds_gather *self, uint64_t now_us)
{
	if (self->state == GATHER_IDLE)
		return;
	isotp_expire(&self->sender, now_us);
	take_sender_events(self, now_us);
	for (size_t i = 0; i < self->n; i++) {
		struct uds_gather_ecu *ecu = &self->ecus[i];

		if (ecu->kind != UDS_EVENT_NONE)
			continue;
		isotp_expire(&ecu->link, now_us);
		take_link_events(ecu, now_us);
		uds_client_expire(&ecu->client, now_us);
		take_client_event(ecu, now_us);
	}
	if (self->state == GATHER_OPEN && now_us >= window_end_us(self))
		self->window_over = true;
	check_end(self);
}

uint64_t uds_gather_deadline(const struct uds_gather *self)
{
	uint64_t deadline_us = isotp_deadline(&self->sender);

	if (self->state == GATHER_IDLE)
		return UDS_NEVER;
	if (self->state == GATHER_OPEN && !self->window_over && window_end_us(self) < deadline_us)
		deadline_us = window_end_us(self);
	for (size_t i = 0; i < self->n; i++) {
		const struct uds_gather_ecu *ecu = &self->ecus[i];
		const uint64_t link_us = isotp_deadline(&ecu->link), client_us = uds_client_deadline(&ecu->client);

		if (ecu->kind != UDS_EVENT_NONE)
			continue;
		if (link_us < deadline_us)
			deadline_us = link_us;
		if (client_us < deadline_us)
			deadline_us = client_us;
	}
	return deadline_us;
}

bool uds_gather_pop_frame(struct uds_gather *self, uint64_t now_us, struct can_msg *msg)
{
	uint8_t owner = OWNER_REQUEST;

	if (self->n_unconfirmed == UDS_GATHER_MAX_UNCONFIRMED)
		return false;
	if (!isotp_pop_frame(&self->sender, now_us, msg)) {
		size_t i = 0;

		while (i < self->n && !isotp_pop_frame(&self->ecus[i].link, now_us, msg))
			i++;
		if (i == self->n)
			return false;
		owner = (uint8_t)i;
	}
	self->owners[self->n_unconfirmed++] = owner;
	return true;
}

bool uds_gather_running(const struct uds_gather *self)
{
	return self->state != GATHER_IDLE;
}
