/*
 * options - the command line of ecu-flash, and its exit codes.
 */
#ifndef ECU_FLASH_CLI_OPTIONS_H
#define ECU_FLASH_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FLASH_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_BAD_INPUT = 3,
	EXIT_NO_BUS = 4,
	EXIT_NO_ANSWER = 5,
	EXIT_STOPPED = 130,
};

enum command { COMMAND_FLASH, COMMAND_INFO, COMMAND_VERIFY, COMMAND_IMAGE_SHOW, COMMAND_PROFILE_CHECK };

struct options {
	enum command command;
	const char *bus; /* "can0" or "unix:PATH" */
	const char *profile;
	const char *keys;
	const char *expect_version;
	uint64_t base;    /* of raw images */
	uint32_t bitrate; /* for estimates */
	uint32_t data_bitrate;
	bool json;
	bool trace;
	bool recover; /* the ECU may sit in its boot loader */
	char **files; /* images, or the one file that is looked at */
	int n_files;
};

/**
 * options_parse() - fills @options from the command line
 * Return: -1 to go on, else the exit code: help and version are printed on stdout, errors on stderr.
 */
int options_parse(struct options *options, int argc, char **argv);

#endif
