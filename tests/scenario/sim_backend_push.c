/*
 * The files of server-initiated campaigns, sent unasked within the credit that the vehicle grants: the manifest behind
 * the document, the others once the vehicle reports that it downloads. See docs/protocol.md, Files.
 */
#include "tests/scenario/sim_backend.h"

#include <assert.h>
#include <string.h>

static const struct sim_blob *find(const struct sim_backend *self, const uint8_t sha256[32])
{
	for (unsigned i = 0; i < self->n_blobs; i++)
		if (!memcmp(self->blobs[i].ref.sha256, sha256, 32))
			return &self->blobs[i];
	return NULL;
}

static void add(struct sim_backend *self, const struct file_ref *file)
{
	const struct sim_blob *blob = find(self, file->sha256);

	for (unsigned i = 0; i < self->push.n; i++)
		if (self->push.files[i] == blob)
			return;
	if (blob && self->push.n < SIM_MAX_BLOBS)
		self->push.files[self->push.n++] = blob;
}

static bool is_reported(const struct sim_backend *self, const char *campaign)
{
	for (unsigned i = 0; i < self->n_ledger; i++)
		if (!strcmp(self->ledger[i].campaign_id, campaign))
			return true;
	return false;
}

void sim_backend_push_offer(struct sim_backend *self)
{
	for (unsigned i = 0; self->push.granted && i < self->director.n_campaigns; i++) {
		const struct campaign_doc *c = &self->director.campaigns[i];

		if (c->mode == MODE_SERVER && !is_reported(self, c->id))
			add(self, &c->manifest);
	}
	sim_backend_push_next(self);
}

static void plan(struct sim_backend *self, const struct campaign_doc *c)
{
	const struct sim_blob *blob = find(self, c->manifest.sha256);
	const struct manifest_doc *manifest;
	size_t n;

	assert(blob);
	manifest = (const struct manifest_doc *)blob->bytes;
	n = (blob->ref.length - offsetof(struct manifest_doc, components)) / sizeof(manifest->components[0]);
	for (unsigned i = 0; i < c->n_targets; i++)
		for (size_t k = 0; k < n; k++) {
			if (strcmp(manifest->components[k].name, c->targets[i].component) != 0)
				continue;
			add(self, &manifest->components[k].profile);
			for (unsigned u = 0; u < manifest->components[k].n_units; u++)
				add(self, &manifest->components[k].units[u].image);
			if (c->targets[i].rollback.length)
				add(self, &c->targets[i].rollback);
		}
}

void sim_backend_push_report(struct sim_backend *self, const struct report *report)
{
	if (!self->push.granted || report->ecu[0] || report->code || report->campaign_state != CAMPAIGN_DOWNLOADING)
		return;
	for (unsigned i = 0; i < self->director.n_campaigns; i++)
		if (!strcmp(self->director.campaigns[i].id, report->campaign_id) &&
		    self->director.campaigns[i].mode == MODE_SERVER)
			plan(self, &self->director.campaigns[i]);
	sim_backend_push_next(self);
}

static bool go_on_behind(struct sim_backend *self, const struct sim_blob *blob)
{
	for (unsigned i = 0; i < self->push.n; i++)
		if (self->push.files[i] == blob) {
			self->push.next = i + 1;
			return true;
		}
	return false;
}

void sim_backend_push_requested(struct sim_backend *self, const struct sim_blob *blob)
{
	if (!self->push.granted)
		return;
	self->push.left = self->push.granted;
	/* where the vehicle says that it is: what follows in its order it lacks as well */
	if (go_on_behind(self, blob))
		return;
	self->push.n = self->push.next = 0;
	for (unsigned i = 0; i < self->director.n_campaigns; i++)
		if (self->director.campaigns[i].mode == MODE_SERVER &&
		    is_reported(self, self->director.campaigns[i].id))
			plan(self, &self->director.campaigns[i]);
	if (!go_on_behind(self, blob))
		self->push.n = self->push.next = 0;
}

void sim_backend_push_next(struct sim_backend *self)
{
	if (self->stream || !self->push.left || self->push.next == self->push.n)
		return;
	self->stream = self->push.files[self->push.next++];
	self->stream_offset = 0;
	self->stream_end = self->stream->ref.length < self->push.left ? self->stream->ref.length : self->push.left;
	self->stream_pushed = true;
	self->stream_next_us = self->world->now_us;
	self->push.n_pushed++;
}
