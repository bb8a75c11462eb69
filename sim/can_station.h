/*
 * can_station - runs pure cores that share one bus on a can_port: frames in, confirmations to whose frame left, frames
 * out in turn, one timer for the earliest deadline. A lost bus is opened again every 500 ms.
 */
#ifndef SIM_CAN_STATION_H
#define SIM_CAN_STATION_H

#include "uds/port/can_link.h"
#include "uds/port/can_port.h"

#define CAN_STATION_WINDOW  32u
#define CAN_STATION_MAX_IDS 20u

/* what a core offers; all but input and lost are needed */
struct can_station_member {
	void *core;
	struct can_port_filter ids[CAN_STATION_MAX_IDS]; /* received, and sent: echoes pass the same filters */
	size_t n_ids;
	void (*input)(void *core, uint64_t now_us, const struct can_msg *msg);
	void (*confirm)(void *core, uint64_t now_us);
	void (*expire)(void *core, uint64_t now_us);
	uint64_t (*deadline)(void *core);
	bool (*pop_frame)(void *core, uint64_t now_us, struct can_msg *msg);
	/* after its doors were called and before its frames are taken: the core's other outputs */
	void (*outputs)(void *core, uint64_t now_us);
	/* nothing is outstanding any more */
	void (*lost)(void *core, uint64_t now_us);
};

struct can_station;

/**
 * can_station_open() - open the bus and begin
 * @port: "can0" or "unix:PATH"; copied
 * @members: copied; their cores live until can_station_close()
 * @on_bus: the bus was lost (-errno) or is back (0); may be NULL
 *
 * Return: 0 or -errno of the first open.
 */
int can_station_open(uv_loop_t *loop, const char *port, bool fd, const struct can_station_member *members, size_t n,
		     void (*on_bus)(void *owner, int error), void *owner, struct can_station **station);

/* Why can_station_open() failed with @error, in words that name the port: of an interface what is wrong with it, and
 * what to do, as ecu-flash and gatewayd say it. */
void can_station_why(const char *port, bool fd, int error, char text[CAN_LINK_TEXT_BYTES]);

/* a core was changed from outside: drain, send and arm now */
void can_station_kick(struct can_station *self);
bool can_station_is_up(const struct can_station *self);
/* no call of a core after this; memory is reclaimed as its handles close. NULL is allowed. */
void can_station_close(struct can_station *self);

/* CLOCK_BOOTTIME in microseconds, as the cores see it */
uint64_t can_station_now_us(void);

#endif
