#include "ecu-flash/load/profile_yaml.h"

#define OPT                         CYAML_FLAG_OPTIONAL
#define INT(structure, key)         CYAML_FIELD_INT(#key, OPT, structure, key)
#define BOOL(structure, key)        CYAML_FIELD_BOOL(#key, OPT, structure, key)
#define WORD(structure, key)        CYAML_FIELD_STRING(#key, OPT, structure, key, 1)
#define ENUM(structure, key, words) CYAML_FIELD_ENUM(#key, OPT, structure, key, words, CYAML_ARRAY_LEN(words))
#define PART(key, fields)           CYAML_FIELD_MAPPING(#key, OPT, struct profile_yaml, key, fields)

/* the parts have no names of their own in the header: these stand for them */
typedef __typeof__(((struct profile_yaml *)0)->addressing) addressing_t;
typedef __typeof__(((struct profile_yaml *)0)->link) link_t;
typedef __typeof__(((struct profile_yaml *)0)->timing) timing_t;
typedef struct profile_yaml_security security_t;
typedef struct profile_yaml_decoding decoding_t;
typedef struct profile_yaml_status status_t;
typedef struct profile_yaml_part part_t;
typedef __typeof__(((struct profile_yaml *)0)->decoding) decodings_t;
typedef __typeof__(((struct profile_yaml *)0)->routine_status) statuses_t;
typedef __typeof__(((struct profile_yaml *)0)->dids) dids_t;
typedef __typeof__(((struct profile_yaml *)0)->routines) routines_t;
typedef __typeof__(((struct profile_yaml *)0)->memory) memory_t;
typedef __typeof__(((struct profile_yaml *)0)->estimate) estimate_t;

static const cyaml_strval_t form_words[] = {
    {"normal", ISOTP_NORMAL},
    {"normal-fixed", ISOTP_NORMAL_FIXED},
    {"extended", ISOTP_EXTENDED},
    {"mixed", ISOTP_MIXED},
};
static const cyaml_strval_t supply_words[] = {
    {"kl30", PROFILE_SUPPLY_KL30},
    {"kl15", PROFILE_SUPPLY_KL15},
    {"kl15_held", PROFILE_SUPPLY_KL15_HELD},
};
static const cyaml_strval_t algorithm_words[] = {
    {"none", PROFILE_SECURITY_NONE},
    {"aes-128-cmac", PROFILE_SECURITY_AES128_CMAC},
    {"xor", PROFILE_SECURITY_XOR},
    {"library", PROFILE_SECURITY_LIBRARY},
};
static const cyaml_strval_t erase_words[] = {
    {"none", PROFILE_ERASE_NONE},
    {"address-length", PROFILE_ERASE_ADDRESS_LENGTH},
    {"block", PROFILE_ERASE_BLOCK},
};
static const cyaml_strval_t check_words[] = {
    {"none", PROFILE_CHECK_NONE},
    {"crc32", PROFILE_CHECK_CRC32},
    {"sha256", PROFILE_CHECK_SHA256},
    {"signature", PROFILE_CHECK_SIGNATURE},
};
static const cyaml_strval_t coding_words[] = {
    {"ascii", PROFILE_CODING_ASCII},
    {"hex", PROFILE_CODING_HEX},
    {"bcd", PROFILE_CODING_BCD},
    {"uint", PROFILE_CODING_UINT},
};
static const cyaml_strval_t part_words[] = {
    {"bytes", PROFILE_PART_BYTES},
    {"date_yymmdd", PROFILE_PART_DATE_YYMMDD},
    {"date_yyyymmdd", PROFILE_PART_DATE_YYYYMMDD},
    {"tester_serial", PROFILE_PART_TESTER_SERIAL},
    {"shop_code", PROFILE_PART_SHOP_CODE},
};

