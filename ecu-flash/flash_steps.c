/* The sequence of steps of one ECU, and the steps that are a request or two. */
#include "ecu-flash/flash_run_priv.h"

#include <stdio.h>
#include <string.h>

static bool of_unit(enum flash_step_kind kind)
{
	return kind == FLASH_STEP_ERASE || kind == FLASH_STEP_TRANSFER || kind == FLASH_STEP_CHECK_MEMORY;
}

/* ---- the sequence ---- */

void flash_steps_done(struct flash_run *self, uint64_t now_us)
{
	uint8_t n;
	const struct flash_step *steps = flash_list(self, &n);
	bool in_group = of_unit(flash_step_at(self)->kind);
	uint8_t next = (uint8_t)(self->step_index + 1u);

	flash_overcome(self);
	/* Steps of a unit that stand side by side are a group, gone through once for each unit. */
	if (in_group && (next == n || !of_unit(steps[next].kind))) {
		uint8_t first = self->step_index;

		while (first && of_unit(steps[first - 1u].kind))
			first--;
		if (self->unit + 1u < self->job.n_units) {
			self->unit++;
			memset(&self->tries[first], 0, next - (size_t)first);
			next = first;
		} else {
			self->unit = 0;
		}
	} else if (!in_group && next < n && of_unit(steps[next].kind)) {
		self->unit = self->resume_unit;
		self->resume_unit = 0;
	}
	if (next == n) {
		if (self->going_back) {
			flash_back_done(self, now_us);
			return;
		}
		self->result.verified = true;
		flash_succeed(self, now_us);
		return;
	}
	self->step_index = next;
	flash_steps_begin(self, now_us);
}

/* What an ECU says that has fallen back to its default session, has locked itself again, or still holds a transfer. A
 * routine or identifier that there is in another session only is out of range (ISO 14229-1, services 0x31 and 0x2E). */
static bool lost_session(const struct uds_event *ev)
{
	if (ev->nrc == UDS_NRC_REQUEST_OUT_OF_RANGE)
		return ev->sid == UDS_ROUTINE_CONTROL || ev->sid == UDS_WRITE_DATA_BY_IDENTIFIER;
	return ev->nrc == UDS_NRC_SUB_FUNCTION_NOT_SUPPORTED_IN_SESSION ||
	       ev->nrc == UDS_NRC_SERVICE_NOT_SUPPORTED_IN_SESSION || ev->nrc == UDS_NRC_SECURITY_ACCESS_DENIED ||
	       ev->nrc == UDS_NRC_REQUEST_SEQUENCE_ERROR || ev->nrc == UDS_NRC_UPLOAD_DOWNLOAD_NOT_ACCEPTED;
}

void flash_steps_rewind(struct flash_run *self, const struct uds_event *ev)
{
	uint8_t n;
	const struct flash_step *steps = flash_list(self, &n);
	enum flash_step_kind kind = flash_step_at(self)->kind;
	uint8_t i = self->step_index;

	if (kind == FLASH_STEP_READ_VERSION || kind == FLASH_STEP_WAIT_BOOT || kind == FLASH_STEP_SESSION)
		return;
	/* A transfer that broke off leaves flash half written: entering the session again ends it in the ECU, and the
	 * unit is erased again. */
	if (kind != FLASH_STEP_TRANSFER && !lost_session(ev))
		return;
	while (i && steps[i].kind != FLASH_STEP_SESSION) {
		if (steps[i].kind == FLASH_STEP_RESET)
			return;
		i--;
	}
	if (steps[i].kind != FLASH_STEP_SESSION)
		return;
	if (of_unit(kind))
		self->resume_unit = self->unit;
	self->step_index = i;
}

void flash_steps_begin(struct flash_run *self, uint64_t now_us)
{
	const struct flash_step *step = flash_step_at(self);
	struct flash_event event = {.kind = FLASH_EVENT_STEP};

	if (flash_stops(self, now_us))
		return;
	self->stage = FLASH_STAGE_STEPS;
	self->begin_due = false;
	self->phase = 0;
	self->request_tries = 0;
	self->segment = 0;
	flash_push(self, &event);
	if (profile_step_irreversible(flash_profile(self), step)) {
		event.kind = FLASH_EVENT_INTENT;
		self->state = FLASH_STATE_INTENT;
		self->deadline_us = now_us + FLASH_INTENT_WAIT_US;
		flash_push(self, &event);
		return;
	}
	flash_steps_go(self, now_us);
}

