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

/* a CAN identifier, hexadecimal as on the bus, with or without 0x. Return: whether it is one of at most 29 bits */
bool value_id(const char *text, uint32_t *id);

/* "7E0-7EF", or one identifier alone */
bool value_id_range(const char *text, uint32_t *first, uint32_t *last);

#endif
