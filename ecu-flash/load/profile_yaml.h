/*
 * profile_yaml - private to ecu-flash/load: a profile as it stands in YAML, before ranges and words are checked.
 */
#ifndef ECU_FLASH_LOAD_PROFILE_YAML_H
#define ECU_FLASH_LOAD_PROFILE_YAML_H

#include "common/yaml_load.h"
#include "ecu-flash/profile.h"

struct profile_yaml_step {
	char step[PROFILE_WORD_BYTES];
	char session[PROFILE_WORD_BYTES];
	char reset[PROFILE_WORD_BYTES];
	char setting[PROFILE_WORD_BYTES];
	char control[PROFILE_WORD_BYTES];
	char data[128];
	uint64_t id, wait_ms, retries, communication_type;
	bool point_of_no_return;
};

struct profile_yaml {
	char name[PROFILE_NAME_BYTES];
	char template_name[PROFILE_WORD_BYTES];
	struct {
		int form;
		uint64_t request, response, functional, id_bits, target_address, source_address, address_extension;
	} addressing;
	struct {
		bool fd, brs;
		uint64_t tx_dl, block_size, st_min_us, n_as_ms, n_ar_ms, n_bs_ms, n_cr_ms;
		char pad[PROFILE_WORD_BYTES];
	} link;
	struct {
		uint64_t p2_ms, p2_star_ms, s3_ms, max_pending, pending_max_s, answer_max_ms, busy_pause_ms,
		    busy_repeats, boot_wait_ms, boot_max_ms, block_retries;
	} timing;
	int supply;
	struct {
		uint64_t level;
		int algorithm;
		char key[PROFILE_NAME_BYTES];
	} security;
	struct {
		uint64_t hardware, serial, boot, application, data, fingerprint;
	} dids;
	char fingerprint[4 * PROFILE_MAX_FINGERPRINT];
	struct {
		uint64_t preconditions, erase, check, dependencies, running_status;
		int erase_argument, check_argument;
	} routines;
	struct {
		uint64_t address_bytes, length_bytes, data_format, max_block;
	} memory;
	struct {
		double erase_ms_per_kib;
		uint64_t program_us_per_block;
	} estimate;
	struct profile_yaml_step *steps;
	uint32_t n_steps;
	struct profile_yaml_step *bus_before;
	uint32_t n_bus_before;
	struct profile_yaml_step *bus_after;
	uint32_t n_bus_after;
};

extern const cyaml_schema_value_t profile_yaml_schema;

/* the three lists, where the document has them; Return: 0 or 1 with @error */
int profile_steps_apply(const struct yaml_doc *doc, const struct profile_yaml *yaml, struct profile *profile,
			struct yaml_error *error);

#endif
