/* session_blobs - files to the vehicle, in chunks, in the order they were asked for, never much in the queue. */
#include "sim/oem_backend/session_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sim/oem_backend/blobs.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/words.h"

void session_blob_request(struct session *self, const Gu__BlobRequest *request)
{
	struct blob_request blob = {.offset = request->offset};
	char hex[HEX_BYTES];

	if (self->n_requests == SESSION_MAX_REQUESTS) {
		session_send_error(self, SESSION_CODE_PROTOCOL, true, "more than %u files are asked for at once",
				   SESSION_MAX_REQUESTS);
		return;
	}
	memcpy(blob.sha256, request->sha256.data, sizeof blob.sha256);
	hex_of(blob.sha256, hex);
	blob.fd = blobs_open(self->backend->config->blob_dir, blob.sha256, &blob.length);
	if (blob.fd < 0) {
		session_send_error(self, SESSION_CODE_BLOB_UNAVAILABLE, false, "%s: %s", hex,
				   blob.fd == -ENOENT ? "there is no such file" : strerror(-blob.fd));
		return;
	}
	if (request->offset >= blob.length) {
		close(blob.fd);
		session_send_error(self, SESSION_CODE_BLOB_UNAVAILABLE, false, "%s: the file has only %llu bytes", hex,
				   (unsigned long long)blob.length);
		return;
	}
	blob.end = blob.length - blob.offset > request->max_bytes ? blob.offset + request->max_bytes : blob.length;
	backend_log("vehicle %s: file %s from byte %llu of %llu", self->vehicle, hex_of(blob.sha256, hex),
		    (unsigned long long)blob.offset, (unsigned long long)blob.length);
	session_push_requested(self, &blob);
	self->requests[self->n_requests++] = blob;
	session_blob_pump(self);
}

static void first_done(struct session *self)
{
	close(self->requests[0].fd);
	self->n_requests--;
	memmove(self->requests, self->requests + 1, self->n_requests * sizeof self->requests[0]);
}

/* Return: bytes sent of the first request, 0 if it is over for any reason */
static size_t send_chunk(struct session *self, size_t most)
{
	struct blob_request *blob = &self->requests[0];
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__BlobChunk chunk = GU__BLOB_CHUNK__INIT;
	uint8_t data[SESSION_CHUNK_BYTES];
	uint64_t left = blob->end - blob->offset;
	ssize_t n = pread(blob->fd, data, left < most ? left : most, (off_t)blob->offset);

	if (n <= 0) {
		char hex[HEX_BYTES];

		hex_of(blob->sha256, hex);
		first_done(self);
		session_send_error(self, SESSION_CODE_BLOB_UNAVAILABLE, false, "%s: %s", hex,
				   n < 0 ? strerror(errno) : "the file was cut off");
		return 0;
	}
	chunk.sha256 = (ProtobufCBinaryData){sizeof blob->sha256, blob->sha256};
	chunk.offset = blob->offset;
	chunk.length = blob->length;
	chunk.data = (ProtobufCBinaryData){(size_t)n, data};
	frame.body_case = GU__FRAME__BODY_BLOB_CHUNK;
	frame.blob_chunk = &chunk;
	session_send(self, &frame);
	blob->offset += (uint64_t)n;
	if (blob->pushed)
		self->push.left -= (uint64_t)n;
	if (blob->offset == blob->end)
		first_done(self);
	return (size_t)n;
}

/* Return: whether the session goes on */
static bool count_down(struct session *self, size_t n)
{
	struct faults *faults = &self->backend->faults;

	if (!faults->drop_armed)
		return true;
	faults->drop_after -= n;
	if (faults->drop_after > 0)
		return true;
	faults->drop_armed = false;
	backend_log("vehicle %s: the connection is closed, as asked for", self->vehicle);
	self->phase = SESSION_PHASE_CLOSED;
	tls_conn_close(self->conn);
	return false;
}

static void on_pace(uv_timer_t *timer)
{
	struct session *self = timer->data;

	self->paced = true;
	session_blob_pump(self);
}

/* called on a request, when the queue has drained, and by the pace timer, which alone sends when a rate is set */
void session_blob_pump(struct session *self)
{
	const struct faults *faults = &self->backend->faults;
	uint64_t budget = faults->rate ? faults->rate * SESSION_PACE_MS / 1000 + 1 : UINT64_MAX;

	if (!self->conn || !session_push_next(self) || !faults->rate) {
		uv_timer_stop(&self->pace);
	} else if (!self->paced) {
		if (!uv_is_active((uv_handle_t *)&self->pace))
			uv_timer_start(&self->pace, on_pace, SESSION_PACE_MS, SESSION_PACE_MS);
		return;
	}
	self->paced = false;
	while (session_push_next(self) && self->phase == SESSION_PHASE_UP && budget > 0 &&
	       tls_conn_queued(self->conn) + SESSION_CHUNK_BYTES < SESSION_MAX_QUEUED) {
		size_t most = budget < SESSION_CHUNK_BYTES ? (size_t)budget : SESSION_CHUNK_BYTES;

		if (faults->drop_armed && faults->drop_after < most)
			most = (size_t)faults->drop_after;
		size_t n = send_chunk(self, most);
		budget -= n;
		if (n > 0 && !count_down(self, n))
			return;
	}
}

void session_blob_drop(struct session *self)
{
	while (self->n_requests > 0)
		first_done(self);
}
