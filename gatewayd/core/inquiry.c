/* inquiry - see inquiry.h. */
#include "gatewayd/core/inquiry.h"
#include <string.h>
#include "gatewayd/core/gateway_out.h"

void inquiry_init(struct inquiry *self, uint32_t poll_s, uint64_t random)
{
	memset(self, 0, sizeof *self);
	self->poll_s = poll_s ? poll_s : INQUIRY_DEFAULT_POLL_S;
	self->random = random;
	self->due_us = self->idle_us = GATEWAY_NEVER;
}

/* SplitMix64: its state may be any number, and every input bit counts at once */
static uint64_t draw(struct inquiry *self)
{
	uint64_t x = self->random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* from three quarters of the interval to five */
static uint64_t interval_us(struct inquiry *self, uint32_t told_s)
{
	uint64_t poll_us = (uint64_t)(told_s ? told_s : self->told_s ? self->told_s : self->poll_s) * 1000000;

	return poll_us / 4 * 3 + (poll_us / 2 * (draw(self) >> 32) >> 32);
}

static bool polls(const struct gateway *self)
{
	return mode_has(&self->modes, MODE_CLIENT);
}

void inquiry_registered(struct gateway *self, uint64_t now_us, bool peer, uint32_t told_s)
{
	struct inquiry *q = &self->inquiry;

	q->peer = peer;
	q->told_s = told_s <= INQUIRY_MAX_POLL_S ? told_s : INQUIRY_MAX_POLL_S;
	if (!polls(self) && q->due_us > now_us)
		q->due_us = GATEWAY_NEVER; /* but one that is due already was asked for by name */
	else if (polls(self) && q->due_us == GATEWAY_NEVER)
		q->due_us = now_us;
}

void inquiry_answered(struct gateway *self, uint64_t now_us, uint32_t told_s)
{
	struct inquiry *q = &self->inquiry;

	if (!q->asked)
		return;
	q->asked = false;
	q->due_us = polls(self) ? now_us + interval_us(q, told_s) : GATEWAY_NEVER;
	self->changed_manager = true;
}

void inquiry_session_lost(struct gateway *self)
{
	struct inquiry *q = &self->inquiry;

	q->asked = false; /* its time has come all the same: asked again in the next session */
	q->peer = false;
	q->idle_us = GATEWAY_NEVER;
}

void inquiry_now(struct gateway *self, uint64_t now_us)
{
	if (!self->inquiry.asked)
		self->inquiry.due_us = now_us;
}

/* something that needs the backend */
static bool needs_backend(const struct gateway *self)
{
	if (self->inquiry.asked || self->reports.n)
		return true;
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];

		if (c->answer_due || c->fetching || c->state == CAMPAIGN_OFFERED || c->state == CAMPAIGN_DOWNLOADING)
			return true;
	}
	return false;
}

/* or soon will: a flash is reported, an inventory registered, what cannot be decoded is fetched again */
static bool busy(const struct gateway *self)
{
	bool works = self->flashing || self->identifying || gateway_is_dirty(self);

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		works = works || self->campaigns[i].work != CAMPAIGN_WORK_NONE;
	return works || needs_backend(self);
}

/* all that is decided here is decided by the vehicle: nobody has to reach it between its checks */
static bool may_rest(const struct gateway *self, uint64_t now_us)
{
	const struct inquiry *q = &self->inquiry;

	return self->session.state == SESSION_UP && q->peer && mode_is_all(&self->modes, MODE_CLIENT) &&
	       q->due_us > now_us + INQUIRY_LINGER_US && !self->stop_wanted && !busy(self);
}

static void ask_if_due(struct gateway *self, uint64_t now_us)
{
	struct inquiry *q = &self->inquiry;

	if (q->asked && now_us >= q->asked_us + INQUIRY_ANSWER_US) {
		q->asked = false;
		session_give_up(&self->session, now_us, GATEWAY_CODE_SESSION_TIMEOUT);
		return;
	}
	if (self->session.state != SESSION_UP || !q->peer || q->asked || now_us < q->due_us)
		return;
	q->asked = true;
	q->asked_us = now_us;
	gateway_send_check(self);
}

void inquiry_advance(struct gateway *self, uint64_t now_us)
{
	struct inquiry *q = &self->inquiry;

	ask_if_due(self, now_us);
	if (self->session.resting && (now_us >= q->due_us || needs_backend(self)))
		session_wake(&self->session, now_us);
	if (!may_rest(self, now_us)) {
		q->idle_us = GATEWAY_NEVER;
		return;
	}
	if (q->idle_us == GATEWAY_NEVER)
		q->idle_us = now_us;
	if (now_us < q->idle_us + INQUIRY_LINGER_US)
		return;
	q->idle_us = GATEWAY_NEVER;
	session_rest(&self->session, q->due_us);
}

uint64_t inquiry_deadline(const struct gateway *self, uint64_t now_us)
{
	const struct inquiry *q = &self->inquiry;
	uint64_t deadline_us = GATEWAY_NEVER;

	if (self->session.state == SESSION_UP && q->peer)
		deadline_us = q->asked ? q->asked_us + INQUIRY_ANSWER_US : q->due_us;
	if (q->idle_us != GATEWAY_NEVER && q->idle_us + INQUIRY_LINGER_US < deadline_us)
		deadline_us = q->idle_us + INQUIRY_LINGER_US;
	return deadline_us > now_us ? deadline_us : now_us + 1;
}
