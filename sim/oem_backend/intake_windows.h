/*
 * intake_windows - the recurring windows of a campaign, from oemctl's request into its message, and the features that
 * it then asks of its reader.
 */
#ifndef SIM_OEM_BACKEND_INTAKE_WINDOWS_H
#define SIM_OEM_BACKEND_INTAKE_WINDOWS_H

#include "common/json.h"
#include "metadata.pb-c.h"
#include "sim/oem_backend/json_read.h"

#define INTAKE_MAX_RECURRING 8u
#define INTAKE_MAX_FEATURES  4u

/* what the message's pointers point to */
struct intake_windows {
	Gu__Recurrence recurring[INTAKE_MAX_RECURRING];
	Gu__Recurrence *list[INTAKE_MAX_RECURRING];
	char zones[INTAKE_MAX_RECURRING][65];
	char names[INTAKE_MAX_FEATURES][24];
	char *features[INTAKE_MAX_FEATURES];
};

/**
 * intake_windows_read() - fills the campaign's windows and the features that they ask of its reader
 *
 * Their limits are checked with the rest of the document, before it is signed.
 *
 * Return: NULL, or what is wrong
 */
const char *intake_windows_read(const struct json_read *request, Gu__Campaign *campaign, struct intake_windows *self);

/* what it asks of its reader, once; after intake_windows_read(). A vehicle that does not know it shall refuse it */
void intake_feature(Gu__Campaign *campaign, struct intake_windows *self, const char *name);

/* `recurring` of the object that describes the campaign */
void intake_windows_show(const Gu__Campaign *campaign, struct json *answer);

#endif
