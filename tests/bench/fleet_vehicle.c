/* fleet_vehicle - see fleet_vehicle.h. */
#include "tests/bench/fleet_vehicle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_BASE  UINT64_C(1767571200) /* a Monday, midnight */
#define S          UINT64_C(1000000)
#define MAX_EVENTS 64u
#define CAMPAIGN   "c1"

static const struct file_ref manifest_file = {{1}, 4000};
static const struct file_ref profile_file = {{2}, 3000};

enum kind {
	/* over the session: lost with it */
	CONNECTED,
	REFUSED,
	TIME,
	REGISTERED,
	DIRECTOR,
	CONFIRM,
	HEARTBEAT,
	ACK,
	BLOB,
	/* in the vehicle */
	PREPARED,
	IDENTIFIED,
	INTENT,
	FLASHED,
};

struct event {
	enum kind kind;
	uint64_t at_us;
	uint64_t number;
};

struct vehicle_run {
	struct gateway *gateway;
	const struct fleet_model *model;
	const struct fleet_backend *backend;
	const struct fleet_class *class;
	struct director_doc director;
	struct manifest_doc manifest;
	struct event events[MAX_EVENTS];
	unsigned n_events;
	uint64_t now_us;
	uint64_t random;
	bool ignition, coverage, awake;
	uint64_t off_us; /* when the ignition went off */
	bool session;
	uint64_t poll_us; /* when the vehicle asks next */
	bool flashed, fails, erased;
	uint64_t txns[16]; /* to be told as durable */
	unsigned n_txns;
	struct file_ref fetching;
};

static uint64_t unix_ms(const struct vehicle_run *self)
{
	return UNIX_BASE * 1000 + self->now_us / 1000;
}

static void later(struct vehicle_run *self, enum kind kind, uint64_t after_us, uint64_t number)
{
	if (self->n_events == MAX_EVENTS) {
		fputs("exposure: too many events at once\n", stderr);
		exit(1);
	}
	self->events[self->n_events++] = (struct event){kind, self->now_us + after_us, number};
}

static void forget(struct vehicle_run *self, bool (*which)(enum kind kind))
{
	unsigned n = 0;

	for (unsigned i = 0; i < self->n_events; i++) {
		if (!which(self->events[i].kind))
			self->events[n++] = self->events[i];
	}
	self->n_events = n;
}

static bool of_session(enum kind kind)
{
	return kind <= BLOB;
}

static bool of_blob(enum kind kind)
{
	return kind == BLOB;
}

static bool of_flash(enum kind kind)
{
	return kind == INTENT || kind == FLASHED;
}

static void lose_session(struct vehicle_run *self)
{
	bool pending = false;

	for (unsigned i = 0; i < self->n_events; i++)
		pending = pending || self->events[i].kind == CONNECTED;
	forget(self, of_session);
	if (self->session || pending)
		gateway_disconnected(self->gateway, self->now_us, GATEWAY_CODE_UNREACHABLE, NULL,
				     (uint32_t)fleet_random(&self->random, UINT32_MAX));
	self->session = false;
}

/* --- the backend */

static void make_documents(struct vehicle_run *self)
{
	struct campaign_doc *campaign = &self->director.campaigns[0];
	struct component_doc *component = &self->manifest.components[0];
	struct target_doc *target = &campaign->targets[0];

	snprintf(self->manifest.id, sizeof self->manifest.id, "release-2");
	self->manifest.version = 1;
	self->manifest.n_components = 1;
	snprintf(component->name, sizeof component->name, "app");
	snprintf(component->hardware_ids[0], sizeof component->hardware_ids[0], "HW");
	component->n_hardware_ids = 1;
	component->profile = profile_file;
	component->n_units = 1;
	component->units[0].image = (struct file_ref){{3}, self->model->image_bytes};
	snprintf(component->units[0].expected_version, sizeof component->units[0].expected_version, "2.0");
	component->release_counter = 2;
	self->director.version = 1;
	self->director.n_campaigns = 1;
	snprintf(campaign->id, sizeof campaign->id, CAMPAIGN);
	campaign->manifest = manifest_file;
	campaign->mode = self->backend->mode;
	campaign->urgency = self->class->urgency;
	campaign->consent_required = self->class->consent_required;
	campaign->window_start_unix_s = UNIX_BASE + self->model->created_s;
	campaign->window_end_unix_s = UNIX_BASE + self->model->end_s;
	campaign->n_targets = 1;
	snprintf(target->ecu, sizeof target->ecu, "ecu");
	snprintf(target->hardware_id, sizeof target->hardware_id, "HW");
	snprintf(target->component, sizeof target->component, "app");
}

