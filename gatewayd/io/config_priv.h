/*
 * config_priv - shared by config.c and the files that load parts of the configuration: config_signals.c,
 * config_power.c, config_driver.c.
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

/* The number in the file, else @fallback; @out is set if it is in range. Return: 0, or 1 with an error that names @key;
 * so do all that return int. */
int config_number(struct loader *l, const char *key, int64_t value, uint32_t fallback, uint32_t min, uint32_t max,
		  uint32_t *out);
int config_bus_index(struct loader *l, const char *key, const char *name, uint8_t *bus);
/* an identifier of 11 or 29 bits under @where ("signals.ignition") */
int config_identifier(struct loader *l, const char *where, int64_t id, int64_t id_bits, bool *extended, uint32_t *out);

/* after buses and ECUs */
int config_load_signals(struct loader *l);
/* after signals */
int config_load_power(struct loader *l);
/* the driver's part of the policy */
int config_driver(struct loader *l);

#endif
