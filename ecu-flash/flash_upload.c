#include "ecu-flash/flash_upload.h"

#include <string.h>

#include "ecu-flash/flash_run_priv.h"

#define HEAD_BYTES 2u /* service identifier and block counter, counted by maxNumberOfBlockLength */
#define MAX_EVENTS 4u
#define P2_SLACK   (100 * FLASH_MS) /* beside what the ECU announces, for the way there and back */

const char *flash_upload_step_text(enum flash_upload_step step)
{
	switch (step) {
	case FLASH_UPLOAD_NEW:
		return "start";
	case FLASH_UPLOAD_SESSION:
		return "enter the session";
	case FLASH_UPLOAD_SEED:
		return "ask for a seed";
	case FLASH_UPLOAD_KEY:
		return "send the key";
	case FLASH_UPLOAD_REQUEST:
		return "RequestUpload";
	case FLASH_UPLOAD_DATA:
		return "TransferData";
	case FLASH_UPLOAD_EXIT:
		return "RequestTransferExit";
	case FLASH_UPLOAD_LEAVE:
		return "return to the default session";
	case FLASH_UPLOAD_OVER:
		return "end";
	}
	return "";
}

void flash_upload_init(struct flash_upload *self, const struct flash_upload_job *job, struct uds_channel *channel)
{
	memset(self, 0, sizeof *self);
	self->job = *job;
	self->channel = channel;
	self->deadline_us = UDS_NEVER;
}

/* what merely tells gives way: the last place is kept for the end */
static void push(struct flash_upload *self, const struct flash_upload_event *event)
{
	if (self->event_n >= MAX_EVENTS - (event->kind == FLASH_UPLOAD_EVENT_OVER ? 0 : 1))
		return;
	self->events[(self->event_head + self->event_n++) % MAX_EVENTS] = *event;
}

bool flash_upload_pop_event(struct flash_upload *self, struct flash_upload_event *event)
{
	if (!self->event_n)
		return false;
	*event = self->events[self->event_head];
	self->event_head = (uint8_t)((self->event_head + 1) % MAX_EVENTS);
	self->event_n--;
	return true;
}

/* ---- requests ---- */

static size_t request_upload(const struct flash_upload *self, uint8_t *pdu)
{
	const struct profile *p = self->job.profile;
	struct flash_range_format format = {.address_bytes = p->address_bytes, .length_bytes = p->length_bytes};
	size_t n = flash_address_and_length(format, self->job.address, self->job.n_bytes, pdu + 2);

	pdu[0] = UDS_REQUEST_UPLOAD;
	pdu[1] = p->data_format;
	return n ? n + 2 : 0;
}

static size_t request_of_step(const struct flash_upload *self, uint8_t *pdu)
{
	switch (self->step) {
	case FLASH_UPLOAD_SESSION:
		pdu[0] = UDS_DIAGNOSTIC_SESSION_CONTROL;
		pdu[1] = self->job.session;
		return 2;
	case FLASH_UPLOAD_SEED:
		pdu[0] = UDS_SECURITY_ACCESS;
		pdu[1] = self->job.level;
		return 2;
	case FLASH_UPLOAD_KEY:
		pdu[0] = UDS_SECURITY_ACCESS;
		pdu[1] = (uint8_t)(self->job.level + 1);
		memcpy(pdu + 2, self->key, self->n_key);
		return 2u + self->n_key;
	case FLASH_UPLOAD_REQUEST:
		return request_upload(self, pdu);
	case FLASH_UPLOAD_DATA:
		pdu[0] = UDS_TRANSFER_DATA;
		pdu[1] = self->counter;
		return 2;
	case FLASH_UPLOAD_EXIT:
		pdu[0] = UDS_REQUEST_TRANSFER_EXIT;
		return 1;
	case FLASH_UPLOAD_LEAVE:
		pdu[0] = UDS_DIAGNOSTIC_SESSION_CONTROL;
		pdu[1] = UDS_SESSION_DEFAULT;
		return 2;
	case FLASH_UPLOAD_NEW:
	case FLASH_UPLOAD_OVER:
		break;
	}
	return 0;
}

