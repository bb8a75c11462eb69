#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gatewayd/io/backend_priv.h"
#include "uds/port/can_driver.h"

#define REQUEST_BYTES (8u * 1024u * 1024u)
#define PUSH_WAIT_US  3000000u /* a file that does not come by itself is asked for */
#define STALL_US      (30u * 1000000u)
#define WINDOW_US     (60u * 1000000u) /* a byte now and then is no progress either: */
#define WINDOW_BYTES  (60u * 1024u)    /* at least 1 KiB/s on the whole */

/* hands the outcome to the core; the core may ask for the next file at once */
static void finish(struct backend *self, unsigned code, const char *text)
{
	struct fetch done = self->fetch;

	fetch_stop(self);
	gateway_blob(self->gateway, can_driver_now_us(), done.campaign, done.file.sha256, code, text);
}

static void begin_window(struct fetch *self, uint64_t now_us)
{
	self->window_us = now_us;
	self->window_bytes = 0;
}

static void request_more(struct backend *self)
{
	struct fetch *f = &self->fetch;
	Gu__BlobRequest request = GU__BLOB_REQUEST__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	uint64_t left = f->file.length - f->received;

	if (left == 0) { /* all bytes are in; on_written follows by itself */
		push_settled(self);
		return;
	}
	request.sha256 = (ProtobufCBinaryData){.len = 32, .data = f->file.sha256};
	request.offset = f->received;
	request.max_bytes = left < REQUEST_BYTES ? left : REQUEST_BYTES;
	f->progress_us = can_driver_now_us();
	if (f->requested == 0) /* a window goes on over the ends of requests */
		begin_window(f, f->progress_us);
	f->requested = f->received + request.max_bytes;
	f->awaits_push = false;
	push_granted(self);
	push_asked(self, f->campaign);
	push_drop(self, f->file.sha256);
	frame.body_case = GU__FRAME__BODY_BLOB_REQUEST;
	frame.blob_request = &request;
	backend_send(self, &frame);
}

static void on_writer_ready(void *owner, uint64_t offset)
{
	struct backend *self = owner;

	self->fetch.received = offset;
	gateway_blob_progress(self->gateway, can_driver_now_us(), self->fetch.campaign, offset);
	/* the backend begins a file at its first byte; from any other on, and at the begin of a session, it is told
	 * where */
	if (offset == 0 && push_is_expected(self, self->fetch.campaign)) {
		self->fetch.awaits_push = true;
		self->fetch.progress_us = can_driver_now_us();
		begin_window(&self->fetch, self->fetch.progress_us);
		push_feed(self);
		return;
	}
	request_more(self);
}

void fetch_ask(struct backend *self)
{
	if (self->fetch.active && self->fetch.awaits_push)
		request_more(self);
}

static void on_written(void *owner, unsigned code, const char *text)
{
	finish(owner, code, text);
}

static void on_writer_drain(void *owner)
{
	struct backend *self = owner;

	if (!self->fetch.paused)
		return;
	self->fetch.paused = false;
	self->fetch.progress_us = can_driver_now_us();
	begin_window(&self->fetch, self->fetch.progress_us); /* the pause was ours */
	if (self->conn)
		tls_conn_pause(self->conn, false);
}

void fetch_begin(struct backend *self, uint8_t campaign, const struct file_ref *file)
{
	const struct blob_writer_callbacks callbacks = {
	    .owner = self, .on_ready = on_writer_ready, .on_done = on_written, .on_drain = on_writer_drain};
	int r;

	fetch_stop(self);
	self->fetch = (struct fetch){.active = true, .campaign = campaign, .file = *file};
	if (blob_store_has(self->store, file)) {
		finish(self, 0, "");
		return;
	}
	r = blob_writer_new(self->store, file, &callbacks, &self->fetch.writer);
	if (r < 0)
		finish(self, r == -ENOSPC ? GATEWAY_CODE_NO_SPACE : GATEWAY_CODE_IO_ERROR, strerror(-r));
}

