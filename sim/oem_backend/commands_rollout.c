/* commands_rollout - roll-outs: made, shown, held and ended by a person. */
#include "sim/oem_backend/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/answer.h"
#include "proto/check.h"
#include "sim/oem_backend/log.h"
#include "sim/oem_backend/rollout_run.h"
#include "sim/oem_backend/rollout_store.h"

#define MAX_VEHICLES 10000u

/* --- create */

struct plan {
	char id[65];
	char waves[200];
	struct rollout_rules rules;
	uint32_t sizes[ROLLOUT_MAX_WAVES];
	size_t n_waves;
	uint32_t vehicles;
};

static bool read_rules(const struct json_read *request, struct plan *plan, struct json *answer)
{
	uint64_t threshold = 0, min_done = 100, soak_s = 0;

	if ((json_read_has(request, "$.error_threshold") &&
	     (!json_read_uint(request, "$.error_threshold", &threshold) || threshold > 100)) ||
	    (json_read_has(request, "$.min_done") &&
	     (!json_read_uint(request, "$.min_done", &min_done) || min_done < 1 || min_done > 100))) {
		command_refuse(answer,
			       "roll-out %s: the error threshold is 0..100 percent of a wave, the share that"
			       " must be over 1..100",
			       plan->id);
		return false;
	}
	if (json_read_has(request, "$.soak_s") &&
	    (!json_read_uint(request, "$.soak_s", &soak_s) || soak_s > UINT32_MAX)) {
		command_refuse(answer, "roll-out %s: the time between waves is a number of seconds", plan->id);
		return false;
	}
	plan->rules = (struct rollout_rules){(unsigned)threshold, (unsigned)min_done, soak_s};
	return true;
}

/* the vehicles named, or all that ever connected, into the table of this moment. Return: false, answered */
static bool list_vehicles(struct backend *backend, const struct json_read *request, struct plan *plan,
			  struct json *answer)
{
	struct store *store = &backend->store;
	bool named = json_read_has(request, "$.vehicles");
	uint64_t n = 0;
	int status = store_exec(store, "DROP TABLE IF EXISTS temp.chosen", "");

	if (!status)
		status =
		    store_exec(store, "CREATE TEMP TABLE chosen(position INTEGER PRIMARY KEY, id TEXT UNIQUE)", "");
	if (!status)
		status = named ? store_exec(store,
					    "INSERT OR IGNORE INTO chosen(id) SELECT value FROM"
					    " json_each(?1, '$.vehicles') WHERE type = 'text'",
					    "t", request->text)
			       : store_exec(store, "INSERT INTO chosen(id) SELECT id FROM vehicle ORDER BY id", "");
	if (!status && store_uint(store, &n, "SELECT count(*) FROM chosen", "") < 0)
		status = -1;
	if (status) {
		command_refuse(answer, "the database failed");
		return false;
	}
	if (n == 0 || n > MAX_VEHICLES) {
		command_refuse(answer, "roll-out %s is for %llu vehicles; 1..%u are possible", plan->id,
			       (unsigned long long)n, MAX_VEHICLES);
		return false;
	}
	plan->vehicles = (uint32_t)n;
	return true;
}

/* the campaigns' ids are made of the roll-out's and the vehicle's: they must be ids themselves, and not be taken */
static bool check_ids(struct backend *backend, const struct plan *plan, struct json *answer)
{
	char bad[65] = "";
	sqlite3_stmt *stmt =
	    store_query(&backend->store,
			"SELECT substr(chosen.id, 1, 64), c.id FROM chosen LEFT JOIN campaign c ON c.id ="
			" ?1 || '.' || chosen.id WHERE c.id IS NOT NULL OR length(chosen.id) > 60 - ?2"
			" OR chosen.id = '' OR chosen.id GLOB '.*' OR chosen.id GLOB '*[^A-Za-z0-9._-]*'"
			" LIMIT 1",
			"tu", plan->id, (uint64_t)strlen(plan->id));
	bool found = stmt && sqlite3_step(stmt) == SQLITE_ROW;
	bool taken = found && sqlite3_column_type(stmt, 1) != SQLITE_NULL;

	if (found)
		snprintf(bad, sizeof bad, "%s", store_text(stmt, 0));
	sqlite3_finalize(stmt);
	if (taken)
		command_refuse(answer, "there is a campaign %s.%s already; choose another id for the roll-out",
			       plan->id, bad);
	else if (found)
		command_refuse(
		    answer,
		    "vehicle \"%s\" is no id, or too long for campaigns that are named %s.VEHICLE, of 64 bytes"
		    " at most",
		    bad, plan->id);
	return !found;
}