static bool created(const struct vehicle_run *self)
{
	return self->now_us >= self->model->created_s * S;
}

static void confirm(struct vehicle_run *self)
{
	const struct campaign *campaign = &self->gateway->campaigns[0];
	bool postponed = campaign->answer == ANSWER_POSTPONE;

	later(self, CONFIRM, S, postponed && self->backend->takes_proposals ? campaign->proposed_start_unix_s : 0);
}

/* --- the flash */

static void flash_result(struct vehicle_run *self, enum flash_code code)
{
	struct flash_result result = {.code = code};

	if (code == FLASH_OK) {
		self->flashed = true;
		result.erased = result.verified = true;
		snprintf(result.before.application_version, sizeof result.before.application_version, "1.0");
		snprintf(result.after.application_version, sizeof result.after.application_version, "2.0");
		snprintf(result.after.hardware_id, sizeof result.after.hardware_id, "HW");
	}
	result.ended_us = self->now_us;
	gateway_flash_result(self->gateway, self->now_us, 0, 0, &result);
	gateway_flash_finished(self->gateway, self->now_us, 0, GATEWAY_CODE_OK);
	self->erased = false;
}

static bool is_flashing(const struct vehicle_run *self)
{
	for (unsigned i = 0; i < self->n_events; i++) {
		if (of_flash(self->events[i].kind))
			return true;
	}
	return false;
}

/* --- events */

static void tell_signals(struct vehicle_run *self)
{
	gateway_signal(self->gateway, self->now_us, VEHICLE_IGNITION, self->ignition ? IGNITION_ON : IGNITION_OFF);
	gateway_signal(self->gateway, self->now_us, VEHICLE_SPEED_KMH, self->ignition ? 50 : 0);
	gateway_signal(self->gateway, self->now_us, VEHICLE_BATTERY_MV, self->ignition ? 14000 : 12600);
}

static void on_registered(struct vehicle_run *self)
{
	struct mode_table modes = {.n = 1, .entries = {{.mode = self->backend->mode}}};
	const struct gateway_registration result = {.accepted = true, .heartbeat_s = 3600, .modes = &modes};

	gateway_register_result(self->gateway, self->now_us, &result);
	self->session = true;
	if (created(self))
		later(self, DIRECTOR, S, 0);
	self->poll_us = self->backend->poll_s ? self->now_us + self->backend->poll_s * S : FLEET_NEVER;
}

static void on_blob(struct vehicle_run *self)
{
	gateway_blob(self->gateway, self->now_us, 0, self->fetching.sha256, 0, NULL);
}

static void on_prepared(struct vehicle_run *self)
{
	const uint64_t estimate_ms = self->model->flash_s * 1000u, bytes = self->model->image_bytes;
	const enum profile_supply supply = PROFILE_SUPPLY_KL30;

	gateway_prepared(self->gateway, self->now_us, 0, 0, NULL, &estimate_ms, &bytes, &supply);
}

static void on_identified(struct vehicle_run *self)
{
	struct flash_identity identity = {.hardware_id = "HW", .serial_number = "SN"};

	snprintf(identity.application_version, sizeof identity.application_version, self->flashed ? "2.0" : "1.0");
	gateway_identity(self->gateway, self->now_us, 0, true, &identity);
	gateway_identified(self->gateway, self->now_us);
}

static void handle(struct vehicle_run *self, const struct event *event)
{
	struct gateway *g = self->gateway;

	switch (event->kind) {
	case CONNECTED:
		gateway_connected(g, self->now_us);
		break;
	case REFUSED:
		gateway_disconnected(g, self->now_us, GATEWAY_CODE_UNREACHABLE, NULL,
				     (uint32_t)fleet_random(&self->random, UINT32_MAX));
		break;
	case TIME:
		gateway_time(g, self->now_us, unix_ms(self), 0);
		break;
	case REGISTERED:
		on_registered(self);
		break;
	case DIRECTOR:
		gateway_director(g, self->now_us, &self->director, (const uint8_t[32]){9});
		break;
	case CONFIRM:
		gateway_confirm(g, self->now_us, CAMPAIGN, 1, event->number);
		break;
	case HEARTBEAT:
		gateway_heartbeat(g, self->now_us, event->number);
		break;
	case ACK:
		gateway_report_ack(g, self->now_us, event->number);
		break;
	case BLOB:
		on_blob(self);
		break;
	case PREPARED:
		on_prepared(self);
		break;
	case IDENTIFIED:
		on_identified(self);
		break;
	case INTENT:
		if (self->fails) {
			forget(self, of_flash);
			flash_result(self, FLASH_NO_ANSWER);
		} else {
			gateway_flash_intent(g, self->now_us, 0, 0, 3, 0);
		}
		break;
	case FLASHED:
		flash_result(self, FLASH_OK);
		break;
	}
}

