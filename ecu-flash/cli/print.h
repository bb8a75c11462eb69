/*
 * print - results on standard output, whole or not at all.
 */
#ifndef ECU_FLASH_CLI_PRINT_H
#define ECU_FLASH_CLI_PRINT_H

#include "common/json.h"

/* the text on a line of its own; ends the writer's life. Return: EXIT_DONE, or EXIT_FLASH_FAILED without memory */
int print_json(struct json *json);

#endif
