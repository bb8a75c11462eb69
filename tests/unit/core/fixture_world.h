/*
 * fixture_world - what stands around the core in the tests: disk, ECUs, backend; and how stores reach the disk.
 */
#ifndef TESTS_UNIT_CORE_FIXTURE_WORLD_H
#define TESTS_UNIT_CORE_FIXTURE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gatewayd/core/gateway.h"

#define SECOND    1000000ull
#define UNIX_BASE 1700000000ull /* the wall clock at now_us 0 */
#define ENGINE    0
#define BRAKE     1
#define N_ECUS    2
#define MAX_TASKS 512
#define MAX_SENT  2048

/* what survives a kill */
struct disk {
	struct ecu_info ecus[N_ECUS];
	uint64_t floor_unix_s;
	uint8_t parking[PARKING_ENCODED_BYTES];
	struct power_used power;
	struct mode_table modes;
	uint64_t director_version;
	uint8_t director_sha256[32];
	struct campaign campaigns[GATEWAY_MAX_CAMPAIGNS]; /* by slot */
	bool has[GATEWAY_MAX_CAMPAIGNS];
	struct report reports[REPORT_QUEUE_MAX];
	size_t n_reports;
	uint64_t next_sequence;
	struct rxswin_doc rxswin[GATEWAY_MAX_RXSWIN];
	uint8_t n_rxswin;
};

struct ecu_world {
	bool present;
	bool unasked; /* whoever identifies gives way to another tester */
	bool erased;
	struct flash_identity identity;
	unsigned fail_times; /* so many flashes end with fail_code */
	enum flash_code fail_code;
	bool fail_before_erase;
	bool restores; /* two banks: a failed flash ends with what ran before */
	bool running;
	bool wait_intent;
	bool erase_in_run;
	unsigned n_flashes;
};

enum sim_task { SIM_RESULT = 1000, SIM_FINISH };

struct sim {
	struct gateway_config config;
	struct gateway *gateway;
	uint64_t now_us;
	struct disk disk;
	struct ecu_world ecus[N_ECUS];
	struct director_doc *director; /* what the backend sends; version 0 = nothing */
	uint8_t director_sha256[32];
	struct manifest_doc *manifest;
	/* backend */
	bool reachable;
	bool session; /* open */
	bool refuse_registration;
	bool confirm;
	bool answers_director;
	bool acks;
	uint64_t confirm_start; /* 0 = what was proposed */
	enum update_mode mode;
	struct mode_table modes; /* instead of the one mode */
	uint32_t poll_s;
	bool only_when_asked; /* the document comes as an answer to a check */
	bool ignores_checks;
	size_t n_checks;
	uint64_t checked_us[64];
	int64_t time_lost_s; /* how far behind the backend's clock is; below 0: ahead */
	uint64_t applied;    /* highest report number */
	struct report applied_reports[MAX_SENT];
	size_t n_applied;
	size_t n_answers;
	enum answer_kind answer;
	uint64_t proposed;
	unsigned answer_code;
	/* io */
	bool enough_space;
	unsigned blob_fail_times;
	unsigned blob_fail_code;
	unsigned manifest_code;
	unsigned prepare_code;
	uint64_t estimate_ms; /* of each ECU, as prepared; 30000 */
	unsigned prepare_fail_times;
	enum profile_supply supply[GATEWAY_MAX_TARGETS];
	unsigned finish_code;
	bool hold_stores;  /* answers to STORE wait */
	bool hold_intents; /* the flasher does not go on */
	uint32_t random;
	struct gateway_output tasks[MAX_TASKS];
	size_t n_tasks;
	size_t counts[64]; /* outputs by kind */
	size_t n_outputs;
	uint64_t flash_campaign;
	bool flash_open;
	char last_log[GATEWAY_TEXT_BYTES];
	unsigned last_log_code;
	unsigned last_error_code;
	size_t n_logs;
	uint64_t space_asked;
	struct file_ref fetched[256];
	size_t n_fetched;
	bool erased_without_intent;
	size_t n_parking_stores;
};

