/* tls_connect - a client's way to its server: the name resolved, its addresses tried in turn. */
#include "common/tls_private.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

static void on_connected(uv_connect_t *req, int status)
{
	struct tls_conn *self = req->data;

	if (self->state == TLS_STATE_CONNECTING) {
		if (status == 0) {
			self->has_error = false; /* of the addresses tried before */
			tls_conn_begin(self);
		} else {
			tls_conn_set_error(self, "cannot connect", uv_strerror(status));
			tls_conn_close_tcp(
			    self); /* a handle connects once: its close callback tries the next address */
		}
	}
	tls_conn_release(self);
}

void tls_conn_next_address(struct tls_conn *self)
{
	struct addrinfo *address = self->next_address;

	if (!address) {
		tls_conn_abort(self);
		return;
	}
	self->next_address = address->ai_next;
	int error = uv_tcp_init(self->timer.loop, &self->tcp);
	if (error) {
		tls_conn_set_error(self, "cannot connect", uv_strerror(error));
		tls_conn_abort(self);
		return;
	}
	self->tcp.data = self;
	self->tcp_open = true;
	self->busy++;
	error = uv_tcp_connect(&self->connect, &self->tcp, address->ai_addr, on_connected);
	if (error) {
		tls_conn_set_error(self, "cannot connect", uv_strerror(error));
		tls_conn_close_tcp(self);
		return;
	}
	self->busy++;
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *addresses)
{
	struct tls_conn *self = req->data;

	self->addresses = addresses;
	self->next_address = addresses;
	if (self->state == TLS_STATE_RESOLVING) {
		self->state = TLS_STATE_CONNECTING;
		if (status < 0)
			tls_conn_set_error(self, "cannot resolve the host's name", uv_strerror(status));
		tls_conn_next_address(self);
	}
	tls_conn_release(self);
}

int tls_conn_connect(uv_loop_t *loop, struct tls_context *context, const char *host, uint16_t port,
		     const struct tls_conn_callbacks *callbacks, void *user, struct tls_conn **conn)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	char service[8];

	if (strlen(host) >= sizeof(*conn)->host)
		return -ENAMETOOLONG;
	struct tls_conn *self = tls_conn_new(loop, context, host, callbacks, user);
	if (!self)
		return -ENOMEM;
	snprintf(service, sizeof service, "%u", (unsigned)port);
	self->state = TLS_STATE_RESOLVING;
	int error = uv_getaddrinfo(loop, &self->resolve, on_resolved, self->host, service, &hints);
	if (error) {
		self->state = TLS_STATE_CONNECTING;
		tls_conn_drop(self);
		return error;
	}
	self->busy++;
	*conn = self;
	return 0;
}
