/* sim_disk - see sim_disk.h. */
#include "tests/scenario/sim_disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void free_transaction(struct sim_transaction *t)
{
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		free(t->campaigns[i]);
	free(t->director);
	free(t->modes);
	free(t->reports);
	free(t);
}

void sim_disk_deinit(struct sim_disk *self)
{
	sim_disk_kill(self, 0);
	for (unsigned i = 0; i < self->n_directors; i++)
		free(self->directors[i]);
}

/* the columns of the tables, nothing else; documents are found again by version and digest */
static struct campaign *row_of(const struct campaign *c)
{
	struct campaign *row = calloc(1, sizeof(*row));

	assert(row);
	memcpy(row->doc.id, c->doc.id, sizeof(row->doc.id));
	row->director_version = c->director_version;
	row->state = c->state;
	row->code = c->code;
	memcpy(row->text, c->text, sizeof(row->text));
	row->answer = c->answer;
	row->proposed_start_unix_s = c->proposed_start_unix_s;
	row->confirmed = c->confirmed;
	row->confirmed_start_unix_s = c->confirmed_start_unix_s;
	row->triggered = c->triggered;
	row->consent_given = c->consent_given;
	row->accepted_unix_s = c->accepted_unix_s;
	row->has_manifest = c->has_manifest;
	row->cancel_wanted = c->cancel_wanted;
	row->answer_code = c->answer_code;
	row->driver_start_unix_s = c->driver_start_unix_s;
	row->end_code = c->end_code;
	memcpy(row->end_text, c->end_text, sizeof(row->end_text));
	row->service = c->service;
	row->n_wakes = c->n_wakes;
	row->wakes_of_unix_s = c->wakes_of_unix_s;
	row->n_targets = c->n_targets;
	for (unsigned i = 0; i < c->n_targets; i++) {
		const struct target *from = &c->targets[i];
		struct target *to = &row->targets[i];

		memcpy(to->doc.ecu, from->doc.ecu, sizeof(to->doc.ecu));
		to->state = from->state;
		to->step = from->step;
		to->step_index = from->step_index;
		to->unit = from->unit;
		to->attempts = from->attempts;
		to->erased = from->erased;
		to->code = from->code;
		to->nrc = from->nrc;
		memcpy(to->text, from->text, sizeof(to->text));
		memcpy(to->old_version, from->old_version, sizeof(to->old_version));
		memcpy(to->new_version, from->new_version, sizeof(to->new_version));
		to->payload_bytes = from->payload_bytes;
		to->duration_ms = from->duration_ms;
		to->transfer_ms = from->transfer_ms;
		to->estimate_ms = from->estimate_ms;
	}
	return row;
}

static void copy_reports(struct sim_transaction *t, const struct gateway *gateway)
{
	uint64_t first = t->dirty.report_first, last = t->dirty.report_last;

	if (!first)
		return;
	t->reports = calloc((size_t)(last - first + 1), sizeof(*t->reports));
	assert(t->reports);
	for (uint64_t n = first; n <= last; n++) {
		const struct report *report = gateway_report(gateway, n);

		if (report)
			t->reports[t->n_reports++] = *report;
	}
}

