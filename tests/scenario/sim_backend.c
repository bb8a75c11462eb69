/* sim_backend - see sim_backend.h. */
#include "tests/scenario/sim_backend.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_S 30u

void sim_backend_init(struct sim_backend *self, struct sim_world *world)
{
	self->world = world;
	self->latency_us = 20 * SIM_MS;
	self->bytes_per_s = 1000000;
	self->chunk_bytes = 4096;
	self->reachable = true;
	self->tells_time = true;
	self->up_us = SIM_NEVER;
	self->modes = (struct mode_table){.n = 1, .entries = {{.mode = MODE_NEGOTIATED}}};
}

void sim_backend_deinit(struct sim_backend *self)
{
	for (unsigned i = 0; i < self->n_blobs; i++)
		free(self->blobs[i].bytes);
}

struct file_ref sim_backend_add_blob(struct sim_backend *self, const void *bytes, size_t n)
{
	struct sim_blob *blob = &self->blobs[self->n_blobs++];

	assert(self->n_blobs <= SIM_MAX_BLOBS);
	blob->bytes = malloc(n);
	assert(blob->bytes);
	memcpy(blob->bytes, bytes, n);
	blob->ref.length = n;
	(void)EVP_Digest(bytes, n, blob->ref.sha256, NULL, EVP_sha256(), NULL);
	return blob->ref;
}

uint64_t sim_backend_unix_s(const struct sim_backend *self)
{
	return self->unix_base_s + self->world->now_us / SIM_S;
}

/* --- the link */

static void put(struct sim_backend *self, struct sim_queue *queue, const struct sim_message *message)
{
	struct sim_message *slot = &queue->items[(queue->head + queue->n) % SIM_MAX_MESSAGES];

	assert(queue->n < SIM_MAX_MESSAGES);
	*slot = *message;
	slot->at_us = self->world->now_us + self->latency_us;
	queue->n++;
}

static bool take(struct sim_queue *queue, uint64_t now_us, struct sim_message *message)
{
	if (!queue->n || queue->items[queue->head].at_us > now_us)
		return false;
	*message = queue->items[queue->head];
	queue->head = (queue->head + 1) % SIM_MAX_MESSAGES;
	queue->n--;
	return true;
}

void sim_backend_connect(struct sim_backend *self)
{
	struct sim_message message = {.kind = SIM_TO_GATEWAY_REFUSED};

	self->to_gateway.n = 0;
	if (self->reachable && self->up_us == SIM_NEVER) {
		message.kind = SIM_TO_GATEWAY_CONNECTED;
		self->session = true;
		self->registered = false;
		self->n_sessions++;
	}
	put(self, &self->to_gateway, &message);
}

void sim_backend_send(struct sim_backend *self, const struct sim_message *message)
{
	if (self->session)
		put(self, &self->to_backend, message);
}

bool sim_backend_pop(struct sim_backend *self, struct sim_message *message)
{
	return take(&self->to_gateway, self->world->now_us, message);
}

static void handle(struct sim_backend *self, const struct sim_message *message);

void sim_backend_drop(struct sim_backend *self)
{
	struct sim_message message;

	/* what was written before the connection broke may still arrive, up to some byte */
	while (self->session && sim_random(&self->world->random) % 2 && take(&self->to_backend, SIM_NEVER, &message)) {
		if (message.kind == SIM_TO_BACKEND_REPORT)
			handle(self, &message);
	}
	self->to_backend.n = 0;
	self->to_gateway.n = 0;
	self->stream = NULL;
	self->push.granted = self->push.left = 0;
	self->push.n = self->push.next = 0;
	self->session = false;
	self->registered = false;
}

void sim_backend_kill(struct sim_backend *self, uint64_t down_us)
{
	self->to_backend.n = 0; /* nothing that it had not handled */
	sim_backend_drop(self);
	self->n_kills++;
	self->up_us = self->world->now_us + down_us;
}

/* --- what it says and hears */

static void say(struct sim_backend *self, enum sim_message_kind kind, uint64_t number)
{
	struct sim_message message = {.kind = kind, .number = number};

	put(self, &self->to_gateway, &message);
}

static const struct campaign_doc *find_campaign(const struct sim_backend *self, const char *id)
{
	for (unsigned i = 0; i < self->director.n_campaigns; i++)
		if (!strcmp(self->director.campaigns[i].id, id))
			return &self->director.campaigns[i];
	return NULL;
}

