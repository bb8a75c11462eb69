/* sim_flasher - see sim_flasher.h. */
#include "tests/scenario/sim_flasher.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define WINDOW            32u /* frames outstanding, as the daemon's driver */
#define IDENTIFY_PARALLEL 4u

void sim_flasher_start(struct sim_flasher *self, struct gateway *gateway)
{
	self->gateway = gateway;
	can_node_init(&self->node, WINDOW);
	self->n_works = 0;
	self->task = SIM_TASK_IDLE;
	self->finished = false;
	self->quiet = false;
	self->deadline_us = SIM_NEVER;
	for (unsigned i = 0; i < SIM_MAX_ECUS; i++)
		sim_world_profile(i, &self->profiles[i]);
}

static void add(struct sim_flasher *self, uint8_t ecu, uint8_t target, const struct flash_job *job)
{
	struct sim_work *work = &self->works[self->n_works++];

	assert(self->n_works <= SIM_MAX_ECUS);
	work->ecu = ecu;
	work->target = target;
	uds_channel_init(&work->channel, &job->profile->link, &job->profile->timing, work->request,
			 sizeof(work->request), work->answer, sizeof(work->answer));
	flash_run_init(&work->run, job, &work->channel);
	(void)can_node_attach(&self->node, &work->channel);
	(void)flash_bus_add(&self->bus, &work->run);
}

void sim_flasher_identify(struct sim_flasher *self, uint64_t now_us)
{
	if (self->task != SIM_TASK_IDLE) {
		self->n_stray++;
		return;
	}
	self->task = SIM_TASK_IDENTIFYING;
	flash_bus_init(&self->bus, &self->node, IDENTIFY_PARALLEL);
	for (uint8_t i = 0; i < self->gateway->config.n_ecus; i++)
		add(self, i, 0, &(struct flash_job){.kind = FLASH_JOB_IDENTIFY, .profile = &self->profiles[i]});
	flash_bus_start(&self->bus, now_us);
}

void sim_flasher_flash(struct sim_flasher *self, uint64_t now_us, uint8_t campaign, uint32_t targets,
		       const struct sim_prepared *prepared)
{
	const struct campaign *c = &self->gateway->campaigns[campaign];

	if (!prepared || self->task != SIM_TASK_IDLE) {
		self->n_stray++;
		gateway_flash_finished(self->gateway, now_us, campaign, GATEWAY_CODE_INTERRUPTED);
		return;
	}
	self->task = SIM_TASK_FLASHING;
	self->campaign = campaign;
	flash_bus_init(&self->bus, &self->node, self->max_parallel);
	for (uint8_t i = 0; i < c->n_targets; i++) {
		const struct component_doc *component = &c->manifest.components[c->targets[i].component];
		struct flash_job job = {.kind = FLASH_JOB_FLASH,
					.profile = &prepared->targets[i].profile,
					.recovery = gateway_recovers(self->gateway, campaign, i),
					.n_units = 1};

		if (!(targets & 1u << i))
			continue;
		memcpy(job.hardware_id, c->targets[i].doc.hardware_id, sizeof(job.hardware_id));
		snprintf(job.serial_number, sizeof(job.serial_number), "%s",
			 gateway_serial_number(self->gateway, campaign, i));
		job.units[0].image = &prepared->targets[i].image;
		memcpy(job.units[0].expected_version, component->units[0].expected_version,
		       sizeof(job.units[0].expected_version));
		add(self, c->targets[i].ecu, i, &job);
	}
	flash_bus_start(&self->bus, now_us);
}

void sim_flasher_intent_stored(struct sim_flasher *self, uint64_t now_us, uint8_t campaign, uint8_t target)
{
	if (self->task != SIM_TASK_FLASHING || campaign != self->campaign) {
		self->n_stray++;
		return;
	}
	for (unsigned i = 0; i < self->n_works; i++)
		if (self->works[i].target == target)
			flash_run_intent_stored(&self->works[i].run, now_us);
}

void sim_flasher_stop(struct sim_flasher *self, uint64_t now_us, uint32_t targets)
{
	if (self->task != SIM_TASK_FLASHING || self->finished)
		return;
	if (!targets)
		flash_bus_stop(&self->bus, now_us);
	for (unsigned i = 0; i < self->n_works; i++)
		if (targets & 1u << self->works[i].target)
			flash_bus_stop_target(&self->bus, (uint8_t)i, now_us);
}

bool sim_flasher_input(struct sim_flasher *self, uint64_t now_us, const struct can_msg *msg)
{
	return can_node_input(&self->node, now_us, msg);
}

/* --- events */