void sim_disk_store(struct sim_disk *self, uint64_t now_us, const struct gateway *gateway,
		    const struct gateway_output *out, const struct director_doc *director)
{
	struct sim_transaction *t = calloc(1, sizeof(*t));
	uint64_t before_us = self->n_queue ? self->queue[self->n_queue - 1]->due_us : now_us;

	assert(t && self->n_queue < SIM_MAX_STORES);
	t->txn = out->txn;
	t->due_us = (before_us > now_us ? before_us : now_us) + self->latency_us;
	t->dirty = out->dirty;
	memcpy(t->ecus, gateway->ecus, sizeof(t->ecus));
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &gateway->campaigns[i];

		if (c->state == CAMPAIGN_NONE)
			continue;
		memcpy(t->live[i], c->doc.id, sizeof(t->live[i]));
		if (out->dirty.campaigns & 1u << i)
			t->campaigns[i] = row_of(c);
	}
	t->time_floor_unix_s = gateway->time_floor_unix_s;
	parking_encode(&gateway->parking, t->parking);
	t->power = power_used(&gateway->power);
	if (out->dirty.modes) {
		t->modes = malloc(sizeof(*t->modes));
		assert(t->modes);
		*t->modes = gateway->modes;
	}
	t->director_version = gateway->director_version;
	memcpy(t->director_sha256, gateway->director_sha256, sizeof(t->director_sha256));
	if (out->dirty.director) {
		t->director = malloc(sizeof(*t->director));
		assert(t->director);
		*t->director = *director;
		assert(director->version == gateway->director_version);
	}
	copy_reports(t, gateway);
	t->next_sequence = gateway->reports.next_sequence;
	self->queue[self->n_queue++] = t;
	self->n_given++;
}

uint64_t sim_disk_deadline(const struct sim_disk *self)
{
	return self->n_queue ? self->queue[0]->due_us : GATEWAY_NEVER;
}

static struct campaign *row(struct sim_disk *self, const char *id)
{
	struct campaign *unused = NULL;

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (self->campaigns[i].state == CAMPAIGN_NONE)
			unused = &self->campaigns[i];
		else if (!strcmp(self->campaigns[i].doc.id, id))
			return &self->campaigns[i];
	}
	return unused;
}

static void write_campaigns(struct sim_disk *self, const struct sim_transaction *t)
{
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		bool live = false;

		for (unsigned k = 0; k < GATEWAY_MAX_CAMPAIGNS; k++)
			live = live || !strcmp(self->campaigns[i].doc.id, t->live[k]);
		if (self->campaigns[i].state != CAMPAIGN_NONE && !live)
			memset(&self->campaigns[i], 0, sizeof(self->campaigns[i]));
	}
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		struct campaign *to = t->campaigns[i] ? row(self, t->campaigns[i]->doc.id) : NULL;

		if (!t->campaigns[i])
			continue;
		assert(to);
		*to = *t->campaigns[i];
	}
}

static void write_reports(struct sim_disk *self, const struct sim_transaction *t)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < t->n_reports; i++) {
		assert(self->n_reports < REPORT_QUEUE_MAX);
		self->reports[self->n_reports++] = t->reports[i];
	}
	if (t->dirty.report_first)
		self->next_sequence = t->next_sequence;
	for (size_t i = 0; i < self->n_reports; i++)
		if (self->reports[i].sequence > t->dirty.report_acked)
			self->reports[n_kept++] = self->reports[i];
	self->n_reports = n_kept;
}

static void write_transaction(struct sim_disk *self, struct sim_transaction *t)
{
	for (unsigned i = 0; i < GATEWAY_MAX_ECUS; i++) {
		if (!(t->dirty.ecus & 1u << i))
			continue;
		self->ecus[i] = t->ecus[i];
		self->has_ecu[i] = true;
	}
	if (t->dirty.modes)
		self->modes = *t->modes;
	if (t->dirty.time)
		self->time_floor_unix_s = t->time_floor_unix_s;
	if (t->dirty.parking)
		memcpy(self->parking, t->parking, sizeof(self->parking));
	if (t->dirty.power)
		self->power = t->power;
	if (t->dirty.director) {
		self->director_version = t->director_version;
		memcpy(self->director_sha256, t->director_sha256, sizeof(self->director_sha256));
		assert(self->n_directors < SIM_MAX_DIRECTORS);
		self->directors[self->n_directors++] = t->director;
		t->director = NULL;
	}
	if (t->dirty.campaigns || t->dirty.director)
		write_campaigns(self, t);
	write_reports(self, t);
	self->n_durable++;
}

static void commit_first(struct sim_disk *self)
{
	struct sim_transaction *t = self->queue[0];

	write_transaction(self, t);
	free_transaction(t);
	self->n_queue--;
	memmove(self->queue, self->queue + 1, self->n_queue * sizeof(self->queue[0]));
}

