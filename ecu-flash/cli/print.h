/*
 * print - results on standard output, whole or not at all.
 */
#ifndef ECU_FLASH_CLI_PRINT_H
#define ECU_FLASH_CLI_PRINT_H

#include "common/json.h"
#include "ecu-flash/cli/options.h"

/* "exit_code", for a verb whose own result is @code, and "log_error", null without one */
void print_status(struct json *json, const struct options *options, int code);

/* the text on a line of its own; ends the writer's life. Return: EXIT_DONE, or EXIT_FLASH_FAILED without memory */
int print_json(struct json *json);

#endif
