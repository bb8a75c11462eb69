#include "sim/virtual_ecu_yaml.h"

#define OPT                  CYAML_FLAG_OPTIONAL
#define REQUIRED             CYAML_FLAG_DEFAULT
#define INT(type, key)       CYAML_FIELD_INT(#key, OPT, struct type, key)
#define BOOL(type, key)      CYAML_FIELD_BOOL(#key, OPT, struct type, key)
#define TEXT(type, key, max) CYAML_FIELD_STRING_PTR(#key, OPT | CYAML_FLAG_POINTER, struct type, key, 0, max)
#define PART(key, fields)    CYAML_FIELD_MAPPING(#key, OPT, struct vecu_yaml_ecu, key, fields)
#define LIST(type, key, schema, max) \
	CYAML_FIELD_SEQUENCE_COUNT(#key, OPT | CYAML_FLAG_POINTER, struct type, key, n_##key, schema, 0, max)

static const cyaml_strval_t algorithm_words[] = {
    {"none", VECU_SECURITY_NONE},
    {"aes-128-cmac", VECU_SECURITY_AES128_CMAC},
    {"xor", VECU_SECURITY_XOR},
};

static const cyaml_strval_t addressing_words[] = {
    {"normal", ISOTP_NORMAL},
    {"normal-fixed", ISOTP_NORMAL_FIXED},
    {"extended", ISOTP_EXTENDED},
    {"mixed", ISOTP_MIXED},
};

static const cyaml_schema_field_t region_fields[] = {
    CYAML_FIELD_INT("address", REQUIRED, struct vecu_yaml_region, address),
    CYAML_FIELD_INT("size", REQUIRED, struct vecu_yaml_region, size),
    INT(vecu_yaml_region, sector),
    INT(vecu_yaml_region, erase_us_per_sector),
    INT(vecu_yaml_region, program_us_per_kib),
    BOOL(vecu_yaml_region, ram),
    BOOL(vecu_yaml_region, upload),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t region_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vecu_yaml_region, region_fields)};

static const cyaml_schema_field_t did_fields[] = {
    CYAML_FIELD_INT("id", REQUIRED, struct vecu_yaml_did, id),
    TEXT(vecu_yaml_did, text, ECU_MAX_DID_BYTES),
    TEXT(vecu_yaml_did, hex, 3 * ECU_MAX_DID_BYTES + 2),
    BOOL(vecu_yaml_did, writable),
    BOOL(vecu_yaml_did, secured),
    INT(vecu_yaml_did, level),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t did_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vecu_yaml_did, did_fields)};

static const cyaml_schema_field_t timing_fields[] = {
    INT(vecu_yaml_timing, p2_ms),
    INT(vecu_yaml_timing, p2_star_ms),
    INT(vecu_yaml_timing, s3_ms),
    INT(vecu_yaml_timing, pending_margin_ms),
    INT(vecu_yaml_timing, reset_ms),
    INT(vecu_yaml_timing, boot_switch_ms),
    INT(vecu_yaml_timing, erase_us_per_kib),
    INT(vecu_yaml_timing, erase_us_per_sector),
    INT(vecu_yaml_timing, program_us_per_block),
    INT(vecu_yaml_timing, program_us_per_kib),
    INT(vecu_yaml_timing, check_us_per_kib),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t level_fields[] = {
    CYAML_FIELD_INT("level", REQUIRED, struct vecu_yaml_level, level),
    CYAML_FIELD_ENUM("algorithm", CYAML_FLAG_STRICT, struct vecu_yaml_level, algorithm, algorithm_words,
		     CYAML_ARRAY_LEN(algorithm_words)),
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER, struct vecu_yaml_level, key, 0, 64),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t level_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vecu_yaml_level, level_fields)};

