/*
 * uds_channel - the diagnostic connection to one ECU: an isotp link and a uds_client joined, as a pure core.
 *
 * It owns the request buffer, so a request may be built on the stack. While `tester_present` is on and no request has
 * been sent for s3_client_us, it sends 3E 80 on its own, never in the middle of a transfer of its own and never
 * mistaken for an answer to something else. It does so too while NRC 0x78 holds a request open for long: there are ECUs
 * whose S3 runs on while they erase.
 *
 * Messages that come while no request is open are UDS_EVENT_UNSOLICITED, negative ones too; while one is open, messages
 * that do not answer it are dropped. Events that nobody pops: of more than UDS_CHANNEL_MAX_EVENTS the oldest are lost.
 */
#ifndef UDS_UDS_CHANNEL_H
#define UDS_UDS_CHANNEL_H

#include "uds/uds_client.h"

#define UDS_CHANNEL_MAX_EVENTS 4u

struct uds_channel {
	struct isotp isotp;
	struct uds_client client;
	uint8_t *tx_buf;
	size_t tx_cap;
	size_t tx_n;
	bool tester_present; /* set by uds_channel_keep_awake() */
	bool tp_in_flight;
	bool tp_sent;    /* since the last request ended: its answer, if one comes, is not reported */
	bool send_waits; /* the request waits for the tester present before it */
	uint64_t last_activity_us;
	struct uds_event events[UDS_CHANNEL_MAX_EVENTS];
	uint8_t event_head;
	uint8_t event_n;
};

/**
 * uds_channel_init() - a channel with no request open
 * @tx_buf, @rx_buf: owned by the caller, live as long as the channel; they bound requests and answers
 */
void uds_channel_init(struct uds_channel *self, const struct isotp_config *link, const struct uds_timing *timing,
		      uint8_t *tx_buf, size_t tx_cap, uint8_t *rx_buf, size_t rx_cap);

/**
 * uds_channel_request() - send a request and wait for its answer
 * @pdu: copied
 * Return: 0, UDS_BUSY, UDS_EMPTY or UDS_TOO_LONG.
 */
int uds_channel_request(struct uds_channel *self, uint64_t now_us, const uint8_t *pdu, size_t n);

/**
 * uds_channel_request_with() - the same for a head and a body that need not be joined first (36 and its block)
 */
int uds_channel_request_with(struct uds_channel *self, uint64_t now_us, const uint8_t *head, size_t n_head,
			     const uint8_t *body, size_t n_body);

/* gives up the open request and any reception, without an event */
void uds_channel_abort(struct uds_channel *self);

void uds_channel_keep_awake(struct uds_channel *self, uint64_t now_us, bool on);

/* P2 and P2* for the requests that follow, as the answer to 10 announced them, within limits of the caller */
void uds_channel_set_p2(struct uds_channel *self, uint64_t p2_us, uint64_t p2_star_us);

bool uds_channel_input(struct uds_channel *self, uint64_t now_us, const struct can_msg *msg);
void uds_channel_confirm(struct uds_channel *self, uint64_t now_us);
void uds_channel_expire(struct uds_channel *self, uint64_t now_us);
uint64_t uds_channel_deadline(const struct uds_channel *self);
bool uds_channel_pop_frame(struct uds_channel *self, uint64_t now_us, struct can_msg *msg);
bool uds_channel_pop_event(struct uds_channel *self, struct uds_event *event);
/* the port lost what was outstanding, see isotp_forget_unconfirmed() */
void uds_channel_forget_unconfirmed(struct uds_channel *self);
/* Return: true if no request is open (a tester present may be on its way) */
bool uds_channel_idle(const struct uds_channel *self);

#endif
