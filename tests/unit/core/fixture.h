/*
 * fixture - a vehicle, a backend, a disk and a flasher around one gateway core, in simulated time. What the core asks
 * for stands in a list and is answered one at a time, so that a test can cut in between any two answers: kill the
 * daemon, lose the session, switch the ignition.
 */
#ifndef TESTS_UNIT_CORE_FIXTURE_H
#define TESTS_UNIT_CORE_FIXTURE_H

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
	uint64_t director_version;
	uint8_t director_sha256[32];
	struct campaign campaigns[GATEWAY_MAX_CAMPAIGNS]; /* by slot */
	bool has[GATEWAY_MAX_CAMPAIGNS];
	struct report reports[REPORT_QUEUE_MAX];
	size_t n_reports;
	uint64_t next_sequence;
};

struct ecu_world {
	bool present;
	bool erased;
	struct flash_identity identity;
	unsigned fail_times; /* so many flashes end with fail_code */
	enum flash_code fail_code;
	bool fail_before_erase;
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
	uint64_t time_lost_s; /* how far behind the backend's clock is */
	uint64_t applied;     /* highest report number */
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
	unsigned prepare_fail_times;
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
		copy->disk.campaigns[i] = g->campaigns[i];
		copy->disk.has[i] = g->campaigns[i].state != CAMPAIGN_NONE;
	}
	copy->disk.floor_unix_s = g->time_floor_unix_s;
	copy->disk.director_version = g->director_version;
	memcpy(copy->disk.director_sha256, g->director_sha256, 32);
	copy->disk.next_sequence = g->reports.next_sequence;
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
	if (dirty->time)
		disk->floor_unix_s = copy->disk.floor_unix_s;
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

static inline void sim_pump(struct sim *s)
{
	struct gateway_output out;

	while (gateway_pop_output(s->gateway, &out)) {
		s->counts[out.kind]++;
		s->n_outputs++;
		if (getenv("SIM_TRACE"))
			fprintf(stderr, "# %llu.%06llu out %d c%d t%d %s\n", (unsigned long long)(s->now_us / SECOND),
				(unsigned long long)(s->now_us % SECOND), (int)out.kind, out.campaign, out.target,
				out.text);
		if (out.kind == GATEWAY_OUT_LOG) {
			snprintf(s->last_log, sizeof s->last_log, "%s", out.text);
			s->last_log_code = out.code;
			s->n_logs++;
		}
		if (out.kind == GATEWAY_OUT_SEND_ERROR)
			s->last_error_code = out.code;
		if (out.kind == GATEWAY_OUT_LOG || out.kind == GATEWAY_OUT_CHANGED || out.kind == GATEWAY_OUT_ADDED ||
		    out.kind == GATEWAY_OUT_SEND_ERROR || out.kind == GATEWAY_OUT_SEND_HELLO ||
		    out.kind == GATEWAY_OUT_RELEASE)
			continue;
		if (out.kind == GATEWAY_OUT_STOP_FLASH || out.kind == GATEWAY_OUT_CANCEL_FETCH) {
			/* heard at once */
			memmove(s->tasks + 1, s->tasks, s->n_tasks * sizeof s->tasks[0]);
			s->tasks[0] = out;
			s->n_tasks++;
			continue;
		}
		if (out.kind == GATEWAY_OUT_STORE)
			sim_copy_store(s, &out);
		assert_true(s->n_tasks < MAX_TASKS - 1);
		s->tasks[s->n_tasks++] = out;
	}
}

static inline void sim_task(struct sim *s, enum sim_task kind, uint8_t target)
{
	s->tasks[s->n_tasks++] = (struct gateway_output){
	    .kind = (enum gateway_output_kind)kind, .campaign = (uint8_t)s->flash_campaign, .target = target};
}

static inline void sim_flash_finish_if_done(struct sim *s)
{
	if (!s->flash_open)
		return;
	for (unsigned i = 0; i < N_ECUS; i++) {
		if (s->ecus[i].running)
			return;
	}
	s->flash_open = false;
	sim_task(s, SIM_FINISH, 0);
}

