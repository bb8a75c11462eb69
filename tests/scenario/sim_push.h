/*
 * sim_push - the gateway's end of files that come unasked, as gatewayd/io/backend_push.c has it: chunks wait for the
 * fetch of their file, a file that does not come by itself is asked for, nothing is taken beyond the credit.
 */
#ifndef TESTS_SCENARIO_SIM_PUSH_H
#define TESTS_SCENARIO_SIM_PUSH_H

#include "tests/scenario/sim_backend.h"

#define SIM_MAX_PUSHED   256u
#define SIM_PUSH_HELD_US (2 * SIM_S)
#define SIM_PUSH_WAIT_US (3 * SIM_S)

struct sim_push {
	uint64_t credit; /* granted in each session, and with each request */
	uint64_t left;
	struct sim_message held[SIM_MAX_PUSHED]; /* in their order; at_us: when they came */
	unsigned n_held;
	unsigned n_taken;    /* chunks that were taken without having been asked for */
	unsigned n_unwanted; /* chunks that no campaign wanted, or without credit */
};

struct sim_io;

void sim_push_reset(struct sim_push *self);
/* the file may come by itself */
bool sim_push_is_expected(const struct sim_io *io, uint8_t campaign);
/* a chunk of what is not being fetched */
void sim_push_hold(struct sim_io *io, const struct sim_message *chunk);
/* Return: true with the first that is held of the file */
bool sim_push_take(struct sim_io *io, const uint8_t sha256[32], struct sim_message *chunk);
/* drops what waited too long */
void sim_push_expire(struct sim_io *io);

#endif
