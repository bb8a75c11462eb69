/* fleet_io - see fleet_io.h. */
#include "tests/bench/fleet_io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct file_ref manifest_file = {{1}, 4000};
static const struct file_ref profile_file = {{2}, 3000};

static uint64_t unix_ms(const struct fleet_run *self)
{
	return FLEET_UNIX_BASE * 1000 + self->now_us / 1000;
}

static void later(struct fleet_run *self, enum fleet_event_kind kind, uint64_t after_us, uint64_t number)
{
	if (self->n_events == FLEET_MAX_EVENTS) {
		fputs("exposure: too many events at once\n", stderr);
		exit(1);
	}
	self->events[self->n_events++] = (struct fleet_event){kind, self->now_us + after_us, number};
}

static void forget(struct fleet_run *self, bool (*which)(enum fleet_event_kind kind))
{
	unsigned n = 0;

	for (unsigned i = 0; i < self->n_events; i++) {
		if (!which(self->events[i].kind))
			self->events[n++] = self->events[i];
	}
	self->n_events = n;
}

static bool of_session(enum fleet_event_kind kind)
{
	return kind <= FLEET_EVENT_TRIGGER;
}

static bool of_blob(enum fleet_event_kind kind)
{
	return kind == FLEET_EVENT_BLOB;
}

static bool of_flash(enum fleet_event_kind kind)
{
	return kind == FLEET_EVENT_INTENT || kind == FLEET_EVENT_FLASHED;
}

void fleet_io_lose_session(struct fleet_run *self)
{
	bool pending = false;

	for (unsigned i = 0; i < self->n_events; i++)
		pending = pending || self->events[i].kind == FLEET_EVENT_CONNECTED;
	forget(self, of_session);
	if (self->session || pending)
		gateway_disconnected(self->gateway, self->now_us, GATEWAY_CODE_UNREACHABLE, NULL,
				     (uint32_t)fleet_random(&self->random, UINT32_MAX));
	self->session = false;
}

/* --- the backend */

void fleet_io_init(struct fleet_run *self)
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
	snprintf(campaign->id, sizeof campaign->id, FLEET_CAMPAIGN);
	campaign->manifest = manifest_file;
	campaign->mode = self->backend->mode;
	campaign->urgency = self->class->urgency;
	campaign->consent_required = self->class->consent_required;
	campaign->window_start_unix_s = FLEET_UNIX_BASE + self->model->created_s;
	/* so long that what ends it is its deadline */
	campaign->window_end_unix_s = FLEET_UNIX_BASE + self->model->end_s + 365 * UINT64_C(86400);
	campaign->retry_pause_s = self->class->retry_pause_s;
	if (self->class->deadline_days)
		campaign->deadline_unix_s =
		    FLEET_UNIX_BASE + self->model->created_s + self->class->deadline_days * UINT64_C(86400);
	campaign->n_targets = 1;
	snprintf(target->ecu, sizeof target->ecu, "ecu");
	snprintf(target->hardware_id, sizeof target->hardware_id, "HW");
	snprintf(target->component, sizeof target->component, "app");
}

static bool created(const struct fleet_run *self)
{
	return self->now_us >= self->model->created_s * FLEET_S;
}

static void confirm(struct fleet_run *self)
{
	const struct campaign *campaign = &self->gateway->campaigns[0];
	bool postponed = campaign->answer == ANSWER_POSTPONE;

	later(self, FLEET_EVENT_CONFIRM, FLEET_S,
	      postponed && self->backend->takes_proposals ? campaign->proposed_start_unix_s : 0);
}

/* --- the flash */

static void flash_result(struct fleet_run *self, enum flash_code code)
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

bool fleet_io_is_flashing(const struct fleet_run *self)
{
	for (unsigned i = 0; i < self->n_events; i++) {
		if (of_flash(self->events[i].kind))
			return true;
	}
	return false;
}

/* --- events */

void fleet_io_tell_signals(struct fleet_run *self)
{
	gateway_signal(self->gateway, self->now_us, VEHICLE_IGNITION, self->ignition ? IGNITION_ON : IGNITION_OFF);
	gateway_signal(self->gateway, self->now_us, VEHICLE_SPEED_KMH, self->ignition ? 50 : 0);
	gateway_signal(self->gateway, self->now_us, VEHICLE_BATTERY_MV, self->ignition ? 14000 : 12600);
}