static inline uint8_t sim_ecu_of(const struct sim *s, uint8_t campaign, uint8_t target)
{
	return s->gateway->campaigns[campaign].targets[target].ecu;
}

static inline void sim_result(struct sim *s, uint8_t target, enum flash_code code)
{
	uint8_t e = sim_ecu_of(s, (uint8_t)s->flash_campaign, target);
	struct ecu_world *ecu = &s->ecus[e];
	struct flash_result result = {.code = code,
				      .verified = code == FLASH_OK,
				      .erased = ecu->erase_in_run,
				      .step = FLASH_STEP_TRANSFER,
				      .payload_bytes = 1000,
				      .started_us = s->now_us,
				      .ended_us = s->now_us + SECOND,
				      .transfer_us = SECOND / 2};

	snprintf(result.text, sizeof result.text, "%s", code ? gateway_code_words(code) : "verified");
	ecu->running = false;
	ecu->wait_intent = false;
	if (code == FLASH_OK) {
		ecu->erased = false;
		snprintf(ecu->identity.application_version, sizeof ecu->identity.application_version, "2.0");
		snprintf(result.before.application_version, sizeof result.before.application_version, "1.0");
		snprintf(result.after.application_version, sizeof result.after.application_version, "2.0");
	}
	gateway_flash_result(s->gateway, s->now_us, (uint8_t)s->flash_campaign, target, &result);
	sim_flash_finish_if_done(s);
}

static inline void sim_flash(struct sim *s, const struct gateway_output *task)
{
	struct campaign *c = &s->gateway->campaigns[task->campaign];

	s->flash_campaign = task->campaign;
	s->flash_open = true;
	for (uint8_t i = 0; i < c->n_targets; i++) {
		if (!(task->targets & (1u << i)))
			continue;
		s->ecus[c->targets[i].ecu].running = true;
		s->ecus[c->targets[i].ecu].erase_in_run = false;
		s->ecus[c->targets[i].ecu].n_flashes++;
	}
	for (uint8_t i = 0; i < c->n_targets; i++) {
		struct ecu_world *ecu = &s->ecus[c->targets[i].ecu];

		if (!(task->targets & (1u << i)))
			continue;
		gateway_flash_step(s->gateway, s->now_us, task->campaign, i, FLASH_STEP_SESSION, 0, 0);
		if (ecu->fail_times && ecu->fail_before_erase) {
			ecu->fail_times--;
			sim_result(s, i, ecu->fail_code);
			continue;
		}
		ecu->wait_intent = true;
		gateway_flash_step(s->gateway, s->now_us, task->campaign, i, FLASH_STEP_ERASE, 3, 0);
		gateway_flash_intent(s->gateway, s->now_us, task->campaign, i, 3, 0);
	}
}

static inline void sim_stop_flash(struct sim *s)
{
	struct campaign *c = &s->gateway->campaigns[s->flash_campaign];

	for (uint8_t i = 0; s->flash_open && i < c->n_targets; i++) {
		struct ecu_world *ecu = &s->ecus[c->targets[i].ecu];

		if (ecu->running && ecu->wait_intent)
			sim_result(s, i, FLASH_STOPPED);
	}
}

static inline void sim_report(struct sim *s, const struct report *report)
{
	bool durable = false;

	for (size_t i = 0; i < s->disk.n_reports; i++)
		durable = durable || s->disk.reports[i].sequence == report->sequence;
	assert_true(durable); /* nothing is told that could be forgotten */
	if (report->sequence > s->applied) {
		s->applied = report->sequence;
		assert_true(s->n_applied < MAX_SENT);
		s->applied_reports[s->n_applied++] = *report;
	}
	if (s->acks)
		gateway_report_ack(s->gateway, s->now_us, report->sequence);
}