static inline void sim_fill(uint8_t *sha256, unsigned seed)
{
	for (unsigned i = 0; i < 32; i++)
		sha256[i] = (uint8_t)(seed * 7 + i);
}

static inline struct file_ref sim_file(unsigned seed, uint64_t length)
{
	struct file_ref file = {.length = length};

	sim_fill(file.sha256, seed);
	return file;
}

/* rows are copied when STORE is popped, as io does; they reach the disk when it is answered */
struct store_copy {
	struct gateway_output out;
	struct disk disk; /* the rows named by out.dirty */
};
static struct store_copy *sim_stores[64];
static size_t sim_n_stores;

static inline void sim_copy_store(struct sim *s, const struct gateway_output *out)
{
	struct store_copy *copy = calloc(1, sizeof *copy);
	const struct gateway *g = s->gateway;

	assert_non_null(copy);
	assert_true(sim_n_stores < 64);
	copy->out = *out;
	for (unsigned i = 0; i < N_ECUS; i++)
		copy->disk.ecus[i] = g->ecus[i];
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (out->dirty.campaigns & (1u << i))
			copy->disk.campaigns[i] = g->campaigns[i];
		copy->disk.has[i] = g->campaigns[i].state != CAMPAIGN_NONE;
	}
	copy->disk.floor_unix_s = g->time_floor_unix_s;
	parking_encode(&g->parking, copy->disk.parking);
	copy->disk.power = power_used(&g->power);
	s->n_parking_stores += out->dirty.parking;
	copy->disk.modes = g->modes;
	copy->disk.director_version = g->director_version;
	memcpy(copy->disk.director_sha256, g->director_sha256, 32);
	copy->disk.next_sequence = g->reports.next_sequence;
	memcpy(copy->disk.rxswin, g->rxswin, sizeof g->rxswin);
	copy->disk.n_rxswin = g->n_rxswin;
	for (uint64_t n = out->dirty.report_first; n && n <= out->dirty.report_last; n++) {
		const struct report *report = gateway_report(g, n);

		if (report)
			copy->disk.reports[copy->disk.n_reports++] = *report;
	}
	sim_stores[sim_n_stores++] = copy;
}

static inline void sim_commit(struct sim *s)
{
	struct store_copy *copy = sim_stores[0];
	const struct gateway_dirty *dirty = &copy->out.dirty;
	struct disk *disk = &s->disk;
	size_t kept = 0;

	for (unsigned i = 0; i < N_ECUS; i++) {
		if (dirty->ecus & (1u << i))
			disk->ecus[i] = copy->disk.ecus[i];
	}
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (!(dirty->campaigns & (1u << i)))
			continue;
		disk->campaigns[i] = copy->disk.campaigns[i];
		disk->has[i] = copy->disk.has[i];
	}
	if (dirty->modes)
		disk->modes = copy->disk.modes;
	if (dirty->rxswin) {
		memcpy(disk->rxswin, copy->disk.rxswin, sizeof disk->rxswin);
		disk->n_rxswin = copy->disk.n_rxswin;
	}
	if (dirty->time)
		disk->floor_unix_s = copy->disk.floor_unix_s;
	if (dirty->power)
		disk->power = copy->disk.power;
	if (dirty->parking)
		memcpy(disk->parking, copy->disk.parking, sizeof disk->parking);
	if (dirty->director) {
		disk->director_version = copy->disk.director_version;
		memcpy(disk->director_sha256, copy->disk.director_sha256, 32);
	}
	for (size_t i = 0; i < copy->disk.n_reports; i++) {
		disk->reports[disk->n_reports++] = copy->disk.reports[i];
		disk->next_sequence = copy->disk.next_sequence;
	}
	for (size_t i = 0; i < disk->n_reports; i++) {
		if (disk->reports[i].sequence > dirty->report_acked)
			disk->reports[kept++] = disk->reports[i];
	}
	disk->n_reports = kept;
	free(copy);
	sim_n_stores--;
	memmove(sim_stores, sim_stores + 1, sim_n_stores * sizeof sim_stores[0]);
}

#endif
