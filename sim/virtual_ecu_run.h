/*
 * virtual_ecu_run - the ECUs of a process while they run: cores on their buses, seeds, and what is kept on disk.
 */
#ifndef SIM_VIRTUAL_ECU_RUN_H
#define SIM_VIRTUAL_ECU_RUN_H

#include "sim/can_station.h"
#include "sim/virtual_ecu_config.h"
#include "sim/virtual_ecu_store.h"

struct vecu_run;

struct vecu {
	struct vecu_run *run;
	struct vecu_definition *definition;
	struct ecu_core core;
	struct vecu_store store;
	uint8_t *rx_buf;
	bool dirty; /* changed since the last sync began */
	unsigned n_resets;
};

struct vecu_run {
	uv_loop_t *loop;
	struct vecu_setup *setup;
	struct vecu ecus[VECU_MAX_ECUS];
	struct can_station *stations[VECU_MAX_BUSES];
	uv_timer_t sync_timer;
	uv_work_t sync_work;
	bool syncing[VECU_MAX_ECUS]; /* belongs to the worker while sync_busy */
	bool sync_busy;
	bool closing;
};

/**
 * vecu_run_start() - power on all ECUs of @setup, whose buses have their ports
 * @state_dir: NULL keeps nothing
 * @error: filled on failure
 *
 * Return: 0, or else vecu_run_stop() and vecu_run_finish() are still to be called.
 */
int vecu_run_start(struct vecu_run *self, uv_loop_t *loop, struct vecu_setup *setup, const char *state_dir,
		   struct yaml_error *error);

/* Return: NULL if there is none */
struct vecu *vecu_run_find(struct vecu_run *self, const char *name);
/* a core was changed from outside */
void vecu_run_kick(struct vecu *ecu);

/* closes the handles; the loop then ends by itself */
void vecu_run_stop(struct vecu_run *self);
/* after the loop: everything to the disk, memory freed. Return: 0 or -errno of the last write. */
int vecu_run_finish(struct vecu_run *self);

#endif
