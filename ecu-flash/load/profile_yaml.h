/*
 * profile_yaml - private to ecu-flash/load: a profile as it stands in YAML, before ranges and words are checked.
 *
 * Numbers are signed, so that a negative one is told with the range that it should be in.
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
	char use[PROFILE_WORD_BYTES];
	char data[128];
	int64_t id, wait_ms, retries, communication_type;
	bool point_of_no_return;
	int64_t *accept_nrc;
	uint32_t n_accept_nrc;
};

/* one entry of change_steps: where, and what */
struct profile_yaml_change {
	char at[PROFILE_WORD_BYTES], after[PROFILE_WORD_BYTES], before[PROFILE_WORD_BYTES], remove[PROFILE_WORD_BYTES];
	int64_t nth;
	struct profile_yaml_step set; /* with `at` */
	struct profile_yaml_step *add;
};

struct profile_yaml_security {
	char name[PROFILE_WORD_BYTES];
	int64_t level;
	int algorithm;
	char key[PROFILE_NAME_BYTES];
	char library[PROFILE_LIBRARY_BYTES];
};

struct profile_yaml_decoding {
	int as;
	int64_t offset, length;
};

struct profile_yaml_status {
	char success[32];
	char running[PROFILE_WORD_BYTES];
	int64_t offset;
	bool required;
};

struct profile_yaml_part {
	int part;
	char hex[4 * PROFILE_MAX_FINGERPRINT];
	char text[PROFILE_MAX_FINGERPRINT + 1];
	int64_t length;
};

struct profile_yaml {
	char name[PROFILE_NAME_BYTES];
	char template_name[PROFILE_WORD_BYTES];
	struct {
		int form;
		int64_t request, response, functional, id_bits, target_address, source_address, address_extension;
		int64_t functional_address;
	} addressing;
	struct {
		bool fd, brs;
		int64_t tx_dl, block_size, st_min_us, n_as_ms, n_ar_ms, n_bs_ms, n_cr_ms;
		char pad[PROFILE_WORD_BYTES];
	} link;
	struct {
		int64_t p2_ms, p2_star_ms, s3_ms, max_pending, pending_max_s, answer_max_ms, busy_pause_ms,
		    busy_repeats, boot_wait_ms, boot_max_ms, block_retries;
	} timing;
	int supply;
	struct profile_yaml_security security;
	struct profile_yaml_security *securities;
	uint32_t n_securities;
	struct {
		int64_t hardware, serial, boot, application, data, fingerprint;
	} dids;
	struct {
		struct profile_yaml_decoding hardware, serial, boot, application, data;
	} decoding;
	char fingerprint[4 * PROFILE_MAX_FINGERPRINT];
	struct profile_yaml_part *fingerprint_parts;
	uint32_t n_fingerprint_parts;
	struct {
		int64_t preconditions, erase, check, dependencies, switch_over, switch_back, running_status;
		int64_t erase_address_bytes, erase_length_bytes, first_block, block_bytes;
		bool erase_format_byte;
		int erase_argument, check_argument;
	} routines;
	struct {
		struct profile_yaml_status erase, check, dependencies, switch_over, switch_back, other;
	} routine_status;
	struct {
		int64_t address_bytes, length_bytes, data_format, max_block;
	} memory;
	struct {
		double erase_ms_per_kib;
		int64_t program_us_per_block;
	} estimate;
	struct profile_yaml_step *steps;
	uint32_t n_steps;
	struct profile_yaml_change *change_steps;
	uint32_t n_change_steps;
	struct profile_yaml_step *steps_back;
	uint32_t n_steps_back;
	struct profile_yaml_step *bus_before;
	uint32_t n_bus_before;
	struct profile_yaml_step *bus_after;
	uint32_t n_bus_after;
};

extern const cyaml_schema_value_t profile_yaml_schema;

/* a profile while it is loaded: what the document says is laid over the template */
struct load {
	const struct yaml_doc *doc;
	const struct profile_yaml *yaml;
	struct profile *profile;
	struct yaml_error *error;
};

static inline bool load_has(const struct load *l, const char *key)
{
	return yaml_has(l->doc, key);
}

/* "0x1f", "31", "-31" */
#define LOAD_NUMBER_BYTES 24u
const char *load_number_text(int64_t value, bool hex, char out[LOAD_NUMBER_BYTES]);
/* Return: 0, or 1 with an error at @key; @hex: how people write the number */
int load_range(const struct load *l, const char *key, int64_t value, int64_t min, int64_t max, bool hex);

/* each: what the document has of it, laid over the profile; Return: 0 or 1 with the error */
int profile_security_apply(const struct load *l);
int profile_decoding_apply(const struct load *l);
int profile_fingerprint_apply(const struct load *l);
int profile_status_apply(const struct load *l);
int profile_steps_apply(const struct load *l); /* all lists of steps; after the securities */

/* ---- what profile_steps.c and profile_changes.c share ---- */

/* a step in the document, as errors name it */
struct at {
	const struct load *load;
	char prefix[32]; /* "steps[3]", "change_steps[1].add" */
	const char *step;
};

bool at_has(const struct at *at, const char *name);
int at_fail(const struct at *at, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
int at_number(const struct at *at, const char *name, int64_t value, int64_t min, int64_t max);
int at_kind(const struct at *at, const char *name, const char *text, enum flash_step_kind *kind);
/* a whole step, with the usual values of its kind where the document says nothing */
int at_new_step(const struct at *at, const struct profile_yaml_step *y, struct flash_step *step);
/* what the document says of a step that is there */
int at_set_step(const struct at *at, const struct profile_yaml_step *y, struct flash_step *step);
int profile_changes_apply(const struct load *l);

#endif
