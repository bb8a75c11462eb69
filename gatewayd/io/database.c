#include "gatewayd/io/database_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "gatewayd/io/catalog.h"
#include "gatewayd/io/log.h"

#define RETRY_NS 1000000000ull

/*
 * Migrations only add: an older gatewayd (the other half of an A/B pair) still recovers its ECUs from a newer file. A
 * new column has a default or may be NULL, since that one adds rows without it; it keeps what is in the rows it
 * changes.
 */
static const char *const migrations[] = {
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE director(version INTEGER PRIMARY KEY, sha256 BLOB NOT NULL, bytes BLOB NOT NULL);"
    "CREATE TABLE ecu(name TEXT PRIMARY KEY, bus TEXT NOT NULL, hardware_id TEXT NOT NULL, serial_number TEXT NOT NULL,"
    " boot_version TEXT NOT NULL, application_version TEXT NOT NULL, data_version TEXT NOT NULL,"
    " known INTEGER NOT NULL, erased INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE TABLE campaign(id TEXT PRIMARY KEY, director_version INTEGER NOT NULL, state INTEGER NOT NULL,"
    " code INTEGER NOT NULL, text TEXT NOT NULL, answer INTEGER NOT NULL, proposed_start INTEGER NOT NULL,"
    " confirmed INTEGER NOT NULL, confirmed_start INTEGER NOT NULL, consent_given INTEGER NOT NULL,"
    " accepted INTEGER NOT NULL, has_manifest INTEGER NOT NULL, cancel_wanted INTEGER NOT NULL,"
    " answer_code INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE target(campaign_id TEXT NOT NULL, position INTEGER NOT NULL, ecu TEXT NOT NULL,"
    " state INTEGER NOT NULL, step INTEGER NOT NULL, step_index INTEGER NOT NULL, unit INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, erased INTEGER NOT NULL, code INTEGER NOT NULL, nrc INTEGER NOT NULL,"
    " text TEXT NOT NULL, old_version TEXT NOT NULL, new_version TEXT NOT NULL, payload_bytes INTEGER NOT NULL,"
    " duration_ms INTEGER NOT NULL, transfer_ms INTEGER NOT NULL, PRIMARY KEY(campaign_id, position)) WITHOUT ROWID;"
    "CREATE TABLE report(sequence INTEGER PRIMARY KEY, campaign_id TEXT NOT NULL, ecu TEXT NOT NULL,"
    " campaign_state INTEGER NOT NULL, target_state INTEGER NOT NULL, code INTEGER NOT NULL, text TEXT NOT NULL,"
    " unix_ms INTEGER NOT NULL, has_result INTEGER NOT NULL, old_version TEXT NOT NULL, new_version TEXT NOT NULL,"
    " step TEXT NOT NULL, nrc INTEGER NOT NULL, payload_bytes INTEGER NOT NULL, duration_ms INTEGER NOT NULL,"
    " transfer_ms INTEGER NOT NULL, evidence INTEGER NOT NULL);",
    "ALTER TABLE ecu ADD COLUMN floor_hardware_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE ecu ADD COLUMN floor_counter INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE ecu ADD COLUMN floor_manifest_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE ecu ADD COLUMN floor_manifest_version INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE ecu ADD COLUMN floor_manifest_sha256 BLOB;",
    ("CREATE TABLE installed(ecu TEXT NOT NULL, position INTEGER NOT NULL, sha256 BLOB NOT NULL,"
     " length INTEGER NOT NULL, PRIMARY KEY(ecu, position)) WITHOUT ROWID;"),
    "ALTER TABLE ecu ADD COLUMN rate_permille INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE target ADD COLUMN estimate_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE report ADD COLUMN estimate_ms INTEGER NOT NULL DEFAULT 0;",
    "CREATE TABLE mode(position INTEGER PRIMARY KEY, ecu TEXT NOT NULL, urgency INTEGER NOT NULL,"
    " mode INTEGER NOT NULL);"
    "ALTER TABLE campaign ADD COLUMN triggered INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE campaign ADD COLUMN driver_start INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE campaign ADD COLUMN end_code INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE campaign ADD COLUMN end_text TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE campaign ADD COLUMN service_state INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE campaign ADD COLUMN service_from INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE campaign ADD COLUMN service_expected_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE report ADD COLUMN service_state INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE report ADD COLUMN service_from INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE report ADD COLUMN service_expected_s INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE campaign ADD COLUMN started INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE campaign ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE rxswin(regulation TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE history(n INTEGER PRIMARY KEY AUTOINCREMENT, campaign_id TEXT NOT NULL, ended INTEGER NOT NULL,"
    " started INTEGER NOT NULL, title TEXT NOT NULL, manifest_id TEXT NOT NULL, state INTEGER NOT NULL,"
    " code INTEGER NOT NULL, text TEXT NOT NULL, rxswin_before TEXT NOT NULL, rxswin_after TEXT NOT NULL,"
    " UNIQUE(campaign_id, ended));"
    "CREATE TABLE history_ecu(n INTEGER NOT NULL, position INTEGER NOT NULL, ecu TEXT NOT NULL,"
    " state INTEGER NOT NULL, code INTEGER NOT NULL, text TEXT NOT NULL, old_version TEXT NOT NULL,"
    " new_version TEXT NOT NULL, duration_ms INTEGER NOT NULL, estimate_ms INTEGER NOT NULL,"
    " PRIMARY KEY(n, position)) WITHOUT ROWID;",
    "CREATE TABLE report_rxswin(sequence INTEGER NOT NULL, later INTEGER NOT NULL, position INTEGER NOT NULL,"
    " regulation TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(sequence, later, position)) WITHOUT ROWID;",
    "ALTER TABLE campaign ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE campaign ADD COLUMN wakes_of INTEGER NOT NULL DEFAULT 0;",
};
#define N_MIGRATIONS (sizeof(migrations) / sizeof(migrations[0]))

