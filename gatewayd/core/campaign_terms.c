/*
 * campaign_terms - the backend's word on a campaign and ours: what it offers, changes, confirms and revokes, and what
 * it is answered.
 */
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/command.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install.h"
#include "gatewayd/core/operator.h"
#include "gatewayd/core/policy.h"

#define FORECAST_PAUSE_US 60000000u /* between two looks at whether the vehicle stays parked after all */

void campaign_decline(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text)
{
	struct campaign *c = &self->campaigns[index];

	c->answer = ANSWER_DECLINE;
	c->answer_code = code;
	c->answer_due = true;
	campaign_enter(self, index, now_us, CAMPAIGN_DECLINED, code, text);
}

void campaign_offered(struct gateway *self, uint8_t index, uint64_t now_us, const struct campaign_doc *doc,
		      uint64_t director_version)
{
	struct campaign *c = &self->campaigns[index];
	char text[GATEWAY_TEXT_BYTES] = "";
	unsigned code;

	memset(c, 0, sizeof *c);
	c->doc = *doc;
	c->director_version = director_version;
	c->answer_version = director_version;
	code = policy_check_offer(self, doc, text);
	for (unsigned i = 0; i < doc->n_targets && !code; i++) {
		struct target *t = &c->targets[i];

		t->doc = doc->targets[i];
		t->state = TARGET_PENDING;
		t->ecu = (uint8_t)policy_ecu_index(self, t->doc.ecu);
		gateway_text(t->old_version, sizeof t->old_version, self->ecus[t->ecu].identity.application_version);
		c->n_targets = (uint8_t)(i + 1);
	}
	if (code)
		campaign_decline(self, index, now_us, code, text);
	else
		campaign_enter(self, index, now_us, CAMPAIGN_OFFERED, GATEWAY_CODE_OK, NULL);
}

static void answer(struct gateway *self, uint8_t index, const struct policy_answer *a)
{
	struct campaign *c = &self->campaigns[index];

	if (c->doc.mode != MODE_NEGOTIATED)
		return; /* nobody asks */
	c->answer = a->kind;
	c->answer_code = a->code;
	c->proposed_start_unix_s = a->proposed_start_unix_s;
	c->answer_due = true;
	c->answer_version = c->director_version;
	gateway_mark_campaign(self, index);
	gateway_log(self, GATEWAY_LOG_INFO, index, GATEWAY_NONE, a->code,
		    a->kind == ANSWER_ACCEPT ? "accepted" : gateway_code_words(a->code));
}

void campaign_answer(struct gateway *self, uint8_t index, uint64_t now_us)
{
	const struct policy_answer a = policy_answer(self, &self->campaigns[index], now_us);

	answer(self, index, &a);
}

static bool same_file(const struct file_ref *a, const struct file_ref *b)
{
	return a->length == b->length && !memcmp(a->sha256, b->sha256, sizeof a->sha256);
}

static bool same_content(const struct campaign_doc *a, const struct campaign_doc *b)
{
	if (!same_file(&a->manifest, &b->manifest) || a->n_targets != b->n_targets || a->mode != b->mode)
		return false;
	for (unsigned i = 0; i < a->n_targets; i++) {
		const struct target_doc *x = &a->targets[i];
		const struct target_doc *y = &b->targets[i];

		if (strcmp(x->ecu, y->ecu) || strcmp(x->hardware_id, y->hardware_id) ||
		    strcmp(x->serial_number, y->serial_number) || strcmp(x->component, y->component) ||
		    !same_file(&x->rollback, &y->rollback))
			return false;
	}
	return true;
}

/* what a zone's file says may change with the system's, and is no other term */
static bool same_windows(const struct campaign_doc *a, const struct campaign_doc *b)
{
	if (a->window_start_unix_s != b->window_start_unix_s || a->window_end_unix_s != b->window_end_unix_s ||
	    a->deadline_unix_s != b->deadline_unix_s || a->n_recurring != b->n_recurring)
		return false;
	for (unsigned i = 0; i < a->n_recurring; i++) {
		const struct window_recurrence *x = &a->recurring[i];
		const struct window_recurrence *y = &b->recurring[i];

		if (x->days != y->days || x->start_minute != y->start_minute || x->duration_s != y->duration_s ||
		    strcmp(x->zone_name, y->zone_name))
			return false;
	}
	return true;
}

