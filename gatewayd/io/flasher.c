#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "gatewayd/io/flasher_priv.h"
#include "gatewayd/io/log.h"
#include "metadata.pb-c.h"

#define REOPEN_MS         1000u
#define IDENTIFY_PARALLEL 4u

static void on_retry(uv_timer_t *timer)
{
	struct flasher *self = timer->data;
	bool missing = false;

	for (uint8_t i = 0; i < self->config->n_buses; i++) {
		struct flasher_bus *bus = &self->buses[i];

		if (!bus->driver && bus->task == BUS_IDLE)
			flasher_bus_open(bus);
		missing = missing || !bus->driver;
	}
	if (!missing)
		uv_timer_stop(timer);
}

int flasher_new(uv_loop_t *loop, const struct config *config, struct gateway *gateway, struct flasher **flasher,
		char *text, size_t n_text)
{
	struct flasher *self = calloc(1, sizeof(*self));
	struct yaml_error error = {""};

	if (!self)
		return -ENOMEM;
	if (config->ecu_keys[0] && key_ring_load(config->ecu_keys, &self->keys, &error)) {
		snprintf(text, n_text, "%s", error.text);
		free(self);
		return 1;
	}
	self->loop = loop;
	self->config = config;
	self->gateway = gateway;
	uv_timer_init(loop, &self->retry);
	uv_idle_init(loop, &self->finish);
	self->retry.data = self;
	self->finish.data = self;
	for (uint8_t i = 0; i < config->n_buses; i++) {
		self->buses[i].flasher = self;
		self->buses[i].index = i;
		flasher_bus_open(&self->buses[i]);
	}
	uv_timer_start(&self->retry, on_retry, REOPEN_MS, REOPEN_MS);
	*flasher = self;
	return 0;
}

/* --- the end of a task: outside of any driver's step, so that channels may be detached */

static void tell_core(struct flasher *self, enum bus_task task)
{
	uint64_t now_us = can_driver_now_us();

	if (task == BUS_IDENTIFYING)
		gateway_identified(self->gateway, now_us);
	else
		gateway_flash_finished(self->gateway, now_us, self->campaign, self->code);
}

static void on_finish(uv_idle_t *idle)
{
	struct flasher *self = idle->data;
	enum bus_task task = self->task;

	uv_idle_stop(idle);
	for (uint8_t i = 0; i < self->config->n_buses; i++)
		flasher_bus_clear(&self->buses[i]);
	self->task = BUS_IDLE;
	self->prepared = NULL;
	tell_core(self, task);
}

void flasher_bus_finished(struct flasher *self)
{
	for (uint8_t i = 0; i < self->config->n_buses; i++)
		if (self->buses[i].task == BUS_IDENTIFYING || self->buses[i].task == BUS_FLASHING)
			return;
	uv_idle_start(&self->finish, on_finish);
}

/* starts the buses that have work; a bus without ends at once */
static void start_buses(struct flasher *self, enum bus_task task)
{
	self->task = task;
	for (uint8_t i = 0; i < self->config->n_buses; i++)
		if (self->buses[i].n_works)
			self->buses[i].task = task; /* all, before the first can finish */
	for (uint8_t i = 0; i < self->config->n_buses; i++)
		if (self->buses[i].n_works)
			flasher_bus_start(&self->buses[i], task);
	flasher_bus_finished(self);
}

/* --- identification */

static void absent(struct flasher *self, uint8_t ecu)
{
	const struct flash_identity none = {.hardware_id = ""};

	gateway_identity(self->gateway, can_driver_now_us(), ecu, false, &none);
}

void flasher_identify(struct flasher *self)
{
	if (self->task != BUS_IDLE)
		return; /* the core asks only while it waits for nothing of ours */
	for (uint8_t i = 0; i < self->config->n_buses; i++)
		if (self->buses[i].driver)
			flasher_bus_prepare(&self->buses[i], IDENTIFY_PARALLEL);
	for (uint8_t i = 0; i < self->config->core.n_ecus; i++) {
		struct flasher_bus *bus = &self->buses[self->config->ecus[i].bus];
		struct flash_job job = {.kind = FLASH_JOB_IDENTIFY, .profile = &self->config->ecus[i].profile};

		if (!bus->driver || flasher_bus_add(bus, i, 0, &job) < 0)
			absent(self, i);
	}
	start_buses(self, BUS_IDENTIFYING);
}

/* --- flashing */

static uint16_t version_did(const struct profile *profile, unsigned kind)
{
	if (kind == GU__UNIT_KIND__UNIT_KIND_BOOT_LOADER)
		return profile->did_boot;
	return kind == GU__UNIT_KIND__UNIT_KIND_DATA ? profile->did_data : 0;
}

