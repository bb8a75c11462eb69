/*
 * client - a vehicle of the test: sends frames, and keeps what comes until the test takes it. Runs on the backend's
 * loop.
 */
#ifndef TEST_CLIENT_H
#define TEST_CLIENT_H

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/tls_conn.h"
#include "proto/envelope.h"
#include "proto/stream.h"

#define INBOX 4096

struct client {
	struct tls_conn *conn;
	bool ready;
	bool closed;
	struct stream_decoder decoder;
	uint8_t buf[STREAM_HEADER_BYTES + STREAM_MAX_FRAME_BYTES];
	Gu__Frame *inbox[INBOX];
	size_t n_inbox;
	size_t taken;
};

static void client_on_ready(struct tls_conn *conn, void *user)
{
	struct client *self = user;

	(void)conn;
	self->ready = true;
}

static void client_on_data(struct tls_conn *conn, void *user, const uint8_t *bytes, size_t n)
{
	struct client *self = user;
	const uint8_t *frame;
	size_t n_frame;
	struct envelope_error error;

	(void)conn;
	do {
		size_t taken = stream_decoder_input(&self->decoder, bytes, n);

		bytes += taken;
		n -= taken;
		while (stream_decoder_pop(&self->decoder, &frame, &n_frame) == 1) {
			Gu__Frame *unpacked = session_unpack(frame, n_frame, &error);

			if (!unpacked)
				fail_msg("the backend sent a bad frame: %s %s", envelope_verdict_text(error.verdict),
					 error.detail);
			if (self->n_inbox == INBOX)
				fail_msg("the inbox is full");
			self->inbox[self->n_inbox++] = unpacked;
			stream_decoder_done(&self->decoder);
		}
	} while (n > 0);
}

static void client_on_close(struct tls_conn *conn, void *user, const char *error)
{
	struct client *self = user;

	(void)conn;
	(void)error;
	self->conn = NULL;
	self->closed = true;
}

static const struct tls_conn_callbacks client_callbacks = {client_on_ready, client_on_data, NULL, client_on_close};

static struct client *client_new(uv_loop_t *loop, struct tls_context *context, uint16_t port)
{
	struct client *self = calloc(1, sizeof *self);

	assert_non_null(self);
	stream_decoder_init(&self->decoder, self->buf, sizeof self->buf);
	assert_int_equal(tls_conn_connect(loop, context, "127.0.0.1", port, &client_callbacks, self, &self->conn), 0);
	return self;
}

static void client_free(struct client *self)
{
	for (size_t i = 0; i < self->n_inbox; i++)
		session_free(self->inbox[i]);
	free(self);
}

static void client_send(struct client *self, const Gu__Frame *frame)
{
	size_t n = gu__frame__get_packed_size(frame);
	uint8_t *bytes = malloc(STREAM_HEADER_BYTES + n);

	assert_non_null(bytes);
	stream_header(bytes, n);
	gu__frame__pack(frame, bytes + STREAM_HEADER_BYTES);
	assert_int_equal(tls_conn_write(self->conn, bytes, STREAM_HEADER_BYTES + n), 0);
	free(bytes);
}

/* the next frame that came, in order; NULL if none comes for 5 s, or the connection ends;
 * a timer of the test wakes the loop */
static Gu__Frame *client_take(uv_loop_t *loop, struct client *self)
{
	uint64_t end = uv_hrtime() + 5 * UINT64_C(1000000000);

	while (self->taken == self->n_inbox && !self->closed && uv_hrtime() < end)
		uv_run(loop, UV_RUN_ONCE);
	return self->taken < self->n_inbox ? self->inbox[self->taken++] : NULL;
}

#endif
