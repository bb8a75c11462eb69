/* database: director documents that are damaged on the disk, or need features that another program knows; older files.
 */
#include "rig_database.h"

/* two campaigns of one document, the first with an erased ECU; the daemon is gone */
static void stored(void)
{
	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	d.gateway->campaigns[0].state = CAMPAIGN_INSTALLING;
	d.gateway->campaigns[0].targets[0].erased = true;
	d.gateway->campaigns[0].targets[0].attempts = 2;
	d.gateway->ecus[0].erased = true;
	rig_database_store(&d, rig_everything);
	rig_database_close(&d);
}

static unsigned count_lost(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < GATEWAY_MAX_CAMPAIGNS; i++)
		n += d.gateway->campaigns[i].state != CAMPAIGN_NONE;
	return d.gateway->n_lost * 10u + n;
}

static void rows_that_cannot_be_read_stay_where_they_are(void **state)
{
	(void)state;
	stored();
	rig_sql("UPDATE director SET bytes=x'0102'");
	rig_database_open(&d);
	assert_int_equal(count_lost(), 20);
	assert_true(d.gateway->ecus[0].erased);
	assert_int_equal(d.gateway->director_version, RIG_VERSION);
	rig_expect_words(d.gateway->lost[0].text, "campaign-");
	/* the daemon goes on and writes other things */
	d.gateway->time_floor_unix_s = 1900000000;
	rig_database_store(&d, (struct gateway_dirty){.campaigns = 1, .ecus = 3, .time = true});
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM campaign"), 2);
	assert_int_equal(rig_sql("SELECT count(*) FROM target"), 4);
	assert_int_equal(rig_sql("SELECT attempts FROM target WHERE erased=1"), 2);
	assert_int_equal(rig_sql("SELECT count(*) FROM director"), 1);
}

static void they_are_read_again_once_the_document_is(void **state)
{
	(void)state;
	stored();
	rig_sql("UPDATE director SET bytes=x'00'||bytes");
	rig_database_open(&d);
	assert_int_equal(count_lost(), 20);
	rig_database_director(&d, RIG_VERSION);        /* the core took the campaigns up with the same version */
	d.gateway->campaigns[1].state = CAMPAIGN_NONE; /* all but this one */
	rig_database_store(&d, (struct gateway_dirty){.campaigns = 1, .director = true});
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(count_lost(), 2);
}

static void a_newer_document_says_what_lives(void **state)
{
	(void)state;
	stored();
	rig_sql("UPDATE director SET bytes=x'0102'");
	rig_database_open(&d);
	d.director.campaign_list[0] = &d.director.campaigns[1];
	d.director.director.n_campaigns = 1;
	rig_database_director(&d, RIG_VERSION + 1);
	rig_database_store(&d, rig_everything);
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM campaign"), 1);
	assert_int_equal(rig_sql("SELECT count(*) FROM director"), 1);
}

