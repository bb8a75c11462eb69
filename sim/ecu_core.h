/*
 * ecu_core - a virtual ECU: a UDS server with a boot loader and flash memory, as a pure core.
 *
 * Frames, confirmations and time go in; frames and wishes come out. The driver calls one door, then drains
 * ecu_core_pop_output() and ecu_core_pop_frame(), then re-arms a timer for ecu_core_deadline(). Early expiry is a
 * no-op.
 *
 * What it is like:
 * - It runs its application when there is a valid one, and its boot loader in the programming session or without one.
 * - Erasing makes the application invalid; a passed check routine (31 01 0202) that leaves no programmed byte
 * unchecked, with something programmed in the first region, makes it valid.
 * - 31 01 FF00 takes nothing (all flash regions); or ALFID, address, size, and erases every sector that the range
 *   touches; or one byte, the number of a flash region, the first being 0.
 * - 31 01 0202 takes nothing, or a CRC-32 over all bytes programmed since the last check, joined in ascending order, or
 *   ALFID, address, size, CRC-32 of one range. The status byte of routines is 00 passed, 01 failed, 02 still running.
 * - An application version is read from memory, is the CRC-32 of what is programmed, or a fixed text. Without a valid
 *   application F181 is answered with the text "none", so that an inventory of several DIDs in one request still works.
 * - With two banks, erase, download and check address the bank that does not run, while the application runs on in the
 *   extended session. A routine marks that bank as the one to boot at the next reset, if its check has passed; another
 *   goes back to the other bank while that still holds a valid application. The version is the running bank's.
 * - Upload (35) reads what runs, in regions that allow it.
 * - Unmet programming preconditions: NRC 22 to 10 02 and to 31 01 0203; low voltage: NRC 93 to all programming.
 *
 * The rules of the server side of ISO 14229 that it keeps are those of tests/unit/sim/.
 */
#ifndef SIM_ECU_CORE_H
#define SIM_ECU_CORE_H

#include "sim/ecu_memory.h"
#include "uds/isotp.h"
#include "uds/uds.h"

#define ECU_NEVER            UDS_NEVER
#define ECU_TEXT_BYTES       33u
#define ECU_MAX_DIDS         16u
#define ECU_MAX_DID_BYTES    64u
#define ECU_MAX_SEED_BYTES   16u
#define ECU_MAX_LEVELS       4u
#define ECU_MAX_DTCS         32u
#define ECU_MAX_ANSWER_BYTES 4095u
#define ECU_MAX_OUTSTANDING  128u
#define ECU_VERSION_NONE     "none"

enum ecu_version_from { ECU_VERSION_FIXED, ECU_VERSION_AT, ECU_VERSION_CRC32 };

/* F181; ECU_VERSION_AT takes up to 32 printable bytes, ended by 00 or FF, out of a memory region */
struct ecu_version {
	enum ecu_version_from from;
	char text[ECU_TEXT_BYTES];
	uint32_t address;
	uint8_t length;
};

struct ecu_did {
	uint16_t id;
	bool writable;
	bool secured;  /* writing needs unlocked security */
	uint8_t level; /* at this level; 0 = the first */
	uint8_t n;     /* a write must have this length */
	uint8_t bytes[ECU_MAX_DID_BYTES];
};

struct ecu_dtc {
	uint32_t code;  /* 24 bits */
	uint8_t status; /* as in the answer to 19; 0 = known, not set */
};

struct ecu_security {
	uint8_t level; /* odd: the request-seed sub-function; 0 = service 27 is not there and nothing is locked */
	/* beside the first level, which is for programming; one is unlocked at a time, attempts and delay are shared */
	uint8_t more_levels[ECU_MAX_LEVELS - 1];
	size_t n_more_levels;
	uint8_t seed_bytes; /* 1..16 */
	uint8_t max_attempts;
	uint64_t delay_us;
	bool delay_at_power_on; /* after every reset, not only after one that cut a running delay short */
};

struct ecu_timing {
	uint64_t p2_us;      /* announced, and kept; whole ms */
	uint64_t p2_star_us; /* whole 10 ms */
	uint64_t s3_us;
	uint64_t pending_margin_us;    /* how long before P2 and P2* run out NRC 78 is sent; at most half of each */
	uint64_t reset_us;             /* silence of a reset */
	uint64_t boot_switch_us;       /* from the request of the programming session to its answer */
	uint64_t erase_us_per_kib;     /* of each kibibyte begun */
	uint64_t erase_us_per_sector;  /* added */
	uint64_t program_us_per_block; /* of each 36 */
	uint64_t program_us_per_kib;   /* added, of the bytes written */
	uint64_t check_us_per_kib;
};