static const cyaml_schema_field_t addressing_fields[] = {
    ENUM(addressing_t, form, form_words),
    INT(addressing_t, request),
    INT(addressing_t, response),
    INT(addressing_t, functional),
    INT(addressing_t, id_bits),
    INT(addressing_t, target_address),
    INT(addressing_t, source_address),
    INT(addressing_t, address_extension),
    INT(addressing_t, functional_address),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t link_fields[] = {
    BOOL(link_t, fd),        BOOL(link_t, brs),      INT(link_t, tx_dl),   WORD(link_t, pad),
    INT(link_t, block_size), INT(link_t, st_min_us), INT(link_t, n_as_ms), INT(link_t, n_ar_ms),
    INT(link_t, n_bs_ms),    INT(link_t, n_cr_ms),   CYAML_FIELD_END,
};
static const cyaml_schema_field_t timing_fields[] = {
    INT(timing_t, p2_ms),         INT(timing_t, p2_star_ms),    INT(timing_t, s3_ms),
    INT(timing_t, max_pending),   INT(timing_t, pending_max_s), INT(timing_t, answer_max_ms),
    INT(timing_t, busy_pause_ms), INT(timing_t, busy_repeats),  INT(timing_t, boot_wait_ms),
    INT(timing_t, boot_max_ms),   INT(timing_t, block_retries), CYAML_FIELD_END,
};
static const cyaml_schema_field_t security_fields[] = {
    INT(security_t, level), ENUM(security_t, algorithm, algorithm_words),
    WORD(security_t, key),  WORD(security_t, library),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t named_security_fields[] = {
    CYAML_FIELD_STRING("name", CYAML_FLAG_DEFAULT, security_t, name, 1),
    INT(security_t, level),
    ENUM(security_t, algorithm, algorithm_words),
    WORD(security_t, key),
    WORD(security_t, library),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t security_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, security_t, named_security_fields)};
static const cyaml_schema_field_t dids_fields[] = {
    INT(dids_t, hardware), INT(dids_t, serial),      INT(dids_t, boot), INT(dids_t, application),
    INT(dids_t, data),     INT(dids_t, fingerprint), CYAML_FIELD_END,
};
static const cyaml_schema_field_t decoding_fields[] = {
    ENUM(decoding_t, as, coding_words),
    INT(decoding_t, offset),
    INT(decoding_t, length),
    CYAML_FIELD_END,
};
#define DECODING(key) CYAML_FIELD_MAPPING(#key, OPT, decodings_t, key, decoding_fields)
static const cyaml_schema_field_t decodings_fields[] = {
    DECODING(hardware), DECODING(serial), DECODING(boot), DECODING(application), DECODING(data), CYAML_FIELD_END,
};
static const cyaml_schema_field_t part_fields[] = {
    CYAML_FIELD_ENUM("part", CYAML_FLAG_DEFAULT, part_t, part, part_words, CYAML_ARRAY_LEN(part_words)),
    WORD(part_t, hex),
    WORD(part_t, text),
    INT(part_t, length),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t part_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, part_t, part_fields)};