static bool same_terms(const struct campaign_doc *a, const struct campaign_doc *b)
{
	if (!same_windows(a, b) || a->consent_required != b->consent_required || a->n_conditions != b->n_conditions)
		return false;
	for (unsigned i = 0; i < a->n_conditions; i++) {
		if (a->conditions[i].kind != b->conditions[i].kind || a->conditions[i].value != b->conditions[i].value)
			return false;
	}
	return true;
}

/* by the driver, the operator or policy, not by the backend */
static bool refused_here(const struct campaign *campaign)
{
	return campaign->state == CAMPAIGN_DECLINED ||
	       (campaign->state == CAMPAIGN_CANCELLED && campaign->code == GATEWAY_CODE_CANCELLED_BY_OPERATOR);
}

static void offered_anew(struct gateway *self, uint8_t index, uint64_t now_us, const struct campaign_doc *doc,
			 uint64_t director_version)
{
	struct campaign *c = &self->campaigns[index];
	uint64_t last_report = c->last_report;

	campaign_work_drop(self, index);
	/* a run that is still to come back finds no target of this campaign running and is ignored */
	campaign_offered(self, index, now_us, doc, director_version);
	c->last_report = c->last_report ? c->last_report : last_report;
}

void campaign_decline_if_untouched(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];

	c->mode_wrong = false;
	if (campaign_touched(c))
		return; /* the verdict of its acceptance carries it to its end */
	if (campaign_running(c)) {
		install_stop(self, index, now_us, "the campaign's mode is none of this vehicle any more");
		c->mode_wrong = campaign_running(c);
	}
	if (!c->mode_wrong && !campaign_final(c))
		campaign_decline(self, index, now_us, GATEWAY_CODE_MODE_MISMATCH, NULL);
}

void campaign_modes(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	enum update_mode mode = mode_of_campaign(&self->modes, &c->doc);
	bool wrong = mode != MODE_NONE && mode != c->doc.mode;
	struct campaign_doc doc;

	c->mode_wrong = false;
	if (c->state == CAMPAIGN_NONE)
		return;
	if (!campaign_final(c)) {
		if (wrong)
			campaign_decline_if_untouched(self, index, now_us);
		return;
	}
	if (wrong || c->vanished || c->state != CAMPAIGN_DECLINED || c->code != GATEWAY_CODE_MODE_MISMATCH)
		return;
	doc = c->doc; /* which offering it clears */
	offered_anew(self, index, now_us, &doc, c->director_version);
}

void campaign_listed(struct gateway *self, uint8_t index, uint64_t now_us, const struct campaign_doc *doc,
		     uint64_t director_version)
{
	struct campaign *c = &self->campaigns[index];
	bool content = same_content(&c->doc, doc);
	bool terms = same_terms(&c->doc, doc);

	c->vanished = false;
	/* once an ECU is changed, the verdict of its acceptance carries it to its end, and so does that document */
	/* who said no is asked again once there is something else to say it to */
	if (refused_here(c) && !(content && terms && c->doc.urgency == doc->urgency)) {
		offered_anew(self, index, now_us, doc, director_version);
		return;
	}
	if ((campaign_final(c) || campaign_touched(c)) && !(content && terms))
		return;
	c->director_version = director_version;
	gateway_mark_campaign(self, index);
	if (content && terms) {
		c->doc = *doc; /* its urgency, its pace, and what it supersedes, may be new */
		campaign_window_changed(c);
		if (!campaign_final(c) && operator_terms_changed(self, c, now_us))
			campaign_answer(self, index, now_us);
		return;
	}
	if (campaign_running(c))
		install_stop(self, index, now_us, "the campaign has new terms");
	if (!content) {
		offered_anew(self, index, now_us, doc, director_version);
		return;
	}
	c->doc = *doc;
	campaign_window_changed(c);
	c->confirmed = false;
	c->confirmed_start_unix_s = 0;
	c->triggered = false;
	c->consent_given = false; /* it was given for other terms */
	c->wanted_now = false;
	c->answer_version = director_version;
	(void)operator_terms_changed(self, c, now_us);
	if (c->answer != ANSWER_NONE)
		campaign_answer(self, index, now_us);
}

