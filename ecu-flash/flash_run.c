/* The states of a run: events out, answers in, what is tried again, and how it ends. */
#include "ecu-flash/flash_run_priv.h"
#include "ecu-flash/flash_units.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void flash_run_init(struct flash_run *self, const struct flash_job *job, struct uds_channel *channel)
{
	assert(job->n_units <= FLASH_MAX_UNITS);
	assert(job->kind != FLASH_JOB_FLASH || job->n_units > 0);
	memset(self, 0, sizeof(*self));
	self->job = *job;
	self->channel = channel;
	self->state = FLASH_STATE_NEW;
	self->deadline_us = UDS_NEVER;
	if (job->kind == FLASH_JOB_FLASH)
		for (uint8_t i = 0; i < job->n_units; i++)
			self->bytes_total += job->units[i].image->n_bytes;
}

void flash_push(struct flash_run *self, struct flash_event *event)
{
	bool tells_only =
	    event->kind == FLASH_EVENT_STEP || event->kind == FLASH_EVENT_PROGRESS || event->kind == FLASH_EVENT_RETRY;

	/* Only one of the others can be unread at a time; what merely tells leaves room for them. */
	if (self->event_n >= FLASH_MAX_RUN_EVENTS - (tells_only ? 2u : 0u))
		return;
	event->step = self->stage == FLASH_STAGE_STEPS ? flash_step_at(self)->kind : FLASH_STEP_READ_VERSION;
	event->step_index = self->step_index;
	event->unit = self->unit;
	event->bytes_done = self->bytes_base + self->segment_offset;
	event->bytes_total = self->bytes_total;
	self->events[(self->event_head + self->event_n) % FLASH_MAX_RUN_EVENTS] = *event;
	self->event_n++;
}

bool flash_run_pop_event(struct flash_run *self, struct flash_event *event)
{
	if (!self->event_n)
		return false;
	*event = self->events[self->event_head];
	self->event_head = (uint8_t)((self->event_head + 1u) % FLASH_MAX_RUN_EVENTS);
	self->event_n--;
	return true;
}

/* ---- requests and pauses ---- */

void flash_request(struct flash_run *self, uint64_t now_us, const uint8_t *head, size_t n_head, const uint8_t *body,
		   size_t n_body)
{
	int rc;

	if (flash_stops(self, now_us))
		return;
	rc = uds_channel_request_with(self->channel, now_us, head, n_head, body, n_body);
	if (rc == UDS_BUSY) {
		/* a request that is not ours: the channel belongs to this run now */
		uds_channel_abort(self->channel);
		rc = uds_channel_request_with(self->channel, now_us, head, n_head, body, n_body);
	}
	self->request_us = now_us;
	if (rc) {
		struct uds_event ev = {.kind = UDS_EVENT_SEND_FAILED, .sid = head[0]};

		flash_fail(self, now_us, FLASH_TRANSPORT, &ev, "the request is longer than the transmit buffer");
		return;
	}
	self->state = FLASH_STATE_REQUEST;
	self->deadline_us = UDS_NEVER;
}

void flash_pause(struct flash_run *self, uint64_t until_us, bool begin)
{
	self->state = FLASH_STATE_PAUSE;
	self->deadline_us = until_us;
	self->begin_due = begin;
}

static void send_again(struct flash_run *self, uint64_t now_us)
{
	switch ((enum flash_stage)self->stage) {
	case FLASH_STAGE_IDENTIFY:
	case FLASH_STAGE_PROBE:
	case FLASH_STAGE_VERIFY:
		flash_identity_send(self, now_us);
		break;
	case FLASH_STAGE_STEPS:
		if (self->begin_due)
			flash_steps_begin(self, now_us);
		else
			flash_steps_send(self, now_us);
		break;
	case FLASH_STAGE_LEAVE:
		flash_request(self, now_us, (const uint8_t[]){UDS_DIAGNOSTIC_SESSION_CONTROL, UDS_SESSION_DEFAULT}, 2,
			      NULL, 0);
		break;
	case FLASH_STAGE_REQUIET:
		if (!flash_quiet_send(self, now_us))
			flash_left(self, now_us);
		break;
	}
}

bool flash_repeat(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (self->request_tries >= FLASH_REQUEST_REPEATS)
		return false;
	self->request_tries++;
	flash_note_retry(self, "request repeated", ev);
	/* after a timeout everything has had its time to come in; what was garbled may have a rest on its way */
	flash_pause(self, ev->kind == UDS_EVENT_MALFORMED ? now_us + FLASH_DRAIN_PAUSE_US : now_us, false);
	return true;
}

