#include "uds/uds_client.h"

#include <string.h>

#define MS UINT64_C(1000)
#define S  UINT64_C(1000000)

enum client_state {
	CLIENT_IDLE,
	CLIENT_SENDING,   /* until uds_client_sent() */
	CLIENT_WAITING,   /* P2 or P2* runs */
	CLIENT_RECEIVING, /* the answer's first frame came */
	CLIENT_PAUSE,     /* after NRC 0x21 */
};

struct uds_timing uds_timing_default(void)
{
	return (struct uds_timing){
	    .p2_us = 150 * MS,
	    .p2_star_us = 5100 * MS,
	    .answer_max_us = 30 * S,
	    .max_pending = 240,
	    .pending_max_us = 600 * S,
	    .busy_pause_us = 200 * MS,
	    .max_busy_repeats = 10,
	    .s3_client_us = 2 * S,
	};
}

bool uds_session_times(const uint8_t *pdu, size_t n, uint64_t *p2_us, uint64_t *p2_star_us)
{
	if (n < 6 || pdu[0] != UDS_DIAGNOSTIC_SESSION_CONTROL + UDS_POSITIVE_OFFSET)
		return false;
	*p2_us = (pdu[2] * UINT64_C(256) + pdu[3]) * MS;
	*p2_star_us = (pdu[4] * UINT64_C(256) + pdu[5]) * 10 * MS;
	return true;
}

void uds_client_init(struct uds_client *self, const struct uds_timing *timing)
{
	memset(self, 0, sizeof(*self));
	self->timing = *timing;
	self->state = CLIENT_IDLE;
	self->deadline_us = UDS_NEVER;
	self->answer_deadline_us = UDS_NEVER;
}

static uint64_t earlier_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static size_t echo_length(uint8_t sid)
{
	switch (sid) {
	case UDS_ROUTINE_CONTROL:
		return 3;
	case UDS_READ_DATA_BY_IDENTIFIER:
	case 0x24: /* ReadScalingDataByIdentifier */
	case UDS_WRITE_DATA_BY_IDENTIFIER:
	case 0x2f: /* InputOutputControlByIdentifier */
		return 2;
	case UDS_TRANSFER_DATA:
	case 0x38: /* RequestFileTransfer: the mode of operation */
	case 0x3d: /* WriteMemoryByAddress: the format of what follows, address and size */
		return 1;
	default:
		return uds_sid_has_sub_function(sid) ? 1 : 0;
	}
}

int uds_client_request(struct uds_client *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	if (self->state != CLIENT_IDLE)
		return UDS_BUSY;
	if (n == 0)
		return UDS_EMPTY;

	if (self->request.sid != 0) {
		self->earlier[self->earlier_next] = self->request;
		self->earlier_next = (uint8_t)((self->earlier_next + 1u) % UDS_CLIENT_MAX_EARLIER);
	}
	struct uds_client_echo *request = &self->request;
	const size_t n_echo = echo_length(pdu[0]);
	request->sid = pdu[0];
	request->n_echo = (uint8_t)(n_echo < n ? n_echo : n - 1);
	memcpy(request->echo, pdu + 1, request->n_echo);
	request->n_others = 0;
	if (pdu[0] == UDS_READ_DATA_BY_IDENTIFIER) {
		for (size_t i = 3; i + 1 < n && request->n_others < UDS_CLIENT_MAX_OTHERS; i += 2)
			memcpy(request->others + 2 * request->n_others++, pdu + i, 2);
	}
	self->suppressed = false;
	if (uds_sid_has_sub_function(pdu[0]) && n > 1) {
		self->suppressed = (pdu[1] & UDS_SUPPRESS_POSITIVE_RESPONSE) != 0;
		request->echo[0] &= (uint8_t)~UDS_SUPPRESS_POSITIVE_RESPONSE;
	}

	self->state = CLIENT_SENDING;
	self->pending_seen = false;
	self->n_pending = 0;
	self->n_busy = 0;
	self->started_us = now_us;
	self->deadline_us = UDS_NEVER; /* sending has deadlines of its own */
	self->answer_deadline_us = UDS_NEVER;
	self->resend_due = false;
	self->event.kind = UDS_EVENT_NONE;
	return 0;
}

