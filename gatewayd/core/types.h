/*
 * types - the plain values that gatewayd's cores exchange with gatewayd/io: documents, ECUs, limits.
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
#include "proto/mapping.h"

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

enum update_mode { MODE_NONE = 0, MODE_CLIENT, MODE_SERVER, MODE_NEGOTIATED }; /* as in metadata.proto */

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