void sim_backend_say(struct sim_backend *self, enum sim_message_kind kind, const char *campaign, uint64_t number)
{
	struct sim_message message = {.kind = kind, .version = self->director.version, .number = number};

	snprintf(message.campaign, sizeof(message.campaign), "%s", campaign);
	if (self->registered)
		put(self, &self->to_gateway, &message);
}

/* the reports show that the vehicle knows of the trigger */
static bool trigger_is_known(const struct sim_backend *self, const char *campaign)
{
	for (unsigned i = self->n_ledger; i-- > 0;) {
		const struct report *r = &self->ledger[i];

		if (r->ecu[0] || strcmp(r->campaign_id, campaign))
			continue;
		return r->campaign_state > CAMPAIGN_WAITING ||
		       (r->campaign_state == CAMPAIGN_WAITING && r->code != GATEWAY_CODE_WAITING_TRIGGER &&
			r->code != GATEWAY_CODE_WAITING_START);
	}
	return false;
}

struct sim_agreed *sim_backend_agreed(struct sim_backend *self, const char *campaign)
{
	struct sim_agreed *a;

	campaign = campaign ? campaign : self->director.campaigns[0].id;
	for (unsigned i = 0; i < self->n_agreed; i++)
		if (!strcmp(self->agreed[i].campaign, campaign))
			return &self->agreed[i];
	assert(self->n_agreed < SIM_MAX_AGREED);
	a = &self->agreed[self->n_agreed++];
	snprintf(a->campaign, sizeof(a->campaign), "%s", campaign);
	return a;
}

static void say_trigger(struct sim_backend *self, const struct sim_agreed *agreed)
{
	if (!agreed->triggered || !self->registered || !find_campaign(self, agreed->campaign) ||
	    trigger_is_known(self, agreed->campaign))
		return;
	self->n_triggers++;
	sim_backend_say(self, SIM_TO_GATEWAY_TRIGGER, agreed->campaign, 0);
}

static void say_triggers(struct sim_backend *self)
{
	for (unsigned i = 0; i < self->n_agreed; i++)
		say_trigger(self, &self->agreed[i]);
}

void sim_backend_trigger_of(struct sim_backend *self, const char *campaign)
{
	struct sim_agreed *agreed = sim_backend_agreed(self, campaign);

	agreed->triggered = true;
	say_trigger(self, agreed);
}

void sim_backend_trigger(struct sim_backend *self)
{
	sim_backend_trigger_of(self, NULL);
}

/* what goes to the vehicle unasked: the document, or that there is one; nothing of what the vehicle asks for itself */
static void offer(struct sim_backend *self)
{
	unsigned n_client = 0, n_noticed = 0;

	if (!self->director.version || !self->registered)
		return;
	for (unsigned i = 0; i < self->director.n_campaigns; i++) {
		n_client += self->director.campaigns[i].mode == MODE_CLIENT;
		n_noticed += self->director.campaigns[i].mode == MODE_NEGOTIATED && self->existence_only;
	}
	if (self->director.n_campaigns && n_client + n_noticed == self->director.n_campaigns) {
		for (unsigned i = 0; i < self->director.n_campaigns; i++) {
			const struct campaign_doc *c = &self->director.campaigns[i];

			if (c->mode == MODE_CLIENT)
				continue;
			self->n_notices++;
			sim_backend_say(self, SIM_TO_GATEWAY_NOTICE, c->id, c->urgency);
		}
		return;
	}
	say(self, SIM_TO_GATEWAY_DIRECTOR, 0);
	sim_backend_push_offer(self);
}

static void on_check(struct sim_backend *self, uint64_t held)
{
	if (self->n_checks < SIM_MAX_ANSWERS)
		self->checked_us[self->n_checks] = self->world->now_us;
	self->n_checks++;
	if (self->director.version > held)
		say(self, SIM_TO_GATEWAY_DIRECTOR, 0);
	else
		say(self, SIM_TO_GATEWAY_CHECK_RESULT, 0);
}

void sim_backend_publish(struct sim_backend *self)
{
	self->director.version++;
	(void)EVP_Digest(&self->director.version, sizeof(self->director.version), self->director_sha256, NULL,
			 EVP_sha256(), NULL);
	offer(self);
}

