/* A server and a client on one loop over loopback; each test ends when the loop has nothing left to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/tls_conn.h"
#include "common/tls_private.h"
#include "test_pki.h"

#define DAY (24L * 3600)

static char dir[] = "/tmp/tls-test-XXXXXX";
static struct test_cert ca, other_ca, server, client, stranger, expired, elsewhere;

struct side {
	struct tls_conn *conn;
	bool ready;
	bool closed;
	bool orderly;
	char error[TLS_CONN_ERROR_BYTES];
	char name[64];
	uint8_t *data;
	size_t n_data;
	unsigned drains;
	size_t most_queued;
	/* what it does by itself */
	size_t send_bytes; /* counted up as sent, in on_ready and on_drain */
	size_t sent;
	bool close_when_ready;
	bool abort_when_ready;
	bool close_when_sent;
	bool echo_then_close;
	uint64_t dates_at;
	bool dates_ok;
};

static uv_loop_t loop;
static uv_tcp_t listener;
static uint16_t port;
static struct side srv, cli;
static struct tls_context *srv_context, *cli_context;
static bool accepts;

static void send_more(struct side *self)
{
	while (self->sent < self->send_bytes && tls_conn_queued(self->conn) <= 1u << 20) {
		uint8_t chunk[40000];
		size_t n = self->send_bytes - self->sent;

		if (n > sizeof chunk)
			n = sizeof chunk;
		for (size_t i = 0; i < n; i++)
			chunk[i] = (uint8_t)((self->sent + i) * 31 >> 3);
		assert_int_equal(tls_conn_write(self->conn, chunk, n), 0);
		self->sent += n;
		if (tls_conn_queued(self->conn) > self->most_queued)
			self->most_queued = tls_conn_queued(self->conn);
	}
	if (self->sent == self->send_bytes && self->close_when_sent)
		tls_conn_close(self->conn);
}

static void on_ready(struct tls_conn *conn, void *user)
{
	struct side *self = user;
	char why[TLS_CONN_ERROR_BYTES];

	self->conn = conn;
	self->ready = true;
	snprintf(self->name, sizeof self->name, "%s", tls_conn_peer_name(conn));
	if (self->dates_at)
		self->dates_ok = tls_conn_check_dates(conn, self->dates_at, why);
	if (self->close_when_ready)
		tls_conn_close(conn);
	else if (self->abort_when_ready)
		tls_conn_abort(conn);
	else if (self->send_bytes)
		send_more(self);
}

static void on_data(struct tls_conn *conn, void *user, const uint8_t *bytes, size_t n)
{
	struct side *self = user;

	self->data = realloc(self->data, self->n_data + n);
	assert_non_null(self->data);
	memcpy(self->data + self->n_data, bytes, n);
	self->n_data += n;
	if (self->echo_then_close) {
		assert_int_equal(tls_conn_write(conn, bytes, n), 0);
		tls_conn_close(conn);
		assert_int_equal(tls_conn_write(conn, bytes, n), -ENOTCONN);
	}
}

static void on_drain(struct tls_conn *conn, void *user)
{
	struct side *self = user;

	(void)conn;
	self->drains++;
	send_more(self);
}

static void on_close(struct tls_conn *conn, void *user, const char *error)
{
	struct side *self = user;

	(void)conn;
	assert_false(self->closed);
	self->closed = true;
	self->orderly = !error;
	snprintf(self->error, sizeof self->error, "%s", error ? error : "");
	if (self == &cli && !uv_is_closing((uv_handle_t *)&listener))
		uv_close((uv_handle_t *)&listener, NULL);
}

static const struct tls_conn_callbacks callbacks = {on_ready, on_data, on_drain, on_close};

static void on_connection(uv_stream_t *stream, int status)
{
	struct tls_conn *conn;

	assert_int_equal(status, 0);
	if (accepts)
		assert_int_equal(tls_conn_accept(stream, srv_context, &callbacks, &srv, &conn), 0);
}

