/*
 * sim_watch - looks at each first erase from outside of the gateway: what the vehicle was like by its own senders, what
 * the gateway was told by the backend since it started, and what its durable director document says. Nothing of it is
 * asked of the gateway's core.
 */
#ifndef TESTS_SCENARIO_SIM_WATCH_H
#define TESTS_SCENARIO_SIM_WATCH_H

#include "tests/scenario/sim_disk.h"
#include "tests/scenario/sim_world.h"

#define SIM_MAX_ERASES 32u
#define SIM_MAX_OPEN   8u

/* why an ECU with a valid application should not have been erased: bits */
enum sim_wrong {
	SIM_WRONG_UNASKED = 1u, /* no durable campaign names the ECU */
	SIM_WRONG_USED = 2u,    /* the ignition was not off, for a while */
	SIM_WRONG_MOVING = 4u,  /* the vehicle moved, for a while */
	SIM_WRONG_BATTERY = 8u, /* its voltage was below the campaign's, for a while */
	SIM_WRONG_TIME = 16u,   /* this process was never told the time */
	SIM_WRONG_WINDOW = 32u, /* outside of the campaign's frame, or of what the scenario says is open */
	/* the first ECU of a campaign that the durable director document has not had for a while */
	SIM_WRONG_REVOKED = 64u,
};

struct sim_erase {
	uint64_t at_us;
	uint64_t unix_s;
	unsigned ecu;
	char campaign[GATEWAY_NAME_BYTES];
	unsigned wrong; /* bits of enum sim_wrong */
};

struct sim_watch {
	const struct sim_world *world;
	const struct sim_disk *disk;
	const uint64_t *unix_base_s;
	uint64_t tolerance_us; /* a signal comes within so long, and what was sent before is on its way */
	uint32_t finished; /* bit per ECU: its author lets it be flashed with the ignition on, drive-away inhibited */
	bool any_ignition; /* the campaign wants it on */
	int64_t min_battery_mv; /* of the campaign's conditions */
	bool told_time;         /* since the process started */
	/* unix seconds in which a window is open, the end not among them; none: the campaign's frame alone counts */
	struct {
		uint64_t from_s, to_s;
	} open[SIM_MAX_OPEN];
	unsigned n_open;
	/* since when it is so, SIM_NEVER: it is not */
	uint64_t used_us, moving_us, low_us, revoked_us;
	uint64_t revoked_version;
	unsigned n_durable;  /* transactions as of the last look */
	uint32_t unfinished; /* bit per ECU: erased, and by the durable row not brought to its end: what follows is
				recovery */
	unsigned n_recoveries;
	struct sim_erase erases[SIM_MAX_ERASES];
	unsigned n_erases;
	unsigned wrong; /* of all of them */
};

void sim_watch_init(struct sim_watch *self, const struct sim_world *world, const struct sim_disk *disk,
		    const uint64_t *unix_base_s);
/* looks at what may have changed; with each turn of the simulation */
void sim_watch_turn(struct sim_watch *self);
/* an ECU has just lost its valid application */
void sim_watch_erased(struct sim_watch *self, unsigned ecu);
/* a window, as the scenario has it from another source than the gateway's code */
void sim_watch_open(struct sim_watch *self, uint64_t from_s, uint64_t to_s);
/* what is wrong, in words */
const char *sim_wrong_name(unsigned wrong);

#endif
