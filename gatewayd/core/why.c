/* why - see why.h. */
#include "gatewayd/core/why.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/campaign_window.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_order.h"
#include "gatewayd/core/install_power.h"
#include "gatewayd/core/install_wake.h"

const char *why_holds_name(enum why_holds holds)
{
	return holds == WHY_HOLDS ? "yes" : holds == WHY_UNKNOWN ? "unknown" : "no";
}

/* --- in one line */

static void summarize(struct why *self)
{
	const struct campaign *c = self->campaign;
	const char *words = campaign_state_info(c->state)->words;
	const char *text = strncmp(c->text, words, sizeof c->text) ? c->text : "";
	size_t n = sizeof self->summary;

	if (campaign_final(c))
		snprintf(self->summary, n, "decided for good: %.30s%s%.180s", campaign_state_info(c->state)->name,
			 text[0] ? ": " : "", text);
	else if (c->state == CAMPAIGN_OFFERED)
		snprintf(self->summary, n, "not accepted yet: %.180s", text[0] ? text : "its manifest is awaited");
	else if (campaign_running(c))
		snprintf(self->summary, n, "its ECUs are being flashed");
	else if (c->state == CAMPAIGN_VERIFYING)
		snprintf(self->summary, n, "all its ECUs are flashed: they are asked who they are now");
	else if (c->cancel_wanted && !campaign_touched(c))
		snprintf(self->summary, n, "is being ended: %.180s",
			 c->end_text[0] ? c->end_text : "the backend has taken it back");
	else
		snprintf(self->summary, n, "waits: %.180s", c->text);
}

void why_begin(struct why *self, const struct gateway *gateway, uint8_t index, uint64_t now_us)
{
	const struct campaign *c = &gateway->campaigns[index];
	uint32_t erased = campaign_open_targets(c, true);
	uint32_t open = campaign_open_targets(c, false);
	enum policy_phase phase = erased ? POLICY_RECOVER : campaign_running(c) ? POLICY_GO_ON : POLICY_BEGIN;

	*self = (struct why){.gateway = gateway, .campaign = c, .index = index, .now_us = now_us};
	policy_walk_begin(&self->walk, gateway, c, erased ? erased : open, now_us, phase);
	summarize(self);
	if (campaign_final(c) || c->state == CAMPAIGN_VERIFYING)
		self->stage = WHY_END;
}

/* --- one condition */

static void wants(struct why_condition *condition, const char *name, const char *wanted, bool holds, unsigned code,
		  const char *waits_for)
{
	condition->name = name;
	gateway_text(condition->wanted, sizeof condition->wanted, wanted);
	condition->holds = holds ? WHY_HOLDS : WHY_FAILS;
	condition->code = holds ? GATEWAY_CODE_OK : code;
	if (!holds)
		gateway_text(condition->waits_for, sizeof condition->waits_for, waits_for);
}

static void acceptance(const struct why *self, struct why_condition *condition)
{
	bool offered = self->campaign->state == CAMPAIGN_OFFERED;

	wants(condition, "accepted", "manifest read and accepted", !offered, self->campaign->code,
	      self->campaign->has_manifest ? "the manifest is checked" : "the manifest is to be fetched and checked");
	gateway_text(condition->value, sizeof condition->value, offered ? "offered" : "accepted");
}

static void files(const struct why *self, struct why_condition *condition)
{
	const struct campaign *c = self->campaign;

	wants(condition, "files", "held and checked", c->prepared, c->code,
	      c->files_held                                ? "its files are decoded and checked"
	      : self->gateway->session.state == SESSION_UP ? "its files are fetched"
							   : "its files are fetched once the backend is connected");
	if (c->prepared)
		snprintf(condition->value, sizeof condition->value, "held and checked");
	else
		snprintf(condition->value, sizeof condition->value, "%llu of %llu bytes",
			 (unsigned long long)c->bytes_held, (unsigned long long)c->bytes_total);
}

/* @at_us: to come */
static unsigned long long seconds_to(const struct why *self, uint64_t at_us)
{
	return (at_us - self->now_us + 999999) / 1000000;
}

static void pause(const struct why *self, struct why_condition *condition)
{
	wants(condition, "pause", "pause after the last attempt over", false, GATEWAY_CODE_WAITING_RETRY,
	      self->campaign->code == GATEWAY_CODE_WAITING_RETRY ||
		      self->campaign->code == GATEWAY_CODE_ATTEMPTS_EXHAUSTED
		  ? self->campaign->text
		  : gateway_code_words(GATEWAY_CODE_WAITING_RETRY));
	snprintf(condition->value, sizeof condition->value, "%llu s left", seconds_to(self, self->campaign->retry_us));
}