static void finish(struct flash_upload *self, uint64_t now_us)
{
	uds_channel_keep_awake(self->channel, now_us, false);
	self->step = FLASH_UPLOAD_OVER;
	self->deadline_us = UDS_NEVER;
	push(self, &(struct flash_upload_event){.kind = FLASH_UPLOAD_EVENT_OVER, .step = FLASH_UPLOAD_OVER});
}

static void send(struct flash_upload *self, uint64_t now_us)
{
	uint8_t pdu[2 + sizeof self->key];
	size_t n = request_of_step(self, pdu);

	self->deadline_us = UDS_NEVER;
	if (n && !uds_channel_request(self->channel, now_us, pdu, n))
		return;
	if (!self->code)
		self->code = n ? FLASH_TRANSPORT : FLASH_IMAGE_TOO_LARGE;
	finish(self, now_us);
}

static void leave(struct flash_upload *self, uint64_t now_us);

/* on to a step, past those that are not wanted */
static void go(struct flash_upload *self, uint64_t now_us, enum flash_upload_step step)
{
	if (step == FLASH_UPLOAD_SESSION && !self->job.session)
		step = FLASH_UPLOAD_SEED;
	if (step == FLASH_UPLOAD_SEED && !self->job.level)
		step = FLASH_UPLOAD_REQUEST;
	if (step == FLASH_UPLOAD_LEAVE && !self->job.session) {
		finish(self, now_us);
		return;
	}
	if (self->stop_wanted && !self->code && step < FLASH_UPLOAD_EXIT) {
		self->code = FLASH_STOPPED;
		self->failed_step = self->step;
		if (step != FLASH_UPLOAD_DATA) {
			leave(self, now_us);
			return;
		}
		step = FLASH_UPLOAD_EXIT; /* the ECU has begun to give its memory */
	}
	if (step != self->step)
		push(self, &(struct flash_upload_event){.kind = FLASH_UPLOAD_EVENT_STEP, .step = step});
	self->step = step;
	self->tries = 0;
	send(self, now_us);
}

static void leave(struct flash_upload *self, uint64_t now_us)
{
	uds_channel_keep_awake(self->channel, now_us, false);
	go(self, now_us, FLASH_UPLOAD_LEAVE);
}

static void fail(struct flash_upload *self, uint64_t now_us, enum flash_code code, const struct uds_event *ev)
{
	if (!self->code) {
		self->code = code;
		self->failed_step = self->step;
		self->sid = ev ? ev->sid : 0;
		self->nrc = ev && ev->kind == UDS_EVENT_NEGATIVE ? ev->nrc : 0;
	}
	leave(self, now_us);
}

/* ---- answers ---- */

static void take_session(struct flash_upload *self, uint64_t now_us, const struct uds_event *ev)
{
	const struct uds_timing *t = &self->job.profile->timing;
	uint64_t p2_us, p2_star_us;

	if (uds_session_times(ev->pdu, ev->n_pdu, &p2_us, &p2_star_us)) {
		/* never less patient than the profile */
		p2_us += P2_SLACK;
		p2_star_us += P2_SLACK;
		uds_channel_set_p2(self->channel, p2_us > t->p2_us ? p2_us : t->p2_us,
				   p2_star_us > t->p2_star_us ? p2_star_us : t->p2_star_us);
	}
	uds_channel_keep_awake(self->channel, now_us, true);
	go(self, now_us, FLASH_UPLOAD_SEED);
}

