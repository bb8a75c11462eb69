/* database: opened empty, damaged, on disks that are read-only or full; and closed at any time. */
#include "rig_database.h"

#include <dirent.h>

/* --- opening */

static void an_empty_file_becomes_a_database_with_an_id_that_stays(void **state)
{
	(void)state;
	uint8_t id[16], zero[16] = {0};

	rig_write_text(rig_path("state/state.db"), "");
	rig_database_open(&d);
	memcpy(id, database_queue_id(d.database), 16);
	assert_memory_not_equal(id, zero, 16);
	rig_database_close(&d);
	assert_int_equal(rig_sql("PRAGMA user_version"), 9);
	rig_database_open(&d);
	assert_memory_equal(database_queue_id(d.database), id, 16);
	rig_database_close(&d);
	assert_int_equal(unlink(rig_path("state/state.db")), 0);
	rig_database_open(&d);
	assert_memory_not_equal(database_queue_id(d.database), id, 16);
}

static void it_may_be_closed_before_it_was_restored(void **state)
{
	(void)state;
	assert_int_equal(rig_database_try_open(&d), 0);
	rig_database_close(&d);
	assert_int_equal(rig_sql("SELECT count(*) FROM campaign"), 0);
}

static void closing_waits_for_what_is_queued(void **state)
{
	(void)state;
	rig_database_open(&d);
	for (unsigned i = 1; i <= 50; i++) {
		d.gateway->time_floor_unix_s = 1800000000 + i;
		rig_database_store(&d, (struct gateway_dirty){.time = true});
	}
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(d.gateway->time_floor_unix_s, 1800000050);
}

/* the statement that gatewayd(8) has for a clock that was wrong by years */
static void manual_statement(char *sql, size_t n)
{
	FILE *f = fopen(TEST_SOURCE_DIR "/../docs/man/gatewayd.8", "r");
	char line[512];

	assert_non_null(f);
	sql[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		const char *from = strstr(line, "sqlite3 /var/lib/gatewayd/state.db \"");

		if (from)
			snprintf(sql, n, "%.*s", (int)strcspn(strchr(from, '"') + 1, "\""), strchr(from, '"') + 1);
	}
	fclose(f);
	assert_string_not_equal(sql, "");
}

static void a_time_of_the_future_is_removed_as_the_manual_says(void **state)
{
	(void)state;
	char sql[512];

	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	d.gateway->time_floor_unix_s = 4000000000;
	assert_true(parking_observe(&d.gateway->parking, &d.gateway->config.zone, 4000000000, true));
	rig_database_store(&d, rig_everything);
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(d.gateway->time_floor_unix_s, 4000000000);
	assert_true(d.gateway->parking.known);
	rig_database_close(&d);
	manual_statement(sql, sizeof(sql));
	rig_sql(sql);
	rig_database_open(&d);
	assert_int_equal(d.gateway->time_floor_unix_s, d.gateway->config.build_unix_s);
	assert_false(d.gateway->parking.known);
	assert_int_equal(d.gateway->director_version, RIG_VERSION);
	assert_int_equal(d.gateway->campaigns[0].state, CAMPAIGN_OFFERED);
}

static size_t count_kept(const char *suffix)
{
	DIR *dir = opendir(rig_path("state"));
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n +=
		    strstr(entry->d_name, "state.db.corrupt-") != NULL && (!suffix[0] || strstr(entry->d_name, suffix));
	closedir(dir);
	return n;
}

static void a_damaged_file_is_kept_aside_however_many_there_are(void **state)
{
	(void)state;
	char noise[8192];

	memset(noise, 0x5a, sizeof(noise));
	for (size_t i = 1; i <= 3; i++) {
		rig_write(rig_path("state/state.db"), noise, sizeof(noise));
		rig_database_open(&d);
		rig_database_director(&d, RIG_VERSION);
		rig_database_store(&d, rig_everything); /* and the new one is good */
		rig_database_wait(&d);
		rig_database_close(&d);
		assert_int_equal(rig_sql("SELECT count(*) FROM campaign"), 2);
		assert_int_equal(count_kept(""), i);
	}
}

static void damage_in_the_middle_of_a_good_file_is_found(void **state)
{
	(void)state;
	uint8_t noise[4096];
	FILE *file;

	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	rig_database_store(&d, rig_everything);
	for (unsigned i = 1; i <= 100; i++)
		rig_append_report(&d, "something long enough to fill a few pages of the file, again and again",
				  CAMPAIGN_DONE);
	rig_database_store(&d, (struct gateway_dirty){.report_first = 1, .report_last = 100});
	rig_database_close(&d);
	assert_true(rig_size(rig_path("state/state.db")) > 5 * 4096);
	memset(noise, 0xa5, sizeof(noise));
	file = fopen(rig_path("state/state.db"), "r+e");
	assert_non_null(file);
	fseek(file, -8192, SEEK_END);
	assert_int_equal(fwrite(noise, 1, sizeof(noise), file), sizeof(noise));
	fclose(file);
	rig_database_open(&d);
	assert_int_equal(count_kept(""), 1);
	assert_int_equal(d.gateway->director_version, 0);
}

