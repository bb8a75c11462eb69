/* sim - see sim.h. */
#include "tests/scenario/sim.h"

#include <inttypes.h>
#include <time.h>

#define DEFAULT_SEED UINT64_C(20240601)

static uint64_t or_else(uint64_t value, uint64_t otherwise)
{
	return value ? value : otherwise;
}

uint64_t sim_seed(void)
{
	const char *text = getenv("SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : DEFAULT_SEED;
	static bool told;

	if (!told)
		printf("# SEED=%" PRIu64 "\n", seed);
	told = true;
	return seed;
}

/* --- the firmware */

static void make_image(struct sim *self, unsigned ecu)
{
	uint64_t random = self->options.seed * 31 + ecu;
	uint32_t n = ecu == 0 ? self->options.image_bytes : self->options.image_bytes / 4 * 3;

	for (uint32_t i = 0; i < n; i++)
		self->image[ecu][i] = (uint8_t)sim_random(&random);
	memset(self->image[ecu] + SIM_VERSION_OFFSET, 0, 16);
	snprintf((char *)self->image[ecu] + SIM_VERSION_OFFSET, 16, "2.0-%u", ecu);
	if (ecu > 0) { /* from the middle on it lies a sector and a bit higher */
		uint32_t half = n / 2;

		self->gap_at[ecu] = half;
		self->gap_end[ecu] = (half / SIM_SECTOR_BYTES + 2) * SIM_SECTOR_BYTES;
		memmove(self->image[ecu] + self->gap_end[ecu], self->image[ecu] + half, n - half);
		n += self->gap_end[ecu] - half;
	}
	self->image_n[ecu] = n;
}

static size_t hex_record(char *to, uint8_t type, uint16_t address, const uint8_t *bytes, uint8_t n)
{
	uint8_t sum = (uint8_t)(n + type + (address >> 8) + address);
	size_t length = (size_t)sprintf(to, ":%02X%04X%02X", n, address, type);

	for (uint8_t i = 0; i < n; i++) {
		sum = (uint8_t)(sum + bytes[i]);
		length += (size_t)sprintf(to + length, "%02X", bytes[i]);
	}
	return length + (size_t)sprintf(to + length, "%02X\n", (uint8_t)-sum);
}

/* the bytes from @from to @to of the image, which lie within one 64 KiB page */
static size_t hex_lines(const struct sim *self, unsigned ecu, uint32_t from, uint32_t to, char *text)
{
	size_t length = 0;

	for (uint32_t i = from; i < to; i += 32)
		length += hex_record(text + length, 0, (uint16_t)(SIM_MEMORY_BASE + i), &self->image[ecu][i],
				     (uint8_t)(to - i < 32 ? to - i : 32));
	return length;
}

/* Intel HEX, with an address record before each page and each segment */
static size_t hex_of(const struct sim *self, unsigned ecu, char *text)
{
	uint32_t i = 0, end;
	size_t length = 0;

	while (i < self->image_n[ecu]) {
		uint32_t page = (SIM_MEMORY_BASE + i) >> 16;
		const uint8_t upper[2] = {(uint8_t)(page >> 8), (uint8_t)page};

		end = ((page + 1) << 16) - SIM_MEMORY_BASE;
		if (i < self->gap_at[ecu] && end > self->gap_at[ecu])
			end = self->gap_at[ecu];
		if (end > self->image_n[ecu])
			end = self->image_n[ecu];
		length += hex_record(text + length, 4, 0, upper, 2);
		length += hex_lines(self, ecu, i, end, text + length);
		i = end == self->gap_at[ecu] ? self->gap_end[ecu] : end;
	}
	return length + hex_record(text + length, 1, 0, NULL, 0);
}

static void add_component(struct sim *self, struct manifest_doc *manifest, unsigned ecu)
{
	struct component_doc *c = &manifest->components[ecu];
	struct unit_doc *unit = &c->units[0];

	snprintf(c->name, sizeof(c->name), "ecu%u-app", ecu);
	snprintf(c->hardware_ids[0], sizeof(c->hardware_ids[0]), "HW-%u", ecu);
	c->n_hardware_ids = 1;
	sim_world_profile(ecu, &self->profile);
	if (self->options.held & 1u << ecu)
		self->profile.supply = PROFILE_SUPPLY_KL15_HELD;
	if (self->options.finished & 1u << ecu)
		c->driver_return = DRIVER_RETURN_FINISH_INHIBITED;
	c->profile = sim_backend_add_blob(&self->backend, &self->profile, sizeof(self->profile));
	c->n_units = 1;
	snprintf(unit->expected_version, sizeof(unit->expected_version), "2.0-%u", ecu);
	unit->base_address = SIM_MEMORY_BASE;
	c->n_conditions = 2;
	c->conditions[0].kind = CONDITION_IGNITION_OFF;
	c->conditions[1].kind = CONDITION_STANDSTILL;
	if (self->options.functions) {
		c->n_functions_lost = 1;
		snprintf(c->functions_lost[0], sizeof(c->functions_lost[0]), "function %u", ecu);
	}
	make_image(self, ecu);
	if (ecu == 0) {
		unit->format = IMAGE_RAW;
		unit->image = sim_backend_add_blob(&self->backend, self->image[ecu], self->image_n[ecu]);
	} else {
		char *text = malloc(4 * (size_t)self->image_n[ecu] + 1000);
		size_t n = text ? hex_of(self, ecu, text) : 0;

		unit->format = IMAGE_IHEX;
		unit->image = sim_backend_add_blob(&self->backend, text, n);
		free(text);
	}
}

static void add_campaign(struct sim *self)
{
	struct manifest_doc *manifest = calloc(1, sizeof(*manifest));
	struct campaign_doc *c = &self->backend.director.campaigns[0];

	assert_non_null(manifest);
	snprintf(manifest->id, sizeof(manifest->id), "release-2");
	snprintf(c->id, sizeof(c->id), SIM_CAMPAIGN);
	c->mode = self->options.mode;
	c->urgency = URGENCY_NORMAL;
	c->window_start_unix_s = sim_backend_unix_s(&self->backend) + self->options.window_start_s;
	c->window_end_unix_s = c->window_start_unix_s + self->options.window_length_s;
	c->consent_required = self->options.consent;
	c->n_conditions = 1;
	c->conditions[0] = (struct condition){CONDITION_BATTERY_MIN_MV, 11500};
	for (unsigned i = 0; i < self->options.n_ecus; i++) {
		struct target_doc *t = &c->targets[c->n_targets++];

		snprintf(t->ecu, sizeof(t->ecu), "ecu%u", i);
		snprintf(t->hardware_id, sizeof(t->hardware_id), "HW-%u", i);
		snprintf(t->serial_number, sizeof(t->serial_number), "SN-%u", i);
		snprintf(t->component, sizeof(t->component), "ecu%u-app", i);
		add_component(self, manifest, i);
	}
	c->manifest = sim_backend_add_blob(&self->backend, manifest,
					   offsetof(struct manifest_doc, components) +
					       c->n_targets * sizeof(manifest->components[0]));
	free(manifest);
	self->backend.director.n_campaigns = 1;
	sim_backend_publish(&self->backend);
}

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct sim *sim_new(const struct sim_options *options)
{
	struct sim *self = calloc(1, sizeof(*self));
	struct gateway_config *config = calloc(1, sizeof(*config));
	struct sim_options *o;

	assert_non_null(self);
	assert_non_null(config);
	o = &self->options;
	*o = *options;
	o->n_ecus = (unsigned)or_else(o->n_ecus, 2);
	o->image_bytes = (uint32_t)or_else(o->image_bytes, 6000);
	o->max_attempts = (uint8_t)or_else(o->max_attempts, 5);
	o->window_length_s = or_else(o->window_length_s, 86400);
	self->started_wall_ns = wall_ns();
	self->downtime_us = 700 * SIM_MS;
	self->restart_us = SIM_NEVER;
	o->signal_ms = (uint32_t)or_else(o->signal_ms, 200);
	sim_world_init(&self->world, o->seed, o->n_ecus, o->drop_ppm, (uint32_t)or_else(o->max_block, 258),
		       o->ignition);
	sim_world_pace(&self->world, o->signal_ms * SIM_MS, or_else(o->app_ms, 50) * SIM_MS);
	sim_backend_init(&self->backend, &self->world);
	self->backend.unix_base_s = or_else(o->unix_base_s, SIM_UNIX_BASE);
	self->backend.bytes_per_s = or_else(o->bytes_per_s, 1000000);
	o->mode = o->mode == MODE_NONE ? MODE_NEGOTIATED : o->mode;
	self->backend.modes.entries[0].mode = o->mode;
	self->backend.existence_only = o->existence_only;
	self->backend.pushes = !o->pull_only;
	config->poll_s = o->poll_s;
	add_campaign(self);
	snprintf(config->vehicle_id, sizeof(config->vehicle_id), "vehicle-1");
	config->n_ecus = (uint8_t)o->n_ecus;
	config->postpone_s = (uint32_t)or_else(o->postpone_s, 3600);
	config->postpone_max_s[URGENCY_NORMAL] = 14 * 86400;
	config->service_notice_s = o->service_notice_s;
	config->max_attempts = o->max_attempts;
	config->power = o->power;
	config->retry_pause_s = 10;
	config->build_unix_s = self->backend.unix_base_s - 1000000;
	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++)
		config->vehicle.max_age_ms[i] = 10 * o->signal_ms;
	zone_utc(&config->zone);
	if (o->zone_rule)
		assert_true(zone_parse_rule(&config->zone, o->zone_rule, strlen(o->zone_rule)));
	for (unsigned i = 0; i < o->n_ecus; i++) {
		snprintf(config->ecus[i].name, sizeof(config->ecus[i].name), "ecu%u", i);
		snprintf(config->ecus[i].bus, sizeof(config->ecus[i].bus), "can0");
	}
	sim_io_init(&self->io, &self->world, &self->backend, config);
	free(config);
	self->io.estimate_ms = o->estimate_ms;
	self->io.push.credit = or_else(o->push_credit, 8u << 20);
	self->io.watch.tolerance_us = 5 * o->signal_ms * SIM_MS;
	self->io.watch.finished = o->finished;
	self->io.watch.min_battery_mv = 11500;
	self->io.flasher.max_parallel = (uint8_t)or_else(o->max_parallel, 4);
	sim_io_start(&self->io);
	return self;
}

