/* vecu_files - a folder for each test, and one small virtual ECU in YAML to which lines are added. */
#ifndef TESTS_VECU_FILES_H
#define TESTS_VECU_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/virtual_ecu_config.h"

static char dir[64];

static inline void path_in_dir(const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", dir, name);
}

static inline void write_text(const char *name, const char *text)
{
	char path[128];
	FILE *out;

	path_in_dir(name, path);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static const char small[] = "buses: [{name: b, port: can0}]\n"
			    "ecus:\n"
			    "  - name: x\n"
			    "    bus: b\n"
			    "    request_id: 0x100\n"
			    "    response_id: 0x101\n"
			    "    version_from: crc32\n"
			    "    memory: [{address: 0x1000, size: 0x2000}]\n";

/* @more: further lines of the ECU */
static inline struct vecu_setup *load(const char *more)
{
	struct vecu_setup *setup = NULL;
	struct yaml_error error;
	char path[128], text[1024];

	snprintf(text, sizeof(text), "%s%s", small, more);
	write_text("e.yaml", text);
	path_in_dir("e.yaml", path);
	if (vecu_setup_load(path, &setup, &error) != 0)
		fail_msg("%s", error.text);
	return setup;
}

static inline void refuses(const char *more, const char *expected)
{
	struct vecu_setup *setup = NULL;
	struct yaml_error error = {""};
	char path[128], text[1024];

	snprintf(text, sizeof(text), "%s%s", small, more);
	write_text("e.yaml", text);
	path_in_dir("e.yaml", path);
	assert_int_equal(vecu_setup_load(path, &setup, &error), 1);
	if (!strstr(error.text, expected))
		fail_msg("expected \"%s\" in \"%s\"", expected, error.text);
}

static inline int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int setup_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/vecu-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static inline int teardown_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_dir, teardown_dir)

#endif
