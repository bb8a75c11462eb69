/*
 * flash_run - executes one ECU's part of the sequence over a uds_channel, as a pure core.
 *
 * Jobs: identify an ECU (read its identifiers), flash it, or verify it. The run places its requests on the channel
 * itself; whoever owns the channel drives the wire, then calls flash_run_advance(), then drains flash_run_pop_event().
 *
 * Irreversible steps: before the first request of an erase (and of any step marked point_of_no_return) the run gives
 * FLASH_EVENT_INTENT and waits for flash_run_intent_stored(): the intent must be durable before the ECU changes.
 * Without an answer the run gives up after 60 s; a key is waited for 30 s.
 *
 * Failures before that leave the ECU in its default session; failures after it leave it in its boot loader, and nothing
 * more is sent. A dual-bank ECU passes its point of no return when it is told to switch over: what fails after that
 * makes the run go the profile's way back, unless the ECU runs what it ran before by itself. If it says the version
 * that it said before, the result is `restored`, and it is not `erased`. A job of kind identify ends well only if each
 * identifier was answered, were it negatively: what is missing would look like another ECU's. A job of kind verify
 * reads the identifiers and compares the versions, in the session the ECU is in.
 *
 * A reset whose answer was lost is not taken for one: once the ECU answers again, its active session (F186) has to be
 * the default one, else it is reset again; an ECU that does not tell is reset once more. What stays unknown after that
 * is `verified` only if a version changed. So is a dual-bank ECU of which no version is expected: the version of before
 * does not show that the other bank runs, and ends as FLASH_WRONG_VERSION, with the way back.
 *
 * A job of kind flash may say which ECU it is for. The identifiers are read just before, and another ECU is left
 * alone: the run ends before its programming session. An ECU that does not tell them is not shown to be the one either;
 * only a recovery bears that, since the boot loader of an erased ECU often refuses to tell.
 */
#ifndef ECU_FLASH_FLASH_RUN_H
#define ECU_FLASH_FLASH_RUN_H

#include "ecu-flash/image.h"
#include "ecu-flash/profile.h"

#define FLASH_MAX_UNITS       8u
#define FLASH_VERSION_BYTES   65u
#define FLASH_SIGNATURE_BYTES 512u
#define FLASH_ORIGIN_BYTES    33u
#define FLASH_TEXT_BYTES      256u

/* who flashes, and when: for fingerprints that name it */
struct flash_origin {
	uint64_t unix_s;                        /* local time is the caller's choice; 0 = unknown: a date of zeros */
	char tester_serial[FLASH_ORIGIN_BYTES]; /* "" = unknown: spaces */
	char shop_code[FLASH_ORIGIN_BYTES];
};

struct flash_unit {
	const struct image *image;
	uint8_t sha256[32];       /* of the segments' bytes joined, for a check routine that takes it */
	const uint8_t *signature; /* the same, the author's; lives as long as the run */
	uint16_t n_signature;     /* 0..FLASH_SIGNATURE_BYTES */
	char expected_version[FLASH_VERSION_BYTES]; /* "" = any that can be read */
	uint16_t version_did; /* where it is read back; 0 = the profile's application DID. Of units that share a DID the
			       * last one with an expected version counts. */
};

enum flash_job_kind { FLASH_JOB_IDENTIFY, FLASH_JOB_FLASH, FLASH_JOB_VERIFY };

struct flash_job {
	enum flash_job_kind kind;
	const struct profile *profile;
	struct flash_unit units[FLASH_MAX_UNITS];
	uint8_t n_units; /* flash: 1..8; verify: 0..8; identify: ignored */
	/* the ECU may sit in its boot loader since an earlier run was cut off: silence and refusals of what comes
	 * before its programming session are tolerated */
	bool recovery;
	/* flash: the ECU that is meant, as its identifiers tell; "" = any */
	char hardware_id[FLASH_VERSION_BYTES];
	char serial_number[FLASH_VERSION_BYTES];
	struct flash_origin origin;
};

