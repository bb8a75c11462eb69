/*
 * virtual_ecu_store - where the memory of a virtual ECU lives: NAME.bin, mapped, so that even a kill loses nothing of
 * it, and NAME.state, a small YAML file that is replaced as a whole.
 *
 * NAME.bin holds the flash regions one after the other, in the order of the configuration, and then, where the ECU has
 * two banks, the same of bank B; RAM is not kept. Files of earlier versions, which had one bank, are read as before.
 */
#ifndef SIM_VIRTUAL_ECU_STORE_H
#define SIM_VIRTUAL_ECU_STORE_H

#include "sim/virtual_ecu_config.h"

struct vecu_store {
	char dir[VECU_PATH_BYTES]; /* empty = nothing is kept */
	char name[VECU_NAME_BYTES];
	uint8_t *flash; /* mapped */
	size_t n_flash;
	uint8_t *ram;
};

/**
 * vecu_store_open() - memory for the regions of @definition, with what was kept or, without that, as from the factory
 * @dir: created if it is not there; NULL keeps nothing
 * @definition: its regions' bytes are set
 * @nv: filled
 *
 * Return: 0; -errno or 1 with @error filled.
 */
int vecu_store_open(struct vecu_store *self, const char *dir, struct vecu_definition *definition,
		    struct ecu_nonvolatile *nv, struct yaml_error *error);

/* NAME.state anew; survives a kill, and after vecu_store_sync() a power cut. Return: 0 or -errno. */
int vecu_store_save(const struct vecu_store *self, const struct ecu_config *config, const struct ecu_nonvolatile *nv);

/* Everything to the disk; may run in another thread while the ECU works. Return: 0 or -errno. */
int vecu_store_sync(const struct vecu_store *self);

void vecu_store_close(struct vecu_store *self);

#endif