static void a_document_that_changed_on_the_disk_is_not_believed(void **state)
{
	(void)state;
	struct rig_bytes other;
	sqlite3 *db;
	sqlite3_stmt *stmt;

	stored();
	/* well formed, and not what was accepted */
	d.director.director.issued_unix_s++;
	other = rig_sign_director(&d.director, RIG_VERSION);
	assert_int_equal(sqlite3_open(rig_path("state/state.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "UPDATE director SET bytes=?", -1, &stmt, NULL), SQLITE_OK);
	sqlite3_bind_blob64(stmt, 1, other.bytes, other.n, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	free(other.bytes);
	rig_database_open(&d);
	assert_int_equal(count_lost(), 20);
	assert_int_equal(d.gateway->lost[0].code, GATEWAY_CODE_DIGEST_MISMATCH);
}

/* the newer half of an A/B pair accepted it, and was left for this one in the middle of a flash */
static void features_of_another_program_do_not_lose_an_erased_ecu(void **state)
{
	(void)state;
	static char feature[] = "delta-2";
	static char *features[] = {feature};
	struct director_doc *doc = calloc(1, sizeof(*doc));
	struct rig_bytes b;

	assert_non_null(doc);
	stored();
	d.director.director.required_features = features;
	d.director.director.n_required_features = 1;
	d.director.campaigns[0].required_features = features;
	d.director.campaigns[0].n_required_features = 1;
	b = rig_sign_director(&d.director, RIG_VERSION + 1);
	assert_int_equal(trust_open_director(d.trust, b.bytes, b.n, "VIN-1", 0, 0, doc, NULL, d.text, sizeof(d.text)),
			 GATEWAY_CODE_UNKNOWN_FEATURE); /* offered to us it is refused */
	{
		uint8_t sha256[32];
		struct envelope_error error;
		struct signed_info info;
		struct trust_role role = {.role = GU__ROLE__ROLE_DIRECTOR, .threshold = 1};
		Gu__Director *director;
		sqlite3 *db;
		sqlite3_stmt *stmt;

		assert_int_equal(envelope_open_director(b.bytes, b.n, &role,
							&(struct envelope_limits){.accepted_before = true}, "VIN-1",
							&director, &info, &error),
				 ENVELOPE_OK);
		envelope_free_director(director);
		memcpy(sha256, info.payload_sha256, 32);
		assert_int_equal(sqlite3_open(rig_path("state/state.db"), &db), SQLITE_OK);
		assert_int_equal(sqlite3_prepare_v2(db, "UPDATE director SET bytes=?, sha256=?", -1, &stmt, NULL),
				 SQLITE_OK);
		sqlite3_bind_blob64(stmt, 1, b.bytes, b.n, SQLITE_STATIC);
		sqlite3_bind_blob64(stmt, 2, sha256, 32, SQLITE_STATIC);
		assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
		sqlite3_finalize(stmt);
		sqlite3_close(db);
	}
	free(b.bytes);
	free(doc);
	rig_database_open(&d);
	assert_int_equal(count_lost(), 2);
	assert_true(d.gateway->campaigns[0].targets[0].erased || d.gateway->campaigns[1].targets[0].erased);
}

static void a_file_of_an_older_program_is_brought_up_and_loses_nothing(void **state)
{
	(void)state;
	static const char *const older[] = {
	    "ALTER TABLE campaign DROP COLUMN wakes",
	    "ALTER TABLE campaign DROP COLUMN wakes_of",
	    "ALTER TABLE campaign DROP COLUMN started",
	    "ALTER TABLE campaign DROP COLUMN ended",
	    "DROP TABLE rxswin",
	    "DROP TABLE history",
	    "DROP TABLE history_ecu",
	    "DROP TABLE report_rxswin",
	    "ALTER TABLE campaign DROP COLUMN driver_start",
	    "ALTER TABLE campaign DROP COLUMN end_code",
	    "ALTER TABLE campaign DROP COLUMN end_text",
	    "ALTER TABLE campaign DROP COLUMN service_state",
	    "ALTER TABLE campaign DROP COLUMN service_from",
	    "ALTER TABLE campaign DROP COLUMN service_expected_s",
	    "ALTER TABLE report DROP COLUMN service_state",
	    "ALTER TABLE report DROP COLUMN service_from",
	    "ALTER TABLE report DROP COLUMN service_expected_s",
	    "DROP TABLE mode",
	    "ALTER TABLE campaign DROP COLUMN triggered",
	    "DROP TABLE installed",
	    "ALTER TABLE ecu DROP COLUMN floor_hardware_id",
	    "ALTER TABLE ecu DROP COLUMN floor_counter",
	    "ALTER TABLE ecu DROP COLUMN floor_manifest_id",
	    "ALTER TABLE ecu DROP COLUMN floor_manifest_version",
	    "ALTER TABLE ecu DROP COLUMN floor_manifest_sha256",
	    "ALTER TABLE ecu DROP COLUMN rate_permille",
	    "ALTER TABLE target DROP COLUMN estimate_ms",
	    "ALTER TABLE report DROP COLUMN estimate_ms",
	    "PRAGMA user_version=1",
	};

	stored();
	for (size_t i = 0; i < sizeof(older) / sizeof(older[0]); i++)
		rig_sql(older[i]);
	rig_database_open(&d);
	assert_int_equal(count_lost(), 2);
	assert_true(d.gateway->ecus[0].erased);
	assert_int_equal(d.gateway->ecus[0].floor.counter, 0);
	assert_int_equal(d.gateway->ecus[0].installed.n, 0);
	d.gateway->ecus[0].floor.counter = 5;
	rig_database_store(&d, (struct gateway_dirty){.ecus = 1});
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(d.gateway->ecus[0].floor.counter, 5);
}

static void a_lost_manifest_is_known_to_be_lost(void **state)
{
	(void)state;
	char path[600];

	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	d.gateway->campaigns[0].has_manifest = true;
	d.gateway->campaigns[0].state = CAMPAIGN_WAITING;
	rig_database_store(&d, rig_everything);
	rig_database_close(&d);
	blob_store_path(d.store, d.director.manifest.sha256.data, path, sizeof(path));
	rig_write_text(path, "damaged");
	rig_database_open(&d);
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_WAITING);
	assert_false(d.gateway->campaigns[0].has_manifest);
	assert_int_equal(rig_size(path), -1); /* so that the core's next question finds it missing */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(rows_that_cannot_be_read_stay_where_they_are),
	    TEST(they_are_read_again_once_the_document_is),
	    TEST(a_newer_document_says_what_lives),
	    TEST(a_document_that_changed_on_the_disk_is_not_believed),
	    TEST(features_of_another_program_do_not_lose_an_erased_ecu),
	    TEST(a_file_of_an_older_program_is_brought_up_and_loses_nothing),
	    TEST(a_lost_manifest_is_known_to_be_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
