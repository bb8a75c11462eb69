/* service_loss - see service_loss.h. */
#include "gatewayd/core/service_loss.h"
#include <stdio.h>
#include <string.h>
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_order.h"
#include "gatewayd/core/install_power.h"
#include "gatewayd/core/policy_walk.h"

#define RESUME_US  60000000u /* as long as it may take to have the time, the signals and the ECUs again */
#define BETWEEN_US 10000000u /* two runs that are no further apart are one loss, whatever the notice */

static const char *function_at(const struct campaign *campaign, size_t place)
{
	const struct target *t = &campaign->targets[place / GATEWAY_MAX_FUNCTIONS];
	const struct component_doc *c = &campaign->manifest.components[t->component];
	size_t k = place % GATEWAY_MAX_FUNCTIONS;

	return k < c->n_functions_lost ? c->functions_lost[k] : NULL;
}

static bool named_before(const struct campaign *campaign, size_t place, const char *function)
{
	for (size_t i = 0; i < place; i++) {
		const char *earlier = function_at(campaign, i);

		if (earlier && !strcmp(earlier, function))
			return true;
	}
	return false;
}

const char *gateway_function_lost(const struct campaign *campaign, size_t index)
{
	if (!campaign->has_manifest)
		return NULL;
	for (size_t i = 0; i < (size_t)campaign->n_targets * GATEWAY_MAX_FUNCTIONS; i++) {
		const char *function = function_at(campaign, i);

		if (function && !named_before(campaign, i, function) && index-- == 0)
			return function;
	}
	return NULL;
}

/* buses are flashed side by side, the ECUs of one at worst one after the other */
static uint32_t expected_s(const struct gateway *self, const struct campaign *campaign)
{
	uint32_t open = campaign_open_targets(campaign, false);
	uint64_t longest_ms = 0;

	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const char *bus = self->ecus[campaign->targets[i].ecu].bus;
		uint64_t ms = 0;

		for (unsigned k = 0; k < campaign->n_targets; k++) {
			if ((open & (1u << k)) && !strcmp(self->ecus[campaign->targets[k].ecu].bus, bus))
				ms += campaign->targets[k].estimate_ms;
		}
		longest_ms = ms > longest_ms ? ms : longest_ms;
	}
	return longest_ms / 1000 < UINT32_MAX ? (uint32_t)((longest_ms + 999) / 1000) : UINT32_MAX;
}

static uint64_t notice_us(const struct gateway *self)
{
	return (uint64_t)self->config.service_notice_s * 1000000;
}

/* until the time that was announced before the daemon was started anew; 0 = it has passed, or is not known */
static uint64_t told_us(const struct gateway *self, const struct campaign *campaign, uint64_t now_us)
{
	const uint64_t unix_ms = gateway_unix_ms(self, now_us), from_ms = campaign->service.from_unix_s * 1000;
	uint64_t left_us;

	if (campaign->service.state != SERVICE_ANNOUNCED || !unix_ms || from_ms <= unix_ms)
		return 0;
	left_us = (from_ms - unix_ms) * 1000;
	return left_us <= notice_us(self) ? left_us : 0; /* the clock was set back */
}

void service_loss_resume(struct gateway *self, uint8_t index, uint64_t now_us)
{
	if (self->campaigns[index].service.state == SERVICE_ANNOUNCED)
		self->campaigns[index].notice_resume_us = now_us + RESUME_US;
}

uint64_t service_loss_notice_us(const struct gateway *self, uint8_t index, uint64_t now_us)
{
	const struct campaign *c = &self->campaigns[index];

	uint64_t left_us;

	if (!self->config.service_notice_s || !gateway_function_lost(c, 0) || campaign_open_targets(c, true) ||
	    c->service.state == SERVICE_LOST)
		return 0;
	if (c->notice_until_us)
		return now_us < c->notice_until_us ? c->notice_until_us - now_us : 0;
	left_us = told_us(self, c, now_us);
	return left_us ? left_us : notice_us(self);
}

bool service_loss_wait(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	const uint64_t left_us = service_loss_notice_us(self, index, now_us);

	if (left_us && !c->notice_until_us) {
		c->notice_until_us = now_us + left_us;
		c->notice_anew = !told_us(self, c, now_us);
	}
	return left_us != 0;
}

static unsigned code_of(enum service_state state)
{
	switch (state) {
	case SERVICE_ANNOUNCED:
		return GATEWAY_CODE_SERVICE_ANNOUNCED;
	case SERVICE_LOST:
		return GATEWAY_CODE_SERVICE_LOST;
	case SERVICE_BACK:
		return GATEWAY_CODE_SERVICE_BACK;
	case SERVICE_CALLED_OFF:
		return GATEWAY_CODE_SERVICE_CALLED_OFF;
	case SERVICE_NONE:
		break;
	}
	return GATEWAY_CODE_OK;
}

/* Return: false if the campaign costs no function */
static bool put_functions(const struct campaign *campaign, char *text, size_t n)
{
	const char *function;
	size_t at = 0;

	for (size_t i = 0; (function = gateway_function_lost(campaign, i)) && at + 1 < n; i++) {
		snprintf(text + at, n - at, "%s%s", i ? "; " : "", function);
		at = strlen(text);
	}
	return at > 0;
}

