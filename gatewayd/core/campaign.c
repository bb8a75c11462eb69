/* campaign - see campaign.h. States, and what the vehicle, its restart and time make of a campaign. */
#include "gatewayd/core/campaign.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install.h"
#include "gatewayd/core/install_wake.h"
#include "gatewayd/core/policy.h"
#include "gatewayd/core/policy_walk.h"
#include "gatewayd/core/release.h"
#include "gatewayd/core/service_loss.h"

bool campaign_final(const struct campaign *campaign)
{
	return campaign_state_info(campaign->state)->final;
}

bool campaign_touched(const struct campaign *campaign)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];

		if (t->erased || t->state == TARGET_VERIFIED || t->state == TARGET_FLASHED)
			return true;
	}
	return false;
}

bool campaign_running(const struct campaign *campaign)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if (campaign->targets[i].running)
			return true;
	}
	return false;
}

uint32_t campaign_open_targets(const struct campaign *campaign, bool erased)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];

		if (t->state != TARGET_VERIFIED && t->state != TARGET_FAILED && (!erased || t->erased))
			mask |= 1u << i;
	}
	return mask;
}

static enum gateway_log_level log_level(enum campaign_state state, bool entered)
{
	if (state == CAMPAIGN_FAILED || state == CAMPAIGN_INCONSISTENT)
		return GATEWAY_LOG_ERROR;
	if (state == CAMPAIGN_DECLINED || state == CAMPAIGN_EXPIRED)
		return GATEWAY_LOG_WARNING;
	return entered ? GATEWAY_LOG_NOTICE : GATEWAY_LOG_INFO;
}

static enum gateway_event event_of(enum campaign_state state)
{
	switch (state) {
	case CAMPAIGN_OFFERED:
		return GATEWAY_EVENT_OFFERED;
	case CAMPAIGN_INSTALLING:
		return GATEWAY_EVENT_INSTALLING;
	case CAMPAIGN_DONE:
		return GATEWAY_EVENT_DONE;
	case CAMPAIGN_INCONSISTENT:
		return GATEWAY_EVENT_INCONSISTENT;
	case CAMPAIGN_ROLLED_BACK:
	case CAMPAIGN_DECLINED:
	case CAMPAIGN_EXPIRED:
	case CAMPAIGN_CANCELLED:
	case CAMPAIGN_SUPERSEDED:
	case CAMPAIGN_FAILED:
		return GATEWAY_EVENT_ENDED_OTHERWISE;
	case CAMPAIGN_NONE:
	case CAMPAIGN_DOWNLOADING:
	case CAMPAIGN_READY:
	case CAMPAIGN_WAITING:
	case CAMPAIGN_SUSPENDED:
	case CAMPAIGN_ACTIVATING:
	case CAMPAIGN_VERIFYING:
	case CAMPAIGN_ROLLING_BACK:
		break;
	}
	return GATEWAY_EVENT_NONE;
}

/* it will not be begun, at whatever time that was to be */
static void agree_on_nothing(struct campaign *campaign)
{
	campaign->proposed_start_unix_s = 0;
	campaign->confirmed = false;
	campaign->confirmed_start_unix_s = 0;
	campaign->driver_start_unix_s = 0;
}

