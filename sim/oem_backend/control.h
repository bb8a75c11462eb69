/*
 * control - the UNIX socket of oemctl: one request a connection, a line of JSON, answered by a line of JSON.
 *
 * {"command":"campaign-list"} → {"ok":true, …}; refused: {"ok":false,"error":"what happened, to what, what to do"}.
 * Whoever may open the socket (mode 0600) may do everything.
 */
#ifndef SIM_OEM_BACKEND_CONTROL_H
#define SIM_OEM_BACKEND_CONTROL_H

#include "sim/oem_backend/backend.h"

#define CONTROL_MAX_LINE_BYTES (256u * 1024u)

/* a socket left behind is replaced, one that is served is not. Return: 0 or -errno with @error filled */
int control_listen(struct backend *backend, char error[512]);
void control_stop(struct backend *backend);
/* once the loop has run empty */
void control_free(struct backend *backend);

#endif
