/*
 * sim_io - carries out what the gateway's core asks for, as gatewayd/io does: sends and receives over the backend's
 * link, keeps files and rows, prepares and flashes; in simulated time. A process that is killed leaves its files and
 * its durable rows, and is started anew from them.
 */
#ifndef TESTS_SCENARIO_SIM_IO_H
#define TESTS_SCENARIO_SIM_IO_H

#include "tests/scenario/sim_backend.h"
#include "tests/scenario/sim_disk.h"
#include "tests/scenario/sim_flasher.h"
#include "tests/scenario/sim_hold.h"
#include "tests/scenario/sim_push.h"
#include "tests/scenario/sim_watch.h"

enum sim_kill_when { SIM_KILL_NEVER, SIM_KILL_BEFORE_DURABLE, SIM_KILL_AFTER_DURABLE };

struct sim_file {
	struct file_ref ref;
	uint8_t *bytes; /* heap, ref.length */
	uint64_t n_held;
	uint64_t n_received; /* bytes that came for it, over all sessions and restarts */
	unsigned n_requests;
};

struct sim_io {
	struct sim_world *world;
	struct sim_backend *backend;
	struct gateway_config config;
	struct gateway *gateway; /* heap */
	bool running;
	uint64_t hash; /* of all outputs */
	struct sim_disk disk;
	struct sim_flasher flasher;
	struct sim_hold holds[POWER_HOLDS];
	struct sim_file files[SIM_MAX_BLOBS];
	unsigned n_files;
	bool no_space;
	struct {
		bool active;
		uint8_t campaign;
		struct sim_file *file;
		bool awaits_push; /* it may come by itself, */
		uint64_t ask_us;  /* and is asked for then */
	} fetch;
	struct sim_push push;
	struct sim_watch watch;
	struct sim_prepared *prepared[GATEWAY_MAX_CAMPAIGNS];       /* heap */
	char prepare_id[GATEWAY_MAX_CAMPAIGNS][GATEWAY_NAME_BYTES]; /* being prepared, "" nothing */
	uint64_t prepare_us[GATEWAY_MAX_CAMPAIGNS];                 /* when it is done */
	uint64_t estimate_ms;                                       /* what it says of each ECU; 0 = the estimate */
	/* a kill at a transaction, counted from 1 over all restarts; the process is gone when `killed` says so */
	enum sim_kill_when kill_when;
	unsigned kill_at_store;
	bool killed;
	/* what must never happen; counted here, looked at by the scenarios */
	unsigned n_forgettable_reports; /* sent and not durable */
	unsigned n_undurable_erases;    /* an ECU lost its application without a durable intent */
	unsigned n_loud_erases;         /* or while the bus was not quiet */
	unsigned n_outputs[GATEWAY_OUT_LOG + 1];
};

/* @config: with vehicle and ECUs; copied. @world, @backend: live as long */
void sim_io_init(struct sim_io *self, struct sim_world *world, struct sim_backend *backend,
		 const struct gateway_config *config);
void sim_io_deinit(struct sim_io *self);
/* the process starts, out of what is durable */
void sim_io_start(struct sim_io *self);
/* SIGKILL; of the transactions on their way the first @n_kept became durable all the same */
void sim_io_kill(struct sim_io *self, unsigned n_kept);
/* the connection breaks */
void sim_io_drop_session(struct sim_io *self);
void sim_io_delivery(struct sim_io *self, const struct bus_delivery *delivery);
void sim_io_turn(struct sim_io *self);
uint64_t sim_io_deadline(const struct sim_io *self);

#endif
