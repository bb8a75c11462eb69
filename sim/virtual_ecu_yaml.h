/*
 * virtual_ecu_yaml - private to virtual_ecu_config: the YAML form of a setup as libcyaml fills it.
 *
 * Numbers are signed and 64 bits wide, so that a value that is negative or too large is told with the range that it
 * should be in.
 */
#ifndef SIM_VIRTUAL_ECU_YAML_H
#define SIM_VIRTUAL_ECU_YAML_H

#include "sim/virtual_ecu_config.h"

struct vecu_yaml_region {
	int64_t address, size, sector, erase_us_per_sector, program_us_per_kib;
	bool ram, upload;
};

struct vecu_yaml_banks {
	int64_t switch_over, switch_back;
	enum uds_session session;
};

struct vecu_yaml_did {
	int64_t id;
	char *text, *hex;
	int64_t level;
	bool writable, secured;
};

struct vecu_yaml_timing {
	int64_t p2_ms, p2_star_ms, s3_ms, pending_margin_ms, reset_ms, boot_switch_ms;
	int64_t erase_us_per_kib, erase_us_per_sector, program_us_per_block, program_us_per_kib, check_us_per_kib;
};

struct vecu_yaml_level {
	int64_t level;
	enum vecu_algorithm algorithm;
	char *key;
};

struct vecu_yaml_security {
	enum vecu_algorithm algorithm;
	char *key;
	int64_t level, seed_bytes, attempts, delay_ms;
	bool delay_at_power_on;
	struct vecu_yaml_level *more_levels;
	unsigned n_more_levels;
};

struct vecu_yaml_link {
	bool fd, brs;
	int64_t tx_dl, block_size, st_min_us;
};

struct vecu_yaml_identification {
	char *hardware_number, *serial_number, *boot_version, *data_version;
};

struct vecu_yaml_version_at {
	int64_t address, length;
};

struct vecu_yaml_message {
	int64_t id, period_ms, dlc;
};

struct vecu_yaml_factory {
	char *file, *version;
	int64_t address, size;
};

struct vecu_yaml_dtc {
	int64_t code, status;
};

struct vecu_yaml_fault {
	char *fault, *argument;
	int64_t at_service, after;
};

struct vecu_yaml_ecu {
	char *name, *bus;
	enum isotp_addressing addressing;
	int64_t request_id, response_id, functional_id, id_bits, max_block_length;
	int64_t target_address, source_address, address_extension, functional_address;
	bool fingerprint_required, asynchronous_routines, deauthenticates;
	struct vecu_yaml_link link;
	struct vecu_yaml_timing timing;
	struct vecu_yaml_security security;
	struct vecu_yaml_identification identification;
	char *version, *version_from;
	struct vecu_yaml_version_at version_at;
	struct vecu_yaml_message message;
	struct vecu_yaml_factory factory;
	struct vecu_yaml_banks banks;
	struct vecu_yaml_region *memory;
	unsigned n_memory;
	struct vecu_yaml_did *dids;
	unsigned n_dids;
	int64_t dtc_availability;
	struct vecu_yaml_dtc *dtcs;
	unsigned n_dtcs;
	struct vecu_yaml_fault *faults;
	unsigned n_faults;
};

struct vecu_yaml_bus {
	char *name, *port;
	bool fd;
};

struct vecu_yaml {
	struct vecu_yaml_bus *buses;
	unsigned n_buses;
	struct vecu_yaml_ecu *ecus;
	unsigned n_ecus;
};

extern const cyaml_schema_value_t vecu_yaml_schema;

#endif
