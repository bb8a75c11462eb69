#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "gatewayd/io/database_priv.h"
#include "gatewayd/io/log.h"

#define MANIFEST_MAX_BYTES (1024u * 1024u)

struct restore {
	struct database *database;
	sqlite3 *db;
	struct gateway *gateway;
	const struct trust *trust;
	const struct blob_store *store;
	const char *vehicle_id;
	struct director_doc *director; /* scratch */
	struct campaign *campaign;     /* scratch */
};

void database_column_text(sqlite3_stmt *stmt, int column, char *out, size_t n)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	snprintf(out, n, "%s", text ? (const char *)text : "");
}

uint64_t database_column_u64(sqlite3_stmt *stmt, int column)
{
	return (uint64_t)sqlite3_column_int64(stmt, column);
}

static uint8_t column_u8(sqlite3_stmt *stmt, int column)
{
	return (uint8_t)sqlite3_column_int(stmt, column);
}

/* a state that another program wrote and this one does not know is none */
static void restore_service(sqlite3_stmt *stmt, int column, struct service_loss *service)
{
	int state = sqlite3_column_int(stmt, column);

	service->state =
	    state >= SERVICE_NONE && state <= SERVICE_CALLED_OFF ? (enum service_state)state : SERVICE_NONE;
	service->from_unix_s = database_column_u64(stmt, column + 1);
	service->expected_s = (uint32_t)database_column_u64(stmt, column + 2);
}

