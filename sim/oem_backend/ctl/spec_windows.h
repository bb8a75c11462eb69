/*
 * spec_windows - the recurring windows of a campaign's spec: in its file, on the command line, and in the request to
 * the backend.
 *
 *   recurring:
 *     - {days: [mon, tue], start: "22:00", duration_s: 21600, time_zone: Europe/Berlin}
 */
#ifndef SIM_OEM_BACKEND_CTL_SPEC_WINDOWS_H
#define SIM_OEM_BACKEND_CTL_SPEC_WINDOWS_H

#include "common/json.h"
#include "sim/oem_backend/ctl/spec.h"

#define SPEC_MAX_RECURRING 8u

extern const cyaml_schema_value_t spec_recurrence_schema;

/* "days=mon+tue,start=22:00,duration_s=21600,time_zone=Europe/Berlin"; Return: NULL, or what is wrong */
const char *spec_add_recurrence(struct spec *spec, const char *text);
/* of one from the file. Return: NULL, or what is wrong with its start */
const char *spec_check_recurrence(const struct spec_recurrence *recurrence);
/* seconds, at most a day. Return: NULL, or what is wrong */
const char *spec_set_retry_pause(struct spec *spec, const char *text);
void spec_write_recurring(const struct spec *spec, struct json *request);

#endif