void campaign_enter(struct gateway *self, uint8_t index, uint64_t now_us, enum campaign_state state, unsigned code,
		    const char *text)
{
	struct campaign *c = &self->campaigns[index];
	const struct campaign_state_info *info = campaign_state_info(state);
	const char *words = text && text[0] ? text : code ? gateway_code_words(code) : info->words;
	bool entered = c->state != state;
	bool asked_already = c->state == CAMPAIGN_VERIFYING;
	char line[GATEWAY_TEXT_BYTES];

	if (!entered && c->code == code && !strncmp(c->text, words, sizeof c->text - 1))
		return;
	assert(!entered || !campaign_final(c) || c->state == CAMPAIGN_NONE);
	if (entered || c->code != code) {
		bool said = !strncmp(words, info->name, strlen(info->name)); /* "waiting for the window" */

		snprintf(line, sizeof line, "%.13s%s%.140s", said ? "" : info->name, said ? "" : ": ", words);
		gateway_log_event(self, entered ? event_of(state) : GATEWAY_EVENT_NONE, log_level(state, entered),
				  index, GATEWAY_NONE, code, line);
	}
	c->state = state;
	c->code = code;
	gateway_text(c->text, sizeof c->text, words);
	self->changed |= 1u << index;
	if (!entered)
		return; /* a reason that comes and goes is not worth a write */
	gateway_mark_campaign(self, index);
	gateway_report_campaign(self, now_us, index, GATEWAY_NONE);
	if (!info->final)
		return;
	c->ended_unix_s = gateway_unix_ms(self, now_us) / 1000;
	if (state == CAMPAIGN_DECLINED || state == CAMPAIGN_CANCELLED || state == CAMPAIGN_SUPERSEDED)
		agree_on_nothing(c);
	campaign_work_drop(self, index);
	c->answer_due = c->answer_due && c->answer == ANSWER_DECLINE;
	c->release_due = true;
	self->identify_again = self->identify_again || (campaign_touched(c) && !asked_already);
}

static bool any_failed(const struct campaign *campaign)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if (campaign->targets[i].state == TARGET_FAILED)
			return true;
	}
	return false;
}

/* of a campaign that has changed an ECU: those that it has not, since one without software is brought to its end */
static void other_identities(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	uint32_t untouched = campaign_open_targets(c, false) & ~campaign_open_targets(c, true);

	for (uint8_t i = 0; i < c->n_targets; i++) {
		char text[GATEWAY_TEXT_BYTES];
		unsigned code = policy_check_identity(&c->targets[i].doc, &self->ecus[c->targets[i].ecu], text);

		if (code && (untouched & (1u << i)))
			install_not_this_ecu(self, index, i, now_us, code, text);
	}
	if (any_failed(c) && !campaign_open_targets(c, true))
		install_conclude(self, index, now_us, GATEWAY_CODE_OK, NULL);
}

void campaign_replaced(struct gateway *self, uint8_t index, uint64_t now_us, uint8_t ecu, const char *text)
{
	struct campaign *c = &self->campaigns[index];
	uint32_t erased = campaign_open_targets(c, true);

	if (campaign_final(c) || campaign_running(c))
		return;
	for (uint8_t i = 0; i < c->n_targets; i++) {
		if ((erased & (1u << i)) && c->targets[i].ecu == ecu)
			install_not_this_ecu(self, index, i, now_us, GATEWAY_CODE_WRONG_SERIAL, text);
	}
}

void campaign_identities(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];

	if (campaign_final(c) || campaign_running(c))
		return;
	if (campaign_touched(c) || any_failed(c)) {
		other_identities(self, index, now_us);
		return;
	}
	for (unsigned i = 0; i < c->n_targets; i++) {
		char text[GATEWAY_TEXT_BYTES];
		unsigned code = policy_check_identity(&c->targets[i].doc, &self->ecus[c->targets[i].ecu], text);

		if (!code)
			continue;
		if (c->state == CAMPAIGN_OFFERED)
			campaign_decline(self, index, now_us, code, text);
		else
			campaign_enter(self, index, now_us, CAMPAIGN_FAILED, code, text);
		return;
	}
}

void campaign_read_back(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	char text[GATEWAY_TEXT_BYTES];

	if (c->state != CAMPAIGN_VERIFYING || !c->read_back)
		return;
	c->read_back = false;
	for (uint8_t i = 0; i < c->n_targets; i++) {
		const struct target *t = &c->targets[i];
		const struct ecu_info *ecu = &self->ecus[t->ecu];

		if (!ecu->present || (self->not_asked & (1u << t->ecu))) {
			/* its version was read after its boot, by the flash itself; by now it may sleep */
			gateway_log(self, GATEWAY_LOG_WARNING, index, i, GATEWAY_CODE_ECU_ABSENT,
				    "verified after its flash, and silent since");
			continue;
		}
		if (t->new_version[0] && strcmp(t->new_version, ecu->identity.application_version)) {
			snprintf(text, sizeof text, "%.64s: reports %.30s where it had reported %.30s", t->doc.ecu,
				 ecu->identity.application_version, t->new_version);
			campaign_enter(self, index, now_us, CAMPAIGN_INCONSISTENT, GATEWAY_CODE_WRONG_VERSION, text);
			return;
		}
	}
	release_installed(self, c);
	release_identified(self, c);
	campaign_enter(self, index, now_us, CAMPAIGN_DONE, GATEWAY_CODE_OK, NULL);
}

