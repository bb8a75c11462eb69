#include "ecu-flash/scan.h"

#include <string.h>

#include "uds/uds.h"

#define FIXED_REQUEST  0x18da00f1u
#define FIXED_RESPONSE 0x18daf100u

void scan_init(struct scan *self, struct can_node *node, const struct scan_config *config)
{
	memset(self, 0, sizeof *self);
	self->node = node;
	self->config = *config;
	self->deadline_us = UDS_NEVER;
}

/* ---- what is known of identifiers ---- */

static bool is_sender(const struct scan *self, uint32_t id)
{
	for (size_t i = 0; i < self->n_senders; i++)
		if (self->senders[i] == id)
			return true;
	return false;
}

static void note_sender(struct scan *self, uint32_t id)
{
	if (self->n_senders < SCAN_MAX_SENDERS && !is_sender(self, id))
		self->senders[self->n_senders++] = id;
}

static struct scan_found *found_at(struct scan *self, uint32_t response)
{
	for (size_t i = 0; i < self->n_found; i++)
		if (self->found[i].response == response)
			return &self->found[i];
	return NULL;
}

static uint32_t request_id(const struct scan *self, uint32_t n)
{
	return self->config.normal_fixed ? FIXED_REQUEST | n << 8 : n;
}

/* ---- probes ---- */

static void probe(struct scan *self, uint64_t now_us, uint32_t id, uint8_t sid, uint8_t sub)
{
	struct can_node_functional to = self->config.to;

	to.id = id;
	to.extended_id = self->config.extended_id;
	self->probe[0] = sid;
	self->probe[1] = sub;
	self->probe_id = id;
	self->open = true;
	self->sent_us = 0;
	self->probed_us = now_us;
	self->n_sent_before = self->node->n_functional_sent;
	self->next_us = now_us + SCAN_PROBE_GAP_US;
	self->deadline_us = now_us + SCAN_UNSENT_US;
	self->n_probes++;
	if (can_node_send_functional(self->node, &to, self->probe, 2))
		self->deadline_us = now_us; /* no room: taken as not sent */
}

static uint64_t wait_us(const struct scan *self)
{
	return self->state == SCAN_PHYSICAL ? SCAN_WAIT_US : SCAN_CONFIRM_US;
}

/* the next thing to do, once the gap has passed */
static void next(struct scan *self, uint64_t now_us)
{
	uint32_t last = self->config.last_id;

	if (self->state == SCAN_FUNCTIONAL) {
		if (self->round == 0)
			probe(self, now_us, self->config.to.id, UDS_TESTER_PRESENT, 0);
		else if (self->round == 1)
			probe(self, now_us, self->config.to.id, UDS_DIAGNOSTIC_SESSION_CONTROL, UDS_SESSION_DEFAULT);
		else
			self->state = SCAN_PHYSICAL;
		self->round++;
	}
	if (self->state == SCAN_PHYSICAL && !self->open) {
		while (self->next_id <= last && (is_sender(self, request_id(self, self->next_id)) ||
						 request_id(self, self->next_id) == self->config.to.id))
			self->next_id++;
		if (self->next_id <= last)
			probe(self, now_us, request_id(self, self->next_id++), UDS_TESTER_PRESENT, 0);
		else
			self->state = SCAN_CONFIRM;
	}
	if (self->state == SCAN_CONFIRM && !self->open) {
		while (self->confirm < self->n_found && !self->found[self->confirm].paired)
			self->confirm++;
		if (self->confirm < self->n_found) {
			self->again = false;
			probe(self, now_us, self->found[self->confirm].request, UDS_TESTER_PRESENT, 0);
			return;
		}
		self->state = SCAN_DONE;
		self->deadline_us = UDS_NEVER;
	}
}

static void probe_over(struct scan *self, uint64_t now_us)
{
	self->open = false;
	if (self->state == SCAN_CONFIRM) {
		struct scan_found *found = &self->found[self->confirm++];

		if (!self->again) /* the answer belonged to another request */
			found->paired = false;
	}
	self->deadline_us = self->next_us > now_us ? self->next_us : now_us;
}