/* why a run failed; stable numbers, listed in docs/protocol.md */
enum flash_code {
	FLASH_OK = 0,
	FLASH_NO_ANSWER = 1,         /* the ECU never answered, or stopped answering */
	FLASH_NEGATIVE_RESPONSE = 2, /* nrc says which */
	FLASH_SECURITY_DENIED = 3,
	FLASH_PRECONDITIONS = 4, /* 31 0203 said no */
	FLASH_ERASE_FAILED = 5,
	FLASH_TRANSFER_FAILED = 6,
	FLASH_CHECK_FAILED = 7, /* the ECU's check of its memory failed */
	FLASH_DEPENDENCIES = 8,
	FLASH_BOOT_TIMEOUT = 9,
	FLASH_WRONG_VERSION = 10,
	FLASH_MALFORMED_ANSWER = 11,
	FLASH_BAD_BLOCK_LENGTH = 12, /* maxNumberOfBlockLength 0, 1 or 2 */
	FLASH_STOPPED = 13,          /* asked to stop before the first irreversible step */
	FLASH_KEY_UNAVAILABLE = 14,
	FLASH_TRANSPORT = 15,         /* the request could not be sent */
	FLASH_BUS_QUIET_REFUSED = 16, /* an ECU refused the functional part */
	FLASH_IMAGE_TOO_LARGE = 17,   /* a segment does not fit the profile's address or length format */
	FLASH_FOREIGN_TESTER = 18,    /* another tester uses the bus; nothing was erased */
	FLASH_WRONG_HARDWARE = 20,    /* not the hardware that the job is for, or not told; nothing was changed */
	FLASH_WRONG_SERIAL = 21,      /* the same with the serial number; 19 is a code of gatewayd */
};
const char *flash_code_text(enum flash_code code);

struct flash_identity {
	char hardware_id[FLASH_VERSION_BYTES];
	char serial_number[FLASH_VERSION_BYTES];
	char boot_version[FLASH_VERSION_BYTES];
	char application_version[FLASH_VERSION_BYTES];
	char data_version[FLASH_VERSION_BYTES];
};

enum flash_event_kind {
	FLASH_EVENT_NONE,
	FLASH_EVENT_STEP,     /* a step begins: step, unit */
	FLASH_EVENT_PROGRESS, /* bytes_done of bytes_total; at most one a block */
	FLASH_EVENT_NEED_KEY, /* seed; answer with flash_run_key() or flash_run_key_unavailable() */
	FLASH_EVENT_INTENT,   /* an irreversible step is next; answer with flash_run_intent_stored() */
	FLASH_EVENT_DONE,     /* all steps done; the result is complete */
	FLASH_EVENT_FAILED,   /* the result says where and why */
	FLASH_EVENT_RETRY,    /* information: a step or block is tried again, and why */
};

struct flash_event {
	enum flash_event_kind kind;
	enum flash_step_kind step;
	uint8_t step_index; /* in the profile's list */
	uint8_t unit;
	uint64_t bytes_done;
	uint64_t bytes_total;
	uint8_t level;
	uint8_t seed[64];
	uint8_t n_seed;
	enum flash_code code;
	uint8_t nrc;
	char text[96];
};

struct flash_result {
	enum flash_code code;
	enum flash_step_kind step; /* that failed */
	uint8_t unit;
	uint8_t sid; /* request that failed, 0 = none */
	uint8_t nrc;
	bool erased; /* the point of no return was passed: without a valid application, unless `verified` */
	/* dual bank: an erase of the bank that does not run was asked for, and no switch-over to it since. The running
	 * application is untouched, and the other bank holds nothing valid. */
	bool bank_erased;
	bool restored; /* failed after it, and shown to run what it ran before: has a valid application */
	bool put_off;  /* failed since the ECU answered NRC 78 beyond timing.max_pending or pending_max_us */
	bool verified; /* check, dependencies and version read-back all passed after boot */
	char text[FLASH_TEXT_BYTES];  /* words: what happened, to what */
	struct flash_identity before; /* application_version as read before the flash */
	struct flash_identity after;
	uint64_t payload_bytes; /* image bytes transferred, repeats not counted */
	uint64_t started_us;
	uint64_t ended_us;
	uint64_t transfer_us; /* in TransferData requests, from their start to their answers */
	uint32_t block_repeats;
};

#define FLASH_MAX_RUN_EVENTS 8u

/* why something was tried again, since the last progress: what comes of it may look different */
struct flash_cause {
	bool known;
	enum flash_step_kind step;
	uint8_t step_index;
	struct uds_event event; /* without its bytes */
};

