/*
 * rig - a gateway core and its backend module on one loop with a backend of the test, over real TLS: the test says what
 * the backend sends, the core is the real one, and all that is not the session is answered at once.
 */
#ifndef TEST_RIG_H
#define TEST_RIG_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "gatewayd/io/backend_priv.h"
#include "gatewayd/io/log.h"
#include "proto/crypto.h"
#include "tests/unit/tls/test_pki.h"
#include "uds/port/can_driver.h"

#define DAY     (24L * 3600)
#define INBOX   64
#define MAX_LOG 32

struct rig {
	uv_loop_t loop;
	uv_timer_t tick; /* wakes the loop, so that a test can look */
	char dir[64];
	struct test_cert ca, other_ca, server, gateway_cert;
	struct crypto_key *time_key, *other_key;
	struct config *config;
	struct gateway *gateway;
	struct trust *trust;
	struct blob_store *store;
	struct backend *backend;
	bool pumping;
	unsigned n_connects;
	unsigned codes[MAX_LOG]; /* of what the core logged */
	char texts[MAX_LOG][GATEWAY_TEXT_BYTES];
	size_t n_logs;
	/* the backend of the test */
	uv_tcp_t listener;
	struct tls_context *context;
	struct tls_conn *conn;
	unsigned n_accepted;
	unsigned n_closed;
	struct stream_decoder decoder;
	uint8_t buf[STREAM_HEADER_BYTES + STREAM_MAX_FRAME_BYTES];
	Gu__Frame *inbox[INBOX];
	size_t n_inbox;
	size_t taken;
	uint8_t nonce[32];
};

/* --- the backend of the test */

static inline void server_on_ready(struct tls_conn *conn, void *user)
{
	struct rig *r = user;

	r->conn = conn;
	r->taken = r->n_inbox; /* what is left is of an earlier connection */
	stream_decoder_init(&r->decoder, r->buf, sizeof(r->buf));
}

static inline void server_on_data(struct tls_conn *conn, void *user, const uint8_t *bytes, size_t n)
{
	struct rig *r = user;
	struct envelope_error error;
	const uint8_t *frame;
	size_t n_frame;

	(void)conn;
	while (n > 0) {
		size_t taken = stream_decoder_input(&r->decoder, bytes, n);

		bytes += taken;
		n -= taken;
		while (stream_decoder_pop(&r->decoder, &frame, &n_frame) == 1) {
			assert_true(r->n_inbox < INBOX);
			r->inbox[r->n_inbox] = session_unpack(frame, n_frame, &error);
			if (!r->inbox[r->n_inbox++])
				fail_msg("the gateway sent a bad frame: %s", error.detail);
			stream_decoder_done(&r->decoder);
		}
	}
}

static inline void server_on_close(struct tls_conn *conn, void *user, const char *error)
{
	struct rig *r = user;

	(void)error;
	if (r->conn == conn)
		r->conn = NULL;
	r->n_closed++;
}

static inline void server_on_connection(uv_stream_t *listener, int status)
{
	static const struct tls_conn_callbacks callbacks = {
	    .on_ready = server_on_ready, .on_data = server_on_data, .on_close = server_on_close};
	struct rig *r = listener->data;
	struct tls_conn *conn;

	assert_int_equal(status, 0);
	assert_int_equal(tls_conn_accept(listener, r->context, &callbacks, r, &conn), 0);
	r->n_accepted++;
}

static inline void server_listen(struct rig *r, const struct test_cert *certificate)
{
	const struct tls_config tls = {.server = true,
				       .certificate = certificate->certificate,
				       .key = certificate->key_path,
				       .ca = r->ca.certificate};
	char error[TLS_CONN_ERROR_BYTES];
	struct sockaddr_storage address;
	struct sockaddr_in any;
	int n = sizeof(address);

	r->context = tls_context_new(&tls, error);
	assert_non_null(r->context);
	uv_tcp_init(&r->loop, &r->listener);
	r->listener.data = r;
	uv_ip4_addr("127.0.0.1", 0, &any);
	assert_int_equal(uv_tcp_bind(&r->listener, (const struct sockaddr *)&any, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&r->listener, 8, server_on_connection), 0);
	assert_int_equal(uv_tcp_getsockname(&r->listener, (struct sockaddr *)&address, &n), 0);
	snprintf(r->config->backend_port, sizeof(r->config->backend_port), "%u",
		 ntohs(((struct sockaddr_in *)&address)->sin_port));
}