static void take_seed(struct flash_upload *self, uint64_t now_us, const struct uds_event *ev)
{
	struct flash_upload_event event = {.kind = FLASH_UPLOAD_EVENT_NEED_KEY, .step = FLASH_UPLOAD_KEY};
	size_t n = ev->n_pdu - 2;
	uint8_t any = 0;

	if (ev->n_pdu <= 2 || n > sizeof event.seed) {
		fail(self, now_us, FLASH_MALFORMED_ANSWER, ev);
		return;
	}
	for (size_t i = 0; i < n; i++)
		any |= ev->pdu[2 + i];
	if (!any) { /* zeros: unlocked already */
		go(self, now_us, FLASH_UPLOAD_REQUEST);
		return;
	}
	memcpy(event.seed, ev->pdu + 2, n);
	event.n_seed = (uint8_t)n;
	self->waits_for_key = true;
	self->deadline_us = now_us + FLASH_KEY_WAIT_US;
	push(self, &event);
}

static void take_length(struct flash_upload *self, uint64_t now_us, const struct uds_event *ev)
{
	size_t n = ev->n_pdu >= 2 ? ev->pdu[1] >> 4 : 0;
	uint64_t longest = 0;

	if (!n || ev->n_pdu < 2 + n) {
		fail(self, now_us, FLASH_MALFORMED_ANSWER, ev);
		return;
	}
	for (size_t i = 0; i < n; i++)
		longest = longest >> 32 ? UINT64_MAX : longest << 8 | ev->pdu[2 + i];
	if (longest <= HEAD_BYTES) {
		fail(self, now_us, FLASH_BAD_BLOCK_LENGTH, ev);
		return;
	}
	self->block_bytes = longest - HEAD_BYTES;
	self->counter = 1;
	go(self, now_us, FLASH_UPLOAD_DATA);
}

static void take_block(struct flash_upload *self, uint64_t now_us, const struct uds_event *ev)
{
	uint64_t n = ev->n_pdu >= HEAD_BYTES ? ev->n_pdu - HEAD_BYTES : 0;

	/* an ECU that gives nothing, or more than it was asked for, is not believed the rest either */
	if (!n || n > self->job.n_bytes - self->n_done || n > self->block_bytes) {
		fail(self, now_us, FLASH_MALFORMED_ANSWER, ev);
		return;
	}
	memcpy(self->job.out + self->n_done, ev->pdu + HEAD_BYTES, (size_t)n);
	self->n_done += n;
	self->counter++;
	push(self, &(struct flash_upload_event){.kind = FLASH_UPLOAD_EVENT_PROGRESS, .step = self->step});
	go(self, now_us, self->n_done == self->job.n_bytes ? FLASH_UPLOAD_EXIT : FLASH_UPLOAD_DATA);
}

static void take_positive(struct flash_upload *self, uint64_t now_us, const struct uds_event *ev)
{
	switch (self->step) {
	case FLASH_UPLOAD_SESSION:
		take_session(self, now_us, ev);
		break;
	case FLASH_UPLOAD_SEED:
		take_seed(self, now_us, ev);
		break;
	case FLASH_UPLOAD_KEY:
		go(self, now_us, FLASH_UPLOAD_REQUEST);
		break;
	case FLASH_UPLOAD_REQUEST:
		take_length(self, now_us, ev);
		break;
	case FLASH_UPLOAD_DATA:
		take_block(self, now_us, ev);
		break;
	case FLASH_UPLOAD_EXIT:
		leave(self, now_us);
		break;
	case FLASH_UPLOAD_LEAVE:
		finish(self, now_us);
		break;
	case FLASH_UPLOAD_NEW:
	case FLASH_UPLOAD_OVER:
		break;
	}
}

static bool repeat(struct flash_upload *self, uint64_t now_us)
{
	bool data = self->step == FLASH_UPLOAD_DATA;
	uint8_t most = data ? self->job.profile->block_retries : FLASH_REQUEST_REPEATS;

	/* whether a key whose answer was lost was taken, only a new seed would tell */
	if (self->step == FLASH_UPLOAD_KEY || self->tries >= most)
		return false;
	self->tries++;
	self->block_repeats += data;
	push(self, &(struct flash_upload_event){.kind = FLASH_UPLOAD_EVENT_RETRY, .step = self->step});
	/* the rest of a garbled answer passes before the repetition */
	self->deadline_us = now_us + FLASH_DRAIN_PAUSE_US;
	return true;
}