static inline void sim_answer(struct sim *s, const struct gateway_output *task)
{
	const struct campaign *c = &s->gateway->campaigns[task->campaign];

	assert_true(s->disk.has[task->campaign]);
	assert_int_equal(s->disk.campaigns[task->campaign].answer, c->answer);
	s->n_answers++;
	s->answer = c->answer;
	s->answer_code = task->code;
	s->proposed = c->proposed_start_unix_s;
	if (s->confirm && c->answer != ANSWER_DECLINE)
		gateway_confirm(s->gateway, s->now_us, c->doc.id, c->director_version,
				s->confirm_start ? s->confirm_start : c->proposed_start_unix_s);
}

static inline void sim_blob(struct sim *s, const struct gateway_output *task)
{
	if (s->n_fetched < 256)
		s->fetched[s->n_fetched++] = task->file;
	if (s->blob_fail_times) {
		s->blob_fail_times--;
		gateway_blob(s->gateway, s->now_us, task->campaign, task->file.sha256, s->blob_fail_code, NULL);
		return;
	}
	gateway_blob_progress(s->gateway, s->now_us, task->campaign, task->file.length / 2);
	gateway_blob(s->gateway, s->now_us, task->campaign, task->file.sha256, 0, NULL);
}

static inline uint64_t sim_unix_ms(const struct sim *s)
{
	return (UNIX_BASE - s->time_lost_s) * 1000 + s->now_us / 1000;
}

/* answers the oldest thing that was asked */
static inline void sim_do(struct sim *s, const struct gateway_output *task)
{
	struct gateway *g = s->gateway;
	const uint64_t estimates[GATEWAY_MAX_TARGETS] = {30000, 30000};
	const uint64_t bytes[GATEWAY_MAX_TARGETS] = {1000, 1000};

	switch ((int)task->kind) {
	case GATEWAY_OUT_STORE:
		sim_commit(s);
		gateway_stored(g, s->now_us, task->txn);
		return;
	case GATEWAY_OUT_CONNECT:
		s->session = s->reachable;
		if (s->reachable)
			gateway_connected(g, s->now_us);
		else
			gateway_disconnected(g, s->now_us, GATEWAY_CODE_UNREACHABLE, NULL, s->random);
		return;
	case GATEWAY_OUT_DISCONNECT:
		s->session = false;
		gateway_disconnected(g, s->now_us, GATEWAY_CODE_OK, NULL, s->random);
		return;
	case GATEWAY_OUT_SEND_TIME_REQUEST:
		if (s->session)
			gateway_time(g, s->now_us, sim_unix_ms(s), 0);
		return;
	case GATEWAY_OUT_SEND_REGISTER:
		if (!s->session)
			return;
		gateway_register_result(g, s->now_us, !s->refuse_registration, "no", 30, s->mode);
		if (s->director->version && s->answers_director)
			gateway_director(g, s->now_us, s->director, s->director_sha256);
		return;
	case GATEWAY_OUT_SEND_HEARTBEAT:
		if (s->session)
			gateway_heartbeat(g, s->now_us, task->number);
		return;
	case GATEWAY_OUT_SEND_ANSWER:
		if (s->session)
			sim_answer(s, task);
		return;
	case GATEWAY_OUT_SEND_REPORT:
		if (s->session)
			sim_report(s, &task->report);
		return;
	case GATEWAY_OUT_CHECK_SPACE:
		s->space_asked = task->number;
		gateway_space(g, s->now_us, task->campaign, s->enough_space,
			      s->enough_space ? NULL : "the disk is full");
		return;
	case GATEWAY_OUT_FETCH:
		if (s->session)
			sim_blob(s, task);
		return;
	case GATEWAY_OUT_OPEN_MANIFEST:
		gateway_manifest(g, s->now_us, task->campaign, s->manifest_code ? NULL : s->manifest, s->manifest_code,
				 NULL);
		return;
	case GATEWAY_OUT_PREPARE:
		if (s->prepare_fail_times) {
			s->prepare_fail_times--;
			gateway_prepared(g, s->now_us, task->campaign, s->prepare_code, NULL, estimates, bytes);
			return;
		}
		gateway_prepared(g, s->now_us, task->campaign, 0, NULL, estimates, bytes);
		return;
	case GATEWAY_OUT_IDENTIFY:
		for (uint8_t i = 0; i < N_ECUS; i++)
			gateway_identity(g, s->now_us, i, s->ecus[i].present, &s->ecus[i].identity);
		gateway_identified(g, s->now_us);
		return;
	case GATEWAY_OUT_FLASH:
		sim_flash(s, task);
		return;
	case GATEWAY_OUT_INTENT_STORED: {
		struct ecu_world *ecu = &s->ecus[sim_ecu_of(s, task->campaign, task->target)];

		if (!ecu->running || !ecu->wait_intent)
			return;
		/* the promise: what is erased now is known to be erased after any power cut */
		if (!s->disk.campaigns[task->campaign].targets[task->target].erased)
			s->erased_without_intent = true;
		ecu->erased = true;
		ecu->erase_in_run = true;
		ecu->wait_intent = false;
		gateway_flash_step(g, s->now_us, task->campaign, task->target, FLASH_STEP_TRANSFER, 4, 0);
		gateway_flash_progress(g, s->now_us, task->campaign, task->target, 500, 1000);
		sim_task(s, SIM_RESULT, task->target);
		return;
	}
	case GATEWAY_OUT_STOP_FLASH:
		sim_stop_flash(s);
		return;
	case SIM_RESULT: {
		struct ecu_world *ecu = &s->ecus[sim_ecu_of(s, task->campaign, task->target)];

		if (ecu->fail_times) {
			ecu->fail_times--;
			sim_result(s, task->target, ecu->fail_code);
			return;
		}
		sim_result(s, task->target, FLASH_OK);
		return;
	}
	case SIM_FINISH:
		gateway_flash_finished(g, s->now_us, task->campaign, s->finish_code);
		return;
	default:
		return;
	}
}