static inline void server_send(struct rig *r, const Gu__Frame *frame)
{
	size_t n = gu__frame__get_packed_size(frame);
	uint8_t *bytes = malloc(STREAM_HEADER_BYTES + n);

	assert_non_null(bytes);
	assert_non_null(r->conn);
	stream_header(bytes, n);
	gu__frame__pack(frame, bytes + STREAM_HEADER_BYTES);
	assert_int_equal(tls_conn_write(r->conn, bytes, STREAM_HEADER_BYTES + n), 0);
	free(bytes);
}

static inline void server_send_time(struct rig *r, struct crypto_key *key, uint64_t unix_s)
{
	Gu__TimeAttestation attestation = GU__TIME_ATTESTATION__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	uint8_t payload[128], *bytes;
	size_t n;

	attestation.nonce = (ProtobufCBinaryData){.len = 32, .data = r->nonce};
	attestation.unix_ms = unix_s * 1000;
	n = gu__time_attestation__pack(&attestation, payload);
	assert_int_equal(envelope_sign("time", GU__ROLE__ROLE_TIME, 1, unix_s + 60, payload, n, &key, 1, &bytes, &n),
			 0);
	frame.body_case = GU__FRAME__BODY_TIME_RESPONSE;
	frame.time_response = gu__envelope__unpack(NULL, n, bytes);
	assert_non_null(frame.time_response);
	server_send(r, &frame);
	gu__envelope__free_unpacked(frame.time_response, NULL);
	free(bytes);
}

static inline void server_send_registered(struct rig *r)
{
	Gu__RegisterResult result = GU__REGISTER_RESULT__INIT;
	Gu__Frame frame = GU__FRAME__INIT;

	result.accepted = true;
	result.heartbeat_s = 60;
	frame.body_case = GU__FRAME__BODY_REGISTER_RESULT;
	frame.register_result = &result;
	server_send(r, &frame);
}

static inline void server_send_chunk(struct rig *r, const uint8_t sha256[32], uint64_t offset, uint64_t length,
				     const uint8_t *data, size_t n)
{
	Gu__BlobChunk chunk = GU__BLOB_CHUNK__INIT;
	Gu__Frame frame = GU__FRAME__INIT;
	uint8_t digest[32];
	uint8_t *copy = malloc(n);

	assert_non_null(copy);
	memcpy(digest, sha256, sizeof(digest));
	memcpy(copy, data, n);
	chunk.sha256 = (ProtobufCBinaryData){.len = 32, .data = digest};
	chunk.offset = offset;
	chunk.length = length;
	chunk.data = (ProtobufCBinaryData){.len = n, .data = copy};
	frame.body_case = GU__FRAME__BODY_BLOB_CHUNK;
	frame.blob_chunk = &chunk;
	server_send(r, &frame);
	free(copy);
}

/* --- the gateway */

static inline void rig_output(struct rig *r, const struct gateway_output *out)
{
	const struct flash_identity identity = {.hardware_id = "LAMP-HW-2", .serial_number = "1"};
	uint64_t now_us = can_driver_now_us();

	if (out->kind == GATEWAY_OUT_STORE) {
		gateway_stored(r->gateway, now_us, out->txn);
	} else if (out->kind == GATEWAY_OUT_IDENTIFY) {
		gateway_identity(r->gateway, now_us, 0, true, &identity);
		gateway_identified(r->gateway, now_us);
	} else if (out->kind == GATEWAY_OUT_LOG) {
		assert_true(r->n_logs < MAX_LOG);
		r->codes[r->n_logs] = out->code;
		memcpy(r->texts[r->n_logs++], out->text, GATEWAY_TEXT_BYTES);
	} else {
		r->n_connects += out->kind == GATEWAY_OUT_CONNECT;
		backend_output(r->backend, out); /* leaves alone what is not for it */
	}
}

static inline void rig_pump(struct rig *r)
{
	struct gateway_output out;

	if (gateway_deadline(r->gateway) <= can_driver_now_us())
		gateway_expire(r->gateway, can_driver_now_us());
	while (gateway_pop_output(r->gateway, &out))
		rig_output(r, &out);
}

static inline void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