double sim_wall_s(const struct sim *self)
{
	return (double)(wall_ns() - self->started_wall_ns) / 1e9;
}

void sim_free(struct sim *self)
{
	sim_io_deinit(&self->io);
	sim_backend_deinit(&self->backend);
	free(self);
}

/* --- time */

void sim_kill(struct sim *self, unsigned n_kept)
{
	if (!self->io.running)
		return;
	sim_io_kill(&self->io, n_kept);
	self->n_kills++;
	self->restart_us = self->world.now_us + self->downtime_us;
}

void sim_kill_backend(struct sim *self, uint64_t down_us)
{
	sim_backend_kill(&self->backend, down_us);
	sim_io_drop_session(&self->io);
}

static void turn(struct sim *self)
{
	struct bus_delivery delivery;

	sim_watch_turn(&self->io.watch);

	while (sim_world_pop(&self->world, &delivery))
		sim_io_delivery(&self->io, &delivery);
	sim_world_turn(&self->world);
	sim_backend_turn(&self->backend);
	if (self->restart_us <= self->world.now_us) {
		self->restart_us = SIM_NEVER;
		sim_io_start(&self->io);
	}
	sim_io_turn(&self->io);
	if (self->io.killed)
		sim_kill(self, 0);
}

static uint64_t deadline(const struct sim *self)
{
	const uint64_t times[] = {sim_world_deadline(&self->world), sim_backend_deadline(&self->backend),
				  sim_io_deadline(&self->io), self->restart_us};
	uint64_t first = SIM_NEVER;

	for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		first = times[i] < first ? times[i] : first;
	return first;
}

