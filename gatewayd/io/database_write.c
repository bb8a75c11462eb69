#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatewayd/io/database_priv.h"
#include "gatewayd/io/history.h"

#define SQL_BYTES 2048u

static int bind_all(sqlite3_stmt *stmt, const char *kinds, va_list args)
{
	int r = SQLITE_OK;

	for (int i = 1; *kinds && r == SQLITE_OK; i++, kinds++) {
		if (*kinds == 't') {
			r = sqlite3_bind_text(stmt, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
		} else if (*kinds == 'i') {
			r = sqlite3_bind_int64(stmt, i, (sqlite3_int64)va_arg(args, uint64_t));
		} else {
			const void *bytes = va_arg(args, const void *);
			size_t n = va_arg(args, size_t);

			r = sqlite3_bind_blob64(stmt, i, bytes, n, SQLITE_TRANSIENT);
		}
	}
	return r;
}

static int exec_list(sqlite3 *db, const char *sql, const char *kinds, va_list args)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	r = bind_all(stmt, kinds, args);
	if (r == SQLITE_OK)
		r = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return r == SQLITE_DONE || r == SQLITE_ROW ? SQLITE_OK : r;
}

int database_exec(sqlite3 *db, const char *sql, const char *kinds, ...)
{
	va_list args;
	int r;

	va_start(args, kinds);
	r = exec_list(db, sql, kinds, args);
	va_end(args);
	return r;
}

static size_t append(char *sql, size_t n, const char *text, size_t n_text)
{
	assert(n + n_text < SQL_BYTES);
	memcpy(sql + n, text, n_text);
	sql[n + n_text] = '\0';
	return n + n_text;
}

/* the name at the begin of a list "a, b, c"; Return: where the next one begins */
static const char *next_name(const char *names, size_t *n)
{
	*n = strcspn(names, ",");
	return names[*n] ? names + *n + 2 : names + *n;
}

/*
 * Writes one row, new or known. Only the columns named are set: those that a newer program added keep their values, and
 * get their defaults in a new row. INSERT OR REPLACE would make the row anew and lose them.
 * @columns: "a, b, c", one kind each; the first @n_keys of them are the primary key
 */
static int upsert(sqlite3 *db, const char *table, const char *columns, unsigned n_keys, const char *kinds, ...)
{
	char sql[SQL_BYTES];
	size_t n = (size_t)snprintf(sql, sizeof(sql), "INSERT INTO %s(%s) VALUES(?", table, columns), n_name;
	const char *name = columns, *next;
	va_list args;
	int r;

	for (size_t i = 1; i < strlen(kinds); i++)
		n = append(sql, n, ", ?", 3);
	n = append(sql, n, ") ON CONFLICT(", 14);
	for (unsigned i = 0; i < n_keys; i++, name = next) {
		next = next_name(name, &n_name);
		n = append(sql, n, ", ", i ? 2 : 0);
		n = append(sql, n, name, n_name);
	}
	n = append(sql, n, ") DO UPDATE SET ", 16);
	for (const char *first = name; *name; name = next) {
		next = next_name(name, &n_name);
		n = append(sql, n, ", ", name == first ? 0 : 2);
		n = append(sql, n, name, n_name);
		n = append(sql, n, "=excluded.", 10);
		n = append(sql, n, name, n_name);
	}
	va_start(args, kinds);
	r = exec_list(db, sql, kinds, args);
	va_end(args);
	return r;
}

static int put_meta(sqlite3 *db, const char *key, uint64_t value)
{
	return upsert(db, "meta", "key, value", 1, "ti", key, value);
}

static int write_director(sqlite3 *db, const struct transaction *txn)
{
	int r = put_meta(db, "director_version", txn->director_version);

	if (r == SQLITE_OK && txn->director)
		r = upsert(db, "director", "version, sha256, bytes", 1, "ibb", txn->director_version,
			   txn->director_sha256, sizeof(txn->director_sha256), txn->director, txn->n_director);
	return r;
}

static int write_installed(sqlite3 *db, const struct ecu_info *ecu)
{
	const struct installed *installed = &ecu->installed;
	int r = database_exec(db, "DELETE FROM installed WHERE ecu=? AND position>=?", "ti", ecu->name,
			      (uint64_t)installed->n);

	for (size_t i = 0; r == SQLITE_OK && i < installed->n; i++)
		r = upsert(db, "installed", "ecu, position, sha256, length", 2, "tibi", ecu->name, (uint64_t)i,
			   installed->files[i].sha256, sizeof(installed->files[i].sha256), installed->files[i].length);
	return r;
}

