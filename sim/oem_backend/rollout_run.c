#include "sim/oem_backend/rollout_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/commands.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/rollout_store.h"

#define ROUND_MS     250u
#define MAX_STEPS    25u /* a round: each may be a commit and a signature */
#define MAX_ROLLOUTS 64u

/* the request of the vehicle's campaign, allocated; times from now are those of this moment */
static char *request_of(struct store *store, const char *id, const char *vehicle, const char *campaign, uint64_t now_s)
{
	sqlite3_stmt *stmt = store_query(
	    store,
	    "SELECT json_set(template, '$.id', ?2, '$.vehicle', ?3,"
	    " '$.start_unix_s', coalesce(?4 + (template->>'start_after_s'), template->>'start_unix_s'),"
	    " '$.end_unix_s', coalesce(?4 + (template->>'end_after_s'), template->>'end_unix_s'),"
	    " '$.deadline_unix_s', coalesce(?4 + (template->>'deadline_after_s'), template->>'deadline_unix_s'))"
	    " FROM rollout WHERE id = ?1",
	    "tttu", id, campaign, vehicle, now_s);
	char *text = stmt && sqlite3_step(stmt) == SQLITE_ROW ? strdup(store_text(stmt, 0)) : NULL;

	sqlite3_finalize(stmt);
	return text;
}

/* Return: 0; 1 it was refused and that is recorded; -errno */
static int start_vehicle(struct backend *backend, const char *id, const char *vehicle, const char *campaign)
{
	char *line = request_of(&backend->store, id, vehicle, campaign, backend_now_s());
	struct json_read request = {backend->store.db, line};
	char why[1024] = "";
	struct json answer;
	int status = line ? 0 : -ENOMEM;

	if (status)
		return status;
	json_init(&answer);
	command_campaign_add(backend, &request, &answer);
	const char *text = json_text(&answer);
	struct json_read read = {backend->store.db, text};
	if (!text) {
		status = -ENOMEM;
	} else if (!json_read_bool(&read, "$.ok")) {
		char error[1024];

		(void)json_read_text(&read, "$.error", error, sizeof error);
		snprintf(why, sizeof why, "%s", error[0] ? error : "refused");
		backend_log("roll-out %s: vehicle %s gets no campaign: %s", id, vehicle, why);
		status = rollout_refuse(&backend->store, id, vehicle, why);
		status = status ? status : 1;
	}
	json_deinit(&answer);
	free(line);
	return status;
}

int rollout_end(struct backend *backend, const char *id, int state, const char *why)
{
	struct store *store = &backend->store;
	int status = store_begin(store);

	if (status)
		return status;
	status = rollout_set_state(store, id, (enum rollout_state)state, why, backend_now_s());
	if (!status)
		status = rollout_withdraw(store, id);
	if (status) {
		store_rollback(store);
		return status;
	}
	return store_commit(store);
}

static int stop(struct backend *backend, const struct rollout *rollout, size_t wave)
{
	const struct rollout_wave *bad = &rollout->waves[wave];
	char why[200];

	snprintf(why, sizeof why,
		 "%u of the %u vehicles of wave %zu failed, more than %u %%; `oemctl rollout show %s` names them",
		 (unsigned)bad->failed, (unsigned)bad->size, wave + 1, rollout->rules.error_threshold, rollout->id);
	backend_log("roll-out %s: STOPPED: %s", rollout->id, why);
	return rollout_end(backend, rollout->id, ROLLOUT_STOPPED, why);
}

static int start_next(struct backend *backend, const struct rollout *rollout, size_t wave)
{
	char vehicle[65], campaign[65];
	int status = rollout_next_waiting(&backend->store, rollout->id, wave, vehicle, campaign);

	return status > 0 ? start_vehicle(backend, rollout->id, vehicle, campaign) : status;
}

/* Return: 0 go on; 1 nothing more to be done now; -errno */
static int step(struct backend *backend, const char *id)
{
	struct store *store = &backend->store;
	struct rollout rollout;
	uint64_t now_s = backend_now_s();
	int status = rollout_load(store, id, &rollout);

	if (status <= 0 || rollout.state != ROLLOUT_RUNNING)
		return status < 0 ? status : 1;
	struct rollout_advice advice = rollout_advise(&rollout.rules, rollout.waves, rollout.n_waves, now_s);
	switch (advice.step) {
	case ROLLOUT_WAIT:
		return 1;
	case ROLLOUT_BEGIN:
		backend_log("roll-out %s: wave %zu of %zu begins, %u vehicles", id, advice.wave + 1, rollout.n_waves,
			    (unsigned)rollout.waves[advice.wave].size);
		return rollout_begin_wave(store, id, advice.wave, now_s);
	case ROLLOUT_START:
		status = start_next(backend, &rollout, advice.wave);
		return status < 0 ? status : 0;
	case ROLLOUT_NOTE:
		backend_log("roll-out %s: wave %zu has ended", id, advice.wave + 1);
		return rollout_end_wave(store, id, advice.wave, now_s);
	case ROLLOUT_STOP:
		return stop(backend, &rollout, advice.wave);
	case ROLLOUT_FINISH:
		backend_log("roll-out %s: done", id);
		return rollout_set_state(store, id, ROLLOUT_DONE, "", now_s);
	}
	return 1;
}

/* of stopped and cancelled roll-outs, one at a time. Return: whether there was one */
static bool take_one_back(struct backend *backend)
{
	char campaign[65];

	if (rollout_next_withdrawn(&backend->store, campaign) <= 0)
		return false;
	return command_take_back(backend, campaign);
}

void rollout_round(struct backend *backend)
{
	char ids[MAX_ROLLOUTS][65];
	size_t n = 0;
	unsigned steps = 0;
	sqlite3_stmt *stmt = store_query(&backend->store, "SELECT id FROM rollout WHERE state = ?1 ORDER BY n LIMIT ?2",
					 "uu", (uint64_t)ROLLOUT_RUNNING, (uint64_t)MAX_ROLLOUTS);

	while (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		snprintf(ids[n++], sizeof ids[0], "%s", store_text(stmt, 0));
	sqlite3_finalize(stmt);
	for (size_t i = 0; i < n; i++) {
		while (steps < MAX_STEPS && step(backend, ids[i]) == 0)
			steps++;
	}
	while (steps < MAX_STEPS && take_one_back(backend))
		steps++;
}

static void on_round(uv_timer_t *timer)
{
	rollout_round(timer->data);
}

int rollout_run_open(struct backend *backend)
{
	int error = uv_timer_init(backend->loop, &backend->rollouts);

	if (error)
		return error;
	backend->rollouts.data = backend;
	backend->rollouts_open = true;
	return uv_timer_start(&backend->rollouts, on_round, 0, ROUND_MS);
}

void rollout_run_stop(struct backend *backend)
{
	if (backend->rollouts_open && !uv_is_closing((uv_handle_t *)&backend->rollouts))
		uv_close((uv_handle_t *)&backend->rollouts, NULL);
	backend->rollouts_open = false;
}
