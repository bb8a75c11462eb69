/*
 * sim_disk - the gateway's durable store: rows as the database keeps them, and transactions that become durable one
 * after the other, each some time after it was given. Only what the database writes is kept: a row that is restored has
 * nothing else of what the core held.
 */
#ifndef TESTS_SCENARIO_SIM_DISK_H
#define TESTS_SCENARIO_SIM_DISK_H

#include "gatewayd/core/gateway.h"

#define SIM_MAX_STORES    32u
#define SIM_MAX_DIRECTORS 16u

struct sim_transaction {
	uint64_t txn;
	uint64_t due_us;
	struct gateway_dirty dirty;
	struct ecu_info ecus[GATEWAY_MAX_ECUS];
	struct campaign *campaigns[GATEWAY_MAX_CAMPAIGNS]; /* heap, NULL: not among the dirty ones, or let go */
	char live[GATEWAY_MAX_CAMPAIGNS][GATEWAY_NAME_BYTES];
	uint64_t time_floor_unix_s;
	uint8_t parking[PARKING_ENCODED_BYTES];
	struct power_used power;
	struct mode_table *modes; /* heap */
	uint64_t director_version;
	uint8_t director_sha256[32];
	struct director_doc *director; /* heap */
	struct report *reports;        /* heap */
	size_t n_reports;
	uint64_t next_sequence;
};

struct sim_disk {
	/* durable */
	struct ecu_info ecus[GATEWAY_MAX_ECUS];
	bool has_ecu[GATEWAY_MAX_ECUS];
	struct campaign campaigns[GATEWAY_MAX_CAMPAIGNS]; /* state CAMPAIGN_NONE: no row */
	uint64_t time_floor_unix_s;
	uint8_t parking[PARKING_ENCODED_BYTES];
	struct power_used power;
	struct mode_table modes;
	uint64_t director_version;
	uint8_t director_sha256[32];
	struct director_doc *directors[SIM_MAX_DIRECTORS]; /* as they were accepted, each version */
	unsigned n_directors;
	struct report reports[REPORT_QUEUE_MAX];
	size_t n_reports;
	uint64_t next_sequence;
	/* on their way */
	struct sim_transaction *queue[SIM_MAX_STORES];
	unsigned n_queue;
	uint64_t latency_us;
	unsigned n_given, n_durable; /* transactions since the start, over all restarts */
};

void sim_disk_deinit(struct sim_disk *self);
/* carries out GATEWAY_OUT_STORE; @director: the document that the gateway holds */
void sim_disk_store(struct sim_disk *self, uint64_t now_us, const struct gateway *gateway,
		    const struct gateway_output *out, const struct director_doc *director);
uint64_t sim_disk_deadline(const struct sim_disk *self);
/* makes the oldest transaction durable if it is due. Return: true with its number */
bool sim_disk_commit(struct sim_disk *self, uint64_t now_us, uint64_t *txn);
/* the process was killed: the first @n_kept transactions on their way made it, the others did not */
void sim_disk_kill(struct sim_disk *self, unsigned n_kept);
/* Return: true if the manifest of that digest is in the store */
typedef bool sim_disk_manifest(void *owner, const struct file_ref *file, struct manifest_doc *manifest);
void sim_disk_restore(const struct sim_disk *self, struct gateway *gateway, sim_disk_manifest *open_manifest,
		      void *owner);
/* the durable row of a target by the name of its ECU, in a campaign that is not final; NULL */
const struct target *sim_disk_target(const struct sim_disk *self, const char *ecu);
bool sim_disk_has_report(const struct sim_disk *self, uint64_t sequence);

#endif
