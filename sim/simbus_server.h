/*
 * simbus_server - the virtual CAN bus as a broker on a libuv loop: clients on a UNIX seqpacket socket, paced in real
 * time.
 *
 * Pacing catches up in virtual time: a frame starts at max(bus free, its arrival minus the lateness with which its
 * sender was served; see simbus_pace.h), so a machine that wakes late costs the bus nothing, and bus time is what a
 * wire would have taken. Without pacing, bus time runs from frame to frame as fast as the clients read.
 *
 * A client that sends the one-byte packet 0x01 gets its own frames back once they have left, with 1 in byte 6; with
 * 0x02 it gets error frames; with 0x03 both.
 *
 * A client is read only while few of its frames wait, so its own socket fills and slows it down. A client that does not
 * read loses frames when its queue here is full (paced), or holds the bus (not paced); its echoes are never lost.
 */
#ifndef SIM_SIMBUS_SERVER_H
#define SIM_SIMBUS_SERVER_H

#include <uv.h>

#include "sim/bus_core.h"
#include "sim/simbus_log.h"

struct simbus;

struct simbus_config {
	const char *path;      /* of the socket; one at which nobody listens is replaced */
	struct bus_config bus; /* its tap is set here */
	bool paced;
	struct simbus_log *log; /* NULL for none; owned by the caller */
	const char *name;       /* of the interface, in the log */
};

#define SIMBUS_CLIENT_NAME 32u

struct simbus_client_info {
	char name[SIMBUS_CLIENT_NAME]; /* "ecu-flash[4711]": program and process that opened the connection */
	bool attached;                 /* else it has left */
	bool off;                      /* the bus */
	struct bus_client_stats stats;
	unsigned load_permille; /* of the time since the start */
};

struct simbus_stats {
	struct bus_stats bus;
	uint64_t now_ns;     /* bus time since the start */
	uint64_t n_overruns; /* frames that a client was too slow to get */
	unsigned n_clients;
	unsigned load_permille; /* since the start */
	unsigned load_permille_last_second;
};

/* Return: 0 or -errno (-EADDRINUSE: another broker listens there) */
int simbus_new(uv_loop_t *loop, const struct simbus_config *config, struct simbus **simbus);
void simbus_set_drop(struct simbus *self, uint32_t drop_ppm);
/* as bus_add_fault() and its kin */
int simbus_add_fault(struct simbus *self, const struct bus_fault_rule *rule);
const struct bus_fault *simbus_get_fault(const struct simbus *self, unsigned index);
unsigned simbus_clear_faults(struct simbus *self);
bool simbus_restore(struct simbus *self, unsigned client);
/* of the client that has or had this index, 0..BUS_MAX_CLIENTS - 1. Return: false if there was none */
bool simbus_client_info(const struct simbus *self, unsigned index, struct simbus_client_info *info);
struct simbus_stats simbus_stats(const struct simbus *self);
/* load in one second of bus time, as bus_load_permille() */
unsigned simbus_load_permille(const struct simbus *self, uint64_t second);
/* removes the socket, ends all connections; memory is reclaimed by the loop. NULL is allowed. */
void simbus_close(struct simbus *self);

#endif
