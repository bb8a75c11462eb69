/* operator - see operator.h. */
#include "gatewayd/core/operator.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install.h"
#include "gatewayd/core/install_order.h"

#define MOST_SPANS     512u        /* of windows: 8 a day for two months */
#define CHECK_PAUSE_US 60000000u   /* between two checks */
#define CHECK_HOUR_US  3600000000u /* in which so many are done as gateway.checks_us has places */

/* --- what all have in common */

/* Return: 0 and the index of a campaign of which nothing is changed yet, or why there is none */
static unsigned find_open(const struct gateway *self, const char *id, uint8_t *index)
{
	int found = gateway_campaign_index(self, id);

	if (found < 0)
		return GATEWAY_CODE_NO_SUCH_CAMPAIGN;
	*index = (uint8_t)found;
	if (campaign_final(&self->campaigns[found]))
		return GATEWAY_CODE_WRONG_STATE;
	return campaign_touched(&self->campaigns[found]) ? GATEWAY_CODE_POINT_OF_NO_RETURN : GATEWAY_CODE_OK;
}

static void tell(struct gateway *self, uint64_t now_us, uint8_t index, unsigned code)
{
	gateway_mark_campaign(self, index);
	gateway_report_about(self, now_us, index, code, NULL, NULL);
	gateway_log(self, GATEWAY_LOG_NOTICE, index, GATEWAY_NONE, code, gateway_code_words(code));
}

/* --- consent */

unsigned gateway_consent(struct gateway *self, uint64_t now_us, const char *campaign_id, bool given)
{
	uint8_t index;
	unsigned code = find_open(self, campaign_id, &index);
	struct campaign *c;

	if (code)
		return code == GATEWAY_CODE_POINT_OF_NO_RETURN ? GATEWAY_CODE_WRONG_STATE : code;
	c = &self->campaigns[index];
	if (!c->doc.consent_required)
		return GATEWAY_CODE_WRONG_STATE;
	if (given && !c->has_manifest)
		return GATEWAY_CODE_MANIFEST_NOT_READ;
	if (c->consent_given != given) {
		c->consent_given = given;
		tell(self, now_us, index, given ? GATEWAY_CODE_APPROVED_BY_DRIVER : GATEWAY_CODE_CONSENT_WITHDRAWN);
	}
	gateway_settle(self, now_us);
	return GATEWAY_CODE_OK;
}

unsigned gateway_approve(struct gateway *self, uint64_t now_us, const char *campaign_id)
{
	uint8_t index;
	unsigned code = find_open(self, campaign_id, &index);
	struct campaign *c;
	bool postponed;

	if (code)
		return code;
	c = &self->campaigns[index];
	postponed = operator_postponed(self, c, now_us) ||
		    (c->answer == ANSWER_POSTPONE && c->answer_code == GATEWAY_CODE_POSTPONED_DRIVE);
	if ((!c->doc.consent_required && !postponed) || c->cancel_wanted) /* or it is on its way out */
		return GATEWAY_CODE_WRONG_STATE;
	if (!c->has_manifest)
		return GATEWAY_CODE_MANIFEST_NOT_READ;
	if (postponed || !c->consent_given) {
		c->driver_start_unix_s = 0;
		c->wanted_now = postponed;
		c->consent_given = c->doc.consent_required;
		tell(self, now_us, index, GATEWAY_CODE_APPROVED_BY_DRIVER);
		if (postponed)
			campaign_answer(self, index, now_us);
	}
	gateway_settle(self, now_us);
	return GATEWAY_CODE_OK;
}

/* --- later, or not at all */

bool operator_postponed(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	return campaign->driver_start_unix_s && campaign->driver_start_unix_s > gateway_unix_ms(self, now_us) / 1000;
}

static void at_most(uint64_t *latest, uint64_t end_unix_s)
{
	if (end_unix_s && end_unix_s - 1 < *latest)
		*latest = end_unix_s - 1;
}

/*
 * The last time, not after @latest, from which on some window still has room for the update: who postponed it beyond
 * that would have declined it. Return: 0 = there is none
 */
