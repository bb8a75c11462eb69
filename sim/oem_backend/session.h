/*
 * session - one vehicle's TLS session: order of the messages, time, registration, answers, reports, blobs.
 */
#ifndef SIM_OEM_BACKEND_SESSION_H
#define SIM_OEM_BACKEND_SESSION_H

#include "sim/oem_backend/backend.h"

/* take the listener's next connection; Return: 0 or -errno */
int session_accept(struct backend *backend, uv_stream_t *listener);

/* the registered session of the vehicle, NULL */
struct session *session_find(struct session *list, const char *vehicle);

/* what the vehicle shall install changed: send its document if it is registered */
void session_offer(struct backend *backend, const char *vehicle);

/* end the sessions of @vehicle, or all if NULL, without a goodbye; Return: how many */
unsigned session_close_all(struct backend *backend, const char *vehicle);

#endif
