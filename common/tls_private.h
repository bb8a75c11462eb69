/* tls_private - what tls_context.c, tls_conn.c and tls_connect.c share. */
#ifndef COMMON_TLS_PRIVATE_H
#define COMMON_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "common/tls_conn.h"

#define TLS_READ_BYTES (64u * 1024u)

struct tls_context {
	SSL_CTX *ssl_ctx;
	STACK_OF(X509_CRL) * crls; /* NULL = none are used */
	unsigned refs;
	bool server;
	bool ignore_dates;
	uint32_t handshake_ms;
	/* used within one read callback only, so all connections of the loop share them */
	uint8_t cipher[TLS_READ_BYTES];
	uint8_t plain[TLS_READ_BYTES];
};

void tls_context_unref(struct tls_context *context);

/* lists of revoked certificates for the context; Return: false with the error in OpenSSL's queue */
bool tls_crl_use(struct tls_context *context, const char *path);

/* words for the last error of OpenSSL's queue, which is emptied; Return: @error */
const char *tls_error_text(char error[TLS_CONN_ERROR_BYTES], const char *what);

/* a TLS object of the context's role over new memory BIOs; @host: the server's name for a client, else NULL */
SSL *tls_context_ssl(struct tls_context *context, const char *host);

enum tls_state {
	TLS_STATE_RESOLVING,
	TLS_STATE_CONNECTING,
	TLS_STATE_HANDSHAKE,
	TLS_STATE_OPEN,
	TLS_STATE_LINGERING, /* goodbye said; waits for the queue to leave and for the peer's end of file */
	TLS_STATE_CLOSING,   /* handles close */
};

struct tls_conn {
	uv_tcp_t tcp;
	uv_timer_t timer; /* of handshake, later of lingering */
	uv_getaddrinfo_t resolve;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	struct addrinfo *addresses;
	struct addrinfo *next_address;
	struct tls_context *context;
	SSL *ssl;
	struct tls_conn_callbacks callbacks;
	void *user;
	enum tls_state state;
	unsigned busy; /* handles open and requests out; memory goes when it is 0 */
	size_t queued;
	bool tcp_open;
	bool eof;
	bool shut; /* our FIN is out */
	bool has_error;
	char error[TLS_CONN_ERROR_BYTES];
	char peer_name[256];
	char peer_address[64];
	char host[256];
};

/* tls_conn.c */
struct tls_conn *tls_conn_new(uv_loop_t *loop, struct tls_context *context, const char *host,
			      const struct tls_conn_callbacks *callbacks, void *user);
/* TCP is connected: begin the handshake */
void tls_conn_begin(struct tls_conn *self);
/* keeps the first error */
void tls_conn_set_error(struct tls_conn *self, const char *what, const char *reason);
void tls_conn_close_tcp(struct tls_conn *self);
/* no callback comes for a connection that never began */
void tls_conn_drop(struct tls_conn *self);
/* one handle or request less */
void tls_conn_release(struct tls_conn *self);

/* tls_connect.c: connect to the next address, or close if there is none */
void tls_conn_next_address(struct tls_conn *self);

#endif
