#include "gatewayd/io/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatewayd/io/database_priv.h"

/* --- out */

static void put_rxswin(const struct rxswin_doc *list, size_t n, char out[HISTORY_RXSWIN_TEXT])
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && at < HISTORY_RXSWIN_TEXT; i++)
		at += (size_t)snprintf(out + at, HISTORY_RXSWIN_TEXT - at, "%s%s %s", i ? "; " : "", list[i].regulation,
				       list[i].value);
}

/* what held before, with those that the release has set */
static void put_rxswin_after(const struct campaign *c, char out[HISTORY_RXSWIN_TEXT])
{
	struct rxswin_doc after[2 * GATEWAY_MAX_RXSWIN];
	size_t n = c->n_rxswin_before;

	memcpy(after, c->rxswin_before, n * sizeof(after[0]));
	for (size_t i = 0; c->has_manifest && c->state == CAMPAIGN_DONE && i < c->manifest.n_rxswin; i++) {
		size_t k = 0;

		while (k < n && strcmp(after[k].regulation, c->manifest.rxswin[i].regulation) != 0)
			k++;
		after[k] = c->manifest.rxswin[i];
		n += k == n;
	}
	put_rxswin(after, n, out);
}

/* for people who read the log of a workshop: English if there is it, else what comes first */
static const char *title_of(const struct campaign *c)
{
	if (!c->has_manifest || !c->manifest.n_texts)
		return "";
	for (size_t i = 0; i < c->manifest.n_texts; i++)
		if (strncmp(c->manifest.texts[i].language, "en", 2) == 0)
			return c->manifest.texts[i].title;
	return c->manifest.texts[0].title;
}

static int write_ecus(sqlite3 *db, const struct campaign *c, uint64_t n)
{
	int r = SQLITE_OK;

	for (size_t i = 0; r == SQLITE_OK && i < c->n_targets; i++) {
		const struct target *t = &c->targets[i];

		r = database_exec(db,
				  "INSERT INTO history_ecu(n, position, ecu, state, code, text, old_version,"
				  " new_version, duration_ms, estimate_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				  "iitiitttii", n, (uint64_t)i, t->doc.ecu, (uint64_t)t->state, (uint64_t)t->code,
				  t->text, t->old_version, t->new_version, t->duration_ms, t->estimate_ms);
	}
	return r;
}

int history_write(sqlite3 *db, const struct campaign *c)
{
	char before[HISTORY_RXSWIN_TEXT], after[HISTORY_RXSWIN_TEXT];
	int r;

	put_rxswin(c->rxswin_before, c->n_rxswin_before, before);
	put_rxswin_after(c, after);
	/* the row of a campaign that is over is written again with each document that lists it: the first one counts */
	r = database_exec(db,
			  "INSERT INTO history(campaign_id, ended, started, title, manifest_id, state, code, text,"
			  " rxswin_before, rxswin_after) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
			  " ON CONFLICT(campaign_id, ended) DO NOTHING",
			  "tiittiittt", c->doc.id, c->ended_unix_s, c->started_unix_s, title_of(c),
			  c->has_manifest ? c->manifest.id : "", (uint64_t)c->state, (uint64_t)c->code, c->text, before,
			  after);
	if (r != SQLITE_OK || sqlite3_changes(db) == 0)
		return r;
	r = write_ecus(db, c, (uint64_t)sqlite3_last_insert_rowid(db));
	if (r == SQLITE_OK)
		r = database_exec(db,
				  "DELETE FROM history WHERE n NOT IN (SELECT n FROM history ORDER BY n DESC LIMIT ?)",
				  "i", (uint64_t)HISTORY_MAX);
	if (r == SQLITE_OK)
		r = database_exec(db, "DELETE FROM history_ecu WHERE n NOT IN (SELECT n FROM history)", "");
	return r;
}

/* --- in */

static void text(sqlite3_stmt *stmt, int column, char *out, size_t n)
{
	const unsigned char *value = sqlite3_column_text(stmt, column);

	snprintf(out, n, "%s", value ? (const char *)value : "");
}

static int read_ecus(sqlite3 *db, sqlite3_int64 n, struct history_entry *entry)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db,
				   "SELECT ecu, state, code, text, old_version, new_version, duration_ms, estimate_ms"
				   " FROM history_ecu WHERE n=? ORDER BY position",
				   -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	sqlite3_bind_int64(stmt, 1, n);
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW && entry->n_ecus < GATEWAY_MAX_TARGETS) {
		struct history_ecu *ecu = &entry->ecus[entry->n_ecus++];

		text(stmt, 0, ecu->ecu, sizeof(ecu->ecu));
		ecu->state = (unsigned)sqlite3_column_int(stmt, 1);
		ecu->code = (unsigned)sqlite3_column_int(stmt, 2);
		text(stmt, 3, ecu->text, sizeof(ecu->text));
		text(stmt, 4, ecu->old_version, sizeof(ecu->old_version));
		text(stmt, 5, ecu->new_version, sizeof(ecu->new_version));
		ecu->duration_ms = (uint64_t)sqlite3_column_int64(stmt, 6);
		ecu->estimate_ms = (uint64_t)sqlite3_column_int64(stmt, 7);
	}
	sqlite3_finalize(stmt);
	return r == SQLITE_DONE || r == SQLITE_ROW ? SQLITE_OK : r;
}

static int read_entries(sqlite3 *db, struct history_entry *entries, size_t *n)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db,
				   "SELECT n, campaign_id, manifest_id, title, state, code, text, started, ended,"
				   " rxswin_before, rxswin_after FROM history ORDER BY n DESC",
				   -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	*n = 0;
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW && *n < HISTORY_MAX) {
		struct history_entry *entry = &entries[(*n)++];

		text(stmt, 1, entry->campaign, sizeof(entry->campaign));
		text(stmt, 2, entry->manifest, sizeof(entry->manifest));
		text(stmt, 3, entry->title, sizeof(entry->title));
		entry->state = (unsigned)sqlite3_column_int(stmt, 4);
		entry->code = (unsigned)sqlite3_column_int(stmt, 5);
		text(stmt, 6, entry->text, sizeof(entry->text));
		entry->started_unix_s = (uint64_t)sqlite3_column_int64(stmt, 7);
		entry->ended_unix_s = (uint64_t)sqlite3_column_int64(stmt, 8);
		text(stmt, 9, entry->rxswin_before, sizeof(entry->rxswin_before));
		text(stmt, 10, entry->rxswin_after, sizeof(entry->rxswin_after));
		if ((r = read_ecus(db, sqlite3_column_int64(stmt, 0), entry)) != SQLITE_OK)
			break;
	}
	sqlite3_finalize(stmt);
	return r == SQLITE_DONE || r == SQLITE_ROW || r == SQLITE_OK ? SQLITE_OK : r;
}

int history_read(const char *state_dir, struct history_entry **entries, size_t *n)
{
	char path[700];
	sqlite3 *db = NULL;
	int r;

	*n = 0;
	*entries = calloc(HISTORY_MAX, sizeof(**entries));
	if (!*entries)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/state.db", state_dir);
	r = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (r == SQLITE_OK)
		sqlite3_busy_timeout(db, 1000);
	if (r == SQLITE_OK)
		r = read_entries(db, *entries, n);
	sqlite3_close(db);
	if (r == SQLITE_OK)
		return 0;
	free(*entries);
	*entries = NULL;
	*n = 0;
	return -EIO;
}
