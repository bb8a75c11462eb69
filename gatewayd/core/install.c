/* install - see install.h. */
#include "gatewayd/core/install.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/command.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_order.h"
#include "gatewayd/core/install_pause.h"
#include "gatewayd/core/install_power.h"
#include "gatewayd/core/install_wake.h"
#include "gatewayd/core/policy.h"
#include "gatewayd/core/service_loss.h"

static int first_failed(const struct campaign *campaign)
{
	for (int i = 0; i < campaign->n_targets; i++) {
		if (campaign->targets[i].state == TARGET_FAILED)
			return i;
	}
	return -1;
}

/* the target whose failed attempt in the run is to be repeated; NULL */
static const struct target *to_repeat(const struct campaign *campaign)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];

		if (t->answered && t->code && t->code != GATEWAY_CODE_STOPPED && t->state != TARGET_FAILED)
			return t;
	}
	return NULL;
}

/* an ECU failed: no further one is begun, so that a release that cannot be completed leaves as many as possible as they
 * were */
static bool ecu_failed(const struct campaign *campaign)
{
	return first_failed(campaign) >= 0 || to_repeat(campaign);
}

/* how the ECU's words begin: the flash run names the profile in them, which often has the ECU's name */
static const char *prefix(const struct target *target)
{
	size_t n = strlen(target->doc.ecu);

	return !strncmp(target->text, target->doc.ecu, n) && target->text[n] == ':' ? "" : target->doc.ecu;
}

/* running ECUs that still hold a valid application and are not being stopped */
static uint32_t running_unerased(const struct campaign *campaign)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if (campaign->targets[i].running && !campaign->targets[i].erased)
			mask |= 1u << i;
	}
	return mask & ~campaign->stopped;
}

static void start(struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets)
{
	struct campaign *c = &self->campaigns[index];

	for (unsigned i = 0; i < c->n_targets; i++) {
		struct target *t = &c->targets[i];

		t->answered = t->intent_first = false;
		if (!(targets & (1u << i)))
			continue;
		t->running = true;
		t->code = GATEWAY_CODE_OK;
		t->nrc = 0;
		t->text[0] = 0;
		t->bytes_done = 0;
		t->flash_started_us = now_us;
		self->changed_ecus |= 1u << t->ecu;
	}
	if (!c->started_unix_s)
		c->started_unix_s = gateway_unix_ms(self, now_us) / 1000;
	c->stop_asked = false;
	c->stopped = 0;
	c->flash_due = true;
	c->unheard = vehicle_sleeps(&self->vehicle);
	install_power_drop(self, index); /* from now on its ECUs say what is needed */
	self->flashing = true;
	self->changed_manager = true;
	gateway_mark_campaign(self, index);
	campaign_enter(self, index, now_us, CAMPAIGN_INSTALLING, GATEWAY_CODE_OK, NULL);
}

/* it does not begin: a backend that triggered it is told why, and again when the reason changes */
static void wait_for(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text)
{
	campaign_enter(self, index, now_us, CAMPAIGN_WAITING, code, text);
	command_tell_waiting(self, index, now_us);
}

/* what it waits for is the vehicle's state; if that is not known, the vehicle's network may sleep */
static void wait_for_vehicle(struct gateway *self, uint8_t index, uint64_t now_us, uint32_t targets, unsigned code,
			     const char *text)
{
	const uint32_t erased = campaign_open_targets(&self->campaigns[index], true);
	const enum policy_phase phase = erased && targets == erased ? POLICY_RECOVER : POLICY_BEGIN;

	if (install_wake(self, index, now_us, targets, phase))
		wait_for(self, index, now_us, GATEWAY_CODE_WAITING_NETWORK, NULL);
	else
		wait_for(self, index, now_us, code, text);
}

