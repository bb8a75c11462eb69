/*
 * The functional part. Before: every target has to answer each request, which is sent up to five times; physical
 * preconditions go to all targets side by side. After: nothing has to be answered, and what ends the quiet is sent
 * twice, since a lost frame would leave a vehicle silent.
 */
#include "ecu-flash/flash_bus_priv.h"
#include "uds/uds.h"

#include <stdio.h>

#define MS             UINT64_C(1000)

#define PENDING_MAX_US 60000000u   /* 0x78 to one functional request: quietening a bus takes no longer */
#define MAX_TRIES      5u          /* at 2 % lost frames, one request in ten million stays unanswered */
#define SEND_MAX_US    (1000 * MS) /* a functional request to its confirmation */
#define MARGIN_US      (20 * MS)
#define LOUD_REPEATS   2u

enum answer {
	ANSWER_NONE, /* not asked: the target is out, or tolerated */
	ANSWER_AWAITED,
	ANSWER_GIVEN,
};

const struct bus_step *flash_bus_step_at(const struct flash_bus *self)
{
	const struct profile *p = flash_bus_profile(self);

	return self->state == BUS_BEFORE ? &p->bus_before[self->step] : &p->bus_after[self->step];
}

static uint8_t n_steps(const struct flash_bus *self)
{
	const struct profile *p = flash_bus_profile(self);

	return self->state == BUS_BEFORE ? p->n_bus_before : p->n_bus_after;
}

static size_t build(const struct bus_step *s, uint8_t pdu[4])
{
	switch (s->kind) {
	case BUS_STEP_SESSION:
		pdu[0] = UDS_DIAGNOSTIC_SESSION_CONTROL;
		pdu[1] = s->sub_function;
		return 2;
	case BUS_STEP_DTC_SETTING:
		pdu[0] = UDS_CONTROL_DTC_SETTING;
		pdu[1] = s->sub_function;
		return 2;
	case BUS_STEP_COMMUNICATION:
		pdu[0] = UDS_COMMUNICATION_CONTROL;
		pdu[1] = s->sub_function;
		pdu[2] = s->communication_type;
		return 3;
	case BUS_STEP_CLEAR_DTC:
		pdu[0] = UDS_CLEAR_DIAGNOSTIC_INFORMATION;
		pdu[1] = pdu[2] = pdu[3] = 0xff;
		return 4;
	case BUS_STEP_PRECONDITIONS:
		break;
	}
	return 0;
}

static void fail_target(struct flash_bus *self, uint8_t i, uint64_t now_us, enum flash_code code, uint8_t sid,
			uint8_t nrc, const char *words)
{
	self->answers[i] = ANSWER_GIVEN;
	if (!self->runs[i]->job.recovery)
		flash_run_refuse(self->runs[i], now_us, code, sid, nrc, words);
}

/* ---- sending ---- */

static uint32_t n_sent(const struct flash_bus *self)
{
	return self->node->n_functional_sent - self->node->n_tester_present_sent;
}

static void send_functional(struct flash_bus *self, uint64_t now_us)
{
	uint8_t pdu[4] = {0};
	size_t n = build(flash_bus_step_at(self), pdu);

	self->sent = false;
	self->n_sent_before = n_sent(self);
	/* a full queue is treated as a lost frame: the next try comes after the same wait */
	for (uint8_t i = 0; i < self->n_addresses; i++)
		if (!can_node_send_functional(self->node, &self->addresses[i], pdu, n) && self->state == BUS_BEFORE)
			self->quiet_sent = true;
	self->deadline_us = now_us + SEND_MAX_US;
}

static void ask_preconditions(struct flash_bus *self, uint64_t now_us)
{
	self->deadline_us = UDS_NEVER;
	for (uint8_t i = 0; i < self->n_runs; i++) {
		struct flash_run *run = self->runs[i];
		uint16_t id = run->job.profile->routine_preconditions;
		uint8_t pdu[4] = {UDS_ROUTINE_CONTROL, 1, (uint8_t)(id >> 8), (uint8_t)id};

		if (self->answers[i] != ANSWER_AWAITED)
			continue;
		if (!id || run->job.kind != FLASH_JOB_FLASH ||
		    uds_channel_request(run->channel, now_us, pdu, sizeof(pdu)))
			self->answers[i] = ANSWER_GIVEN;
	}
}

static void send_step(struct flash_bus *self, uint64_t now_us)
{
	if (flash_bus_step_at(self)->kind == BUS_STEP_PRECONDITIONS)
		ask_preconditions(self, now_us);
	else
		send_functional(self, now_us);
}