/* ---- failures ---- */

static bool may_help(enum flash_code code, const struct uds_event *ev)
{
	switch (code) {
	case FLASH_SECURITY_DENIED:
		return ev->nrc != UDS_NRC_INVALID_KEY && ev->nrc != UDS_NRC_EXCEEDED_NUMBER_OF_ATTEMPTS &&
		       ev->nrc != UDS_NRC_REQUIRED_TIME_DELAY_NOT_EXPIRED;
	case FLASH_CHECK_FAILED:
	case FLASH_DEPENDENCIES:
	case FLASH_ERASE_FAILED:
		return ev->kind != UDS_EVENT_POSITIVE; /* the verdict of a routine stands */
	case FLASH_NO_ANSWER:
	case FLASH_NEGATIVE_RESPONSE:
	case FLASH_TRANSFER_FAILED:
	case FLASH_MALFORMED_ANSWER:
	case FLASH_TRANSPORT:
	case FLASH_BOOT_TIMEOUT:
		return true;
	case FLASH_OK:
	case FLASH_PRECONDITIONS:
	case FLASH_WRONG_VERSION:
	case FLASH_BAD_BLOCK_LENGTH:
	case FLASH_STOPPED:
	case FLASH_KEY_UNAVAILABLE:
	case FLASH_BUS_QUIET_REFUSED:
	case FLASH_IMAGE_TOO_LARGE:
	case FLASH_FOREIGN_TESTER:
	case FLASH_WRONG_HARDWARE:
	case FLASH_WRONG_SERIAL:
		return false;
	}
	return false;
}

/* what became of the request outranks the step in which it was sent */
static enum flash_code code_of(enum flash_code code, const struct uds_event *ev)
{
	if (code == FLASH_BOOT_TIMEOUT)
		return code;
	if (ev->kind == UDS_EVENT_TIMEOUT)
		return FLASH_NO_ANSWER;
	if (ev->kind == UDS_EVENT_SEND_FAILED)
		/* without a flow control it is the ECU that is silent, not our side */
		return ev->reason == ISOTP_REASON_N_BS ? FLASH_NO_ANSWER : FLASH_TRANSPORT;
	if (ev->kind == UDS_EVENT_MALFORMED)
		return FLASH_MALFORMED_ANSWER;
	return code;
}

void flash_step_failed(struct flash_run *self, uint64_t now_us, enum flash_code code, const struct uds_event *ev)
{
	code = code_of(code, ev);
	if (self->stage == FLASH_STAGE_STEPS && may_help(code, ev) &&
	    self->tries[self->step_index] < flash_step_at(self)->retries) {
		self->tries[self->step_index]++;
		flash_note_retry(self, "step tried again", ev);
		flash_steps_rewind(self, ev);
		flash_pause(self, now_us + FLASH_RETRY_PAUSE_US, true);
		return;
	}
	if (self->going_back && flash_back_bears(self, now_us, ev))
		return;
	flash_fail(self, now_us, code, ev, NULL);
}

void flash_over(struct flash_run *self, uint64_t now_us)
{
	struct flash_event event = {.kind = FLASH_EVENT_DONE, .code = self->result.code, .nrc = self->result.nrc};
	size_t n = strlen(self->result.text);

	if (self->result.code != FLASH_OK)
		event.kind = FLASH_EVENT_FAILED;
	if (n >= sizeof(event.text))
		n = sizeof(event.text) - 1;
	memcpy(event.text, self->result.text, n);
	self->state = FLASH_STATE_OVER;
	self->deadline_us = UDS_NEVER;
	self->result.ended_us = now_us;
	if (!self->result.started_us)
		self->result.started_us = now_us;
	uds_channel_keep_awake(self->channel, now_us, false);
	flash_push(self, &event);
}

void flash_left(struct flash_run *self, uint64_t now_us)
{
	if (self->stage == FLASH_STAGE_LEAVE && self->quiet_again) {
		self->stage = FLASH_STAGE_REQUIET;
		if (flash_quiet_begin(self, now_us))
			return;
	}
	flash_over(self, now_us);
}

/* an ECU that is still busy with one request refuses the next one: what began it is told as well */
static void note_first_cause(struct flash_run *self, const struct uds_event *ev)
{
	const struct flash_cause *cause = &self->cause;
	char why[64];
	char words[112];

	if (!cause->known ||
	    (cause->event.kind == ev->kind && cause->event.nrc == ev->nrc && cause->event.reason == ev->reason &&
	     !cause->event.pending_us == !ev->pending_us && cause->step_index == self->step_index))
		return;
	flash_text_event(&cause->event, why, sizeof(why));
	snprintf(words, sizeof(words), "; it began with %s: %s", flash_step_text(cause->step), why);
	flash_text_end(&self->result, words);
	self->result.put_off = self->result.put_off || cause->event.pending_us;
}

