/*
 * rig_database - a gateway with its documents, stored and restored as the daemon does it.
 */
#ifndef TESTS_UNIT_IO_RIG_DATABASE_H
#define TESTS_UNIT_IO_RIG_DATABASE_H

#include "rig_docs.h"

#include <sqlite3.h>

#include "gatewayd/io/database.h"

#define RIG_VERSION 7u /* of the director document that all begin with */

struct rig_database {
	uv_loop_t loop;
	struct trust *trust;
	struct blob_store *store;
	struct database *database;
	struct gateway *gateway; /* a fresh one after each rig_database_open() */
	struct pb_manifest_doc manifest;
	struct pb_director_doc director;
	struct rig_bytes envelope;
	uint64_t txn; /* last one stored */
	uint64_t wanted;
	uint64_t stored; /* highest one told */
	bool reached;    /* stored >= wanted */
	unsigned n_trouble, n_good;
	char trouble[300];
	bool is_trouble, is_good;
	char text[300];
};

static inline void rig_on_stored(void *owner, uint64_t txn)
{
	struct rig_database *d = owner;

	assert_true(txn >= d->stored);
	d->stored = txn;
	d->reached = txn >= d->wanted;
}

static inline void rig_on_trouble(void *owner, bool trouble, const char *text)
{
	struct rig_database *d = owner;

	if (trouble) {
		d->n_trouble++;
		d->is_trouble = true;
		snprintf(d->trouble, sizeof(d->trouble), "%s", text);
	} else {
		d->n_good++;
		d->is_good = true;
	}
}

static inline void rig_database_config(struct gateway_config *config)
{
	snprintf(config->vehicle_id, sizeof(config->vehicle_id), "VIN-1");
	snprintf(config->ecus[0].name, sizeof(config->ecus[0].name), "brake-1");
	snprintf(config->ecus[1].name, sizeof(config->ecus[1].name), "brake-2");
	snprintf(config->ecus[0].bus, sizeof(config->ecus[0].bus), "body");
	snprintf(config->ecus[1].bus, sizeof(config->ecus[1].bus), "chassis");
	config->n_ecus = 2;
	config->max_attempts = 3;
	config->retry_pause_s = 30;
	config->postpone_s = 3600;
}

static inline int rig_database_try_open(struct rig_database *d)
{
	const struct database_callbacks callbacks = {
	    .owner = d, .on_stored = rig_on_stored, .on_trouble = rig_on_trouble};

	d->text[0] = '\0';
	return database_open(&d->loop, rig_path("state"), &callbacks, &d->database, d->text, sizeof(d->text));
}

/* a daemon that starts: the database opened and restored into a gateway that knows nothing */
static inline void rig_database_open_as(struct rig_database *d, const struct gateway_config *config)
{
	if (rig_database_try_open(d))
		fail_msg("%s", d->text);
	free(d->gateway);
	d->gateway = calloc(1, sizeof(*d->gateway));
	assert_non_null(d->gateway);
	d->txn = d->stored = 0;
	gateway_init(d->gateway, config);
	if (database_restore(d->database, d->gateway, d->trust, d->store, config->vehicle_id, d->text, sizeof(d->text)))
		fail_msg("%s", d->text);
}

static inline void rig_database_open(struct rig_database *d)
{
	struct gateway_config *config = calloc(1, sizeof(*config));

	assert_non_null(config);
	rig_database_config(config);
	rig_database_open_as(d, config);
	free(config);
}

static inline void rig_database_close(struct rig_database *d)
{
	database_close(d->database);
	d->database = NULL;
	uv_run(&d->loop, UV_RUN_DEFAULT);
}

/* stores what @dirty says; does not wait */
static inline void rig_database_store(struct rig_database *d, struct gateway_dirty dirty)
{
	struct gateway_output *output = calloc(1, sizeof(*output));

	assert_non_null(output);
	output->kind = GATEWAY_OUT_STORE;
	output->txn = ++d->txn;
	output->dirty = dirty;
	database_store(d->database, d->gateway, output, dirty.director ? d->envelope.bytes : NULL,
		       dirty.director ? d->envelope.n : 0);
	free(output);
}

