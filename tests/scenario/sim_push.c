/* sim_push - see sim_push.h. */
#include "tests/scenario/sim_io.h"

#include <string.h>

void sim_push_reset(struct sim_push *self)
{
	self->left = self->credit;
	self->n_held = 0;
}

bool sim_push_is_expected(const struct sim_io *io, uint8_t campaign)
{
	return io->backend->pushes && io->push.left && io->gateway->campaigns[campaign].doc.mode == MODE_SERVER;
}

static bool names(struct sim_io *io, const struct file_ref *ref, const struct sim_message *chunk)
{
	const struct sim_file *f;

	if (memcmp(ref->sha256, chunk->sha256, 32) != 0)
		return false;
	for (unsigned i = 0; i < io->n_files; i++) {
		f = &io->files[i];
		if (!memcmp(f->ref.sha256, ref->sha256, 32))
			return f->n_held < f->ref.length;
	}
	return true;
}

/* a server-initiated campaign on its way to its files names it, and it is not there */
static bool is_wanted(struct sim_io *io, const struct sim_message *chunk)
{
	struct file_ref file;

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &io->gateway->campaigns[i];

		if (c->doc.mode != MODE_SERVER || (c->state != CAMPAIGN_OFFERED && c->state != CAMPAIGN_DOWNLOADING))
			continue;
		if (names(io, &c->doc.manifest, chunk))
			return true;
		for (size_t k = 0; c->has_manifest && campaign_file(c, k, &file); k++)
			if (names(io, &file, chunk))
				return true;
	}
	return false;
}

void sim_push_hold(struct sim_io *io, const struct sim_message *chunk)
{
	struct sim_push *self = &io->push;

	if (chunk->n > self->left || self->n_held == SIM_MAX_PUSHED || !is_wanted(io, chunk)) {
		self->n_unwanted++;
		return;
	}
	self->left -= chunk->n;
	self->held[self->n_held] = *chunk;
	self->held[self->n_held++].at_us = io->world->now_us;
}

static void drop_first(struct sim_push *self)
{
	self->n_held--;
	memmove(self->held, self->held + 1, self->n_held * sizeof(self->held[0]));
}

bool sim_push_take(struct sim_io *io, const uint8_t sha256[32], struct sim_message *chunk)
{
	struct sim_push *self = &io->push;

	if (!self->n_held || memcmp(self->held[0].sha256, sha256, 32) != 0)
		return false;
	*chunk = self->held[0];
	drop_first(self);
	self->n_taken++;
	return true;
}

void sim_push_expire(struct sim_io *io)
{
	while (io->push.n_held && io->push.held[0].at_us + SIM_PUSH_HELD_US <= io->world->now_us)
		drop_first(&io->push);
}
