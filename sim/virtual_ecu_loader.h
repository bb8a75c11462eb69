/*
 * virtual_ecu_loader - private to virtual_ecu_config: checks values of a setup's YAML and makes the ECUs of them.
 */
#ifndef SIM_VIRTUAL_ECU_LOADER_H
#define SIM_VIRTUAL_ECU_LOADER_H

#include "sim/virtual_ecu_yaml.h"

/* The first thing that is wrong is kept; later checks do nothing. Keys are those of the ECU at hand. */
struct vecu_loader {
	const struct yaml_doc *doc;
	struct yaml_error *error;
	char at[32]; /* "ecus[2]." */
	bool failed;
};

void vecu_fail(struct vecu_loader *l, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool vecu_has(const struct vecu_loader *l, const char *key);

/* the value if the key is there and in range, else the default */
uint64_t vecu_number(struct vecu_loader *l, const char *key, int64_t value, uint64_t min, uint64_t max, uint64_t usual);
uint8_t vecu_number8(struct vecu_loader *l, const char *key, int64_t value, uint64_t min, uint8_t max, uint8_t usual);
uint32_t vecu_number32(struct vecu_loader *l, const char *key, int64_t value, uint64_t min, uint32_t max,
		       uint32_t usual);

/* the schema bounds the length */
void vecu_text(char *out, size_t cap, const char *value);

/* virtual_ecu_load_link.c */
void vecu_load_link(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core);
void vecu_load_timing(struct vecu_loader *l, const struct vecu_yaml_timing *y, struct ecu_timing *t);

/* virtual_ecu_load_memory.c */
void vecu_load_memory(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core);
void vecu_load_banks(struct vecu_loader *l, const struct vecu_yaml_banks *y, struct ecu_banks *out);
void vecu_load_version(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_version *out);
void vecu_load_factory(struct vecu_loader *l, const struct vecu_yaml_factory *y, struct vecu_definition *d);

/* virtual_ecu_load_services.c */
void vecu_load_security(struct vecu_loader *l, const struct vecu_yaml_security *y, struct vecu_definition *d);
void vecu_load_dids(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core);
void vecu_load_message(struct vecu_loader *l, const struct vecu_yaml_message *y, struct ecu_config *core);
void vecu_load_dtcs(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core);
void vecu_load_faults(struct vecu_loader *l, const struct vecu_yaml_ecu *y, struct ecu_config *core);

#endif