/* Return: false if nothing was asked */
static inline bool sim_step(struct sim *s)
{
	struct gateway_output task;
	size_t i = 0;

	sim_pump(s);
	while (i < s->n_tasks && ((s->hold_stores && s->tasks[i].kind == GATEWAY_OUT_STORE) ||
				  (s->hold_intents && s->tasks[i].kind == GATEWAY_OUT_INTENT_STORED)))
		i++;
	if (i >= s->n_tasks)
		return false;
	task = s->tasks[i];
	s->n_tasks--;
	memmove(&s->tasks[i], &s->tasks[i + 1], (s->n_tasks - i) * sizeof s->tasks[0]);
	sim_do(s, &task);
	sim_pump(s);
	return true;
}

/* answers all, without letting time pass */
static inline void sim_settle(struct sim *s)
{
	unsigned n = 0;

	while (sim_step(s))
		assert_true(n++ < 5000); /* it must come to rest */
}

/* lets time pass to @until_us, with each deadline met at its microsecond */
static inline void sim_run(struct sim *s, uint64_t until_us)
{
	unsigned n = 0;

	sim_settle(s);
	while (gateway_deadline(s->gateway) <= until_us) {
		uint64_t deadline = gateway_deadline(s->gateway);

		assert_true(n++ < 200000);
		if (deadline > s->now_us)
			s->now_us = deadline;
		gateway_expire(s->gateway, s->now_us);
		sim_settle(s);
		assert_true(gateway_deadline(s->gateway) > s->now_us); /* a deadline that passed must not stay */
	}
	s->now_us = until_us;
}

static inline void sim_for(struct sim *s, uint64_t us)
{
	sim_run(s, s->now_us + us);
}