static void on_target(struct sim_flasher *self, uint64_t now_us, struct sim_work *work, const struct flash_event *event)
{
	bool flashing = self->task == SIM_TASK_FLASHING;
	const struct flash_result *result = flash_run_result(&work->run);
	uint8_t key[64];

	switch (event->kind) {
	case FLASH_EVENT_NONE:
		return;
	case FLASH_EVENT_STEP:
		self->step[work->ecu] = event->step;
		if (flashing)
			gateway_flash_step(self->gateway, now_us, self->campaign, work->target, event->step,
					   event->step_index, event->unit);
		return;
	case FLASH_EVENT_PROGRESS:
		if (flashing)
			gateway_flash_progress(self->gateway, now_us, self->campaign, work->target, event->bytes_done,
					       event->bytes_total);
		return;
	case FLASH_EVENT_NEED_KEY:
		for (unsigned i = 0; i < event->n_seed; i++)
			key[i] = event->seed[i] ^ 0xa5;
		flash_run_key(&work->run, now_us, key, event->n_seed);
		return;
	case FLASH_EVENT_INTENT:
		gateway_flash_intent(self->gateway, now_us, self->campaign, work->target, event->step_index,
				     event->unit);
		return;
	case FLASH_EVENT_DONE:
	case FLASH_EVENT_FAILED:
		if (sim_tracing() && flashing)
			printf("# %10.6f ecu %u: %s\n", (double)now_us / 1e6, work->ecu, result->text);
		if (flashing) {
			self->transfer_us += result->transfer_us;
			gateway_flash_result(self->gateway, now_us, self->campaign, work->target, result);
		} else if (result->code == FLASH_FOREIGN_TESTER || result->code == FLASH_TRANSPORT ||
			   result->code == FLASH_STOPPED) {
			gateway_not_identified(self->gateway, now_us, work->ecu, result->code == FLASH_FOREIGN_TESTER);
		} else {
			gateway_identity(self->gateway, now_us, work->ecu, result->code == FLASH_OK, &result->after);
		}
		return;
	case FLASH_EVENT_RETRY:
		self->n_retries++;
		if (sim_tracing())
			printf("# %10.6f ecu %u: retry: %s\n", (double)now_us / 1e6, work->ecu, event->text);
		return;
	}
}

static void on_event(struct sim_flasher *self, uint64_t now_us, const struct flash_bus_event *event)
{
	bool flashing = self->task == SIM_TASK_FLASHING;

	switch (event->kind) {
	case FLASH_BUS_EVENT_NONE:
		return;
	case FLASH_BUS_EVENT_TARGET:
		on_target(self, now_us, &self->works[event->target], &event->event);
		return;
	case FLASH_BUS_EVENT_STEP:
		if (sim_tracing())
			printf("# %10.6f bus: %s\n", (double)now_us / 1e6, event->text);
		return;
	case FLASH_BUS_EVENT_QUIET:
		self->n_quiet += flashing;
		self->quiet = flashing;
		return;
	case FLASH_BUS_EVENT_LOUD:
		self->n_loud += flashing;
		self->quiet = false;
		return;
	case FLASH_BUS_EVENT_FINISHED:
		self->finished = true;
		return;
	}
}

/* tidied up after the last event, as the daemon does on the loop's next turn */
static void finish(struct sim_flasher *self, uint64_t now_us)
{
	enum sim_task task = self->task;

	for (unsigned i = 0; i < self->n_works; i++)
		can_node_detach(&self->node, &self->works[i].channel);
	self->n_works = 0;
	self->finished = false;
	self->quiet = false;
	self->task = SIM_TASK_IDLE;
	self->deadline_us = SIM_NEVER;
	if (task == SIM_TASK_IDENTIFYING)
		gateway_identified(self->gateway, now_us);
	else
		gateway_flash_finished(self->gateway, now_us, self->campaign, GATEWAY_CODE_OK);
}

bool sim_flasher_step(struct sim_flasher *self, uint64_t now_us)
{
	struct flash_bus_event event;
	bool any, told = false;

	if (self->task == SIM_TASK_IDLE)
		return false;
	if (self->finished) {
		finish(self, now_us);
		return true;
	}
	do {
		any = false;
		flash_bus_advance(&self->bus, now_us);
		while (flash_bus_pop_event(&self->bus, &event)) {
			any = told = true;
			on_event(self, now_us, &event);
		}
	} while (any && !self->finished);
	self->deadline_us = self->finished ? now_us : flash_bus_deadline(&self->bus);
	return told;
}

uint64_t sim_flasher_deadline(const struct sim_flasher *self)
{
	uint64_t node = can_node_deadline(&self->node);

	return node < self->deadline_us ? node : self->deadline_us;
}
