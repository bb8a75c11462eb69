/* database: the update modes that the backend fixed. */
#include "rig_database.h"

static void the_modes_come_back_as_they_were_fixed_last(void **state)
{
	(void)state;
	struct mode_table *modes;

	rig_database_open(&d);
	assert_int_equal(d.gateway->modes.n, 0);
	modes = &d.gateway->modes;
	modes->n = MODE_MAX_ENTRIES;
	for (unsigned i = 0; i < MODE_MAX_ENTRIES; i++) {
		snprintf(modes->entries[i].ecu, sizeof(modes->entries[i].ecu), "ecu-%u", i);
		modes->entries[i].urgency = (enum urgency)(i % 5);
		modes->entries[i].mode = (enum update_mode)(1 + i % 3);
	}
	rig_database_store(&d, (struct gateway_dirty){.modes = true});
	rig_database_wait(&d);
	*modes = (struct mode_table){
	    .n = 2, .entries = {{"brake-1", URGENCY_CRITICAL, MODE_SERVER}, {"", URGENCY_NONE, MODE_CLIENT}}};
	rig_database_store(&d, (struct gateway_dirty){.time = true}); /* not dirty */
	rig_database_wait(&d);
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM mode"), MODE_MAX_ENTRIES);
	rig_database_open(&d);
	modes = &d.gateway->modes;
	assert_int_equal(modes->n, MODE_MAX_ENTRIES);
	assert_string_equal(modes->entries[255].ecu, "ecu-255");
	*modes = (struct mode_table){
	    .n = 2, .entries = {{"brake-1", URGENCY_CRITICAL, MODE_SERVER}, {"", URGENCY_NONE, MODE_CLIENT}}};
	rig_database_store(&d, (struct gateway_dirty){.modes = true});
	rig_database_wait(&d);
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(d.gateway->modes.n, 2);
	assert_int_equal(mode_of(&d.gateway->modes, "brake-1", URGENCY_CRITICAL), MODE_SERVER);
	assert_int_equal(mode_of(&d.gateway->modes, "brake-1", URGENCY_LOW), MODE_CLIENT);
}

static void modes_of_a_newer_program_are_left_out(void **state)
{
	(void)state;
	rig_database_open(&d);
	d.gateway->modes = (struct mode_table){
	    .n = 2, .entries = {{"brake-1", URGENCY_CRITICAL, MODE_SERVER}, {"", URGENCY_NONE, MODE_CLIENT}}};
	rig_database_store(&d, (struct gateway_dirty){.modes = true});
	rig_database_wait(&d);
	rig_database_close(&d);
	rig_sql("UPDATE mode SET mode = 9 WHERE ecu = 'brake-1'");
	rig_database_open(&d);
	assert_int_equal(d.gateway->modes.n, 1);
	assert_int_equal(mode_of(&d.gateway->modes, "brake-1", URGENCY_CRITICAL), MODE_CLIENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_modes_come_back_as_they_were_fixed_last),
	    TEST(modes_of_a_newer_program_are_left_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