static void on_answer(struct sim_backend *self, const struct sim_message *m)
{
	const struct campaign_doc *doc = find_campaign(self, m->campaign);
	struct sim_message confirm = {.kind = SIM_TO_GATEWAY_CONFIRM, .version = m->version};

	assert(self->n_answers < SIM_MAX_ANSWERS);
	self->answers[self->n_answers] = m->answer;
	self->proposed[self->n_answers++] = m->number;
	if (!doc || m->answer == ANSWER_DECLINE)
		return;
	memcpy(confirm.campaign, m->campaign, sizeof(confirm.campaign));
	confirm.number = m->answer == ANSWER_ACCEPT ? 0 : m->number;
	sim_backend_agreed(self, m->campaign)->start_unix_s = confirm.number;
	put(self, &self->to_gateway, &confirm);
}

static void on_blob_request(struct sim_backend *self, const struct sim_message *m)
{
	self->stream = NULL;
	for (unsigned i = 0; i < self->n_blobs; i++)
		if (!memcmp(self->blobs[i].ref.sha256, m->sha256, 32))
			self->stream = &self->blobs[i];
	assert(self->stream && m->number < self->stream->ref.length);
	self->n_blob_requests++;
	self->stream_offset = m->number;
	self->stream_end = self->stream->ref.length;
	self->stream_pushed = false;
	self->stream_next_us = self->world->now_us;
	sim_backend_push_requested(self, self->stream);
}

static void on_report(struct sim_backend *self, const struct sim_message *m)
{
	const struct report *r = &m->report;

	if (r->sequence > self->applied) {
		assert(self->n_ledger < SIM_MAX_LEDGER);
		self->n_gaps += r->sequence != self->applied + 1;
		self->ledger[self->n_ledger++] = *r;
		self->applied = r->sequence;
		sim_backend_push_report(self, r);
	} else {
		self->n_repeated++;
		for (unsigned i = 0; i < self->n_ledger; i++) {
			const struct report *old = &self->ledger[i];

			if (old->sequence == r->sequence &&
			    (strcmp(old->campaign_id, r->campaign_id) || strcmp(old->ecu, r->ecu) ||
			     old->campaign_state != r->campaign_state || old->target_state != r->target_state ||
			     old->code != r->code || old->unix_ms != r->unix_ms))
				self->n_conflicting++;
		}
	}
	if (self->session)
		say(self, SIM_TO_GATEWAY_ACK, self->applied);
}

static void handle(struct sim_backend *self, const struct sim_message *m)
{
	switch (m->kind) {
	case SIM_TO_BACKEND_TIME_REQUEST:
		if (!self->tells_time)
			return;
		say(self, SIM_TO_GATEWAY_TIME, self->unix_base_s * 1000 + self->world->now_us / 1000);
		return;
	case SIM_TO_BACKEND_REGISTER:
		self->registered = true;
		self->push.granted = self->push.left = self->pushes ? m->credit : 0;
		say(self, SIM_TO_GATEWAY_REGISTERED, HEARTBEAT_S);
		offer(self); /* the document that is held, too, as the reference backend does */
		say_triggers(self);
		return;
	case SIM_TO_BACKEND_HEARTBEAT:
		say(self, SIM_TO_GATEWAY_HEARTBEAT, m->number);
		return;
	case SIM_TO_BACKEND_ANSWER:
		on_answer(self, m);
		return;
	case SIM_TO_BACKEND_BLOB_REQUEST:
		on_blob_request(self, m);
		return;
	case SIM_TO_BACKEND_REPORT:
		on_report(self, m);
		return;
	case SIM_TO_BACKEND_CHECK:
		on_check(self, m->number);
		return;
	case SIM_TO_BACKEND_ERROR:
		self->error_code = (unsigned)m->number;
		self->n_errors++;
		return;
	case SIM_TO_GATEWAY_CHECK_RESULT:
	case SIM_TO_GATEWAY_NOTICE:
	case SIM_TO_GATEWAY_TRIGGER:
	case SIM_TO_GATEWAY_CONNECTED:
	case SIM_TO_GATEWAY_REFUSED:
	case SIM_TO_GATEWAY_TIME:
	case SIM_TO_GATEWAY_REGISTERED:
	case SIM_TO_GATEWAY_HEARTBEAT:
	case SIM_TO_GATEWAY_DIRECTOR:
	case SIM_TO_GATEWAY_CONFIRM:
	case SIM_TO_GATEWAY_CHUNK:
	case SIM_TO_GATEWAY_ACK:
		break;
	}
	abort(); /* a message that only the backend sends */
}

