#include "common/tls_private.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct write_out {
	uv_write_t req;
	size_t n;
	uint8_t bytes[];
};

void tls_conn_release(struct tls_conn *self)
{
	assert(self->busy > 0);
	if (--self->busy > 0)
		return;
	struct tls_conn_callbacks callbacks = self->callbacks;

	if (callbacks.on_close)
		callbacks.on_close(self, self->user, self->has_error ? self->error : NULL);
	uv_freeaddrinfo(self->addresses);
	SSL_free(self->ssl);
	tls_context_unref(self->context);
	free(self);
}

static void on_timer_closed(uv_handle_t *handle)
{
	tls_conn_release(handle->data);
}

static void on_tcp_closed(uv_handle_t *handle)
{
	struct tls_conn *self = handle->data;

	self->tcp_open = false;
	if (self->state == TLS_STATE_CONNECTING)
		tls_conn_next_address(self);
	tls_conn_release(self);
}

void tls_conn_close_tcp(struct tls_conn *self)
{
	if (self->tcp_open && !uv_is_closing((uv_handle_t *)&self->tcp))
		uv_close((uv_handle_t *)&self->tcp, on_tcp_closed);
}

static void close_now(struct tls_conn *self)
{
	if (self->state == TLS_STATE_CLOSING)
		return;
	if (self->state == TLS_STATE_RESOLVING)
		(void)uv_cancel((uv_req_t *)&self->resolve);
	self->state = TLS_STATE_CLOSING;
	tls_conn_close_tcp(self);
	uv_close((uv_handle_t *)&self->timer, on_timer_closed);
}

void tls_conn_set_error(struct tls_conn *self, const char *what, const char *reason)
{
	if (self->has_error)
		return;
	self->has_error = true;
	if (reason)
		snprintf(self->error, sizeof self->error, "%s: %s", what, reason);
	else
		snprintf(self->error, sizeof self->error, "%s", what);
}

static void on_timeout(uv_timer_t *timer);

static void on_written(uv_write_t *req, int status)
{
	struct tls_conn *self = req->data;
	struct write_out *out = (struct write_out *)req;

	self->queued -= out->n;
	free(out);
	if (status < 0 && status != UV_ECANCELED && self->state < TLS_STATE_LINGERING) {
		tls_conn_set_error(self, "sending failed", uv_strerror(status));
		close_now(self);
	} else if (status == 0 && self->state == TLS_STATE_LINGERING) {
		uv_timer_start(&self->timer, on_timeout, TLS_CONN_LINGER_MS, 0);
	} else if (self->state == TLS_STATE_OPEN && self->queued <= TLS_CONN_LOW_WATER_BYTES &&
		   self->callbacks.on_drain) {
		self->callbacks.on_drain(self, self->user);
	}
	tls_conn_release(self);
}

/* what TLS wants on the wire; Return: 0 or -errno */
static int flush(struct tls_conn *self)
{
	char *bytes;
	long n = BIO_get_mem_data(SSL_get_wbio(self->ssl), &bytes);

	if (n <= 0)
		return 0;
	struct write_out *out = malloc(sizeof *out + (size_t)n);
	if (!out)
		return -ENOMEM;
	out->n = (size_t)n;
	memcpy(out->bytes, bytes, out->n);
	(void)BIO_reset(SSL_get_wbio(self->ssl));
	out->req.data = self;
	uv_buf_t buf = uv_buf_init((char *)out->bytes, (unsigned)out->n);
	int error = uv_write(&out->req, (uv_stream_t *)&self->tcp, &buf, 1, on_written);
	if (error) {
		free(out);
		return error;
	}
	self->queued += out->n;
	self->busy++;
	return 0;
}

static void on_timeout(uv_timer_t *timer)
{
	struct tls_conn *self = timer->data;

	if (self->state != TLS_STATE_LINGERING)
		tls_conn_set_error(self,
				   self->state == TLS_STATE_HANDSHAKE ? "the TLS handshake took too long"
								      : "connecting took too long",
				   NULL);
	close_now(self);
}

static void linger_done(struct tls_conn *self)
{
	if (self->state == TLS_STATE_LINGERING && self->eof && self->shut)
		close_now(self);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct tls_conn *self = req->data;

	self->shut = true;
	if (status < 0)
		close_now(self);
	else
		linger_done(self);
	tls_conn_release(self);
}

/*
 * The queue leaves first, an alert of TLS included; then the peer's bytes are read until its end of file, because
 * closing with unread bytes makes the kernel send a reset that may overtake what we said last.
 */
static void linger(struct tls_conn *self)
{
	self->state = TLS_STATE_LINGERING;
	if (flush(self) || uv_shutdown(&self->shutdown, (uv_stream_t *)&self->tcp, on_shutdown)) {
		close_now(self);
		return;
	}
	self->busy++;
	tls_conn_pause(self, false);
	uv_timer_start(&self->timer, on_timeout, TLS_CONN_LINGER_MS, 0);
}

