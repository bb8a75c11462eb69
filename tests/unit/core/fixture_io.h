/*
 * fixture_io - pops what the core wants and carries it out, one thing at a time, as gatewayd/io would.
 */
#ifndef TESTS_UNIT_CORE_FIXTURE_IO_H
#define TESTS_UNIT_CORE_FIXTURE_IO_H

#include "tests/unit/core/fixture_world.h"

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
	if (code == FLASH_WRONG_HARDWARE || code == FLASH_WRONG_SERIAL)
		result.before = ecu->identity;
	if (code != FLASH_OK && ecu->restores && ecu->erase_in_run) {
		result.erased = ecu->erased = false;
		result.restored = true;
	}
	if (code == FLASH_OK) {
		ecu->erased = false;
		snprintf(ecu->identity.application_version, sizeof ecu->identity.application_version, "2.0");
		snprintf(result.before.application_version, sizeof result.before.application_version, "1.0");
		snprintf(result.after.application_version, sizeof result.after.application_version, "2.0");
	}
	if (code == FLASH_WRONG_VERSION) { /* it runs, though not what was promised */
		ecu->erased = false;
		snprintf(result.after.application_version, sizeof result.after.application_version, "1.9");
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
	return (uint64_t)((int64_t)UNIX_BASE - s->time_lost_s) * 1000 + s->now_us / 1000;
}

/* one mode for all, unless the test has a table */
static inline void sim_register(struct sim *s)
{
	struct gateway_registration result = {.accepted = !s->refuse_registration,
					      .reason = "no",
					      .heartbeat_s = 30,
					      .poll_s = s->poll_s,
					      .knows_modes = true};
	struct mode_table one = {.n = 1, .entries = {{.mode = s->mode}}};

	result.modes = s->modes.n ? &s->modes : s->mode != MODE_NONE ? &one : NULL;
	gateway_register_result(s->gateway, s->now_us, &result);
}

/* answers the oldest thing that was asked */
static inline void sim_do(struct sim *s, const struct gateway_output *task)
{
	struct gateway *g = s->gateway;
	const uint64_t estimates[GATEWAY_MAX_TARGETS] = {s->estimate_ms, s->estimate_ms};
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
		sim_register(s);
		if (s->director->version && s->answers_director && !s->only_when_asked)
			gateway_director(g, s->now_us, s->director, s->director_sha256);
		return;
	case GATEWAY_OUT_SEND_CHECK:
		if (!s->session || s->ignores_checks)
			return;
		s->n_checks++;
		if (s->n_checks <= 64)
			s->checked_us[s->n_checks - 1] = s->now_us;
		if (s->director->version > s->gateway->director_version)
			gateway_director(g, s->now_us, s->director, s->director_sha256);
		else
			gateway_check_result(g, s->now_us, 0);
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
			gateway_prepared(g, s->now_us, task->campaign, s->prepare_code, NULL, estimates, bytes,
					 s->supply);
			return;
		}
		gateway_prepared(g, s->now_us, task->campaign, 0, NULL, estimates, bytes, s->supply);
		return;
	case GATEWAY_OUT_IDENTIFY:
		for (uint8_t i = 0; i < N_ECUS; i++) {
			if (s->ecus[i].unasked)
				gateway_not_identified(g, s->now_us, i, true);
			else
				gateway_identity(g, s->now_us, i, s->ecus[i].present, &s->ecus[i].identity);
		}
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

#endif
