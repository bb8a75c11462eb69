/* The life of a request in the virtual ECU: reception, work, its answers on their way, and the session timer. */
#include "sim/ecu_internal.h"

#include <string.h>

enum sending { SENDING_NOTHING, SENDING_PENDING, SENDING_SIDE, SENDING_ANSWER };

bool ecu_is_mute(const struct ecu_core *self, uint64_t now_us)
{
	return self->up_at_us != ECU_NEVER || now_us < self->silent_until_us;
}

/* S3 stands still while a request comes in, is worked on or is being answered, and starts anew afterwards. */
void ecu_server_restart_s3(struct ecu_core *self, uint64_t now_us)
{
	bool held = self->working || self->receiving || self->answer.n;

	self->s3_deadline_us =
	    held || self->session == UDS_SESSION_DEFAULT ? ECU_NEVER : now_us + self->config->timing.s3_us;
}

void ecu_server_drop(struct ecu_core *self)
{
	isotp_abort(&self->link);
	self->pending_due = false;
	self->answer_due = false;
	self->side.n = 0;
	if (!self->working)
		self->answer.n = 0; /* else it is being prepared */
	self->sending = SENDING_NOTHING;
	self->receiving = false;
}

/* the answer has left, was lost, or there was none */
static void request_done(struct ecu_core *self, uint64_t now_us)
{
	self->answer.n = 0;
	if (self->after_answer == ECU_THEN_RESET) {
		ecu_begin_reset(self, now_us);
		return;
	}
	ecu_server_restart_s3(self, now_us);
	if (self->deferred_n) {
		size_t n = self->deferred_n;

		self->deferred_n = 0;
		ecu_server_request(self, now_us, self->deferred, n, true);
	}
}

void ecu_server_flush(struct ecu_core *self, uint64_t now_us)
{
	if (self->sending != SENDING_NOTHING)
		return;
	if (ecu_is_mute(self, now_us)) {
		self->pending_due = false;
		self->side.n = 0;
		if (self->answer_due) {
			self->answer_due = false;
			request_done(self, now_us);
		}
		return;
	}
	if (self->pending_due) {
		self->pending_due = false;
		self->pending_pdu[0] = UDS_NEGATIVE_RESPONSE;
		self->pending_pdu[1] = self->sid;
		self->pending_pdu[2] = UDS_NRC_RESPONSE_PENDING;
		if (isotp_send(&self->link, now_us, self->pending_pdu, sizeof self->pending_pdu) == 0)
			self->sending = SENDING_PENDING;
	} else if (self->side.n) {
		if (isotp_send(&self->link, now_us, self->side.bytes, self->side.n) == 0)
			self->sending = SENDING_SIDE;
	} else if (self->answer_due) {
		self->answer_due = false;
		if (isotp_send(&self->link, now_us, self->answer.bytes, self->answer.n) == 0)
			self->sending = SENDING_ANSWER;
		else
			request_done(self, now_us);
	}
}

static bool is_silent_functional_nrc(uint8_t nrc)
{
	return nrc == UDS_NRC_SERVICE_NOT_SUPPORTED || nrc == UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED ||
	       nrc == UDS_NRC_REQUEST_OUT_OF_RANGE || nrc == UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED_IN_SESSION ||
	       nrc == UDS_NRC_SERVICE_NOT_SUPPORTED_IN_SESSION;
}

/* the work is over: its effects, then the answer, unless a rule keeps it back */
void ecu_server_finish(struct ecu_core *self, uint64_t now_us, uint8_t nrc)
{
	bool silent = self->suppress;

	self->working = false;
	if (nrc) {
		self->answer.bytes[0] = UDS_NEGATIVE_RESPONSE;
		self->answer.bytes[1] = self->sid;
		self->answer.bytes[2] = nrc;
		self->answer.n = 3;
		silent = self->functional && is_silent_functional_nrc(nrc);
	} else if (self->then == ECU_THEN_SESSION) {
		ecu_enter_session(self, self->next_session);
	} else if (self->then == ECU_THEN_RESET) {
		self->after_answer = ECU_THEN_RESET;
	} else {
		ecu_routines_finish(self, (enum ecu_then)self->then);
		ecu_faults_answer(self);
	}
	if (silent && !self->pending_sent) {
		request_done(self, now_us);
		return;
	}
	if (self->drop_answers) {
		self->drop_answers--;
		request_done(self, now_us);
		return;
	}
	self->pending_due = false;
	self->answer_due = true;
	ecu_server_flush(self, now_us);
}