void campaign_resumed(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];

	if (c->state == CAMPAIGN_NONE)
		return;
	c->hold_txn = 0;
	for (unsigned i = 0; i < c->n_targets && !campaign_final(c); i++) {
		int ecu = policy_ecu_index(self, c->targets[i].doc.ecu);

		c->targets[i].ecu = (uint8_t)(ecu < 0 ? 0 : ecu);
		if (ecu < 0) /* the configuration lost it */
			campaign_enter(self, index, now_us,
				       campaign_touched(c) ? CAMPAIGN_INCONSISTENT : CAMPAIGN_FAILED,
				       GATEWAY_CODE_UNKNOWN_ECU, NULL);
	}
	if (campaign_final(c)) {
		c->release_due = true; /* it may not have been carried out */
		c->answer_code = c->code;
		return;
	}
	c->answer_version = c->director_version;
	install_wake_resume(self, index, now_us);
	service_loss_resume(self, index, now_us);
	if (c->answer != ANSWER_POSTPONE)
		c->answer_code = GATEWAY_CODE_OK;
	c->bytes_total = c->has_manifest ? campaign_work_bytes(c) : 0;
	c->files_held = c->state != CAMPAIGN_OFFERED && c->state != CAMPAIGN_DOWNLOADING;
	c->space_known = c->files_held;
	c->bytes_held = c->files_held ? c->bytes_total : 0;
	if (c->state == CAMPAIGN_VERIFYING)
		self->identify_again = true;
	campaign_modes(self, index, now_us); /* a run that was being stopped for it is no more */
	if (campaign_final(c))
		return;
	if (c->state == CAMPAIGN_INSTALLING && !campaign_open_targets(c, true))
		install_conclude(self, index, now_us, GATEWAY_CODE_INTERRUPTED, NULL);
}

/* the time in which an ECU may be erased is over */
static void expire(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	uint64_t unix_ms = gateway_unix_ms(self, now_us);
	uint64_t use_before_s = c->has_manifest ? c->manifest.use_before_unix_s : 0;
	char text[GATEWAY_TEXT_BYTES] = "";
	unsigned code = GATEWAY_CODE_OK;

	/* what an earlier campaign left erased is recovered whatever the time, too */
	for (uint8_t i = 0; i < c->n_targets; i++) {
		if ((campaign_open_targets(c, false) & (1u << i)) && gateway_recovers(self, index, i))
			return;
	}
	/* what is erased is brought to its end whatever the time; an untouched rest of the ECUs is not begun */
	if (campaign_running(c) || campaign_open_targets(c, true) || !campaign_open_targets(c, false))
		return;
	if (campaign_window_over(self, c, now_us))
		code = GATEWAY_CODE_WINDOW_PASSED;
	else if (window_state(unix_ms, 0, use_before_s) == WINDOW_OVER)
		code = GATEWAY_CODE_USE_BEFORE_PASSED;
	if (!code)
		return;
	if (c->code && c->code != code)
		snprintf(text, sizeof text, "%.60s; last: %.180s", gateway_code_words(code), c->text);
	campaign_enter(self, index, now_us, campaign_touched(c) ? CAMPAIGN_INCONSISTENT : CAMPAIGN_EXPIRED, code, text);
}

/*
 * Looked at when a release is committed, not each time: what was accepted as the way back from a campaign stays
 * accepted when that campaign is gone.
 */