static void others(const struct why *self, struct why_condition *condition)
{
	bool flashed = install_order_another_is_flashed(self->gateway, self->index);
	bool behind = install_order_behind_another(self->gateway, self->index);

	bool gives_way = install_order_gives_way(self->gateway, self->index, self->now_us);

	wants(condition, "other-campaigns", "none comes first", !flashed && !behind && !gives_way,
	      GATEWAY_CODE_WAITING_OTHER, gateway_code_words(GATEWAY_CODE_WAITING_OTHER));
	snprintf(condition->value, sizeof condition->value, "%s",
		 flashed     ? "another one is flashed"
		 : behind    ? "another one has begun on one of its ECUs"
		 : gives_way ? "a more urgent one is about to begin"
			     : "none");
}

/* Return: false if the vehicle's network does not sleep, as far as this campaign knows, or is not asked to wake */
static bool network(const struct why *self, struct why_condition *condition)
{
	const struct campaign *c = self->campaign;
	const uint64_t again_us = install_wake_again_us(c);

	if (!c->n_wakes || !c->prepared || campaign_running(c) ||
	    !install_wake_sleeps(self->gateway, self->index, self->now_us, self->walk.targets, self->walk.phase))
		return false;
	wants(condition, "network", "awake", false, GATEWAY_CODE_WAITING_NETWORK,
	      gateway_code_words(GATEWAY_CODE_WAITING_NETWORK));
	if (self->now_us < c->wake_until_us)
		snprintf(condition->value, sizeof condition->value, "asked to wake, %llu s left",
			 seconds_to(self, c->wake_until_us));
	else if (again_us != GATEWAY_NEVER && again_us > self->now_us)
		snprintf(condition->value, sizeof condition->value, "asked to wake (%u of %u), again in %llu s",
			 c->n_wakes, INSTALL_WAKE_TRIES, seconds_to(self, again_us));
	else
		snprintf(condition->value, sizeof condition->value, "asked to wake (%u of %u), in vain", c->n_wakes,
			 INSTALL_WAKE_TRIES);
	return true;
}

/* targets that would be begun now */
static uint32_t next_targets(const struct why *self)
{
	return install_power_first(self->gateway, self->campaign, self->walk.targets);
}

/* Return: false if nothing limits it */
static bool budget(const struct why *self, struct why_condition *condition)
{
	const struct power_config *config = &self->gateway->power.config;
	char text[GATEWAY_TEXT_BYTES] = "";
	unsigned code;

	if (!config->max_awake_s && !config->min_battery_mv && !config->max_drop_mv && !config->min_charge_percent &&
	    !config->percent_per_hour)
		return false;
	code = install_power_budget(self->gateway, self->index, self->now_us, next_targets(self), text);
	wants(condition, "power-budget", "covers update and recovery", code == GATEWAY_CODE_OK, code, text);
	snprintf(condition->value, sizeof condition->value, "%s", code ? "does not" : "covers them");
	return true;
}

/* Return: false if the vehicle need not grant it */
static bool grant(const struct why *self, enum power_hold hold, struct why_condition *condition)
{
	static const char *const names[POWER_HOLDS] = {
	    [POWER_AWAKE] = "awake", [POWER_KL15] = "kl15-held", [POWER_DRIVE_INHIBIT] = "drive-inhibited"};
	static const unsigned codes[POWER_HOLDS] = {[POWER_AWAKE] = GATEWAY_CODE_WAITING_POWER,
						    [POWER_KL15] = GATEWAY_CODE_KL15_NOT_HELD,
						    [POWER_DRIVE_INHIBIT] = GATEWAY_CODE_DRIVE_NOT_INHIBITED};
	const struct power *power = &self->gateway->power;
	enum power_state state = power_state(power, hold);
	bool needed = install_power_gates(self->campaign, next_targets(self)) & (1u << hold);

	if (!needed || !power->config.holds[hold].configured || !power->config.holds[hold].confirm_ms)
		return false;
	wants(condition, names[hold], "granted by the vehicle", state == POWER_HELD,
	      state == POWER_UNCONFIRMED ? codes[hold] : GATEWAY_CODE_WAITING_POWER,
	      state == POWER_UNCONFIRMED ? gateway_code_words(codes[hold])
					 : gateway_code_words(GATEWAY_CODE_WAITING_POWER));
	snprintf(condition->value, sizeof condition->value, "%s",
		 state == POWER_HELD          ? "granted"
		 : state == POWER_ASKED       ? "asked for"
		 : state == POWER_UNCONFIRMED ? "asked for in vain"
					      : "asked for once all else holds");
	return true;
}