static const char *step_words(const struct flash_bus *self, char *out, size_t n)
{
	const struct bus_step *s = flash_bus_step_at(self);

	if (s->kind == BUS_STEP_PRECONDITIONS || s->kind == BUS_STEP_CLEAR_DTC)
		snprintf(out, n, "%s", bus_step_text(s->kind));
	else
		snprintf(out, n, "%s %02X", bus_step_text(s->kind), s->sub_function);
	return out;
}

void flash_bus_step_begin(struct flash_bus *self, uint64_t now_us)
{
	char words[32];

	if (self->step >= n_steps(self) || (self->state == BUS_BEFORE && flash_bus_all_over(self))) {
		if (self->state == BUS_BEFORE)
			flash_bus_begin_running(self, now_us);
		else
			flash_bus_finish(self, now_us);
		return;
	}
	self->tries = 1;
	for (uint8_t i = 0; i < self->n_runs; i++) {
		bool asked = self->state == BUS_AFTER || !flash_run_finished(self->runs[i]);

		self->answers[i] = asked ? ANSWER_AWAITED : ANSWER_NONE;
		self->answer_by_us[i] = 0;
	}
	flash_bus_push(self, FLASH_BUS_EVENT_STEP, step_words(self, words, sizeof(words)));
	send_step(self, now_us);
}

static void next_step(struct flash_bus *self, uint64_t now_us)
{
	self->step++;
	flash_bus_step_begin(self, now_us);
}

/* ---- answers to functional requests ---- */

/* 0x78: bounded as any wait. Once the bus is made loud no answer is needed, and none is waited for. */
static void wait_longer(struct flash_bus *self, uint8_t i, uint64_t now_us)
{
	const struct uds_timing *timing = &self->runs[i]->job.profile->timing;
	uint64_t longest_us = timing->pending_max_us < PENDING_MAX_US ? timing->pending_max_us : PENDING_MAX_US;
	uint64_t last_us = self->sent_us + longest_us;

	if (self->state == BUS_AFTER)
		return;
	self->answer_by_us[i] = now_us + timing->p2_star_us;
	if (self->sent && self->answer_by_us[i] > last_us)
		self->answer_by_us[i] = last_us;
}

static void take_functional(struct flash_bus *self, uint8_t i, uint64_t now_us, const struct uds_event *ev)
{
	uint8_t pdu[4] = {0};
	size_t n = build(flash_bus_step_at(self), pdu);

	if (self->answers[i] != ANSWER_AWAITED || ev->kind != UDS_EVENT_UNSOLICITED || !ev->n_pdu)
		return;
	if (ev->pdu[0] == (pdu[0] | UDS_POSITIVE_OFFSET)) {
		/* a late answer to the request before has another sub-function */
		if (pdu[0] == UDS_CLEAR_DIAGNOSTIC_INFORMATION || (ev->n_pdu >= 2 && n >= 2 && ev->pdu[1] == pdu[1]))
			self->answers[i] = ANSWER_GIVEN;
		return;
	}
	if (ev->pdu[0] != UDS_NEGATIVE_RESPONSE || ev->n_pdu != 3 || ev->pdu[1] != pdu[0])
		return;
	if (ev->pdu[2] == UDS_NRC_RESPONSE_PENDING)
		wait_longer(self, i, now_us);
	else if (ev->pdu[2] == UDS_NRC_BUSY_REPEAT_REQUEST && self->tries < MAX_TRIES)
		return; /* the next try comes when the others have answered */
	else if (self->state == BUS_BEFORE)
		fail_target(self, i, now_us, FLASH_BUS_QUIET_REFUSED, pdu[0], ev->pdu[2], NULL);
	else
		self->answers[i] = ANSWER_GIVEN;
}

/* the latest time at which an answer may still come */
static uint64_t wait_until(const struct flash_bus *self)
{
	uint64_t latest_us = 0;

	for (uint8_t i = 0; i < self->n_runs; i++) {
		uint64_t until_us =
		    self->node->functional_sent_us + self->runs[i]->job.profile->timing.p2_us + MARGIN_US;

		if (self->answers[i] != ANSWER_AWAITED)
			continue;
		if (self->answer_by_us[i] > until_us)
			until_us = self->answer_by_us[i];
		if (until_us > latest_us)
			latest_us = until_us;
	}
	return latest_us;
}

static bool all_given(const struct flash_bus *self)
{
	for (uint8_t i = 0; i < self->n_runs; i++)
		if (self->answers[i] == ANSWER_AWAITED)
			return false;
	return true;
}

static bool ends_quiet(const struct flash_bus *self)
{
	return self->state == BUS_AFTER && (flash_bus_step_at(self)->kind == BUS_STEP_COMMUNICATION ||
					    flash_bus_step_at(self)->kind == BUS_STEP_DTC_SETTING);
}