/* All fields are private but `result` once the run is finished. */
struct flash_run {
	struct flash_job job;
	struct uds_channel *channel;
	struct flash_result result;
	uint8_t state;
	uint8_t stage;
	uint8_t phase; /* within the step */
	uint8_t step_index;
	uint8_t tries[PROFILE_MAX_STEPS]; /* of each step that failed */
	uint8_t unit;
	uint8_t resume_unit; /* where the next group of unit steps begins, after a return to the session step */
	uint8_t segment;
	uint8_t request_tries; /* lost answers to the request at hand */
	uint8_t routine_starts;
	bool routine_seen; /* the ECU showed that it took this start: an answer, 0x78, or running since */
	struct flash_cause cause;
	uint8_t wrong_keys;
	uint8_t key_delays;
	uint8_t quiet_index;
	bool begin_due; /* after the pause the step begins, else its request is sent */
	bool boot_polled;
	bool session_entered; /* a session other than the default one may be active through us */
	bool answered;        /* identify: something came back */
	bool stop_wanted;
	enum flash_code stop_code;
	bool going_back;      /* on the profile's way back: step_index is in that list */
	bool back_taken;      /* the ECU took the switch-back */
	bool rebooted;        /* it was reset since it was told to switch over */
	bool reset_unknown;   /* the answer to its last reset was lost, and nothing has shown since that it was reset */
	uint8_t resets_again; /* sent once more for that */
	uint8_t switches;     /* starts of the switch-over that the ECU did not refuse: 0 = it has not switched */
	const struct profile *quiet_profile; /* whose bus_before makes the bus quiet; NULL = the job's */
	bool quiet_again;                    /* after a reset, 85 and 28 are sent physically while others still flash */
	uint8_t block_counter;
	uint8_t block_tries;
	uint8_t block_shift; /* blocks were made smaller since whole ones did not get through */
	uint8_t segment_starts;
	uint32_t block_bytes; /* payload of one TransferData */
	uint32_t block_n;     /* of the block at hand */
	uint64_t segment_offset;
	uint64_t bytes_total;
	uint64_t bytes_base; /* of segments completed */
	uint64_t deadline_us;
	uint64_t boot_deadline_us;
	uint64_t routine_deadline_us;
	uint64_t request_us;
	uint64_t reset_us; /* when the ECU was last known not to be reset */
	struct flash_event events[FLASH_MAX_RUN_EVENTS];
	uint8_t event_head;
	uint8_t event_n;
	uint8_t n_scratch;
	uint8_t scratch[128]; /* the key; a version read back */
};

/* @job: copied; its profile and images live as long as the run. @channel: idle, attached to a node by the caller. */
void flash_run_init(struct flash_run *self, const struct flash_job *job, struct uds_channel *channel);
void flash_run_start(struct flash_run *self, uint64_t now_us);
/* drains the channel's events and moves on; also to be called at flash_run_deadline() */
void flash_run_advance(struct flash_run *self, uint64_t now_us);
uint64_t flash_run_deadline(const struct flash_run *self);
bool flash_run_pop_event(struct flash_run *self, struct flash_event *event);
void flash_run_key(struct flash_run *self, uint64_t now_us, const uint8_t *key, size_t n);
void flash_run_key_unavailable(struct flash_run *self, uint64_t now_us);
/* the same with the reason, at most 100 characters of it */
void flash_run_key_failed(struct flash_run *self, uint64_t now_us, const char *words);
void flash_run_intent_stored(struct flash_run *self, uint64_t now_us);
/* stop at the next safe point: at once before the first irreversible step, else after the ECU is verified */
void flash_run_stop(struct flash_run *self, uint64_t now_us);
/* the same for another reason than FLASH_STOPPED */
void flash_run_stop_because(struct flash_run *self, uint64_t now_us, enum flash_code code);
/* for the owner of the bus: a run that has not been started fails for what happened there; @sid, @nrc: 0 = none */
void flash_run_refuse(struct flash_run *self, uint64_t now_us, enum flash_code code, uint8_t sid, uint8_t nrc,
		      const char *words);
bool flash_run_started(const struct flash_run *self);
/* true from the first irreversible step on, until the ECU is restored */
bool flash_run_erased(const struct flash_run *self);
bool flash_run_finished(const struct flash_run *self);
const struct flash_result *flash_run_result(const struct flash_run *self);

#endif