static void notice(const struct why *self, struct why_condition *condition)
{
	const struct campaign *c = self->campaign;
	bool announced = c->notice_until_us != 0, over = announced && self->now_us >= c->notice_until_us;

	wants(condition, "service-notice", "", over, GATEWAY_CODE_WAITING_NOTICE,
	      gateway_code_words(GATEWAY_CODE_WAITING_NOTICE));
	snprintf(condition->wanted, sizeof condition->wanted, "loss of service announced for %lu s",
		 (unsigned long)self->gateway->config.service_notice_s);
	if (announced && !over)
		snprintf(condition->value, sizeof condition->value, "%llu s left",
			 seconds_to(self, c->notice_until_us));
	else
		snprintf(condition->value, sizeof condition->value, "%s",
			 over ? "announced" : "announced once all else holds");
}

/* --- those of the policy */

static void put_time(char *text, const char *words, uint64_t unix_s)
{
	snprintf(text, WHY_WORDS_BYTES, "%sunix %llu", words, (unsigned long long)unix_s);
}

/* the window that is open, or the next */
static void put_window(const struct why *self, char *text)
{
	const struct window_view view = campaign_window_view(self->gateway, self->campaign, self->now_us);

	if (view.has_span)
		put_time(text, "from ", view.span.start_s);
	else
		snprintf(text, WHY_WORDS_BYTES, "a window");
}

static void put_length(const struct why *self, uint64_t unix_s, struct why_condition *to)
{
	const struct window_view view = campaign_window_view(self->gateway, self->campaign, self->now_us);

	snprintf(to->wanted, sizeof to->wanted, "%llu s left in it", (unsigned long long)view.need_s);
	if (window_view_open(&view, unix_s) && view.span.end_s != WINDOW_NO_END)
		snprintf(to->value, sizeof to->value, "%llu s", (unsigned long long)(view.span.end_s - unix_s));
	else
		snprintf(to->value, sizeof to->value, "%s", window_view_open(&view, unix_s) ? "no end" : "not open");
}

static void of_policy(const struct why *self, const struct policy_condition *from, struct why_condition *to)
{
	static const char *const names[POLICY_END] = {
	    [POLICY_TIME] = "trusted-time",
	    [POLICY_WINDOW_END] = "window-end",
	    [POLICY_USE_BEFORE] = "use-before",
	    [POLICY_CONFIRMATION] = "confirmation",
	    [POLICY_ZONE] = "time-zones",
	    [POLICY_WINDOW_START] = "window-open",
	    [POLICY_WINDOW_FITS] = "window-long-enough",
	    [POLICY_AGREED_START] = "agreed-start",
	    [POLICY_DRIVER_START] = "driver-start",
	    [POLICY_CONSENT] = "consent",
	    [POLICY_DIAGNOSTICS] = "diagnostic-buses",
	    [POLICY_PRESENT] = "ecu-present",
	    [POLICY_MOVING] = "not-moving",
	    [POLICY_OWN_STANDSTILL] = "gateway-standstill",
	    [POLICY_OWN_IGNITION] = "gateway-ignition",
	    [POLICY_CAMPAIGN] = "campaign-condition",
	    [POLICY_COMPONENT] = "component-condition",
	};
	const struct campaign *c = self->campaign;
	const uint64_t unix_s = gateway_unix_ms(self->gateway, self->now_us) / 1000;
	struct window_terms terms;

	to->name = names[from->term];
	to->code = from->code;
	to->holds = !from->code ? WHY_HOLDS : from->unknown ? WHY_UNKNOWN : WHY_FAILS;
	gateway_text(to->waits_for, sizeof to->waits_for, from->text);
	if (from->target != GATEWAY_NONE)
		to->ecu = c->targets[from->target].doc.ecu;
	if (unix_s)
		put_time(to->value, "", unix_s);
	else
		snprintf(to->value, sizeof to->value, "unknown");
	switch (from->term) {
	case POLICY_TIME:
		snprintf(to->wanted, sizeof to->wanted, "trusted");
		break;
	case POLICY_WINDOW_END:
		terms = campaign_window_terms(&c->doc);
		if (window_frame_end(&terms) != WINDOW_NO_END)
			put_time(to->wanted, "before ", window_frame_end(&terms));
		else
			snprintf(to->wanted, sizeof to->wanted, "any time");
		break;
	case POLICY_USE_BEFORE:
		put_time(to->wanted, "before ", c->manifest.use_before_unix_s);
		break;
	case POLICY_ZONE:
		snprintf(to->wanted, sizeof to->wanted, "known here");
		snprintf(to->value, sizeof to->value, "%s", from->code ? "unknown" : "known");
		break;
	case POLICY_WINDOW_START:
		put_window(self, to->wanted);
		break;
	case POLICY_WINDOW_FITS:
		put_length(self, unix_s, to);
		break;
	case POLICY_AGREED_START:
		put_time(to->wanted, "from ", c->confirmed_start_unix_s);
		break;
	case POLICY_DRIVER_START:
		put_time(to->wanted, "from ", c->driver_start_unix_s);
		break;
	case POLICY_CONFIRMATION:
		snprintf(to->wanted, sizeof to->wanted, "%s",
			 c->doc.mode == MODE_SERVER   ? "the backend's trigger"
			 : c->doc.mode == MODE_CLIENT ? "none in this mode"
						      : "the backend's confirmation");
		snprintf(to->value, sizeof to->value, "%s",
			 c->doc.mode == MODE_CLIENT ? "none"
			 : from->code               ? "not given"
						    : "given");
		break;
	case POLICY_CONSENT:
		snprintf(to->wanted, sizeof to->wanted, "the driver's consent");
		snprintf(to->value, sizeof to->value, "%s", c->consent_given ? "given" : "not given");
		break;
	case POLICY_DIAGNOSTICS:
		snprintf(to->wanted, sizeof to->wanted, "no other tester");
		snprintf(to->value, sizeof to->value, "%s", from->code ? "locked" : "free");
		break;
	case POLICY_PRESENT:
		snprintf(to->wanted, sizeof to->wanted, "answered");
		snprintf(to->value, sizeof to->value, "%s",
			 from->unknown ? "not asked"
			 : from->code  ? "absent"
				       : "present");
		break;
	case POLICY_MOVING:
	case POLICY_OWN_STANDSTILL:
	case POLICY_OWN_IGNITION:
	case POLICY_CAMPAIGN:
	case POLICY_COMPONENT:
		vehicle_condition_words(&self->gateway->vehicle, self->now_us, &from->asked, to->wanted,
					sizeof to->wanted, to->value, sizeof to->value);
		break;
	case POLICY_END:
		break;
	}
}