/* stops right after the answer that brought the first campaign into @state; Return: false if it never came */
static inline bool sim_until(struct sim *s, enum campaign_state state)
{
	for (unsigned n = 0; n < 20000; n++) {
		sim_pump(s);
		if (s->gateway->campaigns[0].state == state)
			return true;
		if (sim_step(s))
			continue;
		if (gateway_deadline(s->gateway) == GATEWAY_NEVER)
			return false;
		s->now_us = gateway_deadline(s->gateway);
		gateway_expire(s->gateway, s->now_us);
	}
	return false;
}

static inline void sim_signals(struct sim *s, enum ignition ignition, double kmh, double mv)
{
	gateway_signal(s->gateway, s->now_us, VEHICLE_IGNITION, ignition);
	gateway_signal(s->gateway, s->now_us, VEHICLE_SPEED_KMH, kmh);
	gateway_signal(s->gateway, s->now_us, VEHICLE_BATTERY_MV, mv);
}

static inline void sim_boot(struct sim *s)
{
	gateway_init(s->gateway, &s->config);
	gateway_restore_time(s->gateway, s->disk.floor_unix_s);
	for (unsigned i = 0; i < N_ECUS; i++) {
		if (s->disk.ecus[i].name[0])
			gateway_restore_ecu(s->gateway, &s->disk.ecus[i]);
	}
	gateway_restore_director(s->gateway, s->disk.director_version, s->disk.director_sha256);
	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		if (s->disk.has[i])
			gateway_restore_campaign(s->gateway, &s->disk.campaigns[i]);
	}
	for (size_t i = 0; i < s->disk.n_reports; i++)
		gateway_restore_report(s->gateway, &s->disk.reports[i]);
	gateway_restore_reports_end(s->gateway, s->disk.next_sequence ? s->disk.next_sequence : 1);
}

static inline void sim_start(struct sim *s)
{
	sim_boot(s);
	gateway_start(s->gateway, s->now_us);
}

/* the power is cut; @commit: what was on its way to the disk just made it */
static inline void sim_kill(struct sim *s, bool commit)
{
	while (commit && sim_n_stores)
		sim_commit(s);
	while (sim_n_stores)
		free(sim_stores[--sim_n_stores]);
	s->n_tasks = 0;
	s->session = false;
	s->flash_open = false;
	for (unsigned i = 0; i < N_ECUS; i++)
		s->ecus[i].running = s->ecus[i].wait_intent = false;
}

static inline void sim_drop_session(struct sim *s)
{
	if (!s->session)
		return;
	s->session = false;
	gateway_disconnected(s->gateway, s->now_us, GATEWAY_CODE_TLS, NULL, s->random);
}

static inline struct campaign *sim_campaign(struct sim *s)
{
	return &s->gateway->campaigns[0];
}

static inline size_t sim_count_reports(const struct sim *s, const char *id, enum campaign_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_applied; i++) {
		const struct report *r = &s->applied_reports[i];

		n += !strcmp(r->campaign_id, id) && !r->ecu[0] && r->campaign_state == state;
	}
	return n;
}

static inline size_t sim_count_target_reports(const struct sim *s, const char *ecu, enum target_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_applied; i++)
		n += !strcmp(s->applied_reports[i].ecu, ecu) && s->applied_reports[i].target_state == state;
	return n;
}

