#include "sim/oem_backend/rollout_store.h"

#include <errno.h>
#include <stdio.h>

/* the campaigns of @id that no ECU was touched by and that are not over; session.proto's CampaignState */
#define UNTOUCHED "(SELECT c.id FROM campaign c WHERE c.id = campaign AND c.state <= 4 AND c.removed IS NULL)"

static int load_waves(struct store *store, struct rollout *self)
{
	sqlite3_stmt *stmt =
	    store_query(store,
			"SELECT w.began_unix_s, w.ended_unix_s, count(fate), sum(fate = 'waiting'), sum(fate = 'open'),"
			" sum(fate = 'done'), sum(fate = 'failed'), sum(fate = 'other') FROM rollout_wave w JOIN"
			" (SELECT v.wave AS wave, " ROLLOUT_FATE " AS fate FROM " ROLLOUT_VEHICLES
			" WHERE v.rollout = ?1) f ON f.wave = w.wave WHERE w.rollout = ?1 GROUP BY w.wave"
			" ORDER BY w.wave",
			"t", self->id);
	int status = stmt ? SQLITE_ROW : SQLITE_ERROR;

	self->n_waves = 0;
	while (stmt && self->n_waves < ROLLOUT_MAX_WAVES && (status = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct rollout_wave *wave = &self->waves[self->n_waves++];

		wave->began_unix_s = store_column(stmt, 0);
		wave->ended_unix_s = store_column(stmt, 1);
		wave->size = (uint32_t)store_column(stmt, 2);
		wave->waiting = (uint32_t)store_column(stmt, 3);
		wave->open = (uint32_t)store_column(stmt, 4);
		wave->done = (uint32_t)store_column(stmt, 5);
		wave->failed = (uint32_t)store_column(stmt, 6);
		wave->other = (uint32_t)store_column(stmt, 7);
	}
	sqlite3_finalize(stmt);
	return (status == SQLITE_DONE || status == SQLITE_ROW) && self->n_waves > 0 ? 1 : -EIO;
}

int rollout_load(struct store *store, const char *id, struct rollout *rollout)
{
	sqlite3_stmt *stmt =
	    store_query(store, "SELECT state, error_threshold, min_done, soak_s FROM rollout WHERE id = ?1", "t", id);
	int status = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;

	*rollout = (struct rollout){.id = ""};
	if (status == SQLITE_ROW) {
		snprintf(rollout->id, sizeof rollout->id, "%s", id);
		rollout->state = (enum rollout_state)sqlite3_column_int(stmt, 0);
		rollout->rules.error_threshold = (unsigned)store_column(stmt, 1);
		rollout->rules.min_done = (unsigned)store_column(stmt, 2);
		rollout->rules.soak_s = store_column(stmt, 3);
	}
	sqlite3_finalize(stmt);
	if (status == SQLITE_DONE)
		return 0;
	return status == SQLITE_ROW ? load_waves(store, rollout) : -EIO;
}

int rollout_set_state(struct store *store, const char *id, enum rollout_state state, const char *why,
		      uint64_t now_unix_s)
{
	return store_exec(store, "UPDATE rollout SET state = ?2, why = ?3, updated_unix_s = ?4 WHERE id = ?1", "tutu",
			  id, (uint64_t)state, why, now_unix_s);
}

int rollout_begin_wave(struct store *store, const char *id, size_t wave, uint64_t now_unix_s)
{
	return store_exec(store, "UPDATE rollout_wave SET began_unix_s = ?3 WHERE rollout = ?1 AND wave = ?2", "tuu",
			  id, (uint64_t)wave, now_unix_s);
}

int rollout_end_wave(struct store *store, const char *id, size_t wave, uint64_t now_unix_s)
{
	return store_exec(store, "UPDATE rollout_wave SET ended_unix_s = ?3 WHERE rollout = ?1 AND wave = ?2", "tuu",
			  id, (uint64_t)wave, now_unix_s);
}

int rollout_withdraw(struct store *store, const char *id)
{
	return store_exec(
	    store, "UPDATE rollout_vehicle SET withdrawn = 1 WHERE rollout = ?1 AND campaign IN " UNTOUCHED, "t", id);
}

int rollout_next_withdrawn(struct store *store, char campaign[65])
{
	sqlite3_stmt *stmt =
	    store_query(store,
			"SELECT campaign FROM rollout_vehicle WHERE withdrawn = 1 AND campaign IN " UNTOUCHED
			" ORDER BY rollout, position LIMIT 1",
			"");
	int status = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;

	if (status == SQLITE_ROW)
		snprintf(campaign, 65, "%s", store_text(stmt, 0));
	sqlite3_finalize(stmt);
	return status == SQLITE_ROW ? 1 : status == SQLITE_DONE ? 0 : -EIO;
}

/* one whose vehicle went on all the same, because the word came too late, keeps its campaign */
int rollout_renew(struct store *store, const char *id)
{
	int error = store_exec(store,
			       "UPDATE rollout_vehicle SET attempt = attempt + 1,"
			       " campaign = rollout || '.' || vehicle || '.' || (attempt + 1)"
			       " WHERE rollout = ?1 AND withdrawn = 1 AND campaign IN (SELECT c.id FROM campaign c"
			       " WHERE c.id = campaign AND (c.state <= 4 OR c.state = 15))",
			       "t", id);

	return error ? error
		     : store_exec(store, "UPDATE rollout_vehicle SET withdrawn = 0 WHERE rollout = ?1", "t", id);
}

int rollout_next_waiting(struct store *store, const char *id, size_t wave, char vehicle[65], char campaign[65])
{
	sqlite3_stmt *stmt =
	    store_query(store,
			"SELECT v.vehicle, v.campaign FROM " ROLLOUT_VEHICLES " WHERE v.rollout = ?1 AND v.wave = ?2"
			" AND c.id IS NULL AND v.refused = '' ORDER BY v.position LIMIT 1",
			"tu", id, (uint64_t)wave);
	int status = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;

	if (status == SQLITE_ROW) {
		snprintf(vehicle, 65, "%s", store_text(stmt, 0));
		snprintf(campaign, 65, "%s", store_text(stmt, 1));
	}
	sqlite3_finalize(stmt);
	return status == SQLITE_ROW ? 1 : status == SQLITE_DONE ? 0 : -EIO;
}

int rollout_refuse(struct store *store, const char *id, const char *vehicle, const char *why)
{
	return store_exec(store, "UPDATE rollout_vehicle SET refused = ?3 WHERE rollout = ?1 AND vehicle = ?2", "ttt",
			  id, vehicle, why);
}