/* --- what the core asks for */

static void on_store(struct vehicle_run *self, const struct gateway_output *out)
{
	if (self->n_txns < sizeof self->txns / sizeof self->txns[0])
		self->txns[self->n_txns++] = out->txn;
}

static void on_connect(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, self->coverage ? CONNECTED : REFUSED, S, 0);
}

static void on_disconnect(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	forget(self, of_session);
	self->session = false;
	later(self, REFUSED, 0, 0);
}

static void on_time_request(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, TIME, S, 0);
}

static void on_register(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, REGISTERED, S, 0);
}

static void on_heartbeat(struct vehicle_run *self, const struct gateway_output *out)
{
	later(self, HEARTBEAT, S, out->number);
}

static void on_answer(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	confirm(self);
}

static void on_report(struct vehicle_run *self, const struct gateway_output *out)
{
	later(self, ACK, S, out->report.sequence);
}

static void on_space(struct vehicle_run *self, const struct gateway_output *out)
{
	gateway_space(self->gateway, self->now_us, out->campaign, true, NULL);
}

static void on_fetch(struct vehicle_run *self, const struct gateway_output *out)
{
	forget(self, of_blob);
	self->fetching = out->file;
	later(self, BLOB, S + out->file.length * S / self->model->bytes_per_s, 0);
}

static void on_cancel_fetch(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	forget(self, of_blob);
}

static void on_open_manifest(struct vehicle_run *self, const struct gateway_output *out)
{
	gateway_manifest(self->gateway, self->now_us, out->campaign, &self->manifest, 0, NULL);
}

static void on_prepare(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, PREPARED, 2 * S, 0);
}

static void on_identify(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, IDENTIFIED, S, 0);
}

static void on_flash(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	self->fails = fleet_random(&self->random, 100) < self->model->fails_percent;
	later(self, INTENT, self->model->erase_s * S, 0);
}

static void on_intent_stored(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	self->erased = true;
	later(self, FLASHED, (self->model->flash_s - self->model->erase_s) * S, 0);
}

/* one bank: after the first erase there is no safe point before the end */
static void on_stop(struct vehicle_run *self, const struct gateway_output *out)
{
	(void)out;
	if (self->erased || !is_flashing(self))
		return;
	forget(self, of_flash);
	flash_result(self, FLASH_STOPPED);
}

/* the rest is for others: D-Bus, the log, the store's files */
static void (*const handlers[])(struct vehicle_run *, const struct gateway_output *) = {
    [GATEWAY_OUT_STORE] = on_store,
    [GATEWAY_OUT_CONNECT] = on_connect,
    [GATEWAY_OUT_DISCONNECT] = on_disconnect,
    [GATEWAY_OUT_SEND_TIME_REQUEST] = on_time_request,
    [GATEWAY_OUT_SEND_REGISTER] = on_register,
    [GATEWAY_OUT_SEND_HEARTBEAT] = on_heartbeat,
    [GATEWAY_OUT_SEND_ANSWER] = on_answer,
    [GATEWAY_OUT_SEND_REPORT] = on_report,
    [GATEWAY_OUT_CHECK_SPACE] = on_space,
    [GATEWAY_OUT_FETCH] = on_fetch,
    [GATEWAY_OUT_CANCEL_FETCH] = on_cancel_fetch,
    [GATEWAY_OUT_OPEN_MANIFEST] = on_open_manifest,
    [GATEWAY_OUT_PREPARE] = on_prepare,
    [GATEWAY_OUT_IDENTIFY] = on_identify,
    [GATEWAY_OUT_FLASH] = on_flash,
    [GATEWAY_OUT_INTENT_STORED] = on_intent_stored,
    [GATEWAY_OUT_STOP_FLASH] = on_stop,
};

static void pump(struct vehicle_run *self)
{
	struct gateway_output out;

	for (;;) {
		while (gateway_pop_output(self->gateway, &out)) {
			if ((size_t)out.kind < sizeof handlers / sizeof handlers[0] && handlers[out.kind])
				handlers[out.kind](self, &out);
		}
		if (self->n_txns == 0)
			return;
		for (unsigned i = 0; i < self->n_txns; i++)
			gateway_stored(self->gateway, self->now_us, self->txns[i]);
		self->n_txns = 0;
	}
}

/* --- time */

static bool is_done(const struct vehicle_run *self)
{
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (self->gateway->campaigns[i].state == CAMPAIGN_DONE)
			return true;
	}
	return false;
}