void flash_steps_go(struct flash_run *self, uint64_t now_us)
{
	const struct profile *p = flash_profile(self);
	const struct flash_step *step = flash_step_at(self);

	switch (step->kind) {
	case FLASH_STEP_SECURITY:
		if (!profile_step_security(p, step)->level)
			flash_steps_done(self, now_us);
		else
			flash_security_send(self, now_us);
		break;
	case FLASH_STEP_ERASE:
	case FLASH_STEP_CHECK_MEMORY:
	case FLASH_STEP_DEPENDENCIES:
	case FLASH_STEP_ROUTINE:
	case FLASH_STEP_SWITCH_OVER:
	case FLASH_STEP_SWITCH_BACK:
		flash_routine_begin(self, now_us);
		break;
	case FLASH_STEP_TRANSFER:
		flash_transfer_begin(self, now_us);
		break;
	case FLASH_STEP_WAIT_BOOT:
		flash_boot_begin(self, now_us);
		break;
	case FLASH_STEP_WAIT:
		flash_pause(self, now_us + step->wait_ms * FLASH_MS, false);
		self->phase = 1;
		break;
	case FLASH_STEP_READ_VERSION:
		flash_identity_begin(self, now_us);
		break;
	case FLASH_STEP_SESSION:
	case FLASH_STEP_FINGERPRINT:
	case FLASH_STEP_RESET:
	case FLASH_STEP_WRITE_DID:
		flash_steps_send(self, now_us);
		break;
	}
}

/* ---- requests ---- */

static uint8_t sub_of(const struct flash_step *step)
{
	if (step->sub_function)
		return step->sub_function;
	return step->kind == FLASH_STEP_SESSION ? UDS_SESSION_PROGRAMMING : 1;
}

static void send_write(struct flash_run *self, uint64_t now_us, uint16_t did, const uint8_t *data, size_t n)
{
	uint8_t head[3] = {UDS_WRITE_DATA_BY_IDENTIFIER, (uint8_t)(did >> 8), (uint8_t)did};

	flash_request(self, now_us, head, sizeof(head), data, n);
}

void flash_steps_send(struct flash_run *self, uint64_t now_us)
{
	const struct profile *p = flash_profile(self);
	const struct flash_step *step = flash_step_at(self);
	uint8_t fingerprint[PROFILE_MAX_FINGERPRINT];

	switch (step->kind) {
	case FLASH_STEP_SESSION:
		/* also when its answer is lost: the ECU may be in it */
		self->session_entered = sub_of(step) != UDS_SESSION_DEFAULT;
		flash_request(self, now_us, (uint8_t[]){UDS_DIAGNOSTIC_SESSION_CONTROL, sub_of(step)}, 2, NULL, 0);
		break;
	case FLASH_STEP_SECURITY:
		flash_security_send(self, now_us);
		break;
	case FLASH_STEP_FINGERPRINT:
		send_write(self, now_us, p->did_fingerprint, fingerprint,
			   flash_fingerprint(p, &self->job.origin, fingerprint));
		break;
	case FLASH_STEP_WRITE_DID:
		send_write(self, now_us, step->id, step->data, step->n_data);
		break;
	case FLASH_STEP_ERASE:
	case FLASH_STEP_CHECK_MEMORY:
	case FLASH_STEP_DEPENDENCIES:
	case FLASH_STEP_ROUTINE:
	case FLASH_STEP_SWITCH_OVER:
	case FLASH_STEP_SWITCH_BACK:
		flash_routine_send(self, now_us);
		break;
	case FLASH_STEP_TRANSFER:
		flash_transfer_send(self, now_us);
		break;
	case FLASH_STEP_RESET:
		flash_boot_reset(self, now_us, sub_of(step));
		break;
	case FLASH_STEP_WAIT_BOOT:
		flash_boot_send(self, now_us);
		break;
	case FLASH_STEP_READ_VERSION:
		flash_identity_send(self, now_us);
		break;
	case FLASH_STEP_WAIT:
		flash_steps_done(self, now_us);
		break;
	}
}

/* ---- answers ---- */

