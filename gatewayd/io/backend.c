#include "gatewayd/io/backend_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>

#include "gatewayd/io/log.h"
#include "uds/port/can_driver.h"

#define STALL_PERIOD_MS 1000u

static uint64_t now_us(void)
{
	return can_driver_now_us();
}

static uint32_t random_u32(void)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		value = (uint32_t)now_us(); /* only jitter hangs on it */
	return value;
}

void backend_fail(struct backend *self, unsigned code, const char *text)
{
	fetch_stop(self);
	self->up = false;
	if (!self->told) {
		self->told = true;
		gateway_disconnected(self->gateway, now_us(), code, text, random_u32());
	}
	self->closing = true;
	if (self->conn)
		tls_conn_abort(self->conn);
}

/* --- messages of the backend */

static uint8_t *repack(const Gu__Envelope *envelope, size_t *n)
{
	uint8_t *bytes;

	*n = gu__envelope__get_packed_size(envelope);
	bytes = malloc(*n ? *n : 1);
	if (bytes)
		gu__envelope__pack(envelope, bytes);
	return bytes;
}

/* a list that is not renewed locks nobody out, but somebody has to know; told once, until it is */
static void check_crl(struct backend *self, uint64_t unix_s)
{
	char text[TLS_CONN_ERROR_BYTES];
	const bool lacks = !tls_conn_crl_counts(self->conn, unix_s, text);

	if (lacks && !self->crl_told)
		log_write(LOG_WARNING, NULL, "%s (backend.crl): one that was revoked since is taken", text);
	self->crl_told = lacks;
}

static void on_time(struct backend *self, const Gu__Envelope *envelope)
{
	char text[TLS_CONN_ERROR_BYTES] = "";
	uint64_t unix_ms = 0;
	unsigned code;
	uint8_t *bytes;
	size_t n;

	if (!self->nonce_pending) {
		backend_fail(self, GATEWAY_CODE_PROTOCOL, "the backend sent a time that nobody asked for");
		return;
	}
	self->nonce_pending = false;
	bytes = repack(envelope, &n);
	code = bytes ? trust_open_time(self->trust, bytes, n, self->nonce, &unix_ms, text, sizeof(text))
		     : GATEWAY_CODE_NO_MEMORY;
	free(bytes);
	/* the handshake left dates out: only signed time can judge them, the system's clock may stand anywhere */
	if (code == 0 && !tls_conn_check_dates(self->conn, unix_ms / 1000, text)) {
		backend_fail(self, GATEWAY_CODE_TLS, text);
		return;
	}
	if (code)
		log_write(LOG_WARNING, NULL, "signed time refused: %s", text);
	else
		check_crl(self, unix_ms / 1000);
	gateway_time(self->gateway, now_us(), unix_ms, code);
}

static void keep_director(struct backend *self, const struct director_doc *doc, const uint8_t sha256[32],
			  uint8_t *bytes, size_t n)
{
	if (self->gateway->director_version != doc->version ||
	    memcmp(self->gateway->director_sha256, sha256, 32) != 0) {
		free(bytes);
		return;
	}
	free(self->director);
	self->director = bytes;
	self->n_director = n;
}

static void on_director(struct backend *self, const Gu__Envelope *envelope)
{
	struct director_doc *doc = calloc(1, sizeof(*doc));
	uint64_t unix_s = gateway_unix_ms(self->gateway, now_us()) / 1000;
	char text[GATEWAY_TEXT_BYTES] = "";
	uint8_t sha256[32];
	unsigned code = GATEWAY_CODE_NO_MEMORY;
	uint8_t *bytes;
	size_t n;

	bytes = repack(envelope, &n);
	if (doc && bytes)
		code = trust_open_director(self->trust, bytes, n, self->config->core.vehicle_id, unix_s,
					   self->gateway->director_version, doc, sha256, text, sizeof(text));
	if (code) {
		free(bytes);
		gateway_document_refused(self->gateway, now_us(), code, text);
	} else {
		gateway_director(self->gateway, now_us(), doc, sha256);
		keep_director(self, doc, sha256, bytes, n);
	}
	free(doc);
}

static void on_report_ack(struct backend *self, const Gu__ReportAck *ack)
{
	const uint8_t *queue_id = self->gateway->config.queue_id;

	if (ack->queue_id.len == sizeof(self->gateway->config.queue_id) &&
	    memcmp(ack->queue_id.data, queue_id, ack->queue_id.len) == 0)
		gateway_report_ack(self->gateway, now_us(), ack->sequence);
}