static inline void rig_database_wait(struct rig_database *d)
{
	d->wanted = d->txn;
	d->reached = d->stored >= d->wanted;
	rig_run_until(&d->loop, &d->reached);
}

/* signs the director document as @version, and the gateway takes it: each campaign of it in a slot, OFFERED */
static inline void rig_database_director(struct rig_database *d, uint64_t version)
{
	struct director_doc *doc = calloc(1, sizeof(*doc));
	struct gateway *g = d->gateway;

	free(d->envelope.bytes);
	d->envelope = rig_sign_director(&d->director, version);
	if (!doc || trust_open_director(d->trust, d->envelope.bytes, d->envelope.n, "VIN-1", 0, 0, doc,
					g->director_sha256, d->text, sizeof(d->text)))
		fail_msg("%s", d->text);
	g->director_version = version;
	for (size_t i = 0; i < doc->n_campaigns; i++) {
		struct campaign *c = &g->campaigns[i];

		memset(c, 0, sizeof(*c));
		c->doc = doc->campaigns[i];
		c->director_version = version;
		c->state = CAMPAIGN_OFFERED;
		c->n_targets = c->doc.n_targets;
		for (uint8_t t = 0; t < c->n_targets; t++) {
			c->targets[t].doc = c->doc.targets[t];
			c->targets[t].ecu = t;
			c->targets[t].state = TARGET_PENDING;
		}
	}
	free(doc);
}

/* a manifest in the store, and documents that name it */
static inline void rig_database_setup(struct rig_database *d)
{
	static uint8_t manifest_sha256[32];
	struct rig_bytes b;
	char path[600];

	memset(d, 0, sizeof(*d));
	assert_int_equal(uv_loop_init(&d->loop), 0);
	rig_keys_setup();
	d->trust = rig_trust();
	if (blob_store_open(&d->loop, rig_path("state"), &d->store, d->text, sizeof(d->text)))
		fail_msg("%s", d->text);
	manifest_doc_init(&d->manifest);
	director_doc_init(&d->director);
	b = rig_sign_manifest(&d->manifest);
	crypto_sha256(b.bytes, b.n, manifest_sha256);
	d->director.manifest.sha256.data = manifest_sha256;
	d->director.manifest.length = b.n;
	blob_store_path(d->store, manifest_sha256, path, sizeof(path));
	rig_write(path, b.bytes, b.n);
	free(b.bytes);
}

static inline void rig_database_teardown(struct rig_database *d)
{
	if (d->database)
		rig_database_close(d);
	free(d->gateway);
	free(d->envelope.bytes);
	blob_store_close(d->store);
	trust_free(d->trust);
	rig_keys_teardown();
	rig_close_loop(&d->loop);
}

static const struct gateway_dirty rig_everything = {
    .campaigns = 3, .ecus = 3, .director = true, .time = true, .parking = true, .power = true};

static inline uint64_t rig_append_report(struct rig_database *d, const char *text, enum campaign_state campaign_state)
{
	struct report r = {
	    .campaign_id = "campaign-1",
	    .ecu = "brake-1",
	    .campaign_state = campaign_state,
	    .target_state = TARGET_FLASHED,
	    .code = 7,
	    .unix_ms = 1700000000123ull,
	    .has_result = true,
	    .old_version = "1",
	    .new_version = "2",
	    .step = "transfer",
	    .nrc = 0x72,
	    .payload_bytes = 1ull << 40,
	    .duration_ms = 3,
	    .transfer_ms = 2,
	    .estimate_ms = 4,
	    .evidence = 1,
	    .service = {.state = SERVICE_LOST, .from_unix_s = 1700000009, .expected_s = 60},
	};

	snprintf(r.text, sizeof(r.text), "%s", text);
	return report_queue_append(&d->gateway->reports, &r);
}

/* what SQLite itself says of the closed file */
static inline int64_t rig_sql(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int64_t value = -1;

	assert_int_equal(sqlite3_open(rig_path("state/state.db"), &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return value;
}

/* what each of the tests has, and their setup and teardown */
static struct rig_database d;

static int setup(void **state)
{
	if (rig_setup(state))
		return -1;
	rig_database_setup(&d);
	return 0;
}

static int teardown(void **state)
{
	rig_database_teardown(&d);
	return rig_teardown(state);
}

#endif
