/* database: a write that hangs in the disk is seen from the loop. */
#include "rig_database.h"

#include "gatewayd/io/database_priv.h"

static uv_sem_t in_commit, go_on;

static int wait_in_commit(void *unused)
{
	(void)unused;
	uv_sem_post(&in_commit);
	uv_sem_wait(&go_on);
	return 0;
}

static void a_write_that_does_not_come_back_is_seen(void **state)
{
	(void)state;
	uint64_t ns;

	rig_database_open(&d);
	assert_int_equal(database_writing_ns(d.database), 0);
	uv_sem_init(&in_commit, 0);
	uv_sem_init(&go_on, 0);
	sqlite3_commit_hook(d.database->db, wait_in_commit, NULL);
	rig_database_store(&d, (struct gateway_dirty){.time = true});
	uv_sem_wait(&in_commit);
	ns = database_writing_ns(d.database);
	usleep(20000);
	assert_true(database_writing_ns(d.database) >= ns + 20000000u);
	uv_sem_post(&go_on);
	rig_database_wait(&d);
	sqlite3_commit_hook(d.database->db, NULL, NULL);
	assert_int_equal(database_writing_ns(d.database), 0);
	rig_database_close(&d);
	uv_sem_destroy(&in_commit);
	uv_sem_destroy(&go_on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_write_that_does_not_come_back_is_seen, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