/* one of @others names it */
static bool is_named(const struct gateway *self, uint8_t index, uint32_t others)
{
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign_doc *doc = &self->campaigns[i].doc;

		for (unsigned k = 0; (others & (1u << i)) && k < doc->n_supersedes; k++) {
			if (!strcmp(doc->supersedes[k], self->campaigns[index].doc.id))
				return true;
		}
	}
	return false;
}

/* it fits the vehicle, and the driver has agreed where that is asked for */
static bool taken_on(const struct campaign *campaign)
{
	if (campaign->state == CAMPAIGN_DONE)
		return true;
	return !campaign_final(campaign) && campaign->state != CAMPAIGN_OFFERED && !campaign->cancel_wanted &&
	       (!campaign->doc.consent_required || campaign->consent_given || campaign_touched(campaign));
}

/* but the campaign itself: those that are held, or of them those that were taken on, or gave way to one that was */
static uint32_t others(const struct gateway *self, uint8_t index, bool on)
{
	uint32_t mask = 0, before;

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];

		if (i != index && c->state != CAMPAIGN_NONE && (!on || taken_on(c)))
			mask |= 1u << i;
	}
	do {
		before = mask;
		for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
			if (i != index && self->campaigns[i].state == CAMPAIGN_SUPERSEDED && is_named(self, i, mask))
				mask |= 1u << i;
		}
	} while (mask != before);
	return mask;
}

bool campaign_superseded(const struct gateway *self, uint8_t index)
{
	return is_named(self, index, others(self, index, true));
}

void campaign_cancel_if_untouched(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];

	if (campaign_touched(c))
		return;
	if (campaign_running(c)) {
		install_stop(self, index, now_us,
			     c->end_code ? gateway_code_words(c->end_code) : "the campaign is revoked");
		if (campaign_running(c))
			return;
	}
	if (c->end_code == GATEWAY_CODE_DECLINED_BY_DRIVER)
		campaign_decline(self, index, now_us, c->end_code, c->end_text);
	else if (c->end_code)
		campaign_enter(self, index, now_us, CAMPAIGN_CANCELLED, c->end_code, c->end_text);
	else
		campaign_enter(self, index, now_us,
			       is_named(self, index, others(self, index, false)) ? CAMPAIGN_SUPERSEDED
										 : CAMPAIGN_CANCELLED,
			       GATEWAY_CODE_OK, NULL);
}

void campaign_revoked(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];

	if (campaign_final(c) || c->cancel_wanted)
		return;
	c->cancel_wanted = true;
	gateway_mark_campaign(self, index);
	if (campaign_touched(c))
		gateway_log(self, GATEWAY_LOG_NOTICE, index, GATEWAY_NONE, GATEWAY_CODE_OK,
			    "revoked, but an ECU is changed already: it is brought to its end");
	campaign_cancel_if_untouched(self, index, now_us);
}

