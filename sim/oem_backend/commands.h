/*
 * commands - what oemctl asks for, each a function from a request to an answer.
 */
#ifndef SIM_OEM_BACKEND_COMMANDS_H
#define SIM_OEM_BACKEND_COMMANDS_H

#include "common/json.h"
#include "sim/oem_backend/backend.h"
#include "sim/oem_backend/blobs.h"
#include "sim/oem_backend/json_read.h"

/* @answer: empty; holds one whole object afterwards */
void command_run(struct backend *backend, const struct json_read *request, struct json *answer);

/* replaces what the answer holds so far by {"ok":false,"error":…} */
void command_refuse(struct json *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void command_blob(struct json *answer, const struct blob_ref *ref);

/* commands_manifest.c */
#define MANIFEST_MAX_BYTES (1024u * 1024u)
void command_manifest_add(struct backend *backend, const struct json_read *request, struct json *answer);
/* Return: NULL with the answer written, if the authors' signatures or the content are not good; @name: for the answer
 */
Gu__Manifest *manifest_open(struct backend *backend, const char *name, const uint8_t *bytes, size_t n,
			    struct json *answer);
/* Return: whether the store holds all files that the manifest names; if not, the answer names the first missing one */
bool manifest_has_files(struct backend *backend, const Gu__Manifest *manifest, struct json *answer);

/* commands_intake.c */
void command_campaign_add(struct backend *backend, const struct json_read *request, struct json *answer);

/* commands_show.c */
void command_campaign_list(struct backend *backend, const struct json_read *request, struct json *answer);
void command_campaign_show(struct backend *backend, const struct json_read *request, struct json *answer);
void command_vehicle_list(struct backend *backend, const struct json_read *request, struct json *answer);
void command_vehicle_show(struct backend *backend, const struct json_read *request, struct json *answer);
void command_reports(struct backend *backend, const struct json_read *request, struct json *answer);

#endif