void install_consider(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	uint32_t open = campaign_open_targets(c, false);
	const uint32_t asked = c->power_asked;
	uint32_t erased;
	bool failed;
	char text[GATEWAY_TEXT_BYTES] = "";
	uint32_t targets = open;
	unsigned code = GATEWAY_CODE_ATTEMPTS_EXHAUSTED;

	install_power_drop(self, index);
	if (c->state == CAMPAIGN_INSTALLING && self->flashing)
		return; /* all its results are here, and the buses are not loud yet: install_finished() goes on */
	install_order_take_over(self, index, now_us);
	erased = campaign_open_targets(c, true);
	failed = first_failed(c) >= 0 || install_order_exhausted(self, c);
	if (!open || (failed && !erased)) {
		install_wake_drop(self, index, now_us);
		install_conclude(self, index, now_us, GATEWAY_CODE_OK, NULL);
		return;
	}
	if (now_us < c->retry_us) {
		install_wake_drop(self, index, now_us);
		if (c->state == CAMPAIGN_WAITING && install_power_denied(c->code))
			command_tell_waiting(self, index, now_us);
		else if (c->code != GATEWAY_CODE_WAITING_RETRY && c->code != GATEWAY_CODE_ATTEMPTS_EXHAUSTED)
			campaign_enter(self, index, now_us, CAMPAIGN_WAITING, GATEWAY_CODE_WAITING_RETRY, NULL);
		return;
	}
	if (!failed)
		code = policy_may_install(self, c, open, now_us, true, text);
	if (code && erased) {
		/* neither window nor network: an erased ECU waits for nothing but the vehicle's safety */
		targets = erased;
		code = policy_may_recover(self, c, erased, now_us, text);
	}
	if (code) {
		wait_for_vehicle(self, index, now_us, targets, code, text);
		return;
	}
	if (self->stop_wanted) {
		install_wake_drop(self, index, now_us);
		return;
	}
	text[0] = 0;
	if (install_order_comes_after(self, index, now_us)) {
		install_wake_drop(self, index, now_us);
		wait_for(self, index, now_us, GATEWAY_CODE_WAITING_OTHER, NULL);
		return;
	}
	targets = install_power_first(self, c, targets);
	code = install_power_budget(self, index, now_us, targets, text); /* what it does not cover is not announced */
	if (code && erased) {
		targets = install_power_first(self, c, erased); /* which waits for no budget */
		code = GATEWAY_CODE_OK;
	}
	if (code) {
		wait_for_vehicle(self, index, now_us, targets, code, text);
		return;
	}
	if (service_loss_wait(self, index, now_us))
		code = GATEWAY_CODE_WAITING_NOTICE;
	if (!code && (self->flashing || self->identifying)) {
		c->power_asked = asked; /* its own run, or an identification: over in seconds */
		return;
	}
	install_wake_drop(self, index, now_us); /* what follows asks for it by itself */
	code = code ? code : install_power_ready(self, index, now_us, targets, text);
	if (code) {
		wait_for(self, index, now_us, code, text);
		return;
	}
	start(self, index, now_us, targets);
}

/* some of the ECUs of a run; the others go on */
static void stop_some(struct gateway *self, uint8_t index, uint32_t targets, const char *why)
{
	char line[GATEWAY_TEXT_BYTES];

	self->campaigns[index].stopped |= targets;
	self->stop_targets = self->stop_flash_due && !self->stop_targets ? 0 : self->stop_targets | targets;
	self->stop_flash_due = true;
	snprintf(line, sizeof line, "flashing is stopped for some of the ECUs that are not erased: %.90s", why);
	gateway_log(self, GATEWAY_LOG_NOTICE, index, GATEWAY_NONE, GATEWAY_CODE_STOPPED, line);
}

void install_watch(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	uint32_t targets = running_unerased(c);
	uint32_t stay;
	char text[GATEWAY_TEXT_BYTES] = "";

	if (!targets)
		return;
	if (self->stop_wanted || ecu_failed(c)) {
		install_stop(self, index, now_us,
			     self->stop_wanted ? "the daemon is being stopped" : "another ECU failed");
		return;
	}
	stay = install_power_may_go_on(self, c, targets, now_us, text);
	if (!stay)
		install_stop(self, index, now_us, text);
	else if (install_order_gives_way(self, index, now_us))
		install_stop(self, index, now_us, "a more urgent campaign is ready");
	else if (stay != targets)
		stop_some(self, index, targets & ~stay, text);
}

void install_stop(struct gateway *self, uint8_t index, uint64_t now_us, const char *why)
{
	struct campaign *c = &self->campaigns[index];
	char line[GATEWAY_TEXT_BYTES];

	if (c->flash_due) {
		c->flash_due = false;
		self->flashing = false;
		self->changed_manager = true;
		for (unsigned i = 0; i < c->n_targets; i++)
			c->targets[i].running = false;
		install_conclude(self, index, now_us, GATEWAY_CODE_OK, NULL);
		return;
	}
	if (c->stop_asked)
		return;
	c->stop_asked = true;
	c->n_stops = c->n_stops < UINT8_MAX ? (uint8_t)(c->n_stops + 1u) : UINT8_MAX;
	self->stop_flash_due = true;
	self->stop_targets = 0;
	snprintf(line, sizeof line, "flashing is stopped for the ECUs that are not erased: %.90s", why);
	gateway_log(self, GATEWAY_LOG_NOTICE, index, GATEWAY_NONE, GATEWAY_CODE_STOPPED, line);
}

/* it failed for what it is, not for what it did */
static bool is_another_ecu(unsigned code)
{
	return code == GATEWAY_CODE_WRONG_SERIAL || code == GATEWAY_CODE_WRONG_HARDWARE;
}

