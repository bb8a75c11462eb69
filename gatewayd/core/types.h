/*
 * types - the plain values that gatewayd's cores exchange with gatewayd/io: documents, ECUs, states, codes, limits.
 *
 * Text fields are NUL-terminated and were validated by proto/. Wall-clock time is unix seconds, 0 = unknown.
 */
#ifndef GATEWAYD_CORE_TYPES_H
#define GATEWAYD_CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ecu-flash/flash_run.h"
#include "gatewayd/core/window.h"

#define GATEWAY_MAX_ECUS       32u
#define GATEWAY_MAX_CAMPAIGNS  8u
#define GATEWAY_MAX_TARGETS    32u
#define GATEWAY_MAX_UNITS      FLASH_MAX_UNITS
#define GATEWAY_MAX_CONDITIONS 8u
#define GATEWAY_MAX_FUNCTIONS  8u
#define GATEWAY_MAX_TEXTS      16u
#define GATEWAY_MAX_RXSWIN     16u
#define GATEWAY_MAX_INSTALLED  (GATEWAY_MAX_UNITS + 2u)
#define GATEWAY_NAME_BYTES     65u
#define GATEWAY_TEXT_BYTES     256u
#define GATEWAY_FUNCTION_BYTES 129u
#define GATEWAY_NEVER          UDS_NEVER

/* numeric values are those of proto/session.proto */
enum campaign_state {
	CAMPAIGN_NONE = 0,
	CAMPAIGN_OFFERED,
	CAMPAIGN_DOWNLOADING,
	CAMPAIGN_READY,
	CAMPAIGN_WAITING,
	CAMPAIGN_INSTALLING,
	CAMPAIGN_SUSPENDED,
	CAMPAIGN_ACTIVATING,
	CAMPAIGN_VERIFYING,
	CAMPAIGN_DONE,
	CAMPAIGN_ROLLING_BACK,
	CAMPAIGN_ROLLED_BACK,
	CAMPAIGN_INCONSISTENT,
	CAMPAIGN_DECLINED,
	CAMPAIGN_EXPIRED,
	CAMPAIGN_CANCELLED,
	CAMPAIGN_SUPERSEDED,
	CAMPAIGN_FAILED,
};

enum target_state {
	TARGET_NONE = 0,
	TARGET_PENDING,
	TARGET_PREPARED,
	TARGET_FLASHING,
	TARGET_FLASHED,
	TARGET_ACTIVATED,
	TARGET_VERIFIED,
	TARGET_FAILED,
	TARGET_RESTORED,
};

/* every reason why something is refused or fails, as reported upward; flash codes keep their numbers (1..99) */
enum gateway_code {
#define X(name, number, words) GATEWAY_CODE_##name = number,
#include "proto/codes.def"
#undef X
};
const char *gateway_code_name(unsigned code); /* "BAD_SIGNATURE"; "UNKNOWN" */
const char *gateway_code_words(unsigned code);

enum update_mode { MODE_NONE = 0, MODE_CLIENT, MODE_SERVER, MODE_NEGOTIATED }; /* as in metadata.proto */
enum urgency { URGENCY_NONE = 0, URGENCY_LOW, URGENCY_NORMAL, URGENCY_HIGH, URGENCY_CRITICAL };

/*
 * One table, mapping.def: the words of states, whether they are final, whether a campaign may still be cancelled, and
 * what other worlds call states and results: OMA DM's FUMO, LwM2M's object 5, the reason of a SUIT report, AUTOSAR's
 * UCM.
 */
struct result_info {
	unsigned fumo;    /* result code 200..599; 0 none yet */
	unsigned lwm2m;   /* /5/0/5, 0..11 */
	unsigned suit;    /* suit-report-result-reason, see suit_reason_name() */
	unsigned ucm;     /* UCMErrorDomain, 0 none */
	const char *name; /* "CORRUPT" */
	const char *words;
};
struct campaign_state_info {
	enum campaign_state state;
	const char *name; /* "waiting" */
	const char *words;
	bool final;
	bool cancellable;
	int lwm2m_state;                  /* LwM2M object 5, /5/0/3 */
	int fumo_state;                   /* OMA FUMO state 10..100 */
	const struct result_info *result; /* where there is no code */
	const char *ucm_state;            /* of its package manager: "kProcessing" */
};
struct target_state_info {
	enum target_state state;
	const char *name; /* "flashing" */
	int lwm2m_state;  /* of an instance of the advanced object, /33629/x/3 */
	int fumo_state;
	const struct result_info *result;
	const char *ucm_state; /* of the software package: "kTransferred"; "none" */
};
const struct campaign_state_info *campaign_state_info(enum campaign_state state);
const struct target_state_info *target_state_info(enum target_state state);
const char *target_state_name(enum target_state state);
/* what a campaign or an ECU in that state with that code has come to */
const struct result_info *result_of_campaign(enum campaign_state state, unsigned code);
const struct result_info *result_of_target(enum target_state state, unsigned code);
/* what a code alone comes to */
const struct result_info *result_of_code(unsigned code);
/* LwM2M's severity, /33629/x/11: 0 critical, 1 mandatory, 2 optional */
unsigned lwm2m_severity(enum urgency urgency);
const char *suit_reason_name(unsigned reason); /* "condition-failed", behind "suit-report-reason-" */