static void a_disk_that_is_read_only_is_named_with_its_reason(void **state)
{
	(void)state;
	if (!rig_small_disk("size=2m"))
		skip();
	assert_int_equal(mkdir(rig_path("state"), 0755), 0);
	rig_database_open(&d);
	rig_database_close(&d);
	assert_true(rig_small_disk("ro"));
	assert_int_equal(rig_database_try_open(&d), -EROFS);
	d.database = NULL;
	rig_expect_words(d.text, "/state");
	rig_expect_words(d.text, "Read-only file system");
	assert_true(rig_small_disk("rw,size=2m"));
	assert_int_equal(unlink(rig_path("state/state.db")), 0);
	assert_true(rig_small_disk("ro"));
	assert_int_equal(rig_database_try_open(&d), -EROFS);
	rig_expect_words(d.text, "/state");
	rig_expect_words(d.text, "Read-only file system");
}

static void a_disk_too_full_to_begin_is_named_with_its_reason(void **state)
{
	(void)state;
	static const char zeros[128 * 1024];

	if (!rig_small_disk("size=128k"))
		skip();
	assert_int_equal(mkdir(rig_path("state"), 0755), 0);
	rig_write(rig_path("ballast"), zeros, 100 * 1024);
	assert_int_equal(rig_database_try_open(&d), -EIO);
	rig_expect_words(d.text, "state/state.db");
	rig_expect_words(d.text, "No space left");
}

static void a_full_disk_is_told_once_and_nothing_is_lost_by_it(void **state)
{
	(void)state;
	static char zeros[1024 * 1024];
	long ballast = 0;

	if (!rig_small_disk("size=2m"))
		skip();
	assert_int_equal(mkdir(rig_path("state"), 0755), 0);
	rig_database_open(&d);
	rig_database_director(&d, RIG_VERSION);
	rig_database_store(&d, rig_everything);
	rig_database_wait(&d);
	/* all but nothing is taken by someone else */
	{
		int fd = open(rig_path("ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		ssize_t n;

		while ((n = write(fd, zeros, 4096)) == 4096)
			ballast += n;
		close(fd);
	}
	assert_true(ballast > 0);
	for (unsigned i = 1; i <= 40; i++) {
		rig_append_report(&d, "a report that needs its place on the disk", CAMPAIGN_INSTALLING);
		d.gateway->time_floor_unix_s = 1800000000 + i;
		rig_database_store(&d, (struct gateway_dirty){.time = true, .report_first = i, .report_last = i});
	}
	rig_run_until(&d.loop, &d.is_trouble);
	rig_expect_words(d.trouble, "full");
	assert_true(d.stored < d.txn);
	usleep(1200000); /* it was tried again meanwhile, and not told again */
	uv_run(&d.loop, UV_RUN_NOWAIT);
	assert_int_equal(d.n_trouble, 1);
	assert_int_equal(d.n_good, 0);

	assert_int_equal(unlink(rig_path("ballast")), 0);
	rig_database_wait(&d);
	assert_int_equal(d.n_trouble, 1);
	assert_int_equal(d.n_good, 1);
	rig_database_close(&d);
	rig_database_open(&d);
	assert_int_equal(d.gateway->time_floor_unix_s, 1800000040);
	assert_int_equal(d.gateway->reports.n, 40);
}

static void closing_on_a_full_disk_ends_without_the_rest(void **state)
{
	(void)state;
	static const char zeros[4096];
	int fd;

	if (!rig_small_disk("size=1m"))
		skip();
	assert_int_equal(mkdir(rig_path("state"), 0755), 0);
	rig_database_open(&d);
	fd = open(rig_path("ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
	rig_database_director(&d, RIG_VERSION);
	for (unsigned i = 0; i < 100; i++)
		rig_database_store(&d, rig_everything);
	rig_database_close(&d); /* comes back */
	assert_int_equal(unlink(rig_path("ballast")), 0);
	rig_database_open(&d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_empty_file_becomes_a_database_with_an_id_that_stays),
	    TEST(it_may_be_closed_before_it_was_restored),
	    TEST(closing_waits_for_what_is_queued),
	    TEST(a_time_of_the_future_is_removed_as_the_manual_says),
	    TEST(a_damaged_file_is_kept_aside_however_many_there_are),
	    TEST(damage_in_the_middle_of_a_good_file_is_found),
	    TEST(a_disk_that_is_read_only_is_named_with_its_reason),
	    TEST(a_disk_too_full_to_begin_is_named_with_its_reason),
	    TEST(a_full_disk_is_told_once_and_nothing_is_lost_by_it),
	    TEST(closing_on_a_full_disk_ends_without_the_rest),
	};

	rig_own_mounts();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
