/* mode: which entry of the table counts, and the mode of a campaign whose ECUs differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "gatewayd/core/mode.h"

static const struct mode_table table = {.n = 5,
					.entries = {{"", URGENCY_NONE, MODE_CLIENT},
						    {"", URGENCY_CRITICAL, MODE_SERVER},
						    {"brake", URGENCY_NONE, MODE_NEGOTIATED},
						    {"brake", URGENCY_LOW, MODE_CLIENT},
						    {"brake", URGENCY_LOW, MODE_SERVER}}};

static struct campaign_doc campaign(enum urgency urgency, const char *a, const char *b)
{
	struct campaign_doc doc = {.urgency = urgency, .n_targets = b ? 2 : 1};

	snprintf(doc.targets[0].ecu, sizeof doc.targets[0].ecu, "%s", a);
	snprintf(doc.targets[1].ecu, sizeof doc.targets[1].ecu, "%s", b ? b : "");
	return doc;
}

static enum update_mode of(const struct mode_table *t, enum urgency urgency, const char *a, const char *b)
{
	struct campaign_doc doc = campaign(urgency, a, b);

	return mode_of_campaign(t, &doc);
}

static void the_entry_that_says_most_counts_and_the_ecu_before_the_urgency(void **state)
{
	(void)state;
	assert_int_equal(mode_of(&table, "lamp", URGENCY_NORMAL), MODE_CLIENT);
	assert_int_equal(mode_of(&table, "lamp", URGENCY_CRITICAL), MODE_SERVER);
	assert_int_equal(mode_of(&table, "brake", URGENCY_CRITICAL), MODE_NEGOTIATED);
	assert_int_equal(mode_of(&table, "brake", URGENCY_LOW), MODE_CLIENT); /* of equals the first */
	assert_int_equal(mode_of(&table, "brakes", URGENCY_LOW), MODE_CLIENT);
}

static void what_no_entry_fits_has_no_mode(void **state)
{
	(void)state;
	static const struct mode_table one = {.n = 1, .entries = {{"brake", URGENCY_HIGH, MODE_SERVER}}};
	static const struct mode_table none = {.n = 0};

	assert_int_equal(mode_of(&none, "brake", URGENCY_HIGH), MODE_NONE);
	assert_int_equal(mode_of(&one, "brake", URGENCY_LOW), MODE_NONE);
	assert_int_equal(mode_of(&one, "lamp", URGENCY_HIGH), MODE_NONE);
	assert_int_equal(of(&one, URGENCY_HIGH, "lamp", "brake"), MODE_SERVER); /* over those that have one */
	assert_int_equal(of(&none, URGENCY_HIGH, "lamp", "brake"), MODE_NONE);
}

static void where_ecus_differ_the_vehicle_has_most_say(void **state)
{
	(void)state;
	static const struct mode_table all = {.n = 3,
					      .entries = {{"a", URGENCY_NONE, MODE_SERVER},
							  {"b", URGENCY_NONE, MODE_CLIENT},
							  {"c", URGENCY_NONE, MODE_NEGOTIATED}}};

	assert_int_equal(of(&all, URGENCY_LOW, "a", NULL), MODE_SERVER);
	assert_int_equal(of(&all, URGENCY_LOW, "a", "b"), MODE_CLIENT);
	assert_int_equal(of(&all, URGENCY_LOW, "b", "a"), MODE_CLIENT);
	assert_int_equal(of(&all, URGENCY_LOW, "c", "b"), MODE_NEGOTIATED);
	assert_int_equal(of(&all, URGENCY_LOW, "a", "c"), MODE_NEGOTIATED);
}

static void tables_are_all_of_a_mode_or_have_it(void **state)
{
	(void)state;
	struct mode_table t = {.n = 0};

	assert_false(mode_is_all(&t, MODE_CLIENT));
	assert_false(mode_has(&t, MODE_CLIENT));
	t = (struct mode_table){.n = 1, .entries = {{"", URGENCY_NONE, MODE_CLIENT}}};
	assert_true(mode_is_all(&t, MODE_CLIENT));
	assert_true(mode_has(&table, MODE_CLIENT) && !mode_is_all(&table, MODE_CLIENT));
	assert_true(mode_table_equal(&table, &table));
	assert_false(mode_table_equal(&table, &t));
	t = table;
	t.entries[4].mode = MODE_CLIENT;
	assert_false(mode_table_equal(&table, &t));
	t = table;
	t.entries[4].urgency = URGENCY_HIGH;
	assert_false(mode_table_equal(&table, &t));
	t = table;
	t.entries[4].ecu[0] = 'x';
	assert_false(mode_table_equal(&table, &t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_entry_that_says_most_counts_and_the_ecu_before_the_urgency),
	    cmocka_unit_test(what_no_entry_fits_has_no_mode),
	    cmocka_unit_test(where_ecus_differ_the_vehicle_has_most_say),
	    cmocka_unit_test(tables_are_all_of_a_mode_or_have_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
