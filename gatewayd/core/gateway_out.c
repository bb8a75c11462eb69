/* gateway_out - see gateway_out.h. */
#include "gatewayd/core/gateway_out.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "ecu-flash/profile.h"
#include "gatewayd/core/campaign.h"

#define EVIDENCE_SELF_REPORTED 1u

void gateway_text(char *to, size_t n, const char *from)
{
	size_t length = from ? strlen(from) : 0;

	if (length >= n)
		length = n - 1;
	if (length)
		memmove(to, from, length);
	to[length] = 0;
}

static struct gateway_output *push(struct gateway *self, enum gateway_output_kind kind)
{
	struct gateway_output *out;

	assert(self->output_n < GATEWAY_MAX_OUTPUTS);
	out = &self->outputs[(self->output_head + self->output_n) % GATEWAY_MAX_OUTPUTS];
	self->output_n++;
	memset(out, 0, sizeof *out);
	out->kind = kind;
	out->campaign = out->target = out->ecu = GATEWAY_NONE;
	return out;
}

void gateway_mark_campaign(struct gateway *self, uint8_t campaign)
{
	self->dirty.campaigns |= 1u << campaign;
	self->campaigns[campaign].hold_txn = self->txn_next;
	self->changed |= 1u << campaign;
}

bool gateway_durable(const struct gateway *self, uint64_t txn)
{
	return txn <= self->txn_durable;
}

void gateway_log(struct gateway *self, enum gateway_log_level level, uint8_t campaign, uint8_t target, unsigned code,
		 const char *text)
{
	gateway_log_event(self, GATEWAY_EVENT_NONE, level, campaign, target, code, text);
}

/* Return: NULL if there is no room */
static struct gateway_output *push_log(struct gateway *self, enum gateway_event event, enum gateway_log_level level,
				       unsigned code, const char *text)
{
	unsigned reserve = level == GATEWAY_LOG_INFO ? GATEWAY_LOG_RESERVE : GATEWAY_LOG_RESERVE / 2;
	struct gateway_output *out;

	if (self->output_n + reserve >= GATEWAY_MAX_OUTPUTS) {
		self->logs_dropped++;
		return NULL;
	}
	out = push(self, GATEWAY_OUT_LOG);
	out->level = level;
	out->event = event;
	out->code = code;
	gateway_text(out->text, sizeof out->text, text);
	return out;
}

void gateway_log_event(struct gateway *self, enum gateway_event event, enum gateway_log_level level, uint8_t campaign,
		       uint8_t target, unsigned code, const char *text)
{
	struct gateway_output *out = push_log(self, event, level, code, text);

	if (!out)
		return;
	out->campaign = campaign;
	out->target = target;
}

void gateway_log_ecu(struct gateway *self, enum gateway_event event, enum gateway_log_level level, uint8_t ecu,
		     unsigned code, const char *text)
{
	struct gateway_output *out = push_log(self, event, level, code, text);

	if (out)
		out->ecu = ecu;
}

void gateway_send_error(struct gateway *self, unsigned code, const char *text)
{
	struct gateway_output *out;

	if (self->session.state != SESSION_UP || self->output_n + GATEWAY_LOG_RESERVE / 2 >= GATEWAY_MAX_OUTPUTS)
		return;
	out = push(self, GATEWAY_OUT_SEND_ERROR);
	out->code = code;
	gateway_text(out->text, sizeof out->text, text);
}

void gateway_send_check(struct gateway *self)
{
	if (self->output_n < GATEWAY_MAX_OUTPUTS)
		push(self, GATEWAY_OUT_SEND_CHECK);
}

void gateway_session_action(struct gateway *self, enum session_action action)
{
	switch (action) {
	case SESSION_ACTION_NONE:
	case SESSION_ACTION_UP:
		return;
	case SESSION_ACTION_CONNECT:
		push(self, GATEWAY_OUT_CONNECT);
		return;
	case SESSION_ACTION_DISCONNECT:
		push(self, GATEWAY_OUT_DISCONNECT);
		return;
	case SESSION_ACTION_HELLO_AND_TIME:
		push(self, GATEWAY_OUT_SEND_HELLO);
		push(self, GATEWAY_OUT_SEND_TIME_REQUEST);
		return;
	case SESSION_ACTION_REGISTER:
		push(self, GATEWAY_OUT_SEND_REGISTER);
		return;
	case SESSION_ACTION_HEARTBEAT:
		push(self, GATEWAY_OUT_SEND_HEARTBEAT)->number = self->session.heartbeat_counter;
		return;
	}
}

static void append(struct gateway *self, uint64_t now_us, struct report *report)
{
	uint64_t sequence;

	report->unix_ms = gateway_unix_ms(self, now_us);
	sequence = report_queue_append(&self->reports, report);
	if (!sequence)
		return; /* full of final reports: the queue's size rules it out for campaigns, see REPORT_QUEUE_MAX */
	if (!self->dirty.report_first)
		self->dirty.report_first = sequence;
	self->dirty.report_last = sequence;
}