static void turn_to(struct vehicle_run *self, const struct fleet_change *change)
{
	bool switched_on = change->ignition && !self->ignition;

	if (!change->ignition && self->ignition)
		self->off_us = self->now_us;
	self->ignition = change->ignition;
	if (self->coverage && !change->coverage)
		lose_session(self);
	self->coverage = change->coverage;
	if (self->awake || self->ignition)
		tell_signals(self);
	/* the driver sees the question when a trip begins, and answers some of the times */
	if (switched_on && self->class->consent_required &&
	    fleet_random(&self->random, 100) < self->model->consent_percent)
		(void)gateway_consent(self->gateway, self->now_us, CAMPAIGN, true);
}

/* awake or not from now on; what is flashed is finished first */
static void wake_or_sleep(struct vehicle_run *self)
{
	bool awake = self->ignition || self->now_us < self->off_us + self->model->awake_s * S || is_flashing(self);

	if (self->awake && !awake)
		lose_session(self);
	if (!self->awake && awake)
		tell_signals(self);
	self->awake = awake;
}

static uint64_t next_us(const struct vehicle_run *self, uint64_t change_us)
{
	uint64_t next = change_us;

	if (!self->awake)
		return next;
	for (unsigned i = 0; i < self->n_events; i++)
		next = self->events[i].at_us < next ? self->events[i].at_us : next;
	uint64_t deadline = gateway_deadline(self->gateway);
	uint64_t sleep_us = self->off_us + self->model->awake_s * S;
	next = deadline < next ? deadline : next;
	if (!self->ignition && sleep_us > self->now_us && sleep_us < next)
		next = sleep_us;
	if (self->session && self->poll_us < next)
		next = self->poll_us;
	uint64_t created_us = self->model->created_s * S;
	return created_us > self->now_us && created_us < next ? created_us : next;
}

static void handle_due(struct vehicle_run *self)
{
	for (unsigned i = 0; i < self->n_events;) {
		struct event event = self->events[i];

		if (event.at_us > self->now_us) {
			i++;
			continue;
		}
		memmove(&self->events[i], &self->events[i + 1], (self->n_events - i - 1) * sizeof event);
		self->n_events--;
		handle(self, &event);
		i = 0;
	}
	if (self->session && self->poll_us <= self->now_us) {
		self->poll_us = self->now_us + self->backend->poll_s * S;
		if (created(self))
			later(self, DIRECTOR, S, 0);
	}
	if (self->session && !self->backend->poll_s && self->now_us == self->model->created_s * S)
		later(self, DIRECTOR, S, 0);
}

static void configure(struct gateway_config *config, const struct fleet_class *class)
{
	*config = (struct gateway_config){.n_ecus = 1,
					  .postpone_s = 3600,
					  .max_attempts = 20,
					  .retry_pause_s = class->retry_pause_s,
					  .build_unix_s = UNIX_BASE - 1000};
	snprintf(config->vehicle_id, sizeof config->vehicle_id, "vehicle");
	snprintf(config->ecus[0].name, sizeof config->ecus[0].name, "ecu");
	snprintf(config->ecus[0].bus, sizeof config->ecus[0].bus, "can0");
	/* told when they change: here no signal is lost, and none grows old */
	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++)
		config->vehicle.max_age_ms[i] = UINT32_MAX;
}

uint64_t fleet_vehicle_run(struct gateway *gateway, const struct fleet_model *model,
			   const struct fleet_backend *backend, const struct fleet_class *class,
			   const struct fleet_pattern *pattern, uint64_t seed)
{
	static struct vehicle_run run; /* large */
	struct gateway_config config;
	size_t change = 0;

	memset(&run, 0, sizeof run);
	run.gateway = gateway;
	run.model = model;
	run.backend = backend;
	run.class = class;
	run.random = seed;
	run.coverage = pattern->home_coverage;
	run.awake = true;
	run.now_us = run.off_us = S;
	run.poll_us = FLEET_NEVER;
	make_documents(&run);
	configure(&config, class);
	gateway_init(gateway, &config);
	gateway_start(gateway, run.now_us);
	tell_signals(&run);
	while (run.now_us < model->end_s * S) {
		uint64_t change_us = change < pattern->n ? pattern->changes[change].at_s * S : model->end_s * S;
		uint64_t next = next_us(&run, change_us);

		run.now_us = next > run.now_us ? next : run.now_us;
		if (run.now_us >= change_us && change < pattern->n)
			turn_to(&run, &pattern->changes[change++]);
		wake_or_sleep(&run);
		if (!run.awake)
			continue;
		handle_due(&run);
		if (gateway_deadline(gateway) <= run.now_us)
			gateway_expire(gateway, run.now_us);
		pump(&run);
		if (is_done(&run))
			return run.now_us / S - model->created_s;
	}
	return FLEET_NEVER;
}