/* the first vehicle's campaign is made on trial: what is wrong with all shows here. Return: false, answered */
static bool try_first(struct backend *backend, const struct json_read *request, const struct plan *plan,
		      struct json *answer)
{
	sqlite3_stmt *stmt =
	    store_query(&backend->store,
			"SELECT json_set(json_remove(?1, '$.vehicles'), '$.id', ?2 || '.' || id, '$.vehicle', id,"
			" '$.start_unix_s', coalesce(?3 + (?1->>'start_after_s'), ?1->>'start_unix_s'),"
			" '$.end_unix_s', coalesce(?3 + (?1->>'end_after_s'), ?1->>'end_unix_s'),"
			" '$.deadline_unix_s', coalesce(?3 + (?1->>'deadline_after_s'), ?1->>'deadline_unix_s'))"
			" FROM chosen ORDER BY position LIMIT 1",
			"ttu", request->text, plan->id, backend_now_s());
	char *line = stmt && sqlite3_step(stmt) == SQLITE_ROW ? strdup(store_text(stmt, 0)) : NULL;
	struct json_read trial = {backend->store.db, line};

	sqlite3_finalize(stmt);
	if (!line) {
		command_refuse(answer, "out of memory");
		return false;
	}
	bool good = campaign_try(backend, &trial, answer);
	free(line);
	return good;
}

static int insert_waves(struct store *store, const struct plan *plan)
{
	uint32_t from = 1;
	int status = 0;

	for (size_t i = 0; !status && i < plan->n_waves; i++) {
		status = store_exec(store, "INSERT INTO rollout_wave(rollout, wave) VALUES(?1, ?2)", "tu", plan->id,
				    (uint64_t)i);
		if (!status)
			status =
			    store_exec(store,
				       "INSERT INTO rollout_vehicle(rollout, vehicle, position, wave, campaign)"
				       " SELECT ?1, id, position, ?2, ?1 || '.' || id FROM chosen"
				       " WHERE position >= ?3 AND position < ?4",
				       "tuuu", plan->id, (uint64_t)i, (uint64_t)from, (uint64_t)from + plan->sizes[i]);
		from += plan->sizes[i];
	}
	return status;
}

static int insert(struct backend *backend, const struct json_read *request, const struct plan *plan)
{
	struct store *store = &backend->store;
	int status = store_begin(store);

	if (status)
		return status;
	status =
	    store_exec(store,
		       "INSERT INTO rollout(id, template, state, created_unix_s, updated_unix_s, waves,"
		       " error_threshold, min_done, soak_s) VALUES(?1, json_remove(?2, '$.command', '$.id',"
		       " '$.vehicles', '$.waves', '$.error_threshold', '$.min_done', '$.soak_s'), ?3, ?4, ?4, ?5,"
		       " ?6, ?7, ?8)",
		       "ttuutuuu", plan->id, request->text, (uint64_t)ROLLOUT_RUNNING, backend_now_s(), plan->waves,
		       (uint64_t)plan->rules.error_threshold, (uint64_t)plan->rules.min_done, plan->rules.soak_s);
	if (!status)
		status = insert_waves(store, plan);
	if (status)
		store_rollback(store);
	else
		status = store_commit(store);
	return status;
}

void command_rollout_create(struct backend *backend, const struct json_read *request, struct json *answer)
{
	struct plan plan = {.id = ""};
	char why[ROLLOUT_WHY_BYTES];
	uint64_t there;

	if (!json_read_text(request, "$.id", plan.id, sizeof plan.id) || !text_is_id(plan.id)) {
		command_refuse(answer,
			       "a roll-out needs an id of 1..64 of [A-Za-z0-9._-] that does not begin with '.'");
		return;
	}
	if (store_uint(&backend->store, &there, "SELECT 1 FROM rollout WHERE id = ?1", "t", plan.id) != 0) {
		command_refuse(answer, "there is a roll-out %s already; ids are never used twice", plan.id);
		return;
	}
	if (!json_read_text(request, "$.waves", plan.waves, sizeof plan.waves))
		snprintf(plan.waves, sizeof plan.waves, "rest");
	if (!read_rules(request, &plan, answer) || !list_vehicles(backend, request, &plan, answer) ||
	    !check_ids(backend, &plan, answer))
		return;
	if (!rollout_plan(plan.waves, plan.vehicles, plan.sizes, &plan.n_waves, why)) {
		command_refuse(answer, "roll-out %s: %s", plan.id, why);
		return;
	}
	if (!try_first(backend, request, &plan, answer))
		return;
	if (insert(backend, request, &plan)) {
		command_refuse(answer, "roll-out %s was not made: the database failed", plan.id);
		return;
	}
	backend_log("roll-out %s: made, %u vehicles in %zu waves", plan.id, (unsigned)plan.vehicles, plan.n_waves);
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	answer_text(answer, "id", plan.id);
	answer_number(answer, "vehicles", plan.vehicles);
	json_key(answer, "waves");
	json_array(answer);
	for (size_t i = 0; i < plan.n_waves; i++)
		json_uint(answer, plan.sizes[i]);
	json_array_end(answer);
	json_object_end(answer);
}

