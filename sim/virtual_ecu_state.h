/* virtual_ecu_state - private to virtual_ecu_store: what survives a reset beside the memory, as YAML text and back. */
#ifndef SIM_VIRTUAL_ECU_STATE_H
#define SIM_VIRTUAL_ECU_STATE_H

#include <stdio.h>

#include "sim/virtual_ecu_config.h"

/* Return: false if the stream has failed */
bool vecu_state_write(FILE *out, const struct ecu_config *config, const struct ecu_nonvolatile *nv);

/* @nv: untouched on failure. Return: 0; -errno or 1 with @error filled. */
int vecu_state_read(const char *path, const struct ecu_config *config, struct ecu_nonvolatile *nv,
		    struct yaml_error *error);

#endif
