/* sim_world - see sim_world.h. */
#include "tests/scenario/sim_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IGNITION_ID 0x300u
#define SPEED_ID    0x301u
#define BATTERY_ID  0x302u
#define FIRST_ID    0x303u /* the others, from the charge on */

#define LINGER_US   (5 * SIM_S) /* so long the network stays awake once nobody wants it to */

uint64_t sim_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

bool sim_tracing(void)
{
	static int on = -1;

	if (on < 0)
		on = getenv("SIM_TRACE") != NULL;
	return on > 0;
}

void sim_hash(uint64_t *hash, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		*hash = (*hash ^ p[i]) * UINT64_C(0x100000001b3);
}

void sim_world_profile(unsigned ecu, struct profile *profile)
{
	profile_template_single_bank(profile);
	snprintf(profile->name, sizeof(profile->name), "ecu%u", ecu);
	snprintf(profile->security[0].key_id, sizeof(profile->security[0].key_id), "scenario");
	profile->link.address.tx_id = 0x700 + ecu;
	profile->link.address.rx_id = 0x708 + ecu;
	assert(!profile_check(profile));
}

static void power_up(struct sim_world *self, unsigned i, uint32_t max_block)
{
	struct sim_ecu *ecu = &self->ecus[i];
	struct ecu_config *c = &ecu->config;
	struct ecu_nonvolatile nv;
	struct profile profile;
	int client;

	sim_world_profile(i, &profile);
	*c = ecu_config_default();
	c->link = profile.link;
	c->link.address.tx_id = profile.link.address.rx_id;
	c->link.address.rx_id = profile.link.address.tx_id;
	c->functional_id = profile.functional.id;
	c->max_number_of_block_length = max_block;
	c->fingerprint_required = true;
	c->n_regions = 1;
	c->regions[0] = (struct ecu_region){.address = SIM_MEMORY_BASE,
					    .size = SIM_MEMORY_BYTES,
					    .sector_bytes = SIM_SECTOR_BYTES,
					    .bytes = ecu->memory};
	c->version =
	    (struct ecu_version){.from = ECU_VERSION_AT, .address = SIM_MEMORY_BASE + SIM_VERSION_OFFSET, .length = 16};
	snprintf(c->hardware_number, sizeof(c->hardware_number), "HW-%u", i);
	snprintf(c->serial_number, sizeof(c->serial_number), "SN-%u", i);
	snprintf(c->boot_version, sizeof(c->boot_version), "BOOT-1");
	c->app_message = (struct ecu_app_message){.id = SIM_APP_ID + i, .dlc = 8, .period_us = 50 * SIM_MS};
	assert(!ecu_config_check(c));
	for (size_t k = 0; k < SIM_MEMORY_BYTES; k++)
		ecu->memory[k] = (uint8_t)(k * 31 + i);
	nv = ecu_nonvolatile_default(c);
	nv.app_valid = true;
	snprintf(nv.factory_version, sizeof(nv.factory_version), SIM_OLD_VERSION);
	(void)ecu_extents_add(&nv.programmed, SIM_MEMORY_BASE, SIM_MEMORY_BYTES);
	ecu_core_init(&ecu->core, c, &nv, ecu->rx, sizeof(ecu->rx), self->now_us);
	ecu->app_valid = true;
	client = bus_attach(&self->bus, true);
	assert(client >= 0);
	ecu->client = (unsigned)client;
}

static void add_signal(struct vehicle_core_config *config, enum vehicle_core_quantity quantity, uint32_t id,
		       uint8_t length, double factor)
{
	config->signals[config->n_signals++] = (struct vehicle_core_signal){
	    .quantity = quantity,
	    .id = id,
	    .dlc = 8,
	    .cycle_us = 200 * SIM_MS,
	    .codec = {.start_bit = 0, .length = length, .order = CAN_SIGNAL_LITTLE_ENDIAN, .factor = factor},
	    .ignition_raw = {0, 1, 2, 3},
	};
}

/* asked for with 1 in the first bit, granted 50 ms later, and for a second */
static void add_grant(struct vehicle_core_config *config, enum vehicle_core_quantity quantity, uint32_t id)
{
	config->grants[config->n_grants++] = (struct vehicle_core_grant){
	    .quantity = quantity,
	    .id = id,
	    .codec = {.length = 1, .factor = 1},
	    .asks = 1,
	    .delay_us = 50 * SIM_MS,
	    .timeout_us = SIM_S,
	};
}