static void leave_event(struct uds_client *self, enum uds_event_kind kind, const uint8_t *pdu, size_t n)
{
	self->event = (struct uds_event){.kind = kind, .sid = self->request.sid, .pdu = pdu, .n_pdu = n};
}

static void finish(struct uds_client *self, enum uds_event_kind kind, const uint8_t *pdu, size_t n)
{
	self->state = CLIENT_IDLE;
	self->deadline_us = UDS_NEVER;
	leave_event(self, kind, pdu, n);
}

static void finish_negative(struct uds_client *self, const uint8_t *pdu, size_t n)
{
	finish(self, UDS_EVENT_NEGATIVE, pdu, n);
	self->event.nrc = pdu[2];
}

void uds_client_abort(struct uds_client *self)
{
	self->state = CLIENT_IDLE;
	self->deadline_us = UDS_NEVER;
	self->resend_due = false;
	self->event.kind = UDS_EVENT_NONE;
}

void uds_client_sent(struct uds_client *self, uint64_t now_us)
{
	if (self->state != CLIENT_SENDING)
		return;
	self->state = CLIENT_WAITING;
	self->started_us = now_us;
	self->deadline_us = now_us + self->timing.p2_us;
	self->answer_deadline_us = UDS_NEVER;
}

void uds_client_send_failed(struct uds_client *self, uint64_t now_us, enum isotp_reason reason)
{
	(void)now_us;
	if (self->state != CLIENT_SENDING)
		return;
	finish(self, UDS_EVENT_SEND_FAILED, NULL, 0);
	self->event.reason = reason;
}

void uds_client_rx_started(struct uds_client *self, uint64_t now_us)
{
	if (self->state != CLIENT_WAITING)
		return;
	self->state = CLIENT_RECEIVING;
	self->p2_left_us = self->deadline_us > now_us ? self->deadline_us - now_us : 0;
	if (self->answer_deadline_us == UDS_NEVER)
		self->answer_deadline_us = now_us + self->timing.answer_max_us;
	self->deadline_us = self->answer_deadline_us;
}

void uds_client_rx_dropped(struct uds_client *self, uint64_t now_us)
{
	if (self->state != CLIENT_RECEIVING)
		return;
	self->state = CLIENT_WAITING;
	self->deadline_us = earlier_of(now_us + self->p2_left_us, self->answer_deadline_us);
}

void uds_client_rx_failed(struct uds_client *self, uint64_t now_us, enum isotp_reason reason)
{
	(void)now_us;
	if (self->state != CLIENT_WAITING && self->state != CLIENT_RECEIVING)
		return;
	finish(self, UDS_EVENT_TIMEOUT, NULL, 0);
	self->event.reason = reason;
}

static bool repeats_echo(const struct uds_client_echo *request, const uint8_t *pdu, size_t n)
{
	if (n <= request->n_echo)
		return false;
	for (uint8_t i = 0; i < request->n_others; i++)
		if (memcmp(pdu + 1, request->others + 2 * i, 2) == 0)
			return true;
	return memcmp(pdu + 1, request->echo, request->n_echo) == 0;
}

/* a late or second answer to an earlier request of the same service, for example to the block before this one */
static bool answers_earlier(const struct uds_client *self, const uint8_t *pdu, size_t n)
{
	for (size_t i = 0; i < UDS_CLIENT_MAX_EARLIER; i++) {
		const struct uds_client_echo *earlier = &self->earlier[i];

		if (earlier->sid == self->request.sid && earlier->n_echo > 0 && repeats_echo(earlier, pdu, n))
			return true;
	}
	return false;
}

static void positive(struct uds_client *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	if (repeats_echo(&self->request, pdu, n))
		finish(self, UDS_EVENT_POSITIVE, pdu, n);
	else if (answers_earlier(self, pdu, n))
		uds_client_rx_dropped(self, now_us);
	else
		finish(self, UDS_EVENT_MALFORMED, pdu, n);
}

/* the bounds are reached: the ECU is not silent, and says that it works */
static void finish_pending(struct uds_client *self, uint64_t now_us)
{
	finish(self, UDS_EVENT_TIMEOUT, NULL, 0);
	self->event.pending_us = now_us > self->started_us ? now_us - self->started_us : 1;
}

