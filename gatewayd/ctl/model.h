/*
 * model - what gatewayd shows on D-Bus, as plain structs: the vehicle, its campaigns with their ECUs, the inventory.
 *
 * Fixed arrays; what a daemon shows beyond their limits is counted in model.n_left_out and not kept. Texts are
 * NUL-terminated, cut to their field, and free of control characters, so that they can be written to a terminal.
 */
#ifndef GATEWAYD_CTL_MODEL_H
#define GATEWAYD_CTL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_MAX_CAMPAIGNS 32u
#define MODEL_MAX_TARGETS   64u
#define MODEL_MAX_ECUS      64u
#define MODEL_NAME_BYTES    65u
#define MODEL_TEXT_BYTES    256u
#define MODEL_BODY_BYTES    2049u
#define MODEL_MAX_FUNCTIONS 32u

/* docs/mapping.md: numbers, and names in other worlds */
struct model_mapping {
	uint64_t code;
	uint64_t fumo_state, fumo_result;
	uint64_t lwm2m_state, lwm2m_result, lwm2m_severity, lwm2m_max_defer_s;
	uint64_t suit_reason;
	char suit_reason_name[MODEL_NAME_BYTES];
	char ucm_state[MODEL_NAME_BYTES]; /* empty from an older daemon, which tells none of these */
	uint64_t ucm_error;
};

struct model_manager {
	char vehicle_id[MODEL_NAME_BYTES];
	char version[MODEL_NAME_BYTES];
	char session[MODEL_NAME_BYTES];
	char ignition[MODEL_NAME_BYTES];
	double speed_kmh;        /* below 0: unknown */
	uint32_t battery_mv;     /* 0: unknown */
	uint64_t trusted_unix_s; /* 0: not trusted */
	uint64_t director_version;
	uint32_t pending_reports;
	bool diagnostics_locked;
};

/* one ECU of a campaign */
struct model_target {
	char name[MODEL_NAME_BYTES];
	char state[MODEL_NAME_BYTES];
	char step[MODEL_TEXT_BYTES]; /* empty unless it is being flashed */
	uint64_t bytes_done;
	uint64_t bytes_total;
	char code[MODEL_NAME_BYTES];
	char text[MODEL_TEXT_BYTES];
	char old_version[MODEL_NAME_BYTES];
	char new_version[MODEL_NAME_BYTES];
	uint64_t payload_bytes;
	uint64_t duration_ms;
	uint64_t transfer_ms;
	uint64_t estimate_ms;            /* 0: unknown */
	struct model_mapping mapping;    /* without severity and defer period */
	char evidence[MODEL_NAME_BYTES]; /* none, self_reported, authenticated; empty from an older daemon */
};

struct model_campaign {
	char id[MODEL_NAME_BYTES];
	char state[MODEL_NAME_BYTES];
	char code[MODEL_NAME_BYTES];
	char text[MODEL_TEXT_BYTES];
	char answer[MODEL_NAME_BYTES];
	uint64_t window_start_unix_s;
	uint64_t window_end_unix_s;
	uint64_t start_unix_s; /* 0: none */
	uint64_t bytes_held;
	uint64_t bytes_total;
	char urgency[MODEL_NAME_BYTES];
	char mode[MODEL_NAME_BYTES]; /* empty: an older gatewayd does not tell */
	bool consent_required;
	bool consent_given;
	uint64_t postponed_until_unix_s; /* 0: not postponed by the driver */
	uint64_t postpone_latest_unix_s; /* 0: it cannot be */
	/* for the driver, in the language that model_language() likes best; empty if the author wrote nothing */
	char language[MODEL_NAME_BYTES];
	char title[MODEL_TEXT_BYTES];
	char body[MODEL_BODY_BYTES];
	char functions_lost[MODEL_MAX_FUNCTIONS][MODEL_TEXT_BYTES];
	size_t n_functions_lost;
	struct model_mapping mapping;
	struct model_target targets[MODEL_MAX_TARGETS];
	size_t n_targets;
};

struct model_ecu {
	char name[MODEL_NAME_BYTES];
	char bus[MODEL_NAME_BYTES];
	bool present;
	char hardware_id[MODEL_NAME_BYTES];
	char serial_number[MODEL_NAME_BYTES];
	char boot_version[MODEL_NAME_BYTES];
	char application_version[MODEL_NAME_BYTES];
	char data_version[MODEL_NAME_BYTES];
};

struct model {
	struct model_manager manager;
	struct model_campaign campaigns[MODEL_MAX_CAMPAIGNS];
	size_t n_campaigns;
	struct model_ecu ecus[MODEL_MAX_ECUS];
	size_t n_ecus;
	size_t n_left_out;
};

/* nothing known: speed, battery and time unknown, no campaigns, no ECUs */
void model_clear(struct model *self);
/* Return: the campaign, or NULL */
struct model_campaign *model_campaign(struct model *self, const char *id);
/* Return: the campaign, made if it was not there; NULL beyond the limit */
struct model_campaign *model_campaign_add(struct model *self, const char *id);
void model_campaign_remove(struct model *self, const char *id);
/*
 * model_language() - how well a text in @language suits a reader of @wanted: 3 the same, 2 the same but for the region,
 * 1 English, 0 any. @wanted: as in $LANG ("de_AT.UTF-8"), NULL or "" = nothing is wanted
 */
int model_language(const char *wanted, const char *language);
struct model_ecu *model_ecu_add(struct model *self, const char *name);
void model_ecu_remove(struct model *self, const char *name);

/* copies @text, cut at a character to fit @n bytes, each control character (C0, DEL, C1) made a '?' */
void model_text(char *out, size_t n, const char *text);

#endif