/* --- by a person */

static void say_state(struct backend *backend, const struct rollout *rollout, enum rollout_state state, int status,
		      struct json *answer)
{
	if (status) {
		command_refuse(answer, "roll-out %s stays %s: the database failed", rollout->id,
			       rollout_state_word(rollout->state));
		return;
	}
	backend_log("roll-out %s: %s by a person", rollout->id, rollout_state_word(state));
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	answer_text(answer, "id", rollout->id);
	answer_text(answer, "state", rollout_state_word(state));
	json_object_end(answer);
	rollout_round(backend);
}

void command_rollout_pause(struct backend *backend, const struct json_read *request, struct json *answer)
{
	struct rollout rollout;

	if (!command_rollout_find(backend, request, &rollout, answer))
		return;
	if (rollout.state != ROLLOUT_RUNNING) {
		command_refuse(answer, "roll-out %s is %s, not running", rollout.id, rollout_state_word(rollout.state));
		return;
	}
	say_state(backend, &rollout, ROLLOUT_PAUSED,
		  rollout_set_state(&backend->store, rollout.id, ROLLOUT_PAUSED, "paused by a person", backend_now_s()),
		  answer);
}

static int resume(struct backend *backend, const struct rollout *rollout, uint64_t threshold)
{
	struct store *store = &backend->store;
	int status = store_begin(store);

	if (status)
		return status;
	status =
	    store_exec(store, "UPDATE rollout SET error_threshold = ?2 WHERE id = ?1", "tu", rollout->id, threshold);
	if (!status)
		status = rollout_renew(store, rollout->id);
	if (!status)
		status = rollout_set_state(store, rollout->id, ROLLOUT_RUNNING, "", backend_now_s());
	if (status)
		store_rollback(store);
	else
		status = store_commit(store);
	return status;
}

void command_rollout_resume(struct backend *backend, const struct json_read *request, struct json *answer)
{
	struct rollout rollout;
	uint64_t threshold;

	if (!command_rollout_find(backend, request, &rollout, answer))
		return;
	if (rollout.state != ROLLOUT_PAUSED && rollout.state != ROLLOUT_STOPPED) {
		command_refuse(answer, "roll-out %s is %s; one that is paused or stopped can be resumed", rollout.id,
			       rollout_state_word(rollout.state));
		return;
	}
	threshold = rollout.rules.error_threshold;
	if (json_read_has(request, "$.error_threshold") &&
	    (!json_read_uint(request, "$.error_threshold", &threshold) || threshold > 100)) {
		command_refuse(answer, "the error threshold is 0..100 percent of a wave");
		return;
	}
	rollout.rules.error_threshold = (unsigned)threshold;
	for (size_t i = 0; i < rollout.n_waves; i++) {
		if (!rollout_failed(&rollout.rules, &rollout.waves[i]))
			continue;
		command_refuse(answer,
			       "wave %zu of roll-out %s has %u failures of %u, more than %u %%: it would stop again at"
			       " once; give a higher --error-threshold, or cancel it",
			       i + 1, rollout.id, (unsigned)rollout.waves[i].failed, (unsigned)rollout.waves[i].size,
			       (unsigned)threshold);
		return;
	}
	say_state(backend, &rollout, ROLLOUT_RUNNING, resume(backend, &rollout, threshold), answer);
}

void command_rollout_cancel(struct backend *backend, const struct json_read *request, struct json *answer)
{
	struct rollout rollout;

	if (!command_rollout_find(backend, request, &rollout, answer))
		return;
	if (rollout.state == ROLLOUT_CANCELLED || rollout.state == ROLLOUT_DONE) {
		command_refuse(answer, "roll-out %s is %s already", rollout.id, rollout_state_word(rollout.state));
		return;
	}
	say_state(backend, &rollout, ROLLOUT_CANCELLED,
		  rollout_end(backend, rollout.id, ROLLOUT_CANCELLED, "cancelled by a person"), answer);
}