void campaign_manifest_opened(struct gateway *self, uint8_t index, uint64_t now_us, const struct manifest_doc *manifest,
			      unsigned code, const char *text)
{
	struct campaign *c = &self->campaigns[index];
	char words[GATEWAY_TEXT_BYTES] = "";
	uint64_t unix_ms = gateway_unix_ms(self, now_us);

	if (c->work != CAMPAIGN_WORK_OPEN_MANIFEST)
		return;
	c->work = CAMPAIGN_WORK_NONE;
	gateway_text(words, sizeof words, text);
	if (!code && !manifest)
		code = GATEWAY_CODE_MALFORMED;
	if (!code)
		code = policy_check_manifest(self, &c->doc, manifest, c->state == CAMPAIGN_OFFERED ? unix_ms / 1000 : 0,
					     campaign_touched(c), words);
	if (code == GATEWAY_CODE_IO_ERROR || (code && campaign_touched(c))) {
		c->manifest_held = false; /* fetched and read once more */
		campaign_trouble(self, index, now_us, code, words);
		return;
	}
	if (code && c->state == CAMPAIGN_OFFERED) {
		campaign_decline(self, index, now_us, code, words);
		return;
	}
	if (code) {
		campaign_enter(self, index, now_us, CAMPAIGN_FAILED, code, words);
		return;
	}
	c->manifest = *manifest;
	c->has_manifest = true;
	for (unsigned i = 0; i < c->n_targets; i++)
		c->targets[i].component = (uint8_t)policy_component_index(manifest, c->targets[i].doc.component);
	c->bytes_total = campaign_work_bytes(c);
	if (c->state != CAMPAIGN_OFFERED) {
		gateway_mark_campaign(self, index);
		return; /* accepted long ago; only the file was lost */
	}
	c->accepted_unix_s = unix_ms / 1000;
	campaign_answer(self, index, now_us);
	campaign_enter(self, index, now_us, CAMPAIGN_DOWNLOADING, GATEWAY_CODE_OK, NULL);
}

void campaign_confirmed(struct gateway *self, uint8_t index, uint64_t director_version, uint64_t start_unix_s)
{
	struct campaign *c = &self->campaigns[index];

	if (c->doc.mode != MODE_NEGOTIATED) {
		command_wrong_mode(self, index, "a confirmation");
		return;
	}
	if (campaign_final(c) || (c->answer != ANSWER_ACCEPT && c->answer != ANSWER_POSTPONE))
		return;
	/* of terms that are not those that were answered: their confirmation is still to come */
	if (director_version < c->answer_version || director_version > self->director_version)
		return;
	if (c->confirmed && c->confirmed_start_unix_s == start_unix_s)
		return;
	c->confirmed = true;
	c->confirmed_start_unix_s = start_unix_s;
	gateway_mark_campaign(self, index);
	gateway_log(self, GATEWAY_LOG_INFO, index, GATEWAY_NONE, GATEWAY_CODE_OK, "confirmed by the backend");
}

void campaign_session_up(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	uint64_t unix_s = gateway_unix_ms(self, now_us) / 1000;

	switch (c->answer) {
	case ANSWER_NONE:
		return;
	case ANSWER_DECLINE:
		/* there is no confirmation of a refusal; that its report was recorded is one */
		c->answer_due = report_queue_find(&self->reports, c->last_report);
		return;
	case ANSWER_POSTPONE:
		/* a confirmation from before the driver postponed it may be that of the earlier answer */
		c->answer_due =
		    !campaign_final(c) && (!c->confirmed || (operator_postponed(self, c, now_us) &&
							     c->confirmed_start_unix_s < c->driver_start_unix_s));
		return;
	case ANSWER_ACCEPT:
		/* a confirmation for later may be that of an earlier answer, which postponed */
		c->answer_due = !campaign_final(c) && (!c->confirmed || c->confirmed_start_unix_s > unix_s);
		return;
	}
}

void campaign_renegotiate(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	uint64_t unix_s = gateway_unix_ms(self, now_us) / 1000;
	struct policy_answer a;

	if (c->answer_code == GATEWAY_CODE_POSTPONED_DRIVE && (!unix_s || now_us < c->forecast_us))
		return; /* hours are learned, not seconds; and which one it is tells trusted time alone */
	if (c->answer != ANSWER_POSTPONE || campaign_touched(c) || campaign_running(c) ||
	    vehicle_ignition(&self->vehicle, now_us) != IGNITION_OFF)
		return;
	if (unix_s && unix_s >= c->proposed_start_unix_s)
		return;
	a = policy_answer(self, c, now_us);
	c->forecast_us = now_us + FORECAST_PAUSE_US;
	if (a.kind == ANSWER_ACCEPT || a.code != c->answer_code || a.proposed_start_unix_s < c->proposed_start_unix_s)
		answer(self, index, &a);
}