bool sim_run(struct sim *self, uint64_t until_us, sim_condition *condition)
{
	unsigned stuck = 0;

	for (;;) {
		uint64_t next;

		turn(self);
		if (condition && condition(self))
			return true;
		next = deadline(self);
		stuck = next <= self->world.now_us ? stuck + 1 : 0;
		SIM_CHECK(self, stuck < 1000); /* a deadline in the past that nobody serves */
		if (next > until_us) {
			self->world.now_us = until_us;
			return false;
		}
		if (next > self->world.now_us)
			self->world.now_us = next;
	}
}

bool sim_for(struct sim *self, uint64_t us, sim_condition *condition)
{
	return sim_run(self, self->world.now_us + us, condition);
}

/* --- what is done to it */

struct campaign_doc *sim_doc(struct sim *self)
{
	return &self->backend.director.campaigns[0];
}

void sim_ignition(struct sim *self, enum vehicle_core_ignition ignition)
{
	vehicle_core_set(&self->world.vehicle, self->world.now_us, VEHICLE_CORE_IGNITION, ignition);
}

void sim_revoke(struct sim *self)
{
	self->backend.director.n_campaigns = 0;
	sim_backend_publish(&self->backend);
}

/* --- what is waited for */

const struct campaign *sim_campaign_of(const struct sim *self, const char *id)
{
	int index = gateway_campaign_index(self->io.gateway, id);

	return index < 0 ? NULL : &self->io.gateway->campaigns[index];
}