static void on_error(struct backend *self, const Gu__Error *error)
{
	log_write(LOG_WARNING, NULL, "the backend says: %.200s (code %u)", error->text, error->code);
	if (error->fatal)
		backend_fail(self, GATEWAY_CODE_REFUSED, error->text);
	else if (error->code == GATEWAY_CODE_BLOB_UNAVAILABLE)
		fetch_fail(self, error->code, error->text);
}

/* until its certificate's dates were judged by signed time, a backend may tell that time and nothing else */
static bool too_early(const struct backend *self, const Gu__Frame *frame)
{
	enum session_state state = self->gateway->session.state;

	return (state == SESSION_CONNECTING || state == SESSION_TIME) &&
	       frame->body_case != GU__FRAME__BODY_TIME_RESPONSE && frame->body_case != GU__FRAME__BODY_ERROR;
}

static void on_frame(struct backend *self, const Gu__Frame *frame)
{
	if (self->gateway->session.state == SESSION_DOWN)
		return; /* given up; the goodbye is on its way */
	if (too_early(self, frame)) {
		backend_fail(self, GATEWAY_CODE_PROTOCOL, "the backend sent another message before the signed time");
		return;
	}
	switch (frame->body_case) {
	case GU__FRAME__BODY_TIME_RESPONSE:
		on_time(self, frame->time_response);
		return;
	case GU__FRAME__BODY_REGISTER_RESULT:
		backend_registered(self, frame->register_result);
		return;
	case GU__FRAME__BODY_HEARTBEAT:
		gateway_heartbeat(self->gateway, now_us(), frame->heartbeat->counter);
		return;
	case GU__FRAME__BODY_DIRECTOR:
		on_director(self, frame->director);
		return;
	case GU__FRAME__BODY_CONFIRM:
		gateway_confirm(self->gateway, now_us(), frame->confirm->campaign_id, frame->confirm->director_version,
				frame->confirm->start_unix_s);
		return;
	case GU__FRAME__BODY_BLOB_CHUNK:
		fetch_chunk(self, frame->blob_chunk);
		return;
	case GU__FRAME__BODY_REPORT_ACK:
		on_report_ack(self, frame->report_ack);
		return;
	case GU__FRAME__BODY_ERROR:
		on_error(self, frame->error);
		return;
	case GU__FRAME__BODY_CHECK_RESULT:
		gateway_check_result(self->gateway, now_us(), frame->check_result->poll_s);
		return;
	case GU__FRAME__BODY_NOTICE:
		gateway_notice(self->gateway, now_us(), frame->notice->campaign_id,
			       (enum urgency)frame->notice->urgency, frame->notice->director_version);
		return;
	case GU__FRAME__BODY_TRIGGER:
		gateway_trigger(self->gateway, now_us(), frame->trigger->campaign_id, frame->trigger->director_version);
		return;
	case GU__FRAME__BODY_HELLO:
	case GU__FRAME__BODY_TIME_REQUEST:
	case GU__FRAME__BODY_REGISTER_:
	case GU__FRAME__BODY_ANSWER:
	case GU__FRAME__BODY_BLOB_REQUEST:
	case GU__FRAME__BODY_REPORT:
	case GU__FRAME__BODY_CHECK_REQUEST:
	case GU__FRAME__BODY_BLOB_REFUSED:
	case GU__FRAME__BODY__NOT_SET:
	case _GU__FRAME__BODY__CASE_IS_INT_SIZE:
		break;
	}
	backend_fail(self, GATEWAY_CODE_PROTOCOL, "the backend sent a message that only a gateway sends");
}

/* --- the connection */

static void drain_decoder(struct backend *self)
{
	struct envelope_error error;
	const uint8_t *bytes;
	Gu__Frame *frame;
	size_t n;
	int r;

	while (!self->closing && (r = stream_decoder_pop(&self->decoder, &bytes, &n)) != 0) {
		if (r < 0) {
			backend_fail(self, GATEWAY_CODE_PROTOCOL, "the backend sent an empty or oversized frame");
			return;
		}
		frame = session_unpack(bytes, n, &error);
		stream_decoder_done(&self->decoder);
		if (!frame) {
			backend_fail(self, GATEWAY_CODE_PROTOCOL, error.detail);
			return;
		}
		on_frame(self, frame);
		session_free(frame);
	}
}