void sim_world_init(struct sim_world *self, uint64_t seed, unsigned n_ecus, uint32_t drop_ppm, uint32_t max_block,
		    enum vehicle_core_ignition ignition)
{
	struct bus_config config = {.nominal_bps = SIM_BITRATE, .seed = seed, .drop_ppm = drop_ppm, .tap = true};
	struct vehicle_core_config *v = &self->vehicle_config;
	int client;

	assert(n_ecus <= SIM_MAX_ECUS);
	self->now_us = SIM_S;
	self->random = seed;
	self->hash = UINT64_C(0xcbf29ce484222325);
	bus_init(&self->bus, &config);
	self->n_ecus = n_ecus;
	for (unsigned i = 0; i < n_ecus; i++)
		power_up(self, i, max_block);
	add_signal(v, VEHICLE_CORE_IGNITION, IGNITION_ID, 2, 1);
	add_signal(v, VEHICLE_CORE_SPEED_KMH, SPEED_ID, 16, 0.01);
	add_signal(v, VEHICLE_CORE_BATTERY_MV, BATTERY_ID, 16, 1);
	for (unsigned q = VEHICLE_CORE_CHARGE_PERCENT; q < VEHICLE_CORE_QUANTITIES; q++)
		add_signal(v, (enum vehicle_core_quantity)q, FIRST_ID + q - VEHICLE_CORE_CHARGE_PERCENT,
			   q == VEHICLE_CORE_CHARGE_PERCENT ? 7 : 1, 1);
	add_grant(v, VEHICLE_CORE_KL15_HELD, SIM_KL15_ID);
	add_grant(v, VEHICLE_CORE_DRIVE_INHIBITED, SIM_INHIBIT_ID);
	v->initial[VEHICLE_CORE_CHARGE_PERCENT] = 80;
	v->initial[VEHICLE_CORE_GEAR_PARK] = v->initial[VEHICLE_CORE_PARKING_BRAKE] = 1;
	v->initial[VEHICLE_CORE_IGNITION] = ignition;
	v->initial[VEHICLE_CORE_BATTERY_MV] = 12600;
	assert(!vehicle_core_check(v));
	vehicle_core_init(&self->vehicle, v, self->now_us);
	client = bus_attach(&self->bus, false);
	assert(client >= 0);
	self->vehicle_client = (unsigned)client;
	sim_world_new_gateway(self);
}

void sim_world_pace(struct sim_world *self, uint64_t signal_us, uint64_t app_us)
{
	for (size_t i = 0; i < self->vehicle_config.n_signals; i++)
		self->vehicle_config.signals[i].cycle_us = signal_us;
	vehicle_core_init(&self->vehicle, &self->vehicle_config, self->now_us);
	for (unsigned i = 0; i < self->n_ecus; i++)
		self->ecus[i].config.app_message.period_us = app_us;
}

void sim_world_new_gateway(struct sim_world *self)
{
	int client = bus_attach(&self->bus, true);

	assert(client >= 0);
	self->gateway_client = (unsigned)client;
}

void sim_world_gateway_leaves(struct sim_world *self)
{
	bus_detach(&self->bus, self->gateway_client);
	self->gateway_client = BUS_MAX_CLIENTS;
}

bool sim_world_is_asleep(const struct sim_world *self)
{
	return self->sleeps && vehicle_core_get(&self->vehicle, VEHICLE_CORE_IGNITION) == VEHICLE_CORE_OFF &&
	       self->now_us >= self->awake_until_us;
}

static void stays_awake(struct sim_world *self)
{
	if (self->awake_until_us < self->now_us + LINGER_US)
		self->awake_until_us = self->now_us + LINGER_US;
}

static bool is_sleepless(const struct sim_world *self, uint32_t id)
{
	for (size_t i = 0; i < self->vehicle_config.n_signals; i++)
		if (self->vehicle_config.signals[i].id == id)
			return self->sleepless & 1u << self->vehicle_config.signals[i].quantity;
	return false;
}

static void look_at_tap(struct sim_world *self, const struct bus_delivery *d)
{
	self->n_frames++;
	sim_hash(&self->hash, &d->at_ns, sizeof(d->at_ns));
	sim_hash(&self->hash, &d->msg.id, sizeof(d->msg.id));
	sim_hash(&self->hash, d->msg.data, d->msg.len);
	sim_hash(&self->hash, &d->lost, sizeof(d->lost));
	if (d->msg.id >= SIM_APP_ID && d->msg.id < SIM_APP_ID + self->n_ecus)
		self->ecus[d->msg.id - SIM_APP_ID].n_app_frames++;
	if (d->msg.id >= SIM_AWAKE_ID && d->msg.id <= SIM_INHIBIT_ID)
		self->asked_us[d->msg.id - SIM_AWAKE_ID] = (d->msg.data[0] & 1) ? self->now_us : 0;
	if (d->msg.id == SIM_AWAKE_ID && (d->msg.data[0] & 1) && !self->deaf)
		stays_awake(self);
}

