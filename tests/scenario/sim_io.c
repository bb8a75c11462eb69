/* sim_io - see sim_io.h. */
#include "tests/scenario/sim_files.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREPARE_US (50 * SIM_MS)

/* an ECU has lost its application: the promise is that the intent was durable before */
static void on_erased(void *owner, unsigned ecu)
{
	struct sim_io *self = owner;
	const struct target *t = sim_disk_target(&self->disk, self->config.ecus[ecu].name);

	self->n_undurable_erases += !t || !t->erased;
	self->n_loud_erases += !self->world->ecus[ecu].core.silenced;
	sim_watch_erased(&self->watch, ecu);
}

void sim_io_init(struct sim_io *self, struct sim_world *world, struct sim_backend *backend,
		 const struct gateway_config *config)
{
	self->world = world;
	self->backend = backend;
	self->config = *config;
	self->hash = UINT64_C(0xcbf29ce484222325);
	self->gateway = calloc(1, sizeof(*self->gateway));
	assert(self->gateway);
	self->disk.latency_us = 2 * SIM_MS;
	world->owner = self;
	world->on_erased = on_erased;
	sim_watch_init(&self->watch, world, &self->disk, &backend->unix_base_s);
}

/* --- the link to the backend */

static void fetch_done(struct sim_io *self, unsigned code)
{
	uint8_t campaign = self->fetch.campaign;
	const struct sim_file *f = self->fetch.file;

	self->fetch.active = false;
	gateway_blob(self->gateway, self->world->now_us, campaign, f->ref.sha256, code, NULL);
}

static void fetch_ask(struct sim_io *self)
{
	struct sim_file *f = self->fetch.file;
	struct sim_message request = {.kind = SIM_TO_BACKEND_BLOB_REQUEST, .number = f->n_held}, old;

	self->fetch.awaits_push = false;
	self->push.left += self->push.credit;
	while (sim_push_take(self, f->ref.sha256, &old)) {
	}
	f->n_requests++;
	memcpy(request.sha256, f->ref.sha256, 32);
	sim_backend_send(self->backend, &request);
}

static void take_bytes(struct sim_io *self, const struct sim_message *m)
{
	struct sim_file *f = self->fetch.file;

	assert(m->number == f->n_held && m->n <= f->ref.length - f->n_held);
	memcpy(f->bytes + f->n_held, m->bytes, m->n);
	f->n_held += m->n;
	f->n_received += m->n;
	gateway_blob_progress(self->gateway, self->world->now_us, self->fetch.campaign, f->n_held);
	if (f->n_held == f->ref.length)
		fetch_done(self, sim_files_right(f) ? 0 : GATEWAY_CODE_DIGEST_MISMATCH);
}

/* what came unasked of the file that is being fetched. Return: true if there was any */
static bool take_pushed(struct sim_io *self)
{
	struct sim_message m;
	bool any = false;

	while (self->fetch.active && self->fetch.awaits_push && sim_push_take(self, self->fetch.file->ref.sha256, &m)) {
		any = true;
		self->fetch.ask_us = self->world->now_us + SIM_PUSH_WAIT_US;
		if (m.number == self->fetch.file->n_held)
			take_bytes(self, &m);
		else if (m.number > self->fetch.file->n_held)
			fetch_ask(self);
	}
	if (self->fetch.active && self->fetch.awaits_push && !self->push.left)
		fetch_ask(self); /* which grants more */
	return any;
}

static void fetch_begin(struct sim_io *self, const struct gateway_output *out)
{
	struct sim_file *f = sim_files_of(self, &out->file);

	self->fetch.active = true;
	self->fetch.awaits_push = false;
	self->fetch.campaign = out->campaign;
	self->fetch.file = f;
	if (f->n_held == f->ref.length) {
		fetch_done(self, sim_files_right(f) ? 0 : GATEWAY_CODE_DIGEST_MISMATCH);
		return;
	}
	/* the backend begins at the first byte; from any other on it is told where */
	if (!f->n_held && sim_push_is_expected(self, out->campaign)) {
		self->fetch.awaits_push = true;
		self->fetch.ask_us = self->world->now_us + SIM_PUSH_WAIT_US;
		return;
	}
	fetch_ask(self);
}

static void on_chunk(struct sim_io *self, const struct sim_message *m)
{
	const struct sim_file *f = self->fetch.file;

	if (!self->fetch.active || memcmp(f->ref.sha256, m->sha256, 32) || self->fetch.awaits_push)
		sim_push_hold(self, m); /* or left over from a fetch that was stopped */
	else if (m->number == f->n_held)
		take_bytes(self, m);
}

static uint32_t random_u32(struct sim_io *self)
{
	return (uint32_t)sim_random(&self->world->random);
}