static void send_once_more(struct flash_bus *self, uint64_t now_us)
{
	self->tries++;
	for (uint8_t i = 0; i < self->n_runs; i++) {
		if (self->state == BUS_AFTER && self->answers[i] == ANSWER_GIVEN)
			self->answers[i] = ANSWER_AWAITED;
		self->answer_by_us[i] = 0;
	}
	send_step(self, now_us);
}

static void functional_over(struct flash_bus *self, uint64_t now_us)
{
	uint8_t pdu[4] = {0};

	if (self->state == BUS_AFTER) {
		if (ends_quiet(self) && self->tries < LOUD_REPEATS) {
			send_once_more(self, now_us);
			return;
		}
		self->loud_unsent |= !self->sent;
		next_step(self, now_us);
		return;
	}
	if (!all_given(self) && self->tries < MAX_TRIES) {
		send_once_more(self, now_us);
		return;
	}
	build(flash_bus_step_at(self), pdu);
	for (uint8_t i = 0; i < self->n_runs; i++)
		if (self->answers[i] == ANSWER_AWAITED)
			fail_target(self, i, now_us, self->sent ? FLASH_NO_ANSWER : FLASH_TRANSPORT, pdu[0], 0, NULL);
	next_step(self, now_us);
}

static void advance_functional(struct flash_bus *self, uint64_t now_us)
{
	if (!self->sent && n_sent(self) - self->n_sent_before >= self->n_addresses) {
		self->sent = true;
		if (self->tries == 1) /* what bounds 0x78 is the step, not each try */
			self->sent_us = now_us;
	}
	if (!self->sent) {
		if (now_us >= self->deadline_us)
			functional_over(self, now_us);
		return;
	}
	if (all_given(self)) {
		functional_over(self, now_us);
		return;
	}
	self->deadline_us = wait_until(self);
	if (now_us >= self->deadline_us)
		functional_over(self, now_us);
}

/* ---- preconditions ---- */

static void take_precondition(struct flash_bus *self, uint8_t i, uint64_t now_us, const struct uds_event *ev)
{
	char words[64];

	if (self->answers[i] != ANSWER_AWAITED)
		return;
	switch (ev->kind) {
	case UDS_EVENT_POSITIVE:
		/* no list, or a status of 0: nothing stands against it */
		if (ev->n_pdu <= 4 || ev->pdu[4] == 0) {
			self->answers[i] = ANSWER_GIVEN;
			return;
		}
		snprintf(words, sizeof(words), "%s (condition %02X)", flash_code_text(FLASH_PRECONDITIONS), ev->pdu[4]);
		fail_target(self, i, now_us, FLASH_PRECONDITIONS, UDS_ROUTINE_CONTROL, 0, words);
		break;
	case UDS_EVENT_NEGATIVE:
		fail_target(self, i, now_us, FLASH_PRECONDITIONS, UDS_ROUTINE_CONTROL, ev->nrc, NULL);
		break;
	case UDS_EVENT_TIMEOUT:
	case UDS_EVENT_MALFORMED:
	case UDS_EVENT_SEND_FAILED:
	case UDS_EVENT_SUPPRESSED:
		self->answer_by_us[i] = now_us; /* asked again with the others that are left */
		break;
	case UDS_EVENT_NONE:
	case UDS_EVENT_PENDING:
	case UDS_EVENT_UNSOLICITED:
		break;
	}
}

static void advance_preconditions(struct flash_bus *self, uint64_t now_us)
{
	for (uint8_t i = 0; i < self->n_runs; i++)
		if (self->answers[i] == ANSWER_AWAITED && !uds_channel_idle(self->runs[i]->channel))
			return;
	if (all_given(self)) {
		next_step(self, now_us);
		return;
	}
	if (self->tries < MAX_TRIES) {
		send_once_more(self, now_us);
		return;
	}
	for (uint8_t i = 0; i < self->n_runs; i++)
		if (self->answers[i] == ANSWER_AWAITED)
			fail_target(self, i, now_us, FLASH_NO_ANSWER, UDS_ROUTINE_CONTROL, 0, NULL);
	next_step(self, now_us);
}

void flash_bus_step_advance(struct flash_bus *self, uint64_t now_us)
{
	bool preconditions = flash_bus_step_at(self)->kind == BUS_STEP_PRECONDITIONS;

	for (uint8_t i = 0; i < self->n_runs; i++) {
		struct uds_event ev;

		while (uds_channel_pop_event(self->runs[i]->channel, &ev)) {
			if (preconditions)
				take_precondition(self, i, now_us, &ev);
			else
				take_functional(self, i, now_us, &ev);
		}
		if (self->state == BUS_BEFORE && flash_run_finished(self->runs[i]))
			self->answers[i] = ANSWER_NONE;
	}
	if (preconditions)
		advance_preconditions(self, now_us);
	else
		advance_functional(self, now_us);
}
