/* database: what is stored is restored, from every state, by older and newer programs. */
#include "rig_database.h"

/* --- there and back */

/* each durable field of a campaign with a value of its own */
static void fill_campaign(struct campaign *c, enum campaign_state state)
{
	c->state = state;
	c->code = 100 + (unsigned)state;
	snprintf(c->text, sizeof(c->text), "words of %d: ä'\"", state);
	c->answer = ANSWER_POSTPONE;
	c->proposed_start_unix_s = 1700000001;
	c->confirmed = true;
	c->confirmed_start_unix_s = 1700000002;
	c->triggered = true;
	c->consent_given = true;
	c->accepted_unix_s = 1700000003;
	c->cancel_wanted = true;
	c->answer_code = GATEWAY_CODE_POSTPONED_UNKNOWN;
	c->driver_start_unix_s = 1700000004;
	c->started_unix_s = 1700000006;
	c->ended_unix_s = 1700000007;
	c->n_wakes = 2;
	c->wakes_of_unix_s = 1700000008;
	c->end_code = GATEWAY_CODE_DECLINED_BY_DRIVER;
	snprintf(c->end_text, sizeof(c->end_text), "not %d", state);
	c->service =
	    (struct service_loss){.state = SERVICE_ANNOUNCED + state % 4, .from_unix_s = 1700000005, .expected_s = 77};
	for (uint8_t i = 0; i < c->n_targets; i++) {
		struct target *t = &c->targets[i];

		t->state = i ? TARGET_FLASHING : TARGET_VERIFIED;
		t->step = FLASH_STEP_TRANSFER;
		t->step_index = (uint8_t)(4 + i);
		t->unit = (uint8_t)(1 + i);
		t->attempts = (uint8_t)(2 + i);
		t->erased = i == 1;
		t->code = 6u + i;
		t->nrc = (uint8_t)(0x72 + i);
		snprintf(t->text, sizeof(t->text), "target %u", i);
		snprintf(t->old_version, sizeof(t->old_version), "old %u", i);
		snprintf(t->new_version, sizeof(t->new_version), "new %u", i);
		t->payload_bytes = 5000000000ull + i;
		t->duration_ms = 100u + i;
		t->transfer_ms = 50u + i;
		t->estimate_ms = 110u + i;
	}
}

static void expect_campaign(const struct campaign *c, const struct campaign *was)
{
	assert_memory_equal(&c->doc, &was->doc, sizeof(c->doc));
	assert_int_equal(c->state, was->state);
	assert_int_equal(c->code, was->code);
	assert_string_equal(c->text, was->text);
	assert_int_equal(c->director_version, was->director_version);
	assert_int_equal(c->answer, was->answer);
	assert_int_equal(c->proposed_start_unix_s, was->proposed_start_unix_s);
	assert_int_equal(c->confirmed, was->confirmed);
	assert_int_equal(c->confirmed_start_unix_s, was->confirmed_start_unix_s);
	assert_int_equal(c->triggered, was->triggered);
	assert_int_equal(c->consent_given, was->consent_given);
	assert_int_equal(c->accepted_unix_s, was->accepted_unix_s);
	assert_int_equal(c->cancel_wanted, was->cancel_wanted);
	assert_int_equal(c->answer_code, was->answer_code);
	assert_int_equal(c->driver_start_unix_s, was->driver_start_unix_s);
	assert_true(c->started_unix_s == was->started_unix_s && c->ended_unix_s == was->ended_unix_s);
	assert_true(c->n_wakes == was->n_wakes && c->wakes_of_unix_s == was->wakes_of_unix_s);
	assert_int_equal(c->end_code, was->end_code);
	assert_string_equal(c->end_text, was->end_text);
	assert_int_equal(c->service.state, was->service.state);
	assert_int_equal(c->service.from_unix_s, was->service.from_unix_s);
	assert_int_equal(c->service.expected_s, was->service.expected_s);
	assert_int_equal(c->has_manifest, was->has_manifest);
	assert_int_equal(c->n_targets, was->n_targets);
	for (uint8_t i = 0; i < c->n_targets; i++) {
		const struct target *t = &c->targets[i], *w = &was->targets[i];

		assert_memory_equal(&t->doc, &w->doc, sizeof(t->doc));
		assert_int_equal(t->ecu, w->ecu);
		assert_int_equal(t->component, w->component);
		assert_int_equal(t->state, w->state);
		assert_int_equal(t->step, w->step);
		assert_int_equal(t->step_index, w->step_index);
		assert_int_equal(t->unit, w->unit);
		assert_int_equal(t->attempts, w->attempts);
		assert_int_equal(t->erased, w->erased);
		assert_int_equal(t->code, w->code);
		assert_int_equal(t->nrc, w->nrc);
		assert_string_equal(t->text, w->text);
		assert_string_equal(t->old_version, w->old_version);
		assert_string_equal(t->new_version, w->new_version);
		assert_int_equal(t->payload_bytes, w->payload_bytes);
		assert_int_equal(t->duration_ms, w->duration_ms);
		assert_int_equal(t->transfer_ms, w->transfer_ms);
		assert_int_equal(t->estimate_ms, w->estimate_ms);
	}
}