/* a request while another is worked on: tester present does its work, all else is to come again later */
static void request_beside(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	if (self->side.n)
		return;
	if (pdu[0] == UDS_TESTER_PRESENT) {
		if (n != 2 || pdu[1] != 0)
			return;
		self->side.bytes[0] = UDS_TESTER_PRESENT + UDS_POSITIVE_OFFSET;
		self->side.bytes[1] = 0;
		self->side.n = 2;
	} else {
		self->side.bytes[0] = UDS_NEGATIVE_RESPONSE;
		self->side.bytes[1] = pdu[0];
		self->side.bytes[2] = UDS_NRC_BUSY_REPEAT_REQUEST;
		self->side.n = 3;
	}
	ecu_server_flush(self, now_us);
}

static uint8_t in_session(const struct ecu_core *self)
{
	unsigned download = ecu_may_download(self) ? ECU_IN_DOWNLOAD : 0;

	switch (self->session) {
	case UDS_SESSION_DEFAULT:
		return ECU_IN_DEFAULT;
	case UDS_SESSION_PROGRAMMING:
		return (uint8_t)(ECU_IN_PROGRAMMING | download);
	case UDS_SESSION_EXTENDED:
		return (uint8_t)(ECU_IN_EXTENDED | download);
	}
	return 0;
}

static uint8_t serve(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n)
{
	const struct ecu_service *service = ecu_services_find(self, pdu[0]);

	if (!service)
		return UDS_NRC_SERVICE_NOT_SUPPORTED;
	if (self->negative_sid == pdu[0]) {
		self->negative_sid = 0;
		return self->negative_nrc;
	}
	if (!(service->sessions & in_session(self)))
		return UDS_NRC_SERVICE_NOT_SUPPORTED_IN_SESSION;
	if (service->secured && !ecu_is_unlocked(self))
		return UDS_NRC_SECURITY_ACCESS_DENIED;
	if (uds_sid_has_sub_function(pdu[0]) && n < 2)
		return UDS_NRC_INCORRECT_MESSAGE_LENGTH;
	return service->handle(self, now_us, pdu, n);
}

void ecu_server_request(struct ecu_core *self, uint64_t now_us, const uint8_t *pdu, size_t n, bool functional)
{
	const struct ecu_timing *timing = &self->config->timing;
	bool suppress = n >= 2 && uds_sid_has_sub_function(pdu[0]) && pdu[1] & UDS_SUPPRESS_POSITIVE_RESPONSE;

	if (n == 0 || self->after_answer != ECU_THEN_NOTHING)
		return;
	if (self->working) {
		request_beside(self, now_us, pdu, n);
		return;
	}
	if (self->answer.n) {
		if (functional) {
			/* the last answer is not confirmed yet; tester present can wait for that too */
			if (n <= sizeof self->deferred) {
				memcpy(self->deferred, pdu, n);
				self->deferred_n = n;
			}
			return;
		}
		/* the client has given up on the last answer */
		ecu_server_drop(self);
	}
	ecu_faults_request(self, now_us, pdu[0]);
	if (ecu_is_mute(self, now_us))
		return;
	self->working = true;
	self->functional = functional;
	self->suppress = suppress;
	self->pending_sent = false;
	self->sid = pdu[0];
	self->then = ECU_THEN_NOTHING;
	self->finish_us = now_us;
	self->stuck = false;
	self->answer.n = 0;
	ecu_server_restart_s3(self, now_us);

	if (self->pending_sid && self->pending_sid == pdu[0]) {
		self->held = true;
		self->finish_us = ECU_NEVER;
	}
	uint8_t nrc = self->held ? 0 : serve(self, now_us, pdu, n);

	if (nrc || self->finish_us <= now_us)
		ecu_server_finish(self, now_us, nrc);
	else
		self->next_pending_us = now_us + timing->p2_us - timing->pending_margin_us;
}

void ecu_server_drain(struct ecu_core *self, uint64_t now_us)
{
	struct isotp_event event;

	while (isotp_pop_event(&self->link, &event)) {
		switch (event.kind) {
		case ISOTP_EVENT_NONE:
			break;
		case ISOTP_EVENT_SENT:
		case ISOTP_EVENT_SEND_FAILED: {
			uint8_t sent = self->sending;

			self->sending = SENDING_NOTHING;
			if (sent == SENDING_SIDE)
				self->side.n = 0;
			if (sent == SENDING_ANSWER)
				request_done(self, now_us);
			break;
		}
		case ISOTP_EVENT_RX_STARTED:
			self->receiving = true;
			ecu_server_restart_s3(self, now_us);
			break;
		case ISOTP_EVENT_RECEIVED:
			self->receiving = false;
			ecu_server_request(self, now_us, event.data, event.n, false);
			break;
		case ISOTP_EVENT_RX_FAILED:
			self->receiving = false;
			ecu_server_restart_s3(self, now_us);
			break;
		}
	}
	ecu_server_flush(self, now_us);
}

void ecu_server_lose(struct ecu_core *self, uint64_t now_us)
{
	bool answering = self->answer.n && !self->working;

	ecu_server_drop(self);
	if (answering)
		request_done(self, now_us);
	else
		ecu_server_restart_s3(self, now_us);
}