static void note_failure(struct flash_run *self, enum flash_code code, const struct uds_event *ev, const char *words)
{
	struct flash_result *r = &self->result;
	bool in_step = self->stage == FLASH_STAGE_STEPS;
	char pending[64];

	r->code = code;
	r->step = in_step ? flash_step_at(self)->kind : FLASH_STEP_READ_VERSION;
	r->unit = self->unit;
	r->sid = ev ? ev->sid : 0;
	r->nrc = ev ? ev->nrc : 0;
	r->put_off = ev && ev->pending_us;
	if (r->put_off && !words) {
		flash_text_event(ev, pending, sizeof(pending));
		words = pending;
	}
	flash_text_result(r, flash_profile(self)->name, in_step, words);
	if (ev && in_step)
		note_first_cause(self, ev);
}

void flash_fail(struct flash_run *self, uint64_t now_us, enum flash_code code, const struct uds_event *ev,
		const char *words)
{
	if (self->stage == FLASH_STAGE_LEAVE || self->stage == FLASH_STAGE_REQUIET) {
		flash_over(self, now_us); /* the reason is already noted */
		return;
	}
	if (self->going_back) { /* why the way back was gone is noted already, and what became of it is not known */
		flash_text_end(&self->result, "; switching back failed as well");
		flash_over(self, now_us);
		return;
	}
	note_failure(self, code, ev, words);
	if (flash_back_begin(self, now_us))
		return;
	/* An erased ECU stays where a next attempt finds it: in its boot loader. */
	if (!self->session_entered || self->result.erased) {
		flash_over(self, now_us);
		return;
	}
	uds_channel_keep_awake(self->channel, now_us, false);
	uds_channel_set_p2(self->channel, flash_profile(self)->timing.p2_us, flash_profile(self)->timing.p2_star_us);
	self->stage = FLASH_STAGE_LEAVE;
	self->request_tries = 0;
	send_again(self, now_us);
}

void flash_succeed(struct flash_run *self, uint64_t now_us)
{
	self->result.code = FLASH_OK;
	flash_text_result(&self->result, flash_profile(self)->name, false, NULL);
	flash_over(self, now_us);
}

/* ---- stopping ---- */

bool flash_stops(struct flash_run *self, uint64_t now_us)
{
	if (!self->stop_wanted || self->result.erased || self->stage == FLASH_STAGE_LEAVE ||
	    self->stage == FLASH_STAGE_REQUIET)
		return false;
	flash_fail(self, now_us, self->stop_code, NULL, NULL);
	return true;
}

void flash_run_stop_because(struct flash_run *self, uint64_t now_us, enum flash_code code)
{
	if (self->state == FLASH_STATE_OVER || self->stop_wanted)
		return;
	self->stop_wanted = true;
	self->stop_code = code;
	/* a request that is open is answered first: the ECU would not take the next one */
	if (self->state != FLASH_STATE_REQUEST)
		flash_stops(self, now_us);
}

void flash_run_stop(struct flash_run *self, uint64_t now_us)
{
	flash_run_stop_because(self, now_us, FLASH_STOPPED);
}

void flash_run_refuse(struct flash_run *self, uint64_t now_us, enum flash_code code, uint8_t sid, uint8_t nrc,
		      const char *words)
{
	struct uds_event ev = {.kind = UDS_EVENT_NEGATIVE, .sid = sid, .nrc = nrc};

	if (self->state != FLASH_STATE_NEW)
		return;
	self->result.started_us = now_us;
	flash_fail(self, now_us, code, &ev, words);
}

/* ---- the doors ---- */

void flash_run_start(struct flash_run *self, uint64_t now_us)
{
	const struct profile *p = flash_profile(self);
	char text[96];

	if (self->state != FLASH_STATE_NEW)
		return;
	self->result.started_us = now_us;
	uds_channel_set_p2(self->channel, p->timing.p2_us, p->timing.p2_star_us);
	if (self->job.kind == FLASH_JOB_FLASH &&
	    !flash_units_check(p, self->job.units, self->job.n_units, &self->unit, text, sizeof(text))) {
		flash_fail(self, now_us, FLASH_IMAGE_TOO_LARGE, NULL, text);
		return;
	}
	self->unit = 0;
	self->stage = self->job.kind == FLASH_JOB_VERIFY ? FLASH_STAGE_VERIFY : FLASH_STAGE_IDENTIFY;
	flash_identity_begin(self, now_us);
}

