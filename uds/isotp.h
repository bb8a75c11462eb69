/*
 * isotp - one ISO 15765-2 link: a pair of identifiers, full duplex, as a pure core.
 *
 * Frames and confirmations go in, frames and events come out; sending and receiving are independent of each other.
 * The driver calls one door, then drains isotp_pop_frame() and isotp_pop_event(), then re-arms a timer for
 * isotp_deadline(). Early expiry is a no-op.
 *
 * Confirmation: each popped frame must be confirmed, in the order popped, by isotp_confirm() once it was on the wire.
 * N_As, N_Ar and STmin count from there. With STmin 0 the link hands out frames ahead of confirmations; the caller
 * bounds how many are outstanding (uds/can_node.h). With STmin above 0 one consecutive frame is outstanding at a time.
 * Confirmations may come late and several at once: a flow control or a consecutive frame of the peer shows that the
 * frames it answers have left, and is taken before their confirmation.
 *
 * Timers, as ISO 15765-2 names them. N_As, N_Ar: a frame of ours from being handed out to its confirmation. N_Bs, N_Cr:
 * the wait for the peer. N_Cs: the next consecutive frame is due (clear to send, or the gap is over) and nobody pops
 * it: our own port is stuck, and the peer's N_Cr runs out. N_Br: the pace of WAIT while the owner holds a reception,
 * see isotp_hold(); a reception that nobody holds is answered at once.
 *
 * Events that nobody pops: of more than ISOTP_MAX_EVENTS the oldest are lost.
 */
#ifndef UDS_ISOTP_H
#define UDS_ISOTP_H

#include "uds/can_msg.h"

#define UDS_NEVER             UINT64_MAX
#define ISOTP_MAX_EVENTS      8u
#define ISOTP_MAX_UNCONFIRMED 64u

enum isotp_addressing {
	ISOTP_NORMAL,       /* identifiers alone, 11 or 29 bits */
	ISOTP_NORMAL_FIXED, /* 18DAxxyy: same frame format as normal */
	ISOTP_EXTENDED,     /* first data byte is the target address */
	ISOTP_MIXED,        /* first data byte is the address extension */
};

struct isotp_address {
	enum isotp_addressing form;
	bool extended_id; /* 29-bit identifiers */
	uint32_t tx_id;
	uint32_t rx_id;
	uint8_t tx_ae; /* extended and mixed: first byte of what we send */
	uint8_t rx_ae; /* extended and mixed: first byte of what we accept */
};

struct isotp_config {
	struct isotp_address address;
	bool fd;
	bool brs;
	uint8_t tx_dl; /* longest frame we send: 8; with fd also 12, 16, 20, 24, 32, 48, 64 */
	bool pad;      /* classic frames padded to 8 bytes */
	uint8_t pad_byte;
	uint8_t block_size; /* asked of the peer, 0 = no limit */
	uint8_t st_min;     /* asked of the peer, as coded on the wire */
	uint32_t n_as_us;   /* our frame to its confirmation */
	uint32_t n_ar_us;   /* our flow control to its confirmation */
	uint32_t n_bs_us;   /* wait for a flow control */
	uint32_t n_cr_us;   /* wait for a consecutive frame */
	uint32_t n_br_us;   /* a held reception: a frame of the peer, or our last WAIT, to our next flow control */
	uint32_t n_cs_us;   /* a consecutive frame that is due, to its being handed out */
	uint8_t wait_max;   /* N_WFTmax: WAITs in a row that a held reception is answered with; 0 = none */
	uint64_t
	    tx_message_max_us; /* deadline for one whole message we send, WAITs included; 0 = computed by the link */
};

/*
 * N_As, N_Ar, N_Bs, N_Cr and N_Cs at 1000 ms; N_Br 500 ms, well below the peer's N_Bs, and 10 WAITs; classic CAN, tx_dl
 * 8, padded with 0xCC, BS 0, STmin 0. The address is all zero.
 */
struct isotp_config isotp_config_default(void);

enum isotp_event_kind {
	ISOTP_EVENT_NONE,
	ISOTP_EVENT_SENT,        /* the last frame of our message was confirmed */
	ISOTP_EVENT_SEND_FAILED, /* reason says why; the message is dropped */
	ISOTP_EVENT_RX_STARTED,  /* a first frame was accepted: n is the announced length, data its first bytes (1 at
				    least) */
	ISOTP_EVENT_RECEIVED,    /* a whole message: data, n; valid until the next input */
	ISOTP_EVENT_RX_FAILED,   /* a reception ended without a message; for NO_BUFFER it ended as it began */
};

enum isotp_reason {
	ISOTP_REASON_NONE,
	ISOTP_REASON_N_AS,     /* no confirmation in time, of our data or (N_Ar) of our flow control */
	ISOTP_REASON_N_BS,     /* no flow control in time */
	ISOTP_REASON_N_CR,     /* no consecutive frame in time */
	ISOTP_REASON_OVERFLOW, /* the peer's flow control said overflow */
	ISOTP_REASON_INVALID_FS,
	ISOTP_REASON_WRONG_SN,
	ISOTP_REASON_TOO_SLOW,    /* tx_message_max_us passed */
	ISOTP_REASON_INTERRUPTED, /* a new message began in the middle of this one */
	ISOTP_REASON_NO_BUFFER, /* a first frame announced more than the receive buffer holds; overflow was answered */
	ISOTP_REASON_N_CS,      /* a consecutive frame was due and nobody took it in time */
	ISOTP_REASON_WAIT_MAX,  /* the reception was held for longer than wait_max WAITs allow */
};