static void fail_tls(struct tls_conn *self, const char *what)
{
	long verify = SSL_get_verify_result(self->ssl);

	if (self->state == TLS_STATE_HANDSHAKE && verify != X509_V_OK) {
		tls_conn_set_error(self, "the peer's certificate was refused", X509_verify_cert_error_string(verify));
		ERR_clear_error();
	} else if (!self->has_error) {
		self->has_error = true;
		tls_error_text(self->error, what);
	}
	linger(self);
}

static void on_handshake_done(struct tls_conn *self)
{
	X509 *peer = SSL_get0_peer_certificate(self->ssl);

	uv_timer_stop(&self->timer);
	self->state = TLS_STATE_OPEN;
	if (peer) {
		X509_NAME *subject = X509_get_subject_name(peer);
		int n = X509_NAME_get_text_by_NID(subject, NID_commonName, self->peer_name, sizeof self->peer_name);

		/* a name with a NUL inside would compare equal to what stands before it */
		if (n < 0 || strlen(self->peer_name) != (size_t)n)
			self->peer_name[0] = '\0';
	}
	if (self->callbacks.on_ready)
		self->callbacks.on_ready(self, self->user);
}

/* goes on with the handshake; Return: whether the connection is open */
static bool handshake(struct tls_conn *self)
{
	if (self->state != TLS_STATE_HANDSHAKE)
		return self->state == TLS_STATE_OPEN;
	ERR_clear_error();
	int done = SSL_do_handshake(self->ssl);
	if (done != 1 && SSL_get_error(self->ssl, done) != SSL_ERROR_WANT_READ) {
		fail_tls(self, "the TLS handshake failed");
		return false;
	}
	int error = flush(self);
	if (error) {
		tls_conn_set_error(self, "the TLS handshake failed", strerror(-error));
		close_now(self);
		return false;
	}
	if (done == 1)
		on_handshake_done(self);
	return self->state == TLS_STATE_OPEN;
}

/* decrypts what has come; each turn of the loop ends with the user's callback, which may have closed the connection */
static void decrypt(struct tls_conn *self)
{
	while (handshake(self)) {
		uint8_t *plain = self->context->plain;
		size_t n = 0;
		int status = 1;

		ERR_clear_error();
		while (n < TLS_READ_BYTES && status > 0) {
			status = SSL_read(self->ssl, plain + n, (int)(TLS_READ_BYTES - n));
			if (status > 0)
				n += (size_t)status;
		}
		int why = status > 0 ? SSL_ERROR_NONE : SSL_get_error(self->ssl, status);
		if (n > 0 && self->callbacks.on_data)
			self->callbacks.on_data(self, self->user, plain, n);
		if (self->state != TLS_STATE_OPEN)
			return;
		if (why == SSL_ERROR_NONE)
			continue;
		if (why == SSL_ERROR_ZERO_RETURN) {
			tls_conn_close(self);
		} else if (why != SSL_ERROR_WANT_READ) {
			fail_tls(self, "the TLS session failed");
		} else if (flush(self)) { /* the answer to a key update */
			tls_conn_set_error(self, "sending failed", NULL);
			close_now(self);
		}
		return;
	}
}

static void on_eof(struct tls_conn *self, ssize_t n)
{
	self->eof = true;
	(void)uv_read_stop((uv_stream_t *)&self->tcp);
	if (self->state == TLS_STATE_LINGERING) {
		if (n == UV_EOF)
			linger_done(self);
		else
			close_now(self);
		return;
	}
	if (n == UV_EOF)
		tls_conn_set_error(self, "the peer closed the connection without a goodbye", NULL);
	else
		tls_conn_set_error(self, "the connection broke", uv_strerror((int)n));
	close_now(self);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct tls_conn *self = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)self->context->cipher, TLS_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct tls_conn *self = stream->data;

	if (n < 0) {
		on_eof(self, n);
	} else if (n > 0 && self->state < TLS_STATE_LINGERING) {
		if (BIO_write(SSL_get_rbio(self->ssl), buf->base, (int)n) != n) {
			tls_conn_set_error(self, "reading failed", strerror(ENOMEM));
			close_now(self);
			return;
		}
		decrypt(self);
	}
}