static void on_data(struct tls_conn *conn, void *user, const uint8_t *bytes, size_t n)
{
	struct backend *self = user;

	(void)conn;
	while (n > 0 && !self->closing) {
		size_t taken = stream_decoder_input(&self->decoder, bytes, n);

		bytes += taken;
		n -= taken;
		drain_decoder(self);
		if (taken == 0 && n > 0 && !self->closing)
			backend_fail(self, GATEWAY_CODE_PROTOCOL, "the backend's frames cannot be read");
	}
}

static void on_ready(struct tls_conn *conn, void *user)
{
	struct backend *self = user;

	(void)conn;
	if (self->closing)
		return;
	self->up = true;
	self->reached = true;
	gateway_connected(self->gateway, now_us());
}

static void on_drain(struct tls_conn *conn, void *user)
{
	(void)conn; /* what we write is small; backend_send() ends a session that takes none of it */
	(void)user;
}

static void release(struct backend *self)
{
	push_reset(self);
	free(self->decoder_buf);
	free(self->director);
	tls_context_free(self->tls);
	free(self);
}

static void on_close(struct tls_conn *conn, void *user, const char *error)
{
	struct backend *self = user;
	/* somebody answered at that address: what went wrong is then a matter of TLS */
	bool reached = self->reached || strcmp(tls_conn_peer_address(conn), "?") != 0;
	char text[TLS_CONN_ERROR_BYTES];

	self->conn = NULL;
	if (self->freed) {
		if (self->stall.data == NULL)
			release(self);
		return;
	}
	self->up = false;
	self->closing = true;
	if (self->told)
		return;
	self->told = true;
	fetch_stop(self);
	snprintf(text, sizeof(text), "backend %.64s:%.8s: %.150s; trying again", self->config->backend_host,
		 self->config->backend_port, error ? error : "it closed the session");
	gateway_disconnected(self->gateway, now_us(), reached ? GATEWAY_CODE_TLS : GATEWAY_CODE_UNREACHABLE, text,
			     random_u32());
}

static void begin_connect(struct backend *self)
{
	static const struct tls_conn_callbacks callbacks = {
	    .on_ready = on_ready, .on_data = on_data, .on_drain = on_drain, .on_close = on_close};
	char text[TLS_CONN_ERROR_BYTES];
	int r;

	if (self->conn) { /* the last one is still on its way out: its on_close comes first */
		gateway_disconnected(self->gateway, now_us(), GATEWAY_CODE_UNREACHABLE,
				     "the last connection is still closing", random_u32());
		return;
	}
	stream_decoder_init(&self->decoder, self->decoder_buf, STREAM_HEADER_BYTES + STREAM_MAX_FRAME_BYTES);
	self->closing = false;
	self->told = false;
	self->reached = false;
	self->nonce_pending = false;
	self->modes_known = false;
	push_reset(self);
	r = tls_conn_connect(self->loop, self->tls, self->config->backend_host,
			     (uint16_t)strtoul(self->config->backend_port, NULL, 10), &callbacks, self, &self->conn);
	if (r < 0) {
		self->closing = true;
		self->told = true;
		snprintf(text, sizeof(text), "backend %.64s:%.8s: connecting: %.100s; trying again",
			 self->config->backend_host, self->config->backend_port, strerror(-r));
		gateway_disconnected(self->gateway, now_us(), GATEWAY_CODE_UNREACHABLE, text, random_u32());
	}
}

/* what is queued still goes; the core hears of the end from on_close */
static void end_connection(struct backend *self)
{
	fetch_stop(self);
	self->up = false;
	self->closing = true;
	if (self->conn) {
		tls_conn_close(self->conn);
	} else if (!self->told) {
		self->told = true;
		gateway_disconnected(self->gateway, now_us(), GATEWAY_CODE_OK, "closed", random_u32());
	}
}

static void on_stall(uv_timer_t *timer)
{
	struct backend *self = timer->data;
	const char *words;

	push_tick(self, now_us());
	if (!self->fetch.active && !self->push.first) {
		uv_timer_stop(timer); /* a gateway that only waits is not woken each second */
		return;
	}
	words = fetch_stalled(self, now_us());
	if (words) {
		fetch_fail(self, GATEWAY_CODE_SESSION_TIMEOUT, words);
		backend_fail(self, GATEWAY_CODE_SESSION_TIMEOUT, words);
	}
}

