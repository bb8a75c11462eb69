/* install_result - what becomes of an ECU and its campaign by the result of a flash; see install.h. */
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/duration.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install.h"
#include "gatewayd/core/install_pause.h"
#include "gatewayd/core/policy.h"
#include "gatewayd/core/release.h"

void install_mark_erased(struct gateway *self, uint8_t index, uint8_t target, bool erased)
{
	struct target *t = &self->campaigns[index].targets[target];

	t->erased = erased;
	self->ecus[t->ecu].erased = erased;
	self->dirty.ecus |= 1u << t->ecu;
}

static void failed_attempt(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, unsigned code,
			   const char *text)
{
	struct campaign *c = &self->campaigns[index];
	struct target *t = &c->targets[target];
	char line[GATEWAY_TEXT_BYTES];

	t->code = code;
	gateway_text(t->text, sizeof t->text, text && text[0] ? text : gateway_code_words(code));
	if (code == GATEWAY_CODE_STOPPED)
		return;
	if (!install_pause_of_bus(code))
		t->n_lost = 0;
	else if (t->n_lost < UINT8_MAX)
		t->n_lost++;
	if (install_pause_counts(code) && t->attempts < UINT8_MAX)
		t->attempts++;
	snprintf(line, sizeof line, "attempt %u of %u failed: %.110s", t->attempts, self->config.max_attempts, t->text);
	gateway_log_event(self, GATEWAY_EVENT_ATTEMPT_FAILED, GATEWAY_LOG_WARNING, index, target, code, line);
	if (t->attempts < self->config.max_attempts)
		return;
	if (t->erased) { /* never given up; its trouble is told once */
		if (t->attempts != self->config.max_attempts || !install_pause_counts(code))
			return;
	} else {
		t->erased = t->state == TARGET_FLASHED; /* the campaign's own mark: it has changed this ECU */
		t->state = TARGET_FAILED;
	}
	gateway_report_campaign(self, now_us, index, target);
	gateway_log_event(self, GATEWAY_EVENT_NO_ATTEMPT_LEFT, GATEWAY_LOG_ERROR, index, target,
			  GATEWAY_CODE_ATTEMPTS_EXHAUSTED, gateway_code_words(GATEWAY_CODE_ATTEMPTS_EXHAUSTED));
}

void install_not_this_ecu(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, unsigned code,
			  const char *text)
{
	struct target *t = &self->campaigns[index].targets[target];

	t->erased = false;
	t->state = TARGET_FAILED;
	t->code = code;
	gateway_text(t->text, sizeof t->text, text);
	gateway_mark_campaign(self, index);
	self->changed_ecus |= 1u << t->ecu;
	gateway_report_campaign(self, now_us, index, target);
	gateway_log(self, GATEWAY_LOG_ERROR, index, target, code, text);
}

/* The ECU said that it is another one, and the inventory knows it by now, or doubts it. Return: whether that ends the
 * target */
static bool not_meant(const struct gateway *self, const struct target *target, enum flash_code result, unsigned *code)
{
	char text[GATEWAY_TEXT_BYTES];
	unsigned other;

	if (result != FLASH_WRONG_HARDWARE && result != FLASH_WRONG_SERIAL)
		return false;
	if (self->ecus[target->ecu].erased && self->doubtful[target->ecu][0]) {
		*code = GATEWAY_CODE_WRONG_SERIAL;
		return false;
	}
	other = policy_check_identity(&target->doc, &self->ecus[target->ecu], text);
	if (!other && target->erased && !self->ecus[target->ecu].erased)
		other = GATEWAY_CODE_WRONG_SERIAL; /* the one that was erased is gone */
	if (other)
		*code = other;
	return other != 0;
}

/* new terms that came while an ECU was changed were not for it: with the next session they come again */
static void terms_count_again(struct gateway *self, const struct campaign *campaign)
{
	if (campaign->director_version < self->director_version)
		session_register_again(&self->session);
}

void install_result(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us,
		    const struct flash_result *result)
{
	struct campaign *c = &self->campaigns[index];
	struct target *t = &c->targets[target];
	unsigned code = result->code ? (unsigned)result->code : GATEWAY_CODE_CHECK_FAILED;

	t->running = false;
	t->answered = true;
	t->intent_txn = 0;
	t->step = result->step;
	t->unit = result->unit;
	t->nrc = result->nrc;
	t->payload_bytes = result->payload_bytes;
	t->duration_ms = (result->ended_us - result->started_us) / 1000;
	t->transfer_ms = result->transfer_us / 1000;
	if (result->before.application_version[0] && !t->erased)
		gateway_text(t->old_version, sizeof t->old_version, result->before.application_version);
	gateway_text(t->new_version, sizeof t->new_version, result->after.application_version);
	gateway_mark_campaign(self, index);
	self->changed_ecus |= 1u << t->ecu;
	if (not_meant(self, t, result->code, &code)) {
		install_not_this_ecu(self, index, target, now_us, code, result->text);
		return;
	}
	if (!result->verified) {
		if (result->restored) { /* switched back: it is as before its intent, and may wait like any other */
			install_mark_erased(self, index, target, false);
			if (t->state == TARGET_FLASHING)
				t->state = TARGET_PENDING;
			terms_count_again(self, c);
		} else if (t->intent_first && !result->erased) {
			/* it ended before its intent came back: it is as it was */
			install_mark_erased(self, index, target, false);
			t->state = t->before_intent;
			terms_count_again(self, c);
		} else if (result->code == FLASH_WRONG_VERSION && result->after.application_version[0]) {
			/* it passed its checks and booted: not without software, so the next erase is a first one */
			install_mark_erased(self, index, target, false);
			t->state = TARGET_FLASHED;
		} else if (result->erased && !t->erased) {
			install_mark_erased(self, index, target, true);
			t->state = TARGET_FLASHING;
		}
		failed_attempt(self, index, target, now_us, code, result->text);
		return;
	}
	install_mark_erased(self, index, target, false);
	release_committed(self, c, t);
	self->ecus[t->ecu].rate_permille =
	    duration_learn(self->ecus[t->ecu].rate_permille, t->plain_estimate_ms, t->duration_ms);
	t->code = GATEWAY_CODE_OK;
	gateway_text(t->text, sizeof t->text, result->text);
	t->bytes_done = t->bytes_total;
	t->state = TARGET_VERIFIED;
	t->n_lost = 0;
	c->n_stops = 0;
	gateway_report_campaign(self, now_us, index, target);
	gateway_log_event(self, GATEWAY_EVENT_VERIFIED, GATEWAY_LOG_NOTICE, index, target, GATEWAY_CODE_OK,
			  "the ECU is verified");
	campaign_overtaken(self, index, now_us);
}

void install_finished(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code)
{
	struct campaign *c = &self->campaigns[index];

	self->flashing = false;
	self->changed_manager = true;
	if (code == GATEWAY_CODE_INTERRUPTED)
		c->prepared = false; /* the flasher did not have the files (any more) */
	for (uint8_t i = 0; i < c->n_targets; i++) {
		struct target *t = &c->targets[i];

		if (!t->running)
			continue;
		t->running = false;
		t->answered = true;
		t->intent_txn = 0;
		self->changed_ecus |= 1u << t->ecu;
		gateway_mark_campaign(self, index);
		failed_attempt(self, index, i, now_us, code ? code : GATEWAY_CODE_STOPPED, NULL);
	}
	if (c->state == CAMPAIGN_INSTALLING)
		install_conclude(self, index, now_us, GATEWAY_CODE_OK, NULL);
}
