/*
 * print - results on standard output, whole or not at all.
 */
#ifndef ECU_FLASH_CLI_PRINT_H
#define ECU_FLASH_CLI_PRINT_H

#include "common/json.h"
#include "ecu-flash/cli/options.h"

/* "exit_code", for a verb whose own result is @code, and "log_error", null without one */
void print_status(struct json *json, const struct options *options, int code);

/* "error": what went wrong and what to try, null where @text is */
void print_error(struct json *json, const char *text, const char *advice);

/**
 * print_failure() - the end of a verb that comes to no result: a file is wrong, or we are
 * @code: of the verb
 *
 * "ecu-flash: " and the words on stderr; with --json also an object with command, exit_code and error.
 * Return: @code
 */
int print_failure(const struct options *options, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* the text on a line of its own; ends the writer's life. Return: EXIT_DONE, or EXIT_FLASH_FAILED without memory */
int print_json(struct json *json);

#endif
