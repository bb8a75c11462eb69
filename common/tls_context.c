#include "common/tls_private.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* OpenSSL's reasons below 100 only name a library */
static bool names_a_library(unsigned long code)
{
	return ((unsigned)ERR_GET_REASON(code) & ((1u << ERR_RFLAGS_OFFSET) - 1)) < 100;
}

const char *tls_error_text(char error[TLS_CONN_ERROR_BYTES], const char *what)
{
	/* what is wrong with a file stands in the first entry; bad content often has the last one say no more than
	 * which library noticed: "PEM lib" */
	unsigned long first = ERR_peek_error(), last = ERR_peek_last_error();
	unsigned long code = ERR_SYSTEM_ERROR(first) || names_a_library(last) ? first : last;
	const char *reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

	snprintf(error, TLS_CONN_ERROR_BYTES, "%s: %s", what, reason ? reason : "unknown error");
	ERR_clear_error();
	return error;
}

#define PEM_HINT " (a PEM file is expected; key and certificate belong together)"

/* @what: words with the file's name in them; the file is named in every error of the configuration */
static SSL_CTX *refuse(SSL_CTX *ctx, char error[TLS_CONN_ERROR_BYTES], const char *what, const char *path)
{
	char text[TLS_CONN_ERROR_BYTES];

	snprintf(text, sizeof text, "%s %s", what, path);
	bool unread = ERR_SYSTEM_ERROR(ERR_peek_error());

	tls_error_text(error, text);
	size_t n = strlen(error);

	if (!unread && n + sizeof PEM_HINT <= TLS_CONN_ERROR_BYTES)
		memcpy(error + n, PEM_HINT, sizeof PEM_HINT);
	SSL_CTX_free(ctx);
	return NULL;
}

static SSL_CTX *make_ssl_ctx(const struct tls_config *config, char error[TLS_CONN_ERROR_BYTES])
{
	SSL_CTX *ctx = SSL_CTX_new(config->server ? TLS_server_method() : TLS_client_method());

	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1)
		return refuse(ctx, error, "cannot set up", "TLS 1.3");
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, config->certificate) != 1)
		return refuse(ctx, error, "cannot use the certificate", config->certificate);
	if (SSL_CTX_use_PrivateKey_file(ctx, config->key, SSL_FILETYPE_PEM) != 1)
		return refuse(ctx, error, "cannot use the private key", config->key);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return refuse(ctx, error, "the certificate does not belong to the private key", config->key);
	if (SSL_CTX_load_verify_file(ctx, config->ca) != 1)
		return refuse(ctx, error, "cannot use the CA file", config->ca);
	if (config->server)
		SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(config->ca));
	return ctx;
}

struct tls_context *tls_context_new(const struct tls_config *config, char error[TLS_CONN_ERROR_BYTES])
{
	struct tls_context *self = calloc(1, sizeof *self);

	if (!self) {
		snprintf(error, TLS_CONN_ERROR_BYTES, "cannot set up TLS: out of memory");
		return NULL;
	}
	self->ssl_ctx = make_ssl_ctx(config, error);
	if (!self->ssl_ctx) {
		free(self);
		return NULL;
	}
	self->refs = 1;
	if (config->crl && config->crl[0] && !tls_crl_use(self, config->crl)) {
		char text[TLS_CONN_ERROR_BYTES];

		snprintf(text, sizeof text, "cannot read lists of revoked certificates, in PEM, from %s", config->crl);
		tls_error_text(error, text);
		tls_context_unref(self);
		return NULL;
	}
	self->server = config->server;
	self->ignore_dates = config->ignore_dates;
	self->handshake_ms = config->handshake_ms ? config->handshake_ms : TLS_CONN_HANDSHAKE_MS;
	return self;
}

void tls_context_unref(struct tls_context *context)
{
	assert(context->refs > 0);
	if (--context->refs > 0)
		return;
	sk_X509_CRL_pop_free(context->crls, X509_CRL_free);
	SSL_CTX_free(context->ssl_ctx);
	free(context);
}

void tls_context_free(struct tls_context *context)
{
	if (context)
		tls_context_unref(context);
}

void tls_context_ignore_dates(struct tls_context *context, bool ignore)
{
	context->ignore_dates = ignore;
}

static bool expect_host(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	/* an address is compared with the certificate's addresses, and is never sent as a server name (RFC 6066, 3) */
	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* the macro for the server name casts const away; it copies the name */
	char name[256];

	snprintf(name, sizeof name, "%s", host);
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

SSL *tls_context_ssl(struct tls_context *context, const char *host)
{
	SSL *ssl = SSL_new(context->ssl_ctx);
	BIO *rbio = BIO_new(BIO_s_mem());
	BIO *wbio = BIO_new(BIO_s_mem());

	if (!ssl || !rbio || !wbio || (host && !expect_host(ssl, host))) {
		BIO_free(rbio);
		BIO_free(wbio);
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_bio(ssl, rbio, wbio);
	if (context->ignore_dates)
		X509_VERIFY_PARAM_set_flags(SSL_get0_param(ssl), X509_V_FLAG_NO_CHECK_TIME);
	if (context->server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}
