#include <stdlib.h>
#include <string.h>

#include "gatewayd/io/backend_priv.h"
#include "uds/port/can_driver.h"

#define CREDIT_MAX (4u * PUSH_CREDIT) /* of requests that follow each other closely */
#define HELD_US    2000000u           /* a chunk whose file is not fetched by then is dropped */

/* reads on once nothing is held */
static void drop_first(struct backend *self)
{
	struct pushed_chunk *chunk = self->push.first;

	self->push.first = chunk->next;
	if (!self->push.first)
		self->push.last = NULL;
	free(chunk);
	self->push.held_us = can_driver_now_us();
	if (!self->push.first && self->conn && !self->fetch.paused)
		tls_conn_pause(self->conn, false);
}

void push_reset(struct backend *self)
{
	while (self->push.first)
		drop_first(self);
	self->push = (struct push){0};
}

void push_granted(struct backend *self)
{
	/* what is on its way under the credit of before counts, too */
	self->push.left = self->push.left + PUSH_CREDIT < CREDIT_MAX ? self->push.left + PUSH_CREDIT : CREDIT_MAX;
}

void push_asked(struct backend *self, uint8_t campaign)
{
	self->push.flows =
	    campaign < GATEWAY_MAX_CAMPAIGNS && self->gateway->campaigns[campaign].doc.mode == MODE_SERVER;
}

/* Return: whether the report is that the campaign of this id downloads; with a code it says why it does not */
static bool tells_download(const struct report *report, const char *id)
{
	return report->campaign_state == CAMPAIGN_DOWNLOADING && !report->code && !report->ecu[0] &&
	       strcmp(report->campaign_id, id) == 0;
}

void push_reported(struct backend *self, const struct report *report)
{
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->gateway->campaigns[i];

		self->push.flows =
		    self->push.flows || (c->doc.mode == MODE_SERVER && tells_download(report, c->doc.id));
	}
}

void push_settled(struct backend *self)
{
	self->push.left = PUSH_CREDIT;
}

/* a report that the campaign downloads waits to be sent: with it the backend begins */
static bool will_be_told(const struct backend *self, const struct campaign *campaign)
{
	const struct report_queue *reports = &self->gateway->reports;

	for (size_t i = 0; i < reports->n; i++) {
		if (tells_download(&reports->items[(reports->head + i) % REPORT_QUEUE_MAX], campaign->doc.id))
			return true;
	}
	return false;
}

bool push_is_expected(const struct backend *self, uint8_t campaign)
{
	const struct campaign *c = &self->gateway->campaigns[campaign < GATEWAY_MAX_CAMPAIGNS ? campaign : 0];

	if (!self->modes_known || self->push.left == 0 || campaign >= GATEWAY_MAX_CAMPAIGNS ||
	    c->doc.mode != MODE_SERVER)
		return false;
	/* the manifest comes behind the document; the others once the backend knows which of them are lacking */
	return c->state == CAMPAIGN_OFFERED || self->push.flows || will_be_told(self, c);
}

/* says so once a file, and not at all to a backend that would not understand */
static void refuse(struct backend *self, const Gu__BlobChunk *chunk)
{
	Gu__BlobRefused refused = GU__BLOB_REFUSED__INIT;
	Gu__Frame frame = GU__FRAME__INIT;

	if (!self->modes_known || (self->push.has_refused && memcmp(self->push.refused, chunk->sha256.data, 32) == 0))
		return;
	memcpy(self->push.refused, chunk->sha256.data, 32);
	self->push.has_refused = true;
	refused.sha256 = chunk->sha256;
	refused.code = GATEWAY_CODE_FILE_NOT_WANTED;
	frame.body_case = GU__FRAME__BODY_BLOB_REFUSED;
	frame.blob_refused = &refused;
	backend_send(self, &frame);
}

bool push_take(struct backend *self, const Gu__BlobChunk *chunk)
{
	if (chunk->data.len > self->push.left) {
		refuse(self, chunk);
		return false;
	}
	self->push.left -= chunk->data.len;
	return true;
}

static bool names(const struct backend *self, const struct file_ref *file, const Gu__BlobChunk *chunk)
{
	return memcmp(file->sha256, chunk->sha256.data, 32) == 0 && file->length == chunk->length &&
	       !blob_store_has(self->store, file);
}

/* a server-initiated campaign on its way to its files names it, and the store lacks it */
static bool is_wanted(const struct backend *self, const Gu__BlobChunk *chunk)
{
	for (uint8_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &self->gateway->campaigns[i];
		struct file_ref file;

		if (c->doc.mode != MODE_SERVER || (c->state != CAMPAIGN_OFFERED && c->state != CAMPAIGN_DOWNLOADING))
			continue;
		if (names(self, &c->doc.manifest, chunk))
			return true;
		for (size_t k = 0; c->has_manifest && campaign_file(c, k, &file); k++) {
			if (names(self, &file, chunk))
				return true;
		}
	}
	return false;
}

void push_chunk(struct backend *self, const Gu__BlobChunk *chunk)
{
	struct pushed_chunk *held;

	if (chunk->sha256.len != 32 || !is_wanted(self, chunk)) {
		if (chunk->sha256.len == 32)
			refuse(self, chunk);
		return;
	}
	if (!push_take(self, chunk))
		return;
	held = malloc(sizeof(*held) + chunk->data.len);
	if (!held)
		return; /* asked for later */
	held->next = NULL;
	memcpy(held->sha256, chunk->sha256.data, 32);
	held->offset = chunk->offset;
	held->length = chunk->length;
	held->n = chunk->data.len;
	memcpy(held->bytes, chunk->data.data, chunk->data.len);
	if (self->push.last)
		self->push.last->next = held;
	else
		self->push.first = held;
	if (!self->push.last)
		self->push.held_us = can_driver_now_us();
	self->push.last = held;
	tls_conn_pause(self->conn, true);
	backend_watch(self);
}

void push_feed(struct backend *self)
{
	/* in their order: one of another file waits for its own fetch, and those behind it with it */
	while (self->push.first && self->fetch.awaits_push &&
	       memcmp(self->push.first->sha256, self->fetch.file.sha256, 32) == 0) {
		fetch_pushed(self, self->push.first);
		if (self->push.first) /* unless the session ended meanwhile */
			drop_first(self);
	}
}

void push_drop(struct backend *self, const uint8_t sha256[32])
{
	while (self->push.first && memcmp(self->push.first->sha256, sha256, 32) == 0)
		drop_first(self);
}

void push_tick(struct backend *self, uint64_t now_us)
{
	while (self->push.first && now_us > self->push.held_us + HELD_US)
		drop_first(self);
	if (fetch_push_stalled(self, now_us))
		fetch_ask(self);
}