static void job_of(const struct flasher *self, uint8_t target, struct flash_job *job)
{
	const struct campaign *c = &self->gateway->campaigns[self->campaign];
	const struct component_doc *component = &c->manifest.components[c->targets[target].component];
	const struct prepared_target *prepared = &self->prepared->targets[target];

	memset(job, 0, sizeof(*job));
	job->kind = FLASH_JOB_FLASH;
	job->profile = &prepared->profile;
	job->recovery = gateway_recovers(self->gateway, self->campaign, target);
	snprintf(job->hardware_id, sizeof(job->hardware_id), "%s", c->targets[target].doc.hardware_id);
	snprintf(job->serial_number, sizeof(job->serial_number), "%s",
		 gateway_serial_number(self->gateway, self->campaign, target));
	job->n_units = prepared->n_images;
	job->origin.unix_s = gateway_unix_ms(self->gateway, can_driver_now_us()) / 1000;
	memcpy(job->origin.tester_serial, self->config->tester_serial, sizeof(job->origin.tester_serial));
	memcpy(job->origin.shop_code, self->config->shop_code, sizeof(job->origin.shop_code));
	for (uint8_t i = 0; i < prepared->n_images; i++) {
		job->units[i].image = &prepared->images[i].image;
		job->units[i].signature = prepared->signatures[i];
		job->units[i].n_signature = prepared->n_signatures[i];
		job->units[i].version_did = version_did(&prepared->profile, component->units[i].kind);
		memcpy(job->units[i].sha256, prepared->images[i].segments_sha256, sizeof(job->units[i].sha256));
		memcpy(job->units[i].expected_version, component->units[i].expected_version,
		       sizeof(job->units[i].expected_version));
	}
}

/* Another tester has the bus: an ECU that is still whole waits for the next attempt, one that is erased does not. */
static bool yields(struct flasher *self, const struct flasher_bus *bus, uint8_t target, const struct flash_job *job)
{
	const uint64_t now_us = can_driver_now_us();
	struct flash_result result = {.code = FLASH_FOREIGN_TESTER, .started_us = now_us, .ended_us = now_us};

	if (job->recovery || !flasher_bus_yields(bus, now_us))
		return false;
	snprintf(result.text, sizeof(result.text), "%s: %s", job->profile->name, flash_code_text(FLASH_FOREIGN_TESTER));
	gateway_flash_result(self->gateway, now_us, self->campaign, target, &result);
	return true;
}

void flasher_flash(struct flasher *self, uint8_t campaign, uint32_t targets, const struct prepared *prepared)
{
	const struct campaign *c = &self->gateway->campaigns[campaign];
	struct flash_job *job = malloc(sizeof(*job));

	if (!prepared || !job || self->task != BUS_IDLE) {
		free(job);
		gateway_flash_finished(self->gateway, can_driver_now_us(), campaign, GATEWAY_CODE_INTERRUPTED);
		return;
	}
	self->campaign = campaign;
	self->prepared = prepared;
	self->code = 0;
	for (uint8_t i = 0; i < self->config->n_buses; i++)
		if (self->buses[i].driver)
			flasher_bus_prepare(&self->buses[i], self->config->buses[i].max_parallel);
	for (uint8_t i = 0; i < c->n_targets; i++) {
		struct flasher_bus *bus = &self->buses[self->config->ecus[c->targets[i].ecu].bus];

		if (!(targets & 1u << i))
			continue;
		job_of(self, i, job);
		if (yields(self, bus, i, job))
			continue;
		if (!bus->driver || bus->lost || flasher_bus_add(bus, c->targets[i].ecu, i, job) < 0)
			self->code = GATEWAY_CODE_BUS_UNAVAILABLE;
	}
	free(job);
	start_buses(self, BUS_FLASHING);
}

void flasher_intent_stored(struct flasher *self, uint8_t campaign, uint8_t target)
{
	if (self->task != BUS_FLASHING || campaign != self->campaign)
		return;
	for (uint8_t i = 0; i < self->config->n_buses; i++) {
		struct flasher_bus *bus = &self->buses[i];

		for (uint8_t k = 0; k < bus->n_works; k++) {
			if (bus->works[k]->target != target)
				continue;
			flash_run_intent_stored(&bus->works[k]->run, can_driver_now_us());
			can_driver_kick(bus->driver);
		}
	}
}

void flasher_stop(struct flasher *self, uint32_t targets)
{
	for (uint8_t i = 0; i < self->config->n_buses; i++) {
		struct flasher_bus *bus = &self->buses[i];

		if (bus->task != BUS_FLASHING)
			continue;
		if (!targets)
			flash_bus_stop(&bus->bus, can_driver_now_us());
		for (uint8_t k = 0; k < bus->n_works; k++)
			if (targets & 1u << bus->works[k]->target)
				flash_bus_stop_target(&bus->bus, k, can_driver_now_us());
		can_driver_kick(bus->driver);
	}
}

bool flasher_send(struct flasher *self, uint8_t bus, const struct can_msg *msg)
{
	struct can_driver *driver = self->buses[bus].driver;

	if (!driver || self->buses[bus].lost || can_node_send_plain(can_driver_node(driver), msg))
		return false;
	can_driver_kick(driver);
	return true;
}

void flasher_reload(struct flasher *self, struct key_ring *keys, bool profiles)
{
	key_ring_free(self->keys);
	self->keys = keys;
	for (uint8_t i = 0; profiles && i < self->config->n_buses; i++)
		flasher_bus_watch_again(&self->buses[i]);
}

bool flasher_busy(const struct flasher *self)
{
	return self->task == BUS_FLASHING;
}

static void on_closed(uv_handle_t *handle)
{
	struct flasher *self = handle->data;

	key_ring_free(self->keys);
	free(self);
}

static void on_retry_closed(uv_handle_t *handle)
{
	struct flasher *self = handle->data;

	uv_close((uv_handle_t *)&self->finish, on_closed);
}

void flasher_free(struct flasher *self)
{
	if (!self)
		return;
	for (uint8_t i = 0; i < self->config->n_buses; i++) {
		flasher_bus_clear(&self->buses[i]);
		can_driver_close(self->buses[i].driver);
		self->buses[i].driver = NULL;
	}
	uv_close((uv_handle_t *)&self->retry, on_retry_closed);
}