static void a_campaign_comes_back_as_it_was_from_every_state(void **state)
{
	(void)state;
	struct campaign *was = calloc(1, sizeof(*was));

	assert_non_null(was);
	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	rig_database_store(&d, rig_everything);
	for (int s = CAMPAIGN_OFFERED; s <= CAMPAIGN_FAILED; s++) {
		struct campaign *c = &d.gateway->campaigns[0];

		fill_campaign(c, (enum campaign_state)s);
		c->has_manifest = s != CAMPAIGN_OFFERED;
		for (uint8_t i = 0; i < c->n_targets; i++)
			c->targets[i].component = 0; /* "brake" */
		*was = *c;
		rig_database_store(&d, (struct gateway_dirty){.campaigns = 1});
		rig_database_wait(&d);
		rig_database_close(&d);
		rig_database_open(&d);
		expect_campaign(&d.gateway->campaigns[0], was);
		if (was->has_manifest) {
			assert_string_equal(d.gateway->campaigns[0].manifest.id, "release-7");
			assert_int_equal(d.gateway->campaigns[0].manifest.n_components, 2);
		}
		assert_int_equal(d.gateway->campaigns[1].state, CAMPAIGN_OFFERED);
		assert_string_equal(d.gateway->campaigns[1].doc.id, "campaign-2");
	}
	free(was);
}

static void inventory_time_and_director_version_come_back(void **state)
{
	uint8_t parking[PARKING_ENCODED_BYTES], restored[PARKING_ENCODED_BYTES];
	(void)state;
	struct release_floor floor;
	struct gateway *g;
	uint8_t sha256[32];

	rig_database_open(&d);
	g = d.gateway;
	assert_int_equal(g->director_version, 0);
	assert_false(g->ecus[0].known);
	rig_database_director(&d, RIG_VERSION);
	memcpy(sha256, g->director_sha256, 32);
	g->time_floor_unix_s = 1900000000;
	snprintf(g->ecus[1].identity.hardware_id, sizeof(g->ecus[1].identity.hardware_id), "HW-2");
	snprintf(g->ecus[1].identity.serial_number, sizeof(g->ecus[1].identity.serial_number), "4711");
	snprintf(g->ecus[1].identity.boot_version, sizeof(g->ecus[1].identity.boot_version), "b");
	snprintf(g->ecus[1].identity.application_version, sizeof(g->ecus[1].identity.application_version), "a");
	snprintf(g->ecus[1].identity.data_version, sizeof(g->ecus[1].identity.data_version), "d");
	g->ecus[1].known = g->ecus[1].present = g->ecus[1].erased = true;
	g->ecus[1].floor = (struct release_floor){
	    .hardware_id = "HW-2", .counter = 1ull << 62, .manifest_id = "release-7", .manifest_version = 3};
	memset(g->ecus[1].floor.manifest_sha256, 0xc3, 32);
	floor = g->ecus[1].floor;
	for (uint8_t i = 0; i < 3; i++) {
		g->ecus[1].installed.files[i].length = 100u + i;
		memset(g->ecus[1].installed.files[i].sha256, i + 1, 32);
	}
	g->ecus[1].installed.n = 3;
	g->ecus[1].rate_permille = 1234;
	assert_true(parking_observe(&g->parking, &g->config.zone, 1900000000, true));
	assert_true(parking_observe(&g->parking, &g->config.zone, 1900090000, true));
	parking_encode(&g->parking, parking);
	power_restore(&g->power, &(struct power_used){.awake_s = 77, .began_mv = 12300});
	rig_database_store(&d, rig_everything);
	rig_database_wait(&d);
	rig_database_close(&d);

	rig_database_open(&d);
	g = d.gateway;
	assert_int_equal(g->ecus[0].floor.counter, 0);
	assert_string_equal(g->ecus[0].floor.hardware_id, "");
	assert_string_equal(g->ecus[1].floor.hardware_id, "HW-2");
	assert_int_equal(g->ecus[1].floor.counter, 1ull << 62);
	assert_string_equal(g->ecus[1].floor.manifest_id, "release-7");
	assert_int_equal(g->ecus[1].floor.manifest_version, 3);
	assert_memory_equal(g->ecus[1].floor.manifest_sha256, floor.manifest_sha256, 32);
	assert_int_equal(g->ecus[0].rate_permille, 0);
	assert_int_equal(g->ecus[1].rate_permille, 1234);
	assert_true(g->parking.known && g->parking.parked);
	parking_encode(&g->parking, restored);
	assert_memory_equal(restored, parking, sizeof(parking));
	assert_int_equal(power_used(&g->power).awake_s, 77);
	assert_int_equal(power_used(&g->power).began_mv, 12300);
	assert_int_equal(g->ecus[0].installed.n, 0);
	assert_int_equal(g->ecus[1].installed.n, 3);
	for (uint8_t i = 0; i < 3; i++) {
		assert_int_equal(g->ecus[1].installed.files[i].length, 100u + i);
		assert_int_equal(g->ecus[1].installed.files[i].sha256[31], i + 1);
	}
	g->ecus[1].installed.n = 2; /* another one, of fewer files */
	rig_database_store(&d, (struct gateway_dirty){.ecus = 2});
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM installed"), 2);
	rig_database_open(&d);
	g = d.gateway;
	assert_int_equal(g->ecus[1].installed.n, 2);
	assert_int_equal(g->time_floor_unix_s, 1900000000);
	assert_int_equal(g->director_version, RIG_VERSION);
	assert_memory_equal(g->director_sha256, sha256, 32);
	assert_false(g->ecus[0].known);
	assert_true(g->ecus[1].known);
	assert_false(g->ecus[0].erased);
	assert_true(g->ecus[1].erased);
	assert_false(g->ecus[1].present); /* it is asked anew */
	assert_string_equal(g->ecus[1].identity.hardware_id, "HW-2");
	assert_string_equal(g->ecus[1].identity.serial_number, "4711");
	assert_string_equal(g->ecus[1].identity.boot_version, "b");
	assert_string_equal(g->ecus[1].identity.application_version, "a");
	assert_string_equal(g->ecus[1].identity.data_version, "d");
}

