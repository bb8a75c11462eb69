#include "uds/can_node.h"

#include <assert.h>
#include <string.h>

/* owners of outstanding frames that are no channel */
#define OWNER_FUNCTIONAL     0xffu
#define OWNER_DETACHED       0xfeu
#define OWNER_TESTER_PRESENT 0xfdu
#define OWNER_GATHER         0xfcu

void can_node_init(struct can_node *self, uint8_t window)
{
	memset(self, 0, sizeof(*self));
	self->window = window == 0 ? 1 : window;
	if (self->window > CAN_NODE_MAX_WINDOW)
		self->window = CAN_NODE_MAX_WINDOW;
	self->tester_present_due_us = UDS_NEVER;
	self->confirm_by_us = UDS_NEVER;
}

int can_node_attach(struct can_node *self, struct uds_channel *channel)
{
	for (uint8_t i = 0; i < self->n_channels; i++) {
		if (!self->channels[i]) {
			self->channels[i] = channel;
			return 0;
		}
	}
	if (self->n_channels == CAN_NODE_MAX_CHANNELS)
		return 1;
	self->channels[self->n_channels++] = channel;
	return 0;
}

static void disown(struct can_node *self, uint8_t owner)
{
	for (size_t k = 0; k < CAN_NODE_MAX_WINDOW; k++)
		if (self->owners[k] == owner)
			self->owners[k] = OWNER_DETACHED;
}

void can_node_gather(struct can_node *self, struct uds_gather *gather)
{
	if (self->gather == gather)
		return;
	if (self->gather)
		uds_gather_forget_unconfirmed(self->gather);
	disown(self, OWNER_GATHER);
	self->gather = gather;
}

void can_node_detach(struct can_node *self, struct uds_channel *channel)
{
	for (uint8_t i = 0; i < self->n_channels; i++) {
		if (self->channels[i] != channel)
			continue;
		self->channels[i] = NULL;
		disown(self, i);
		uds_channel_forget_unconfirmed(channel);
	}
	while (self->n_channels > 0 && !self->channels[self->n_channels - 1u])
		self->n_channels--;
}

/* Return: false if @pdu does not fit a single frame */
static bool build_functional(const struct can_node_functional *to, const uint8_t *pdu, size_t n, struct can_msg *msg)
{
	size_t n_head = 0; /* bytes before the request: the address, the protocol's own */
	size_t len;

	if (n == 0 || n > (to->fd ? CAN_MSG_MAX_BYTES - 2u : 7u) - (to->has_address ? 1u : 0u))
		return false;
	if (to->has_address)
		msg->data[n_head++] = to->address;
	if (n_head + 1 + n > 8)
		msg->data[n_head++] = 0;
	msg->data[n_head++] = (uint8_t)n;
	memcpy(msg->data + n_head, pdu, n);
	len = can_msg_fd_len(n_head + n);
	if (to->pad && len < 8)
		len = 8;
	memset(msg->data + n_head + n, to->pad_byte, len - n_head - n);
	msg->len = (uint8_t)len;
	msg->id = to->id;
	msg->flags = 0;
	if (to->extended_id)
		msg->flags |= CAN_MSG_EXTENDED;
	if (to->fd)
		msg->flags |= CAN_MSG_FD;
	if (to->fd && to->brs)
		msg->flags |= CAN_MSG_BRS;
	return true;
}

int can_node_send_functional(struct can_node *self, const struct can_node_functional *to, const uint8_t *pdu, size_t n)
{
	if (self->n_functional == CAN_NODE_MAX_FUNCTIONAL ||
	    !build_functional(to, pdu, n, &self->functional[self->n_functional]))
		return 1;
	self->n_functional++;
	return 0;
}

void can_node_tester_present(struct can_node *self, uint64_t now_us, const struct can_node_functional *to, uint8_t n,
			     uint64_t period_us)
{
	assert(n <= CAN_NODE_MAX_FUNCTIONAL);
	self->tester_present_waits = 0;
	self->tester_present_period_us = period_us;
	self->tester_present_due_us = period_us == 0 ? UDS_NEVER : now_us;
	self->n_tester_present = period_us == 0 ? 0 : n;
	for (uint8_t i = 0; i < self->n_tester_present; i++)
		self->tester_present[i] = to[i];
}

static void note_foreign(struct can_node *self, uint64_t now_us, const struct can_msg *msg)
{
	self->n_foreign++;
	self->foreign_id = msg->id;
	self->foreign_us = now_us;
}

bool can_node_input(struct can_node *self, uint64_t now_us, const struct can_msg *msg)
{
	const bool extended = (msg->flags & CAN_MSG_EXTENDED) != 0;
	bool foreign = false;

	if (msg->flags & (CAN_MSG_RTR | CAN_MSG_ERROR))
		return false;
	if (self->gather && uds_gather_input(self->gather, now_us, msg))
		return true;
	for (uint8_t i = 0; i < self->n_channels; i++) {
		struct uds_channel *channel = self->channels[i];

		if (!channel)
			continue;
		if (uds_channel_input(channel, now_us, msg))
			return true;
		const struct isotp_address *address = &channel->isotp.config.address;
		if (msg->id == address->tx_id && extended == address->extended_id)
			foreign = true;
	}
	for (uint8_t i = 0; i < self->n_tester_present; i++)
		if (msg->id == self->tester_present[i].id && extended == self->tester_present[i].extended_id)
			foreign = true;
	if (foreign)
		note_foreign(self, now_us, msg);
	return false;
}