static void on_registered(struct fleet_run *self)
{
	static struct mode_table modes; /* large */

	modes.n = 1;
	modes.entries[0].mode = self->backend->mode;
	gateway_register_result(self->gateway, self->now_us,
				&(struct gateway_registration){.accepted = true,
							       .heartbeat_s = 3600,
							       .modes = &modes,
							       .poll_s = self->backend->poll_s,
							       .knows_modes = true});
	self->session = true;
	/* a vehicle with client-initiated updates asks by itself */
	if (created(self) && self->backend->mode != MODE_CLIENT)
		later(self, FLEET_EVENT_DIRECTOR, FLEET_S, 0);
}

static void on_blob(struct fleet_run *self)
{
	gateway_blob(self->gateway, self->now_us, 0, self->fetching.sha256, 0, NULL);
}

static void on_prepared(struct fleet_run *self)
{
	const uint64_t estimate_ms = self->model->flash_s * 1000u, bytes = self->model->image_bytes;
	const enum profile_supply supply = PROFILE_SUPPLY_KL30;

	gateway_prepared(self->gateway, self->now_us, 0, 0, NULL, &estimate_ms, &bytes, &supply);
}

static void on_identified(struct fleet_run *self)
{
	struct flash_identity identity = {.hardware_id = "HW", .serial_number = "SN"};

	snprintf(identity.application_version, sizeof identity.application_version, self->flashed ? "2.0" : "1.0");
	gateway_identity(self->gateway, self->now_us, 0, true, &identity);
	gateway_identified(self->gateway, self->now_us);
}

static void handle(struct fleet_run *self, const struct fleet_event *event)
{
	struct gateway *g = self->gateway;

	switch (event->kind) {
	case FLEET_EVENT_CONNECTED:
		gateway_connected(g, self->now_us);
		break;
	case FLEET_EVENT_REFUSED:
		gateway_disconnected(g, self->now_us, GATEWAY_CODE_UNREACHABLE, NULL,
				     (uint32_t)fleet_random(&self->random, UINT32_MAX));
		break;
	case FLEET_EVENT_TIME:
		gateway_time(g, self->now_us, unix_ms(self), 0);
		break;
	case FLEET_EVENT_REGISTERED:
		on_registered(self);
		break;
	case FLEET_EVENT_DIRECTOR:
		gateway_director(g, self->now_us, &self->director, (const uint8_t[32]){9});
		break;
	case FLEET_EVENT_CONFIRM:
		gateway_confirm(g, self->now_us, FLEET_CAMPAIGN, 1, event->number);
		break;
	case FLEET_EVENT_HEARTBEAT:
		gateway_heartbeat(g, self->now_us, event->number);
		break;
	case FLEET_EVENT_ACK:
		gateway_report_ack(g, self->now_us, event->number);
		break;
	case FLEET_EVENT_BLOB:
		on_blob(self);
		break;
	case FLEET_EVENT_CHECK_RESULT:
		gateway_check_result(g, self->now_us, 0);
		break;
	case FLEET_EVENT_TRIGGER:
		self->wants_trigger = false;
		gateway_trigger(g, self->now_us, FLEET_CAMPAIGN, 1);
		break;
	case FLEET_EVENT_PREPARED:
		on_prepared(self);
		break;
	case FLEET_EVENT_IDENTIFIED:
		on_identified(self);
		break;
	case FLEET_EVENT_INTENT:
		if (self->fails) {
			forget(self, of_flash);
			flash_result(self, FLASH_NO_ANSWER);
		} else {
			gateway_flash_intent(g, self->now_us, 0, 0, 3, 0);
		}
		break;
	case FLEET_EVENT_FLASHED:
		flash_result(self, FLASH_OK);
		break;
	}
}

/* --- what the core asks for */

static void on_store(struct fleet_run *self, const struct gateway_output *out)
{
	if (self->n_txns < sizeof self->txns / sizeof self->txns[0])
		self->txns[self->n_txns++] = out->txn;
}

static void on_connect(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, self->coverage ? FLEET_EVENT_CONNECTED : FLEET_EVENT_REFUSED, FLEET_S, 0);
}

static void on_disconnect(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	forget(self, of_session);
	self->session = false;
	later(self, FLEET_EVENT_REFUSED, 0, 0);
}

static void on_time_request(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, FLEET_EVENT_TIME, FLEET_S, 0);
}

static void on_register(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, FLEET_EVENT_REGISTERED, FLEET_S, 0);
}

static void on_heartbeat(struct fleet_run *self, const struct gateway_output *out)
{
	later(self, FLEET_EVENT_HEARTBEAT, FLEET_S, out->number);
}

static void on_answer(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	confirm(self);
}