void install_conclude(struct gateway *self, uint8_t index, uint64_t now_us, unsigned code, const char *text)
{
	struct campaign *c = &self->campaigns[index];
	uint32_t open = campaign_open_targets(c, false);
	int failed = first_failed(c);
	const struct target *lost = install_order_exhausted(self, c);
	const struct target *repeat = to_repeat(c);
	char words[GATEWAY_TEXT_BYTES] = "";

	if (c->state == CAMPAIGN_INSTALLING)
		c->run_ended_us = now_us;
	if (failed >= 0 && !campaign_open_targets(c, true)) {
		const struct target *t = &c->targets[failed];

		snprintf(words, sizeof words, "%.64s%s%.90s", prefix(t), prefix(t)[0] ? ": " : "", t->text);
		campaign_enter(self, index, now_us,
			       campaign_touched(c) || t->erased ? CAMPAIGN_INCONSISTENT : CAMPAIGN_FAILED,
			       is_another_ecu(t->code) ? t->code : GATEWAY_CODE_ATTEMPTS_EXHAUSTED, words);
		return;
	}
	if (!open) {
		c->read_back = false;
		self->identify_again = true;
		campaign_enter(self, index, now_us, CAMPAIGN_VERIFYING, GATEWAY_CODE_OK, NULL);
		return;
	}
	if (self->stop_wanted) {
		code = GATEWAY_CODE_INTERRUPTED;
	} else if (repeat && lost) {
		snprintf(words, sizeof words, "%.64s%s%.50s (attempt %u; it is tried on)", prefix(lost),
			 prefix(lost)[0] ? ": " : "", lost->text, lost->attempts);
		c->retry_us = now_us + install_pause_repeat_us(self, c);
		code = GATEWAY_CODE_ATTEMPTS_EXHAUSTED;
		text = words;
	} else if (repeat) {
		snprintf(words, sizeof words, "%.64s%s%.60s (attempt %u of %u)", prefix(repeat),
			 prefix(repeat)[0] ? ": " : "", repeat->text, repeat->attempts, self->config.max_attempts);
		c->retry_us = now_us + install_pause_repeat_us(self, c);
		code = GATEWAY_CODE_WAITING_RETRY;
		text = words;
	} else {
		if ((c->stop_asked || c->stopped) && !campaign_open_targets(c, true))
			c->retry_us = now_us + install_pause_stopped_us(self, c);
		if (!code) {
			code = policy_may_install(self, c, open, now_us, true, words);
			text = words;
		}
	}
	campaign_enter(self, index, now_us, CAMPAIGN_WAITING, code ? code : GATEWAY_CODE_INTERRUPTED,
		       code ? text : NULL);
}

bool gateway_recovers(const struct gateway *self, uint8_t campaign, uint8_t target)
{
	const struct target *t = &self->campaigns[campaign].targets[target];

	return t->erased || self->ecus[t->ecu].erased;
}

/* the run is to come to its end: no further ECU of it is erased */
static bool run_ends(const struct gateway *self, const struct campaign *campaign)
{
	return self->stop_wanted || campaign->stop_asked || ecu_failed(campaign) ||
	       (campaign->cancel_wanted && !campaign_touched(campaign));
}

/* the last moment before a first erase */
static bool may_erase(const struct gateway *self, const struct campaign *campaign, uint8_t target, uint64_t now_us,
		      char *text)
{
	return (install_power_may_go_on(self, campaign, running_unerased(campaign), now_us, text) & (1u << target)) &&
	       install_power_may_erase(self, campaign, target, now_us, text) == GATEWAY_CODE_OK;
}

/* the ECU is not erased, and others that may be go on; the flasher waits for an answer, so it is said again */
static void refuse(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, const char *why)
{
	const struct campaign *c = &self->campaigns[index];

	if (!run_ends(self, c) && (running_unerased(c) & ~(1u << target))) {
		stop_some(self, index, 1u << target, why);
		return;
	}
	install_stop(self, index, now_us, why);
	self->stop_flash_due = true;
	self->stop_targets = 0;
}

void install_intent(struct gateway *self, uint8_t index, uint8_t target, uint64_t now_us, uint8_t step_index,
		    uint8_t unit)
{
	struct campaign *c = &self->campaigns[index];
	struct target *t = &c->targets[target];
	char text[GATEWAY_TEXT_BYTES] = "the erase may not begin any more";

	if (!t->erased && (run_ends(self, c) || !may_erase(self, c, target, now_us, text))) {
		refuse(self, index, target, now_us, text);
		return;
	}
	if (!t->erased) {
		t->intent_first = !self->ecus[t->ecu].erased;
		t->before_intent = t->state;
	}
	install_mark_erased(self, index, target, true);
	t->step_index = step_index;
	t->unit = unit;
	gateway_mark_campaign(self, index);
	t->intent_txn = self->txn_next;
	self->changed_ecus |= 1u << t->ecu;
	if (t->state == TARGET_FLASHING)
		return;
	t->state = TARGET_FLASHING;
	gateway_report_campaign(self, now_us, index, target);
	gateway_log_event(self, GATEWAY_EVENT_ERASING, GATEWAY_LOG_NOTICE, index, target, GATEWAY_CODE_OK,
			  "the ECU is being erased and flashed");
}