static uint64_t meta(sqlite3 *db, const char *key)
{
	sqlite3_stmt *stmt;
	uint64_t value = 0;

	if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key=?", -1, &stmt, NULL) != SQLITE_OK)
		return 0;
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = database_column_u64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static int restore_installed(struct restore *r, struct ecu_info *ecu)
{
	struct installed *installed = &ecu->installed;
	sqlite3_stmt *stmt;
	int result = sqlite3_prepare_v2(r->db, "SELECT sha256, length FROM installed WHERE ecu=? ORDER BY position", -1,
					&stmt, NULL);

	if (result != SQLITE_OK)
		return result;
	sqlite3_bind_text(stmt, 1, ecu->name, -1, SQLITE_STATIC);
	while ((result = sqlite3_step(stmt)) == SQLITE_ROW && installed->n < GATEWAY_MAX_INSTALLED &&
	       sqlite3_column_bytes(stmt, 0) == 32) {
		struct file_ref *file = &installed->files[installed->n++];

		memcpy(file->sha256, sqlite3_column_blob(stmt, 0), 32);
		file->length = database_column_u64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE || result == SQLITE_ROW ? SQLITE_OK : result;
}

static int restore_ecus(struct restore *r)
{
	sqlite3_stmt *stmt;
	int result = sqlite3_prepare_v2(r->db,
					"SELECT name, bus, hardware_id, serial_number, boot_version,"
					" application_version, data_version, known, erased, floor_hardware_id,"
					" floor_counter, floor_manifest_id, floor_manifest_version,"
					" floor_manifest_sha256, rate_permille FROM ecu",
					-1, &stmt, NULL);

	if (result != SQLITE_OK)
		return result;
	while ((result = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct ecu_info ecu = {.present = false};

		database_column_text(stmt, 0, ecu.name, sizeof(ecu.name));
		database_column_text(stmt, 1, ecu.bus, sizeof(ecu.bus));
		database_column_text(stmt, 2, ecu.identity.hardware_id, sizeof(ecu.identity.hardware_id));
		database_column_text(stmt, 3, ecu.identity.serial_number, sizeof(ecu.identity.serial_number));
		database_column_text(stmt, 4, ecu.identity.boot_version, sizeof(ecu.identity.boot_version));
		database_column_text(stmt, 5, ecu.identity.application_version,
				     sizeof(ecu.identity.application_version));
		database_column_text(stmt, 6, ecu.identity.data_version, sizeof(ecu.identity.data_version));
		ecu.known = sqlite3_column_int(stmt, 7) != 0;
		ecu.erased = sqlite3_column_int(stmt, 8) != 0;
		database_column_text(stmt, 9, ecu.floor.hardware_id, sizeof(ecu.floor.hardware_id));
		ecu.floor.counter = database_column_u64(stmt, 10);
		database_column_text(stmt, 11, ecu.floor.manifest_id, sizeof(ecu.floor.manifest_id));
		ecu.floor.manifest_version = database_column_u64(stmt, 12);
		if (sqlite3_column_bytes(stmt, 13) == (int)sizeof(ecu.floor.manifest_sha256))
			memcpy(ecu.floor.manifest_sha256, sqlite3_column_blob(stmt, 13),
			       sizeof(ecu.floor.manifest_sha256));
		ecu.rate_permille = (uint32_t)database_column_u64(stmt, 14);
		if ((result = restore_installed(r, &ecu)) != SQLITE_OK)
			break;
		gateway_restore_ecu(r->gateway, &ecu);
	}
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

/* the director document as it was accepted then; Return: gateway_code, with words if it is not there any more */
static unsigned open_director(struct restore *r, uint64_t version, char *text, size_t n_text)
{
	uint8_t sha256[32];
	sqlite3_stmt *stmt;
	unsigned code = GATEWAY_CODE_IO_ERROR;

	snprintf(text, n_text, "director document %llu is not in the database", (unsigned long long)version);
	if (sqlite3_prepare_v2(r->db, "SELECT bytes, sha256 FROM director WHERE version=?", -1, &stmt, NULL) !=
	    SQLITE_OK)
		return code;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)version);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		code =
		    trust_open_director(r->trust, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0),
					r->vehicle_id, TRUST_ACCEPTED_BEFORE, 0, r->director, sha256, text, n_text);
	/* its signatures are not judged again: what changed on the disk since shows here */
	if (code == GATEWAY_CODE_OK && (sqlite3_column_bytes(stmt, 1) != (int)sizeof(sha256) ||
					memcmp(sqlite3_column_blob(stmt, 1), sha256, sizeof(sha256)) != 0)) {
		snprintf(text, n_text, "the stored director document %llu is damaged", (unsigned long long)version);
		code = GATEWAY_CODE_DIGEST_MISMATCH;
	}
	sqlite3_finalize(stmt);
	return code;
}

static bool open_manifest(struct restore *r, struct campaign *c)
{
	char text[GATEWAY_TEXT_BYTES];
	uint8_t *bytes;
	size_t n;
	bool ok;

	if (blob_store_read(r->store, c->doc.manifest.sha256, MANIFEST_MAX_BYTES, &bytes, &n) < 0)
		return false;
	ok = trust_open_manifest(r->trust, bytes, n, TRUST_ACCEPTED_BEFORE, &c->manifest, text, sizeof(text)) == 0;
	free(bytes);
	return ok;
}

/*
 * The version held is the floor below which no document of the same keys is taken. It stands whether or not the
 * document itself can be read again.
 */
static int restore_director(struct restore *r)
{
	uint64_t version = meta(r->db, "director_version");
	char text[GATEWAY_TEXT_BYTES];
	uint8_t sha256[32] = {0};
	sqlite3_stmt *stmt;
	int result = sqlite3_prepare_v2(r->db, "SELECT sha256 FROM director WHERE version=?", -1, &stmt, NULL);

	if (result != SQLITE_OK)
		return result;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)version);
	result = sqlite3_step(stmt);
	if (result == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == (int)sizeof(sha256))
		memcpy(sha256, sqlite3_column_blob(stmt, 0), sizeof(sha256));
	sqlite3_finalize(stmt);
	/* which of the two is damaged, document or digest, nobody knows: the next one of that version is taken */
	if (version && open_director(r, version, text, sizeof(text)) == GATEWAY_CODE_DIGEST_MISMATCH)
		memset(sha256, 0, sizeof(sha256));
	if (version)
		gateway_restore_director(r->gateway, version, sha256);
	return result == SQLITE_DONE || result == SQLITE_ROW ? SQLITE_OK : result;
}

static bool find_campaign_doc(const struct restore *r, const char *id, struct campaign_doc *doc)
{
	for (size_t i = 0; i < r->director->n_campaigns; i++) {
		if (strcmp(r->director->campaigns[i].id, id) == 0) {
			*doc = r->director->campaigns[i];
			return true;
		}
	}
	return false;
}