static void send_chunk(struct sim_backend *self)
{
	struct sim_blob *blob = &self->blobs[self->stream - self->blobs];
	uint64_t left = self->stream_end - self->stream_offset;
	struct sim_message chunk = {.kind = SIM_TO_GATEWAY_CHUNK, .number = self->stream_offset};

	chunk.n = left < self->chunk_bytes ? (size_t)left : self->chunk_bytes;
	chunk.bytes = blob->bytes + self->stream_offset;
	memcpy(chunk.sha256, blob->ref.sha256, 32);
	put(self, &self->to_gateway, &chunk);
	blob->n_sent += chunk.n;
	self->stream_offset += chunk.n;
	self->stream_next_us += chunk.n * SIM_S / self->bytes_per_s;
	if (self->stream_pushed)
		self->push.left -= chunk.n;
	if (self->stream_offset == self->stream_end) {
		self->stream = NULL;
		sim_backend_push_next(self);
	}
}

void sim_backend_turn(struct sim_backend *self)
{
	struct sim_message message;

	while (self->session && take(&self->to_backend, self->world->now_us, &message))
		handle(self, &message);
	while (self->stream && self->stream_next_us <= self->world->now_us)
		send_chunk(self);
	if (self->up_us <= self->world->now_us)
		self->up_us = SIM_NEVER;
	for (unsigned i = 0; self->up_us == SIM_NEVER && i < self->n_agreed; i++) {
		const struct sim_agreed *a = &self->agreed[i];

		if (a->start_unix_s && !a->triggered && sim_backend_unix_s(self) >= a->start_unix_s)
			sim_backend_trigger_of(self, a->campaign);
	}
}

uint64_t sim_backend_deadline(const struct sim_backend *self)
{
	uint64_t deadline = SIM_NEVER;

	if (self->to_gateway.n)
		deadline = self->to_gateway.items[self->to_gateway.head].at_us;
	if (self->to_backend.n && self->to_backend.items[self->to_backend.head].at_us < deadline)
		deadline = self->to_backend.items[self->to_backend.head].at_us;
	if (self->stream && self->stream_next_us < deadline)
		deadline = self->stream_next_us;
	deadline = self->up_us < deadline ? self->up_us : deadline;
	for (unsigned i = 0; self->up_us == SIM_NEVER && i < self->n_agreed; i++) {
		const struct sim_agreed *a = &self->agreed[i];

		if (a->start_unix_s && !a->triggered && (a->start_unix_s - self->unix_base_s) * SIM_S < deadline)
			deadline = (a->start_unix_s - self->unix_base_s) * SIM_S;
	}
	return deadline;
}

/* --- what it knows */

enum campaign_state sim_backend_final(const struct sim_backend *self, const char *campaign, unsigned *code)
{
	for (unsigned i = self->n_ledger; i-- > 0;) {
		const struct report *r = &self->ledger[i];

		if (r->ecu[0] || strcmp(r->campaign_id, campaign) || !campaign_state_info(r->campaign_state)->final)
			continue;
		if (code)
			*code = r->code;
		return r->campaign_state;
	}
	return CAMPAIGN_NONE;
}

const struct report *sim_backend_ecu_report(const struct sim_backend *self, const char *ecu)
{
	for (unsigned i = self->n_ledger; i-- > 0;)
		if (!strcmp(self->ledger[i].ecu, ecu))
			return &self->ledger[i];
	return NULL;
}

unsigned sim_backend_count(const struct sim_backend *self, enum campaign_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < self->n_ledger; i++)
		n += !self->ledger[i].ecu[0] && self->ledger[i].campaign_state == state;
	return n;
}

unsigned sim_backend_count_ecu(const struct sim_backend *self, const char *ecu, enum target_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < self->n_ledger; i++)
		n += !strcmp(self->ledger[i].ecu, ecu) && self->ledger[i].target_state == state;
	return n;
}
