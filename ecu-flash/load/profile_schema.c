#include "ecu-flash/load/profile_yaml.h"

#define OPT                         CYAML_FLAG_OPTIONAL
#define UINT(structure, key)        CYAML_FIELD_UINT(#key, OPT, structure, key)
#define BOOL(structure, key)        CYAML_FIELD_BOOL(#key, OPT, structure, key)
#define WORD(structure, key)        CYAML_FIELD_STRING(#key, OPT, structure, key, 1)
#define ENUM(structure, key, words) CYAML_FIELD_ENUM(#key, OPT, structure, key, words, CYAML_ARRAY_LEN(words))
#define PART(key, fields)           CYAML_FIELD_MAPPING(#key, OPT, struct profile_yaml, key, fields)

/* the parts have no names of their own in the header: these stand for them */
typedef __typeof__(((struct profile_yaml *)0)->addressing) addressing_t;
typedef __typeof__(((struct profile_yaml *)0)->link) link_t;
typedef __typeof__(((struct profile_yaml *)0)->timing) timing_t;
typedef __typeof__(((struct profile_yaml *)0)->security) security_t;
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
};
static const cyaml_strval_t erase_words[] = {
    {"none", PROFILE_ERASE_NONE},
    {"address-length", PROFILE_ERASE_ADDRESS_LENGTH},
};
static const cyaml_strval_t check_words[] = {
    {"none", PROFILE_CHECK_NONE},
    {"crc32", PROFILE_CHECK_CRC32},
    {"sha256", PROFILE_CHECK_SHA256},
};

static const cyaml_schema_field_t addressing_fields[] = {
    ENUM(addressing_t, form, form_words), UINT(addressing_t, request),           UINT(addressing_t, response),
    UINT(addressing_t, functional),       UINT(addressing_t, id_bits),           UINT(addressing_t, target_address),
    UINT(addressing_t, source_address),   UINT(addressing_t, address_extension), CYAML_FIELD_END,
};
static const cyaml_schema_field_t link_fields[] = {
    BOOL(link_t, fd),         BOOL(link_t, brs),       UINT(link_t, tx_dl),   WORD(link_t, pad),
    UINT(link_t, block_size), UINT(link_t, st_min_us), UINT(link_t, n_as_ms), UINT(link_t, n_ar_ms),
    UINT(link_t, n_bs_ms),    UINT(link_t, n_cr_ms),   CYAML_FIELD_END,
};
static const cyaml_schema_field_t timing_fields[] = {
    UINT(timing_t, p2_ms),         UINT(timing_t, p2_star_ms),    UINT(timing_t, s3_ms),
    UINT(timing_t, max_pending),   UINT(timing_t, pending_max_s), UINT(timing_t, answer_max_ms),
    UINT(timing_t, busy_pause_ms), UINT(timing_t, busy_repeats),  UINT(timing_t, boot_wait_ms),
    UINT(timing_t, boot_max_ms),   UINT(timing_t, block_retries), CYAML_FIELD_END,
};
static const cyaml_schema_field_t security_fields[] = {
    UINT(security_t, level),
    ENUM(security_t, algorithm, algorithm_words),
    WORD(security_t, key),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t dids_fields[] = {
    UINT(dids_t, hardware), UINT(dids_t, serial),      UINT(dids_t, boot), UINT(dids_t, application),
    UINT(dids_t, data),     UINT(dids_t, fingerprint), CYAML_FIELD_END,
};
static const cyaml_schema_field_t routines_fields[] = {
    UINT(routines_t, preconditions),
    UINT(routines_t, erase),
    UINT(routines_t, check),
    UINT(routines_t, dependencies),
    UINT(routines_t, running_status),
    ENUM(routines_t, erase_argument, erase_words),
    ENUM(routines_t, check_argument, check_words),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t memory_fields[] = {
    UINT(memory_t, address_bytes),
    UINT(memory_t, length_bytes),
    UINT(memory_t, data_format),
    UINT(memory_t, max_block),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t estimate_fields[] = {
    CYAML_FIELD_FLOAT("erase_ms_per_kib", OPT, estimate_t, erase_ms_per_kib),
    UINT(estimate_t, program_us_per_block),
    CYAML_FIELD_END,
};

#define STEP struct profile_yaml_step
static const cyaml_schema_field_t step_fields[] = {
    CYAML_FIELD_STRING("step", CYAML_FLAG_DEFAULT, STEP, step, 1),
    WORD(STEP, session),
    WORD(STEP, reset),
    UINT(STEP, id),
    WORD(STEP, data),
    UINT(STEP, wait_ms),
    UINT(STEP, retries),
    BOOL(STEP, point_of_no_return),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t bus_step_fields[] = {
    CYAML_FIELD_STRING("step", CYAML_FLAG_DEFAULT, STEP, step, 1),
    WORD(STEP, session),
    WORD(STEP, setting),
    WORD(STEP, control),
    UINT(STEP, communication_type),
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
    PART(dids, dids_fields),
    WORD(struct profile_yaml, fingerprint),
    PART(routines, routines_fields),
    PART(memory, memory_fields),
    PART(estimate, estimate_fields),
    LIST(steps, &step_schema, PROFILE_MAX_STEPS),
    LIST(bus_before, &bus_step_schema, PROFILE_MAX_BUS_STEPS),
    LIST(bus_after, &bus_step_schema, PROFILE_MAX_BUS_STEPS),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t profile_yaml_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct profile_yaml, profile_fields)};
