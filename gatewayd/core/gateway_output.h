/*
 * gateway_output - what the gateway (gateway.h) wants done, as values that its driver pops and carries out.
 */
#ifndef GATEWAYD_CORE_GATEWAY_OUTPUT_H
#define GATEWAYD_CORE_GATEWAY_OUTPUT_H

#include "gatewayd/core/power.h"
#include "gatewayd/core/report_queue.h"
#include "gatewayd/core/types.h"

enum gateway_output_kind {
	GATEWAY_OUT_NONE,
	GATEWAY_OUT_STORE,   /* txn and the dirty sets; answer: gateway_stored() */
	GATEWAY_OUT_CONNECT, /* open the TLS session; answer: gateway_connected() or gateway_disconnected() */
	GATEWAY_OUT_DISCONNECT,
	GATEWAY_OUT_SEND_HELLO,
	GATEWAY_OUT_SEND_TIME_REQUEST, /* with a fresh nonce; answer: gateway_time() */
	GATEWAY_OUT_SEND_REGISTER,     /* the inventory as it stands */
	GATEWAY_OUT_SEND_HEARTBEAT,    /* number: the counter */
	GATEWAY_OUT_SEND_ANSWER,       /* campaign */
	GATEWAY_OUT_SEND_REPORT,       /* report */
	GATEWAY_OUT_SEND_ERROR,        /* code, text */
	GATEWAY_OUT_SEND_CHECK,        /* what is new? answer: gateway_director() or gateway_check_result() */
	GATEWAY_OUT_CHECK_SPACE,  /* campaign, number: bytes of all its files, held ones too; answer: gateway_space() */
	GATEWAY_OUT_FETCH,        /* campaign, file: from where it stopped; answer: gateway_blob() */
	GATEWAY_OUT_CANCEL_FETCH, /* all that is being fetched */
	GATEWAY_OUT_OPEN_MANIFEST, /* campaign: verify and convert the stored file; answer: gateway_manifest() */
	GATEWAY_OUT_PREPARE,       /* campaign: load profiles and images; answer: gateway_prepared() */
	GATEWAY_OUT_IDENTIFY,      /* read the identity of all ECUs; answer: gateway_identity() or
				      gateway_not_identified() each, gateway_identified() */
	GATEWAY_OUT_FLASH,         /* campaign, targets (mask): flash these, buses side by side */
	GATEWAY_OUT_INTENT_STORED, /* campaign, target: the erase may begin */
	GATEWAY_OUT_STOP_FLASH,    /* at safe points; targets (mask): these alone, 0 = all */
	GATEWAY_OUT_HOLD,          /* hold, on: send its frame cyclically from now on, or no more */
	GATEWAY_OUT_RELEASE,       /* campaign ended: its files may be dropped */
	GATEWAY_OUT_CHANGED, /* D-Bus properties changed: campaign index or 0xff, ecu index or 0xff, both 0xff: the
				manager */
	GATEWAY_OUT_ADDED,   /* a campaign appeared (campaign index) */
	GATEWAY_OUT_LOG,     /* once per fact: level, code, campaign, target, text */
};

enum gateway_log_level { GATEWAY_LOG_ERROR = 3, GATEWAY_LOG_WARNING = 4, GATEWAY_LOG_NOTICE = 5, GATEWAY_LOG_INFO = 6 };

/* the chief events, for the journal's catalog (systemd/gatewayd.catalog) */
enum gateway_event {
	GATEWAY_EVENT_NONE,
	GATEWAY_EVENT_OFFERED,
	GATEWAY_EVENT_INSTALLING,
	GATEWAY_EVENT_ERASING,
	GATEWAY_EVENT_VERIFIED,
	GATEWAY_EVENT_ATTEMPT_FAILED,
	GATEWAY_EVENT_NO_ATTEMPT_LEFT,
	GATEWAY_EVENT_DONE,
	GATEWAY_EVENT_ENDED_OTHERWISE,
	GATEWAY_EVENT_INCONSISTENT,
	GATEWAY_EVENT_DOCUMENT_REFUSED,
	GATEWAY_EVENT_SESSION_UP,
	GATEWAY_EVENT_SESSION_LOST,
	GATEWAY_EVENT_ECU_REPLACED,
};

struct gateway_dirty {
	uint32_t campaigns;    /* bit per index: row and its targets */
	uint32_t ecus;         /* bit per index */
	bool director;         /* version and digest; io stores the envelope it holds */
	bool time;             /* trusted time floor */
	bool parking;          /* what was learned of the vehicle's hours */
	bool power;            /* power_used(): of the budget of power */
	bool modes;            /* the whole table */
	bool rxswin;           /* the vehicle's software identification numbers */
	uint64_t report_first; /* reports appended: first..last, 0 = none */
	uint64_t report_last;
	uint64_t report_acked; /* delete up to here, 0 = none */
};

struct gateway_output {
	enum gateway_output_kind kind;
	uint64_t txn; /* STORE: its number; others: held back until this is durable, 0 = not held */
	struct gateway_dirty dirty;
	uint8_t campaign; /* index, 0xff none */
	uint8_t target;   /* index in the campaign, 0xff none */
	uint8_t ecu;
	uint32_t targets; /* mask */
	struct file_ref file;
	struct power_order hold; /* HOLD */
	struct report report;
	uint64_t number;
	unsigned code;
	enum gateway_log_level level;
	enum gateway_event event; /* LOG: what it tells of, if it is one of the chief events */
	char text[GATEWAY_TEXT_BYTES];
};

#endif
