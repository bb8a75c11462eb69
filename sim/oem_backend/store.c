#include "sim/oem_backend/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "sim/oem_backend/log.h"

/* migrations only add; user_version counts them */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS vehicle("
    "  id TEXT PRIMARY KEY, software TEXT, features TEXT, address TEXT, first_unix_s INTEGER, last_unix_s INTEGER,"
    "  director_held INTEGER NOT NULL DEFAULT 0, ignition INTEGER NOT NULL DEFAULT 0,"
    "  standstill INTEGER NOT NULL DEFAULT 0, battery_mv INTEGER NOT NULL DEFAULT 0,"
    "  heartbeat_unix_s INTEGER NOT NULL DEFAULT 0);"
    /* beside the table of vehicles: what a heartbeat tells of more than ignition, standstill and voltage */
    "CREATE TABLE IF NOT EXISTS vehicle_state("
    "  vehicle TEXT PRIMARY KEY, speed_known INTEGER NOT NULL DEFAULT 0, gear_park INTEGER NOT NULL DEFAULT 0,"
    "  parking_brake INTEGER NOT NULL DEFAULT 0, charging INTEGER NOT NULL DEFAULT 0,"
    "  charge_percent INTEGER NOT NULL DEFAULT -1);"
    "CREATE TABLE IF NOT EXISTS ecu("
    "  vehicle TEXT NOT NULL, name TEXT NOT NULL, position INTEGER, bus TEXT, hardware_id TEXT, serial_number TEXT,"
    "  boot_version TEXT, application_version TEXT, data_version TEXT, present INTEGER,"
    "  PRIMARY KEY(vehicle, name));"
    "CREATE TABLE IF NOT EXISTS manifest("
    "  sha256 BLOB PRIMARY KEY, length INTEGER NOT NULL, id TEXT NOT NULL, added_unix_s INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS campaign("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, vehicle TEXT NOT NULL, spec BLOB NOT NULL,"
    "  created_unix_s INTEGER NOT NULL, removed TEXT, state INTEGER NOT NULL DEFAULT 0,"
    "  code INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL DEFAULT '', updated_unix_s INTEGER NOT NULL DEFAULT 0,"
    "  answer INTEGER NOT NULL DEFAULT 0, answer_code INTEGER NOT NULL DEFAULT 0,"
    "  answer_text TEXT NOT NULL DEFAULT '', proposed_unix_s INTEGER NOT NULL DEFAULT 0,"
    "  confirmed INTEGER NOT NULL DEFAULT 0, start_unix_s INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS campaign_vehicle ON campaign(vehicle);"
    "CREATE TABLE IF NOT EXISTS target("
    "  campaign TEXT NOT NULL, ecu TEXT NOT NULL, position INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0,"
    "  code INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL DEFAULT '', updated_unix_s INTEGER NOT NULL DEFAULT 0,"
    "  old_version TEXT NOT NULL DEFAULT '', new_version TEXT NOT NULL DEFAULT '', step TEXT NOT NULL DEFAULT '',"
    "  nrc INTEGER NOT NULL DEFAULT 0, payload_bytes INTEGER NOT NULL DEFAULT 0,"
    "  duration_ms INTEGER NOT NULL DEFAULT 0, transfer_ms INTEGER NOT NULL DEFAULT 0,"
    "  evidence INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(campaign, ecu));"
    "CREATE TABLE IF NOT EXISTS target_estimate("
    "  campaign TEXT NOT NULL, ecu TEXT NOT NULL, estimate_ms INTEGER NOT NULL, PRIMARY KEY(campaign, ecu));"
    "CREATE TABLE IF NOT EXISTS director("
    "  vehicle TEXT PRIMARY KEY, version INTEGER NOT NULL, expires_unix_s INTEGER NOT NULL, envelope BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS queue("
    "  vehicle TEXT NOT NULL, queue_id BLOB NOT NULL, applied INTEGER NOT NULL, PRIMARY KEY(vehicle, queue_id));"
    "CREATE TABLE IF NOT EXISTS report("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT, vehicle TEXT NOT NULL, queue_id BLOB NOT NULL, sequence INTEGER NOT NULL,"
    "  campaign TEXT NOT NULL, received_unix_s INTEGER NOT NULL, body BLOB NOT NULL,"
    "  UNIQUE(vehicle, queue_id, sequence));"
    "CREATE INDEX IF NOT EXISTS report_campaign ON report(campaign);"
    /* what the strategy made of a campaign, beside what stands in its spec */
    "CREATE TABLE IF NOT EXISTS decision(campaign TEXT PRIMARY KEY, rule TEXT NOT NULL, why TEXT NOT NULL);"
    /* the table that a vehicle was given when it registered last; an empty ecu and urgency 0: all */
    "CREATE TABLE IF NOT EXISTS vehicle_mode("
    "  vehicle TEXT NOT NULL, position INTEGER NOT NULL, ecu TEXT NOT NULL, urgency INTEGER NOT NULL,"
    "  mode INTEGER NOT NULL, PRIMARY KEY(vehicle, position));"
    /* for how long its driver may postpone, as it told when it registered last */
    "CREATE TABLE IF NOT EXISTS vehicle_postpone("
    "  vehicle TEXT NOT NULL, urgency INTEGER NOT NULL, seconds INTEGER NOT NULL, PRIMARY KEY(vehicle, urgency));"
    /* roll-outs: template is the request of a campaign without id and vehicle */
    "CREATE TABLE IF NOT EXISTS rollout("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, template TEXT NOT NULL, state INTEGER NOT NULL,"
    "  why TEXT NOT NULL DEFAULT '', created_unix_s INTEGER NOT NULL, updated_unix_s INTEGER NOT NULL,"
    "  waves TEXT NOT NULL, error_threshold INTEGER NOT NULL, min_done INTEGER NOT NULL, soak_s INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS rollout_wave("
    "  rollout TEXT NOT NULL, wave INTEGER NOT NULL, began_unix_s INTEGER NOT NULL DEFAULT 0,"
    "  ended_unix_s INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(rollout, wave));"
    "CREATE TABLE IF NOT EXISTS rollout_vehicle("
    "  rollout TEXT NOT NULL, vehicle TEXT NOT NULL, position INTEGER NOT NULL, wave INTEGER NOT NULL,"
    "  campaign TEXT UNIQUE NOT NULL, attempt INTEGER NOT NULL DEFAULT 1, refused TEXT NOT NULL DEFAULT '',"
    "  withdrawn INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(rollout, vehicle));"
    "CREATE TABLE IF NOT EXISTS initiative("
    "  campaign TEXT PRIMARY KEY, noticed_unix_s INTEGER NOT NULL DEFAULT 0,"
    "  triggered_unix_s INTEGER NOT NULL DEFAULT 0, sent_unix_s INTEGER NOT NULL DEFAULT 0);"
    "PRAGMA user_version = 1;";

int store_open(struct store *self, const char *path, char error[256])
{
	char *message = NULL;

	self->db = NULL;
	if (sqlite3_open(path, &self->db) == SQLITE_OK) {
		sqlite3_busy_timeout(self->db, 5000);
		if (sqlite3_exec(self->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", NULL, NULL,
				 &message) == SQLITE_OK &&
		    sqlite3_exec(self->db, schema, NULL, NULL, &message) == SQLITE_OK)
			return 0;
	}
	snprintf(error, 256, "cannot open the database %s: %s", path,
		 message    ? message
		 : self->db ? sqlite3_errmsg(self->db)
			    : "out of memory");
	sqlite3_free(message);
	store_close(self);
	return -EIO;
}

void store_close(struct store *self)
{
	sqlite3_close(self->db);
	self->db = NULL;
}

static void log_failure(struct store *self, const char *sql)
{
	backend_log("the database failed: %s, in: %s", sqlite3_errmsg(self->db), sql);
}

static sqlite3_stmt *query(struct store *self, const char *sql, const char *types, va_list args)
{
	sqlite3_stmt *stmt = NULL;
	int status = sqlite3_prepare_v2(self->db, sql, -1, &stmt, NULL);

	for (int i = 1; status == SQLITE_OK && *types; i++, types++) {
		if (*types == 't') {
			status = sqlite3_bind_text(stmt, i, va_arg(args, const char *), -1, SQLITE_STATIC);
		} else if (*types == 'u') {
			status = sqlite3_bind_int64(stmt, i, (sqlite3_int64)va_arg(args, uint64_t));
		} else {
			const void *bytes = va_arg(args, const void *);
			size_t n = va_arg(args, size_t);

			/* a NULL pointer would bind null, which is another key than no bytes */
			status = sqlite3_bind_blob64(stmt, i, bytes ? bytes : "", n, SQLITE_STATIC);
		}
	}
	if (status == SQLITE_OK)
		return stmt;
	log_failure(self, sql);
	sqlite3_finalize(stmt);
	return NULL;
}

sqlite3_stmt *store_query(struct store *self, const char *sql, const char *types, ...)
{
	va_list args;

	va_start(args, types);
	sqlite3_stmt *stmt = query(self, sql, types, args);
	va_end(args);
	return stmt;
}

int store_exec(struct store *self, const char *sql, const char *types, ...)
{
	va_list args;

	va_start(args, types);
	sqlite3_stmt *stmt = query(self, sql, types, args);
	va_end(args);
	if (!stmt)
		return -EIO;
	int status = sqlite3_step(stmt);
	if (status != SQLITE_DONE && status != SQLITE_ROW)
		log_failure(self, sql);
	sqlite3_finalize(stmt);
	return status == SQLITE_DONE || status == SQLITE_ROW ? 0 : -EIO;
}

int store_uint(struct store *self, uint64_t *value, const char *sql, const char *types, ...)
{
	va_list args;

	va_start(args, types);
	sqlite3_stmt *stmt = query(self, sql, types, args);
	va_end(args);
	if (!stmt)
		return -EIO;
	int status = sqlite3_step(stmt);
	*value = status == SQLITE_ROW ? store_column(stmt, 0) : 0;
	if (status != SQLITE_DONE && status != SQLITE_ROW)
		log_failure(self, sql);
	sqlite3_finalize(stmt);
	return status == SQLITE_ROW ? 1 : status == SQLITE_DONE ? 0 : -EIO;
}

int store_changes(const struct store *self)
{
	return sqlite3_changes(self->db);
}

int store_begin(struct store *self)
{
	return store_exec(self, "BEGIN IMMEDIATE", "");
}

int store_commit(struct store *self)
{
	int error = store_exec(self, "COMMIT", "");

	if (error)
		store_rollback(self);
	return error;
}

void store_rollback(struct store *self)
{
	if (!sqlite3_get_autocommit(self->db))
		(void)store_exec(self, "ROLLBACK", "");
}

const char *store_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text ? text : "";
}

uint64_t store_column(sqlite3_stmt *stmt, int column)
{
	return (uint64_t)sqlite3_column_int64(stmt, column);
}
