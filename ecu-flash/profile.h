/*
 * profile - how one kind of ECU wants to be flashed: addresses, timings, security, identifiers, and the sequence of
 * steps.
 *
 * Filled from YAML by ecu-flash/load/profile_load.h; the templates give the built-in sequences. Plain data, copied
 * freely. docs/profile.md is the reference of the YAML form.
 *
 * A single-bank ECU has no valid application from its first erase until it is verified. A dual-bank ECU is written into
 * the bank that does not run, keeps its application until it is told to switch over, and can be switched back after
 * that: its point of no return lies at the switch-over, and `back` is the way back from it.
 */
#ifndef ECU_FLASH_PROFILE_H
#define ECU_FLASH_PROFILE_H

#include "uds/can_node.h"

#define PROFILE_MAX_STEPS       32u
#define PROFILE_MAX_BUS_STEPS   8u
#define PROFILE_NAME_BYTES      64u
#define PROFILE_MAX_FINGERPRINT 64u
#define PROFILE_MAX_BACK_STEPS  8u
#define PROFILE_MAX_SECURITIES  4u
#define PROFILE_MAX_PARTS       8u  /* of a fingerprint */
#define PROFILE_MAX_STATUS      4u  /* bytes of a status record that are compared */
#define PROFILE_MAX_ACCEPTED    4u  /* negative responses that a step bears */
#define PROFILE_WORD_BYTES      24u /* names within a profile */
#define PROFILE_LIBRARY_BYTES   33u

enum profile_banks { PROFILE_SINGLE_BANK, PROFILE_DUAL_BANK };

enum profile_supply { PROFILE_SUPPLY_KL30, PROFILE_SUPPLY_KL15, PROFILE_SUPPLY_KL15_HELD };

enum profile_security_algorithm {
	PROFILE_SECURITY_NONE,
	PROFILE_SECURITY_AES128_CMAC,
	PROFILE_SECURITY_XOR,
	PROFILE_SECURITY_LIBRARY, /* a shared object of the OEM: ecu-flash/load/seed_key_abi.h */
};

/* one way to unlock the ECU; a security step names which */
struct profile_security {
	char name[PROFILE_WORD_BYTES]; /* "" = the profile's usual one */
	uint8_t level;                 /* odd: the request-seed sub-function, 1..0x41 */
	enum profile_security_algorithm algorithm;
	char key_id[PROFILE_NAME_BYTES];     /* names a key of the device's or bench's key file, never the key */
	char library[PROFILE_LIBRARY_BYTES]; /* [A-Za-z0-9_-], looked up where the device or bench says */
};

/* what the erase routine (31 FF00) takes: nothing, address and length of each segment, or the unit's number */
enum profile_erase_argument { PROFILE_ERASE_NONE, PROFILE_ERASE_ADDRESS_LENGTH, PROFILE_ERASE_BLOCK };
/* what the check routine (31 0202) takes, over the bytes of all segments of the unit joined; the signature is the
 * author's, from the manifest, and the ECU alone can judge it */
enum profile_check_argument {
	PROFILE_CHECK_NONE,
	PROFILE_CHECK_CRC32,
	PROFILE_CHECK_SHA256,
	PROFILE_CHECK_SIGNATURE,
};

enum profile_routine {
	PROFILE_ROUTINE_ERASE,
	PROFILE_ROUTINE_CHECK,
	PROFILE_ROUTINE_DEPENDENCIES,
	PROFILE_ROUTINE_SWITCH_OVER,
	PROFILE_ROUTINE_SWITCH_BACK,
	PROFILE_ROUTINE_OTHER, /* of the steps `routine` */
	PROFILE_ROUTINES,
};

/* how the status record of a routine (what follows its identifier in the answer) is read: passed if the bytes at
 * @offset are @success, still running (31 03 asks on) if the first of them is @running, failed if neither */
struct profile_status {
	uint8_t offset;
	uint8_t success[PROFILE_MAX_STATUS];
	uint8_t n_success; /* 1..4 */
	uint8_t running;
	bool may_run;  /* there is such a value as @running */
	bool required; /* an answer too short to hold it has failed; else it has passed */
};

enum profile_did {
	PROFILE_DID_HARDWARE,
	PROFILE_DID_SERIAL,
	PROFILE_DID_BOOT,
	PROFILE_DID_APPLICATION,
	PROFILE_DID_DATA,
	PROFILE_DIDS,
};

/* ASCII: text without a leading count and padding, in hexadecimal if it is none; HEX: two digits a byte; BCD: the same,
 * with letters for what is no digit; UINT: decimal, of the last 8 bytes, the most significant first */
enum profile_coding { PROFILE_CODING_ASCII, PROFILE_CODING_HEX, PROFILE_CODING_BCD, PROFILE_CODING_UINT };