/* --- opening */

static int user_version(sqlite3 *db, unsigned *version)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	r = sqlite3_step(stmt);
	if (r == SQLITE_ROW)
		*version = (unsigned)sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return r == SQLITE_ROW ? SQLITE_OK : r;
}

/* what went wrong, before another call has the last word on it; SQLite's own words for some of it say too little */
static void keep_words(struct database *self, int r)
{
	const char *words = sqlite3_errcode(self->db) == r ? sqlite3_errmsg(self->db) : sqlite3_errstr(r);
	int error = r == SQLITE_IOERR ? sqlite3_system_errno(self->db) : 0;

	snprintf(self->failure, sizeof(self->failure), "%.150s%s%.80s", words, error ? ": " : "",
		 error ? strerror(error) : "");
}

static void roll_back(struct database *self, int r)
{
	keep_words(self, r);
	if (!sqlite3_get_autocommit(self->db))
		sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
}

static int migrate(struct database *self)
{
	sqlite3 *db = self->db;
	char pragma[48];
	unsigned version = 0;
	int r = user_version(db, &version);

	for (; r == SQLITE_OK && version < N_MIGRATIONS; version++) {
		snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%u", version + 1);
		if ((r = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL)) == SQLITE_OK &&
		    (r = sqlite3_exec(db, migrations[version], NULL, NULL, NULL)) == SQLITE_OK &&
		    (r = sqlite3_exec(db, pragma, NULL, NULL, NULL)) == SQLITE_OK)
			r = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
		if (r != SQLITE_OK)
			roll_back(self, r);
	}
	return r;
}

static int check(sqlite3 *db)
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	r = sqlite3_step(stmt);
	if (r == SQLITE_ROW)
		r = strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
	sqlite3_finalize(stmt);
	return r;
}

