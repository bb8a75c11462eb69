/*
 * sim_flasher - identifies and flashes the ECUs of the one bus with the products' cores, as gatewayd/io/flasher*.c
 * does: flash_bus on a can_node, whose frames sim_io carries to the simulated bus.
 */
#ifndef TESTS_SCENARIO_SIM_FLASHER_H
#define TESTS_SCENARIO_SIM_FLASHER_H

#include "ecu-flash/flash_bus.h"
#include "gatewayd/core/gateway.h"
#include "tests/scenario/sim_world.h"

enum sim_task { SIM_TASK_IDLE, SIM_TASK_IDENTIFYING, SIM_TASK_FLASHING };

/* one ECU's profile and image, decoded out of the files of a campaign */
struct sim_prepared_target {
	struct profile profile;
	struct image image;
	uint8_t *bytes; /* the file, and a buffer of the same size for what is decoded */
};

struct sim_prepared {
	char campaign_id[GATEWAY_NAME_BYTES];
	struct sim_prepared_target targets[SIM_MAX_ECUS];
	unsigned n_targets;
};

struct sim_work {
	struct uds_channel channel;
	struct flash_run run;
	uint8_t ecu, target;
	uint8_t request[65600];
	uint8_t answer[4096];
};

struct sim_flasher {
	struct gateway *gateway;
	struct can_node node;
	struct flash_bus bus;
	struct profile profiles[SIM_MAX_ECUS]; /* of the configuration, to identify with */
	struct sim_work works[SIM_MAX_ECUS];
	unsigned n_works;
	uint8_t max_parallel;
	enum sim_task task;
	bool finished; /* the core is told when no event is being handled */
	uint8_t campaign;
	uint64_t deadline_us;
	/* what happened, over all restarts */
	unsigned n_quiet, n_loud, n_retries;
	unsigned n_stray; /* outputs that came while there was nothing to flash */
	bool quiet;       /* between the two, while flashing */
	uint64_t transfer_us;
	enum flash_step_kind step[SIM_MAX_ECUS];
};

/* a new process: nothing is attached, nothing outstanding */
void sim_flasher_start(struct sim_flasher *self, struct gateway *gateway);
void sim_flasher_identify(struct sim_flasher *self, uint64_t now_us);
void sim_flasher_flash(struct sim_flasher *self, uint64_t now_us, uint8_t campaign, uint32_t targets,
		       const struct sim_prepared *prepared);
void sim_flasher_intent_stored(struct sim_flasher *self, uint64_t now_us, uint8_t campaign, uint8_t target);
/* @targets: these alone, 0 = all */
void sim_flasher_stop(struct sim_flasher *self, uint64_t now_us, uint32_t targets);
/* Return: true if the frame was one of an ECU's answers */
bool sim_flasher_input(struct sim_flasher *self, uint64_t now_us, const struct can_msg *msg);
/* moves on. Return: true if the core was told something */
bool sim_flasher_step(struct sim_flasher *self, uint64_t now_us);
uint64_t sim_flasher_deadline(const struct sim_flasher *self);

#endif
