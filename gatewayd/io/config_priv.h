/*
 * config_priv - shared by config.c and the files that load parts of the configuration: config_signals.c,
 * config_power.c.
 */
#ifndef GATEWAYD_IO_CONFIG_PRIV_H
#define GATEWAYD_IO_CONFIG_PRIV_H

#include "gatewayd/io/config.h"
#include "gatewayd/io/config_schema.h"

struct loader {
	const struct yaml_config *yaml;
	const struct yaml_doc *doc;
	struct yaml_error *error;
	struct config *config;
	char folder[CONFIG_PATH_BYTES];
};

/* Return: 0, or 1 with an error that names @key; so do all that return int */
int config_range(struct loader *l, const char *key, uint64_t value, uint64_t min, uint64_t max);
/* the value in the file, else @fallback */
uint32_t config_given_or(struct loader *l, const char *key, uint32_t value, uint32_t fallback);
int config_bus_index(struct loader *l, const char *key, const char *name, uint8_t *bus);
/* an identifier of 11 or 29 bits under @where ("signals.ignition") */
int config_identifier(struct loader *l, const char *where, uint32_t id, uint32_t id_bits, bool *extended);

/* after buses and ECUs */
int config_load_signals(struct loader *l);
/* after signals */
int config_load_power(struct loader *l);

#endif