struct isotp_event {
	enum isotp_event_kind kind;
	enum isotp_reason reason;
	const uint8_t *data;
	size_t n;
};

struct isotp_tx {
	const uint8_t *data;
	size_t n;
	size_t offset; /* bytes handed out in frames */
	uint8_t state;
	uint8_t sn;
	uint8_t block_left;
	bool block_unlimited;
	uint32_t st_min_us;
	uint32_t n_unconfirmed; /* data frames of this message handed out and not confirmed */
	uint32_t n_stale;       /* the same of earlier messages and blocks: their confirmations mean nothing any more */
	uint64_t not_before_us; /* STmin: earliest next frame; 0 = none */
	uint64_t deadline_us;   /* N_As or N_Bs */
	uint64_t message_deadline_us;
};

struct isotp_rx {
	uint8_t *buf;
	size_t cap;
	size_t n;      /* announced length */
	size_t offset; /* bytes received */
	uint8_t state;
	uint8_t sn;
	uint8_t rx_dl;
	uint8_t block_left;
	bool fc_due;            /* a flow control waits to be popped */
	uint8_t fc_status;      /* its flow status */
	uint32_t n_unconfirmed; /* flow controls of this reception handed out and not confirmed */
	uint32_t n_stale;       /* the same of earlier receptions */
	uint64_t deadline_us;   /* N_Cr, N_Ar or N_Br */
	bool held;              /* by isotp_hold() */
	bool cts_owed;          /* the clear-to-send of this reception is held back */
	uint8_t n_waits;        /* sent in a row */
};

struct isotp {
	struct isotp_config config;
	struct isotp_tx tx;
	struct isotp_rx rx;
	/* the frames handed out and not yet confirmed, a bit each, bit 0 the oldest: set for a flow control */
	uint64_t unconfirmed;
	uint8_t unconfirmed_n; /* 0..ISOTP_MAX_UNCONFIRMED; at the limit no frame is handed out */
	struct isotp_event events[ISOTP_MAX_EVENTS];
	uint8_t event_head;
	uint8_t event_n;
};

/* positive results of isotp_send() */
enum {
	ISOTP_BUSY = 1,     /* a message is being sent */
	ISOTP_TOO_LONG = 2, /* n is 0 or above 2^32 - 1 */
};

/**
 * isotp_init() - an idle link
 * @rx_buf: owned by the caller, lives as long as the link; @rx_cap bounds what a first frame may announce
 */
void isotp_init(struct isotp *self, const struct isotp_config *config, uint8_t *rx_buf, size_t rx_cap);

/**
 * isotp_send() - begin to send a message
 * @data: stays valid and unchanged until ISOTP_EVENT_SENT, ISOTP_EVENT_SEND_FAILED or isotp_abort()
 *
 * Return: 0, ISOTP_BUSY or ISOTP_TOO_LONG.
 */
int isotp_send(struct isotp *self, uint64_t now_us, const uint8_t *data, size_t n);

/* drops what is being sent and received, and events not popped; frames handed out are still to be confirmed */
void isotp_abort(struct isotp *self);

/**
 * isotp_input() - a frame from the bus
 *
 * Return: true if the frame carries this link's receive identifier and address (whatever its content).
 */
bool isotp_input(struct isotp *self, uint64_t now_us, const struct can_msg *msg);

/* the oldest frame handed out and not yet confirmed has left at @now_us */
void isotp_confirm(struct isotp *self, uint64_t now_us);

/**
 * isotp_assume_sent() - the peer answers, so our message has left, although its confirmation is still on the way
 *
 * Return: true if all frames of a message were handed out and only confirmations were missing: the message is over,
 * without ISOTP_EVENT_SENT, and the late confirmations mean nothing. False, and nothing changes, in any other state.
 */
bool isotp_assume_sent(struct isotp *self);

/* The port lost what was outstanding: no confirmation will come. A message that lost frames ends by N_As. */
void isotp_forget_unconfirmed(struct isotp *self);

void isotp_expire(struct isotp *self, uint64_t now_us);
uint64_t isotp_deadline(const struct isotp *self);

/**
 * isotp_hold() - no clear-to-send until isotp_release(): the owner has no room, or no time, for what comes
 *
 * A flow control that becomes due, or has not been popped yet, is held back. n_br_us later the peer is told to WAIT,
 * and so on at that pace, wait_max times in a row; then the reception ends as WAIT_MAX, and the peer by its N_Bs.
 * Frames that come although nothing was cleared are ignored. A block that was cleared before arrives. Single frames are
 * not held. The hold outlasts the reception, isotp_abort() too.
 */
void isotp_hold(struct isotp *self, uint64_t now_us);
/* what was held back is due at once */
void isotp_release(struct isotp *self, uint64_t now_us);

/* Return: true and a frame to be sent now; false if there is none at @now_us */
bool isotp_pop_frame(struct isotp *self, uint64_t now_us, struct can_msg *msg);
bool isotp_pop_event(struct isotp *self, struct isotp_event *event);

/* true while a message is being sent */
bool isotp_sending(const struct isotp *self);

/**
 * isotp_st_min_to_us() - the gap that a receiver asks for between consecutive frames
 * @st_min: third flow-control byte, 0x00..0xff
 *
 * Reserved codes (0x80..0xf0, 0xfa..0xff) decode to the longest gap, 127 ms, never to none.
 *
 * Source: ISO 15765-2:2016, SeparationTime minimum.
 * Return: microseconds, 0..127000. Cannot fail.
 */
uint32_t isotp_st_min_to_us(uint8_t st_min);

const char *isotp_reason_text(enum isotp_reason reason);

#endif
