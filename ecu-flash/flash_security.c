/* 27: seed, the owner's key, and the three refusals that mean three things. */
#include "ecu-flash/flash_run_priv.h"

#include <string.h>

#define PHASE_SEED 0u
#define PHASE_KEY  1u

static uint8_t level_of(const struct flash_run *self)
{
	return profile_step_security(flash_profile(self), flash_step_at(self))->level;
}

void flash_security_send(struct flash_run *self, uint64_t now_us)
{
	uint8_t head[2] = {UDS_SECURITY_ACCESS, level_of(self)};

	if (self->phase == PHASE_SEED) {
		flash_request(self, now_us, head, sizeof(head), NULL, 0);
		return;
	}
	head[1]++;
	flash_request(self, now_us, head, sizeof(head), self->scratch, self->n_scratch);
}

/* a seed is used once: every new try begins with a new one */
static void new_seed(struct flash_run *self, uint64_t until_us)
{
	self->phase = PHASE_SEED;
	flash_pause(self, until_us, false);
}

static void take_seed(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	struct flash_event event = {.kind = FLASH_EVENT_NEED_KEY, .level = level_of(self)};
	size_t n = ev->n_pdu - 2;
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= ev->pdu[2 + i];
	if (!any) {
		flash_steps_done(self, now_us); /* zeros: unlocked already */
		return;
	}
	memcpy(event.seed, ev->pdu + 2, n);
	event.n_seed = (uint8_t)n;
	self->state = FLASH_STATE_KEY;
	self->deadline_us = now_us + FLASH_KEY_WAIT_US;
	if (!flash_stops(self, now_us))
		flash_push(self, &event);
}

static void refused(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (ev->nrc == UDS_NRC_REQUIRED_TIME_DELAY_NOT_EXPIRED && self->key_delays < FLASH_MAX_KEY_DELAYS) {
		self->key_delays++;
		flash_note_retry(self, "waiting 10 s", ev);
		new_seed(self, now_us + FLASH_KEY_DELAY_US);
		return;
	}
	if (self->phase == PHASE_KEY && ev->nrc == UDS_NRC_INVALID_KEY && ++self->wrong_keys < FLASH_MAX_WRONG_KEYS) {
		flash_note_retry(self, "one more seed and key", ev);
		new_seed(self, now_us);
		return;
	}
	flash_step_failed(self, now_us, FLASH_SECURITY_DENIED, ev);
}

void flash_security_answer(struct flash_run *self, uint64_t now_us, const struct uds_event *ev)
{
	if (ev->kind == UDS_EVENT_NEGATIVE) {
		refused(self, now_us, ev);
		return;
	}
	if (ev->kind == UDS_EVENT_POSITIVE && self->phase == PHASE_KEY) {
		flash_steps_done(self, now_us);
		return;
	}
	if (ev->kind == UDS_EVENT_POSITIVE && ev->n_pdu > 2 &&
	    ev->n_pdu <= 2 + sizeof(((struct flash_event *)0)->seed)) {
		take_seed(self, now_us, ev);
		return;
	}
	if (ev->kind == UDS_EVENT_POSITIVE) {
		struct uds_event bad = *ev;

		bad.kind = UDS_EVENT_MALFORMED;
		flash_step_failed(self, now_us, FLASH_MALFORMED_ANSWER, &bad);
		return;
	}
	/* Whether a key whose answer was lost was taken, the next seed tells: zeros if it was. */
	if (flash_repeat(self, now_us, ev))
		self->phase = PHASE_SEED;
	else
		flash_step_failed(self, now_us, FLASH_SECURITY_DENIED, ev);
}