static void on_report(struct fleet_run *self, const struct gateway_output *out)
{
	later(self, FLEET_EVENT_ACK, FLEET_S, out->report.sequence);
	/* the backend triggers by the vehicle's state, as its heartbeats tell it, what has been downloaded */
	if (out->report.campaign_state == CAMPAIGN_WAITING && out->report.code == GATEWAY_CODE_WAITING_TRIGGER)
		self->wants_trigger = true;
}

static void on_check(struct fleet_run *self, const struct gateway_output *out)
{
	bool newer = created(self) && self->gateway->director_version == 0;

	(void)out;
	later(self, newer ? FLEET_EVENT_DIRECTOR : FLEET_EVENT_CHECK_RESULT, FLEET_S, 0);
}

static void on_space(struct fleet_run *self, const struct gateway_output *out)
{
	gateway_space(self->gateway, self->now_us, out->campaign, true, NULL);
}

static void on_fetch(struct fleet_run *self, const struct gateway_output *out)
{
	forget(self, of_blob);
	self->fetching = out->file;
	later(self, FLEET_EVENT_BLOB, FLEET_S + out->file.length * FLEET_S / self->model->bytes_per_s, 0);
}

static void on_cancel_fetch(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	forget(self, of_blob);
}

static void on_open_manifest(struct fleet_run *self, const struct gateway_output *out)
{
	gateway_manifest(self->gateway, self->now_us, out->campaign, &self->manifest, 0, NULL);
}

static void on_prepare(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, FLEET_EVENT_PREPARED, 2 * FLEET_S, 0);
}

static void on_identify(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	later(self, FLEET_EVENT_IDENTIFIED, FLEET_S, 0);
}

static void on_flash(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	self->fails = fleet_random(&self->random, 100) < self->model->fails_percent;
	later(self, FLEET_EVENT_INTENT, self->model->erase_s * FLEET_S, 0);
}

static void on_intent_stored(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	self->erased = true;
	later(self, FLEET_EVENT_FLASHED, (self->model->flash_s - self->model->erase_s) * FLEET_S, 0);
}

/* one bank: after the first erase there is no safe point before the end */
static void on_stop(struct fleet_run *self, const struct gateway_output *out)
{
	(void)out;
	if (self->erased || !fleet_io_is_flashing(self))
		return;
	forget(self, of_flash);
	flash_result(self, FLASH_STOPPED);
}

/* the rest is for others: D-Bus, the log, the store's files */
static void (*const handlers[])(struct fleet_run *, const struct gateway_output *) = {
    [GATEWAY_OUT_STORE] = on_store,
    [GATEWAY_OUT_CONNECT] = on_connect,
    [GATEWAY_OUT_DISCONNECT] = on_disconnect,
    [GATEWAY_OUT_SEND_TIME_REQUEST] = on_time_request,
    [GATEWAY_OUT_SEND_REGISTER] = on_register,
    [GATEWAY_OUT_SEND_HEARTBEAT] = on_heartbeat,
    [GATEWAY_OUT_SEND_CHECK] = on_check,
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

void fleet_io_pump(struct fleet_run *self)
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

static bool is_pending(const struct fleet_run *self, enum fleet_event_kind kind)
{
	for (unsigned i = 0; i < self->n_events; i++) {
		if (self->events[i].kind == kind)
			return true;
	}
	return false;
}

/* parked as its heartbeat tells, or not seen so for too long: then the vehicle keeps the trigger until it is */
static bool may_trigger(const struct fleet_run *self)
{
	uint64_t patience_s = self->backend->trigger_after_s;

	return !self->ignition || (patience_s && self->now_us >= (self->model->created_s + patience_s) * FLEET_S);
}

void fleet_io_handle_due(struct fleet_run *self)
{
	for (unsigned i = 0; i < self->n_events;) {
		struct fleet_event event = self->events[i];

		if (event.at_us > self->now_us) {
			i++;
			continue;
		}
		memmove(&self->events[i], &self->events[i + 1], (self->n_events - i - 1) * sizeof event);
		self->n_events--;
		handle(self, &event);
		i = 0;
	}
	if (self->session && self->wants_trigger && may_trigger(self) && !is_pending(self, FLEET_EVENT_TRIGGER))
		later(self, FLEET_EVENT_TRIGGER, FLEET_S, 0);
	if (self->session && self->backend->mode != MODE_CLIENT && self->now_us == self->model->created_s * FLEET_S)
		later(self, FLEET_EVENT_DIRECTOR, FLEET_S, 0);
}