bool sim_world_pop(struct sim_world *self, struct bus_delivery *d)
{
	bus_expire(&self->bus, self->now_us * 1000);
	while (bus_pop_delivery(&self->bus, d)) {
		if (d->client == BUS_TAP) {
			look_at_tap(self, d);
			continue;
		}
		if (d->client == self->gateway_client)
			return true;
		if (d->client == self->vehicle_client)
			vehicle_core_input(&self->vehicle, self->now_us, &d->msg);
		for (unsigned i = 0; i < self->n_ecus; i++) {
			if (d->client != self->ecus[i].client)
				continue;
			if (d->echo)
				ecu_core_confirm(&self->ecus[i].core, self->now_us);
			else if (!sim_world_is_asleep(self))
				(void)ecu_core_input(&self->ecus[i].core, self->now_us, &d->msg);
		}
	}
	return false;
}

static void give_seed(struct sim_world *self, struct sim_ecu *ecu)
{
	uint8_t seed[16], key[16];

	for (unsigned k = 0; k < 16; k++) {
		seed[k] = (uint8_t)(sim_random(&self->random) | 1);
		key[k] = seed[k] ^ 0xa5;
	}
	ecu_core_seed(&ecu->core, self->now_us, seed, key, 16);
}

static void ecu_turn(struct sim_world *self, unsigned i)
{
	struct sim_ecu *ecu = &self->ecus[i];
	enum ecu_output_kind output;
	struct can_msg msg;

	ecu_core_expire(&ecu->core, self->now_us);
	while ((output = ecu_core_pop_output(&ecu->core)) != ECU_OUTPUT_NONE) {
		if (output == ECU_OUTPUT_SEED_WANTED)
			give_seed(self, ecu);
		if (output == ECU_OUTPUT_SESSION)
			ecu->last_session_us = self->now_us;
	}
	if (ecu->app_valid && !ecu_core_nonvolatile(&ecu->core)->app_valid) {
		ecu->n_erases++;
		self->on_erased(self->owner, i);
	}
	ecu->app_valid = ecu_core_nonvolatile(&ecu->core)->app_valid;
	while (bus_room(&self->bus, ecu->client) && ecu_core_pop_frame(&ecu->core, self->now_us, &msg))
		(void)bus_input(&self->bus, self->now_us * 1000, ecu->client, &msg);
}

void sim_world_turn(struct sim_world *self)
{
	struct can_msg msg;

	for (unsigned i = 0; i < self->n_ecus; i++)
		ecu_turn(self, i);
	vehicle_core_expire(&self->vehicle, self->now_us);
	if (vehicle_core_get(&self->vehicle, VEHICLE_CORE_IGNITION) != VEHICLE_CORE_OFF)
		stays_awake(self);
	while (bus_room(&self->bus, self->vehicle_client) && vehicle_core_pop_frame(&self->vehicle, &msg)) {
		if (sim_world_is_asleep(self) && !is_sleepless(self, msg.id))
			continue;
		(void)bus_input(&self->bus, self->now_us * 1000, self->vehicle_client, &msg);
	}
}

uint64_t sim_world_deadline(const struct sim_world *self)
{
	uint64_t bus_ns = bus_deadline(&self->bus);
	uint64_t deadline = bus_ns == BUS_NEVER ? SIM_NEVER : (bus_ns + 999) / 1000;
	uint64_t vehicle = vehicle_core_deadline(&self->vehicle);

	deadline = vehicle < deadline ? vehicle : deadline;
	for (unsigned i = 0; i < self->n_ecus; i++) {
		uint64_t ecu = ecu_core_deadline(&self->ecus[i].core);

		deadline = ecu < deadline ? ecu : deadline;
	}
	return deadline;
}

bool sim_world_is_loud(const struct sim_world *self)
{
	for (unsigned i = 0; i < self->n_ecus; i++) {
		const struct ecu_core *core = &self->ecus[i].core;

		if (core->session != UDS_SESSION_DEFAULT || core->silenced || core->dtc_off)
			return false;
	}
	return true;
}
