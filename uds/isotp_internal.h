/*
 * isotp_internal - what isotp.c, isotp_tx.c and isotp_rx.c share. Nobody else includes it.
 */
#ifndef UDS_ISOTP_INTERNAL_H
#define UDS_ISOTP_INTERNAL_H

#include "uds/isotp.h"

/* protocol control information: the upper half of its first byte */
enum isotp_pci { ISOTP_PCI_SF = 0x0, ISOTP_PCI_FF = 0x1, ISOTP_PCI_CF = 0x2, ISOTP_PCI_FC = 0x3 };

enum isotp_flow_status { ISOTP_FS_CTS = 0, ISOTP_FS_WAIT = 1, ISOTP_FS_OVERFLOW = 2 };

/* longest message whose length fits the 12 bits of a first frame without escape */
#define ISOTP_FF_DL_12BIT_MAX 4095u

enum isotp_tx_state {
	ISOTP_TX_IDLE,
	ISOTP_TX_FIRST,        /* the single or first frame waits to be popped */
	ISOTP_TX_WAIT_FC,      /* the first frame or a block's last frame was popped */
	ISOTP_TX_BLOCK,        /* consecutive frames of a block wait to be popped */
	ISOTP_TX_WAIT_CONFIRM, /* everything was popped */
	ISOTP_TX_STUCK,        /* frames were lost with the port: nothing more is sent, N_As ends it */
};

enum isotp_rx_state { ISOTP_RX_IDLE, ISOTP_RX_RECEIVING };

/* where the protocol control information begins: behind the address byte, if the addressing has one */
static inline uint8_t isotp_pci_offset(const struct isotp_config *config)
{
	return config->address.form == ISOTP_EXTENDED || config->address.form == ISOTP_MIXED ? 1 : 0;
}

/* the longest single-frame payload in frames of @dl bytes */
static inline size_t isotp_sf_max(size_t dl, uint8_t offset)
{
	return dl <= 8 ? 7u - offset : dl - 2u - offset;
}

/* identifier, flags, address byte; @used bytes with those are set: pads and sets the length */
void isotp_frame_finish(const struct isotp_config *config, struct can_msg *msg, size_t used);

void isotp_push_event(struct isotp *self, enum isotp_event_kind kind, enum isotp_reason reason, const uint8_t *data,
		      size_t n);

/* sending; a flow control's three bytes in */
void isotp_tx_start(struct isotp *self, uint64_t now_us, const uint8_t *data, size_t n);
void isotp_tx_end(struct isotp *self);
void isotp_tx_flow_control(struct isotp *self, uint64_t now_us, const uint8_t *fc);
void isotp_tx_confirm(struct isotp *self, uint64_t now_us);
void isotp_tx_expire(struct isotp *self, uint64_t now_us);
uint64_t isotp_tx_deadline(const struct isotp *self);
bool isotp_tx_pop(struct isotp *self, uint64_t now_us, struct can_msg *msg);

/* receiving; @pci: the frame behind the address byte, @n bytes of it (1 at least), @can_dl the whole frame's length */
void isotp_rx_end(struct isotp *self);
void isotp_rx_single(struct isotp *self, const uint8_t *pci, size_t n, uint8_t can_dl);
void isotp_rx_first(struct isotp *self, uint64_t now_us, const uint8_t *pci, size_t n, uint8_t can_dl);
void isotp_rx_consecutive(struct isotp *self, uint64_t now_us, const uint8_t *pci, size_t n, uint8_t can_dl);
void isotp_rx_confirm(struct isotp *self, uint64_t now_us);
void isotp_rx_expire(struct isotp *self, uint64_t now_us);
bool isotp_rx_pop_flow_control(struct isotp *self, struct can_msg *msg);

#endif