/* the numbers are as its end made them */
static void report_rxswin(struct gateway *self, const struct campaign *campaign, uint64_t sequence)
{
	for (unsigned i = 0; i < campaign->n_rxswin_before; i++)
		report_queue_add_rxswin(&self->reports, sequence, false, &campaign->rxswin_before[i]);
	for (unsigned i = 0; i < self->n_rxswin; i++)
		report_queue_add_rxswin(&self->reports, sequence, true, &self->rxswin[i]);
}

/* of the campaign itself: what the backend knows of it from now on */
static void remember(struct campaign *campaign, uint64_t now_us, const struct report *report)
{
	campaign->told_code = report->code;
	campaign->told_us = report->code ? now_us : 0;
	gateway_text(campaign->told_text, sizeof campaign->told_text, report->text);
}

void gateway_report_campaign(struct gateway *self, uint64_t now_us, uint8_t campaign, uint8_t target)
{
	struct campaign *c = &self->campaigns[campaign];
	struct report report = {.campaign_state = c->state, .code = c->code};

	gateway_text(report.campaign_id, sizeof report.campaign_id, c->doc.id);
	gateway_text(report.text, sizeof report.text, c->text);
	if (target != GATEWAY_NONE) {
		const struct target *t = &c->targets[target];

		gateway_text(report.ecu, sizeof report.ecu, t->doc.ecu);
		gateway_text(report.text, sizeof report.text, t->text);
		report.target_state = t->state;
		report.code = t->code;
		if (t->state == TARGET_VERIFIED || t->state == TARGET_FAILED) {
			report.has_result = true;
			gateway_text(report.old_version, sizeof report.old_version, t->old_version);
			gateway_text(report.new_version, sizeof report.new_version, t->new_version);
			if (t->state == TARGET_FAILED)
				gateway_text(report.step, sizeof report.step, flash_step_text(t->step));
			report.nrc = t->nrc;
			report.payload_bytes = t->payload_bytes;
			report.duration_ms = t->duration_ms;
			report.transfer_ms = t->transfer_ms;
			report.estimate_ms = t->estimate_ms;
			report.evidence = t->state == TARGET_VERIFIED ? EVIDENCE_SELF_REPORTED : 0;
		}
	}
	append(self, now_us, &report);
	if (target == GATEWAY_NONE)
		remember(c, now_us, &report);
	if (report.sequence)
		c->last_report = report.sequence;
	if (c->state == CAMPAIGN_DONE && target == GATEWAY_NONE)
		report_rxswin(self, c, report.sequence);
}

void gateway_report_about(struct gateway *self, uint64_t now_us, uint8_t campaign, unsigned code, const char *text,
			  const struct service_loss *service)
{
	struct campaign *c = &self->campaigns[campaign];
	struct report report = {.campaign_state = c->state, .code = code};

	gateway_text(report.campaign_id, sizeof report.campaign_id, c->doc.id);
	gateway_text(report.text, sizeof report.text, text && text[0] ? text : gateway_code_words(code));
	if (service)
		report.service = *service;
	else
		remember(c, now_us, &report);
	append(self, now_us, &report);
	if (report.sequence)
		c->last_report = report.sequence;
}

void gateway_report_vehicle(struct gateway *self, uint64_t now_us, unsigned code, const char *text)
{
	struct report report = {.code = code};

	gateway_text(report.text, sizeof report.text, text);
	append(self, now_us, &report);
}

/* --- popping */

bool gateway_is_dirty(const struct gateway *self)
{
	const struct gateway_dirty *dirty = &self->dirty;

	return dirty->campaigns || dirty->ecus || dirty->director || dirty->time || dirty->parking || dirty->power ||
	       dirty->modes || dirty->rxswin || dirty->report_first || dirty->report_acked;
}

static bool pop_store(struct gateway *self, struct gateway_output *out)
{
	if (!gateway_is_dirty(self))
		return false;
	out->kind = GATEWAY_OUT_STORE;
	out->dirty = self->dirty;
	out->txn = self->txn_next++;
	memset(&self->dirty, 0, sizeof self->dirty);
	if (out->dirty.report_last) {
		/* two entries do: while the first is in flight, all later ones may count as one */
		unsigned i = self->reports_txn[0] ? 1 : 0;

		self->reports_txn[i] = out->txn;
		self->reports_upto[i] = out->dirty.report_last;
	}
	return true;
}

static bool take(bool *due)
{
	bool was = *due;

	*due = false;
	return was;
}

static bool take_bit(uint32_t *bits, uint8_t *index)
{
	for (uint8_t i = 0; i < 32; i++) {
		if (*bits & (1u << i)) {
			*bits &= ~(1u << i);
			*index = i;
			return true;
		}
	}
	return false;
}

