/*
 * tls_conn - a TLS 1.3 connection with mutual certificates on a libuv loop, for either side.
 *
 * TLS runs on memory BIOs beside a uv_tcp. Only the given CA file is trusted, never the system's; both sides must show
 * a certificate; session tickets are off, so that each connection sees the peer's chain. A client checks the host's
 * name.
 *
 * Everything belongs to one loop and its thread. Every connection ends with exactly one on_close, from a later turn of
 * the loop than the call that caused it; after it the connection is gone. A callback may call any function here on its
 * own connection.
 */
#ifndef COMMON_TLS_CONN_H
#define COMMON_TLS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define TLS_CONN_ERROR_BYTES     256u
#define TLS_CONN_LOW_WATER_BYTES (256u * 1024u) /* on_drain comes at or below this */
#define TLS_CONN_HANDSHAKE_MS    10000u         /* default limit of connect and handshake together */
#define TLS_CONN_LINGER_MS       2000u          /* limit of an orderly close, from what left last */

struct tls_conn;
struct tls_context; /* keys and trust, shared by all connections of one role */

struct tls_config {
	bool server;
	const char *certificate; /* PEM file, leaf first */
	const char *key;         /* PEM file */
	const char *ca;          /* PEM file: who may have signed the peer's certificate */
	/* the time is not trusted yet: dates are left out of the check until tls_conn_check_dates() */
	bool ignore_dates;
	uint32_t handshake_ms; /* 0 = TLS_CONN_HANDSHAKE_MS */
	/* PEM file of one or more lists of revoked certificates (RFC 5280), NULL or "" = none: a peer whose own
	 * certificate is on its issuer's is refused. One that is out of date counts as ever, see
	 * tls_conn_crl_counts() */
	const char *crl;
};

struct tls_conn_callbacks {
	/* the handshake is done, the peer's certificate verified */
	void (*on_ready)(struct tls_conn *conn, void *user);
	/* @bytes: valid during the call */
	void (*on_data)(struct tls_conn *conn, void *user, const uint8_t *bytes, size_t n);
	/* a write has left, and no more than TLS_CONN_LOW_WATER_BYTES wait; after each such write, also a small one */
	void (*on_drain)(struct tls_conn *conn, void *user);
	/* @error: why, in words; NULL after tls_conn_close() or the peer's orderly goodbye. @conn is freed after it. */
	void (*on_close)(struct tls_conn *conn, void *user, const char *error);
};

/**
 * tls_context_new() - load certificate, key and CA
 * @error: filled with what is wrong with which file, when NULL is returned
 */
struct tls_context *tls_context_new(const struct tls_config *config, char error[TLS_CONN_ERROR_BYTES]);
/* connections that live keep what they need; NULL is allowed */
void tls_context_free(struct tls_context *context);
/* for connections begun from now on */
void tls_context_ignore_dates(struct tls_context *context, bool ignore);

/**
 * tls_conn_connect() - begin to connect; the addresses of @host are tried in turn
 * @host: name or address; also what the server's certificate must be for
 * @conn: the connection; failures of the network come through on_close
 * Return: 0 or -errno.
 */
int tls_conn_connect(uv_loop_t *loop, struct tls_context *context, const char *host, uint16_t port,
		     const struct tls_conn_callbacks *callbacks, void *user, struct tls_conn **conn);

/**
 * tls_conn_accept() - take the next connection of a listening uv_tcp; call it from the listener's callback
 * Return: 0 or -errno; on failure the peer's connection has been dropped, no callback comes.
 */
int tls_conn_accept(uv_stream_t *listener, struct tls_context *context, const struct tls_conn_callbacks *callbacks,
		    void *user, struct tls_conn **conn);

/**
 * tls_conn_write() - encrypt and queue all of @bytes, which are copied
 *
 * Nothing is refused for being too much: the caller keeps tls_conn_queued() in bounds and goes on at on_drain.
 *
 * Return: 0; -ENOTCONN before on_ready or once closing; -ENOMEM.
 */
int tls_conn_write(struct tls_conn *conn, const uint8_t *bytes, size_t n);
/* bytes, as encrypted, that the kernel has not taken, or took during this turn of the loop */
size_t tls_conn_queued(const struct tls_conn *conn);

/* stop or go on reading; after a stop up to 64 KiB that had been taken from the kernel already may still come */
void tls_conn_pause(struct tls_conn *conn, bool pause);

/* say goodbye after what is queued, then close; a second call does nothing */
void tls_conn_close(struct tls_conn *conn);
/* close at once; what is queued is lost */
void tls_conn_abort(struct tls_conn *conn);

/* common name of the peer's certificate, valid as long as the connection; "" if there is none, or before on_ready */
const char *tls_conn_peer_name(const struct tls_conn *conn);
/* address of the peer as text, "?" if not known */
const char *tls_conn_peer_address(const struct tls_conn *conn);

/**
 * tls_conn_check_dates() - whether each certificate of the peer's chain is valid at @unix_s
 * @error: filled with which one is not, when false
 */
bool tls_conn_check_dates(const struct tls_conn *conn, uint64_t unix_s, char error[TLS_CONN_ERROR_BYTES]);

/**
 * tls_conn_crl_counts() - whether the lists of revoked certificates would name the peer's if it was revoked by @unix_s
 * @error: filled with what they lack, when false: none is its issuer's, or that is out of date
 * Return: true also if there are no lists
 */
bool tls_conn_crl_counts(const struct tls_conn *conn, uint64_t unix_s, char error[TLS_CONN_ERROR_BYTES]);

#endif
