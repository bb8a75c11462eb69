/* history: what came to an end is kept in the transaction of its end, once, the last 50; and the vehicle's numbers. */
#include "rig_database.h"

#include "gatewayd/io/history.h"

static struct campaign *begun(void)
{
	struct campaign *c;

	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	rig_database_store(&d, rig_everything);
	c = &d.gateway->campaigns[0];
	c->started_unix_s = 1700000000;
	c->has_manifest = true;
	snprintf(c->manifest.id, sizeof(c->manifest.id), "release-7");
	c->manifest.n_texts = 2;
	snprintf(c->manifest.texts[0].language, sizeof(c->manifest.texts[0].language), "de");
	snprintf(c->manifest.texts[0].title, sizeof(c->manifest.texts[0].title), "Licht");
	snprintf(c->manifest.texts[1].language, sizeof(c->manifest.texts[1].language), "en-GB");
	snprintf(c->manifest.texts[1].title, sizeof(c->manifest.texts[1].title), "Light");
	return c;
}

static void end(struct campaign *c, enum campaign_state state, uint64_t unix_s)
{
	c->state = state;
	c->ended_unix_s = unix_s;
	rig_database_store(&d, (struct gateway_dirty){.campaigns = 1});
	rig_database_wait(&d);
}

static void a_campaign_is_kept_when_it_ends_and_once(void **state)
{
	(void)state;
	struct campaign *c = begun();
	struct history_entry *entries;
	size_t n;

	c->state = CAMPAIGN_INSTALLING;
	rig_database_store(&d, (struct gateway_dirty){.campaigns = 1});
	rig_database_wait(&d);
	assert_int_equal(history_read(rig_path("state"), &entries, &n), 0);
	assert_int_equal(n, 0);
	free(entries);
	snprintf(c->targets[0].old_version, sizeof(c->targets[0].old_version), "1.0");
	snprintf(c->targets[0].new_version, sizeof(c->targets[0].new_version), "2.0");
	c->targets[0].state = TARGET_VERIFIED;
	c->targets[0].duration_ms = 4000;
	c->targets[0].estimate_ms = 5000;
	c->rxswin_before[0] = (struct rxswin_doc){.regulation = "R155", .value = "a"};
	c->rxswin_before[1] = (struct rxswin_doc){.regulation = "R156", .value = "b"};
	c->n_rxswin_before = 2;
	c->manifest.rxswin[0] = (struct rxswin_doc){.regulation = "R156", .value = "c d"};
	c->manifest.n_rxswin = 1;
	end(c, CAMPAIGN_DONE, 1700000100);
	c->n_rxswin_before = 0; /* as after a restart */
	end(c, CAMPAIGN_DONE, 1700000100);
	assert_int_equal(history_read(rig_path("state"), &entries, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(entries[0].campaign, c->doc.id);
	assert_string_equal(entries[0].manifest, "release-7");
	assert_string_equal(entries[0].title, "Light");
	assert_int_equal(entries[0].state, CAMPAIGN_DONE);
	assert_int_equal(entries[0].started_unix_s, 1700000000);
	assert_int_equal(entries[0].ended_unix_s, 1700000100);
	assert_string_equal(entries[0].rxswin_before, "R155 a; R156 b");
	assert_string_equal(entries[0].rxswin_after, "R155 a; R156 c d");
	assert_int_equal(entries[0].n_ecus, c->n_targets);
	assert_string_equal(entries[0].ecus[0].old_version, "1.0");
	assert_string_equal(entries[0].ecus[0].new_version, "2.0");
	assert_int_equal(entries[0].ecus[0].duration_ms, 4000);
	assert_int_equal(entries[0].ecus[0].estimate_ms, 5000);
	free(entries);
}

static void the_last_fifty_are_kept_and_survive_the_campaigns_row(void **state)
{
	(void)state;
	struct campaign *c = begun();
	struct history_entry *entries;
	size_t n;

	for (uint64_t i = 0; i < 53; i++)
		end(c, CAMPAIGN_DECLINED, 1700000000 + i);
	c->state = CAMPAIGN_NONE;
	rig_database_store(&d, (struct gateway_dirty){.campaigns = 1});
	rig_database_wait(&d);
	assert_int_equal(history_read(rig_path("state"), &entries, &n), 0);
	assert_int_equal(n, HISTORY_MAX);
	assert_int_equal(entries[0].ended_unix_s, 1700000052);
	assert_int_equal(entries[49].ended_unix_s, 1700000003);
	free(entries);
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM history_ecu WHERE n NOT IN (SELECT n FROM history)"), 0);
	rig_database_open(&d);
}

static void the_vehicles_numbers_come_back(void **state)
{
	(void)state;
	(void)begun();
	d.gateway->rxswin[0] = (struct rxswin_doc){.regulation = "R155", .value = "a"};
	d.gateway->rxswin[1] = (struct rxswin_doc){.regulation = "R156", .value = "b"};
	d.gateway->n_rxswin = 2;
	rig_database_store(&d, (struct gateway_dirty){.rxswin = true});
	rig_database_wait(&d);
	d.gateway->rxswin[1] = (struct rxswin_doc){.regulation = "R156", .value = "c"};
	rig_database_store(&d, (struct gateway_dirty){.rxswin = true});
	rig_database_wait(&d);
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(d.gateway->n_rxswin, 2);
	assert_string_equal(d.gateway->rxswin[1].regulation, "R156");
	assert_string_equal(d.gateway->rxswin[1].value, "c");
}

static void a_report_of_the_end_keeps_the_numbers_until_it_is_acknowledged(void **state)
{
	(void)state;
	const struct rxswin_doc before = {.regulation = "R156", .value = "a"},
				after = {.regulation = "R156", .value = "b"};
	const struct report_rxswin *told;
	uint64_t first, second;

	(void)begun();
	first = rig_append_report(&d, "one", CAMPAIGN_DONE);
	report_queue_add_rxswin(&d.gateway->reports, first, true, &before);
	rig_database_store(&d, (struct gateway_dirty){.report_first = first, .report_last = first});
	second = rig_append_report(&d, "two", CAMPAIGN_DONE);
	report_queue_add_rxswin(&d.gateway->reports, second, false, &before);
	report_queue_add_rxswin(&d.gateway->reports, second, true, &after);
	rig_database_store(&d, (struct gateway_dirty){.report_first = second, .report_last = second});
	rig_database_store(&d, (struct gateway_dirty){.report_acked = first});
	rig_database_wait(&d);
	rig_database_close(&d);
	rig_database_open(&d);
	assert_null(gateway_report_rxswin(d.gateway, first));
	told = gateway_report_rxswin(d.gateway, second);
	assert_non_null(told);
	assert_int_equal(told->n_before, 1);
	assert_string_equal(told->before[0].value, "a");
	assert_int_equal(told->n_after, 1);
	assert_string_equal(told->after[0].regulation, "R156");
	assert_string_equal(told->after[0].value, "b");
	rig_database_store(&d, (struct gateway_dirty){.report_acked = second});
	rig_database_wait(&d);
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM report_rxswin"), 0);
	rig_database_open(&d);
}

static void without_a_database_there_is_no_history(void **state)
{
	(void)state;
	struct history_entry *entries;
	size_t n;

	rig_database_open(&d);
	assert_int_equal(history_read("/nonexistent", &entries, &n), -EIO);
	assert_null(entries);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_campaign_is_kept_when_it_ends_and_once),
	    TEST(the_last_fifty_are_kept_and_survive_the_campaigns_row),
	    TEST(the_vehicles_numbers_come_back),
	    TEST(a_report_of_the_end_keeps_the_numbers_until_it_is_acknowledged),
	    TEST(without_a_database_there_is_no_history),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