/* ---- answers ---- */

/* a single frame that answers the probe; Return: its length, 0 if it is none */
static uint8_t answer_of(const struct scan *self, const struct can_msg *msg, const uint8_t **pdu)
{
	uint8_t n = msg->len ? msg->data[0] : 0;

	if (n < 2 || n > 7 || n >= msg->len)
		return 0;
	*pdu = msg->data + 1;
	if ((*pdu)[0] == (self->probe[0] | UDS_POSITIVE_OFFSET) && (*pdu)[1] == self->probe[1])
		return n;
	return n == 3 && (*pdu)[0] == UDS_NEGATIVE_RESPONSE && (*pdu)[1] == self->probe[0] ? n : 0;
}

static void take(struct scan *self, uint64_t now_us, uint32_t response, const uint8_t *pdu, uint8_t n)
{
	struct scan_found *found = found_at(self, response);

	if (!found) {
		if (self->n_found == SCAN_MAX_FOUND)
			return;
		found = &self->found[self->n_found++];
		*found = (struct scan_found){.response = response, .us = now_us - self->probed_us};
		memcpy(found->answer, pdu, n);
		found->n_answer = n;
	}
	if (self->state == SCAN_FUNCTIONAL) {
		found->functional = true;
		return;
	}
	if (self->state == SCAN_PHYSICAL && !found->paired) {
		found->paired = true;
		found->request = self->probe_id;
		found->us = now_us - self->probed_us;
		memcpy(found->answer, pdu, n);
		found->n_answer = n;
	}
	if (self->state == SCAN_CONFIRM && found == &self->found[self->confirm])
		self->again = true;
	else if (self->state == SCAN_CONFIRM)
		return;
	probe_over(self, now_us);
}

void scan_input(struct scan *self, uint64_t now_us, const struct can_msg *msg)
{
	const uint8_t *pdu;
	uint8_t n;

	if (msg->flags & (CAN_MSG_RTR | CAN_MSG_ERROR) ||
	    self->config.extended_id != ((msg->flags & CAN_MSG_EXTENDED) != 0))
		return;
	note_sender(self, msg->id);
	if (!self->open)
		return;
	n = answer_of(self, msg, &pdu);
	if (!n)
		return;
	if (self->config.normal_fixed && self->state != SCAN_FUNCTIONAL &&
	    msg->id != (FIXED_RESPONSE | (self->probe_id >> 8 & 0xffu)))
		return;
	take(self, now_us, msg->id, pdu, n);
}

/* ---- driving ---- */

void scan_start(struct scan *self, uint64_t now_us)
{
	if (self->state != SCAN_NEW)
		return;
	self->state = SCAN_FUNCTIONAL;
	self->next_id = self->config.first_id;
	next(self, now_us);
}

void scan_advance(struct scan *self, uint64_t now_us)
{
	if (self->state == SCAN_NEW || self->state == SCAN_DONE)
		return;
	if (self->open && !self->sent_us && self->node->n_functional_sent != self->n_sent_before) {
		self->sent_us = now_us;
		self->deadline_us = now_us + wait_us(self);
	}
	if (now_us < self->deadline_us)
		return;
	if (self->open && !self->sent_us) {
		self->unsent = true;
		self->state = SCAN_DONE;
		self->deadline_us = UDS_NEVER;
		return;
	}
	if (self->open)
		probe_over(self, now_us);
	if (now_us >= self->deadline_us)
		next(self, now_us);
}

uint64_t scan_deadline(const struct scan *self)
{
	return self->deadline_us;
}

void scan_progress(const struct scan *self, uint32_t *done, uint32_t *total)
{
	*total = self->config.last_id - self->config.first_id + 1;
	*done = self->state == SCAN_DONE || self->state == SCAN_CONFIRM ? *total
		: self->state == SCAN_PHYSICAL                          ? self->next_id - self->config.first_id
									: 0;
}