static int read_queue_id(sqlite3 *db, uint8_t queue_id[16])
{
	sqlite3_stmt *stmt;
	int r = sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key='queue_id'", -1, &stmt, NULL);

	if (r != SQLITE_OK)
		return r;
	r = sqlite3_step(stmt);
	if (r == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == 16) {
		memcpy(queue_id, sqlite3_column_blob(stmt, 0), 16);
		sqlite3_finalize(stmt);
		return SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	if (r != SQLITE_DONE && r != SQLITE_ROW)
		return r;
	if (getrandom(queue_id, 16, 0) != 16)
		return SQLITE_IOERR;
	return database_exec(
	    db, "INSERT INTO meta(key, value) VALUES('queue_id', ?1) ON CONFLICT(key) DO UPDATE SET value=?1", "b",
	    queue_id, (size_t)16);
}

static int open_file(const char *path, struct database *self)
{
	int r =
	    sqlite3_open_v2(path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	if (r != SQLITE_OK)
		return r;
	if (sqlite3_db_readonly(self->db, "main") == 1)
		return SQLITE_READONLY;
	sqlite3_busy_timeout(self->db, 2000);
	if ((r = sqlite3_exec(self->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL)) == SQLITE_OK &&
	    (r = sqlite3_exec(self->db, "PRAGMA synchronous=FULL", NULL, NULL, NULL)) == SQLITE_OK &&
	    (r = check(self->db)) == SQLITE_OK && (r = migrate(self)) == SQLITE_OK)
		r = read_queue_id(self->db, self->queue_id);
	return r;
}

/* a damaged file is evidence: it is kept, and we start with an empty one */
static void move_aside(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char from[700], to[760];
	long now = (long)time(NULL);

	/* the one that was kept before stays, too */
	do
		snprintf(to, sizeof(to), "%s.corrupt-%ld", path, now++);
	while (access(to, F_OK) == 0);
	now--;
	for (size_t i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s%s", path, suffixes[i]);
		snprintf(to, sizeof(to), "%s.corrupt-%ld%s", path, now, suffixes[i]);
		rename(from, to);
	}
	log_write(LOG_ERR, &(struct log_fields){.message_id = CATALOG_DATABASE_DAMAGED},
		  "%s is damaged: kept as %s.corrupt-%ld, starting with an empty one", path, path, now);
}

/* --- the writer thread */

static int commit(struct database *self, const struct transaction *txn)
{
	int r = sqlite3_exec(self->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (r == SQLITE_OK && (r = database_write(self->db, txn)) == SQLITE_OK)
		r = sqlite3_exec(self->db, "COMMIT", NULL, NULL, NULL);
	if (r != SQLITE_OK)
		roll_back(self, r);
	return r;
}

/* with the mutex held; Return: false when the thread ends without the transaction */
static bool after_commit(struct database *self, int r)
{
	if (r == SQLITE_OK) {
		self->trouble = false;
		return true;
	}
	self->trouble = true;
	memcpy(self->trouble_text, self->failure, sizeof(self->trouble_text));
	uv_async_send(&self->async);
	if (self->closing)
		return false;
	uv_cond_timedwait(&self->cond, &self->mutex, RETRY_NS);
	return true;
}

static void on_thread(void *arg)
{
	struct database *self = arg;
	bool going = true;

	uv_mutex_lock(&self->mutex);
	while (going) {
		struct transaction *txn = self->first;
		int r;

		if (!txn) {
			if (self->closing)
				break;
			uv_cond_wait(&self->cond, &self->mutex);
			continue;
		}
		self->began_ns = uv_hrtime();
		uv_mutex_unlock(&self->mutex);
		r = commit(self, txn);
		uv_mutex_lock(&self->mutex);
		self->began_ns = 0;
		going = after_commit(self, r);
		if (r != SQLITE_OK)
			continue;
		self->first = txn->next;
		if (!self->first)
			self->last = NULL;
		self->stored = txn->number;
		transaction_free(txn);
		uv_async_send(&self->async);
	}
	uv_mutex_unlock(&self->mutex);
}

static void on_async(uv_async_t *async)
{
	struct database *self = async->data;
	char text[sizeof(self->trouble_text)];
	bool trouble, tell;
	uint64_t stored;

	uv_mutex_lock(&self->mutex);
	stored = self->stored;
	trouble = self->trouble;
	tell = trouble != self->trouble_told;
	self->trouble_told = trouble;
	memcpy(text, self->trouble_text, sizeof(text));
	uv_mutex_unlock(&self->mutex);
	if (tell)
		self->callbacks.on_trouble(self->callbacks.owner, trouble, text);
	if (stored)
		self->callbacks.on_stored(self->callbacks.owner, stored);
}

int database_open(uv_loop_t *loop, const char *state_dir, const struct database_callbacks *callbacks,
		  struct database **database, char *text, size_t n_text)
{
	struct database *self = calloc(1, sizeof(*self));
	char path[640];
	int r;

	if (!self)
		return -ENOMEM;
	/* SQLite would open for reading what it cannot write, or say no more than that it could not open it */
	if (access(state_dir, R_OK | W_OK | X_OK) < 0) {
		r = -errno;
		snprintf(text, n_text, "cannot write to %s: %s", state_dir, strerror(errno));
		free(self);
		return r;
	}
	snprintf(path, sizeof(path), "%s/state.db", state_dir);
	r = open_file(path, self);
	if (r == SQLITE_CORRUPT || r == SQLITE_NOTADB) {
		sqlite3_close(self->db);
		move_aside(path);
		self->failure[0] = '\0';
		r = open_file(path, self);
	}
	if (r != SQLITE_OK) {
		if (!self->failure[0])
			keep_words(self, r);
		snprintf(text, n_text, "cannot open %s: %s", path, self->failure);
		sqlite3_close(self->db);
		free(self);
		return -EIO;
	}
	self->loop = loop;
	self->callbacks = *callbacks;
	uv_mutex_init(&self->mutex);
	uv_cond_init(&self->cond);
	uv_async_init(loop, &self->async, on_async);
	uv_unref((uv_handle_t *)&self->async); /* closed last of all: the loop ends when the others are closed */
	self->async.data = self;
	*database = self;
	return 0;
}

const uint8_t *database_queue_id(const struct database *self)
{
	return self->queue_id;
}

/* --- from the loop */

static bool copy_campaigns(struct transaction *txn, const struct gateway *gateway)
{
	for (size_t i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++) {
		const struct campaign *c = &gateway->campaigns[i];

		if (c->state == CAMPAIGN_NONE)
			continue;
		memcpy(txn->live[txn->n_live++], c->doc.id, GATEWAY_NAME_BYTES);
		if (!(txn->dirty.campaigns & 1u << i))
			continue;
		txn->campaigns[i] = malloc(sizeof(*c));
		if (!txn->campaigns[i])
			return false;
		*txn->campaigns[i] = *c;
	}
	return true;
}

static void keep_lost(struct transaction *txn, struct database *self, const struct gateway *gateway)
{
	if (gateway->director_version > self->lost_version)
		self->n_lost = 0;
	for (size_t i = 0; i < self->n_lost; i++)
		memcpy(txn->live[txn->n_live++], self->lost[i], GATEWAY_NAME_BYTES);
}

static bool copy_reports(struct transaction *txn, const struct gateway *gateway)
{
	const struct report *report;

	if (!txn->dirty.report_first)
		return true;
	/* a full queue has let one go that is not acknowledged: its row must go as well, or the table grows for ever */
	for (size_t i = 0; gateway->reports.n == REPORT_QUEUE_MAX && i < REPORT_QUEUE_MAX; i++)
		txn->held[txn->n_held++] = gateway->reports.items[i].sequence;
	txn->reports = calloc((size_t)(txn->dirty.report_last - txn->dirty.report_first + 1), sizeof(*txn->reports));
	if (!txn->reports)
		return false;
	for (uint64_t s = txn->dirty.report_first; s <= txn->dirty.report_last; s++)
		if ((report = gateway_report(gateway, s)) != NULL)
			txn->reports[txn->n_reports++] = *report;
	memcpy(txn->report_rxswin, gateway->reports.rxswin, sizeof(txn->report_rxswin));
	return true;
}

static struct transaction *transaction_new(const struct gateway *gateway, const struct gateway_output *output,
					   const uint8_t *director, size_t n_director)
{
	struct transaction *txn = calloc(1, sizeof(*txn));

	if (!txn)
		return NULL;
	txn->number = output->txn;
	txn->dirty = output->dirty;
	txn->director_version = gateway->director_version;
	memcpy(txn->director_sha256, gateway->director_sha256, sizeof(txn->director_sha256));
	txn->time_floor_unix_s = gateway->time_floor_unix_s;
	if (txn->dirty.parking)
		parking_encode(&gateway->parking, txn->parking);
	txn->power = power_used(&gateway->power);
	txn->next_sequence = gateway->reports.next_sequence;
	memcpy(txn->ecus, gateway->ecus, sizeof(txn->ecus));
	if (txn->dirty.modes)
		txn->modes = gateway->modes;
	memcpy(txn->rxswin, gateway->rxswin, sizeof(txn->rxswin));
	txn->n_rxswin = gateway->n_rxswin;
	if (director && n_director) {
		txn->director = malloc(n_director);
		if (txn->director)
			memcpy(txn->director, director, n_director);
		txn->n_director = n_director;
	}
	if (!copy_campaigns(txn, gateway) || !copy_reports(txn, gateway) || (n_director && !txn->director)) {
		transaction_free(txn);
		return NULL;
	}
	return txn;
}

void database_store(struct database *self, const struct gateway *gateway, const struct gateway_output *output,
		    const uint8_t *director, size_t n_director)
{
	struct transaction *txn = transaction_new(gateway, output, director, n_director);

	if (txn)
		keep_lost(txn, self, gateway);
	if (!txn) {
		/* durability cannot be promised any more: start again from what is durable */
		log_write(LOG_CRIT, NULL, "out of memory for a transaction");
		abort();
	}
	uv_mutex_lock(&self->mutex);
	if (self->last)
		self->last->next = txn;
	else
		self->first = txn;
	self->last = txn;
	uv_cond_signal(&self->cond);
	uv_mutex_unlock(&self->mutex);
}

uint64_t database_writing_ns(struct database *self)
{
	uint64_t began_ns;

	uv_mutex_lock(&self->mutex);
	began_ns = self->began_ns;
	uv_mutex_unlock(&self->mutex);
	return began_ns ? uv_hrtime() - began_ns : 0;
}

int database_start(struct database *self)
{
	int r = uv_thread_create(&self->thread, on_thread, self);

	self->started = r == 0;
	return r;
}

static void on_async_closed(uv_handle_t *handle)
{
	struct database *self = handle->data;

	uv_cond_destroy(&self->cond);
	uv_mutex_destroy(&self->mutex);
	free(self);
}

void database_close(struct database *self)
{
	struct transaction *next;

	if (!self)
		return;
	uv_mutex_lock(&self->mutex);
	self->closing = true;
	uv_cond_signal(&self->cond);
	uv_mutex_unlock(&self->mutex);
	if (self->started)
		uv_thread_join(&self->thread);
	sqlite3_close(self->db);
	for (struct transaction *txn = self->first; txn; txn = next) {
		next = txn->next;
		transaction_free(txn);
	}
	uv_close((uv_handle_t *)&self->async, on_async_closed);
}