void campaign_overtaken(struct gateway *self, uint8_t by, uint64_t now_us)
{
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];
		char text[GATEWAY_TEXT_BYTES] = "";
		unsigned code;

		if (i == by || campaign_final(c) || c->state == CAMPAIGN_OFFERED || !c->has_manifest ||
		    campaign_touched(c) || campaign_running(c))
			continue;
		code = release_check_campaign(self, c, text);
		if (code)
			campaign_enter(self, i, now_us, CAMPAIGN_FAILED, code, text);
	}
}

/* the pause after an attempt in a vehicle of which nothing was heard ends once it is, but for what the attempt woke */
static void heard_again(const struct gateway *self, struct campaign *campaign, uint64_t now_us)
{
	if (!campaign->unheard || campaign->state == CAMPAIGN_INSTALLING ||
	    (self->vehicle.heard_us <= campaign->run_ended_us && !vehicle_in_use(&self->vehicle, now_us)))
		return;
	campaign->unheard = false;
	if (campaign->retry_us > now_us)
		campaign->retry_us = now_us;
}

bool campaign_advance(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	enum campaign_state state = c->state;

	if (campaign_final(c))
		return false;
	campaign_window_refresh(self, index, now_us);
	if (campaign_superseded(self, index))
		campaign_revoked(self, index, now_us);
	if (c->cancel_wanted)
		campaign_cancel_if_untouched(self, index, now_us);
	if (c->mode_wrong && !campaign_final(c))
		campaign_decline_if_untouched(self, index, now_us);
	if (!campaign_final(c) && c->state != CAMPAIGN_VERIFYING)
		expire(self, index, now_us);
	if (!campaign_final(c))
		campaign_window_judge(self, index, now_us);
	if (campaign_final(c) || c->state == CAMPAIGN_VERIFYING)
		return c->state != state;
	campaign_renegotiate(self, index, now_us);
	heard_again(self, c, now_us);
	if (campaign_running(c))
		install_watch(self, index, now_us);
	else if (!campaign_work(self, index, now_us) && c->prepared)
		install_consider(self, index, now_us);
	return c->state != state;
}

void campaign_earliest(uint64_t *deadline_us, uint64_t at_us, uint64_t now_us)
{
	if (at_us > now_us && at_us < *deadline_us)
		*deadline_us = at_us;
}

uint64_t campaign_deadline(const struct gateway *self, uint8_t index, uint64_t now_us)
{
	const struct campaign *c = &self->campaigns[index];
	const uint64_t times[] = {c->doc.window_start_unix_s,
				  c->doc.window_end_unix_s,
				  c->doc.deadline_unix_s,
				  c->confirmed_start_unix_s,
				  c->driver_start_unix_s,
				  c->has_manifest ? c->manifest.use_before_unix_s : 0,
				  c->view.valid && c->view.has_span ? c->view.span.start_s : 0,
				  c->view.valid && c->view.has_span ? c->view.span.end_s : 0,
				  c->view.valid && c->view.has_fit ? c->view.fit.start_s : 0};
	uint64_t deadline_us = GATEWAY_NEVER;

	if (campaign_final(c))
		return deadline_us;
	campaign_earliest(&deadline_us, c->retry_us, now_us);
	campaign_earliest(&deadline_us, c->tell_us, now_us);
	campaign_earliest(&deadline_us, c->wake_until_us, now_us);
	campaign_earliest(&deadline_us, install_wake_again_us(c), now_us);
	if (campaign_open_targets(c, true)) {
		campaign_earliest(&deadline_us, vehicle_missed_deadline(&self->vehicle, now_us, POLICY_GONE_US),
				  now_us);
		campaign_earliest(&deadline_us, vehicle_missed_deadline(&self->vehicle, now_us, POLICY_GONE_ASLEEP_US),
				  now_us);
	}
	campaign_earliest(&deadline_us, service_loss_deadline(self, index), now_us);
	for (unsigned i = 0; self->time_trusted && i < sizeof times / sizeof times[0]; i++)
		campaign_earliest(&deadline_us, window_reached_us(self->time_unix_ms, self->time_at_us, times[i]),
				  now_us);
	return deadline_us;
}
