/*
 * backend - the TLS session with the OEM's backend: carries out the core's session, report and fetch outputs, and turns
 * what comes into the core's inputs.
 */
#ifndef GATEWAYD_IO_BACKEND_H
#define GATEWAYD_IO_BACKEND_H

#include <uv.h>
#include "gatewayd/io/blob_store.h"
#include "gatewayd/io/trust.h"

struct backend;

int backend_new(uv_loop_t *loop, const struct config *config, const struct trust *trust, struct blob_store *store,
		struct gateway *gateway, struct backend **backend);
/* GATEWAY_OUT_CONNECT, DISCONNECT, SEND_*, FETCH, CANCEL_FETCH */
void backend_output(struct backend *self, const struct gateway_output *output);
/* the director envelope received last and accepted by the core, for database_store() */
const uint8_t *backend_director(const struct backend *self, size_t *n);
void backend_free(struct backend *self);

#endif