enum condition_kind {
	CONDITION_NONE = 0,
	CONDITION_IGNITION_OFF,
	CONDITION_STANDSTILL,
	CONDITION_BATTERY_MIN_MV,
	CONDITION_IGNITION_ON,
	CONDITION_GEAR_PARK,
	CONDITION_PARKING_BRAKE_SET,
	CONDITION_CHARGE_MIN_PERCENT,
	CONDITION_CHARGING,
};
/* what becomes of an ECU's flash when the driver returns in the middle of it; values of metadata.proto */
enum driver_return { DRIVER_RETURN_STOP = 0, DRIVER_RETURN_FINISH_INHIBITED = 2 };
struct condition {
	enum condition_kind kind;
	int64_t value;
};

struct file_ref {
	uint8_t sha256[32];
	uint64_t length; /* 0 = there is none */
};

/* what was committed on an ECU last: nothing below it is installed again */
struct release_floor {
	char hardware_id[GATEWAY_NAME_BYTES]; /* of the hardware that it holds for; "" = nothing was committed yet */
	uint64_t counter;
	char manifest_id[GATEWAY_NAME_BYTES];
	uint64_t manifest_version;
	uint8_t manifest_sha256[32]; /* of its signed payload */
};

/* the files of what an ECU runs, held to go back to: manifest, profile, units in their order */
struct installed {
	struct file_ref files[GATEWAY_MAX_INSTALLED];
	uint8_t n; /* 0 = not known: no campaign was done on it */
};

struct ecu_info {
	char name[GATEWAY_NAME_BYTES];
	char bus[GATEWAY_NAME_BYTES];
	struct flash_identity identity;
	bool present; /* answered when last asked */
	bool known;   /* has ever answered */
	bool erased;  /* an erase of it was begun by whichever campaign, and none has verified it since; durable */
	uint32_t rate_permille;     /* what its flashes took, of their estimate; 0 = none was measured; durable */
	struct release_floor floor; /* durable */
	struct installed installed; /* durable; of the last campaign that was done, not of one that is on its way */
};

/* from the manifest */
struct unit_doc {
	unsigned kind; /* UnitKind of metadata.proto */
	struct file_ref image;
	enum image_format format;
	uint64_t base_address;
	char expected_version[FLASH_VERSION_BYTES];
};
struct component_doc {
	char name[GATEWAY_NAME_BYTES];
	char hardware_ids[8][GATEWAY_NAME_BYTES];
	uint8_t n_hardware_ids;
	struct file_ref profile;
	struct unit_doc units[GATEWAY_MAX_UNITS];
	uint8_t n_units;
	struct condition conditions[GATEWAY_MAX_CONDITIONS];
	uint8_t n_conditions;
	enum driver_return driver_return;
	uint64_t release_counter;
	char functions_lost[GATEWAY_MAX_FUNCTIONS][GATEWAY_FUNCTION_BYTES]; /* in words for the driver */
	uint8_t n_functions_lost;
};
/* what the campaign is about, for the driver, in one language */
struct text_doc {
	char language[36]; /* tag of BCP 47: "de", "pt-BR" */
	char title[129];
	char body[2049];
};
/* a software identification number of UN R156: what identifies the software that matters to one regulation */
struct rxswin_doc {
	char regulation[17];
	char value[65];
};
struct manifest_doc {
	char id[GATEWAY_NAME_BYTES];
	uint64_t version;
	uint8_t payload_sha256[32]; /* to tell an equal version with other content */
	uint64_t use_before_unix_s;
	struct component_doc components[GATEWAY_MAX_TARGETS];
	uint8_t n_components;
	struct text_doc texts[GATEWAY_MAX_TEXTS];
	uint8_t n_texts;
	struct rxswin_doc rxswin[GATEWAY_MAX_RXSWIN]; /* that hold once it is installed */
	uint8_t n_rxswin;
};

/* the service that an update costs, as the driver and the backend are told of it; values are those of session.proto */
enum service_state {
	SERVICE_NONE = 0,
	SERVICE_ANNOUNCED, /* it will be lost at from_unix_s */
	SERVICE_LOST,
	SERVICE_BACK,
	SERVICE_CALLED_OFF, /* it was announced and not lost */
};
struct service_loss {
	enum service_state state;
	uint64_t from_unix_s; /* 0 = time was not trusted */
	uint32_t expected_s;  /* for how long, 0 = unknown */
};

/* from the director document */
struct target_doc {
	char ecu[GATEWAY_NAME_BYTES];
	char hardware_id[GATEWAY_NAME_BYTES];
	char serial_number[GATEWAY_NAME_BYTES]; /* "" = not said */
	char component[GATEWAY_NAME_BYTES];
	struct file_ref rollback; /* length 0: said to be none */
};
struct campaign_doc {
	char id[GATEWAY_NAME_BYTES];
	struct file_ref manifest;
	enum update_mode mode;
	enum urgency urgency;
	uint64_t window_start_unix_s;
	uint64_t window_end_unix_s;
	uint64_t deadline_unix_s; /* 0 = none */
	uint32_t retry_pause_s;   /* 0 = the gateway's own */
	struct window_recurrence recurring[WINDOW_MAX_RECURRING];
	uint8_t n_recurring;
	struct target_doc targets[GATEWAY_MAX_TARGETS];
	uint8_t n_targets;
	struct condition conditions[GATEWAY_MAX_CONDITIONS];
	uint8_t n_conditions;
	bool consent_required;
	char supersedes[4][GATEWAY_NAME_BYTES];
	uint8_t n_supersedes;
};
struct director_doc {
	uint64_t version;
	struct campaign_doc campaigns[GATEWAY_MAX_CAMPAIGNS];
	uint8_t n_campaigns;
};

#endif