/* one turn of the loop; Return: false once the test has waited for 10 s */
static inline bool rig_turn(struct rig *r, uint64_t *began_ns)
{
	if (*began_ns == 0)
		*began_ns = uv_hrtime();
	rig_pump(r);
	uv_run(&r->loop, UV_RUN_ONCE);
	return uv_hrtime() - *began_ns < UINT64_C(10000000000);
}

#define rig_until(r, condition)                                                 \
	do {                                                                    \
		uint64_t until_began_ns = 0;                                    \
		while (!(condition))                                            \
			if (!rig_turn((r), &until_began_ns))                    \
				fail_msg("waited in vain for: %s", #condition); \
	} while (0)

/* the next message of the gateway, which must be of this kind */
static inline const Gu__Frame *rig_take(struct rig *r, Gu__Frame__BodyCase kind)
{
	rig_until(r, r->taken < r->n_inbox);
	assert_int_equal(r->inbox[r->taken]->body_case, kind);
	return r->inbox[r->taken++];
}

/* whether the core logged something with this code, and words that hold @words */
static inline bool rig_logged(const struct rig *r, unsigned code, const char *words)
{
	for (size_t i = 0; i < r->n_logs; i++)
		if (r->codes[i] == code && strstr(r->texts[i], words))
			return true;
	return false;
}

static inline void make_key(struct rig *r, const char *name, struct crypto_key **key, struct config_key_list *list)
{
	struct crypto_key *made = crypto_key_generate(CRYPTO_ED25519);
	char *pem;
	FILE *file;

	assert_non_null(made);
	pem = crypto_key_pem_public(made);
	snprintf(list->files[0], sizeof(list->files[0]), "%s/%s.pub", r->dir, name);
	list->n = 1;
	list->threshold = 1;
	file = fopen(list->files[0], "w");
	assert_non_null(file);
	assert_true(fputs(pem, file) >= 0 && fclose(file) == 0);
	free(pem);
	if (key)
		*key = made;
	else
		crypto_key_free(made);
}

static inline void fill_config(struct rig *r)
{
	struct config *c = r->config;

	snprintf(c->backend_host, sizeof(c->backend_host), "127.0.0.1");
	snprintf(c->backend_ca, sizeof(c->backend_ca), "%s", r->ca.certificate);
	snprintf(c->backend_certificate, sizeof(c->backend_certificate), "%s", r->gateway_cert.certificate);
	snprintf(c->backend_key, sizeof(c->backend_key), "%s", r->gateway_cert.key_path);
	snprintf(c->state_dir, sizeof(c->state_dir), "%s/state", r->dir);
	snprintf(c->core.vehicle_id, sizeof(c->core.vehicle_id), "VEHICLE1");
	snprintf(c->core.ecus[0].name, sizeof(c->core.ecus[0].name), "lamp");
	snprintf(c->core.ecus[0].bus, sizeof(c->core.ecus[0].bus), "body");
	c->core.n_ecus = 1;
	c->core.max_attempts = 3;
	c->core.session.backoff_min_ms = 20;
	c->core.session.backoff_max_ms = 40;
	c->core.session.answer_max_ms = 3000;
}

/* lists of revoked certificates: in this order in one file, as far as they are wanted */
struct rig_crl {
	bool of_others;  /* of another CA, which has revoked the same number */
	bool old;        /* of the backend's CA, two days long, when nothing was revoked */
	bool of_backend; /* of the backend's CA */
	bool revoked;    /* which has revoked the backend's certificate */
	long to_s;       /* until when it counts, in seconds from now */
};

static inline void make_crl(struct rig *r, const struct rig_crl *crl)
{
	char *path = r->config->backend_crl;

	snprintf(path, sizeof(r->config->backend_crl), "%s/crl.pem", r->dir);
	if (crl->of_others)
		test_crl_append(path, &r->other_ca, &r->server, -DAY, DAY);
	if (crl->old)
		test_crl_append(path, &r->ca, NULL, -3 * DAY, -DAY);
	if (crl->of_backend)
		test_crl_append(path, &r->ca, crl->revoked ? &r->server : NULL, -2 * DAY, crl->to_s);
}

/*
 * @from_s, @to_s: dates of the backend's certificate; @foreign: of a CA that the gateway does not know; @crl: NULL =
 * the gateway has none
 */
static inline struct rig *rig_new_with(long from_s, long to_s, bool foreign, const struct rig_crl *crl)
{
	struct rig *r = calloc(1, sizeof(*r));
	char text[256] = "";

	assert_non_null(r);
	log_init(2);
	snprintf(r->dir, sizeof(r->dir), "/tmp/session-test-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	uv_loop_init(&r->loop);
	uv_timer_init(&r->loop, &r->tick);
	uv_timer_start(&r->tick, on_tick, 5, 5);
	r->config = calloc(1, sizeof(*r->config));
	r->gateway = calloc(1, sizeof(*r->gateway));
	assert_non_null(r->config);
	assert_non_null(r->gateway);
	r->ca = test_cert_make(r->dir, "ca", NULL, "ca", NULL, -400 * DAY, 4000 * DAY);
	r->other_ca = test_cert_make(r->dir, "other", NULL, "other", NULL, -400 * DAY, 4000 * DAY);
	r->server =
	    test_cert_make(r->dir, "server", foreign ? &r->other_ca : &r->ca, "backend", "IP:127.0.0.1", from_s, to_s);
	r->gateway_cert = test_cert_make(r->dir, "gateway", &r->ca, "VEHICLE1", NULL, -400 * DAY, 4000 * DAY);
	fill_config(r);
	if (crl)
		make_crl(r, crl);
	make_key(r, "time", &r->time_key, &r->config->time_keys);
	make_key(r, "author", NULL, &r->config->author_keys);
	make_key(r, "director", &r->other_key, &r->config->director_keys);
	server_listen(r, &r->server);
	assert_int_equal(trust_load(r->config, &r->trust, text, sizeof(text)), 0);
	assert_int_equal(blob_store_open(&r->loop, r->config->state_dir, &r->store, text, sizeof(text)), 0);
	gateway_init(r->gateway, &r->config->core);
	assert_int_equal(backend_new(&r->loop, r->config, r->trust, r->store, r->gateway, &r->backend), 0);
	gateway_start(r->gateway, can_driver_now_us());
	return r;
}

static inline struct rig *rig_new(long from_s, long to_s, bool foreign)
{
	return rig_new_with(from_s, to_s, foreign, NULL);
}

static inline void rig_free(struct rig *r)
{
	char command[128];

	backend_free(r->backend);
	if (r->conn)
		tls_conn_abort(r->conn);
	uv_close((uv_handle_t *)&r->tick, NULL);
	if (!uv_is_closing((uv_handle_t *)&r->listener))
		uv_close((uv_handle_t *)&r->listener, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&r->loop), 0); /* every handle was closed */
	tls_context_free(r->context);
	blob_store_close(r->store);
	trust_free(r->trust);
	for (size_t i = 0; i < r->n_inbox; i++)
		session_free(r->inbox[i]);
	crypto_key_free(r->time_key);
	crypto_key_free(r->other_key);
	test_cert_drop(&r->ca);
	test_cert_drop(&r->other_ca);
	test_cert_drop(&r->server);
	test_cert_drop(&r->gateway_cert);
	snprintf(command, sizeof(command), "rm -rf %s", r->dir);
	assert_int_equal(system(command), 0);
	free(r->config);
	free(r->gateway);
	free(r);
}

/* to where the gateway has asked for the time */
static inline void rig_to_time(struct rig *r)
{
	const Gu__Frame *frame;

	rig_until(r, r->conn != NULL);
	rig_take(r, GU__FRAME__BODY_HELLO);
	frame = rig_take(r, GU__FRAME__BODY_TIME_REQUEST);
	assert_int_equal(frame->time_request->nonce.len, 32);
	memcpy(r->nonce, frame->time_request->nonce.data, 32);
}

/* @unix_s: the signed time */
static inline void rig_up_at(struct rig *r, uint64_t unix_s)
{
	rig_to_time(r);
	server_send_time(r, r->time_key, unix_s);
	rig_take(r, GU__FRAME__BODY_REGISTER_);
	server_send_registered(r);
	rig_until(r, r->gateway->session.state == SESSION_UP);
}

/* registered, and its first heartbeat is here */
static inline void rig_up(struct rig *r)
{
	rig_up_at(r, (uint64_t)time(NULL));
	rig_take(r, GU__FRAME__BODY_HEARTBEAT);
}

#endif
