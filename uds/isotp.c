#include "uds/isotp_internal.h"

#include <string.h>

struct isotp_config isotp_config_default(void)
{
	return (struct isotp_config){
	    .tx_dl = 8,
	    .pad = true,
	    .pad_byte = 0xcc,
	    .n_as_us = 1000000,
	    .n_ar_us = 1000000,
	    .n_bs_us = 1000000,
	    .n_cr_us = 1000000,
	    .n_br_us = 500000,
	    .n_cs_us = 1000000,
	    .wait_max = 10,
	};
}

void isotp_init(struct isotp *self, const struct isotp_config *config, uint8_t *rx_buf, size_t rx_cap)
{
	memset(self, 0, sizeof(*self));
	self->config = *config;
	/* 18DAxxyy exists with 29 bits only */
	if (config->address.form == ISOTP_NORMAL_FIXED)
		self->config.address.extended_id = true;
	self->config.tx_dl = config->fd && config->tx_dl > 8 ? can_msg_fd_len(config->tx_dl) : 8;
	self->rx.buf = rx_buf;
	self->rx.cap = rx_cap;
	self->tx.deadline_us = UDS_NEVER;
	self->tx.message_deadline_us = UDS_NEVER;
	self->rx.deadline_us = UDS_NEVER;
}

int isotp_send(struct isotp *self, uint64_t now_us, const uint8_t *data, size_t n)
{
	if (self->tx.state != ISOTP_TX_IDLE)
		return ISOTP_BUSY;
	if (n == 0 || n > UINT32_MAX)
		return ISOTP_TOO_LONG;
	isotp_tx_start(self, now_us, data, n);
	return 0;
}

bool isotp_sending(const struct isotp *self)
{
	return self->tx.state != ISOTP_TX_IDLE;
}

void isotp_abort(struct isotp *self)
{
	isotp_tx_end(self);
	isotp_rx_end(self);
	self->rx.fc_due = false;
	self->event_n = 0;
}

bool isotp_input(struct isotp *self, uint64_t now_us, const struct can_msg *msg)
{
	const struct isotp_address *address = &self->config.address;
	const uint8_t offset = isotp_pci_offset(&self->config);

	if (msg->id != address->rx_id || msg->flags & (CAN_MSG_RTR | CAN_MSG_ERROR) ||
	    ((msg->flags & CAN_MSG_EXTENDED) != 0) != address->extended_id)
		return false;
	if (msg->flags & CAN_MSG_FD && !self->config.fd)
		return false;
	if (msg->len > CAN_MSG_MAX_BYTES || (offset && (msg->len == 0 || msg->data[0] != address->rx_ae)))
		return false;
	if (msg->len <= offset)
		return true;

	const uint8_t *pci = msg->data + offset;
	const size_t n = (size_t)msg->len - offset;
	switch (pci[0] >> 4) {
	case ISOTP_PCI_SF:
		isotp_rx_single(self, pci, n, msg->len);
		break;
	case ISOTP_PCI_FF:
		isotp_rx_first(self, now_us, pci, n, msg->len);
		break;
	case ISOTP_PCI_CF:
		isotp_rx_consecutive(self, now_us, pci, n, msg->len);
		break;
	case ISOTP_PCI_FC:
		if (n >= 3)
			isotp_tx_flow_control(self, now_us, pci);
		break;
	default: /* unknown types disturb nothing */
		break;
	}
	return true;
}

void isotp_confirm(struct isotp *self, uint64_t now_us)
{
	if (self->unconfirmed_n == 0)
		return;
	const bool flow_control = self->unconfirmed & 1u;
	self->unconfirmed >>= 1;
	self->unconfirmed_n--;
	if (flow_control)
		isotp_rx_confirm(self, now_us);
	else
		isotp_tx_confirm(self, now_us);
}

bool isotp_assume_sent(struct isotp *self)
{
	if (self->tx.state != ISOTP_TX_WAIT_CONFIRM)
		return false;
	isotp_tx_end(self);
	return true;
}

void isotp_forget_unconfirmed(struct isotp *self)
{
	self->unconfirmed = 0;
	self->unconfirmed_n = 0;
	if (self->tx.state != ISOTP_TX_IDLE && self->tx.n_unconfirmed > 0)
		self->tx.state = ISOTP_TX_STUCK;
	self->tx.n_unconfirmed = 0;
	self->tx.n_stale = 0;
	self->rx.n_unconfirmed = 0;
	self->rx.n_stale = 0;
}

