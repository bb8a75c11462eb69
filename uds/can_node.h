/*
 * can_node - our station on one bus, as a pure core: the channels to many ECUs, functional requests, and the window of
 * frames that were handed to the port and not yet confirmed.
 *
 * The port below sends what can_node_pop_frame() gives, in that order, and calls can_node_confirm() as frames leave.
 * Channels take turns; a functional frame goes first, then those of a gathering.
 */
#ifndef UDS_CAN_NODE_H
#define UDS_CAN_NODE_H

#include "uds/uds_channel.h"
#include "uds/uds_gather.h"

#define CAN_NODE_MAX_CHANNELS   64u
#define CAN_NODE_MAX_WINDOW     64u
#define CAN_NODE_CONFIRM_US     2000000u /* above every N_As: a confirmation that has not come by then never will */
#define CAN_NODE_MAX_PLAIN      8u       /* other frames that wait */
#define CAN_NODE_MAX_FUNCTIONAL 8u       /* functional requests that wait; addresses that hear our tester present */

struct can_node_functional {
	uint32_t id;
	bool extended_id;
	bool fd;
	bool brs;
	bool pad;
	uint8_t pad_byte;
	bool has_address; /* extended, mixed addressing: frames begin with @address (ISO 15765-2: N_TA, N_AE) */
	uint8_t address;  /* else they are in normal form */
};

struct can_node {
	struct uds_channel *channels[CAN_NODE_MAX_CHANNELS];
	uint8_t n_channels; /* places used, from the first; a detached channel leaves NULL in its place */
	uint8_t turn;       /* whose turn it is */
	uint8_t window;
	uint8_t owners[CAN_NODE_MAX_WINDOW]; /* ring: index of the channel of each outstanding frame, oldest first */
	uint8_t owner_head;
	uint8_t n_outstanding;
	uint64_t confirm_by_us; /* while frames are outstanding: no confirmation until then, and they are given up */
	struct can_msg functional[CAN_NODE_MAX_FUNCTIONAL]; /* functional frames that wait */
	uint8_t n_functional;
	struct can_msg plain[CAN_NODE_MAX_PLAIN]; /* frames that are no diagnostics and wait */
	uint8_t n_plain;
	uint32_t n_functional_sent;     /* confirmed functional frames since the start */
	uint32_t n_tester_present_sent; /* those of them that were cyclic tester present */
	uint64_t functional_sent_us;    /* when the last of the others was confirmed */
	uint64_t tester_present_due_us; /* UDS_NEVER while functional tester present is off */
	uint64_t tester_present_period_us;
	struct can_node_functional tester_present[CAN_NODE_MAX_FUNCTIONAL];
	uint8_t n_tester_present;
	uint8_t tester_present_waits; /* bit per address: due, and not yet popped */
	struct uds_gather *gather;    /* of can_node_gather(); NULL = none */
	uint32_t n_foreign;  /* frames with one of our request identifiers that we did not send: another tester */
	uint32_t foreign_id; /* of the last of them */
	uint64_t foreign_us;
};

/* @window: 1..64 frames outstanding at the port */
void can_node_init(struct can_node *self, uint8_t window);

/* Return: 0, or 1 if CAN_NODE_MAX_CHANNELS are attached. The channel must stay where it is until detached. */
int can_node_attach(struct can_node *self, struct uds_channel *channel);
/* outstanding frames of the channel are forgotten as they are confirmed */
void can_node_detach(struct can_node *self, struct uds_channel *channel);

/**
 * can_node_send_functional() - a functional single-frame request
 * @n: 1..7 (classic), 1..62 (FD), one less with an address byte; answers arrive at the channels as
 * UDS_EVENT_UNSOLICITED Return: 0, or 1 if the queue is full or @n does not fit a single frame.
 */
int can_node_send_functional(struct can_node *self, const struct can_node_functional *to, const uint8_t *pdu, size_t n);

/**
 * can_node_send_plain() - a frame of ours that is no diagnostic message; it goes before all others
 *
 * One that still waits with the same identifier is replaced: what is sent cyclically does not pile up. Return: 0, or 1
 * if CAN_NODE_MAX_PLAIN wait.
 */
int can_node_send_plain(struct can_node *self, const struct can_msg *msg);

/* 3E 80 to each of @n functional addresses (copied; 1..8) every @period_us from @now_us on; @period_us 0 ends it */
void can_node_tester_present(struct can_node *self, uint64_t now_us, const struct can_node_functional *to, uint8_t n,
			     uint64_t period_us);

/**
 * can_node_gather() - run a gathering on this station
 * @gather: started by its owner, before or after; it sees frames before the channels do. Stays where it is until
 * another one, or NULL, takes its place; what it has outstanding is then forgotten as it is confirmed.
 */
void can_node_gather(struct can_node *self, struct uds_gather *gather);

/*
 * a frame from the bus that is not an echo of ours; one with a channel's request identifier, or with one of the
 * functional tester present, counts as foreign Return: true if a channel took it
 */
bool can_node_input(struct can_node *self, uint64_t now_us, const struct can_msg *msg);
/* the oldest @n outstanding frames have left */
void can_node_confirm(struct can_node *self, uint64_t now_us, size_t n);
void can_node_expire(struct can_node *self, uint64_t now_us);
uint64_t can_node_deadline(const struct can_node *self);
bool can_node_pop_frame(struct can_node *self, uint64_t now_us, struct can_msg *msg);

/* after the port was lost: nothing is outstanding any more; open messages end by their own timers */
void can_node_reset_outstanding(struct can_node *self);

#endif
