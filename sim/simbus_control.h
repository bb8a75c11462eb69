/*
 * simbus_control - the broker's control socket: a UNIX stream, one command a line, one JSON line for each.
 *
 * "stats", "drop PPM", "fault RULE" (see bus_fault.h), "faults", "clear" (all rules), "restore CLIENT" (one that is off
 * the bus), "quit". An answer to what is wrong is {"error":"…"}; a line above 200 bytes ends the connection.
 */
#ifndef SIM_SIMBUS_CONTROL_H
#define SIM_SIMBUS_CONTROL_H

#include <stdbool.h>
#include <uv.h>

#include "common/json.h"
#include "sim/simbus_server.h"

struct simbus_control;

/* @on_quit: the command "quit" was given. Return: 0 or a libuv error, which is -errno. */
int simbus_control_new(uv_loop_t *loop, const char *path, struct simbus *bus, void (*on_quit)(void *owner), void *owner,
		       struct simbus_control **control);
/* no callback after this call; NULL is allowed */
void simbus_control_close(struct simbus_control *self);

/* the answer to "stats", for which "stats json" is said as well; @history adds the load of each second */
void simbus_control_stats(const struct simbus *bus, bool history, struct json *json);

#endif
