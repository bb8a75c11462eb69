/* The bus: quiet once, its runs side by side, loud again on every way out. The bus steps are in flash_bus_steps.c. */
#include "ecu-flash/flash_bus_priv.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void flash_bus_init(struct flash_bus *self, struct can_node *node, uint8_t max_parallel)
{
	assert(max_parallel >= 1 && max_parallel <= FLASH_BUS_MAX_TARGETS);
	memset(self, 0, sizeof(*self));
	self->node = node;
	self->max_parallel = max_parallel;
	self->state = BUS_NEW;
	self->deadline_us = UDS_NEVER;
}

/* a classic ECU does not hear the CAN FD frame of the same identifier, nor one ECU the address byte of another */
static bool same_address(const struct can_node_functional *a, const struct can_node_functional *b)
{
	return a->id == b->id && a->extended_id == b->extended_id && a->fd == b->fd &&
	       a->has_address == b->has_address && (!a->has_address || a->address == b->address);
}

static bool add_address(struct flash_bus *self, const struct can_node_functional *address)
{
	for (uint8_t i = 0; i < self->n_addresses; i++)
		if (same_address(&self->addresses[i], address))
			return true;
	if (self->n_addresses == CAN_NODE_MAX_FUNCTIONAL)
		return false;
	self->addresses[self->n_addresses++] = *address;
	return true;
}

int flash_bus_add(struct flash_bus *self, struct flash_run *run)
{
	if (self->n_runs == FLASH_BUS_MAX_TARGETS)
		return 1;
	if (run->job.kind == FLASH_JOB_FLASH && !add_address(self, &run->job.profile->functional))
		return 1;
	self->runs[self->n_runs++] = run;
	return 0;
}

/* ---- events ---- */

void flash_bus_push(struct flash_bus *self, enum flash_bus_event_kind kind, const char *text)
{
	struct flash_bus_event *event;
	/* QUIET, LOUD and FINISHED find room always; steps merely tell */
	uint8_t room = kind == FLASH_BUS_EVENT_STEP ? BUS_MAX_EVENTS - 3u : BUS_MAX_EVENTS;

	if (self->event_n >= room)
		return;
	event = &self->events[(self->event_head + self->event_n) % BUS_MAX_EVENTS];
	*event = (struct flash_bus_event){.kind = kind,
					  .step = kind == FLASH_BUS_EVENT_STEP ? flash_bus_step_at(self) : NULL};
	snprintf(event->text, sizeof(event->text), "%.63s", text);
	self->event_n++;
}

static bool pop_own(struct flash_bus *self, struct flash_bus_event *event)
{
	if (!self->event_n)
		return false;
	*event = self->events[self->event_head];
	self->event_head = (uint8_t)((self->event_head + 1u) % BUS_MAX_EVENTS);
	self->event_n--;
	return true;
}

static bool pop_target(struct flash_bus *self, struct flash_bus_event *event)
{
	for (uint8_t k = 0; k < self->n_runs; k++) {
		uint8_t i = (uint8_t)(self->turn++ % self->n_runs);
		struct flash_event inner;

		self->turn = (uint8_t)(self->turn % self->n_runs);
		if (!flash_run_pop_event(self->runs[i], &inner))
			continue;
		*event = (struct flash_bus_event){.kind = FLASH_BUS_EVENT_TARGET, .target = i, .event = inner};
		return true;
	}
	return false;
}

bool flash_bus_pop_event(struct flash_bus *self, struct flash_bus_event *event)
{
	/* QUIET comes before what the runs say, LOUD and FINISHED after it */
	if (self->state == BUS_NEW || self->state == BUS_BEFORE || self->state == BUS_RUNNING)
		return pop_own(self, event) || pop_target(self, event);
	return pop_target(self, event) || pop_own(self, event);
}

/* ---- the phases ---- */

static bool any_flash(const struct flash_bus *self)
{
	for (uint8_t i = 0; i < self->n_runs; i++)
		if (self->runs[i]->job.kind == FLASH_JOB_FLASH)
			return true;
	return false;
}

static bool any_erased(const struct flash_bus *self)
{
	for (uint8_t i = 0; i < self->n_runs; i++)
		if (flash_run_erased(self->runs[i]))
			return true;
	return false;
}

bool flash_bus_all_over(const struct flash_bus *self)
{
	for (uint8_t i = 0; i < self->n_runs; i++)
		if (!flash_run_finished(self->runs[i]))
			return false;
	return true;
}

void flash_bus_finish(struct flash_bus *self, uint64_t now_us)
{
	can_node_tester_present(self->node, now_us, NULL, 0, 0);
	if (self->quiet_sent)
		flash_bus_push(self, FLASH_BUS_EVENT_LOUD,
			       self->loud_unsent ? "not told to be as before; its ECUs end that by themselves (S3)"
						 : "");
	self->state = BUS_FINISHED;
	self->deadline_us = UDS_NEVER;
	flash_bus_push(self, FLASH_BUS_EVENT_FINISHED, "");
}

static void begin_after(struct flash_bus *self, uint64_t now_us)
{
	if (!self->quiet_sent) {
		flash_bus_finish(self, now_us);
		return;
	}
	self->state = BUS_AFTER;
	self->step = 0;
	flash_bus_step_begin(self, now_us);
}

