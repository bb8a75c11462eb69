/* profile_priv - the parts of profile_check(): profile.c what the ECU is like, profile_sequence.c the lists of steps */
#ifndef ECU_FLASH_PROFILE_PRIV_H
#define ECU_FLASH_PROFILE_PRIV_H

#include "ecu-flash/profile.h"

/* Return: NULL, or what is wrong, in words (a static string) */
const char *profile_check_bus_steps(const struct bus_step *steps, uint8_t n);
const char *profile_check_sequence(const struct profile *p, struct profile_place *place);

#endif
