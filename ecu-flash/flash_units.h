/*
 * flash_units - whether an ECU's software units fit it and each other: known before anything is sent.
 */
#ifndef ECU_FLASH_FLASH_UNITS_H
#define ECU_FLASH_FLASH_UNITS_H

#include "ecu-flash/flash_run.h"

/**
 * flash_units_check() - the units of one job against the profile and against each other
 * @unit: set to the unit that is wrong (counted from 0)
 * @text: what is wrong, in words, when false
 *
 * A later unit that overlaps an earlier one would erase what was just checked. Return: whether they can be flashed.
 */
bool flash_units_check(const struct profile *profile, const struct flash_unit *units, uint8_t n_units, uint8_t *unit,
		       char *text, size_t n_text);

#endif
