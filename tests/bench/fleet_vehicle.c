/* fleet_vehicle - see fleet_vehicle.h. */
#include "tests/bench/fleet_io.h"

#include <stdio.h>
#include <string.h>

/* what became of the campaign; one that a newer document drops is not looked for */
static struct fleet_outcome outcome(const struct fleet_run *self)
{
	const struct campaign *c = &self->gateway->campaigns[0];
	struct fleet_outcome outcome = {FLEET_NEVER, c->state, c->code};

	if (c->state == CAMPAIGN_DONE)
		outcome.exposure_s = self->now_us / FLEET_S - self->model->created_s;
	return outcome;
}

static void turn_to(struct fleet_run *self, const struct fleet_change *change)
{
	bool switched_on = change->ignition && !self->ignition;

	if (!change->ignition && self->ignition)
		self->awake_until_us = self->now_us + self->model->awake_s * FLEET_S;
	self->ignition = change->ignition;
	if (self->coverage && !change->coverage)
		fleet_io_lose_session(self);
	self->coverage = change->coverage;
	if (self->awake || self->ignition)
		fleet_io_tell_signals(self);
	/* the driver sees the question when a trip begins, and answers some of the times */
	if (switched_on && self->class->consent_required &&
	    fleet_random(&self->random, 100) < self->model->consent_percent)
		(void)gateway_consent(self->gateway, self->now_us, FLEET_CAMPAIGN, true);
}

/* awake or not from now on; what is flashed is finished first */
static void wake_or_sleep(struct fleet_run *self)
{
	bool awake;

	if (!self->awake && self->now_us >= self->alarm_us)
		self->awake_until_us = self->now_us + self->model->awake_s * FLEET_S;
	awake = self->ignition || self->now_us < self->awake_until_us || fleet_io_is_flashing(self);
	if (self->awake && !awake) {
		fleet_io_lose_session(self);
		fleet_io_pump(self);
		self->alarm_us = self->model->alarms ? gateway_wake_us(self->gateway, self->now_us) : FLEET_NEVER;
	}
	if (!self->awake && awake)
		fleet_io_tell_signals(self);
	self->awake = awake;
}

static uint64_t next_us(const struct fleet_run *self, uint64_t change_us)
{
	uint64_t next = change_us;

	if (!self->awake)
		return self->alarm_us < next ? self->alarm_us : next;
	for (unsigned i = 0; i < self->n_events; i++)
		next = self->events[i].at_us < next ? self->events[i].at_us : next;
	uint64_t deadline = gateway_deadline(self->gateway);
	next = deadline < next ? deadline : next;
	if (!self->ignition && self->awake_until_us > self->now_us && self->awake_until_us < next)
		next = self->awake_until_us;
	uint64_t created_us = self->model->created_s * FLEET_S;
	return created_us > self->now_us && created_us < next ? created_us : next;
}

static void configure(struct gateway_config *config)
{
	*config = (struct gateway_config){.n_ecus = 1,
					  .postpone_s = 3600,
					  .max_attempts = 20,
					  .retry_pause_s = 60,
					  .build_unix_s = FLEET_UNIX_BASE - 1000};
	snprintf(config->vehicle_id, sizeof config->vehicle_id, "vehicle");
	snprintf(config->ecus[0].name, sizeof config->ecus[0].name, "ecu");
	snprintf(config->ecus[0].bus, sizeof config->ecus[0].bus, "can0");
	/* told when they change: here no signal is lost, and none grows old */
	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++)
		config->vehicle.max_age_ms[i] = UINT32_MAX;
}

struct fleet_outcome fleet_vehicle_run(struct gateway *gateway, const struct fleet_model *model,
				       const struct fleet_backend *backend, const struct fleet_class *class,
				       const struct fleet_pattern *pattern, uint64_t seed)
{
	static struct fleet_run run; /* large */
	struct gateway_config config;
	const uint64_t end_us = model->end_s * FLEET_S;
	size_t change = 0;

	memset(&run, 0, sizeof run);
	run.gateway = gateway;
	run.model = model;
	run.backend = backend;
	run.class = class;
	run.random = seed;
	run.coverage = pattern->home_coverage;
	run.awake = true;
	run.now_us = FLEET_S;
	run.awake_until_us = run.now_us + model->awake_s * FLEET_S;
	run.alarm_us = FLEET_NEVER;
	fleet_io_init(&run);
	configure(&config);
	gateway_init(gateway, &config);
	gateway_start(gateway, run.now_us);
	fleet_io_tell_signals(&run);
	for (;;) {
		uint64_t change_us = change < pattern->n ? pattern->changes[change].at_s * FLEET_S : end_us;
		uint64_t next = next_us(&run, change_us);

		run.now_us = next > run.now_us ? next : run.now_us;
		if (run.now_us >= end_us)
			break;
		if (run.now_us >= change_us && change < pattern->n)
			turn_to(&run, &pattern->changes[change++]);
		wake_or_sleep(&run);
		if (!run.awake)
			continue;
		fleet_io_handle_due(&run);
		if (gateway_deadline(gateway) <= run.now_us)
			gateway_expire(gateway, run.now_us);
		fleet_io_pump(&run);
		if (gateway->campaigns[0].state != CAMPAIGN_NONE &&
		    campaign_state_info(gateway->campaigns[0].state)->final)
			break;
	}
	return outcome(&run);
}