/* two banks of all flash regions, at the same addresses: the one that runs, and the one that is programmed */
struct ecu_banks {
	bool present;
	bool programming_session; /* erase, download and check are served there alone, not in the extended session, too
				   */
	uint16_t switch_over;     /* routines */
	uint16_t switch_back;
};

/* the application's own traffic; stops in the boot loader, while silenced by 28, and during a reset */
struct ecu_app_message {
	uint32_t id; /* 0 = none */
	bool extended_id;
	uint8_t dlc; /* 0..8; byte 0 counts */
	uint64_t period_us;
};

enum ecu_fault_kind {
	ECU_FAULT_DROP_ANSWERS, /* arg: how many of the next final answers are lost */
	ECU_FAULT_SILENT,       /* arg: ms during which nothing is received or sent */
	ECU_FAULT_RESET,        /* at once, without an answer */
	ECU_FAULT_WRONG_CRC,    /* arg 1 on, 0 off: the check routine fails */
	ECU_FAULT_STUCK_ERASE,  /* arg 1 on, 0 off: erasing never ends */
	ECU_FAULT_VOLTAGE_LOW,  /* arg 1 on, 0 off: NRC 93 to what programs */
	ECU_FAULT_NEGATIVE,     /* arg: service << 8 | nrc: the next request of that service is refused */
	ECU_FAULT_DTC,     /* arg: status << 24 | code, set unless 85 02 is in force; status 0: failed, confirmed */
	ECU_FAULT_PENDING, /* arg: a service, whose requests are answered with NRC 78 without end and not carried
			      out; 0 ends that, and refuses the one at hand with NRC 10 */
	ECU_FAULT_BLOCK_LENGTH,   /* arg: what 74 announces instead of the truth, ECU_BLOCK_LENGTH_TRUE ends that */
	ECU_FAULT_WRONG_SEQUENCE, /* arg: how many of the next answers of several frames have a wrong number in one */
	ECU_FAULT_WRONG_COUNTER,  /* arg: how many of the next answers to 36 echo a wrong counter */
	ECU_FAULT_WAIT, /* arg: ms during which requests of several frames get flow control WAIT; 0 ends that */
};

#define ECU_BLOCK_LENGTH_TRUE UINT32_MAX
#define ECU_MAX_TRIGGERS      8u

/* a fault that waits for its moment, and happens once */
struct ecu_trigger {
	enum ecu_fault_kind kind;
	uint32_t arg;
	uint8_t at_service; /* as a request of this service begins; 0 = at once */
	uint32_t after;     /* so many requests of the service pass before */
};

struct ecu_config {
	struct isotp_config link; /* as the ECU sees it: tx_id is the response identifier */
	uint32_t functional_id;   /* 0 = none */
	bool functional_extended_id;
	bool functional_has_address; /* extended and mixed: functional frames begin with functional_address, too */
	uint8_t functional_address;  /* else they are in normal form whatever the form of the link */
	uint32_t max_number_of_block_length; /* at least 3; counts the service identifier and the counter */
	bool fingerprint_required;           /* before 31 FF00 and 34: NRC 22 without */
	bool asynchronous_routines;          /* FF00 and 0202 answer at once with status 02, 31 03 asks */
	bool deauthenticates;                /* 29 00 is answered; else service 29 is not there */
	struct ecu_timing timing;
	struct ecu_security security;
	struct ecu_version version;
	struct ecu_app_message app_message;
	char hardware_number[ECU_TEXT_BYTES]; /* F191 */
	char serial_number[ECU_TEXT_BYTES];   /* F18C */
	char boot_version[ECU_TEXT_BYTES];    /* F180 */
	char data_version[ECU_TEXT_BYTES];    /* F182 */
	struct ecu_region regions[ECU_MAX_REGIONS];
	size_t n_regions;
	struct ecu_banks banks;
	struct ecu_did dids[ECU_MAX_DIDS]; /* beside the ones above; their bytes are what a new ECU holds */
	size_t n_dids;
	struct ecu_dtc dtcs[ECU_MAX_DTCS]; /* known codes, with what is set at power-on */
	size_t n_dtcs;
	uint8_t dtc_availability;                    /* the status bits that the ECU keeps */
	struct ecu_trigger faults[ECU_MAX_TRIGGERS]; /* armed at power-on */
	size_t n_faults;
};

/* Default times and sizes, no regions, no identifiers, security level 1 with a 16-byte seed. */
struct ecu_config ecu_config_default(void);

/* Return: NULL if consistent, else what is wrong, in words (a static string) */
const char *ecu_config_check(const struct ecu_config *config);