static void on_message(struct sim_io *self, const struct sim_message *m)
{
	struct gateway *g = self->gateway;
	uint64_t now_us = self->world->now_us;

	switch (m->kind) {
	case SIM_TO_GATEWAY_CONNECTED:
		gateway_connected(g, now_us);
		return;
	case SIM_TO_GATEWAY_REFUSED:
		gateway_disconnected(g, now_us, GATEWAY_CODE_UNREACHABLE, NULL, random_u32(self));
		return;
	case SIM_TO_GATEWAY_TIME:
		self->watch.told_time = true;
		gateway_time(g, now_us, m->number, 0);
		return;
	case SIM_TO_GATEWAY_REGISTERED:
		gateway_register_result(g, now_us,
					&(struct gateway_registration){.accepted = true,
								       .heartbeat_s = (uint32_t)m->number,
								       .modes = &self->backend->modes,
								       .poll_s = self->backend->poll_s,
								       .knows_modes = true});
		return;
	case SIM_TO_GATEWAY_CHECK_RESULT:
		gateway_check_result(g, now_us, 0);
		return;
	case SIM_TO_GATEWAY_NOTICE:
		gateway_notice(g, now_us, m->campaign, (enum urgency)m->number, m->version);
		return;
	case SIM_TO_GATEWAY_TRIGGER:
		gateway_trigger(g, now_us, m->campaign, m->version);
		return;
	case SIM_TO_GATEWAY_HEARTBEAT:
		gateway_heartbeat(g, now_us, m->number);
		return;
	case SIM_TO_GATEWAY_DIRECTOR:
		gateway_director(g, now_us, &self->backend->director, self->backend->director_sha256);
		return;
	case SIM_TO_GATEWAY_CONFIRM:
		gateway_confirm(g, now_us, m->campaign, m->version, m->number);
		return;
	case SIM_TO_GATEWAY_CHUNK:
		on_chunk(self, m);
		return;
	case SIM_TO_GATEWAY_ACK:
		gateway_report_ack(g, now_us, m->number);
		return;
	case SIM_TO_BACKEND_TIME_REQUEST:
	case SIM_TO_BACKEND_REGISTER:
	case SIM_TO_BACKEND_HEARTBEAT:
	case SIM_TO_BACKEND_ANSWER:
	case SIM_TO_BACKEND_BLOB_REQUEST:
	case SIM_TO_BACKEND_REPORT:
	case SIM_TO_BACKEND_CHECK:
	case SIM_TO_BACKEND_ERROR:
		break;
	}
	abort(); /* a message that only a gateway sends */
}

void sim_io_drop_session(struct sim_io *self)
{
	bool was_open = self->backend->session;

	sim_backend_drop(self->backend);
	self->fetch.active = false;
	if (self->running && was_open)
		gateway_disconnected(self->gateway, self->world->now_us, GATEWAY_CODE_TLS, NULL, random_u32(self));
}

static void send(struct sim_io *self, enum sim_message_kind kind, uint64_t number)
{
	sim_backend_send(self->backend, &(struct sim_message){.kind = kind, .number = number});
}

static void send_answer(struct sim_io *self, const struct gateway_output *out)
{
	const struct campaign *c = &self->gateway->campaigns[out->campaign];
	struct sim_message m = {.kind = SIM_TO_BACKEND_ANSWER,
				.version = c->director_version,
				.answer = c->answer,
				.number = c->answer == ANSWER_POSTPONE ? c->proposed_start_unix_s : 0};

	memcpy(m.campaign, c->doc.id, sizeof(m.campaign));
	sim_backend_send(self->backend, &m);
}

static void send_report(struct sim_io *self, const struct gateway_output *out)
{
	struct sim_message m = {.kind = SIM_TO_BACKEND_REPORT, .report = out->report};

	self->n_forgettable_reports += !sim_disk_has_report(&self->disk, out->report.sequence);
	sim_backend_send(self->backend, &m);
}

/* --- outputs */

static void open_manifest(struct sim_io *self, const struct gateway_output *out)
{
	struct manifest_doc *manifest = malloc(sizeof(*manifest));
	unsigned code = 0;

	assert(manifest);
	if (!sim_files_manifest(self, &out->file, manifest))
		code = GATEWAY_CODE_IO_ERROR;
	gateway_manifest(self->gateway, self->world->now_us, out->campaign, manifest, code, NULL);
	free(manifest);
}

static void store(struct sim_io *self, const struct gateway_output *out)
{
	sim_disk_store(&self->disk, self->world->now_us, self->gateway, out, &self->backend->director);
	if (self->kill_when == SIM_KILL_BEFORE_DURABLE && self->disk.n_given == self->kill_at_store)
		self->killed = true;
}

