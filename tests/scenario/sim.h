/*
 * sim - a campaign in one process in simulated time: vehicle, gateway and backend together, from a seed.
 *
 * A scenario makes a sim, lets time pass to a moment it waits for, does something to it, and looks at what the backend
 * was told and what the ECUs hold. SEED in the environment gives another seed than the fixed one, SIM_TRACE prints what
 * happens; a check that fails prints the seed.
 */
#ifndef TESTS_SCENARIO_SIM_H
#define TESTS_SCENARIO_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/scenario/sim_io.h"

#define SIM_CAMPAIGN "c1"

/* 0 in a field means its default */
struct sim_options {
	uint64_t seed;
	unsigned n_ecus;           /* 2 */
	uint32_t image_bytes;      /* of the first ECU; 6000. The others get 3/4 of it as Intel HEX in two segments */
	uint32_t max_block;        /* 258 */
	uint32_t drop_ppm;         /* 0 */
	uint8_t max_attempts;      /* 5 */
	uint8_t max_parallel;      /* ECUs flashed at once; 4 */
	uint64_t window_start_s;   /* after the start; 0 */
	uint64_t window_length_s;  /* 86400 */
	uint32_t bytes_per_s;      /* of the link; 1000000 */
	uint64_t unix_base_s;      /* the wall clock at time 0; SIM_UNIX_BASE */
	uint64_t estimate_ms;      /* of each ECU's flash; as it is estimated */
	bool consent;              /* the driver is asked */
	bool functions;            /* each ECU's update costs one: "function 0", … */
	uint32_t service_notice_s; /* 0: none */
	enum vehicle_core_ignition ignition; /* off */
	enum update_mode mode;               /* of the campaign and the vehicle; negotiated */
	bool existence_only;                 /* the backend's notices say no more */
	uint32_t poll_s;                     /* as configured in the vehicle */
	uint32_t postpone_s;                 /* 3600 */
	struct power_config power;           /* nothing can be asked of the vehicle */
	uint32_t finished;                   /* bit per ECU: its component says FINISH_INHIBITED */
	uint32_t held;                       /* bit per ECU: its profile says supply: kl15_held */
	uint32_t signal_ms;                  /* between the frames of each of the vehicle's signals; 200 */
	uint32_t app_ms;                     /* and of each ECU's application; 50 */
	const char *zone_rule;               /* where the vehicle lives, as POSIX writes it; UTC */
	uint64_t push_credit;                /* 8 MiB */
	bool pull_only;                      /* the backend pushes no file */
};

struct sim {
	struct sim_options options;
	struct sim_world world;
	struct sim_backend backend;
	struct sim_io io;
	struct profile profile;
	uint8_t image[SIM_MAX_ECUS][SIM_MEMORY_BYTES]; /* as it lies in memory from SIM_MEMORY_BASE on */
	uint32_t image_n[SIM_MAX_ECUS];
	uint32_t gap_at[SIM_MAX_ECUS], gap_end[SIM_MAX_ECUS]; /* bytes that the image does not have */
	uint64_t started_wall_ns;
	/* kills: when the process starts again */
	uint64_t restart_us;
	uint64_t downtime_us;
	unsigned n_kills;
	/* sleeps: see sim_life.h */
	unsigned n_sleeps;
	uint64_t slept_us;
};

/* the seed of this run */
uint64_t sim_seed(void);
/* how many of @n seeds are tried: each in a release build; where a sanitizer makes them four times as slow, as many as
 * show it every line that they all come by */
#ifdef __SANITIZE_ADDRESS__
#define SIM_SEEDS(n) ((n) / 4)
#else
#define SIM_SEEDS(n) (n)
#endif
/* parked, reachable, one campaign for all ECUs; the gateway has started */
struct sim *sim_new(const struct sim_options *options);
void sim_free(struct sim *self);

typedef bool sim_condition(const struct sim *self);
/* lets time pass. Return: true once @condition (NULL: never) holds; false at @until_us */
bool sim_run(struct sim *self, uint64_t until_us, sim_condition *condition);
/* for so long, or until it holds */
bool sim_for(struct sim *self, uint64_t us, sim_condition *condition);

/* the one campaign in the backend's document, to be changed before time passes, or published */
struct campaign_doc *sim_doc(struct sim *self);
void sim_ignition(struct sim *self, enum vehicle_core_ignition ignition);
/* the director document without the campaign */
void sim_revoke(struct sim *self);
/* SIGKILL now; it starts again after downtime_us. @n_kept: as sim_io_kill() */
void sim_kill(struct sim *self, unsigned n_kept);
/* the backend's process ends now and is there again after @down_us, out of what it has recorded */
void sim_kill_backend(struct sim *self, uint64_t down_us);

/* conditions */
bool sim_is_over(const struct sim *self);    /* a final state was reported */
bool sim_is_settled(const struct sim *self); /* that, and nothing is on its way */
bool sim_is_waiting(const struct sim *self);
bool sim_is_downloading(const struct sim *self);
bool sim_is_flashing(const struct sim *self);     /* the bus is being made quiet, or is */
bool sim_is_quiet(const struct sim *self);        /* it is quiet, and no ECU is erased */
bool sim_is_erased(const struct sim *self);       /* an ECU has no application */
bool sim_is_transferring(const struct sim *self); /* an ECU has got a part of its image */

/* any campaign in the gateway; NULL */
const struct campaign *sim_campaign_of(const struct sim *self, const char *id);
/* the campaign in the gateway, NULL if it is not held */
const struct campaign *sim_campaign(const struct sim *self);
/* the ECU's memory is the image, byte for byte, it runs, and says so */
bool sim_has_image(const struct sim *self, unsigned ecu);
/* untouched since the factory */
bool sim_has_old(const struct sim *self, unsigned ecu);
uint64_t sim_trace(const struct sim *self);
/* since sim_new(), on the wall's clock */
double sim_wall_s(const struct sim *self);

__attribute__((noreturn)) void sim_failed(const struct sim *self, const char *what, const char *file, int line);
#define SIM_CHECK(sim, condition) ((condition) ? (void)0 : sim_failed((sim), #condition, __FILE__, __LINE__))
/* what must hold at the end of every scenario */
void sim_check_end(const struct sim *self);
/* and at the end of a campaign that succeeds */
void sim_check_done(const struct sim *self);

#endif
