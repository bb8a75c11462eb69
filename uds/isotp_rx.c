/*
 * The receiver: idle, or in a reception that a first frame began. What is not valid is ignored and disturbs nothing;
 * what begins a new message ends the reception before it.
 *
 * A flow control is due (fc_due) until it is popped. A held reception owes its clear-to-send (cts_owed) and sends
 * WAITs.
 */
#include "uds/isotp_internal.h"

#include <string.h>

void isotp_rx_end(struct isotp *self)
{
	struct isotp_rx *rx = &self->rx;

	rx->state = ISOTP_RX_IDLE;
	rx->n_stale += rx->n_unconfirmed;
	rx->n_unconfirmed = 0;
	rx->cts_owed = false;
	rx->deadline_us = UDS_NEVER;
}

static void fail(struct isotp *self, enum isotp_reason reason)
{
	isotp_rx_end(self);
	self->rx.fc_due = false;
	isotp_push_event(self, ISOTP_EVENT_RX_FAILED, reason, NULL, 0);
}

static void interrupt(struct isotp *self)
{
	if (self->rx.state == ISOTP_RX_RECEIVING)
		fail(self, ISOTP_REASON_INTERRUPTED);
}

void isotp_rx_single(struct isotp *self, const uint8_t *pci, size_t n, uint8_t can_dl)
{
	struct isotp_rx *rx = &self->rx;
	size_t n_pci = 1;
	size_t sf_dl = pci[0] & 0xfu;

	if (can_dl > 8) {
		/*
		 * Only the escape form. A length that a short frame would have held is taken too: some stacks fill
		 * every frame to the longest.
		 */
		if (sf_dl != 0 || n < 2)
			return;
		sf_dl = pci[1];
		n_pci = 2;
	}
	if (sf_dl == 0 || sf_dl > n - n_pci || sf_dl > rx->cap)
		return;
	interrupt(self);
	memcpy(rx->buf, pci + n_pci, sf_dl);
	isotp_push_event(self, ISOTP_EVENT_RECEIVED, ISOTP_REASON_NONE, rx->buf, sf_dl);
}

static void flow_control_due(struct isotp *self, uint64_t now_us, enum isotp_flow_status status)
{
	self->rx.fc_due = true;
	self->rx.fc_status = (uint8_t)status;
	self->rx.block_left = self->config.block_size;
	self->rx.deadline_us = now_us + self->config.n_ar_us;
}

/* the peer waits to be cleared to send */
static void clear_to_send(struct isotp *self, uint64_t now_us)
{
	self->rx.n_waits = 0;
	if (self->rx.held) {
		self->rx.fc_due = false; /* an overflow that nobody popped belongs to a message before this one */
		self->rx.cts_owed = true;
		self->rx.deadline_us = now_us + self->config.n_br_us;
	} else {
		flow_control_due(self, now_us, ISOTP_FS_CTS);
	}
}

void isotp_hold(struct isotp *self, uint64_t now_us)
{
	struct isotp_rx *rx = &self->rx;

	const bool anew = !rx->held;

	rx->held = true;
	if (!anew || rx->state != ISOTP_RX_RECEIVING || !rx->fc_due)
		return;
	rx->fc_due = false;
	rx->cts_owed = true;
	rx->deadline_us = now_us + self->config.n_br_us;
}

void isotp_release(struct isotp *self, uint64_t now_us)
{
	self->rx.held = false;
	if (!self->rx.cts_owed)
		return;
	self->rx.cts_owed = false;
	flow_control_due(self, now_us, ISOTP_FS_CTS);
}

/* N_Br has passed: one more WAIT, or the end */
static void hold_on(struct isotp *self, uint64_t now_us)
{
	struct isotp_rx *rx = &self->rx;

	if (rx->n_waits >= self->config.wait_max) {
		fail(self, ISOTP_REASON_WAIT_MAX);
		return;
	}
	rx->n_waits++;
	flow_control_due(self, now_us, ISOTP_FS_WAIT);
}

