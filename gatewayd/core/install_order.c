/* install_order - see install_order.h. */
#include "gatewayd/core/install_order.h"
#include "gatewayd/core/campaign.h"
#include "gatewayd/core/gateway_out.h"
#include "gatewayd/core/install_power.h"
#include "gatewayd/core/policy.h"

/* an ECU without software is more urgent than anything */
static unsigned urgency(const struct campaign *campaign)
{
	return campaign_open_targets(campaign, true) ? URGENCY_CRITICAL + 1u : (unsigned)campaign->doc.urgency;
}

bool install_order_more_urgent(const struct gateway *self, uint8_t index, uint8_t other)
{
	return urgency(&self->campaigns[index]) > urgency(&self->campaigns[other]);
}

static uint64_t or_never(uint64_t unix_s)
{
	return unix_s ? unix_s : UINT64_MAX;
}

static bool before(const struct gateway *self, uint8_t a, uint8_t b)
{
	const struct campaign *x = &self->campaigns[a], *y = &self->campaigns[b];

	if (urgency(x) != urgency(y))
		return urgency(x) > urgency(y);
	if (campaign_touched(x) != campaign_touched(y))
		return campaign_touched(x);
	if (or_never(x->doc.deadline_unix_s) != or_never(y->doc.deadline_unix_s))
		return or_never(x->doc.deadline_unix_s) < or_never(y->doc.deadline_unix_s);
	if (or_never(x->accepted_unix_s) != or_never(y->accepted_unix_s))
		return or_never(x->accepted_unix_s) < or_never(y->accepted_unix_s);
	return a < b;
}

uint8_t install_order_ranked(const struct gateway *self, uint8_t order[GATEWAY_MAX_CAMPAIGNS])
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		uint8_t place = n;

		if (self->campaigns[i].state == CAMPAIGN_NONE || campaign_final(&self->campaigns[i]))
			continue;
		for (; place > 0 && before(self, i, order[place - 1]); place--)
			order[place] = order[place - 1];
		order[place] = i;
		n++;
	}
	return n;
}

/* nothing keeps it from being flashed but another campaign's flash, and the pause after its last attempt */
static bool could_begin_after_pause(const struct gateway *self, uint8_t index, uint64_t now_us)
{
	const struct campaign *c = &self->campaigns[index];
	const uint32_t open = campaign_open_targets(c, false), erased = campaign_open_targets(c, true);
	char text[GATEWAY_TEXT_BYTES];

	if (c->state == CAMPAIGN_NONE || campaign_final(c) || campaign_running(c) || !c->prepared || !open ||
	    c->state == CAMPAIGN_VERIFYING || install_order_behind_another(self, index))
		return false;
	if (erased)
		return !policy_may_recover(self, c, erased, now_us, text);
	for (unsigned i = 0; i < c->n_targets; i++) {
		if (c->targets[i].state == TARGET_FAILED)
			return false;
	}
	return policy_may_install(self, c, open, now_us, true, text) == GATEWAY_CODE_OK &&
	       install_power_budget(self, index, now_us, install_power_first(self, c, open), text) == GATEWAY_CODE_OK;
}

static bool could_begin(const struct gateway *self, uint8_t index, uint64_t now_us)
{
	return now_us >= self->campaigns[index].retry_us && could_begin_after_pause(self, index, now_us);
}

bool install_order_may_go_on(const struct gateway *self, uint8_t index, uint64_t now_us)
{
	return could_begin_after_pause(self, index, now_us) && !install_order_comes_after(self, index, now_us);
}

bool install_order_gives_way(const struct gateway *self, uint8_t index, uint64_t now_us)
{
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (i != index && install_order_more_urgent(self, i, index) && could_begin(self, i, now_us))
			return true;
	}
	return false;
}

/* an ECU without software that has used up its attempts: it is tried on, ever more rarely; NULL */
const struct target *install_order_exhausted(const struct gateway *self, const struct campaign *campaign)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		const struct target *t = &campaign->targets[i];

		if (t->erased && t->state != TARGET_VERIFIED && t->state != TARGET_FAILED &&
		    t->attempts >= self->config.max_attempts)
			return t;
	}
	return NULL;
}

/* another campaign has begun on an ECU of this one: it comes first */
bool install_order_behind_another(const struct gateway *self, uint8_t index)
{
	const struct campaign *c = &self->campaigns[index];

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *other = &self->campaigns[i];

		if (i == index || campaign_final(other) || !campaign_touched(other))
			continue;
		for (unsigned k = 0; k < c->n_targets; k++) {
			for (unsigned m = 0; m < other->n_targets; m++) {
				if (c->targets[k].ecu == other->targets[m].ecu)
					return true;
			}
		}
	}
	return false;
}

/* the flasher works for another campaign: it serves one at a time */
bool install_order_another_is_flashed(const struct gateway *self, uint8_t index)
{
	for (unsigned i = 0; self->flashing && i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (i != index && self->campaigns[i].state == CAMPAIGN_INSTALLING)
			return true;
	}
	return false;
}

bool install_order_comes_after(const struct gateway *self, uint8_t index, uint64_t now_us)
{
	return install_order_another_is_flashed(self, index) || install_order_behind_another(self, index) ||
	       install_order_gives_way(self, index, now_us);
}

static bool has_ecu(const struct campaign *campaign, uint8_t ecu)
{
	for (unsigned i = 0; i < campaign->n_targets; i++) {
		if (campaign->targets[i].ecu == ecu)
			return true;
	}
	return false;
}

/* every ECU that @old leaves without software is one of @successor's */
static bool inherits(const struct campaign *successor, const struct campaign *old)
{
	uint32_t erased = campaign_open_targets(old, true);

	for (unsigned i = 0; i < old->n_targets; i++) {
		if ((erased & (1u << i)) && !has_ecu(successor, old->targets[i].ecu))
			return false;
	}
	return true;
}

/*
 * A campaign that was taken back and cannot bring its ECU to life gives way to one that has its files at hand. Whatever
 * an earlier campaign left erased is this one's to recover: it waits for no window, consent or network any more.
 */
void install_order_take_over(struct gateway *self, uint8_t index, uint64_t now_us)
{
	struct campaign *c = &self->campaigns[index];
	uint32_t open = campaign_open_targets(c, false);

	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *old = &self->campaigns[i];
		const struct target *t = install_order_exhausted(self, old);

		if (i != index && !campaign_final(old) && old->cancel_wanted && !campaign_running(old) && t &&
		    inherits(c, old))
			campaign_enter(self, i, now_us, CAMPAIGN_INCONSISTENT, GATEWAY_CODE_ATTEMPTS_EXHAUSTED,
				       t->text);
	}
	if (install_order_behind_another(self, index))
		return;
	for (unsigned i = 0; i < c->n_targets; i++) {
		struct target *t = &c->targets[i];

		if (!(open & (1u << i)) || t->erased || !self->ecus[t->ecu].erased)
			continue;
		t->erased = true;
		t->state = TARGET_FLASHING;
		gateway_mark_campaign(self, index);
		self->changed_ecus |= 1u << t->ecu;
	}
}