void backend_watch(struct backend *self)
{
	if (!self->freed && !uv_is_active((uv_handle_t *)&self->stall))
		uv_timer_start(&self->stall, on_stall, STALL_PERIOD_MS, STALL_PERIOD_MS);
}

void backend_output(struct backend *self, const struct gateway_output *out)
{
	switch (out->kind) {
	case GATEWAY_OUT_CONNECT:
		begin_connect(self);
		return;
	case GATEWAY_OUT_DISCONNECT:
		end_connection(self);
		return;
	case GATEWAY_OUT_SEND_HELLO:
		backend_send_hello(self);
		return;
	case GATEWAY_OUT_SEND_TIME_REQUEST:
		backend_send_time_request(self);
		return;
	case GATEWAY_OUT_SEND_REGISTER:
		backend_send_register(self);
		return;
	case GATEWAY_OUT_SEND_HEARTBEAT:
		backend_send_heartbeat(self, out->number);
		return;
	case GATEWAY_OUT_SEND_ANSWER:
		backend_send_answer(self, out->campaign);
		return;
	case GATEWAY_OUT_SEND_REPORT:
		backend_send_report(self, &out->report);
		return;
	case GATEWAY_OUT_SEND_ERROR:
		backend_send_error(self, out->code, out->text);
		return;
	case GATEWAY_OUT_SEND_CHECK:
		backend_send_check(self);
		return;
	case GATEWAY_OUT_FETCH:
		backend_watch(self);
		fetch_begin(self, out->campaign, &out->file);
		return;
	case GATEWAY_OUT_CANCEL_FETCH:
		fetch_stop(self);
		return;
	case GATEWAY_OUT_NONE:
	case GATEWAY_OUT_STORE:
	case GATEWAY_OUT_CHECK_SPACE:
	case GATEWAY_OUT_OPEN_MANIFEST:
	case GATEWAY_OUT_PREPARE:
	case GATEWAY_OUT_IDENTIFY:
	case GATEWAY_OUT_FLASH:
	case GATEWAY_OUT_INTENT_STORED:
	case GATEWAY_OUT_STOP_FLASH:
	case GATEWAY_OUT_HOLD:
	case GATEWAY_OUT_RELEASE:
	case GATEWAY_OUT_CHANGED:
	case GATEWAY_OUT_ADDED:
	case GATEWAY_OUT_LOG:
		break; /* not for us */
	}
}

const uint8_t *backend_director(const struct backend *self, size_t *n)
{
	*n = self->n_director;
	return self->director;
}

int backend_new(uv_loop_t *loop, const struct config *config, const struct trust *trust, struct blob_store *store,
		struct gateway *gateway, struct backend **backend)
{
	const struct tls_config tls = {
	    .certificate = config->backend_certificate,
	    .key = config->backend_key,
	    .ca = config->backend_ca,
	    .crl = config->backend_crl,
	    .ignore_dates = true, /* each session judges them by its signed time: on_time() */
	    .handshake_ms = config->core.session.answer_max_ms,
	};
	struct backend *self = calloc(1, sizeof(*self));
	char text[TLS_CONN_ERROR_BYTES] = "", where[CONFIG_WHERE_BYTES];

	if (!self)
		return -ENOMEM;
	self->decoder_buf = malloc(STREAM_HEADER_BYTES + STREAM_MAX_FRAME_BYTES);
	self->tls = tls_context_new(&tls, text);
	if (!self->decoder_buf || !self->tls) {
		int r = self->tls ? -ENOMEM : -EINVAL;

		config_where(config, config->backend_line, "backend", where, sizeof(where));
		log_write(LOG_ERR, NULL, "%s%s", self->tls ? "" : where, self->tls ? "out of memory" : text);
		release(self);
		return r;
	}
	self->loop = loop;
	self->config = config;
	self->trust = trust;
	self->store = store;
	self->gateway = gateway;
	self->closing = true;
	self->told = true;
	uv_timer_init(loop, &self->stall);
	self->stall.data = self;
	*backend = self;
	return 0;
}

static void on_stall_closed(uv_handle_t *handle)
{
	struct backend *self = handle->data;

	self->stall.data = NULL;
	if (!self->conn)
		release(self);
}

void backend_free(struct backend *self)
{
	if (!self)
		return;
	self->freed = true;
	end_connection(self);
	uv_close((uv_handle_t *)&self->stall, on_stall_closed);
}
