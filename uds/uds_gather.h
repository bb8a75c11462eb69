/*
 * uds_gather - one request to many ECUs, and the answers of all of them within a bounded time, as a pure core.
 *
 * The request is a single frame, functional as a rule. Whoever answers it from an identifier within a range gets a
 * place: its answer may take several frames and may be put off with 0x78, each wait bounded by the timing as for a
 * channel. New ones are taken until uds_gather_expire() finds that P2 has passed: what a late reader hands in before
 * that came in time. Then the gathering ends with the last answer that had begun. A scanner asks an identifier
 * physically and takes answers from any other: what carries no answer to this request's service is left alone.
 *
 * With extended and mixed addressing answers are told apart by their identifier alone, so one address is asked at a
 * time. can_node_gather() runs it on a station; alone, its frames are popped and confirmed in order like those of a
 * link. An ECU to which a channel has a request open is not to be asked by this.
 */
#ifndef UDS_UDS_GATHER_H
#define UDS_UDS_GATHER_H

#include "uds/uds_client.h"

#define UDS_GATHER_MAX_ECUS        64u
#define UDS_GATHER_MAX_REQUEST     62u /* of a single frame of CAN FD */
#define UDS_GATHER_MAX_UNCONFIRMED 64u

/* where the flow controls for an answer of several frames go, and most likely physical requests to its sender */
enum uds_gather_reply {
	UDS_GATHER_TO_REQUEST, /* to the request's identifier, which is that of one ECU */
	UDS_GATHER_BY_OFFSET,  /* to the answer's identifier less an offset: 7E8 is asked at 7E0, with 8 */
	UDS_GATHER_FIXED,      /* to 18DAxxyy for an answer from 18DAyyxx */
};

struct uds_gather_config {
	struct isotp_config link; /* address: who is asked, and the address byte of answers; rx_id is of no meaning */
	struct uds_timing timing; /* 0x21 is an answer here, nothing is repeated */
	uint32_t first_id;        /* answers come from first_id..last_id, with the request's kind of identifier */
	uint32_t last_id;
	enum uds_gather_reply reply;
	uint32_t offset; /* BY_OFFSET */
};

/* one ECU that answered */
struct uds_gather_ecu {
	uint32_t id;         /* of its answers */
	uint32_t request_id; /* as uds_gather_reply says */
	enum uds_event_kind
	    kind; /* POSITIVE, NEGATIVE, MALFORMED, or TIMEOUT: it began and did not end; NONE: not yet */
	uint8_t nrc;
	const uint8_t *pdu; /* the answer; NULL for TIMEOUT. Valid until the next start. */
	size_t n_pdu;
	uint64_t answered_us; /* when it was whole */
	uint32_t n_pending;   /* 0x78 before it */
	struct isotp link;
	struct uds_client client;
};

struct uds_gather {
	struct uds_gather_config config;
	struct uds_gather_ecu *ecus; /* the first n of them have answered, in the order in which they began */
	size_t n;
	size_t cap;
	uint8_t *buf;
	size_t buf_each;
	uint8_t request[UDS_GATHER_MAX_REQUEST];
	size_t n_request;
	struct isotp sender;
	uint8_t state;
	bool window_over;              /* P2 has passed */
	enum isotp_reason send_failed; /* why the request could not be sent; NONE if it was */
	uint32_t n_beyond;             /* answers for which there was no place */
	uint64_t sent_us;
	uint8_t
	    owners[UDS_GATHER_MAX_UNCONFIRMED]; /* of the frames handed out, oldest first: an index, or the request */
	uint8_t n_unconfirmed;
};

/**
 * uds_gather_init() - nothing asked yet
 * @ecus, @cap: places for those who answer, at most UDS_GATHER_MAX_ECUS are used; @buf, @n_buf: for their answers, an
 *              equal part each. Owned by the caller, live as long as the core.
 */
void uds_gather_init(struct uds_gather *self, const struct uds_gather_config *config, struct uds_gather_ecu *ecus,
		     size_t cap, uint8_t *buf, size_t n_buf);

/**
 * uds_gather_start() - ask; what was gathered before is forgotten
 * Return: 0, UDS_BUSY while it runs, UDS_EMPTY, or UDS_TOO_LONG for more than a single frame holds.
 */
int uds_gather_start(struct uds_gather *self, uint64_t now_us, const uint8_t *pdu, size_t n);
/* ends it at once; those that were not finished stay NONE, and frames handed out are still to be confirmed */
void uds_gather_abort(struct uds_gather *self);

/* Return: whether the frame was an answer, or part of one */
bool uds_gather_input(struct uds_gather *self, uint64_t now_us, const struct can_msg *msg);
void uds_gather_confirm(struct uds_gather *self, uint64_t now_us);
/* the port lost what was outstanding */
void uds_gather_forget_unconfirmed(struct uds_gather *self);
void uds_gather_expire(struct uds_gather *self, uint64_t now_us);
uint64_t uds_gather_deadline(const struct uds_gather *self);
bool uds_gather_pop_frame(struct uds_gather *self, uint64_t now_us, struct can_msg *msg);

/* true from the start to the end */
bool uds_gather_running(const struct uds_gather *self);
/* Return: the ECU that answers from @id, NULL if there was none */
const struct uds_gather_ecu *uds_gather_find(const struct uds_gather *self, uint32_t id);

#endif