static void carry_out(struct sim_io *self, const struct gateway_output *out)
{
	uint64_t now_us = self->world->now_us;

	switch (out->kind) {
	case GATEWAY_OUT_STORE:
		store(self, out);
		return;
	case GATEWAY_OUT_CONNECT:
		sim_backend_connect(self->backend);
		return;
	case GATEWAY_OUT_DISCONNECT:
		sim_backend_drop(self->backend);
		self->fetch.active = false;
		gateway_disconnected(self->gateway, now_us, GATEWAY_CODE_OK, NULL, random_u32(self));
		return;
	case GATEWAY_OUT_SEND_TIME_REQUEST:
		send(self, SIM_TO_BACKEND_TIME_REQUEST, 0);
		return;
	case GATEWAY_OUT_SEND_REGISTER:
		sim_push_reset(&self->push);
		sim_backend_send(self->backend, &(struct sim_message){.kind = SIM_TO_BACKEND_REGISTER,
								      .number = self->gateway->director_version,
								      .credit = self->push.credit});
		return;
	case GATEWAY_OUT_SEND_HEARTBEAT:
		send(self, SIM_TO_BACKEND_HEARTBEAT, out->number);
		return;
	case GATEWAY_OUT_SEND_CHECK:
		send(self, SIM_TO_BACKEND_CHECK, self->gateway->director_version);
		return;
	case GATEWAY_OUT_SEND_ERROR:
		send(self, SIM_TO_BACKEND_ERROR, out->code);
		return;
	case GATEWAY_OUT_SEND_ANSWER:
		send_answer(self, out);
		return;
	case GATEWAY_OUT_SEND_REPORT:
		send_report(self, out);
		return;
	case GATEWAY_OUT_CHECK_SPACE:
		gateway_space(self->gateway, now_us, out->campaign, !self->no_space, "the disk is full");
		return;
	case GATEWAY_OUT_FETCH:
		fetch_begin(self, out);
		return;
	case GATEWAY_OUT_CANCEL_FETCH:
		self->fetch.active = false;
		return;
	case GATEWAY_OUT_OPEN_MANIFEST:
		open_manifest(self, out);
		return;
	case GATEWAY_OUT_PREPARE:
		memcpy(self->prepare_id[out->campaign], self->gateway->campaigns[out->campaign].doc.id,
		       sizeof(self->prepare_id[out->campaign]));
		self->prepare_us[out->campaign] = now_us + PREPARE_US;
		return;
	case GATEWAY_OUT_IDENTIFY:
		sim_flasher_identify(&self->flasher, now_us);
		return;
	case GATEWAY_OUT_FLASH:
		sim_flasher_flash(&self->flasher, now_us, out->campaign, out->targets, self->prepared[out->campaign]);
		return;
	case GATEWAY_OUT_INTENT_STORED:
		sim_flasher_intent_stored(&self->flasher, now_us, out->campaign, out->target);
		return;
	case GATEWAY_OUT_STOP_FLASH:
		sim_flasher_stop(&self->flasher, now_us, out->targets);
		return;
	case GATEWAY_OUT_HOLD:
		sim_hold_order(&self->holds[out->hold.hold], now_us, out->hold.on);
		return;
	case GATEWAY_OUT_LOG:
		if (sim_tracing())
			printf("# %10.6f log %u: %s\n", (double)now_us / 1e6, out->code, out->text);
		return;
	case GATEWAY_OUT_NONE:
	case GATEWAY_OUT_SEND_HELLO:
	case GATEWAY_OUT_RELEASE: /* the files stay: nothing is short of space */
	case GATEWAY_OUT_CHANGED:
	case GATEWAY_OUT_ADDED:
		return;
	}
}

static bool pump(struct sim_io *self)
{
	struct gateway_output out;
	bool any = false;

	while (!self->killed && gateway_pop_output(self->gateway, &out)) {
		any = true;
		self->n_outputs[out.kind]++;
		sim_hash(&self->hash, &self->world->now_us, sizeof(self->world->now_us));
		sim_hash(&self->hash, &out.kind, sizeof(out.kind));
		carry_out(self, &out);
	}
	return any;
}

/* --- the process */

void sim_io_start(struct sim_io *self)
{
	self->config.random = sim_random(&self->world->random);
	self->watch.told_time = false;
	gateway_init(self->gateway, &self->config);
	sim_disk_restore(&self->disk, self->gateway, sim_files_manifest, self);
	if (self->world->gateway_client == BUS_MAX_CLIENTS)
		sim_world_new_gateway(self->world);
	sim_flasher_start(&self->flasher, self->gateway);
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		sim_hold_init(&self->holds[i], SIM_AWAKE_ID + i);
	self->running = true;
	self->killed = false;
	gateway_start(self->gateway, self->world->now_us);
}