void tls_conn_begin(struct tls_conn *self)
{
	struct sockaddr_storage address;
	int n = sizeof address;

	self->state = TLS_STATE_HANDSHAKE;
	uv_tcp_nodelay(&self->tcp, 1);
	uv_tcp_keepalive(&self->tcp, 1, 60);
	if (uv_tcp_getpeername(&self->tcp, (struct sockaddr *)&address, &n) == 0) {
		char host[INET6_ADDRSTRLEN], service[8];

		if (getnameinfo((struct sockaddr *)&address, (socklen_t)n, host, sizeof host, service, sizeof service,
				NI_NUMERICHOST | NI_NUMERICSERV) == 0)
			snprintf(self->peer_address, sizeof self->peer_address,
				 address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
	}
	int error = uv_read_start((uv_stream_t *)&self->tcp, on_alloc, on_read);
	if (error) {
		tls_conn_set_error(self, "reading failed", uv_strerror(error));
		close_now(self);
		return;
	}
	(void)handshake(self);
}

struct tls_conn *tls_conn_new(uv_loop_t *loop, struct tls_context *context, const char *host,
			      const struct tls_conn_callbacks *callbacks, void *user)
{
	struct tls_conn *self = calloc(1, sizeof *self);

	if (!self)
		return NULL;
	self->ssl = tls_context_ssl(context, host);
	if (!self->ssl) {
		free(self);
		ERR_clear_error();
		return NULL;
	}
	self->context = context;
	context->refs++;
	self->callbacks = *callbacks;
	self->user = user;
	snprintf(self->host, sizeof self->host, "%s", host ? host : "");
	snprintf(self->peer_address, sizeof self->peer_address, "?");
	(void)uv_timer_init(loop, &self->timer);
	self->timer.data = self;
	self->resolve.data = self;
	self->connect.data = self;
	self->shutdown.data = self;
	self->busy = 1;
	uv_timer_start(&self->timer, on_timeout, context->handshake_ms, 0);
	return self;
}

void tls_conn_drop(struct tls_conn *self)
{
	self->callbacks = (struct tls_conn_callbacks){0};
	close_now(self);
}

int tls_conn_accept(uv_stream_t *listener, struct tls_context *context, const struct tls_conn_callbacks *callbacks,
		    void *user, struct tls_conn **conn)
{
	struct tls_conn *self = tls_conn_new(listener->loop, context, NULL, callbacks, user);
	int error;

	if (!self)
		return -ENOMEM;
	self->state = TLS_STATE_HANDSHAKE;
	error = uv_tcp_init(listener->loop, &self->tcp);
	if (!error) {
		self->tcp.data = self;
		self->tcp_open = true;
		self->busy++;
		error = uv_accept(listener, (uv_stream_t *)&self->tcp);
	}
	if (error) {
		tls_conn_drop(self);
		return error;
	}
	tls_conn_begin(self);
	*conn = self;
	return 0;
}

int tls_conn_write(struct tls_conn *conn, const uint8_t *bytes, size_t n)
{
	if (conn->state != TLS_STATE_OPEN)
		return -ENOTCONN;
	ERR_clear_error();
	for (size_t done = 0; done < n;) {
		size_t part = n - done < 1u << 30 ? n - done : 1u << 30;
		int written = SSL_write(conn->ssl, bytes + done, (int)part);

		/* a memory BIO takes everything, so nothing but memory can be missing */
		if (written <= 0)
			return -ENOMEM;
		done += (size_t)written;
	}
	return flush(conn);
}

size_t tls_conn_queued(const struct tls_conn *conn)
{
	return conn->queued;
}

void tls_conn_pause(struct tls_conn *conn, bool pause)
{
	if (conn->state < TLS_STATE_HANDSHAKE || conn->state == TLS_STATE_CLOSING || conn->eof)
		return;
	if (pause)
		(void)uv_read_stop((uv_stream_t *)&conn->tcp);
	else
		(void)uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read); /* no harm if it reads already */
}

void tls_conn_close(struct tls_conn *conn)
{
	if (conn->state >= TLS_STATE_LINGERING)
		return;
	if (conn->state != TLS_STATE_OPEN) {
		close_now(conn);
		return;
	}
	ERR_clear_error();
	(void)SSL_shutdown(conn->ssl);
	linger(conn);
}

void tls_conn_abort(struct tls_conn *conn)
{
	close_now(conn);
}

const char *tls_conn_peer_name(const struct tls_conn *conn)
{
	return conn->peer_name;
}

const char *tls_conn_peer_address(const struct tls_conn *conn)
{
	return conn->peer_address;
}

bool tls_conn_check_dates(const struct tls_conn *conn, uint64_t unix_s, char error[TLS_CONN_ERROR_BYTES])
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(conn->ssl);
	time_t when = (time_t)unix_s;

	for (int i = 0; chain && i < sk_X509_num(chain); i++) {
		const X509 *certificate = sk_X509_value(chain, i);
		/* X509_cmp_time: below 0 the certificate's time is at or before @when, 0 it cannot be read */
		int begins = X509_cmp_time(X509_get0_notBefore(certificate), &when);
		int ends = X509_cmp_time(X509_get0_notAfter(certificate), &when);

		if (begins < 0 && ends > 0)
			continue;
		snprintf(error, TLS_CONN_ERROR_BYTES, "the peer's certificate was refused: %s of its chain is %s",
			 i == 0 ? "the first" : "one", begins < 0 ? "expired" : "not valid yet");
		return false;
	}
	if (!chain)
		snprintf(error, TLS_CONN_ERROR_BYTES, "the peer's certificate is not known");
	return chain != NULL;
}