static const cyaml_schema_field_t security_fields[] = {
    CYAML_FIELD_ENUM("algorithm", CYAML_FLAG_STRICT, struct vecu_yaml_security, algorithm, algorithm_words,
		     CYAML_ARRAY_LEN(algorithm_words)),
    TEXT(vecu_yaml_security, key, 64),
    INT(vecu_yaml_security, level),
    INT(vecu_yaml_security, seed_bytes),
    INT(vecu_yaml_security, attempts),
    INT(vecu_yaml_security, delay_ms),
    BOOL(vecu_yaml_security, delay_at_power_on),
    LIST(vecu_yaml_security, more_levels, &level_schema, ECU_MAX_LEVELS - 1),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t link_fields[] = {
    BOOL(vecu_yaml_link, fd),        BOOL(vecu_yaml_link, brs),      INT(vecu_yaml_link, tx_dl),
    INT(vecu_yaml_link, block_size), INT(vecu_yaml_link, st_min_us), CYAML_FIELD_END,
};
static const cyaml_schema_field_t identification_fields[] = {
    TEXT(vecu_yaml_identification, hardware_number, ECU_TEXT_BYTES - 1),
    TEXT(vecu_yaml_identification, serial_number, ECU_TEXT_BYTES - 1),
    TEXT(vecu_yaml_identification, boot_version, ECU_TEXT_BYTES - 1),
    TEXT(vecu_yaml_identification, data_version, ECU_TEXT_BYTES - 1),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t version_at_fields[] = {
    CYAML_FIELD_INT("address", REQUIRED, struct vecu_yaml_version_at, address),
    CYAML_FIELD_INT("length", REQUIRED, struct vecu_yaml_version_at, length),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t message_fields[] = {
    CYAML_FIELD_INT("id", REQUIRED, struct vecu_yaml_message, id),
    CYAML_FIELD_INT("period_ms", REQUIRED, struct vecu_yaml_message, period_ms),
    INT(vecu_yaml_message, dlc),
    CYAML_FIELD_END,
};
static const cyaml_strval_t bank_session_words[] = {
    {"extended", UDS_SESSION_EXTENDED},
    {"programming", UDS_SESSION_PROGRAMMING},
};
static const cyaml_schema_field_t banks_fields[] = {
    INT(vecu_yaml_banks, switch_over),
    INT(vecu_yaml_banks, switch_back),
    CYAML_FIELD_ENUM("session", OPT | CYAML_FLAG_STRICT, struct vecu_yaml_banks, session, bank_session_words,
		     CYAML_ARRAY_LEN(bank_session_words)),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t factory_fields[] = {
    TEXT(vecu_yaml_factory, file, VECU_PATH_BYTES - 1),
    TEXT(vecu_yaml_factory, version, ECU_TEXT_BYTES - 1),
    INT(vecu_yaml_factory, address),
    INT(vecu_yaml_factory, size),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t dtc_fields[] = {
    CYAML_FIELD_INT("code", REQUIRED, struct vecu_yaml_dtc, code),
    INT(vecu_yaml_dtc, status),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t dtc_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vecu_yaml_dtc, dtc_fields)};

static const cyaml_schema_field_t fault_fields[] = {
    CYAML_FIELD_STRING_PTR("fault", CYAML_FLAG_POINTER, struct vecu_yaml_fault, fault, 1, 31),
    TEXT(vecu_yaml_fault, argument, 31),
    INT(vecu_yaml_fault, at_service),
    INT(vecu_yaml_fault, after),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t fault_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vecu_yaml_fault, fault_fields)};

static const cyaml_schema_field_t ecu_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct vecu_yaml_ecu, name, 1, VECU_NAME_BYTES - 1),
    CYAML_FIELD_STRING_PTR("bus", CYAML_FLAG_POINTER, struct vecu_yaml_ecu, bus, 1, VECU_NAME_BYTES - 1),
    CYAML_FIELD_ENUM("addressing", OPT | CYAML_FLAG_STRICT, struct vecu_yaml_ecu, addressing, addressing_words,
		     CYAML_ARRAY_LEN(addressing_words)),
    INT(vecu_yaml_ecu, request_id),
    INT(vecu_yaml_ecu, response_id),
    INT(vecu_yaml_ecu, target_address),
    INT(vecu_yaml_ecu, source_address),
    INT(vecu_yaml_ecu, address_extension),
    INT(vecu_yaml_ecu, functional_address),
    INT(vecu_yaml_ecu, functional_id),
    INT(vecu_yaml_ecu, id_bits),
    INT(vecu_yaml_ecu, max_block_length),
    BOOL(vecu_yaml_ecu, fingerprint_required),
    BOOL(vecu_yaml_ecu, asynchronous_routines),
    BOOL(vecu_yaml_ecu, deauthenticates),
    PART(link, link_fields),
    PART(timing, timing_fields),
    PART(security, security_fields),
    PART(identification, identification_fields),
    TEXT(vecu_yaml_ecu, version, ECU_TEXT_BYTES - 1),
    TEXT(vecu_yaml_ecu, version_from, 8),
    PART(version_at, version_at_fields),
    PART(message, message_fields),
    PART(factory, factory_fields),
    PART(banks, banks_fields),
    CYAML_FIELD_SEQUENCE_COUNT("memory", CYAML_FLAG_POINTER, struct vecu_yaml_ecu, memory, n_memory, &region_schema, 1,
			       ECU_MAX_REGIONS),
    LIST(vecu_yaml_ecu, dids, &did_schema, ECU_MAX_DIDS),
    INT(vecu_yaml_ecu, dtc_availability),
    LIST(vecu_yaml_ecu, dtcs, &dtc_schema, ECU_MAX_DTCS),
    LIST(vecu_yaml_ecu, faults, &fault_schema, ECU_MAX_TRIGGERS),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t ecu_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vecu_yaml_ecu, ecu_fields)};

static const cyaml_schema_field_t bus_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct vecu_yaml_bus, name, 1, VECU_NAME_BYTES - 1),
    TEXT(vecu_yaml_bus, port, VECU_PATH_BYTES - 1),
    BOOL(vecu_yaml_bus, fd),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t bus_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct vecu_yaml_bus, bus_fields)};

static const cyaml_schema_field_t setup_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("buses", CYAML_FLAG_POINTER, struct vecu_yaml, buses, n_buses, &bus_schema, 1,
			       VECU_MAX_BUSES),
    CYAML_FIELD_SEQUENCE_COUNT("ecus", CYAML_FLAG_POINTER, struct vecu_yaml, ecus, n_ecus, &ecu_schema, 1,
			       VECU_MAX_ECUS),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t vecu_yaml_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct vecu_yaml, setup_fields)};