/* P2 as the ECU announced it, with our margin for the way there and back, within limits; 0 is no announcement */
static uint64_t client_time(uint64_t announced_us, uint64_t configured_us, uint64_t least_us, uint64_t most_us)
{
	uint64_t t = announced_us + 100 * FLASH_MS;

	if (!announced_us)
		return configured_us;
	if (t < least_us)
		t = least_us;
	return t > most_us ? most_us : t;
}

static void session_entered(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	const struct uds_timing *t = &flash_profile(self)->timing;
	uint64_t p2_us, p2_star_us;

	if (uds_session_times(ev->pdu, ev->n_pdu, &p2_us, &p2_star_us))
		uds_channel_set_p2(self->channel, client_time(p2_us, t->p2_us, 100 * FLASH_MS, 10 * FLASH_S),
				   client_time(p2_star_us, t->p2_star_us, FLASH_S, 120 * FLASH_S));
	uds_channel_keep_awake(self->channel, now_us, self->session_entered);
	flash_steps_done(self, now_us);
}

static void simple_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	enum flash_step_kind kind = flash_step_at(self)->kind;

	if (ev->kind == UDS_EVENT_POSITIVE) {
		if (kind == FLASH_STEP_SESSION)
			session_entered(self, now_us, ev);
		else if (kind == FLASH_STEP_RESET)
			flash_boot_reset_answered(self, now_us);
		else
			flash_steps_done(self, now_us);
		return;
	}
	if (ev->kind != UDS_EVENT_NEGATIVE && flash_repeat(self, now_us, ev))
		return;
	if (kind == FLASH_STEP_RESET && flash_boot_reset_lost(self, now_us, ev))
		return;
	flash_step_failed(self, now_us, FLASH_NEGATIVE_RESPONSE, ev);
}

/* a refusal that the profile calls harmless */
static bool accepted(const struct flash_step *step, const struct uds_event *ev)
{
	for (uint8_t i = 0; ev->kind == UDS_EVENT_NEGATIVE && i < step->n_accept_nrc; i++)
		if (step->accept_nrc[i] == ev->nrc)
			return true;
	return false;
}

void flash_steps_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (accepted(flash_step_at(self), ev)) {
		flash_note_retry(self, "refused as the profile expects", ev);
		flash_steps_done(self, now_us);
		return;
	}
	switch (flash_step_at(self)->kind) {
	case FLASH_STEP_SESSION:
	case FLASH_STEP_FINGERPRINT:
	case FLASH_STEP_WRITE_DID:
	case FLASH_STEP_RESET:
		simple_answer(self, now_us, ev);
		break;
	case FLASH_STEP_SECURITY:
		flash_security_answer(self, now_us, ev);
		break;
	case FLASH_STEP_ERASE:
	case FLASH_STEP_CHECK_MEMORY:
	case FLASH_STEP_DEPENDENCIES:
	case FLASH_STEP_ROUTINE:
	case FLASH_STEP_SWITCH_OVER:
	case FLASH_STEP_SWITCH_BACK:
		flash_routine_answer(self, now_us, ev);
		break;
	case FLASH_STEP_TRANSFER:
		flash_transfer_answer(self, now_us, ev);
		break;
	case FLASH_STEP_WAIT_BOOT:
		flash_boot_answer(self, now_us, ev);
		break;
	case FLASH_STEP_READ_VERSION:
		flash_identity_answer(self, now_us, ev);
		break;
	case FLASH_STEP_WAIT:
		break;
	}
}

void flash_overcome(struct flash_run *self)
{
	if (self->step_index >= self->cause.step_index)
		self->cause.known = false;
}

void flash_note_retry(struct flash_run *self, const char *what, const struct uds_event *ev)
{
	struct flash_event event = {.kind = FLASH_EVENT_RETRY};
	char why[64];

	if (self->stage == FLASH_STAGE_STEPS && !self->cause.known) {
		self->cause = (struct flash_cause){
		    .known = true, .step = flash_step_at(self)->kind, .step_index = self->step_index, .event = *ev};
		self->cause.event.pdu = NULL;
		self->cause.event.n_pdu = 0;
	}
	flash_text_event(ev, why, sizeof(why));
	event.nrc = ev->kind == UDS_EVENT_NEGATIVE ? ev->nrc : 0;
	snprintf(event.text, sizeof(event.text), "%.36s: %.57s", what, why);
	flash_push(self, &event);
}
