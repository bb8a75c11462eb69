/*
 * profile - how one kind of ECU wants to be flashed: addresses, timings, security, identifiers, and the sequence of
 * steps.
 *
 * Filled from YAML by ecu-flash/load/profile_load.h; profile_template_single_bank() gives the built-in sequence. Plain
 * data, copied freely. docs/profile.md is the reference of the YAML form.
 */
#ifndef ECU_FLASH_PROFILE_H
#define ECU_FLASH_PROFILE_H

#include "uds/can_node.h"

#define PROFILE_MAX_STEPS       32u
#define PROFILE_MAX_BUS_STEPS   8u
#define PROFILE_NAME_BYTES      64u
#define PROFILE_MAX_FINGERPRINT 64u

enum profile_supply { PROFILE_SUPPLY_KL30, PROFILE_SUPPLY_KL15, PROFILE_SUPPLY_KL15_HELD };

enum profile_security_algorithm { PROFILE_SECURITY_NONE, PROFILE_SECURITY_AES128_CMAC, PROFILE_SECURITY_XOR };

/* what the erase routine (31 FF00) takes: nothing, or addressAndLengthFormatIdentifier, address and length of a segment
 */
enum profile_erase_argument { PROFILE_ERASE_NONE, PROFILE_ERASE_ADDRESS_LENGTH };
/* what the check routine (31 0202) takes, over the bytes of all segments of the unit joined */
enum profile_check_argument { PROFILE_CHECK_NONE, PROFILE_CHECK_CRC32, PROFILE_CHECK_SHA256 };

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
	uint8_t data[32];
	uint8_t n_data;
	uint32_t wait_ms;
	uint8_t retries;         /* how often the step is tried again after a failure, 0..10 */
	bool point_of_no_return; /* from here on the ECU has no valid application until it is verified */
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

	uint8_t security_level; /* odd: the request-seed sub-function, 1..0x41 */
	enum profile_security_algorithm security_algorithm;
	char security_key_id[PROFILE_NAME_BYTES]; /* names a key of the device's or bench's key file, never the key */

	uint16_t did_hardware, did_serial, did_boot, did_application, did_data, did_fingerprint; /* 0 = not there */
	uint8_t fingerprint[PROFILE_MAX_FINGERPRINT];
	uint8_t n_fingerprint;

	uint16_t routine_preconditions, routine_erase, routine_check, routine_dependencies; /* 0 = not there */
	/* first byte of a routine's status record: 0 passed; this value, still running, ask with 31 03 (0 = no such
	 * value); all others failed. An answer without status record passes, but for the check routine, which has to
	 * say that the memory is right. */
	uint8_t routine_running_status;
	enum profile_erase_argument erase_argument;
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
};

/**
 * profile_template_single_bank() - defaults and the sequence of a single-bank ECU; addresses are zero
 *
 * Bus: 10 03, 31 0203 per target, 85 02, 28 03 01; after: 28 00 01, 85 01, 10 01, 14 FFFFFF. ECU: 10 02, 27, 2E F15A,
 * per unit 31 FF00, 34/36/37, 31 0202; 31 FF01, 11 01, wait for boot, read F181.
 */
void profile_template_single_bank(struct profile *profile);

/* Return: NULL if consistent, else what is wrong, in words (a static string) */
const char *profile_check(const struct profile *profile);

const char *flash_step_text(enum flash_step_kind kind); /* "erase", "transfer", … also the words of the YAML */
const char *bus_step_text(enum bus_step_kind kind);

#endif