static bool pop_work(struct campaign *c, struct gateway_output *out)
{
	if (c->work == CAMPAIGN_WORK_NONE || c->work_asked)
		return false;
	c->work_asked = true;
	switch (c->work) {
	case CAMPAIGN_WORK_NONE:
		return false;
	case CAMPAIGN_WORK_FETCH_MANIFEST:
		out->kind = GATEWAY_OUT_FETCH;
		out->file = c->doc.manifest;
		return true;
	case CAMPAIGN_WORK_OPEN_MANIFEST:
		out->kind = GATEWAY_OUT_OPEN_MANIFEST;
		out->file = c->doc.manifest;
		return true;
	case CAMPAIGN_WORK_SPACE:
		out->kind = GATEWAY_OUT_CHECK_SPACE;
		out->number = c->bytes_total;
		return true;
	case CAMPAIGN_WORK_FETCH:
		out->kind = GATEWAY_OUT_FETCH;
		out->file = *campaign_work_file(c, c->file_next);
		return true;
	case CAMPAIGN_WORK_PREPARE:
		out->kind = GATEWAY_OUT_PREPARE;
		return true;
	}
	return false;
}

static bool pop_campaign(struct gateway *self, uint8_t index, struct gateway_output *out)
{
	struct campaign *c = &self->campaigns[index];

	out->campaign = index;
	for (uint8_t i = 0; i < c->n_targets; i++) {
		if (c->targets[i].intent_txn && gateway_durable(self, c->targets[i].intent_txn)) {
			c->targets[i].intent_txn = 0;
			out->kind = GATEWAY_OUT_INTENT_STORED;
			out->target = i;
			return true;
		}
	}
	if (!gateway_durable(self, c->hold_txn))
		return false;
	if (c->answer_due && self->session.state == SESSION_UP) {
		c->answer_due = false;
		out->kind = GATEWAY_OUT_SEND_ANSWER;
		out->code = c->answer_code;
		gateway_text(out->text, sizeof out->text,
			     c->answer == ANSWER_DECLINE ? c->text
			     : c->answer_code            ? gateway_code_words(c->answer_code)
							 : "");
		return true;
	}
	if (pop_work(c, out))
		return true;
	if (take(&c->flash_due)) {
		out->kind = GATEWAY_OUT_FLASH;
		for (uint8_t i = 0; i < c->n_targets; i++)
			out->targets |= c->targets[i].running ? 1u << i : 0;
		return true;
	}
	if (take(&c->release_due)) {
		out->kind = GATEWAY_OUT_RELEASE;
		return true;
	}
	return false;
}

static bool pop_report(struct gateway *self, struct gateway_output *out)
{
	const struct report *report;

	if (self->session.state != SESSION_UP)
		return false;
	report = report_queue_next(&self->reports);
	if (!report)
		return false;
	out->kind = GATEWAY_OUT_SEND_REPORT;
	out->report = *report;
	return true;
}

static bool pop_changed(struct gateway *self, struct gateway_output *out)
{
	if (!self->changed && !self->changed_ecus && !self->changed_manager)
		return false;
	out->kind = GATEWAY_OUT_CHANGED;
	if (!take_bit(&self->changed, &out->campaign) && !take_bit(&self->changed_ecus, &out->ecu))
		self->changed_manager = false;
	return true;
}

bool gateway_pop_output(struct gateway *self, struct gateway_output *out)
{
	memset(out, 0, sizeof *out);
	out->campaign = out->target = out->ecu = GATEWAY_NONE;
	if (pop_store(self, out))
		return true;
	if (self->output_n) {
		*out = self->outputs[self->output_head];
		self->output_head = (uint16_t)((self->output_head + 1u) % GATEWAY_MAX_OUTPUTS);
		self->output_n--;
		return true;
	}
	if (take(&self->cancel_fetch_due)) {
		out->kind = GATEWAY_OUT_CANCEL_FETCH;
		return true;
	}
	if (take(&self->stop_flash_due)) {
		out->kind = GATEWAY_OUT_STOP_FLASH;
		out->targets = self->stop_targets;
		self->stop_targets = 0;
		return true;
	}
	if (power_pop_order(&self->power, &out->hold)) {
		out->kind = GATEWAY_OUT_HOLD;
		return true;
	}
	if (take_bit(&self->added, &out->campaign)) {
		out->kind = GATEWAY_OUT_ADDED;
		return true;
	}
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (pop_campaign(self, i, out))
			return true;
	}
	out->campaign = GATEWAY_NONE;
	if (take(&self->identify_due)) {
		out->kind = GATEWAY_OUT_IDENTIFY;
		return true;
	}
	return pop_report(self, out) || pop_changed(self, out);
}
