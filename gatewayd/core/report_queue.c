/* report_queue - see report_queue.h. */
#include "gatewayd/core/report_queue.h"
#include <string.h>

static struct report *at(struct report_queue *self, unsigned i)
{
	return &self->items[(self->head + i) % REPORT_QUEUE_MAX];
}

static const struct report *at_const(const struct report_queue *self, unsigned i)
{
	return &self->items[(self->head + i) % REPORT_QUEUE_MAX];
}

/* tells of the way, not of its end: what comes later says more */
static bool gives_way(const struct report *report)
{
	if (report->campaign_state != CAMPAIGN_NONE && campaign_state_info(report->campaign_state)->final)
		return false;
	return report->target_state != TARGET_VERIFIED && report->target_state != TARGET_FAILED &&
	       report->target_state != TARGET_RESTORED;
}

static void remove_at(struct report_queue *self, unsigned i)
{
	for (; i + 1u < self->n; i++)
		*at(self, i) = *at_const(self, i + 1u);
	self->n--;
}

/* Return: false if there is none */
static bool make_room(struct report_queue *self)
{
	if (self->n < REPORT_QUEUE_MAX)
		return true;
	for (unsigned i = 0; i < self->n; i++) {
		if (!gives_way(at_const(self, i)))
			continue;
		remove_at(self, i);
		return true;
	}
	return false;
}

void report_queue_init(struct report_queue *self)
{
	memset(self, 0, sizeof *self);
	self->next_sequence = 1;
}

uint64_t report_queue_append(struct report_queue *self, struct report *report)
{
	if (!make_room(self))
		return 0;
	report->sequence = self->next_sequence++;
	*at(self, self->n) = *report;
	self->n++;
	return report->sequence;
}

void report_queue_restore(struct report_queue *self, const struct report *report)
{
	if (report->sequence >= self->next_sequence)
		self->next_sequence = report->sequence + 1;
	report_queue_stored(self, report->sequence);
	if (!make_room(self))
		return;
	*at(self, self->n) = *report;
	self->n++;
}

/* the place of that number, 0: a free one; NULL */
static struct report_rxswin *rxswin_at(struct report_queue *self, uint64_t sequence)
{
	for (unsigned i = 0; i < REPORT_RXSWIN_MAX; i++) {
		if (self->rxswin[i].sequence == sequence)
			return &self->rxswin[i];
	}
	return NULL;
}

void report_queue_add_rxswin(struct report_queue *self, uint64_t sequence, bool after, const struct rxswin_doc *rxswin)
{
	struct report_rxswin *to = rxswin_at(self, sequence);

	if (!sequence || !report_queue_find(self, sequence))
		return;
	to = to ? to : rxswin_at(self, 0);
	if (!to || (after ? to->n_after : to->n_before) >= GATEWAY_MAX_RXSWIN)
		return; /* there were never more */
	to->sequence = sequence;
	if (after)
		to->after[to->n_after++] = *rxswin;
	else
		to->before[to->n_before++] = *rxswin;
}

const struct report_rxswin *report_queue_rxswin(const struct report_queue *self, uint64_t sequence)
{
	for (unsigned i = 0; sequence && i < REPORT_RXSWIN_MAX; i++) {
		if (self->rxswin[i].sequence == sequence)
			return &self->rxswin[i];
	}
	return NULL;
}

void report_queue_stored(struct report_queue *self, uint64_t sequence)
{
	if (sequence > self->durable)
		self->durable = sequence;
}

void report_queue_session(struct report_queue *self)
{
	self->sent = 0;
}

const struct report *report_queue_next(struct report_queue *self)
{
	unsigned outstanding = 0;

	for (unsigned i = 0; i < self->n; i++) {
		const struct report *report = at_const(self, i);

		if (report->sequence <= self->sent) {
			outstanding++;
			continue;
		}
		if (outstanding >= REPORT_QUEUE_WINDOW || report->sequence > self->durable)
			return NULL;
		self->sent = report->sequence;
		return report;
	}
	return NULL;
}

bool report_queue_ack(struct report_queue *self, uint64_t sequence)
{
	bool removed = false;

	/* what was never stored cannot have been received: such a number is not ours */
	if (sequence > self->durable)
		return false;
	while (self->n && at_const(self, 0)->sequence <= sequence) {
		self->head = (uint16_t)((self->head + 1u) % REPORT_QUEUE_MAX);
		self->n--;
		removed = true;
	}
	for (unsigned i = 0; i < REPORT_RXSWIN_MAX; i++) {
		if (self->rxswin[i].sequence && self->rxswin[i].sequence <= sequence)
			memset(&self->rxswin[i], 0, sizeof self->rxswin[i]);
	}
	return removed;
}

const struct report *report_queue_find(const struct report_queue *self, uint64_t sequence)
{
	for (unsigned i = 0; i < self->n; i++) {
		if (at_const(self, i)->sequence == sequence)
			return at_const(self, i);
	}
	return NULL;
}
