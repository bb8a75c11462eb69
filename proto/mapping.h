/*
 * mapping - states of campaigns and ECUs, codes, and what other worlds call them: OMA DM's FUMO, LwM2M's object 5, the
 * reason of a SUIT report, AUTOSAR's UCM. Gateway and backend both take them from here.
 *
 * Two tables: codes.def has the codes, mapping.def the words of states, whether they are final, whether a campaign may
 * still be cancelled, and what states and codes are elsewhere. docs/mapping.md shows the latter and says which
 * documents are meant. Plain values: whoever includes this needs no protobuf-c.
 */
#ifndef PROTO_MAPPING_H
#define PROTO_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

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
enum urgency {
	URGENCY_NONE = 0,
	URGENCY_LOW,
	URGENCY_NORMAL,
	URGENCY_HIGH,
	URGENCY_CRITICAL
}; /* as in metadata.proto */

/* every reason why something is refused or fails, as reported upward; flash codes keep their numbers (1..99) */
enum gateway_code {
#define X(name, number, words) GATEWAY_CODE_##name = number,
#include "proto/codes.def"
#undef X
};
const char *gateway_code_name(unsigned code); /* "BAD_SIGNATURE"; "UNKNOWN" */
const char *gateway_code_words(unsigned code);

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

#endif