void isotp_expire(struct isotp *self, uint64_t now_us)
{
	isotp_tx_expire(self, now_us);
	isotp_rx_expire(self, now_us);
}

uint64_t isotp_deadline(const struct isotp *self)
{
	const uint64_t tx = isotp_tx_deadline(self);

	return tx < self->rx.deadline_us ? tx : self->rx.deadline_us;
}

bool isotp_pop_frame(struct isotp *self, uint64_t now_us, struct can_msg *msg)
{
	if (self->unconfirmed_n >= ISOTP_MAX_UNCONFIRMED)
		return false;
	if (self->rx.fc_due) {
		if (!isotp_rx_pop_flow_control(self, msg))
			return false;
		self->unconfirmed |= UINT64_C(1) << self->unconfirmed_n;
	} else if (!isotp_tx_pop(self, now_us, msg)) {
		return false;
	}
	self->unconfirmed_n++;
	return true;
}

void isotp_frame_finish(const struct isotp_config *config, struct can_msg *msg, size_t used)
{
	size_t len = can_msg_fd_len(used);

	if (config->pad && len < 8)
		len = 8;
	if (len > used)
		memset(msg->data + used, config->pad_byte, len - used);
	msg->id = config->address.tx_id;
	msg->flags = 0;
	if (config->address.extended_id)
		msg->flags |= CAN_MSG_EXTENDED;
	if (config->fd)
		msg->flags |= CAN_MSG_FD;
	if (config->fd && config->brs)
		msg->flags |= CAN_MSG_BRS;
	msg->len = (uint8_t)len;
	if (isotp_pci_offset(config))
		msg->data[0] = config->address.tx_ae;
}

void isotp_push_event(struct isotp *self, enum isotp_event_kind kind, enum isotp_reason reason, const uint8_t *data,
		      size_t n)
{
	if (self->event_n == ISOTP_MAX_EVENTS) {
		self->event_head = (uint8_t)((self->event_head + 1u) % ISOTP_MAX_EVENTS);
		self->event_n--;
	}
	self->events[(self->event_head + self->event_n) % ISOTP_MAX_EVENTS] =
	    (struct isotp_event){.kind = kind, .reason = reason, .data = data, .n = n};
	self->event_n++;
}

bool isotp_pop_event(struct isotp *self, struct isotp_event *event)
{
	if (self->event_n == 0)
		return false;
	*event = self->events[self->event_head];
	self->event_head = (uint8_t)((self->event_head + 1u) % ISOTP_MAX_EVENTS);
	self->event_n--;
	return true;
}

uint32_t isotp_st_min_to_us(uint8_t st_min)
{
	if (st_min <= 0x7f)
		return st_min * 1000u;
	if (st_min >= 0xf1 && st_min <= 0xf9)
		return (st_min - 0xf0u) * 100u;
	return 127000;
}

const char *isotp_reason_text(enum isotp_reason reason)
{
	switch (reason) {
	case ISOTP_REASON_NONE:
		return "no reason";
	case ISOTP_REASON_N_AS:
		return "the frame did not leave in time (N_As)";
	case ISOTP_REASON_N_BS:
		return "no flow control in time (N_Bs)";
	case ISOTP_REASON_N_CR:
		return "no consecutive frame in time (N_Cr)";
	case ISOTP_REASON_OVERFLOW:
		return "the message is too long for the receiver";
	case ISOTP_REASON_INVALID_FS:
		return "invalid flow status";
	case ISOTP_REASON_WRONG_SN:
		return "wrong sequence number";
	case ISOTP_REASON_TOO_SLOW:
		return "the message took too long";
	case ISOTP_REASON_INTERRUPTED:
		return "interrupted by another message";
	case ISOTP_REASON_NO_BUFFER:
		return "the message is too long for our buffer";
	case ISOTP_REASON_N_CS:
		return "the next frame was not taken in time (N_Cs)";
	case ISOTP_REASON_WAIT_MAX:
		return "we had the sender wait for too long (N_WFTmax)";
	}
	return "unknown reason";
}