static const cyaml_schema_field_t status_fields[] = {
    WORD(status_t, success), WORD(status_t, running), INT(status_t, offset), BOOL(status_t, required), CYAML_FIELD_END,
};
#define STATUS(key) CYAML_FIELD_MAPPING(#key, OPT, statuses_t, key, status_fields)
static const cyaml_schema_field_t statuses_fields[] = {
    STATUS(erase),       STATUS(check), STATUS(dependencies), STATUS(switch_over),
    STATUS(switch_back), STATUS(other), CYAML_FIELD_END,
};
static const cyaml_schema_field_t routines_fields[] = {
    INT(routines_t, preconditions),
    INT(routines_t, erase),
    INT(routines_t, check),
    INT(routines_t, dependencies),
    INT(routines_t, switch_over),
    INT(routines_t, switch_back),
    INT(routines_t, running_status),
    INT(routines_t, erase_address_bytes),
    INT(routines_t, erase_length_bytes),
    INT(routines_t, first_block),
    INT(routines_t, block_bytes),
    BOOL(routines_t, erase_format_byte),
    ENUM(routines_t, erase_argument, erase_words),
    ENUM(routines_t, check_argument, check_words),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t memory_fields[] = {
    INT(memory_t, address_bytes),
    INT(memory_t, length_bytes),
    INT(memory_t, data_format),
    INT(memory_t, max_block),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t estimate_fields[] = {
    CYAML_FIELD_FLOAT("erase_ms_per_kib", OPT, estimate_t, erase_ms_per_kib),
    INT(estimate_t, program_us_per_block),
    CYAML_FIELD_END,
};

#define STEP struct profile_yaml_step
static const cyaml_schema_value_t nrc_schema = {CYAML_VALUE_INT(CYAML_FLAG_DEFAULT, int64_t)};

/* the keys of a step; @set: where they lie in @structure */
#define STEP_KEYS(structure, set)                                                                                 \
	CYAML_FIELD_STRING("session", OPT, structure, set session, 1),                                            \
	    CYAML_FIELD_STRING("reset", OPT, structure, set reset, 1),                                            \
	    CYAML_FIELD_STRING("use", OPT, structure, set use, 1), CYAML_FIELD_INT("id", OPT, structure, set id), \
	    CYAML_FIELD_STRING("data", OPT, structure, set data, 1),                                              \
	    CYAML_FIELD_INT("wait_ms", OPT, structure, set wait_ms),                                              \
	    CYAML_FIELD_INT("retries", OPT, structure, set retries),                                              \
	    CYAML_FIELD_BOOL("point_of_no_return", OPT, structure, set point_of_no_return),                       \
	    CYAML_FIELD_SEQUENCE_COUNT("accept_nrc", OPT | CYAML_FLAG_POINTER, structure, set accept_nrc,         \
				       set n_accept_nrc, &nrc_schema, 0, PROFILE_MAX_ACCEPTED)

static const cyaml_schema_field_t step_fields[] = {
    CYAML_FIELD_STRING("step", CYAML_FLAG_DEFAULT, STEP, step, 1),
    STEP_KEYS(STEP, ),
    CYAML_FIELD_END,
};
#define CHANGE struct profile_yaml_change
static const cyaml_schema_field_t change_fields[] = {
    WORD(CHANGE, at),
    WORD(CHANGE, after),
    WORD(CHANGE, before),
    WORD(CHANGE, remove),
    INT(CHANGE, nth),
    STEP_KEYS(CHANGE, set.),
    CYAML_FIELD_MAPPING_PTR("add", OPT | CYAML_FLAG_POINTER, CHANGE, add, step_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t change_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, CHANGE, change_fields)};
static const cyaml_schema_field_t bus_step_fields[] = {
    CYAML_FIELD_STRING("step", CYAML_FLAG_DEFAULT, STEP, step, 1),
    WORD(STEP, session),
    WORD(STEP, setting),
    WORD(STEP, control),
    INT(STEP, communication_type),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t step_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, STEP, step_fields)};
static const cyaml_schema_value_t bus_step_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, STEP, bus_step_fields)};

#define LIST(member, entry, max)                                                                                      \
	CYAML_FIELD_SEQUENCE_COUNT(#member, OPT | CYAML_FLAG_POINTER, struct profile_yaml, member, n_##member, entry, \
				   0, max)

static const cyaml_schema_field_t profile_fields[] = {
    CYAML_FIELD_STRING("name", CYAML_FLAG_DEFAULT, struct profile_yaml, name, 1),
    CYAML_FIELD_STRING("template", OPT, struct profile_yaml, template_name, 1),
    CYAML_FIELD_MAPPING("addressing", CYAML_FLAG_DEFAULT, struct profile_yaml, addressing, addressing_fields),
    PART(link, link_fields),
    PART(timing, timing_fields),
    ENUM(struct profile_yaml, supply, supply_words),
    PART(security, security_fields),
    LIST(securities, &security_schema, PROFILE_MAX_SECURITIES - 1),
    PART(dids, dids_fields),
    PART(decoding, decodings_fields),
    WORD(struct profile_yaml, fingerprint),
    LIST(fingerprint_parts, &part_schema, PROFILE_MAX_PARTS),
    PART(routines, routines_fields),
    PART(routine_status, statuses_fields),
    PART(memory, memory_fields),
    PART(estimate, estimate_fields),
    LIST(steps, &step_schema, PROFILE_MAX_STEPS),
    LIST(change_steps, &change_schema, PROFILE_MAX_STEPS),
    LIST(steps_back, &step_schema, PROFILE_MAX_BACK_STEPS),
    LIST(bus_before, &bus_step_schema, PROFILE_MAX_BUS_STEPS),
    LIST(bus_after, &bus_step_schema, PROFILE_MAX_BUS_STEPS),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t profile_yaml_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct profile_yaml, profile_fields)};