struct profile_decoding {
	enum profile_coding coding;
	uint8_t offset; /* of the identifier's data, bytes left out at its begin */
	uint8_t length; /* 0 = all that is left */
};

/* what a fingerprint is made of; texts and dates are the run's (struct flash_origin) */
enum profile_part_kind {
	PROFILE_PART_BYTES,
	PROFILE_PART_DATE_YYMMDD,   /* BCD, 3 bytes */
	PROFILE_PART_DATE_YYYYMMDD, /* BCD, 4 bytes */
	PROFILE_PART_TESTER_SERIAL, /* ASCII, @n bytes, cut or filled with spaces */
	PROFILE_PART_SHOP_CODE,     /* the same */
};

struct profile_part {
	enum profile_part_kind kind;
	uint8_t at; /* BYTES: where they begin in `fingerprint` */
	uint8_t n;  /* bytes that the part takes */
};

/* the physical part, executed for one ECU; those marked (unit) are repeated for each software unit */
enum flash_step_kind {
	FLASH_STEP_SESSION,      /* 10 xx, physical */
	FLASH_STEP_SECURITY,     /* 27 */
	FLASH_STEP_FINGERPRINT,  /* 2E */
	FLASH_STEP_ERASE,        /* 31 FF00, (unit): per segment or once, as the erase argument says */
	FLASH_STEP_TRANSFER,     /* 34 36 37, (unit): each segment */
	FLASH_STEP_CHECK_MEMORY, /* 31 0202, (unit) */
	FLASH_STEP_DEPENDENCIES, /* 31 FF01 */
	FLASH_STEP_RESET,        /* 11 xx */
	FLASH_STEP_WAIT_BOOT,    /* polls until the ECU answers */
	FLASH_STEP_READ_VERSION, /* 22, compared with the expected version */
	FLASH_STEP_ROUTINE,      /* 31 01 with `id` and `data` as given */
	FLASH_STEP_WRITE_DID,    /* 2E with `id` and `data` as given */
	FLASH_STEP_WAIT,         /* `wait_ms` */
	FLASH_STEP_SWITCH_OVER,  /* 31 0210 with `data`: the other bank runs after the next reset */
	FLASH_STEP_SWITCH_BACK,  /* 31 0211 with `data`: undoes it; in `back` alone */
};

/* the functional part, executed once a bus */
enum bus_step_kind {
	BUS_STEP_SESSION,       /* functional 10 xx */
	BUS_STEP_PRECONDITIONS, /* 31 0203 physically to each target */
	BUS_STEP_DTC_SETTING,   /* functional 85 01 on, 02 off */
	BUS_STEP_COMMUNICATION, /* functional 28 cc tt */
	BUS_STEP_CLEAR_DTC,     /* functional 14 FFFFFF */
};

struct flash_step {
	enum flash_step_kind kind;
	uint8_t sub_function; /* session or reset type; 0 = the kind's usual one (2 programming, 1 hard reset) */
	uint16_t id;          /* ROUTINE, WRITE_DID */
	uint8_t data[32];     /* ROUTINE, WRITE_DID, SWITCH_OVER, SWITCH_BACK */
	uint8_t n_data;
	uint8_t security; /* SECURITY: which of the profile's */
	uint32_t wait_ms;
	uint8_t retries;         /* how often the step is tried again after a failure, 0..10 */
	bool point_of_no_return; /* from here on the ECU has no valid application until it is verified */
	/* negative responses that are as good as a positive one: what the step wants is there already, or not needed */
	uint8_t accept_nrc[PROFILE_MAX_ACCEPTED];
	uint8_t n_accept_nrc;
};

struct bus_step {
	enum bus_step_kind kind;
	uint8_t sub_function;       /* session; 85: 1 on, 2 off; 28: control type */
	uint8_t communication_type; /* 28 */
};

struct profile {
	char name[PROFILE_NAME_BYTES];
	struct isotp_config link; /* with the ECU's addresses */
	struct can_node_functional functional;
	struct uds_timing timing;
	enum profile_supply supply;
	enum profile_banks banks;

	struct profile_security security[PROFILE_MAX_SECURITIES]; /* the first is the usual one */
	uint8_t n_security;                                       /* 1..4 */

	uint16_t did_hardware, did_serial, did_boot, did_application, did_data, did_fingerprint; /* 0 = not there */
	struct profile_decoding decoding[PROFILE_DIDS];
	uint8_t fingerprint[PROFILE_MAX_FINGERPRINT]; /* as written, or the bytes that parts of it name */
	uint8_t n_fingerprint;
	struct profile_part parts[PROFILE_MAX_PARTS];
	uint8_t n_parts; /* 0 = the fingerprint is fixed */