void sim_io_kill(struct sim_io *self, unsigned n_kept)
{
	self->running = false;
	self->killed = false;
	sim_disk_kill(&self->disk, n_kept);
	sim_backend_drop(self->backend);
	self->fetch.active = false;
	memset(self->prepare_id, 0, sizeof(self->prepare_id));
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		sim_files_free_prepared(self->prepared[i]);
		self->prepared[i] = NULL;
	}
	sim_world_gateway_leaves(self->world);
}

void sim_io_deinit(struct sim_io *self)
{
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		sim_files_free_prepared(self->prepared[i]);
	for (unsigned i = 0; i < self->n_files; i++)
		free(self->files[i].bytes);
	sim_disk_deinit(&self->disk);
	free(self->gateway);
}

/* a frame of the vehicle's signals, decoded as the daemon's configuration would say */
static void on_frame(struct sim_io *self, const struct can_msg *msg)
{
	const struct vehicle_core_config *v = &self->world->vehicle_config;

	for (size_t i = 0; i < v->n_signals; i++) {
		const struct vehicle_core_signal *s = &v->signals[i];
		double value;

		if (s->id != msg->id || !can_signal_read(&s->codec, msg->data, msg->len, &value))
			continue;
		/* the quantities of the one are the signals of the other, in the same order */
		gateway_signal(self->gateway, self->world->now_us, (enum vehicle_signal)s->quantity,
			       s->quantity == VEHICLE_CORE_IGNITION ? IGNITION_OFF + value : value);
	}
}

void sim_io_delivery(struct sim_io *self, const struct bus_delivery *d)
{
	uint64_t now_us = self->world->now_us;

	if (!self->running)
		return;
	if (d->echo) {
		can_node_confirm(&self->flasher.node, now_us, 1);
		return;
	}
	/* an answer is valid until the channel's next input: the owner sees it before that */
	if (sim_flasher_input(&self->flasher, now_us, &d->msg))
		(void)sim_flasher_step(&self->flasher, now_us);
	else
		on_frame(self, &d->msg);
}

static void commit(struct sim_io *self)
{
	uint64_t txn;

	while (!self->killed && sim_disk_commit(&self->disk, self->world->now_us, &txn)) {
		if (self->kill_when == SIM_KILL_AFTER_DURABLE && self->disk.n_durable == self->kill_at_store)
			self->killed = true;
		else
			gateway_stored(self->gateway, self->world->now_us, txn);
	}
}

void sim_io_turn(struct sim_io *self)
{
	uint64_t now_us = self->world->now_us;
	struct sim_message message;
	struct can_msg msg;
	bool moved = true;

	if (!self->running)
		return;
	commit(self);
	while (!self->killed && sim_backend_pop(self->backend, &message))
		on_message(self, &message);
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		if (self->prepare_id[i][0] && self->prepare_us[i] <= now_us && !self->killed)
			sim_files_prepare(self, i);
	sim_push_expire(self);
	if (self->fetch.active && self->fetch.awaits_push && self->fetch.ask_us <= now_us)
		fetch_ask(self);
	can_node_expire(&self->flasher.node, now_us);
	while (moved && !self->killed) {
		if (gateway_deadline(self->gateway) <= now_us)
			gateway_expire(self->gateway, now_us);
		moved = pump(self);
		moved = take_pushed(self) || moved;
		if (!self->killed)
			moved = sim_flasher_step(&self->flasher, now_us) || moved;
	}
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		sim_hold_expire(&self->holds[i], now_us, &self->flasher.node);
	while (!self->killed && bus_room(&self->world->bus, self->world->gateway_client) &&
	       can_node_pop_frame(&self->flasher.node, now_us, &msg))
		(void)bus_input(&self->world->bus, now_us * 1000, self->world->gateway_client, &msg);
}

uint64_t sim_io_deadline(const struct sim_io *self)
{
	const uint64_t times[] = {
	    gateway_deadline(self->gateway),
	    sim_flasher_deadline(&self->flasher),
	    sim_disk_deadline(&self->disk),
	};
	uint64_t deadline = SIM_NEVER;

	if (!self->running)
		return deadline;
	if (self->fetch.active && self->fetch.awaits_push && self->fetch.ask_us < deadline)
		deadline = self->fetch.ask_us;
	for (unsigned i = 0; i < POWER_HOLDS; i++)
		deadline = self->holds[i].next_us < deadline ? self->holds[i].next_us : deadline;
	for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		deadline = times[i] < deadline ? times[i] : deadline;
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		if (self->prepare_id[i][0] && self->prepare_us[i] < deadline)
			deadline = self->prepare_us[i];
	return deadline;
}
