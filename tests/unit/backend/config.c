/* The backend's configuration: numbers, and what stands where they are left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/oem_backend/config.h"

static char path[] = "/tmp/oem-config-XXXXXX";

/* @more: one more line. Return: as config_load() */
static int load(const char *more, struct config **config, struct yaml_error *error)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file,
		"%s\n"
		"listen: localhost:0\n"
		"tls: {certificate: c, key: k, client_ca: a}\n"
		"database: d\n"
		"blob_dir: b\n"
		"director_key: k\n"
		"time_key: k\n"
		"author_keys: [k, l]\n"
		"control: c\n",
		more);
	assert_int_equal(fclose(file), 0);
	return config_load(path, config, error);
}

static void expect_refused(const char *line, const char *words)
{
	struct config *config = NULL;
	struct yaml_error error = {""};
	char expected[200];

	assert_int_equal(load(line, &config, &error), 1);
	snprintf(expected, sizeof expected, "%s:1: %s", path, words);
	assert_string_equal(error.text, expected);
}

static void numbers_that_are_left_out_have_their_usual_values(void **state)
{
	struct config *config = NULL;
	struct yaml_error error = {""};

	(void)state;
	assert_int_equal(load("#", &config, &error), 0);
	assert_int_equal(config->heartbeat_s, 10);
	assert_int_equal(config->author_threshold, 1);
	assert_int_equal(config->trigger_after_s, 3600);
	assert_int_equal(config->poll_s, 0);
	config_free(config);
	assert_int_equal(load("author_threshold: 2", &config, &error), 0);
	assert_int_equal(config->author_threshold, 2);
	config_free(config);
	assert_int_equal(load("trigger_after_s: 0", &config, &error), 0);
	assert_int_equal(config->trigger_after_s, 0);
	config_free(config);
}

static void numbers_out_of_range_are_told_with_their_range(void **state)
{
	(void)state;
	expect_refused("heartbeat_s: 0", "heartbeat_s: must be 1..3600, is 0");
	expect_refused("heartbeat_s: -1", "heartbeat_s: must be 1..3600, is -1");
	expect_refused("heartbeat_s: 70000", "heartbeat_s: must be 1..3600, is 70000");
	expect_refused("author_threshold: 3", "author_threshold: must be 1..2, is 3");
	expect_refused("author_threshold: -1", "author_threshold: must be 1..2, is -1");
	expect_refused("trigger_after_s: -1", "trigger_after_s: must be 0..31536000, is -1");
	expect_refused("poll_s: -1", "poll_s: must be 0..604800, is -1");
}

static int setup(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_that_are_left_out_have_their_usual_values),
	    cmocka_unit_test(numbers_out_of_range_are_told_with_their_range),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
