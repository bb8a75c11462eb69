/*
 * dtcs - trouble codes as lines and as JSON.
 */
#ifndef ECU_FLASH_CLI_DTCS_H
#define ECU_FLASH_CLI_DTCS_H

#include "common/json.h"

/* the codes of an answer to 19 02 or 19 0A, a line each: "P0123-45  2F  testFailed, confirmedDTC" */
void dtcs_text(const uint8_t *answer, size_t n);
/* an array; null if the answer is none */
void dtcs_json(struct json *json, const uint8_t *answer, size_t n);

#endif