static int setup(void **state)
{
	struct sockaddr_in address;
	int n = sizeof address;

	(void)state;
	memset(&srv, 0, sizeof srv);
	memset(&cli, 0, sizeof cli);
	accepts = true;
	uv_loop_init(&loop);
	uv_tcp_init(&loop, &listener);
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_bind(&listener, (struct sockaddr *)&address, 0);
	uv_listen((uv_stream_t *)&listener, 4, on_connection);
	uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &n);
	port = ntohs(address.sin_port);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tls_context_free(srv_context);
	tls_context_free(cli_context);
	srv_context = cli_context = NULL;
	free(srv.data);
	free(cli.data);
	return uv_loop_close(&loop);
}

static struct tls_context *context(bool is_server, const struct test_cert *own, const struct test_cert *trusted)
{
	struct tls_config config = {is_server, own->certificate, own->key_path, trusted->certificate, false, 0, NULL};
	char error[TLS_CONN_ERROR_BYTES];
	struct tls_context *made = tls_context_new(&config, error);

	assert_non_null(made);
	return made;
}

static void run_to(const char *host, const struct test_cert *srv_cert, const struct test_cert *cli_cert)
{
	if (!srv_context)
		srv_context = context(true, srv_cert, &ca);
	if (!cli_context)
		cli_context = context(false, cli_cert, &ca);
	assert_int_equal(tls_conn_connect(&loop, cli_context, host, port, &callbacks, &cli, &cli.conn), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(cli.closed);
}

static void both_sides_see_each_others_names_and_bytes(void **state)
{
	(void)state;
	cli.send_bytes = 100;
	srv.echo_then_close = true;
	run_to("localhost", &server, &client); /* ::1 is tried first on most machines, where nobody listens */
	assert_true(srv.ready && cli.ready && srv.closed);
	assert_string_equal(srv.name, "VEHICLE-1");
	assert_string_equal(cli.name, "backend");
	assert_int_equal(cli.n_data, 100);
	assert_memory_equal(cli.data, srv.data, 100);
	assert_true(srv.orderly && cli.orderly);
}

static void megabytes_arrive_in_order_within_a_bounded_queue(void **state)
{
	(void)state;
	srv.send_bytes = 20u << 20;
	srv.close_when_sent = true;
	run_to("127.0.0.1", &server, &client);
	assert_int_equal(cli.n_data, 20u << 20);
	for (size_t i = 0; i < cli.n_data; i++) {
		if (cli.data[i] != (uint8_t)(i * 31 >> 3))
			fail_msg("byte %zu differs", i);
	}
	assert_true(srv.drains >= 10);
	assert_true(srv.most_queued < (1u << 20) + 60000);
	assert_true(srv.orderly && cli.orderly);
}

static void a_client_of_another_ca_is_refused(void **state)
{
	(void)state;
	run_to("127.0.0.1", &server, &stranger);
	assert_false(srv.ready);
	assert_string_equal(srv.error, "the peer's certificate was refused: unable to get local issuer certificate");
	assert_true(cli.closed && !cli.orderly);
	assert_non_null(strstr(cli.error, "unknown ca"));
}

static void a_server_of_another_ca_is_refused(void **state)
{
	(void)state;
	cli_context = context(false, &client, &other_ca);
	run_to("127.0.0.1", &server, &client);
	assert_false(cli.ready);
	assert_non_null(strstr(cli.error, "the peer's certificate was refused"));
	assert_false(srv.ready);
}

static void a_server_of_another_name_is_refused(void **state)
{
	(void)state;
	run_to("127.0.0.1", &elsewhere, &client);
	assert_false(cli.ready);
	assert_string_equal(cli.error, "the peer's certificate was refused: IP address mismatch");
}

static void a_server_of_another_host_name_is_refused(void **state)
{
	(void)state;
	run_to("localhost", &elsewhere, &client);
	assert_false(cli.ready);
	assert_string_equal(cli.error, "the peer's certificate was refused: hostname mismatch");
}

static void an_expired_certificate_is_refused(void **state)
{
	(void)state;
	run_to("127.0.0.1", &expired, &client);
	assert_false(cli.ready);
	assert_string_equal(cli.error, "the peer's certificate was refused: certificate has expired");
}

static void dates_ignored_at_first_are_checked_when_time_is_known(void **state)
{
	struct tls_config config = {false, client.certificate, client.key_path, ca.certificate, true, 0, NULL};
	char error[TLS_CONN_ERROR_BYTES];

	(void)state;
	cli_context = tls_context_new(&config, error);
	cli.close_when_ready = true;
	cli.dates_at = (uint64_t)time(NULL);
	run_to("127.0.0.1", &expired, &client);
	assert_true(cli.ready);
	assert_false(cli.dates_ok);
}

static void dates_are_good_inside_their_span(void **state)
{
	struct tls_config config = {false, client.certificate, client.key_path, ca.certificate, true, 0, NULL};
	char error[TLS_CONN_ERROR_BYTES];

	(void)state;
	cli_context = tls_context_new(&config, error);
	cli.close_when_ready = true;
	cli.dates_at = (uint64_t)time(NULL) - 2 * DAY;
	run_to("127.0.0.1", &expired, &client);
	assert_true(cli.ready);
	assert_true(cli.dates_ok);
}

static void a_closed_port_is_reported_in_words(void **state)
{
	(void)state;
	uv_close((uv_handle_t *)&listener, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	run_to("localhost", &server, &client);
	assert_string_equal(cli.error, "cannot connect: connection refused");
}

static void a_silent_peer_is_given_up(void **state)
{
	(void)state;
	accepts = false; /* the kernel accepts, nobody speaks */
	cli_context = context(false, &client, &ca);
	cli_context->handshake_ms = 500; /* connecting, which counts, takes 100 where it is emulated */
	run_to("127.0.0.1", &server, &client);
	assert_string_equal(cli.error, "the TLS handshake took too long");
}

static void tls_1_2_is_refused(void **state)
{
	(void)state;
	cli_context = context(false, &client, &ca);
	SSL_CTX_set_min_proto_version(cli_context->ssl_ctx, TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(cli_context->ssl_ctx, TLS1_2_VERSION);
	run_to("127.0.0.1", &server, &client);
	assert_false(srv.ready || cli.ready);
	assert_string_equal(srv.error, "the TLS handshake failed: unsupported protocol");
}

static void a_cut_connection_is_an_error_not_a_goodbye(void **state)
{
	(void)state;
	srv.abort_when_ready = true;
	run_to("127.0.0.1", &server, &client);
	assert_true(cli.ready);
	assert_false(cli.orderly);
	assert_true(srv.orderly);
}

static void a_connection_closed_while_it_resolves_ends_quietly(void **state)
{
	(void)state;
	srv_context = context(true, &server, &ca);
	cli_context = context(false, &client, &ca);
	assert_int_equal(tls_conn_connect(&loop, cli_context, "localhost", port, &callbacks, &cli, &cli.conn), 0);
	tls_conn_close(cli.conn);
	assert_false(cli.closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(cli.closed && cli.orderly && !srv.ready);
}

static void a_missing_key_is_named(void **state)
{
	struct tls_config config = {true, server.certificate, "/nowhere/key.pem", ca.certificate, false, 0, NULL};
	char error[TLS_CONN_ERROR_BYTES] = "";

	(void)state;
	assert_null(tls_context_new(&config, error));
	assert_string_equal(error, "cannot use the private key /nowhere/key.pem: No such file or directory");
}

static void a_key_of_another_certificate_is_named(void **state)
{
	struct tls_config config = {true, server.certificate, client.key_path, ca.certificate, false, 0, NULL};
	char error[TLS_CONN_ERROR_BYTES] = "";

	(void)state;
	assert_null(tls_context_new(&config, error));
	assert_non_null(strstr(error, client.key_path));
}

/* a client that judges dates, too, with a list that ended yesterday */
static void connect_with_old_list(const struct test_cert *revoked)
{
	char path[300], error[TLS_CONN_ERROR_BYTES];
	struct tls_config config = {false, client.certificate, client.key_path, ca.certificate, false, 0, path};

	snprintf(path, sizeof path, "%s/crl.pem", dir);
	test_crl_append(path, &ca, revoked, -3 * DAY, -DAY);
	cli_context = tls_context_new(&config, error);
	unlink(path);
	assert_non_null(cli_context);
	cli.close_when_ready = true;
	run_to("127.0.0.1", &server, &client);
}

static void a_list_that_is_out_of_date_lets_those_through_that_it_does_not_name(void **state)
{
	(void)state;
	connect_with_old_list(&client);
	assert_true(cli.ready && cli.orderly);
}

static void a_list_that_is_out_of_date_counts_for_those_that_it_names(void **state)
{
	(void)state;
	connect_with_old_list(&server);
	assert_false(cli.ready || srv.ready);
	assert_string_equal(cli.error, "the peer's certificate was refused: certificate revoked");
}

static void lists_that_cannot_be_read_are_named(void **state)
{
	struct tls_config config = {false, client.certificate, client.key_path, ca.certificate, false,
				    0,     "/nowhere/crl.pem"};
	char error[TLS_CONN_ERROR_BYTES] = "", path[300];
	FILE *file;

	(void)state;
	assert_null(tls_context_new(&config, error));
	assert_string_equal(error, "cannot read lists of revoked certificates, in PEM, from /nowhere/crl.pem: "
				   "No such file or directory");
	config.crl = ca.certificate; /* something else in PEM */
	assert_null(tls_context_new(&config, error));
	assert_non_null(strstr(error, ca.certificate));
	/* the second of two is damaged */
	snprintf(path, sizeof path, "%s/crl.pem", dir);
	test_crl_append(path, &ca, NULL, -DAY, DAY);
	file = fopen(path, "a");
	assert_non_null(file);
	assert_true(fputs("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", file) >= 0 && !fclose(file));
	config.crl = path;
	assert_null(tls_context_new(&config, error));
	assert_non_null(strstr(error, path));
	unlink(path);
}

static int make_pki(void **state)
{
	const char *local = "DNS:localhost,IP:127.0.0.1";

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	ca = test_cert_make(dir, "ca", NULL, "test ca", NULL, -9 * DAY, DAY);
	other_ca = test_cert_make(dir, "other", NULL, "other ca", NULL, -9 * DAY, DAY);
	server = test_cert_make(dir, "server", &ca, "backend", local, -DAY, DAY);
	client = test_cert_make(dir, "client", &ca, "VEHICLE-1", NULL, -DAY, DAY);
	stranger = test_cert_make(dir, "stranger", &other_ca, "VEHICLE-1", NULL, -DAY, DAY);
	expired = test_cert_make(dir, "expired", &ca, "backend", local, -3 * DAY, -DAY);
	elsewhere = test_cert_make(dir, "elsewhere", &ca, "backend", "DNS:elsewhere.example", -DAY, DAY);
	return 0;
}

static int drop_pki(void **state)
{
	struct test_cert *all[] = {&ca, &other_ca, &server, &client, &stranger, &expired, &elsewhere};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		test_cert_drop(all[i]);
	return rmdir(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(both_sides_see_each_others_names_and_bytes),
	    TEST(megabytes_arrive_in_order_within_a_bounded_queue),
	    TEST(a_client_of_another_ca_is_refused),
	    TEST(a_server_of_another_ca_is_refused),
	    TEST(a_server_of_another_name_is_refused),
	    TEST(a_server_of_another_host_name_is_refused),
	    TEST(an_expired_certificate_is_refused),
	    TEST(dates_ignored_at_first_are_checked_when_time_is_known),
	    TEST(dates_are_good_inside_their_span),
	    TEST(a_closed_port_is_reported_in_words),
	    TEST(a_silent_peer_is_given_up),
	    TEST(tls_1_2_is_refused),
	    TEST(a_cut_connection_is_an_error_not_a_goodbye),
	    TEST(a_connection_closed_while_it_resolves_ends_quietly),
	    TEST(a_list_that_is_out_of_date_lets_those_through_that_it_does_not_name),
	    TEST(a_list_that_is_out_of_date_counts_for_those_that_it_names),
	    cmocka_unit_test(lists_that_cannot_be_read_are_named),
	    cmocka_unit_test(a_missing_key_is_named),
	    cmocka_unit_test(a_key_of_another_certificate_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_pki, drop_pki);
}
