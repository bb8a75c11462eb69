/*
 * uds_client - the client side of ISO 14229-2: one request at a time, every wait bounded, as a pure core.
 *
 * Below it lies a transport that says when the request's last frame was confirmed, when the first frame of an answer
 * came, and hands over whole answers. uds/uds_channel.h joins it with isotp. The rules it keeps are in
 * docs/conformance.md.
 */
#ifndef UDS_UDS_CLIENT_H
#define UDS_UDS_CLIENT_H

#include "uds/isotp.h"
#include "uds/uds.h"

struct uds_timing {
	uint64_t p2_us;            /* confirmation of the request to the first frame of the answer; default 150 ms */
	uint64_t p2_star_us;       /* the same after NRC 0x78; default 5100 ms */
	uint64_t answer_max_us;    /* first frame of an answer to its end; default 30 s */
	uint32_t max_pending;      /* NRC 0x78 to one request; default 240 */
	uint64_t pending_max_us;   /* total time of one request with 0x78; default 600 s */
	uint64_t busy_pause_us;    /* pause before a request is repeated after NRC 0x21; default 200 ms */
	uint32_t max_busy_repeats; /* default 10 */
	uint64_t s3_client_us; /* idle time after which the channel sends tester present, if asked to; default 2 s */
};

struct uds_timing uds_timing_default(void);

/**
 * uds_session_times() - the access timing in a positive answer to 10
 * @p2_us, @p2_star_us: what the ECU keeps, from bytes in units of 1 ms and of 10 ms; the way over the bus, gateways
 *                      included, is to be added before it becomes ours. Untouched on failure.
 *
 * Return: whether the answer has them. Answers of older ECUs end behind the session.
 */
bool uds_session_times(const uint8_t *pdu, size_t n, uint64_t *p2_us, uint64_t *p2_star_us);

enum uds_event_kind {
	UDS_EVENT_NONE,
	UDS_EVENT_POSITIVE,    /* pdu is the whole positive answer, echoes checked */
	UDS_EVENT_NEGATIVE,    /* nrc */
	UDS_EVENT_SUPPRESSED,  /* positive response was suppressed, and P2 passed in silence */
	UDS_EVENT_PENDING,     /* information: NRC 0x78 came, the request is still open */
	UDS_EVENT_TIMEOUT,     /* no answer, or pending beyond its bounds */
	UDS_EVENT_MALFORMED,   /* a cut-off 7F, or a positive answer whose echo or length is wrong */
	UDS_EVENT_SEND_FAILED, /* the transport could not send: reason */
	UDS_EVENT_UNSOLICITED, /* a whole message while no request was open (an answer to a functional request) */
};

struct uds_event {
	enum uds_event_kind kind;
	uint8_t sid; /* of the request; of UNSOLICITED: of the service answered, 0 if the message is no answer */
	uint8_t nrc;
	enum isotp_reason reason; /* SEND_FAILED; TIMEOUT: why the reception of the answer failed, NONE if none came */
	/* TIMEOUT: how long the ECU put its answer off with NRC 0x78, up to the bounds of the timing; 0 = it did not,
	 * or fell silent */
	uint64_t pending_us;
	const uint8_t *pdu; /* POSITIVE, NEGATIVE, MALFORMED, UNSOLICITED; valid until the next input */
	size_t n_pdu;
};

#define UDS_CLIENT_MAX_EARLIER 4u
#define UDS_CLIENT_MAX_OTHERS  31u /* identifiers after the first of a 22 that its answer may begin with */

struct uds_client_echo {
	uint8_t sid;     /* of the request; 0 = none */
	uint8_t echo[4]; /* what the positive answer must repeat after its service identifier */
	uint8_t n_echo;
	uint8_t others[2 * UDS_CLIENT_MAX_OTHERS]; /* 22: the identifiers after the first, each as good an echo as it */
	uint8_t n_others;
};

struct uds_client {
	struct uds_timing timing;
	uint8_t state;
	struct uds_client_echo request;
	bool suppressed;
	bool pending_seen;
	uint32_t n_pending;
	uint32_t n_busy;
	uint64_t started_us;
	uint64_t deadline_us;
	uint64_t p2_left_us;         /* while an answer is received: what was left of P2 as it began */
	uint64_t answer_deadline_us; /* for all receptions during one wait; UDS_NEVER before the first */
	bool resend_due;
	struct uds_client_echo earlier[UDS_CLIENT_MAX_EARLIER]; /* the requests before this one */
	uint8_t earlier_next;
	struct uds_event event;
};

void uds_client_init(struct uds_client *self, const struct uds_timing *timing);

enum { UDS_BUSY = 1, UDS_EMPTY = 2, UDS_TOO_LONG = 3 };

/*
 * Each door leaves at most one event for uds_client_pop_event(), which is to be called after each of them. Doors that
 * do not fit the state of the request (an answer before the request was sent, a confirmation nobody waits for) do
 * nothing.
 */

/**
 * uds_client_request() - a request is handed to the transport
 *
 * The positive answer must repeat: the sub-function without its suppress bit (services that have one), for 31 the
 * routine too, the data identifier for 22, 24, 2E and 2F, the block counter for 36, the first byte for 38 and 3D. What
 * 34, 35 and 37 answer repeats nothing. An ECU leaves out of its answer to a 22 the identifiers that it does not have
 * (ISO 14229-1, ReadDataByIdentifier): it may begin with any of the first 32 that were asked for.
 *
 * Return: 0, UDS_BUSY while another is open, UDS_EMPTY for n 0.
 */
int uds_client_request(struct uds_client *self, uint64_t now_us, const uint8_t *pdu, size_t n);
/* the request's last frame was confirmed: P2 starts */
void uds_client_sent(struct uds_client *self, uint64_t now_us);
void uds_client_send_failed(struct uds_client *self, uint64_t now_us, enum isotp_reason reason);
/* the first frame of the answer came: P2 stops */
void uds_client_rx_started(struct uds_client *self, uint64_t now_us);
/* the reception that had started ended without a message: so ends the request, as TIMEOUT with @reason */
void uds_client_rx_failed(struct uds_client *self, uint64_t now_us, enum isotp_reason reason);
/* the reception that had started gave way to another message: what was left of P2 goes on */
void uds_client_rx_dropped(struct uds_client *self, uint64_t now_us);
/* a whole message; @pdu stays valid until the event was used */
void uds_client_input(struct uds_client *self, uint64_t now_us, const uint8_t *pdu, size_t n);
void uds_client_expire(struct uds_client *self, uint64_t now_us);
uint64_t uds_client_deadline(const struct uds_client *self);
/* Return: true once when the same request is to be sent again (NRC 0x21, the pause has passed) */
bool uds_client_pop_resend(struct uds_client *self);
bool uds_client_pop_event(struct uds_client *self, struct uds_event *event);
/* gives up the open request without an event */
void uds_client_abort(struct uds_client *self);
bool uds_client_open(const struct uds_client *self);
/* true between uds_client_request() (or a resend) and uds_client_sent() */
bool uds_client_sending(const struct uds_client *self);
/* true from the first frame of the answer to its last */
bool uds_client_receiving(const struct uds_client *self);
/* true while NRC 0x78 holds the request open and no answer is being received */
bool uds_client_pending(const struct uds_client *self);
/* Return: whether the message is an answer, positive or negative, to the open request's service */
bool uds_client_is_answer(const struct uds_client *self, const uint8_t *pdu, size_t n);

#endif
