/*
 * The sender: TX_FIRST -> WAIT_FC -> BLOCK -> WAIT_FC … -> WAIT_CONFIRM -> IDLE; a single frame goes from TX_FIRST to
 * WAIT_CONFIRM. N_As runs while a frame is to be confirmed, and until the single or first frame is popped; N_Bs in
 * WAIT_FC once all is confirmed; N_Cs in BLOCK while a consecutive frame is due and none is to be confirmed.
 */
#include "uds/isotp_internal.h"

#include <string.h>

/* A message may take this long in all, WAITs included, plus a longest gap and a frame for each of its frames. */
#define MESSAGE_MAX_BASE_US  10000000u
#define MESSAGE_MAX_FRAME_US 130000u

void isotp_tx_start(struct isotp *self, uint64_t now_us, const uint8_t *data, size_t n)
{
	struct isotp_tx *tx = &self->tx;
	const uint64_t n_frames = n / (self->config.tx_dl - 2u) + 1u;
	const uint64_t max = self->config.tx_message_max_us ? self->config.tx_message_max_us
							    : MESSAGE_MAX_BASE_US + n_frames * MESSAGE_MAX_FRAME_US;

	tx->data = data;
	tx->n = n;
	tx->offset = 0;
	tx->state = ISOTP_TX_FIRST;
	tx->sn = 1;
	tx->st_min_us = 0;
	tx->not_before_us = 0;
	tx->deadline_us = now_us + self->config.n_as_us;
	tx->message_deadline_us = now_us + max;
}

/* what is still to be confirmed is of no interest any more */
static void forget_confirmations(struct isotp_tx *tx)
{
	tx->n_stale += tx->n_unconfirmed;
	tx->n_unconfirmed = 0;
}

void isotp_tx_end(struct isotp *self)
{
	struct isotp_tx *tx = &self->tx;

	forget_confirmations(tx);
	tx->state = ISOTP_TX_IDLE;
	tx->data = NULL;
	tx->n = 0;
	tx->offset = 0;
	tx->not_before_us = 0;
	tx->deadline_us = UDS_NEVER;
	tx->message_deadline_us = UDS_NEVER;
}

static void fail(struct isotp *self, enum isotp_reason reason)
{
	isotp_tx_end(self);
	isotp_push_event(self, ISOTP_EVENT_SEND_FAILED, reason, NULL, 0);
}

void isotp_tx_flow_control(struct isotp *self, uint64_t now_us, const uint8_t *fc)
{
	struct isotp_tx *tx = &self->tx;

	if (tx->state != ISOTP_TX_WAIT_FC)
		return;
	switch (fc[0] & 0xf) {
	case ISOTP_FS_CTS:
		/* The peer has the frame it answers, whether or not our confirmation was already processed. */
		forget_confirmations(tx);
		tx->state = ISOTP_TX_BLOCK;
		tx->block_unlimited = fc[1] == 0;
		tx->block_left = fc[1];
		tx->st_min_us = isotp_st_min_to_us(fc[2]);
		tx->not_before_us = 0;
		tx->deadline_us = now_us + self->config.n_cs_us;
		break;
	case ISOTP_FS_WAIT:
		forget_confirmations(tx);
		tx->deadline_us = now_us + self->config.n_bs_us;
		break;
	case ISOTP_FS_OVERFLOW:
		fail(self, ISOTP_REASON_OVERFLOW);
		break;
	default:
		fail(self, ISOTP_REASON_INVALID_FS);
		break;
	}
}

void isotp_tx_confirm(struct isotp *self, uint64_t now_us)
{
	struct isotp_tx *tx = &self->tx;

	if (tx->n_stale > 0) {
		tx->n_stale--;
		return;
	}
	if (tx->n_unconfirmed == 0)
		return;
	tx->n_unconfirmed--;
	tx->deadline_us = now_us + self->config.n_as_us;
	if (tx->n_unconfirmed > 0)
		return;
	if (tx->state == ISOTP_TX_BLOCK) {
		if (tx->st_min_us > 0)
			tx->not_before_us = now_us + tx->st_min_us;
		tx->deadline_us = now_us + tx->st_min_us + self->config.n_cs_us;
	} else if (tx->state == ISOTP_TX_WAIT_FC) {
		tx->deadline_us = now_us + self->config.n_bs_us;
	} else if (tx->state == ISOTP_TX_WAIT_CONFIRM) {
		isotp_tx_end(self);
		isotp_push_event(self, ISOTP_EVENT_SENT, ISOTP_REASON_NONE, NULL, 0);
	}
}

/* what the deadline that passed was for */
static enum isotp_reason why_late(const struct isotp_tx *tx)
{
	if (tx->n_unconfirmed == 0 && tx->state == ISOTP_TX_WAIT_FC)
		return ISOTP_REASON_N_BS;
	if (tx->n_unconfirmed == 0 && tx->state == ISOTP_TX_BLOCK)
		return ISOTP_REASON_N_CS;
	return ISOTP_REASON_N_AS;
}

