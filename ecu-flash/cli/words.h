/*
 * words - steps, sizes and times as people read them.
 */
#ifndef ECU_FLASH_CLI_WORDS_H
#define ECU_FLASH_CLI_WORDS_H

#include <stddef.h>

#include "ecu-flash/profile.h"

#define WORDS_BYTES 240u

/* "31 FF00 erase, each segment by address (4 bytes) and length (4 bytes); passed if the status is 00, running if 02" */
void words_step(const struct profile *profile, const struct flash_step *step, char out[WORDS_BYTES]);
void words_bus_step(const struct profile *profile, const struct bus_step *step, char out[WORDS_BYTES]);
/* "7E0/7E8, functional 7DF" */
void words_addressing(const struct profile *profile, char out[WORDS_BYTES]);
/* "240 364" */
void words_count(uint64_t n, char out[WORDS_BYTES]);
/* "850 ms", "12.3 s", "4 min 05 s" */
void words_time(uint64_t ms, char out[WORDS_BYTES]);

#endif