static void what_is_not_dirty_is_not_written(void **state)
{
	(void)state;
	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	rig_database_store(&d, rig_everything);
	d.gateway->campaigns[0].state = CAMPAIGN_WAITING;
	d.gateway->campaigns[1].state = CAMPAIGN_WAITING;
	d.gateway->time_floor_unix_s = 1900000000;
	rig_database_store(&d, (struct gateway_dirty){.campaigns = 2});
	rig_database_wait(&d);
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_OFFERED);
	assert_int_equal(d.gateway->campaigns[1].state, CAMPAIGN_WAITING);
	assert_int_not_equal(d.gateway->time_floor_unix_s, 1900000000);
}

static void a_campaign_let_go_is_gone_with_its_targets_and_document(void **state)
{
	(void)state;
	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	rig_database_store(&d, rig_everything);
	/* the next document lists the second one only; the first still stands on the old one */
	d.director.campaign_list[0] = &d.director.campaigns[1];
	d.director.director.n_campaigns = 1;
	{
		struct campaign *first = malloc(sizeof(*first)), *second = malloc(sizeof(*second));

		assert_non_null(first);
		assert_non_null(second);
		*first = d.gateway->campaigns[0];
		rig_database_director(&d, RIG_VERSION + 1);
		*second = d.gateway->campaigns[0];
		d.gateway->campaigns[1] = *second;
		d.gateway->campaigns[0] = *first;
		free(first);
		free(second);
	}
	rig_database_store(&d, rig_everything);
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM director"), 2);
	rig_database_open(&d);
	assert_int_equal(gateway_campaign_index(d.gateway, "campaign-1"), 0);
	assert_int_equal(d.gateway->campaigns[0].director_version, RIG_VERSION);
	assert_int_equal(d.gateway->director_version, RIG_VERSION + 1);

	memset(&d.gateway->campaigns[0], 0, sizeof(d.gateway->campaigns[0]));
	rig_database_store(&d, (struct gateway_dirty){.campaigns = 1});
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM director"), 1);
	assert_int_equal(rig_sql("SELECT count(*) FROM campaign"), 1);
	assert_int_equal(rig_sql("SELECT count(*) FROM target"), 2);
	rig_database_open(&d);
	assert_int_equal(gateway_campaign_index(d.gateway, "campaign-1"), -1);
	assert_int_equal(gateway_campaign_index(d.gateway, "campaign-2"), 0);
}

