/* commands_rollout_show - roll-outs as JSON. */
#include "sim/oem_backend/commands.h"

#include "sim/oem_backend/answer.h"
#include "sim/oem_backend/rollout_store.h"

static const char *wave_word(const struct rollout *self, size_t i, uint64_t now_s)
{
	const struct rollout_wave *wave = &self->waves[i];
	bool soaks =
	    i > 0 && self->waves[i - 1].ended_unix_s && now_s < self->waves[i - 1].ended_unix_s + self->rules.soak_s;

	if (rollout_failed(&self->rules, wave))
		return "failed";
	if (!wave->began_unix_s)
		return soaks && self->state == ROLLOUT_RUNNING ? "soak" : "to come";
	return wave->ended_unix_s ? "ended" : "running";
}

static void waves_answer(const struct rollout *self, struct json *answer)
{
	json_key(answer, "waves");
	json_array(answer);
	for (size_t i = 0; i < self->n_waves; i++) {
		const struct rollout_wave *wave = &self->waves[i];

		json_object(answer);
		answer_number(answer, "wave", i + 1);
		answer_text(answer, "state", wave_word(self, i, backend_now_s()));
		answer_number(answer, "vehicles", wave->size);
		answer_number(answer, "waiting", wave->waiting);
		answer_number(answer, "open", wave->open);
		answer_number(answer, "done", wave->done);
		answer_number(answer, "failed", wave->failed);
		answer_number(answer, "other", wave->other);
		answer_number(answer, "began_unix_s", wave->began_unix_s);
		answer_number(answer, "ended_unix_s", wave->ended_unix_s);
		json_object_end(answer);
	}
	json_array_end(answer);
}

/* @all: else those that failed only */
static void vehicles_answer(struct backend *backend, const char *id, bool all, struct json *answer)
{
	sqlite3_stmt *stmt = store_query(
	    &backend->store,
	    "SELECT * FROM (SELECT v.vehicle, v.wave + 1, v.campaign, " ROLLOUT_FATE " AS fate, iif(c.id IS NULL,"
	    " v.refused, iif(c.code <> 0, c.code || ' ' || c.text, '')), v.withdrawn, v.position FROM " ROLLOUT_VEHICLES
	    " WHERE v.rollout = ?1) WHERE ?2 OR fate = 'failed' ORDER BY position",
	    "tu", id, (uint64_t)all);

	json_key(answer, "vehicles");
	json_array(answer);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		json_object(answer);
		answer_text(answer, "vehicle", store_text(stmt, 0));
		answer_number(answer, "wave", store_column(stmt, 1));
		answer_text(answer, "campaign", store_text(stmt, 2));
		answer_text(answer, "result", store_column(stmt, 5) ? "taken back" : store_text(stmt, 3));
		answer_text(answer, "why", store_text(stmt, 4));
		json_object_end(answer);
	}
	json_array_end(answer);
	sqlite3_finalize(stmt);
}

static void head_answer(struct backend *backend, const struct rollout *self, struct json *answer)
{
	uint32_t sums[5] = {0};
	static const char *const names[5] = {"total", "verified", "failed", "open", "waiting"};
	sqlite3_stmt *stmt =
	    store_query(&backend->store,
			"SELECT why, created_unix_s, updated_unix_s, waves, template->>'manifest' FROM rollout"
			" WHERE id = ?1",
			"t", self->id);
	bool found = stmt && sqlite3_step(stmt) == SQLITE_ROW;

	for (size_t i = 0; i < self->n_waves; i++) {
		sums[0] += self->waves[i].size;
		sums[1] += self->waves[i].done;
		sums[2] += self->waves[i].failed;
		sums[3] += self->waves[i].open;
		sums[4] += self->waves[i].waiting;
	}
	answer_text(answer, "id", self->id);
	answer_text(answer, "state", rollout_state_word(self->state));
	json_key(answer, "over");
	json_bool(answer, self->state == ROLLOUT_CANCELLED || self->state == ROLLOUT_DONE);
	answer_text(answer, "why", found ? store_text(stmt, 0) : "");
	answer_number(answer, "created_unix_s", found ? store_column(stmt, 1) : 0);
	answer_number(answer, "updated_unix_s", found ? store_column(stmt, 2) : 0);
	answer_text(answer, "plan", found ? store_text(stmt, 3) : "");
	answer_text(answer, "manifest", found ? store_text(stmt, 4) : "");
	sqlite3_finalize(stmt);
	answer_number(answer, "error_threshold", self->rules.error_threshold);
	answer_number(answer, "min_done", self->rules.min_done);
	answer_number(answer, "soak_s", self->rules.soak_s);
	for (size_t i = 0; i < 5; i++)
		answer_number(answer, names[i], sums[i]);
	waves_answer(self, answer);
}

bool command_rollout_find(struct backend *backend, const struct json_read *request, struct rollout *rollout,
			  struct json *answer)
{
	char id[65];

	(void)json_read_text(request, "$.id", id, sizeof id);
	int status = rollout_load(&backend->store, id, rollout);
	if (status == 0)
		command_refuse(answer, "there is no roll-out %s; `oemctl rollout list` shows those there are", id);
	else if (status < 0)
		command_refuse(answer, "the database failed");
	return status > 0;
}

void command_rollout_show(struct backend *backend, const struct json_read *request, struct json *answer)
{
	struct rollout rollout;

	if (!command_rollout_find(backend, request, &rollout, answer))
		return;
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	json_key(answer, "rollout");
	json_object(answer);
	head_answer(backend, &rollout, answer);
	vehicles_answer(backend, rollout.id, json_read_bool(request, "$.all"), answer);
	json_object_end(answer);
	json_object_end(answer);
}

void command_rollout_list(struct backend *backend, const struct json_read *request, struct json *answer)
{
	sqlite3_stmt *stmt = store_query(&backend->store, "SELECT id FROM rollout ORDER BY n", "");
	struct rollout rollout;

	(void)request;
	json_object(answer);
	json_key(answer, "ok");
	json_bool(answer, true);
	json_key(answer, "rollouts");
	json_array(answer);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		if (rollout_load(&backend->store, store_text(stmt, 0), &rollout) <= 0)
			continue;
		json_object(answer);
		head_answer(backend, &rollout, answer);
		json_object_end(answer);
	}
	sqlite3_finalize(stmt);
	json_array_end(answer);
	json_object_end(answer);
}
