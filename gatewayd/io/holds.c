#include "gatewayd/io/holds.h"

#include <errno.h>
#include <stdlib.h>

#define RELEASES   3u   /* one may be lost */
#define RELEASE_MS 500u /* the longest between two */

struct hold {
	struct holds *holds;
	const struct config_frame *frame;
	uv_timer_t timer;
	bool on;
	uint8_t releases; /* still to be sent */
};

struct holds {
	struct flasher *flasher;
	struct hold holds[POWER_HOLDS];
	unsigned n_open; /* timers */
};

int holds_new(uv_loop_t *loop, const struct config *config, struct flasher *flasher, struct holds **holds)
{
	struct holds *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	self->flasher = flasher;
	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		self->holds[i].holds = self;
		self->holds[i].frame = &config->frames[i];
		uv_timer_init(loop, &self->holds[i].timer);
		self->holds[i].timer.data = &self->holds[i];
		self->n_open++;
	}
	*holds = self;
	return 0;
}

static void on_cycle(uv_timer_t *timer)
{
	struct hold *self = timer->data;
	const struct config_frame *frame = self->frame;
	bool sent = flasher_send(self->holds->flasher, frame->bus, self->on ? &frame->ask : &frame->release);

	if (self->on || (!sent && self->releases == RELEASES))
		return;
	self->releases--;
	if (!self->releases)
		uv_timer_stop(timer);
}

void holds_order(struct holds *self, const struct power_order *order)
{
	struct hold *hold = &self->holds[order->hold];
	uint64_t cycle_ms;

	if (!hold->frame->configured)
		return;
	uv_timer_stop(&hold->timer);
	hold->on = order->on;
	hold->releases = RELEASES;
	if (!order->on && !hold->frame->release.len)
		return;
	cycle_ms = order->on || hold->frame->cycle_ms < RELEASE_MS ? hold->frame->cycle_ms : RELEASE_MS;
	uv_timer_start(&hold->timer, on_cycle, cycle_ms, cycle_ms);
	on_cycle(&hold->timer);
}

bool holds_releasing(const struct holds *self)
{
	for (unsigned i = 0; i < POWER_HOLDS; i++) {
		const struct hold *hold = &self->holds[i];

		if (!hold->on && hold->releases > 0 && hold->releases < RELEASES)
			return true;
	}
	return false;
}

static void on_closed(uv_handle_t *handle)
{
	struct hold *hold = handle->data;
	struct holds *self = hold->holds;

	self->n_open--;
	if (!self->n_open)
		free(self);
}

void holds_free(struct holds *self)
{
	if (!self)
		return;
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		uv_close((uv_handle_t *)&self->holds[i].timer, on_closed);
}