void isotp_rx_first(struct isotp *self, uint64_t now_us, const uint8_t *pci, size_t n, uint8_t can_dl)
{
	struct isotp_rx *rx = &self->rx;
	const uint8_t offset = isotp_pci_offset(&self->config);
	size_t n_pci = 2;

	if (can_dl < 8)
		return;
	size_t ff_dl = (pci[0] & 0xfu) * 256u + pci[1];
	if (ff_dl == 0) {
		ff_dl = (size_t)pci[2] << 24 | (size_t)pci[3] << 16 | (size_t)pci[4] << 8 | pci[5];
		n_pci = 6;
		if (ff_dl <= ISOTP_FF_DL_12BIT_MAX)
			return;
	}
	if (ff_dl <= isotp_sf_max(can_dl, offset))
		return;

	interrupt(self);
	if (ff_dl > rx->cap) {
		flow_control_due(self, now_us, ISOTP_FS_OVERFLOW);
		isotp_rx_end(self);
		isotp_push_event(self, ISOTP_EVENT_RX_FAILED, ISOTP_REASON_NO_BUFFER, NULL, ff_dl);
		return;
	}
	rx->state = ISOTP_RX_RECEIVING;
	rx->n = ff_dl;
	rx->offset = n - n_pci;
	rx->sn = 1;
	rx->rx_dl = can_dl;
	memcpy(rx->buf, pci + n_pci, rx->offset);
	clear_to_send(self, now_us);
	isotp_push_event(self, ISOTP_EVENT_RX_STARTED, ISOTP_REASON_NONE, rx->buf, ff_dl);
}

void isotp_rx_consecutive(struct isotp *self, uint64_t now_us, const uint8_t *pci, size_t n, uint8_t can_dl)
{
	struct isotp_rx *rx = &self->rx;

	if (rx->state != ISOTP_RX_RECEIVING || rx->cts_owed || can_dl > rx->rx_dl)
		return;
	const size_t left = rx->n - rx->offset;
	const bool last = left <= rx->rx_dl - isotp_pci_offset(&self->config) - 1u;
	/* never a short one in the middle, and the last one holds all that is left */
	if (last ? n - 1 < left : can_dl != rx->rx_dl)
		return;
	if ((pci[0] & 0xfu) != rx->sn) {
		fail(self, ISOTP_REASON_WRONG_SN);
		return;
	}

	/* The peer goes on, so it has our flow control, whether or not the confirmation was already processed. */
	rx->n_stale += rx->n_unconfirmed;
	rx->n_unconfirmed = 0;
	rx->sn = (rx->sn + 1u) & 0xfu;
	rx->deadline_us = now_us + self->config.n_cr_us;
	memcpy(rx->buf + rx->offset, pci + 1, last ? left : n - 1);
	if (last) {
		isotp_rx_end(self);
		rx->fc_due = false;
		rx->offset = rx->n;
		isotp_push_event(self, ISOTP_EVENT_RECEIVED, ISOTP_REASON_NONE, rx->buf, rx->n);
		return;
	}
	rx->offset += n - 1;
	if (self->config.block_size != 0 && --rx->block_left == 0)
		clear_to_send(self, now_us);
}

void isotp_rx_confirm(struct isotp *self, uint64_t now_us)
{
	struct isotp_rx *rx = &self->rx;

	if (rx->n_stale > 0) {
		rx->n_stale--;
	} else if (rx->n_unconfirmed > 0 && --rx->n_unconfirmed == 0) {
		rx->deadline_us = now_us + (rx->cts_owed ? self->config.n_br_us : self->config.n_cr_us);
	}
}

void isotp_rx_expire(struct isotp *self, uint64_t now_us)
{
	struct isotp_rx *rx = &self->rx;

	if (now_us < rx->deadline_us)
		return;
	if (rx->fc_due || rx->n_unconfirmed > 0)
		fail(self, ISOTP_REASON_N_AS);
	else if (rx->cts_owed)
		hold_on(self, now_us);
	else
		fail(self, ISOTP_REASON_N_CR);
}

bool isotp_rx_pop_flow_control(struct isotp *self, struct can_msg *msg)
{
	struct isotp_rx *rx = &self->rx;
	const uint8_t offset = isotp_pci_offset(&self->config);
	uint8_t *pci = msg->data + offset;

	if (!rx->fc_due)
		return false;
	rx->fc_due = false;
	pci[0] = (uint8_t)(ISOTP_PCI_FC << 4 | rx->fc_status);
	pci[1] = self->config.block_size;
	pci[2] = self->config.st_min;
	isotp_frame_finish(&self->config, msg, offset + 3u);
	if (rx->state == ISOTP_RX_RECEIVING)
		rx->n_unconfirmed++;
	else
		rx->n_stale++; /* an overflow: nobody waits for its confirmation */
	return true;
}
