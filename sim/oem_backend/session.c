#include "sim/oem_backend/session_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/initiative.h"
#include "sim/oem_backend/log.h"

static const char *name_of(const struct session *self)
{
	return self->vehicle[0] ? self->vehicle : self->conn ? tls_conn_peer_address(self->conn) : "?";
}

void session_send(struct session *self, const Gu__Frame *frame)
{
	struct backend *backend = self->backend;
	size_t n = gu__frame__get_packed_size(frame);

	if (!self->conn || self->phase == SESSION_PHASE_CLOSED)
		return;
	if (n > STREAM_MAX_FRAME_BYTES) {
		session_fail(self, "a frame is too large", -EMSGSIZE);
		return;
	}
	stream_header(backend->frame, n);
	gu__frame__pack(frame, backend->frame + STREAM_HEADER_BYTES);
	int error = tls_conn_write(self->conn, backend->frame, STREAM_HEADER_BYTES + n);
	if (error)
		session_fail(self, "sending failed", error);
}

void session_send_error(struct session *self, unsigned code, bool fatal, const char *format, ...)
{
	Gu__Frame frame = GU__FRAME__INIT;
	Gu__Error error = GU__ERROR__INIT;
	char text[257];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	backend_log("vehicle %s: error %u: %s%s", name_of(self), code, text, fatal ? "; the session ends" : "");
	error.code = code;
	error.text = text;
	error.fatal = fatal;
	frame.body_case = GU__FRAME__BODY_ERROR;
	frame.error = &error;
	session_send(self, &frame);
	if (fatal && self->conn && self->phase != SESSION_PHASE_CLOSED) {
		self->phase = SESSION_PHASE_CLOSED;
		tls_conn_close(self->conn);
	}
}

void session_fail(struct session *self, const char *what, int error)
{
	if (self->phase == SESSION_PHASE_CLOSED)
		return;
	backend_log("vehicle %s: %s: %s; the session ends", name_of(self), what, strerror(-error));
	self->phase = SESSION_PHASE_CLOSED;
	if (self->conn)
		tls_conn_abort(self->conn);
}

static void on_silence(uv_timer_t *timer)
{
	struct session *self = timer->data;

	if (self->phase == SESSION_PHASE_CLOSED || !self->conn)
		return;
	backend_log("vehicle %s: silent for too long; the session ends", name_of(self));
	self->phase = SESSION_PHASE_CLOSED;
	tls_conn_abort(self->conn);
}

static void heard(struct session *self)
{
	uv_timer_start(&self->silence, on_silence, 3000u * (uint64_t)self->backend->config->heartbeat_s, 0);
}

static void on_ready(struct tls_conn *conn, void *user)
{
	struct session *self = user;

	(void)conn;
	self->phase = SESSION_PHASE_HELLO;
	heard(self);
}

static void take_frame(struct session *self, const uint8_t *bytes, size_t n)
{
	struct envelope_error refused;
	Gu__Frame *frame = session_unpack(bytes, n, &refused);

	if (!frame) {
		session_send_error(self, SESSION_CODE_PROTOCOL, true, "a frame was refused: %s%s%s",
				   envelope_verdict_text(refused.verdict), refused.detail[0] ? ": " : "",
				   refused.detail);
		return;
	}
	session_handle(self, frame);
	session_free(frame);
}

static void on_data(struct tls_conn *conn, void *user, const uint8_t *bytes, size_t n)
{
	struct session *self = user;

	(void)conn;
	heard(self);
	while (self->phase != SESSION_PHASE_CLOSED) {
		size_t taken = stream_decoder_input(&self->decoder, bytes, n);
		const uint8_t *frame;
		size_t n_frame;
		int popped;

		bytes += taken;
		n -= taken;
		while (self->phase != SESSION_PHASE_CLOSED &&
		       (popped = stream_decoder_pop(&self->decoder, &frame, &n_frame)) != 0) {
			if (popped < 0) {
				session_send_error(self, SESSION_CODE_PROTOCOL, true, "a frame is empty or too long");
				break;
			}
			take_frame(self, frame, n_frame);
			stream_decoder_done(&self->decoder);
		}
		if (n == 0)
			break;
	}
	session_batch_end(self);
}

static void on_drain(struct tls_conn *conn, void *user)
{
	(void)conn;
	session_blob_pump(user);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct session *self = handle->data;

	if (--self->handles == 0)
		free(self);
}

static void on_close(struct tls_conn *conn, void *user, const char *error)
{
	struct session *self = user;
	struct session **link = &self->backend->sessions;

	if (error)
		backend_log("vehicle %s: disconnected: %s", name_of(self), error);
	else if (self->vehicle[0])
		backend_log("vehicle %s: disconnected", self->vehicle);
	(void)conn;
	self->conn = NULL;
	self->phase = SESSION_PHASE_CLOSED;
	while (*link != self)
		link = &(*link)->next;
	*link = self->next;
	if (self->reports_open)
		store_rollback(&self->backend->store);
	session_blob_drop(self);
	uv_close((uv_handle_t *)&self->silence, on_handle_closed);
	uv_close((uv_handle_t *)&self->pace, on_handle_closed);
}

static const struct tls_conn_callbacks callbacks = {on_ready, on_data, on_drain, on_close};

int session_accept(struct backend *backend, uv_stream_t *listener)
{
	struct session *self = calloc(1, sizeof *self);

	if (!self)
		return -ENOMEM;
	self->backend = backend;
	(void)uv_timer_init(backend->loop, &self->silence);
	(void)uv_timer_init(backend->loop, &self->pace);
	self->silence.data = self;
	self->pace.data = self;
	self->handles = 2;
	stream_decoder_init(&self->decoder, self->buf, sizeof self->buf);
	int error = tls_conn_accept(listener, backend->tls, &callbacks, self, &self->conn);
	if (error) {
		uv_close((uv_handle_t *)&self->silence, on_handle_closed);
		uv_close((uv_handle_t *)&self->pace, on_handle_closed);
		return error;
	}
	self->next = backend->sessions;
	backend->sessions = self;
	return 0;
}

struct session *session_find(struct session *list, const char *vehicle)
{
	for (struct session *self = list; self; self = self->next) {
		if (self->phase == SESSION_PHASE_UP && strcmp(self->vehicle, vehicle) == 0)
			return self;
	}
	return NULL;
}

void session_offer(struct backend *backend, const char *vehicle)
{
	struct session *self = session_find(backend->sessions, vehicle);

	if (self) {
		initiative_offer(self);
		initiative_turn(self, false);
	}
}

unsigned session_close_all(struct backend *backend, const char *vehicle)
{
	unsigned n = 0;

	for (struct session *self = backend->sessions; self; self = self->next) {
		if (!self->conn || (vehicle && strcmp(self->vehicle, vehicle) != 0))
			continue;
		self->phase = SESSION_PHASE_CLOSED;
		tls_conn_abort(self->conn);
		n++;
	}
	return n;
}