/* --- reports */

static void reports_come_back_in_order_until_they_are_acknowledged(void **state)
{
	(void)state;
	const struct report *r;

	rig_database_open(&d);
	for (unsigned i = 1; i <= 5; i++)
		assert_int_equal(rig_append_report(&d, i == 3 ? "third" : "other", CAMPAIGN_INSTALLING), i);
	rig_database_store(&d, (struct gateway_dirty){.report_first = 1, .report_last = 5});
	rig_database_store(&d, (struct gateway_dirty){.report_acked = 2});
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(d.gateway->reports.n, 3);
	assert_null(gateway_report(d.gateway, 2));
	r = gateway_report(d.gateway, 3);
	assert_non_null(r);
	assert_string_equal(r->campaign_id, "campaign-1");
	assert_string_equal(r->ecu, "brake-1");
	assert_int_equal(r->campaign_state, CAMPAIGN_INSTALLING);
	assert_int_equal(r->target_state, TARGET_FLASHED);
	assert_int_equal(r->code, 7);
	assert_string_equal(r->text, "third");
	assert_int_equal(r->unix_ms, 1700000000123ull);
	assert_true(r->has_result);
	assert_string_equal(r->old_version, "1");
	assert_string_equal(r->new_version, "2");
	assert_string_equal(r->step, "transfer");
	assert_int_equal(r->nrc, 0x72);
	assert_int_equal(r->payload_bytes, 1ull << 40);
	assert_int_equal(r->duration_ms, 3);
	assert_int_equal(r->transfer_ms, 2);
	assert_int_equal(r->estimate_ms, 4);
	assert_int_equal(r->evidence, 1);
	assert_int_equal(r->service.state, SERVICE_LOST);
	assert_int_equal(r->service.from_unix_s, 1700000009);
	assert_int_equal(r->service.expected_s, 60);
}

static void a_number_is_never_used_again_though_all_are_acknowledged(void **state)
{
	(void)state;
	rig_database_open(&d);
	rig_append_report(&d, "a", CAMPAIGN_INSTALLING);
	rig_append_report(&d, "b", CAMPAIGN_INSTALLING);
	rig_database_store(&d, (struct gateway_dirty){.report_first = 1, .report_last = 2});
	rig_database_store(&d, (struct gateway_dirty){.report_acked = 2});
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(d.gateway->reports.n, 0);
	assert_int_equal(rig_append_report(&d, "c", CAMPAIGN_INSTALLING), 3);
}

static void a_report_that_gave_way_to_others_leaves_no_row(void **state)
{
	(void)state;
	rig_database_open(&d);
	for (unsigned i = 1; i <= REPORT_QUEUE_MAX + 20; i++) {
		uint64_t sequence = rig_append_report(&d, "x", i % 2 ? CAMPAIGN_DONE : CAMPAIGN_INSTALLING);

		assert_int_equal(sequence, i);
		rig_database_store(&d, (struct gateway_dirty){.report_first = sequence, .report_last = sequence});
	}
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM report"), REPORT_QUEUE_MAX);
	assert_int_equal(rig_sql("SELECT count(*) FROM report WHERE sequence <= 40"), 20);
	rig_database_open(&d);
	assert_int_equal(d.gateway->reports.n, REPORT_QUEUE_MAX);
	assert_int_equal(d.gateway->reports.next_sequence, REPORT_QUEUE_MAX + 21);
}

/* --- other programs, other keys, other configurations */