static void response_pending(struct uds_client *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const uint64_t end_us = self->started_us + self->timing.pending_max_us;

	self->pending_seen = true;
	if (++self->n_pending > self->timing.max_pending || now_us >= end_us) {
		finish_pending(self, now_us);
		return;
	}
	self->state = CLIENT_WAITING;
	self->deadline_us = earlier_of(now_us + self->timing.p2_star_us, end_us);
	self->answer_deadline_us = UDS_NEVER;
	leave_event(self, UDS_EVENT_PENDING, pdu, n);
	self->event.nrc = UDS_NRC_RESPONSE_PENDING;
}

static void busy(struct uds_client *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	/* After 0x78 the ECU is at work on this very request: a repetition would be a second one. */
	if (self->pending_seen || self->n_busy >= self->timing.max_busy_repeats) {
		finish_negative(self, pdu, n);
		return;
	}
	self->n_busy++;
	self->state = CLIENT_PAUSE;
	self->deadline_us = now_us + self->timing.busy_pause_us;
}

bool uds_client_is_answer(const struct uds_client *self, const uint8_t *pdu, size_t n)
{
	if (self->state == CLIENT_IDLE || n == 0)
		return false;
	if (pdu[0] == UDS_NEGATIVE_RESPONSE)
		return n == 1 || pdu[1] == self->request.sid;
	return pdu[0] == (uint8_t)(self->request.sid + UDS_POSITIVE_OFFSET);
}

void uds_client_input(struct uds_client *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	if (self->state != CLIENT_WAITING && self->state != CLIENT_RECEIVING)
		return;
	if (!uds_client_is_answer(self, pdu, n)) {
		uds_client_rx_dropped(self, now_us);
		return;
	}
	if (pdu[0] != UDS_NEGATIVE_RESPONSE) {
		positive(self, now_us, pdu, n);
		return;
	}
	/* a cut-off 7F is never success, and 00 is no negative response code */
	if (n != 3 || pdu[2] == 0)
		finish(self, UDS_EVENT_MALFORMED, pdu, n);
	else if (pdu[2] == UDS_NRC_RESPONSE_PENDING)
		response_pending(self, now_us, pdu, n);
	else if (pdu[2] == UDS_NRC_BUSY_REPEAT_REQUEST)
		busy(self, now_us, pdu, n);
	else
		finish_negative(self, pdu, n);
}

void uds_client_expire(struct uds_client *self, uint64_t now_us)
{
	if (now_us < self->deadline_us)
		return;
	if (self->state == CLIENT_PAUSE) {
		self->state = CLIENT_SENDING;
		self->deadline_us = UDS_NEVER;
		self->resend_due = true;
	} else if (self->state == CLIENT_WAITING && self->suppressed && !self->pending_seen) {
		finish(self, UDS_EVENT_SUPPRESSED, NULL, 0);
	} else if (uds_client_pending(self) && now_us >= self->started_us + self->timing.pending_max_us) {
		finish_pending(self, now_us);
	} else {
		finish(self, UDS_EVENT_TIMEOUT, NULL, 0);
	}
}

uint64_t uds_client_deadline(const struct uds_client *self)
{
	return self->deadline_us;
}

bool uds_client_pop_resend(struct uds_client *self)
{
	const bool due = self->resend_due;

	self->resend_due = false;
	return due;
}

bool uds_client_pop_event(struct uds_client *self, struct uds_event *event)
{
	if (self->event.kind == UDS_EVENT_NONE)
		return false;
	*event = self->event;
	self->event.kind = UDS_EVENT_NONE;
	return true;
}

bool uds_client_open(const struct uds_client *self)
{
	return self->state != CLIENT_IDLE;
}

bool uds_client_sending(const struct uds_client *self)
{
	return self->state == CLIENT_SENDING;
}

bool uds_client_receiving(const struct uds_client *self)
{
	return self->state == CLIENT_RECEIVING;
}

bool uds_client_pending(const struct uds_client *self)
{
	return self->state == CLIENT_WAITING && self->pending_seen;
}