/* Return: false if there is none (any more) */
static bool next_of_policy(struct why *self, struct why_condition *condition)
{
	struct policy_condition found;

	if (!self->campaign->has_manifest || !policy_walk_next(&self->walk, &found))
		return false;
	of_policy(self, &found, condition);
	return true;
}

static bool has_notice(const struct why *self)
{
	return self->gateway->config.service_notice_s && self->walk.phase == POLICY_BEGIN &&
	       gateway_function_lost(self->campaign, 0) && self->campaign->service.state != SERVICE_LOST;
}

/* what is looked at last, in a campaign that is prepared and not flashed yet; Return: false if there is none (any more)
 */
static bool next_of_power(struct why *self, struct why_condition *condition)
{
	if (!self->campaign->prepared || self->walk.phase == POLICY_GO_ON || campaign_running(self->campaign))
		return false;
	if (self->stage == WHY_BUDGET) {
		self->stage = WHY_NOTICE;
		if (budget(self, condition))
			return true;
	}
	if (self->stage == WHY_NOTICE) {
		self->stage = WHY_HOLDS_LEFT;
		if (has_notice(self)) {
			notice(self, condition);
			return true;
		}
	}
	while (self->hold < POWER_HOLDS) {
		if (grant(self, (enum power_hold)self->hold++, condition))
			return true;
	}
	return false;
}

bool why_next(struct why *self, struct why_condition *condition)
{
	memset(condition, 0, sizeof *condition);
	condition->ecu = "";
	switch (self->stage) {
	case WHY_ACCEPTANCE:
		self->stage = WHY_FILES;
		acceptance(self, condition);
		return true;
	case WHY_FILES:
		self->stage = WHY_PAUSE;
		files(self, condition);
		return true;
	case WHY_PAUSE:
		self->stage = WHY_POLICY;
		if (self->now_us < self->campaign->retry_us) {
			pause(self, condition);
			return true;
		}
		/* fall through */
	case WHY_POLICY:
		if (next_of_policy(self, condition))
			return true;
		self->stage = WHY_OTHERS;
		/* fall through */
	case WHY_OTHERS:
		self->stage = WHY_NETWORK;
		others(self, condition);
		return true;
	case WHY_NETWORK:
		self->stage = WHY_BUDGET;
		if (network(self, condition))
			return true;
		/* fall through */
	case WHY_BUDGET:
	case WHY_NOTICE:
	case WHY_HOLDS_LEFT:
		return next_of_power(self, condition);
	case WHY_END:
		break;
	}
	return false;
}