enum ecu_bank_mark {
	ECU_BANK_STAY,
	ECU_BANK_OVER,   /* by the switch-over: the other bank boots at the next reset */
	ECU_BANK_BACK,   /* by the switch-back: the same */
	ECU_BANK_CANCEL, /* a switch-over was taken back before its reset */
};

struct ecu_bank_state {
	bool app_valid;
	struct ecu_extents programmed;
	char factory_version[ECU_TEXT_BYTES];
};

/* what survives a reset beside the memory; the driver stores it whenever ECU_OUTPUT_STORE says so */
struct ecu_nonvolatile {
	/* of the only bank, or bank A */
	bool app_valid;
	struct ecu_extents programmed;
	char factory_version[ECU_TEXT_BYTES]; /* F181 until the first erase, where not empty */
	struct ecu_bank_state bank_b;
	uint8_t running_bank; /* 0 A, 1 B */
	enum ecu_bank_mark bank_mark;
	uint8_t fingerprint[ECU_MAX_DID_BYTES];
	uint8_t n_fingerprint;
	uint8_t failed_keys;                                /* wrong keys in a row */
	uint8_t did_bytes[ECU_MAX_DIDS][ECU_MAX_DID_BYTES]; /* in the order of the configuration's dids */
};

/* an ECU as it leaves the factory: no application, dids as configured */
struct ecu_nonvolatile ecu_nonvolatile_default(const struct ecu_config *config);

enum ecu_output_kind {
	ECU_OUTPUT_NONE,
	ECU_OUTPUT_SEED_WANTED, /* answer with ecu_core_seed() */
	ECU_OUTPUT_STORE,       /* ecu_core_nonvolatile() changed */
	ECU_OUTPUT_MEMORY,      /* bytes of the regions changed */
	ECU_OUTPUT_SESSION,     /* the session changed */
	ECU_OUTPUT_RESET,       /* a reset began */
};

/* one of the buffers in which answers wait for the link */
struct ecu_answer {
	uint8_t bytes[ECU_MAX_ANSWER_BYTES];
	size_t n; /* 0 = none */
};

enum ecu_routine_state { ECU_ROUTINE_NEVER, ECU_ROUTINE_RUNNING, ECU_ROUTINE_PASSED, ECU_ROUTINE_FAILED };
enum ecu_routine {
	ECU_ROUTINE_PRECONDITIONS,
	ECU_ROUTINE_ERASE,
	ECU_ROUTINE_CHECK,
	ECU_ROUTINE_DEPENDENCIES,
	ECU_ROUTINE_SWITCH_OVER,
	ECU_ROUTINE_SWITCH_BACK,
};
#define ECU_N_ROUTINES 6u

struct ecu_transfer {
	bool active;
	bool upload;
	uint32_t last_n; /* upload: bytes of the last block, which may be asked for again */
	const struct ecu_region *region;
	uint32_t address; /* of the next byte */
	uint32_t left;
	uint8_t counter; /* expected next */
	bool any;        /* a block was accepted: the previous counter may come again */
};

struct ecu_core {
	const struct ecu_config *config;
	struct ecu_nonvolatile nv;
	struct ecu_region regions_b[ECU_MAX_REGIONS]; /* the configuration's, of bank B */
	struct isotp link;
	uint8_t *rx_buf;
	size_t rx_cap;

	/* session and what hangs on it */
	enum uds_session session;
	uint8_t unlocked_level; /* 0 = locked */
	bool silenced;          /* 28 01 or 03 for normal messages */
	bool dtc_off;           /* 85 02 */
	bool fingerprint_written;
	uint64_t s3_deadline_us;

	/* security */
	uint8_t seed_level;
	uint8_t key[ECU_MAX_SEED_BYTES];
	uint8_t n_key;
	bool seed_open;
	uint64_t locked_until_us;

	/* the request being worked on */
	bool working;
	bool seed_awaited;
	bool functional; /* it came functionally */
	bool suppress;
	bool pending_sent;
	uint8_t sid;
	uint64_t finish_us;
	uint64_t next_pending_us;
	uint8_t then;         /* what happens when the work is done */
	uint8_t after_answer; /* what happens when the answer has left */
	enum uds_session next_session;
	bool stuck;

	/* answers on their way: 78, one to a request beside the one worked on, the final one */
	bool pending_due;
	struct ecu_answer side;
	struct ecu_answer answer;
	bool answer_due;
	uint8_t sending; /* which of them the link holds */
	uint8_t pending_pdu[3];
	bool receiving;                      /* a segmented request is coming in */
	uint8_t deferred[CAN_MSG_MAX_BYTES]; /* a functional request that waits until the last answer is confirmed */
	size_t deferred_n;