void can_node_confirm(struct can_node *self, uint64_t now_us, size_t n)
{
	for (; n > 0 && self->n_outstanding > 0; n--) {
		const uint8_t owner = self->owners[self->owner_head];

		self->owner_head = (uint8_t)((self->owner_head + 1u) % CAN_NODE_MAX_WINDOW);
		self->n_outstanding--;
		if (owner == OWNER_FUNCTIONAL) {
			self->n_functional_sent++;
			self->functional_sent_us = now_us;
		} else if (owner == OWNER_GATHER) {
			uds_gather_confirm(self->gather, now_us);
		} else if (owner == OWNER_TESTER_PRESENT) {
			self->n_functional_sent++;
			self->n_tester_present_sent++;
		} else if (owner != OWNER_DETACHED) {
			uds_channel_confirm(self->channels[owner], now_us);
		}
		self->confirm_by_us = self->n_outstanding > 0 ? now_us + CAN_NODE_CONFIRM_US : UDS_NEVER;
	}
}

void can_node_reset_outstanding(struct can_node *self)
{
	self->n_outstanding = 0;
	self->confirm_by_us = UDS_NEVER;
	if (self->gather)
		uds_gather_forget_unconfirmed(self->gather);
	for (uint8_t i = 0; i < self->n_channels; i++)
		if (self->channels[i])
			uds_channel_forget_unconfirmed(self->channels[i]);
}

static void check_tester_present(struct can_node *self, uint64_t now_us)
{
	if (now_us < self->tester_present_due_us)
		return;
	/* One that could not leave yet is not doubled. */
	self->tester_present_waits = (uint8_t)((1u << self->n_tester_present) - 1u);
	self->tester_present_due_us = now_us + self->tester_present_period_us;
}

void can_node_expire(struct can_node *self, uint64_t now_us)
{
	check_tester_present(self, now_us);
	/* a socket whose buffer ran over loses echoes of ours too: the window must not shrink for good */
	if (now_us >= self->confirm_by_us)
		can_node_reset_outstanding(self);
	if (self->gather)
		uds_gather_expire(self->gather, now_us);
	for (uint8_t i = 0; i < self->n_channels; i++)
		if (self->channels[i])
			uds_channel_expire(self->channels[i], now_us);
}

uint64_t can_node_deadline(const struct can_node *self)
{
	uint64_t deadline_us = self->tester_present_due_us;

	if (self->confirm_by_us < deadline_us)
		deadline_us = self->confirm_by_us;
	if (self->gather && uds_gather_deadline(self->gather) < deadline_us)
		deadline_us = uds_gather_deadline(self->gather);

	for (uint8_t i = 0; i < self->n_channels; i++) {
		if (!self->channels[i])
			continue;
		const uint64_t channel_us = uds_channel_deadline(self->channels[i]);
		if (channel_us < deadline_us)
			deadline_us = channel_us;
	}
	return deadline_us;
}

static void add_owner(struct can_node *self, uint64_t now_us, uint8_t owner)
{
	if (self->n_outstanding == 0)
		self->confirm_by_us = now_us + CAN_NODE_CONFIRM_US;
	self->owners[(self->owner_head + self->n_outstanding) % CAN_NODE_MAX_WINDOW] = owner;
	self->n_outstanding++;
}

static bool pop_functional(struct can_node *self, uint64_t now_us, struct can_msg *msg)
{
	static const uint8_t pdu[] = {UDS_TESTER_PRESENT, UDS_SUPPRESS_POSITIVE_RESPONSE};
	uint8_t owner = OWNER_FUNCTIONAL;

	if (self->n_functional > 0) {
		*msg = self->functional[0];
		self->n_functional--;
		memmove(&self->functional[0], &self->functional[1], self->n_functional * sizeof(self->functional[0]));
	} else if (self->tester_present_waits) {
		uint8_t i = 0;

		while (!(self->tester_present_waits & 1u << i))
			i++;
		self->tester_present_waits &= (uint8_t) ~(1u << i);
		if (!build_functional(&self->tester_present[i], pdu, sizeof(pdu), msg))
			return false; /* cannot be: two bytes fit any frame */
		owner = OWNER_TESTER_PRESENT;
	} else {
		return false;
	}
	add_owner(self, now_us, owner);
	return true;
}

int can_node_send_plain(struct can_node *self, const struct can_msg *msg)
{
	uint8_t i = 0;

	while (i < self->n_plain && (self->plain[i].id != msg->id ||
				     (self->plain[i].flags & CAN_MSG_EXTENDED) != (msg->flags & CAN_MSG_EXTENDED)))
		i++;
	if (i == CAN_NODE_MAX_PLAIN)
		return 1;
	self->plain[i] = *msg;
	if (i == self->n_plain)
		self->n_plain++;
	return 0;
}

static bool pop_plain(struct can_node *self, uint64_t now_us, struct can_msg *msg)
{
	if (!self->n_plain)
		return false;
	*msg = self->plain[0];
	self->n_plain--;
	memmove(&self->plain[0], &self->plain[1], self->n_plain * sizeof(self->plain[0]));
	add_owner(self, now_us, OWNER_DETACHED); /* nobody waits for its confirmation */
	return true;
}

bool can_node_pop_frame(struct can_node *self, uint64_t now_us, struct can_msg *msg)
{
	if (self->n_outstanding >= self->window)
		return false;
	check_tester_present(self, now_us);
	if (pop_plain(self, now_us, msg) || pop_functional(self, now_us, msg))
		return true;
	if (self->gather && uds_gather_pop_frame(self->gather, now_us, msg)) {
		add_owner(self, now_us, OWNER_GATHER);
		return true;
	}
	for (uint8_t k = 0; k < self->n_channels; k++) {
		if (self->turn >= self->n_channels)
			self->turn = 0;
		const uint8_t i = self->turn++;
		if (self->channels[i] && uds_channel_pop_frame(self->channels[i], now_us, msg)) {
			add_owner(self, now_us, i);
			return true;
		}
	}
	return false;
}