static uint64_t within_windows(const struct gateway *self, const struct campaign *campaign, uint64_t unix_s,
			       uint64_t latest)
{
	const struct window_terms terms = campaign_window_terms(&campaign->doc);
	const uint64_t need_s = campaign_window_rough_s(self, campaign), room_s = need_s ? need_s : 1;
	struct window_span span;
	uint64_t last = 0;

	if (campaign_window_unknown_zone(&campaign->doc) || window_next_fit(&terms, latest, room_s, &span))
		return latest;
	for (unsigned i = 0; i < MOST_SPANS && window_next_fit(&terms, unix_s, room_s, &span); i++) {
		last = span.end_s - room_s < latest ? span.end_s - room_s : latest;
		unix_s = span.end_s;
	}
	return last;
}

/* Return: 0 if it may not be postponed any more */
static uint64_t latest_start(const struct gateway *self, const struct campaign *campaign, uint64_t unix_s)
{
	uint64_t latest = campaign->accepted_unix_s + self->config.postpone_max_s[campaign->doc.urgency];

	at_most(&latest, campaign->manifest.use_before_unix_s);
	if (latest > unix_s)
		latest = within_windows(self, campaign, unix_s, latest);
	return latest > unix_s ? latest : 0;
}

bool operator_terms_changed(const struct gateway *self, struct campaign *campaign, uint64_t now_us)
{
	if (!operator_postponed(self, campaign, now_us) ||
	    campaign->driver_start_unix_s <= latest_start(self, campaign, gateway_unix_ms(self, now_us) / 1000))
		return false;
	campaign->driver_start_unix_s = 0;
	return true;
}

uint64_t gateway_postpone_latest(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	uint64_t unix_s = gateway_unix_ms(self, now_us) / 1000;

	if (!unix_s || !campaign->has_manifest || campaign_final(campaign) || campaign_touched(campaign))
		return 0;
	return latest_start(self, campaign, unix_s);
}

unsigned gateway_postpone(struct gateway *self, uint64_t now_us, const char *campaign_id, uint64_t start_unix_s,
			  uint64_t *latest_unix_s)
{
	uint64_t unix_s = gateway_unix_ms(self, now_us) / 1000;
	uint8_t index;
	unsigned code = find_open(self, campaign_id, &index);
	struct campaign *c;

	*latest_unix_s = 0;
	if (code)
		return code;
	c = &self->campaigns[index];
	if (c->cancel_wanted) /* it is on its way out */
		return GATEWAY_CODE_WRONG_STATE;
	if (!c->has_manifest)
		return GATEWAY_CODE_MANIFEST_NOT_READ;
	if (!unix_s)
		return GATEWAY_CODE_WAITING_TIME;
	*latest_unix_s = latest_start(self, c, unix_s);
	if (start_unix_s <= unix_s)
		return GATEWAY_CODE_INVALID;
	if (start_unix_s > *latest_unix_s)
		return GATEWAY_CODE_POSTPONE_LIMIT;
	c->driver_start_unix_s = start_unix_s;
	c->wanted_now = false;
	tell(self, now_us, index, GATEWAY_CODE_POSTPONED_BY_DRIVER);
	if (campaign_running(c))
		install_stop(self, index, now_us, gateway_code_words(GATEWAY_CODE_POSTPONED_BY_DRIVER));
	campaign_answer(self, index, now_us);
	gateway_settle(self, now_us);
	return GATEWAY_CODE_OK;
}

static unsigned end(struct gateway *self, uint64_t now_us, const char *campaign_id, unsigned end_code,
		    const char *reason)
{
	uint8_t index;
	unsigned code = find_open(self, campaign_id, &index);
	struct campaign *c;

	if (code)
		return code;
	c = &self->campaigns[index];
	if (c->cancel_wanted) /* it is on its way out already */
		return GATEWAY_CODE_WRONG_STATE;
	c->cancel_wanted = true;
	c->end_code = end_code;
	if (reason && reason[0])
		snprintf(c->end_text, sizeof c->end_text, "%.60s: %.180s", gateway_code_words(end_code), reason);
	else
		gateway_text(c->end_text, sizeof c->end_text, gateway_code_words(end_code));
	gateway_mark_campaign(self, index);
	campaign_cancel_if_untouched(self, index, now_us);
	gateway_settle(self, now_us);
	return GATEWAY_CODE_OK;
}

unsigned gateway_decline(struct gateway *self, uint64_t now_us, const char *campaign_id, const char *reason)
{
	return end(self, now_us, campaign_id, GATEWAY_CODE_DECLINED_BY_DRIVER, reason);
}