	/* programming */
	struct ecu_transfer transfer;
	struct ecu_extents unchecked;    /* programmed since the last check */
	struct ecu_extents last_checked; /* what the last check covered: it may be asked for again, its answer lost */
	enum ecu_routine_state routines[ECU_N_ROUTINES];
	enum ecu_routine background; /* the routine at work */
	bool background_runs;        /* it was answered already and runs by itself */
	uint64_t background_finish_us;
	bool check_whole; /* the check at work covers everything unchecked, else check_range */
	struct ecu_extent check_range;
	bool check_has_crc;
	uint32_t check_crc;

	/* power and faults */
	uint64_t up_at_us; /* end of a reset; ECU_NEVER while up */
	uint64_t silent_until_us;
	uint64_t wait_until_us; /* receptions are held; ECU_NEVER = they are not */
	bool preconditions;
	bool wrong_crc, stuck_erase, voltage_low;
	uint32_t drop_answers;
	uint8_t negative_sid, negative_nrc;
	uint8_t pending_sid;
	bool held; /* the request being worked on is pending without end */
	uint32_t block_length;
	uint32_t wrong_sequences, wrong_counters;
	bool wrong_next; /* the next consecutive frame gets a wrong number */
	struct ecu_trigger triggers[ECU_MAX_TRIGGERS];
	size_t n_triggers;
	struct ecu_dtc dtcs[ECU_MAX_DTCS]; /* those of the configuration first */
	size_t n_dtcs;

	/* the application's message */
	uint64_t app_due_us;
	bool app_frame_due;
	uint8_t app_count;

	/* frames handed out and not confirmed, oldest first: true = the link's */
	bool owners[ECU_MAX_OUTSTANDING];
	uint16_t owner_head;
	uint16_t n_outstanding;
	uint8_t outputs; /* bit set of enum ecu_output_kind */
};

/**
 * ecu_core_init() - an ECU that has just been powered up at @now_us
 * @config, @rx_buf: owned by the caller, live as long as the core; @rx_cap bounds requests and should be at least
 *                   max_number_of_block_length
 * @nv: copied
 */
void ecu_core_init(struct ecu_core *self, const struct ecu_config *config, const struct ecu_nonvolatile *nv,
		   uint8_t *rx_buf, size_t rx_cap, uint64_t now_us);

/* Return: true if the frame's identifier is one that this ECU listens to; false while a reset or a fault deafens it */
bool ecu_core_input(struct ecu_core *self, uint64_t now_us, const struct can_msg *msg);
/* the oldest frame handed out and not yet confirmed has left */
void ecu_core_confirm(struct ecu_core *self, uint64_t now_us);
void ecu_core_expire(struct ecu_core *self, uint64_t now_us);
uint64_t ecu_core_deadline(const struct ecu_core *self);
bool ecu_core_pop_frame(struct ecu_core *self, uint64_t now_us, struct can_msg *msg);
/* Return: what is wanted or has changed; ECU_OUTPUT_NONE when there is nothing more */
enum ecu_output_kind ecu_core_pop_output(struct ecu_core *self);

/* the level of ECU_OUTPUT_SEED_WANTED */
uint8_t ecu_core_seed_level(const struct ecu_core *self);

/**
 * ecu_core_seed() - answers ECU_OUTPUT_SEED_WANTED
 * @seed: security.seed_bytes random bytes, not all zero; @key: the key that belongs to it
 * @n_key: 1..16
 */
void ecu_core_seed(struct ecu_core *self, uint64_t now_us, const uint8_t *seed, const uint8_t *key, uint8_t n_key);

void ecu_core_set_preconditions(struct ecu_core *self, bool met);
void ecu_core_fault(struct ecu_core *self, uint64_t now_us, enum ecu_fault_kind kind, uint32_t arg);
/* Return: false if ECU_MAX_TRIGGERS wait already */
bool ecu_core_arm(struct ecu_core *self, uint64_t now_us, const struct ecu_trigger *trigger);

/* the bus was lost: nothing is outstanding any more, and what was being sent or received is dropped */
void ecu_core_reset_outstanding(struct ecu_core *self, uint64_t now_us);

const struct ecu_nonvolatile *ecu_core_nonvolatile(const struct ecu_core *self);
/* true while the boot loader runs */
bool ecu_core_in_boot(const struct ecu_core *self);
/* of the bank that runs */
bool ecu_core_app_valid(const struct ecu_core *self);
/* the CRC-32 of what is programmed in it, and the number of these bytes */
uint32_t ecu_core_crc32(const struct ecu_core *self);
uint64_t ecu_core_programmed_bytes(const struct ecu_core *self);
/* F181 as text, at most 32 bytes */
void ecu_core_version(const struct ecu_core *self, char out[ECU_TEXT_BYTES]);

#endif