/* position of the target's ECU in the inventory (the core reports one that is not there) and of its component */
static void resolve_target(const struct restore *r, const struct campaign *c, struct target *t)
{
	for (uint8_t i = 0; i < r->gateway->config.n_ecus; i++)
		if (strcmp(r->gateway->config.ecus[i].name, t->doc.ecu) == 0)
			t->ecu = i;
	for (uint8_t i = 0; c->has_manifest && i < c->manifest.n_components; i++)
		if (strcmp(c->manifest.components[i].name, t->doc.component) == 0)
			t->component = i;
}

static int restore_targets(struct restore *r, struct campaign *c)
{
	sqlite3_stmt *stmt;
	int result =
	    sqlite3_prepare_v2(r->db,
			       "SELECT position, state, step, step_index, unit, attempts, erased, code, nrc, text,"
			       " old_version, new_version, payload_bytes, duration_ms, transfer_ms, estimate_ms"
			       " FROM target WHERE campaign_id=? ORDER BY position",
			       -1, &stmt, NULL);

	if (result != SQLITE_OK)
		return result;
	sqlite3_bind_text(stmt, 1, c->doc.id, -1, SQLITE_STATIC);
	while ((result = sqlite3_step(stmt)) == SQLITE_ROW) {
		size_t i = (size_t)sqlite3_column_int(stmt, 0);
		struct target *t;

		if (i >= c->doc.n_targets)
			continue;
		t = &c->targets[i];
		t->doc = c->doc.targets[i];
		t->state = (enum target_state)sqlite3_column_int(stmt, 1);
		t->step = (enum flash_step_kind)sqlite3_column_int(stmt, 2);
		t->step_index = column_u8(stmt, 3);
		t->unit = column_u8(stmt, 4);
		t->attempts = column_u8(stmt, 5);
		t->erased = sqlite3_column_int(stmt, 6) != 0;
		t->code = (unsigned)sqlite3_column_int(stmt, 7);
		t->nrc = column_u8(stmt, 8);
		database_column_text(stmt, 9, t->text, sizeof(t->text));
		database_column_text(stmt, 10, t->old_version, sizeof(t->old_version));
		database_column_text(stmt, 11, t->new_version, sizeof(t->new_version));
		t->payload_bytes = database_column_u64(stmt, 12);
		t->duration_ms = database_column_u64(stmt, 13);
		t->transfer_ms = database_column_u64(stmt, 14);
		t->estimate_ms = database_column_u64(stmt, 15);
		resolve_target(r, c, t);
		if (i >= c->n_targets)
			c->n_targets = (uint8_t)(i + 1);
	}
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

/*
 * A newer gatewayd, the other half of an A/B pair, may have written states that this one does not know: an erased ECU
 * is brought to its end, and of what is untouched all is checked again.
 */
static void understand_states(struct campaign *c)
{
	bool erased = false;

	for (size_t i = 0; i < c->n_targets; i++) {
		struct target *t = &c->targets[i];

		erased = erased || t->erased;
		if (t->state <= TARGET_NONE || t->state > TARGET_RESTORED)
			t->state = t->erased ? TARGET_FLASHING : TARGET_PENDING;
	}
	if (c->state > CAMPAIGN_NONE && c->state <= CAMPAIGN_FAILED)
		return;
	log_write(LOG_WARNING, &(struct log_fields){.campaign_id = c->doc.id},
		  "its stored state %d is not known here: %s", (int)c->state,
		  erased ? "its erased ECUs are brought to their end" : "it is checked again from its download on");
	c->state = erased ? CAMPAIGN_INSTALLING : CAMPAIGN_DOWNLOADING;
}

/* the row stays as it is: an ECU may be erased for it, and another program may read what we cannot */
static void keep_lost(struct restore *r, const char *id, unsigned code, const char *text)
{
	struct database *d = r->database;

	gateway_restore_lost(r->gateway, id, code, text);
	if (d->n_lost < GATEWAY_MAX_CAMPAIGNS)
		snprintf(d->lost[d->n_lost++], sizeof(d->lost[0]), "%s", id);
	d->lost_version = r->gateway->director_version;
}

static int restore_campaign(struct restore *r, sqlite3_stmt *stmt)
{
	struct campaign *c = r->campaign;
	char id[GATEWAY_NAME_BYTES], text[GATEWAY_TEXT_BYTES] = "";
	bool had_manifest;
	uint64_t document;
	unsigned code;
	int result;

	memset(c, 0, sizeof(*c));
	database_column_text(stmt, 0, id, sizeof(id));
	document = database_column_u64(stmt, 1);
	c->director_version =
	    document <= r->gateway->director_version ? document : 0; /* of keys before the present ones */
	code = open_director(r, document, text, sizeof(text));
	if (code == GATEWAY_CODE_OK && !find_campaign_doc(r, id, &c->doc)) {
		snprintf(text, sizeof(text), "it is not in director document %llu", (unsigned long long)document);
		code = GATEWAY_CODE_NO_SUCH_CAMPAIGN;
	}
	if (code) {
		keep_lost(r, id, code, text);
		return SQLITE_OK;
	}
	c->state = (enum campaign_state)sqlite3_column_int(stmt, 2);
	c->code = (unsigned)sqlite3_column_int(stmt, 3);
	database_column_text(stmt, 4, c->text, sizeof(c->text));
	c->answer = (enum answer_kind)sqlite3_column_int(stmt, 5);
	c->proposed_start_unix_s = database_column_u64(stmt, 6);
	c->confirmed = sqlite3_column_int(stmt, 7) != 0;
	c->confirmed_start_unix_s = database_column_u64(stmt, 8);
	c->consent_given = sqlite3_column_int(stmt, 9) != 0;
	c->accepted_unix_s = database_column_u64(stmt, 10);
	had_manifest = sqlite3_column_int(stmt, 11) != 0;
	c->cancel_wanted = sqlite3_column_int(stmt, 12) != 0;
	c->answer_code = (unsigned)sqlite3_column_int(stmt, 13);
	c->triggered = sqlite3_column_int(stmt, 14) != 0;
	c->driver_start_unix_s = database_column_u64(stmt, 15);
	c->end_code = (unsigned)sqlite3_column_int(stmt, 16);
	database_column_text(stmt, 17, c->end_text, sizeof(c->end_text));
	restore_service(stmt, 18, &c->service);
	c->started_unix_s = database_column_u64(stmt, 21);
	c->ended_unix_s = database_column_u64(stmt, 22);
	c->n_wakes = column_u8(stmt, 23);
	c->wakes_of_unix_s = database_column_u64(stmt, 24);
	c->has_manifest = had_manifest && open_manifest(r, c);
	if ((result = restore_targets(r, c)) != SQLITE_OK)
		return result;
	understand_states(c);
	gateway_restore_campaign(r->gateway, c);
	return SQLITE_OK;
}

static int restore_campaigns(struct restore *r)
{
	sqlite3_stmt *stmt;
	int result =
	    sqlite3_prepare_v2(r->db,
			       "SELECT id, director_version, state, code, text, answer, proposed_start, confirmed,"
			       " confirmed_start, consent_given, accepted, has_manifest, cancel_wanted, answer_code,"
			       " triggered, driver_start, end_code, end_text, service_state, service_from,"
			       " service_expected_s, started, ended, wakes, wakes_of FROM campaign",
			       -1, &stmt, NULL);

	if (result != SQLITE_OK)
		return result;
	while ((result = sqlite3_step(stmt)) == SQLITE_ROW)
		if ((result = restore_campaign(r, stmt)) != SQLITE_OK)
			break;
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

static int restore_reports(struct restore *r)
{
	sqlite3_stmt *stmt;
	int result =
	    sqlite3_prepare_v2(r->db,
			       "SELECT sequence, campaign_id, ecu, campaign_state, target_state, code, text, unix_ms,"
			       " has_result, old_version, new_version, step, nrc, payload_bytes, duration_ms,"
			       " transfer_ms, evidence, estimate_ms, service_state, service_from,"
			       " service_expected_s FROM report ORDER BY sequence",
			       -1, &stmt, NULL);

	if (result != SQLITE_OK)
		return result;
	while ((result = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct report report = {.sequence = database_column_u64(stmt, 0)};

		database_column_text(stmt, 1, report.campaign_id, sizeof(report.campaign_id));
		database_column_text(stmt, 2, report.ecu, sizeof(report.ecu));
		report.campaign_state = (enum campaign_state)sqlite3_column_int(stmt, 3);
		report.target_state = (enum target_state)sqlite3_column_int(stmt, 4);
		report.code = (unsigned)sqlite3_column_int(stmt, 5);
		database_column_text(stmt, 6, report.text, sizeof(report.text));
		report.unix_ms = database_column_u64(stmt, 7);
		report.has_result = sqlite3_column_int(stmt, 8) != 0;
		database_column_text(stmt, 9, report.old_version, sizeof(report.old_version));
		database_column_text(stmt, 10, report.new_version, sizeof(report.new_version));
		database_column_text(stmt, 11, report.step, sizeof(report.step));
		report.nrc = column_u8(stmt, 12);
		report.payload_bytes = database_column_u64(stmt, 13);
		report.duration_ms = database_column_u64(stmt, 14);
		report.transfer_ms = database_column_u64(stmt, 15);
		report.evidence = (unsigned)sqlite3_column_int(stmt, 16);
		report.estimate_ms = database_column_u64(stmt, 17);
		restore_service(stmt, 18, &report.service);
		gateway_restore_report(r->gateway, &report);
	}
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

static int restore_report_rxswin(struct restore *r)
{
	sqlite3_stmt *stmt;
	int result = sqlite3_prepare_v2(r->db,
					"SELECT sequence, later, regulation, value FROM report_rxswin"
					" ORDER BY sequence, later, position",
					-1, &stmt, NULL);

	if (result != SQLITE_OK)
		return result;
	while ((result = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct rxswin_doc rxswin;

		database_column_text(stmt, 2, rxswin.regulation, sizeof(rxswin.regulation));
		database_column_text(stmt, 3, rxswin.value, sizeof(rxswin.value));
		gateway_restore_report_rxswin(r->gateway, database_column_u64(stmt, 0),
					      sqlite3_column_int(stmt, 1) != 0, &rxswin);
	}
	sqlite3_finalize(stmt);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

static int restore_all(struct restore *r)
{
	uint64_t next_sequence = meta(r->db, "next_sequence");
	const struct power_used used = {.awake_s = (uint32_t)meta(r->db, "awake_used_s"),
					.began_mv = (uint32_t)meta(r->db, "awake_began_mv")};
	int result;

	gateway_restore_time(r->gateway, meta(r->db, "time_floor"));
	gateway_restore_power(r->gateway, &used);
	if ((result = database_restore_vehicle(r->db, r->gateway)) != SQLITE_OK ||
	    (result = restore_ecus(r)) != SQLITE_OK || (result = database_check_keys(r->db, r->trust)) != SQLITE_OK ||
	    (result = restore_director(r)) != SQLITE_OK || (result = restore_campaigns(r)) != SQLITE_OK ||
	    (result = restore_reports(r)) != SQLITE_OK || (result = restore_report_rxswin(r)) != SQLITE_OK)
		return result;
	gateway_restore_reports_end(r->gateway, next_sequence ? next_sequence : 1);
	return SQLITE_OK;
}

int database_restore(struct database *self, struct gateway *gateway, const struct trust *trust,
		     const struct blob_store *store, const char *vehicle_id, char *text, size_t n_text)
{
	struct restore restore = {
	    .database = self,
	    .db = self->db,
	    .gateway = gateway,
	    .trust = trust,
	    .store = store,
	    .vehicle_id = vehicle_id,
	    .director = calloc(1, sizeof(struct director_doc)),
	    .campaign = calloc(1, sizeof(struct campaign)),
	};
	int r = SQLITE_NOMEM;

	if (restore.director && restore.campaign)
		r = restore_all(&restore);
	free(restore.director);
	free(restore.campaign);
	if (r != SQLITE_OK) {
		snprintf(text, n_text, "reading the database: %s", sqlite3_errstr(r));
		return -EIO;
	}
	return database_start(self);
}