static void tell(struct gateway *self, uint8_t index, uint64_t now_us, enum service_state state)
{
	struct campaign *c = &self->campaigns[index];
	uint64_t unix_s = gateway_unix_ms(self, now_us) / 1000;
	char text[GATEWAY_TEXT_BYTES] = "", line[GATEWAY_TEXT_BYTES];

	if (!put_functions(c, text, sizeof text) && state == SERVICE_LOST)
		return;
	c->service.state = state;
	if (state == SERVICE_ANNOUNCED || state == SERVICE_LOST) {
		c->service.from_unix_s = unix_s;
		c->service.expected_s = expected_s(self, c);
	}
	if (state == SERVICE_ANNOUNCED && unix_s)
		c->service.from_unix_s += (c->notice_until_us - now_us) / 1000000;
	gateway_mark_campaign(self, index);
	gateway_report_about(self, now_us, index, code_of(state), text, &c->service);
	snprintf(line, sizeof line, "%.70s: %.150s", gateway_code_words(code_of(state)), text);
	gateway_log(self, GATEWAY_LOG_NOTICE, index, GATEWAY_NONE, code_of(state), line);
	self->changed_manager = true;
}

/* the daemon was started anew, and does not know yet whether it begins as was announced */
static bool may_come(const struct gateway *self, uint8_t index, uint64_t now_us)
{
	const struct campaign *c = &self->campaigns[index];
	struct policy_walk walk;
	uint32_t against;

	if (c->state != CAMPAIGN_WAITING || now_us >= c->notice_resume_us)
		return false;
	if (!c->prepared)
		return true;
	policy_walk_begin(&walk, self, c, campaign_open_targets(c, false), now_us, POLICY_BEGIN);
	against = policy_walk_against(&walk);
	return against && !(against & POLICY_AGAINST_KNOWN) &&
	       (!(against & POLICY_AGAINST_ECU) || self->identifying || !self->inventory_known);
}

/* so soon after a run the next one is the same loss: it could not be announced */
static uint64_t between_us(const struct gateway *self)
{
	return notice_us(self) > BETWEEN_US ? notice_us(self) : BETWEEN_US;
}

/* its functions were lost in a run, and the next one begins soon, as far as is known */
static bool goes_on(const struct gateway *self, uint8_t index, uint64_t now_us)
{
	const struct campaign *c = &self->campaigns[index];
	uint64_t until_us = c->run_ended_us + between_us(self);

	return c->service.state == SERVICE_LOST && c->state == CAMPAIGN_WAITING && c->run_ended_us &&
	       now_us < until_us && c->retry_us < until_us && !self->stop_wanted && !install_power_denied(c->code) &&
	       install_order_may_go_on(self, index, now_us);
}

void service_loss_settle(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	/* once the time is over the vehicle is asked for power, and may take a while: it stays announced */
	bool waits =
	    c->state == CAMPAIGN_WAITING && (c->code == GATEWAY_CODE_WAITING_NOTICE ||
					     (c->code == GATEWAY_CODE_WAITING_POWER && c->notice_until_us != 0));
	bool lost = !campaign_final(c) &&
		    (c->state == CAMPAIGN_INSTALLING || campaign_open_targets(c, true) || goes_on(self, index, now_us));

	if (c->state == CAMPAIGN_NONE)
		return;
	if (!waits)
		c->notice_until_us = 0;
	if (!lost && c->service.state == SERVICE_LOST) /* also when it is announced anew at once */
		tell(self, index, now_us, SERVICE_BACK);
	if (lost && c->service.state != SERVICE_LOST)
		tell(self, index, now_us, SERVICE_LOST);
	else if (waits && (c->service.state != SERVICE_ANNOUNCED || c->notice_anew))
		tell(self, index, now_us, SERVICE_ANNOUNCED);
	else if (!waits && c->service.state == SERVICE_ANNOUNCED && !may_come(self, index, now_us))
		tell(self, index, now_us, SERVICE_CALLED_OFF);
	c->notice_anew = false;
}

uint64_t service_loss_deadline(const struct gateway *self, uint8_t index)
{
	const struct campaign *c = &self->campaigns[index];

	if (c->notice_until_us)
		return c->notice_until_us;
	if (c->service.state == SERVICE_ANNOUNCED)
		return c->notice_resume_us;
	return c->service.state == SERVICE_LOST && c->run_ended_us ? c->run_ended_us + between_us(self) : 0;
}

int gateway_service_loss(const struct gateway *self)
{
	static const enum service_state order[] = {SERVICE_LOST, SERVICE_ANNOUNCED, SERVICE_BACK, SERVICE_CALLED_OFF};

	for (unsigned k = 0; k < sizeof order / sizeof order[0]; k++) {
		for (int i = 0; i < (int)GATEWAY_MAX_CAMPAIGNS; i++) {
			if (self->campaigns[i].state != CAMPAIGN_NONE && self->campaigns[i].service.state == order[k])
				return i;
		}
	}
	return -1;
}
