/*
 * database_keys - the version of the director document counts among those of the keys that sign it. A stolen key can
 * sign the highest there is; once it is replaced, that one must not stand in the way of those of its successor.
 */
#include <string.h>
#include <syslog.h>

#include "gatewayd/io/database_priv.h"
#include "gatewayd/io/log.h"

#define MAX_DOCUMENTS (4u * GATEWAY_MAX_CAMPAIGNS) /* rows of campaigns, of which there are fewer */

/* Return: 0, or an SQLite code; *known false: a database made before this was kept */
static int read_keys(sqlite3 *db, uint8_t sha256[32], bool *known)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key='director_keys'", -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	r = sqlite3_step(stmt);
	*known = r == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == 32;
	if (*known)
		memcpy(sha256, sqlite3_column_blob(stmt, 0), 32);
	sqlite3_finalize(stmt);
	return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

/* Return: 0, or an SQLite code */
static int is_used(sqlite3 *db, uint64_t version, bool *used)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db,
				   "SELECT 1 FROM director WHERE version=?1 UNION"
				   " SELECT 1 FROM campaign WHERE director_version=?1",
				   -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)version);
	r = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	*used = r == SQLITE_ROW;
	return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

/* Return: 0, or an SQLite code */
static int needed_documents(sqlite3 *db, uint64_t versions[MAX_DOCUMENTS], size_t *n)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db, "SELECT DISTINCT director_version FROM campaign", -1, &stmt, NULL);

	*n = 0;
	if (r != SQLITE_OK)
		return r;
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW && *n < MAX_DOCUMENTS)
		versions[(*n)++] = database_column_u64(stmt, 0);
	sqlite3_finalize(stmt);
	return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

/*
 * What campaigns under way stand on stays, out of the way of documents to come: from the highest number down, which the
 * backend that begins anew does not reach.
 */
static int put_away(sqlite3 *db)
{
	uint64_t versions[MAX_DOCUMENTS], free_version = UINT64_MAX;
	bool used = true;
	size_t n;
	int r = needed_documents(db, versions, &n);

	if (r == SQLITE_OK)
		r = database_exec(
		    db, "DELETE FROM director WHERE version NOT IN (SELECT director_version FROM campaign)", "");
	for (size_t i = 0; r == SQLITE_OK && i < n; i++) {
		while ((r = is_used(db, free_version, &used)) == SQLITE_OK && used)
			free_version--;
		if (r == SQLITE_OK)
			r = database_exec(db, "UPDATE director SET version=?1 WHERE version=?2", "ii", free_version,
					  versions[i]);
		if (r == SQLITE_OK)
			r = database_exec(db, "UPDATE campaign SET director_version=?1 WHERE director_version=?2", "ii",
					  free_version, versions[i]);
	}
	return r;
}

static int keep_keys(sqlite3 *db, const uint8_t sha256[32], bool anew)
{
	int r = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (r == SQLITE_OK && anew)
		r = put_away(db);
	if (r == SQLITE_OK && anew)
		r = database_exec(db, "UPDATE meta SET value=0 WHERE key='director_version'", "");
	if (r == SQLITE_OK)
		r = database_exec(db,
				  "INSERT INTO meta(key, value) VALUES('director_keys', ?1)"
				  " ON CONFLICT(key) DO UPDATE SET value=?1",
				  "b", sha256, (size_t)32);
	if (r == SQLITE_OK)
		r = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (r != SQLITE_OK && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int database_check_keys(sqlite3 *db, const struct trust *trust)
{
	uint8_t present[32], last[32];
	bool known = false;
	int r = read_keys(db, last, &known);

	trust_director_digest(trust, present);
	if (r != SQLITE_OK || (known && memcmp(present, last, 32) == 0))
		return r;
	r = keep_keys(db, present, known);
	if (r != SQLITE_OK) /* a full disk keeps nobody from recovering an ECU */
		log_write(LOG_WARNING, NULL, "which keys of trust.director count could not be stored: %s",
			  sqlite3_errstr(r));
	else if (known)
		log_write(LOG_NOTICE, NULL,
			  "other keys sign director documents than at the last start (trust.director): "
			  "versions count from 0 again");
	return SQLITE_OK;
}
