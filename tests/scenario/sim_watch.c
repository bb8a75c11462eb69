/* sim_watch - see sim_watch.h. */
#include "tests/scenario/sim_watch.h"

#include <assert.h>
#include <string.h>

void sim_watch_init(struct sim_watch *self, const struct sim_world *world, const struct sim_disk *disk,
		    const uint64_t *unix_base_s)
{
	self->world = world;
	self->disk = disk;
	self->unix_base_s = unix_base_s;
	self->tolerance_us = SIM_S;
	self->used_us = self->moving_us = self->low_us = self->revoked_us = SIM_NEVER;
}

void sim_watch_open(struct sim_watch *self, uint64_t from_s, uint64_t to_s)
{
	assert(self->n_open < SIM_MAX_OPEN);
	self->open[self->n_open].from_s = from_s;
	self->open[self->n_open++].to_s = to_s;
}

static void since(uint64_t *since_us, bool holds, uint64_t now_us)
{
	if (!holds)
		*since_us = SIM_NEVER;
	else if (*since_us == SIM_NEVER)
		*since_us = now_us;
}

/* the durable row that says that the ECU is to be erased; NULL */
static const struct campaign *campaign_of(const struct sim_watch *self, unsigned ecu)
{
	const char name[] = {'e', 'c', 'u', (char)('0' + ecu), 0};

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->disk->campaigns[i];

		for (unsigned k = 0; c->state != CAMPAIGN_NONE && k < c->n_targets; k++)
			if (c->targets[k].erased && !strcmp(c->targets[k].doc.ecu, name))
				return c;
	}
	return NULL;
}

void sim_watch_turn(struct sim_watch *self)
{
	const struct vehicle_core *v = &self->world->vehicle;
	const uint64_t now_us = self->world->now_us;

	since(&self->used_us, vehicle_core_get(v, VEHICLE_CORE_IGNITION) > VEHICLE_CORE_OFF, now_us);
	since(&self->moving_us, vehicle_core_get(v, VEHICLE_CORE_SPEED_KMH) > 0, now_us);
	since(&self->low_us, vehicle_core_get(v, VEHICLE_CORE_BATTERY_MV) < (double)self->min_battery_mv, now_us);
	if (self->disk->n_durable == self->n_durable)
		return;
	self->n_durable = self->disk->n_durable;
	for (unsigned i = 0; self->unfinished && i < self->world->n_ecus; i++)
		if (!campaign_of(self, i))
			self->unfinished &= ~(1u << i);
	if (self->disk->director_version != self->revoked_version) {
		self->revoked_version = self->disk->director_version;
		self->revoked_us = now_us;
	}
}

/* the durable document's campaign; NULL */
static const struct campaign_doc *doc_of(const struct sim_watch *self, const char *id)
{
	for (unsigned i = 0; i < self->disk->n_directors; i++) {
		const struct director_doc *doc = self->disk->directors[i];

		for (unsigned k = 0; doc->version == self->disk->director_version && k < doc->n_campaigns; k++)
			if (!strcmp(doc->campaigns[k].id, id))
				return &doc->campaigns[k];
	}
	return NULL;
}

static bool lasted(const struct sim_watch *self, uint64_t since_us)
{
	return since_us != SIM_NEVER && self->world->now_us - since_us > self->tolerance_us;
}

static bool is_open(const struct sim_watch *self, const struct campaign_doc *doc, uint64_t unix_s)
{
	bool open = !self->n_open;

	for (unsigned i = 0; i < self->n_open; i++)
		open = open || (unix_s >= self->open[i].from_s && unix_s < self->open[i].to_s);
	return open && (!doc || (unix_s >= doc->window_start_unix_s && unix_s < doc->window_end_unix_s));
}

/* it has erased an ECU before: then it is brought to its end */
static bool was_begun(const struct sim_watch *self, const char *campaign)
{
	for (unsigned i = 0; i + 1 < self->n_erases; i++)
		if (!strcmp(self->erases[i].campaign, campaign))
			return true;
	return false;
}

void sim_watch_erased(struct sim_watch *self, unsigned ecu)
{
	const struct campaign *c = campaign_of(self, ecu);
	const struct campaign_doc *doc = c ? doc_of(self, c->doc.id) : NULL;
	struct sim_erase *e = &self->erases[self->n_erases];

	sim_watch_turn(self);
	if (self->unfinished & 1u << ecu) {
		self->n_recoveries++;
		return;
	}
	self->unfinished |= 1u << ecu;
	self->n_erases++;
	assert(self->n_erases <= SIM_MAX_ERASES);
	e->at_us = self->world->now_us;
	e->unix_s = *self->unix_base_s + e->at_us / SIM_S;
	e->ecu = ecu;
	if (c)
		memcpy(e->campaign, c->doc.id, sizeof(e->campaign));
	else
		e->wrong |= SIM_WRONG_UNASKED;
	if (!self->any_ignition && !(self->finished & 1u << ecu) && lasted(self, self->used_us))
		e->wrong |= SIM_WRONG_USED;
	if (lasted(self, self->moving_us))
		e->wrong |= SIM_WRONG_MOVING;
	if (lasted(self, self->low_us))
		e->wrong |= SIM_WRONG_BATTERY;
	if (!self->told_time)
		e->wrong |= SIM_WRONG_TIME;
	if (!is_open(self, doc, e->unix_s))
		e->wrong |= SIM_WRONG_WINDOW;
	if (c && !doc && !was_begun(self, c->doc.id) && lasted(self, self->revoked_us))
		e->wrong |= SIM_WRONG_REVOKED;
	self->wrong |= e->wrong;
}

const char *sim_wrong_name(unsigned wrong)
{
	static const char *const names[] = {
	    "no campaign asked for it", "the ignition was on",    "the vehicle moved", "the battery was low",
	    "the time was not known",   "outside of the windows", "it was revoked",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (wrong & 1u << i)
			return names[i];
	return "nothing";
}