static int write_ecu(sqlite3 *db, const struct ecu_info *ecu)
{
	const struct flash_identity *id = &ecu->identity;
	const struct release_floor *floor = &ecu->floor;
	int r = write_installed(db, ecu);

	if (r != SQLITE_OK)
		return r;
	return upsert(db, "ecu",
		      "name, bus, hardware_id, serial_number, boot_version,"
		      " application_version, data_version, known, erased, floor_hardware_id, floor_counter,"
		      " floor_manifest_id, floor_manifest_version, floor_manifest_sha256, rate_permille",
		      1, "tttttttiititibi", ecu->name, ecu->bus, id->hardware_id, id->serial_number, id->boot_version,
		      id->application_version, id->data_version, (uint64_t)ecu->known, (uint64_t)ecu->erased,
		      floor->hardware_id, floor->counter, floor->manifest_id, floor->manifest_version,
		      floor->manifest_sha256, sizeof(floor->manifest_sha256), (uint64_t)ecu->rate_permille);
}

/* the whole table: what the backend fixed before is void */
static int write_modes(sqlite3 *db, const struct mode_table *modes)
{
	int r = database_exec(db, "DELETE FROM mode", "");

	for (size_t i = 0; r == SQLITE_OK && i < modes->n; i++)
		r = upsert(db, "mode", "position, ecu, urgency, mode", 1, "itii", (uint64_t)i, modes->entries[i].ecu,
			   (uint64_t)modes->entries[i].urgency, (uint64_t)modes->entries[i].mode);
	return r;
}

static int write_target(sqlite3 *db, const struct campaign *c, size_t i)
{
	const struct target *t = &c->targets[i];

	return upsert(db, "target",
		      "campaign_id, position, ecu, state, step, step_index, unit,"
		      " attempts, erased, code, nrc, text, old_version, new_version, payload_bytes, duration_ms,"
		      " transfer_ms, estimate_ms",
		      2, "titiiiiiiiitttiiii", c->doc.id, (uint64_t)i, t->doc.ecu, (uint64_t)t->state,
		      (uint64_t)t->step, (uint64_t)t->step_index, (uint64_t)t->unit, (uint64_t)t->attempts,
		      (uint64_t)t->erased, (uint64_t)t->code, (uint64_t)t->nrc, t->text, t->old_version, t->new_version,
		      t->payload_bytes, t->duration_ms, t->transfer_ms, t->estimate_ms);
}