	/* 0 = not there */
	uint16_t routine_preconditions, routine_erase, routine_check, routine_dependencies;
	uint16_t routine_switch_over, routine_switch_back;
	/* of the template: success 00 and running 02 in the first byte; the check routine has to say that the memory is
	 * right, the others may answer without a status record */
	struct profile_status status[PROFILE_ROUTINES];
	enum profile_erase_argument erase_argument;
	uint8_t erase_address_bytes, erase_length_bytes; /* 0 = as address_bytes, length_bytes */
	bool erase_bare;                                 /* without addressAndLengthFormatIdentifier */
	uint32_t first_block;                            /* ERASE_BLOCK: the number of the first unit */
	uint8_t block_number_bytes;                      /* 1..4, the most significant first */
	enum profile_check_argument check_argument;
	uint8_t address_bytes;    /* of the memory address in 34 and 31, 1..5 */
	uint8_t length_bytes;     /* 1..4 */
	uint8_t data_format;      /* dataFormatIdentifier of 34; 0x00 */
	uint32_t max_block_bytes; /* cap on maxNumberOfBlockLength; 0 = what the ECU says */
	uint32_t boot_wait_ms;    /* silence after a reset before the first poll */
	uint32_t boot_max_ms;     /* the ECU must answer by then */
	uint8_t block_retries;    /* how often one TransferData block is repeated after a lost answer */

	/* for estimates */
	uint32_t erase_ms_per_kib_x100;
	uint32_t program_us_per_block;

	struct bus_step bus_before[PROFILE_MAX_BUS_STEPS];
	uint8_t n_bus_before;
	struct bus_step bus_after[PROFILE_MAX_BUS_STEPS];
	uint8_t n_bus_after;
	struct flash_step steps[PROFILE_MAX_STEPS];
	uint8_t n_steps;
	/* dual bank: what undoes a switch-over after which something failed; ends with the version as it was before */
	struct flash_step back[PROFILE_MAX_BACK_STEPS];
	uint8_t n_back;
};

/**
 * profile_template_single_bank() - defaults and the sequence of a single-bank ECU; addresses are zero
 *
 * Bus: 10 03, 31 0203 per target, 85 02, 28 03 01; after: 28 00 01, 85 01, 10 01, 14 FFFFFF. ECU: 10 02, 27, 2E F15A,
 * per unit 31 FF00, 34/36/37, 31 0202; 31 FF01, 11 01, wait for boot, read F181.
 */
void profile_template_single_bank(struct profile *profile);

/**
 * profile_template_dual_bank() - defaults and the sequence of an ECU with two banks; addresses are zero
 *
 * No bus part: the application goes on while the other bank is written. ECU: 10 03, 27, 2E F15A, per unit 31 FF00,
 * 34/36/37, 31 0202; 31 FF01, 31 0210 (point of no return), 11 01, wait for boot, read F181. Back: 10 03, 27, 31 0211,
 * 11 01, wait for boot, read F181.
 */
void profile_template_dual_bank(struct profile *profile);

/* whether the intent has to be durable before the step: from it on the ECU may be without a valid application */
bool profile_step_irreversible(const struct profile *profile, const struct flash_step *step);

/* the security that a step of kind SECURITY unlocks with */
const struct profile_security *profile_step_security(const struct profile *profile, const struct flash_step *step);
/* Return: the first security of this level, NULL if there is none */
const struct profile_security *profile_security_of_level(const struct profile *profile, uint8_t level);

/* Return: which routine a step of kind ERASE, CHECK_MEMORY, DEPENDENCIES, SWITCH_OVER, SWITCH_BACK or ROUTINE starts */
enum profile_routine profile_step_routine(const struct flash_step *step);
uint16_t profile_step_routine_id(const struct profile *profile, const struct flash_step *step);

#define PROFILE_FLAW_WHOLE 0xffu

/* what is wrong with a profile, and where: in words of its YAML form, all static strings */
struct profile_flaw {
	const char *words;
	const char *keys[2]; /* "timing.boot_max_ms": of those that the document has, the first; NULL = none */
	const char *list;    /* "steps", where it has none of them; NULL = none */
	uint8_t entry;       /* of @list, counted from 0; PROFILE_FLAW_WHOLE = none of them alone */
};

/* Return: NULL if consistent, else what is wrong, in words (a static string) */
const char *profile_check(const struct profile *profile);
/* Return: whether it is consistent; else @flaw says what is wrong and where */
bool profile_check_flaw(const struct profile *profile, struct profile_flaw *flaw);

const char *flash_step_text(enum flash_step_kind kind); /* "erase", "transfer", … also the words of the YAML */
const char *bus_step_text(enum bus_step_kind kind);

#endif
