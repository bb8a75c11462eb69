/*
 * commands - what oemctl asks for, each a function from a request to an answer.
 */
#ifndef SIM_OEM_BACKEND_COMMANDS_H
#define SIM_OEM_BACKEND_COMMANDS_H

#include "common/json.h"
#include "sim/oem_backend/backend.h"
#include "sim/oem_backend/blobs.h"
#include "sim/oem_backend/json_read.h"
#include "sim/oem_backend/strategy.h"

/* @answer: empty; holds one whole object afterwards */
void command_run(struct backend *backend, const struct json_read *request, struct json *answer);

/* replaces what the answer holds so far by {"ok":false,"error":…} */
void command_refuse(struct json *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void command_blob(struct json *answer, const struct blob_ref *ref);

/* as campaign-cancel; Return: whether it was done */
bool command_take_back(struct backend *backend, const char *campaign);

/* commands_manifest.c */
#define MANIFEST_MAX_BYTES (1024u * 1024u)
void command_manifest_add(struct backend *backend, const struct json_read *request, struct json *answer);
/* a whole file, allocated. Return: 0 or -errno */
int manifest_read_file(const char *path, uint8_t **bytes, size_t *n);
/* Return: NULL with the answer written, if the authors' signatures or the content are not good; @name: for the answer
 */
Gu__Manifest *manifest_open(struct backend *backend, const char *name, const uint8_t *bytes, size_t n,
			    struct json *answer);
/* Return: whether the store holds all files that the manifest names; if not, the answer names the first missing one */
bool manifest_has_files(struct backend *backend, const Gu__Manifest *manifest, struct json *answer);

/* commands_intake.c */
/* what command_campaign_add() would refuse before it signs; Return: false with the answer written */
bool campaign_try(struct backend *backend, const struct json_read *request, struct json *answer);
void command_campaign_add(struct backend *backend, const struct json_read *request, struct json *answer);

/* commands_strategy.c */
struct campaign_decision {
	char rule[65];                /* that decided; empty: none */
	char why[STRATEGY_WHY_BYTES]; /* in words */
	int fixed_mode; /* of its ECUs, by the table that vehicles are told; with another one they decline */
};
/**
 * campaign_decide() - urgency, mode, consent, deadline and retry pause of a campaign whose targets are set: what the
 * request says, else what the strategy makes of the manifest
 * @manifest: NULL is one that says nothing
 * Return: false with the answer written, if the request is wrong.
 */
bool campaign_decide(struct backend *backend, const struct json_read *request, const Gu__Manifest *manifest,
		     Gu__Campaign *campaign, struct campaign_decision *decision, struct json *answer);
void command_strategy_show(struct backend *backend, const struct json_read *request, struct json *answer);
void command_strategy_test(struct backend *backend, const struct json_read *request, struct json *answer);

/* commands_rollout_show.c */
struct rollout;
/* the roll-out that the request names; Return: whether there is one; if not, the answer says so */
bool command_rollout_find(struct backend *backend, const struct json_read *request, struct rollout *rollout,
			  struct json *answer);

/* commands_rollout.c */
void command_rollout_create(struct backend *backend, const struct json_read *request, struct json *answer);
void command_rollout_list(struct backend *backend, const struct json_read *request, struct json *answer);
void command_rollout_show(struct backend *backend, const struct json_read *request, struct json *answer);
void command_rollout_pause(struct backend *backend, const struct json_read *request, struct json *answer);
void command_rollout_resume(struct backend *backend, const struct json_read *request, struct json *answer);
void command_rollout_cancel(struct backend *backend, const struct json_read *request, struct json *answer);

/* commands_show.c */
void command_campaign_list(struct backend *backend, const struct json_read *request, struct json *answer);
void command_campaign_show(struct backend *backend, const struct json_read *request, struct json *answer);
void command_vehicle_list(struct backend *backend, const struct json_read *request, struct json *answer);
void command_vehicle_show(struct backend *backend, const struct json_read *request, struct json *answer);
void command_reports(struct backend *backend, const struct json_read *request, struct json *answer);

#endif