static inline void sim_default_documents(struct sim *s)
{
	struct director_doc *d = s->director;
	struct manifest_doc *m = s->manifest;
	static const char *const ecus[] = {"engine", "brake"};

	snprintf(m->id, sizeof m->id, "release-2");
	d->version = 1;
	sim_fill(s->director_sha256, 100);
	d->n_campaigns = 1;
	snprintf(d->campaigns[0].id, sizeof d->campaigns[0].id, "c1");
	d->campaigns[0].manifest = sim_file(1, 500);
	d->campaigns[0].mode = MODE_NEGOTIATED;
	d->campaigns[0].urgency = URGENCY_NORMAL;
	d->campaigns[0].window_start_unix_s = UNIX_BASE;
	d->campaigns[0].window_end_unix_s = UNIX_BASE + 86400;
	d->campaigns[0].n_targets = N_ECUS;
	m->n_components = N_ECUS;
	for (unsigned i = 0; i < N_ECUS; i++) {
		struct target_doc *t = &d->campaigns[0].targets[i];
		struct component_doc *c = &m->components[i];

		snprintf(t->ecu, sizeof t->ecu, "%s", ecus[i]);
		snprintf(t->hardware_id, sizeof t->hardware_id, "HW-%s", ecus[i]);
		snprintf(t->component, sizeof t->component, "%s-app", ecus[i]);
		snprintf(c->name, sizeof c->name, "%s-app", ecus[i]);
		snprintf(c->hardware_ids[0], sizeof c->hardware_ids[0], "HW-%s", ecus[i]);
		c->n_hardware_ids = 1;
		c->profile = sim_file(10, 100); /* the same for both */
		c->n_units = 1;
		c->units[0].image = sim_file(20 + i, 1000);
		snprintf(c->units[0].expected_version, sizeof c->units[0].expected_version, "2.0");
		c->n_conditions = 2;
		c->conditions[0] = (struct condition){CONDITION_IGNITION_OFF, 0};
		c->conditions[1] = (struct condition){CONDITION_STANDSTILL, 0};
	}
	d->campaigns[0].targets[ENGINE].rollback = sim_file(30, 900);
	d->campaigns[0].n_conditions = 1;
	d->campaigns[0].conditions[0] = (struct condition){CONDITION_BATTERY_MIN_MV, 11500};
}

/* a parked vehicle, a reachable backend with one campaign for two ECUs; nothing is started yet */
static inline struct sim *sim_new(void)
{
	static const char *const ecus[] = {"engine", "brake"};
	struct sim *s = calloc(1, sizeof *s);

	assert_non_null(s);
	s->gateway = calloc(1, sizeof *s->gateway);
	s->director = calloc(1, sizeof *s->director);
	s->manifest = calloc(1, sizeof *s->manifest);
	assert_non_null(s->gateway);
	assert_non_null(s->director);
	assert_non_null(s->manifest);
	s->config = (struct gateway_config){.vehicle_id = "vehicle-1",
					    .n_ecus = N_ECUS,
					    .postpone_s = 3600,
					    .max_attempts = 3,
					    .retry_pause_s = 10,
					    .build_unix_s = UNIX_BASE - 1000000};
	for (unsigned i = 0; i < N_ECUS; i++) {
		snprintf(s->config.ecus[i].name, sizeof s->config.ecus[i].name, "%s", ecus[i]);
		snprintf(s->config.ecus[i].bus, sizeof s->config.ecus[i].bus, "can%u", i);
		s->ecus[i].present = true;
		snprintf(s->ecus[i].identity.hardware_id, sizeof s->ecus[i].identity.hardware_id, "HW-%s", ecus[i]);
		snprintf(s->ecus[i].identity.serial_number, sizeof s->ecus[i].identity.serial_number, "SN-%s", ecus[i]);
		snprintf(s->ecus[i].identity.application_version, sizeof s->ecus[i].identity.application_version,
			 "1.0");
	}
	for (unsigned i = 0; i < VEHICLE_SIGNALS; i++)
		s->config.vehicle.max_age_ms[i] = UINT32_MAX; /* the vehicle's own tests look at ages */
	s->reachable = s->confirm = s->answers_director = s->acks = s->enough_space = true;
	s->random = 0x80000000u;
	s->now_us = SECOND;
	sim_default_documents(s);
	return s;
}

static inline struct sim *sim_new_parked(void)
{
	struct sim *s = sim_new();

	sim_start(s);
	sim_signals(s, IGNITION_OFF, 0, 12600);
	return s;
}

static inline void sim_free(struct sim *s)
{
	while (sim_n_stores)
		free(sim_stores[--sim_n_stores]);
	assert_false(s->erased_without_intent);
	free(s->gateway);
	free(s->director);
	free(s->manifest);
	free(s);
}

#endif