bool sim_disk_commit(struct sim_disk *self, uint64_t now_us, uint64_t *txn)
{
	if (!self->n_queue || self->queue[0]->due_us > now_us)
		return false;
	*txn = self->queue[0]->txn;
	commit_first(self);
	return true;
}

void sim_disk_kill(struct sim_disk *self, unsigned n_kept)
{
	for (; n_kept && self->n_queue; n_kept--)
		commit_first(self);
	while (self->n_queue)
		free_transaction(self->queue[--self->n_queue]);
}

/* --- restoring */

static const struct campaign_doc *find_doc(const struct sim_disk *self, uint64_t version, const char *id)
{
	for (unsigned i = 0; i < self->n_directors; i++) {
		const struct director_doc *d = self->directors[i];

		for (unsigned k = 0; d->version == version && k < d->n_campaigns; k++)
			if (!strcmp(d->campaigns[k].id, id))
				return &d->campaigns[k];
	}
	return NULL;
}

static void restore_campaign(const struct sim_disk *self, const struct campaign *stored, struct gateway *gateway,
			     sim_disk_manifest *open_manifest, void *owner)
{
	const struct campaign_doc *doc = find_doc(self, stored->director_version, stored->doc.id);
	struct campaign *c = malloc(sizeof(*c));

	assert(c && doc);
	*c = *stored;
	c->doc = *doc;
	c->has_manifest = stored->has_manifest && open_manifest(owner, &doc->manifest, &c->manifest);
	for (unsigned i = 0; i < c->n_targets; i++) {
		struct target *t = &c->targets[i];

		t->doc = doc->targets[i];
		for (uint8_t k = 0; k < gateway->config.n_ecus; k++)
			if (!strcmp(gateway->config.ecus[k].name, t->doc.ecu))
				t->ecu = k;
		for (uint8_t k = 0; c->has_manifest && k < c->manifest.n_components; k++)
			if (!strcmp(c->manifest.components[k].name, t->doc.component))
				t->component = k;
	}
	gateway_restore_campaign(gateway, c);
	free(c);
}

void sim_disk_restore(const struct sim_disk *self, struct gateway *gateway, sim_disk_manifest *open_manifest,
		      void *owner)
{
	struct parking parking;

	gateway_restore_time(gateway, self->time_floor_unix_s);
	if (parking_decode(&parking, self->parking, sizeof(self->parking)))
		gateway_restore_parking(gateway, &parking);
	gateway_restore_power(gateway, &self->power);
	gateway_restore_modes(gateway, &self->modes);
	for (unsigned i = 0; i < GATEWAY_MAX_ECUS; i++) {
		struct ecu_info ecu = self->ecus[i];

		ecu.present = false;
		if (self->has_ecu[i])
			gateway_restore_ecu(gateway, &ecu);
	}
	if (self->director_version)
		gateway_restore_director(gateway, self->director_version, self->director_sha256);
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		if (self->campaigns[i].state != CAMPAIGN_NONE)
			restore_campaign(self, &self->campaigns[i], gateway, open_manifest, owner);
	for (size_t i = 0; i < self->n_reports; i++)
		gateway_restore_report(gateway, &self->reports[i]);
	gateway_restore_reports_end(gateway, self->next_sequence ? self->next_sequence : 1);
}

const struct target *sim_disk_target(const struct sim_disk *self, const char *ecu)
{
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->campaigns[i];

		if (c->state == CAMPAIGN_NONE || campaign_state_info(c->state)->final)
			continue;
		for (unsigned k = 0; k < c->n_targets; k++)
			if (!strcmp(c->targets[k].doc.ecu, ecu))
				return &c->targets[k];
	}
	return NULL;
}

bool sim_disk_has_report(const struct sim_disk *self, uint64_t sequence)
{
	for (size_t i = 0; i < self->n_reports; i++)
		if (self->reports[i].sequence == sequence)
			return true;
	return false;
}