/* the document that the campaign stands on: one of keys before the present ones stays where it was put */
static int document_of(sqlite3 *db, const struct campaign *c, uint64_t *version)
{
	sqlite3_stmt *stmt;
	int r;

	*version = c->director_version;
	if (c->director_version)
		return SQLITE_OK;
	r = sqlite3_prepare_v2(db, "SELECT director_version FROM campaign WHERE id=?", -1, &stmt, NULL);
	if (r != SQLITE_OK)
		return r;
	sqlite3_bind_text(stmt, 1, c->doc.id, -1, SQLITE_STATIC);
	if ((r = sqlite3_step(stmt)) == SQLITE_ROW)
		*version = database_column_u64(stmt, 0);
	sqlite3_finalize(stmt);
	return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

static int write_campaign(sqlite3 *db, const struct campaign *c)
{
	uint64_t document;
	int r = document_of(db, c, &document);

	if (r != SQLITE_OK)
		return r;
	r = upsert(db, "campaign",
		   "id, director_version, state, code, text, answer,"
		   " proposed_start, confirmed, confirmed_start, consent_given, accepted, has_manifest,"
		   " cancel_wanted, answer_code, triggered, driver_start, end_code, end_text, service_state,"
		   " service_from, service_expected_s, started, ended, wakes, wakes_of",
		   1, "tiiitiiiiiiiiiiiitiiiiiii", c->doc.id, document, (uint64_t)c->state, (uint64_t)c->code, c->text,
		   (uint64_t)c->answer, c->proposed_start_unix_s, (uint64_t)c->confirmed, c->confirmed_start_unix_s,
		   (uint64_t)c->consent_given, c->accepted_unix_s, (uint64_t)c->has_manifest,
		   (uint64_t)c->cancel_wanted, (uint64_t)c->answer_code, (uint64_t)c->triggered, c->driver_start_unix_s,
		   (uint64_t)c->end_code, c->end_text, (uint64_t)c->service.state, c->service.from_unix_s,
		   (uint64_t)c->service.expected_s, c->started_unix_s, c->ended_unix_s, (uint64_t)c->n_wakes,
		   c->wakes_of_unix_s);

	for (size_t i = 0; r == SQLITE_OK && i < c->n_targets; i++)
		r = write_target(db, c, i);
	if (r == SQLITE_OK && campaign_state_info(c->state)->final)
		r = history_write(db, c);
	return r;
}

static bool is_live(const struct transaction *txn, const char *id)
{
	for (size_t i = 0; i < txn->n_live; i++)
		if (strcmp(txn->live[i], id) == 0)
			return true;
	return false;
}

/* rows of campaigns that the core has let go, and director documents that nothing refers to any more */
static int drop_stale(sqlite3 *db, const struct transaction *txn)
{
	char stale[4 * GATEWAY_MAX_CAMPAIGNS][GATEWAY_NAME_BYTES];
	size_t n_stale = 0;
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db, "SELECT id FROM campaign", -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW && n_stale < sizeof(stale) / sizeof(stale[0])) {
		const char *id = (const char *)sqlite3_column_text(stmt, 0);

		if (id && strlen(id) < GATEWAY_NAME_BYTES && !is_live(txn, id))
			snprintf(stale[n_stale++], GATEWAY_NAME_BYTES, "%s", id);
	}
	sqlite3_finalize(stmt);
	r = r == SQLITE_DONE || r == SQLITE_ROW ? SQLITE_OK : r;
	for (size_t i = 0; r == SQLITE_OK && i < n_stale; i++) {
		r = database_exec(db, "DELETE FROM campaign WHERE id=?", "t", stale[i]);
		if (r == SQLITE_OK)
			r = database_exec(db, "DELETE FROM target WHERE campaign_id=?", "t", stale[i]);
	}
	if (r == SQLITE_OK)
		r = database_exec(db,
				  "DELETE FROM director WHERE version<>? AND version NOT IN"
				  " (SELECT director_version FROM campaign)",
				  "i", txn->director_version);
	return r;
}

static int write_report(sqlite3 *db, const struct report *r)
{
	return upsert(db, "report",
		      "sequence, campaign_id, ecu, campaign_state, target_state, code,"
		      " text, unix_ms, has_result, old_version, new_version, step, nrc, payload_bytes,"
		      " duration_ms, transfer_ms, evidence, estimate_ms, service_state, service_from,"
		      " service_expected_s",
		      1, "ittiiitiitttiiiiiiiii", r->sequence, r->campaign_id, r->ecu, (uint64_t)r->campaign_state,
		      (uint64_t)r->target_state, (uint64_t)r->code, r->text, r->unix_ms, (uint64_t)r->has_result,
		      r->old_version, r->new_version, r->step, (uint64_t)r->nrc, r->payload_bytes, r->duration_ms,
		      r->transfer_ms, (uint64_t)r->evidence, r->estimate_ms, (uint64_t)r->service.state,
		      r->service.from_unix_s, (uint64_t)r->service.expected_s);
}

static int write_numbers(sqlite3 *db, uint64_t sequence, bool after, const struct rxswin_doc *rxswin, size_t n)
{
	int r = SQLITE_OK;

	for (size_t i = 0; r == SQLITE_OK && i < n; i++)
		r = upsert(db, "report_rxswin", "sequence, later, position, regulation, value", 3, "iiitt", sequence,
			   (uint64_t)after, (uint64_t)i, rxswin[i].regulation, rxswin[i].value);
	return r;
}

/* what the new ones of the reports say of the vehicle's software identification numbers */
static int write_report_rxswin(sqlite3 *db, const struct transaction *txn)
{
	int r = SQLITE_OK;

	for (size_t i = 0; r == SQLITE_OK && i < REPORT_RXSWIN_MAX; i++) {
		const struct report_rxswin *told = &txn->report_rxswin[i];

		if (!told->sequence || told->sequence < txn->dirty.report_first)
			continue;
		r = write_numbers(db, told->sequence, false, told->before, told->n_before);
		if (r == SQLITE_OK)
			r = write_numbers(db, told->sequence, true, told->after, told->n_after);
	}
	return r;
}

