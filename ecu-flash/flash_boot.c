/*
 * 11 and the wait after it: whether the ECU was reset, and when it answers again.
 *
 * A reset whose answer is lost may not have happened: an ECU that was deaf for a moment still runs what it ran before,
 * and answers. Once it answers, its active session tells (ISO 14229-1: a reset ends in the default session).
 */
#include "ecu-flash/flash_run_priv.h"

#include <stdio.h>

#define PHASE_POLL         0u
#define PHASE_QUIET        1u
#define PHASE_PROVE        2u

#define DID_ACTIVE_SESSION 0xf186u
#define MAX_RESETS_AGAIN   2u
/* An ECU that hears nothing falls back to its default session by itself, after S3 of 5 s: from here on the default
 * session is no sign of a reset. */
#define SESSION_LAPSES_US (4 * FLASH_S)

/* ---- the reset ---- */

void flash_boot_reset(struct flash_run *self, uint64_t now_us, uint8_t sub_function)
{
	if (!self->resets_again && !self->request_tries)
		self->reset_us = now_us;
	flash_request(self, now_us, (uint8_t[]){UDS_ECU_RESET, sub_function}, 2, NULL, 0);
}

static void use_default_times(struct flash_run *self)
{
	const struct uds_timing *t = &flash_profile(self)->timing;

	uds_channel_set_p2(self->channel, t->p2_us, t->p2_star_us);
}

static void rebooted(struct flash_run *self, uint64_t now_us)
{
	self->session_entered = false;
	self->rebooted = true;
	self->reset_unknown = false;
	self->resets_again = 0;
	uds_channel_keep_awake(self->channel, now_us, false);
}

void flash_boot_reset_answered(struct flash_run *self, uint64_t now_us)
{
	use_default_times(self);
	rebooted(self, now_us);
	flash_steps_done(self, now_us);
}

bool flash_boot_reset_lost(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	/* It may have reset before it could answer, and may refuse a repetition because it did. */
	bool refused = ev->kind == UDS_EVENT_NEGATIVE && (self->request_tries || self->resets_again);

	if (ev->kind != UDS_EVENT_TIMEOUT && !refused)
		return false;
	if (refused)
		flash_note_retry(self, "repeated reset refused", ev);
	/* it is kept awake: a session that ends for our silence would look like a reset */
	use_default_times(self);
	self->reset_unknown = true;
	flash_steps_done(self, now_us);
	return true;
}

/* ---- the wait ---- */

void flash_boot_begin(struct flash_run *self, uint64_t now_us)
{
	const struct profile *p = flash_profile(self);

	self->boot_deadline_us = now_us + p->boot_max_ms * FLASH_MS;
	flash_pause(self, now_us + p->boot_wait_ms * FLASH_MS, false);
}

void flash_boot_send(struct flash_run *self, uint64_t now_us)
{
	static const uint8_t active_session[] = {UDS_READ_DATA_BY_IDENTIFIER, DID_ACTIVE_SESSION >> 8,
						 DID_ACTIVE_SESSION & 0xff};

	if (self->phase == PHASE_POLL)
		flash_request(self, now_us, (uint8_t[]){UDS_TESTER_PRESENT, 0}, 2, NULL, 0);
	else if (self->phase == PHASE_PROVE)
		flash_request(self, now_us, active_session, sizeof(active_session), NULL, 0);
	else if (!flash_quiet_send(self, now_us))
		flash_steps_done(self, now_us);
}

static void booted(struct flash_run *self, uint64_t now_us)
{
	self->phase = PHASE_QUIET;
	self->request_tries = 0;
	/* the reset ended 85 and 28 in this ECU */
	if (!self->quiet_again || !flash_quiet_begin(self, now_us))
		flash_steps_done(self, now_us);
}

static void tell(struct flash_run *self, const char *words)
{
	struct flash_event event = {.kind = FLASH_EVENT_RETRY};

	snprintf(event.text, sizeof(event.text), "%s", words);
	flash_push(self, &event);
}

/* Return: false if there is no reset before this step, or it was sent often enough */
static bool reset_again(struct flash_run *self, uint64_t now_us, uint8_t most, const char *words)
{
	uint8_t n;
	const struct flash_step *steps = flash_list(self, &n);
	uint8_t i = self->step_index;

	while (i && steps[i].kind != FLASH_STEP_RESET)
		i--;
	if (steps[i].kind != FLASH_STEP_RESET || self->resets_again >= most)
		return false;
	tell(self, words);
	self->resets_again++;
	self->step_index = i;
	flash_pause(self, now_us + FLASH_RETRY_PAUSE_US, true);
	return true;
}

/* The ECU does not tell: one more reset does no harm to one that was reset. If that has no answer either, its version
 * decides. */
static void not_told(struct flash_run *self, uint64_t now_us)
{
	if (reset_again(self, now_us, 1, "not known whether it was reset; sent again"))
		return;
	tell(self, "not known whether it was reset; its version decides");
	self->resets_again = 0;
	booted(self, now_us);
}

static void prove_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	char words[80];

	if (ev->kind != UDS_EVENT_POSITIVE && ev->kind != UDS_EVENT_NEGATIVE && flash_repeat(self, now_us, ev))
		return;
	if (ev->kind != UDS_EVENT_POSITIVE || ev->n_pdu < 4) {
		not_told(self, now_us);
		return;
	}
	if ((ev->pdu[3] & 0x7f) == UDS_SESSION_DEFAULT && now_us - self->reset_us < SESSION_LAPSES_US) {
		rebooted(self, now_us);
		booted(self, now_us);
		return;
	}
	if ((ev->pdu[3] & 0x7f) == UDS_SESSION_DEFAULT) {
		self->session_entered = false;
		not_told(self, now_us);
		return;
	}
	self->reset_us = now_us;
	snprintf(words, sizeof(words), "it was not reset: still in session %02X", ev->pdu[3]);
	if (!reset_again(self, now_us, MAX_RESETS_AGAIN, words))
		flash_fail(self, now_us, FLASH_BOOT_TIMEOUT, NULL, words);
}

static void prove_begin(struct flash_run *self, uint64_t now_us)
{
	if (!self->session_entered) { /* the default session before it as well */
		not_told(self, now_us);
		return;
	}
	self->phase = PHASE_PROVE;
	self->request_tries = 0;
	flash_boot_send(self, now_us);
}

void flash_boot_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (self->phase == PHASE_PROVE) {
		prove_answer(self, now_us, ev);
		return;
	}
	if (self->phase == PHASE_QUIET) {
		if (!flash_quiet_answer(self, now_us, ev))
			flash_steps_done(self, now_us);
		return;
	}
	if (ev->kind == UDS_EVENT_POSITIVE || ev->kind == UDS_EVENT_NEGATIVE) {
		if (self->reset_unknown)
			prove_begin(self, now_us);
		else
			booted(self, now_us);
		return;
	}
	if (now_us >= self->boot_deadline_us)
		flash_step_failed(self, now_us, FLASH_BOOT_TIMEOUT, ev);
	else
		flash_pause(self, now_us + FLASH_BOOT_POLL_US, false);
}