void flash_bus_begin_running(struct flash_bus *self, uint64_t now_us)
{
	if (flash_bus_all_over(self)) {
		begin_after(self, now_us);
		return;
	}
	if (self->quiet_sent)
		flash_bus_push(self, FLASH_BUS_EVENT_QUIET, "");
	self->state = BUS_RUNNING;
	self->deadline_us = UDS_NEVER;
}

void flash_bus_start(struct flash_bus *self, uint64_t now_us)
{
	const struct profile *p;

	if (self->state != BUS_NEW)
		return;
	if (!self->n_runs) {
		self->state = BUS_FINISHED;
		flash_bus_push(self, FLASH_BUS_EVENT_FINISHED, "");
		return;
	}
	self->n_foreign = self->node->n_foreign;
	if (!any_flash(self)) {
		flash_bus_begin_running(self, now_us);
		flash_bus_advance(self, now_us);
		return;
	}
	p = flash_bus_profile(self);
	can_node_tester_present(self->node, now_us, self->addresses, self->n_addresses, p->timing.s3_client_us);
	self->state = BUS_BEFORE;
	self->step = 0;
	flash_bus_step_begin(self, now_us);
}

static void start_more(struct flash_bus *self, uint64_t now_us)
{
	uint8_t running = 0;

	for (uint8_t i = 0; i < self->n_runs; i++)
		if (flash_run_started(self->runs[i]) && !flash_run_finished(self->runs[i]))
			running++;
	for (uint8_t i = 0; i < self->n_runs && running < self->max_parallel; i++) {
		if (flash_run_started(self->runs[i]))
			continue;
		flash_run_start(self->runs[i], now_us);
		if (!flash_run_finished(self->runs[i]))
			running++;
	}
}

/* true if another target than @i still has work to do, so that the bus has to stay quiet */
static bool others_busy(const struct flash_bus *self, uint8_t i)
{
	for (uint8_t k = 0; k < self->n_runs; k++)
		if (k != i && !flash_run_finished(self->runs[k]) && self->runs[k]->job.kind == FLASH_JOB_FLASH)
			return true;
	return false;
}

static void advance_runs(struct flash_bus *self, uint64_t now_us)
{
	for (uint8_t i = 0; i < self->n_runs; i++) {
		struct flash_run *run = self->runs[i];
		struct uds_event ignored;

		run->quiet_again = self->quiet_sent && others_busy(self, i);
		run->quiet_profile = flash_bus_profile(self);
		if (flash_run_started(run) && !flash_run_finished(run)) {
			flash_run_advance(run, now_us);
			continue;
		}
		while (uds_channel_pop_event(run->channel, &ignored))
			;
	}
	start_more(self, now_us);
	if (flash_bus_all_over(self))
		begin_after(self, now_us);
}

static void watch_for_testers(struct flash_bus *self, uint64_t now_us)
{
	if (self->stop_wanted || self->node->n_foreign == self->n_foreign || any_erased(self))
		return;
	self->stop_wanted = true;
	for (uint8_t i = 0; i < self->n_runs; i++)
		if (!self->runs[i]->job.recovery)
			flash_run_stop_because(self->runs[i], now_us, FLASH_FOREIGN_TESTER);
}

void flash_bus_advance(struct flash_bus *self, uint64_t now_us)
{
	if (self->state == BUS_BEFORE || self->state == BUS_RUNNING)
		watch_for_testers(self, now_us);
	switch ((enum bus_state)self->state) {
	case BUS_BEFORE:
	case BUS_AFTER:
		flash_bus_step_advance(self, now_us);
		break;
	case BUS_RUNNING:
		advance_runs(self, now_us);
		break;
	case BUS_NEW:
	case BUS_FINISHED:
		break;
	}
	/* the first runs begin in the same call in which the bus becomes quiet */
	if (self->state == BUS_RUNNING)
		start_more(self, now_us);
}

uint64_t flash_bus_deadline(const struct flash_bus *self)
{
	uint64_t deadline_us = self->deadline_us;

	if (self->state != BUS_RUNNING)
		return deadline_us;
	for (uint8_t i = 0; i < self->n_runs; i++) {
		uint64_t run_us = flash_run_deadline(self->runs[i]);

		if (run_us < deadline_us)
			deadline_us = run_us;
	}
	return deadline_us;
}

void flash_bus_stop(struct flash_bus *self, uint64_t now_us)
{
	if (self->state != BUS_NEW && self->state != BUS_BEFORE && self->state != BUS_RUNNING)
		return;
	self->stop_wanted = true;
	for (uint8_t i = 0; i < self->n_runs; i++)
		flash_run_stop(self->runs[i], now_us);
	if (self->state == BUS_NEW)
		begin_after(self, now_us);
	else
		flash_bus_advance(self, now_us);
}

void flash_bus_stop_target(struct flash_bus *self, uint8_t target, uint64_t now_us)
{
	if (target >= self->n_runs || (self->state != BUS_BEFORE && self->state != BUS_RUNNING))
		return;
	flash_run_stop(self->runs[target], now_us);
	flash_bus_advance(self, now_us);
}

bool flash_bus_finished(const struct flash_bus *self)
{
	return self->state == BUS_FINISHED;
}