static void answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	self->begin_due = false;
	switch ((enum flash_stage)self->stage) {
	case FLASH_STAGE_IDENTIFY:
	case FLASH_STAGE_PROBE:
	case FLASH_STAGE_VERIFY:
		flash_identity_answer(self, now_us, ev);
		break;
	case FLASH_STAGE_STEPS:
		flash_steps_answer(self, now_us, ev);
		break;
	case FLASH_STAGE_LEAVE:
		if (ev->kind == UDS_EVENT_POSITIVE || ev->kind == UDS_EVENT_NEGATIVE || !flash_repeat(self, now_us, ev))
			flash_left(self, now_us);
		break;
	case FLASH_STAGE_REQUIET:
		if (!flash_quiet_answer(self, now_us, ev))
			flash_left(self, now_us);
		break;
	}
}

static void take_events(struct flash_run *self, uint64_t now_us)
{
	struct uds_event ev;

	while (uds_channel_pop_event(self->channel, &ev)) {
		if (ev.kind == UDS_EVENT_PENDING && self->state == FLASH_STATE_REQUEST)
			self->routine_seen =
			    true; /* matters while a routine is started, and is false before each start */
		if (self->state != FLASH_STATE_REQUEST || ev.kind == UDS_EVENT_NONE || ev.kind == UDS_EVENT_PENDING ||
		    ev.kind == UDS_EVENT_UNSOLICITED)
			continue;
		self->state = FLASH_STATE_PAUSE; /* the parts below set what comes next */
		self->deadline_us = now_us;
		/* what the ECU did is booked before a stop is looked at: a session may have been entered */
		answer(self, now_us, &ev);
	}
}

void flash_run_advance(struct flash_run *self, uint64_t now_us)
{
	if (self->state == FLASH_STATE_NEW)
		return;
	take_events(self, now_us);
	/* a pause that ended may lead into another one that has ended: bounded by the steps of a profile */
	for (unsigned turn = 0; turn < PROFILE_MAX_STEPS && now_us >= self->deadline_us; turn++) {
		switch ((enum flash_state)self->state) {
		case FLASH_STATE_PAUSE:
			if (!flash_stops(self, now_us))
				send_again(self, now_us);
			break;
		case FLASH_STATE_KEY:
			flash_run_key_unavailable(self, now_us);
			break;
		case FLASH_STATE_INTENT:
			flash_fail(self, now_us, FLASH_STOPPED, NULL, "the intent was not stored within 60 s");
			break;
		case FLASH_STATE_NEW:
		case FLASH_STATE_REQUEST:
		case FLASH_STATE_OVER:
			return;
		}
	}
}

uint64_t flash_run_deadline(const struct flash_run *self)
{
	return self->deadline_us;
}

void flash_run_key(struct flash_run *self, uint64_t now_us, const uint8_t *key, size_t n)
{
	if (self->state != FLASH_STATE_KEY)
		return;
	if (!n || n > sizeof(self->scratch)) {
		flash_run_key_unavailable(self, now_us);
		return;
	}
	memcpy(self->scratch, key, n);
	self->n_scratch = (uint8_t)n;
	self->phase = 1;
	self->request_tries = 0;
	flash_security_send(self, now_us);
}

void flash_run_key_unavailable(struct flash_run *self, uint64_t now_us)
{
	flash_run_key_failed(self, now_us, NULL);
}

void flash_run_key_failed(struct flash_run *self, uint64_t now_us, const char *words)
{
	if (self->state == FLASH_STATE_KEY)
		flash_fail(self, now_us, FLASH_KEY_UNAVAILABLE, NULL, words);
}

void flash_run_intent_stored(struct flash_run *self, uint64_t now_us)
{
	if (self->state != FLASH_STATE_INTENT)
		return;
	self->result.erased = true;
	flash_steps_go(self, now_us);
}

bool flash_run_started(const struct flash_run *self)
{
	return self->state != FLASH_STATE_NEW;
}

bool flash_run_erased(const struct flash_run *self)
{
	return self->result.erased;
}

bool flash_run_finished(const struct flash_run *self)
{
	return self->state == FLASH_STATE_OVER;
}

const struct flash_result *flash_run_result(const struct flash_run *self)
{
	return &self->result;
}