unsigned gateway_cancel(struct gateway *self, uint64_t now_us, const char *campaign_id, const char *reason)
{
	return end(self, now_us, campaign_id, GATEWAY_CODE_CANCELLED_BY_OPERATOR, reason);
}

/* --- the backend is asked now */

static uint64_t free_again(uint64_t asked_us, uint64_t pause_us)
{
	return asked_us ? asked_us + pause_us : 0;
}

unsigned gateway_check_now(struct gateway *self, uint64_t now_us, uint32_t *wait_s)
{
	const unsigned last = sizeof self->checks_us / sizeof self->checks_us[0] - 1;
	uint64_t free_us = free_again(self->checks_us[0], CHECK_PAUSE_US);

	if (free_us < free_again(self->checks_us[last], CHECK_HOUR_US))
		free_us = free_again(self->checks_us[last], CHECK_HOUR_US);
	*wait_s = 0;
	if (now_us < free_us) {
		*wait_s = (uint32_t)((free_us - now_us + 999999) / 1000000);
		return GATEWAY_CODE_RATE_LIMITED;
	}
	memmove(&self->checks_us[1], &self->checks_us[0], last * sizeof self->checks_us[0]);
	self->checks_us[0] = now_us ? now_us : 1;
	gateway_log(self, GATEWAY_LOG_INFO, GATEWAY_NONE, GATEWAY_NONE, GATEWAY_CODE_OK,
		    "asked to look for updates now");
	inquiry_now(self, now_us);
	if (self->session.state != SESSION_UP || !self->inquiry.peer)
		session_check_now(&self->session,
				  now_us); /* or a backend that takes no check: it sends what is new then */
	gateway_settle(self, now_us);
	return GATEWAY_CODE_OK;
}

/* --- another tester */

/* an ECU without software that is being brought to its end; one that failed as often as is allowed may be what the
 * other tester comes for. Return: its campaign, -1 */
static int recovering(const struct gateway *self, const struct target **target)
{
	for (int i = 0; i < (int)GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];
		uint32_t erased = campaign_final(c) ? 0 : campaign_open_targets(c, true);

		if (!erased || (install_order_exhausted(self, c) && !campaign_running(c)))
			continue;
		for (unsigned k = 0; k < c->n_targets; k++) {
			if (erased & (1u << k)) {
				*target = &c->targets[k];
				return i;
			}
		}
	}
	return -1;
}

void operator_settle(struct gateway *self)
{
	const struct target *target;

	if (!self->diagnostics_wanted || self->diagnostics_locked || self->flashing || self->identifying ||
	    recovering(self, &target) >= 0)
		return;
	self->diagnostics_locked = true;
	self->changed_manager = true;
	gateway_log(self, GATEWAY_LOG_NOTICE, GATEWAY_NONE, GATEWAY_NONE, GATEWAY_CODE_DIAGNOSTICS_LOCKED,
		    gateway_code_words(GATEWAY_CODE_DIAGNOSTICS_LOCKED));
}

static void unlock(struct gateway *self)
{
	if (self->diagnostics_locked) {
		self->identify_again = true; /* whatever the other tester did */
		gateway_log(self, GATEWAY_LOG_NOTICE, GATEWAY_NONE, GATEWAY_NONE, GATEWAY_CODE_OK,
			    "the other tester has left the diagnostic buses");
	}
	self->diagnostics_wanted = self->diagnostics_locked = false;
	self->changed_manager = true;
}

unsigned gateway_lock_diagnostics(struct gateway *self, uint64_t now_us, bool wanted, char *text)
{
	const struct target *target = NULL;
	int index = recovering(self, &target);

	if (wanted && !self->diagnostics_wanted && index >= 0 && !self->flashing &&
	    !gateway_at_risk(self, target->ecu)) {
		snprintf(text, GATEWAY_TEXT_BYTES, "%.64s is erased and comes first: %.150s", target->doc.ecu,
			 self->campaigns[index].text);
		return GATEWAY_CODE_DIAGNOSTICS_BUSY;
	}
	if (wanted)
		self->diagnostics_wanted = true;
	else if (self->diagnostics_wanted)
		unlock(self);
	gateway_settle(self, now_us);
	return GATEWAY_CODE_OK;
}
