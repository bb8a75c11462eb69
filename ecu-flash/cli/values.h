/*
 * values - numbers, identifiers and bytes as they are typed on the command line.
 */
#ifndef ECU_FLASH_CLI_VALUES_H
#define ECU_FLASH_CLI_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* decimal or 0x…; a leading 0 alone is not octal but a mistake. Return: whether it is one within the limits */
bool value_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);

#endif