void isotp_tx_expire(struct isotp *self, uint64_t now_us)
{
	struct isotp_tx *tx = &self->tx;

	/* The gap is over: the frame is there to be popped, and if nobody can take it now, a timer would not help. */
	if (tx->not_before_us != 0 && now_us >= tx->not_before_us)
		tx->not_before_us = 0;
	if (now_us >= tx->message_deadline_us)
		fail(self, ISOTP_REASON_TOO_SLOW);
	else if (now_us >= tx->deadline_us)
		fail(self, why_late(tx));
}

uint64_t isotp_tx_deadline(const struct isotp *self)
{
	const struct isotp_tx *tx = &self->tx;
	uint64_t deadline_us = tx->deadline_us;

	if (tx->message_deadline_us < deadline_us)
		deadline_us = tx->message_deadline_us;
	if (tx->not_before_us != 0 && tx->not_before_us < deadline_us)
		deadline_us = tx->not_before_us;
	return deadline_us;
}

static void take_payload(struct isotp_tx *tx, uint8_t *out, size_t n)
{
	memcpy(out, tx->data + tx->offset, n);
	tx->offset += n;
}

static void pop_single(struct isotp *self, struct can_msg *msg)
{
	const uint8_t offset = isotp_pci_offset(&self->config);
	uint8_t *pci = msg->data + offset;
	const size_t n = self->tx.n;
	size_t n_pci = 1;

	if (n <= 7u - offset) {
		pci[0] = (uint8_t)n;
	} else {
		pci[0] = 0;
		pci[1] = (uint8_t)n;
		n_pci = 2;
	}
	take_payload(&self->tx, pci + n_pci, n);
	isotp_frame_finish(&self->config, msg, offset + n_pci + n);
	self->tx.state = ISOTP_TX_WAIT_CONFIRM;
}

static void pop_first(struct isotp *self, struct can_msg *msg)
{
	const uint8_t offset = isotp_pci_offset(&self->config);
	uint8_t *pci = msg->data + offset;
	const uint32_t n = (uint32_t)self->tx.n;
	size_t n_pci = 2;

	pci[0] = ISOTP_PCI_FF << 4;
	pci[1] = 0;
	if (n <= ISOTP_FF_DL_12BIT_MAX) {
		pci[0] |= (uint8_t)(n >> 8);
		pci[1] = (uint8_t)n;
	} else {
		pci[2] = (uint8_t)(n >> 24);
		pci[3] = (uint8_t)(n >> 16);
		pci[4] = (uint8_t)(n >> 8);
		pci[5] = (uint8_t)n;
		n_pci = 6;
	}
	take_payload(&self->tx, pci + n_pci, self->config.tx_dl - offset - n_pci);
	isotp_frame_finish(&self->config, msg, self->config.tx_dl);
	self->tx.state = ISOTP_TX_WAIT_FC;
}

static void pop_consecutive(struct isotp *self, struct can_msg *msg)
{
	struct isotp_tx *tx = &self->tx;
	const uint8_t offset = isotp_pci_offset(&self->config);
	const size_t max = self->config.tx_dl - offset - 1u;
	const size_t left = tx->n - tx->offset;
	const size_t n = left < max ? left : max;

	msg->data[offset] = (uint8_t)(ISOTP_PCI_CF << 4 | tx->sn);
	tx->sn = (tx->sn + 1u) & 0xfu;
	take_payload(tx, msg->data + offset + 1, n);
	isotp_frame_finish(&self->config, msg, offset + 1u + n);
	tx->not_before_us = 0;
	if (n == left)
		tx->state = ISOTP_TX_WAIT_CONFIRM;
	else if (!tx->block_unlimited && --tx->block_left == 0)
		tx->state = ISOTP_TX_WAIT_FC;
}

bool isotp_tx_pop(struct isotp *self, uint64_t now_us, struct can_msg *msg)
{
	struct isotp_tx *tx = &self->tx;

	if (tx->state == ISOTP_TX_BLOCK) {
		if (tx->st_min_us > 0 && (tx->n_unconfirmed > 0 || now_us < tx->not_before_us))
			return false;
		pop_consecutive(self, msg);
	} else if (tx->state == ISOTP_TX_FIRST) {
		if (tx->n <= isotp_sf_max(self->config.tx_dl, isotp_pci_offset(&self->config)))
			pop_single(self, msg);
		else
			pop_first(self, msg);
	} else {
		return false;
	}
	/* the oldest outstanding frame's N_As runs on */
	if (tx->n_unconfirmed++ == 0)
		tx->deadline_us = now_us + self->config.n_as_us;
	return true;
}