static void take(struct flash_upload *self, uint64_t now_us, const struct uds_event *ev)
{
	bool security = self->step == FLASH_UPLOAD_SEED || self->step == FLASH_UPLOAD_KEY;

	switch (ev->kind) {
	case UDS_EVENT_POSITIVE:
		take_positive(self, now_us, ev);
		break;
	case UDS_EVENT_NEGATIVE:
		if (self->step == FLASH_UPLOAD_LEAVE)
			finish(self, now_us);
		else
			fail(self, now_us, security ? FLASH_SECURITY_DENIED : FLASH_NEGATIVE_RESPONSE, ev);
		break;
	case UDS_EVENT_TIMEOUT:
	case UDS_EVENT_MALFORMED:
	case UDS_EVENT_SEND_FAILED:
		if (self->step == FLASH_UPLOAD_LEAVE)
			finish(self, now_us);
		else if (!repeat(self, now_us))
			fail(self, now_us,
			     ev->kind == UDS_EVENT_SEND_FAILED ? FLASH_TRANSPORT
			     : ev->kind == UDS_EVENT_MALFORMED ? FLASH_MALFORMED_ANSWER
							       : FLASH_NO_ANSWER,
			     ev);
		break;
	case UDS_EVENT_NONE:
	case UDS_EVENT_SUPPRESSED:
	case UDS_EVENT_PENDING:
	case UDS_EVENT_UNSOLICITED:
		break;
	}
}

/* ---- the doors ---- */

void flash_upload_start(struct flash_upload *self, uint64_t now_us)
{
	const struct uds_timing *t = &self->job.profile->timing;
	uint8_t pdu[16];

	if (self->step != FLASH_UPLOAD_NEW)
		return;
	uds_channel_set_p2(self->channel, t->p2_us, t->p2_star_us);
	if (!request_upload(self, pdu)) { /* better known before the ECU is in another session */
		self->code = FLASH_IMAGE_TOO_LARGE;
		finish(self, now_us);
		return;
	}
	go(self, now_us, FLASH_UPLOAD_SESSION);
}

void flash_upload_advance(struct flash_upload *self, uint64_t now_us)
{
	struct uds_event event;

	while (self->step != FLASH_UPLOAD_NEW && self->step != FLASH_UPLOAD_OVER &&
	       uds_channel_pop_event(self->channel, &event))
		take(self, now_us, &event);
	if (now_us < self->deadline_us)
		return;
	self->deadline_us = UDS_NEVER;
	if (self->waits_for_key)
		flash_upload_key(self, now_us, NULL, 0);
	else
		send(self, now_us);
}

uint64_t flash_upload_deadline(const struct flash_upload *self)
{
	return self->deadline_us;
}

void flash_upload_key(struct flash_upload *self, uint64_t now_us, const uint8_t *key, size_t n)
{
	if (!self->waits_for_key)
		return;
	self->waits_for_key = false;
	self->deadline_us = UDS_NEVER;
	if (!n || n > sizeof self->key) {
		fail(self, now_us, FLASH_KEY_UNAVAILABLE, NULL);
		return;
	}
	memcpy(self->key, key, n);
	self->n_key = (uint8_t)n;
	go(self, now_us, FLASH_UPLOAD_KEY);
	memset(self->key, 0, sizeof self->key);
}

void flash_upload_stop(struct flash_upload *self, uint64_t now_us)
{
	self->stop_wanted = true;
	if (self->waits_for_key)
		flash_upload_key(self, now_us, NULL, 0);
}

bool flash_upload_finished(const struct flash_upload *self)
{
	return self->step == FLASH_UPLOAD_OVER;
}