const struct campaign *sim_campaign(const struct sim *self)
{
	return sim_campaign_of(self, SIM_CAMPAIGN);
}

bool sim_is_over(const struct sim *self)
{
	return sim_backend_final(&self->backend, SIM_CAMPAIGN, NULL) != CAMPAIGN_NONE;
}

bool sim_is_settled(const struct sim *self)
{
	return sim_is_over(self) && self->io.running && self->io.flasher.task == SIM_TASK_IDLE &&
	       !self->io.disk.n_queue && !self->io.gateway->reports.n && gateway_idle(self->io.gateway);
}

static bool is_in(const struct sim *self, enum campaign_state state)
{
	return self->io.running && sim_campaign(self) && sim_campaign(self)->state == state;
}

bool sim_is_waiting(const struct sim *self)
{
	return is_in(self, CAMPAIGN_WAITING);
}

bool sim_is_downloading(const struct sim *self)
{
	return is_in(self, CAMPAIGN_DOWNLOADING) && self->io.fetch.active && self->io.fetch.file->n_held;
}

bool sim_is_flashing(const struct sim *self)
{
	return self->io.running && self->io.flasher.task == SIM_TASK_FLASHING;
}

bool sim_is_erased(const struct sim *self)
{
	for (unsigned i = 0; i < self->world.n_ecus; i++)
		if (!self->world.ecus[i].app_valid)
			return true;
	return false;
}

bool sim_is_quiet(const struct sim *self)
{
	return sim_is_flashing(self) && self->io.flasher.quiet && !sim_is_erased(self);
}

bool sim_is_transferring(const struct sim *self)
{
	const struct campaign *c = sim_campaign(self);

	for (unsigned i = 0; sim_is_flashing(self) && c && i < c->n_targets; i++)
		if (c->targets[i].running && c->targets[i].bytes_done > c->targets[i].bytes_total / 3)
			return true;
	return false;
}