static void a_file_of_a_newer_program_is_read_and_written(void **state)
{
	(void)state;
	static const char *const newer[] = {
	    "ALTER TABLE campaign ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",
	    "ALTER TABLE target ADD COLUMN bank INTEGER NOT NULL DEFAULT 0",
	    "ALTER TABLE report ADD COLUMN signature BLOB",
	    "ALTER TABLE ecu ADD COLUMN odometer INTEGER NOT NULL DEFAULT 5",
	    "ALTER TABLE director ADD COLUMN kept INTEGER",
	    "ALTER TABLE meta ADD COLUMN kind TEXT",
	    "CREATE TABLE fleet(id TEXT PRIMARY KEY)",
	    "PRAGMA user_version=99",
	};

	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	rig_database_store(&d, rig_everything);
	rig_database_close(&d);
	for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++)
		rig_sql(newer[i]);
	rig_sql("UPDATE campaign SET colour='blue'");
	rig_sql("UPDATE target SET bank=2");
	rig_sql("UPDATE ecu SET odometer=7");
	rig_sql("UPDATE director SET kept=1");
	rig_sql("UPDATE meta SET kind='newer'");
	rig_database_open(&d);
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_OFFERED);
	d.gateway->campaigns[0].state = CAMPAIGN_INSTALLING;
	d.gateway->campaigns[0].targets[0].erased = true;
	rig_append_report(&d, "from the older half", CAMPAIGN_INSTALLING);
	rig_database_store(
	    &d, (struct gateway_dirty){
		    .campaigns = 3, .ecus = 3, .director = true, .time = true, .report_first = 1, .report_last = 1});
	rig_database_wait(&d);
	assert_int_equal(d.n_trouble, 0);
	rig_database_close(&d);
	assert_int_equal(rig_sql("PRAGMA user_version"), 99);
	/* what the newer half wrote is there when it is started again */
	assert_int_equal(rig_sql("SELECT count(*) FROM campaign WHERE colour='blue'"), 2);
	assert_int_equal(rig_sql("SELECT count(*) FROM target WHERE bank=2"), 4);
	assert_int_equal(rig_sql("SELECT count(*) FROM ecu WHERE odometer=7"), 2);
	assert_int_equal(rig_sql("SELECT count(*) FROM director WHERE kept=1"), 1);
	assert_int_equal(rig_sql("SELECT count(*) FROM meta WHERE kind='newer' AND key='time_floor'"), 1);
	rig_database_open(&d);
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_INSTALLING);
	assert_true(d.gateway->campaigns[0].targets[0].erased);
	assert_int_equal(d.gateway->reports.n, 1);
}

static void states_of_a_newer_program_lead_to_recovery_not_to_loss(void **state)
{
	(void)state;
	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	d.gateway->campaigns[0].targets[0].erased = true;
	rig_database_store(&d, rig_everything);
	rig_database_close(&d);
	rig_sql("UPDATE campaign SET state=40");
	rig_sql("UPDATE target SET state=50");
	rig_database_open(&d);
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_INSTALLING);
	assert_int_equal(d.gateway->campaigns[0].targets[0].state, TARGET_FLASHING);
	assert_int_equal(d.gateway->campaigns[0].targets[1].state, TARGET_PENDING);
	assert_int_equal(d.gateway->campaigns[1].state, CAMPAIGN_DOWNLOADING);
	assert_int_equal(d.gateway->campaigns[1].targets[0].state, TARGET_PENDING);
}

static void a_campaign_whose_ecu_left_the_configuration_is_ended_by_the_core(void **state)
{
	(void)state;
	struct gateway_config *config = calloc(1, sizeof(*config));
	struct gateway_output *out = calloc(1, sizeof(*out));

	assert_non_null(config);
	assert_non_null(out);
	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	rig_database_store(&d, rig_everything);
	rig_database_close(&d);
	rig_database_config(config);
	config->n_ecus = 1;
	rig_database_open_as(&d, config);
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_OFFERED);
	assert_int_equal(d.gateway->campaigns[0].n_targets, 2);
	gateway_start(d.gateway, 1000000);
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_FAILED);
	assert_int_equal(d.gateway->campaigns[0].code, GATEWAY_CODE_UNKNOWN_ECU);
	assert_true(gateway_pop_output(d.gateway, out));
	assert_int_equal(out->kind, GATEWAY_OUT_STORE);
	assert_true(out->dirty.report_last > 0); /* and the backend hears of it */
	free(out);
	free(config);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_campaign_comes_back_as_it_was_from_every_state),
	    TEST(inventory_time_and_director_version_come_back),
	    TEST(what_is_not_dirty_is_not_written),
	    TEST(a_campaign_let_go_is_gone_with_its_targets_and_document),
	    TEST(reports_come_back_in_order_until_they_are_acknowledged),
	    TEST(a_number_is_never_used_again_though_all_are_acknowledged),
	    TEST(a_report_that_gave_way_to_others_leaves_no_row),
	    TEST(a_file_of_a_newer_program_is_read_and_written),
	    TEST(states_of_a_newer_program_lead_to_recovery_not_to_loss),
	    TEST(a_campaign_whose_ecu_left_the_configuration_is_ended_by_the_core),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