static void take_bytes(struct backend *self, const uint8_t *bytes, size_t n)
{
	struct fetch *f = &self->fetch;
	int64_t waiting;

	f->received += n;
	f->window_bytes += n;
	f->progress_us = can_driver_now_us();
	waiting = blob_writer_write(f->writer, bytes, n);
	if (waiting < 0) {
		finish(self, waiting == -ENOSPC ? GATEWAY_CODE_NO_SPACE : GATEWAY_CODE_IO_ERROR,
		       strerror((int)-waiting));
		return;
	}
	gateway_blob_progress(self->gateway, f->progress_us, f->campaign, f->received);
	if (waiting > BLOB_WRITER_HIGH_BYTES && !f->paused) {
		f->paused = true;
		tls_conn_pause(self->conn, true);
	}
	if (!f->awaits_push && f->received == f->requested)
		request_more(self);
}

/* of the file that is being fetched, and nothing of it was asked for; @bytes are within the credit */
static void take_pushed(struct backend *self, uint64_t offset, uint64_t length, const uint8_t *bytes, size_t n)
{
	struct fetch *f = &self->fetch;

	if (length != f->file.length) {
		finish(self, GATEWAY_CODE_LENGTH_MISMATCH, "the backend's file has another length than was signed");
		return;
	}
	if (offset < f->received)
		return;
	if (offset > f->received) { /* what lies between was dropped */
		request_more(self);
		return;
	}
	take_bytes(self, bytes, n);
	if (f->active && f->awaits_push && self->push.left == 0)
		request_more(self); /* which grants more */
}

void fetch_pushed(struct backend *self, const struct pushed_chunk *chunk)
{
	if (self->fetch.awaits_push)
		take_pushed(self, chunk->offset, chunk->length, chunk->bytes, chunk->n);
}

void fetch_chunk(struct backend *self, const Gu__BlobChunk *chunk)
{
	struct fetch *f = &self->fetch;

	/* not of the file that is fetched: unasked, or left over from a fetch that was stopped */
	if (!f->active || !f->writer || chunk->sha256.len != 32 ||
	    memcmp(chunk->sha256.data, f->file.sha256, 32) != 0) {
		push_chunk(self, chunk);
		return;
	}
	if (f->awaits_push) {
		if (push_take(self, chunk))
			take_pushed(self, chunk->offset, chunk->length, chunk->data.data, chunk->data.len);
		return;
	}
	if (f->requested == 0) { /* the writer is not ready */
		push_chunk(self, chunk);
		return;
	}
	if (chunk->length != f->file.length) {
		finish(self, GATEWAY_CODE_LENGTH_MISMATCH, "the backend's file has another length than was signed");
		return;
	}
	if (chunk->offset != f->received)
		return; /* asked for before this fetch began again; what we wait for follows, or the stall ends it */
	if (chunk->data.len == 0 || chunk->data.len > f->requested - f->received) {
		backend_fail(self, GATEWAY_CODE_PROTOCOL, "the backend sent bytes of a file that were not asked for");
		return;
	}
	take_bytes(self, chunk->data.data, chunk->data.len);
}

void fetch_fail(struct backend *self, unsigned code, const char *text)
{
	if (self->fetch.active)
		finish(self, code, text);
}

void fetch_stop(struct backend *self)
{
	if (self->fetch.writer)
		blob_writer_close(self->fetch.writer);
	if (self->fetch.paused && self->conn)
		tls_conn_pause(self->conn, false);
	self->fetch = (struct fetch){0};
}

/* Return: whether the window that is over brought too little; else the next one begins */
static bool too_slow(struct fetch *self, uint64_t now_us)
{
	if (now_us < self->window_us + WINDOW_US)
		return false;
	if (self->window_bytes < WINDOW_BYTES)
		return true;
	begin_window(self, now_us);
	return false;
}

bool fetch_push_stalled(struct backend *self, uint64_t now_us)
{
	struct fetch *f = &self->fetch;

	return f->awaits_push && !f->paused && (now_us > f->progress_us + PUSH_WAIT_US || too_slow(f, now_us));
}

const char *fetch_stalled(struct backend *self, uint64_t now_us)
{
	struct fetch *f = &self->fetch;

	if (!f->active || f->paused || f->received >= f->requested)
		return NULL;
	if (now_us > f->progress_us + STALL_US)
		return "no byte of a requested file came for 30 s";
	return too_slow(f, now_us) ? "less than 60 KiB of a requested file came in 60 s" : NULL;
}