static bool is_held(const struct transaction *txn, uint64_t sequence)
{
	for (size_t i = 0; i < txn->n_held; i++)
		if (txn->held[i] == sequence)
			return true;
	return false;
}

/* what gave way to others in a full queue; at most a few rows beside those held */
static int drop_given_way(sqlite3 *db, const struct transaction *txn)
{
	uint64_t gone[64];
	size_t n = 0;
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db, "SELECT sequence FROM report ORDER BY sequence", -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW && n < sizeof(gone) / sizeof(gone[0])) {
		uint64_t sequence = (uint64_t)sqlite3_column_int64(stmt, 0);

		if (!is_held(txn, sequence))
			gone[n++] = sequence;
	}
	sqlite3_finalize(stmt);
	r = r == SQLITE_DONE || r == SQLITE_ROW ? SQLITE_OK : r;
	for (size_t i = 0; r == SQLITE_OK && i < n; i++)
		r = database_exec(db, "DELETE FROM report WHERE sequence=?", "i", gone[i]);
	return r;
}

static int write_reports(sqlite3 *db, const struct transaction *txn)
{
	int r = SQLITE_OK;

	for (size_t i = 0; r == SQLITE_OK && i < txn->n_reports; i++)
		r = write_report(db, &txn->reports[i]);
	if (r == SQLITE_OK && txn->dirty.report_first)
		r = write_report_rxswin(db, txn);
	if (r == SQLITE_OK && txn->dirty.report_first)
		r = put_meta(db, "next_sequence", txn->next_sequence);
	if (r == SQLITE_OK && txn->n_held)
		r = drop_given_way(db, txn);
	if (r == SQLITE_OK && txn->dirty.report_acked)
		r = database_exec(db, "DELETE FROM report WHERE sequence<=?", "i", txn->dirty.report_acked);
	if (r == SQLITE_OK && txn->dirty.report_acked)
		r = database_exec(db, "DELETE FROM report_rxswin WHERE sequence<=?", "i", txn->dirty.report_acked);
	return r;
}

int database_write(sqlite3 *db, const struct transaction *txn)
{
	int r = SQLITE_OK;

	if (txn->dirty.director)
		r = write_director(db, txn);
	if (r == SQLITE_OK && txn->dirty.time)
		r = put_meta(db, "time_floor", txn->time_floor_unix_s);
	if (r == SQLITE_OK && txn->dirty.parking)
		r = upsert(db, "meta", "key, value", 1, "tb", "parking", txn->parking, sizeof(txn->parking));
	if (r == SQLITE_OK && txn->dirty.power)
		r = put_meta(db, "awake_used_s", txn->power.awake_s);
	if (r == SQLITE_OK && txn->dirty.power)
		r = put_meta(db, "awake_began_mv", txn->power.began_mv);
	if (r == SQLITE_OK && txn->dirty.modes)
		r = write_modes(db, &txn->modes);
	for (size_t i = 0; r == SQLITE_OK && txn->dirty.rxswin && i < txn->n_rxswin; i++)
		r = upsert(db, "rxswin", "regulation, value", 1, "tt", txn->rxswin[i].regulation, txn->rxswin[i].value);
	for (size_t i = 0; r == SQLITE_OK && i < GATEWAY_MAX_ECUS; i++)
		if (txn->dirty.ecus & 1u << i)
			r = write_ecu(db, &txn->ecus[i]);
	for (size_t i = 0; r == SQLITE_OK && i < GATEWAY_MAX_CAMPAIGNS; i++)
		if (txn->campaigns[i])
			r = write_campaign(db, txn->campaigns[i]);
	if (r == SQLITE_OK && (txn->dirty.campaigns || txn->dirty.director))
		r = drop_stale(db, txn);
	if (r == SQLITE_OK)
		r = write_reports(db, txn);
	return r;
}

void transaction_free(struct transaction *txn)
{
	for (size_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		free(txn->campaigns[i]);
	free(txn->director);
	free(txn->reports);
	free(txn);
}