bool sim_has_image(const struct sim *self, unsigned ecu)
{
	const struct sim_ecu *e = &self->world.ecus[ecu];
	uint32_t first = self->gap_end[ecu] ? self->gap_at[ecu] : self->image_n[ecu];
	uint32_t second = self->gap_end[ecu];
	char version[ECU_TEXT_BYTES], expected[ECU_TEXT_BYTES];

	ecu_core_version(&e->core, version);
	snprintf(expected, sizeof(expected), "2.0-%u", ecu);
	return e->app_valid && !ecu_core_in_boot(&e->core) && !strcmp(version, expected) &&
	       !memcmp(e->memory, self->image[ecu], first) &&
	       (!second || !memcmp(e->memory + second, self->image[ecu] + second, self->image_n[ecu] - second));
}

bool sim_has_old(const struct sim *self, unsigned ecu)
{
	const struct sim_ecu *e = &self->world.ecus[ecu];
	char version[ECU_TEXT_BYTES];

	ecu_core_version(&e->core, version);
	return e->app_valid && !e->n_erases && !strcmp(version, SIM_OLD_VERSION);
}

uint64_t sim_trace(const struct sim *self)
{
	uint64_t hash = self->world.hash;

	sim_hash(&hash, &self->io.hash, sizeof(self->io.hash));
	sim_hash(&hash, &self->world.now_us, sizeof(self->world.now_us));
	sim_hash(&hash, &self->backend.applied, sizeof(self->backend.applied));
	return hash;
}

/* --- checks */

void sim_failed(const struct sim *self, const char *what, const char *file, int line)
{
	const struct campaign *c = sim_campaign(self);

	printf("# %s:%d: %s\n#   SEED=%" PRIu64 ", this run's seed %" PRIu64 ", %u kills, at %.6f s\n", file, line,
	       what, sim_seed(), self->options.seed, self->n_kills, (double)self->world.now_us / 1e6);
	if (c)
		printf("#   campaign: %s, code %u, %s\n", campaign_state_info(c->state)->name, c->code, c->text);
	for (unsigned i = 0; c && i < c->n_targets; i++)
		printf("#   %s: %s%s, code %u, attempts %u, %s\n", c->targets[i].doc.ecu,
		       target_state_name(c->targets[i].state), c->targets[i].erased ? ", erased" : "",
		       c->targets[i].code, c->targets[i].attempts, c->targets[i].text);
	fail();
	abort(); /* which does not come back, but does not say so */
}

void sim_check_end(const struct sim *self)
{
	SIM_CHECK(self, self->backend.n_gaps == 0);
	SIM_CHECK(self, self->backend.n_conflicting == 0);
	SIM_CHECK(self, self->io.n_forgettable_reports == 0);
	SIM_CHECK(self, self->io.n_undurable_erases == 0);
	for (unsigned i = 0; i < self->io.watch.n_erases; i++) {
		const struct sim_erase *e = &self->io.watch.erases[i];

		if (e->wrong)
			printf("# ECU %u was erased at %.6f s for %s: %s\n", e->ecu, (double)e->at_us / 1e6,
			       e->campaign, sim_wrong_name(e->wrong));
	}
	SIM_CHECK(self, self->io.watch.wrong == 0);
	SIM_CHECK(self, self->io.gateway->reports.n == 0);
	SIM_CHECK(self, sim_world_is_loud(&self->world));
	SIM_CHECK(self, self->io.flasher.n_stray == 0);
}

void sim_check_done(const struct sim *self)
{
	SIM_CHECK(self, sim_backend_final(&self->backend, SIM_CAMPAIGN, NULL) == CAMPAIGN_DONE);
	SIM_CHECK(self, sim_backend_count(&self->backend, CAMPAIGN_DONE) == 1);
	for (unsigned i = 0; i < self->options.n_ecus; i++) {
		const char *name = self->io.config.ecus[i].name;
		const struct report *last = sim_backend_ecu_report(&self->backend, name);

		SIM_CHECK(self, sim_has_image(self, i));
		SIM_CHECK(self, last && last->target_state == TARGET_VERIFIED);
		SIM_CHECK(self, sim_backend_count_ecu(&self->backend, name, TARGET_VERIFIED) == 1);
	}
	sim_check_end(self);
}
