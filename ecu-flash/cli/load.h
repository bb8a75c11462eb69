/*
 * load - the files of a command: profile, keys and images, with the errors said and turned into an exit code.
 */
#ifndef ECU_FLASH_CLI_LOAD_H
#define ECU_FLASH_CLI_LOAD_H

#include "ecu-flash/cli/options.h"
#include "ecu-flash/load/image_load.h"
#include "ecu-flash/load/profile_load.h"

struct inputs {
	struct profile profile;
	struct key_ring *keys; /* NULL without --keys */
	struct image_file files[FLASH_MAX_UNITS];
	struct flash_unit units[FLASH_MAX_UNITS]; /* point into files */
	uint8_t n_units;
};

/* Return: -1, or the exit code after a message on stderr; to be unloaded in either case */
int load_profile(struct inputs *inputs, const char *path);
int load_keys(struct inputs *inputs, const char *path);
int load_images(struct inputs *inputs, char **paths, int n, uint64_t raw_base);
/* the key to a seed, by the first security of the profile. @key: 64 bytes; Return: its bytes, 0 if there is none */
size_t load_answer(const struct inputs *inputs, const uint8_t *seed, size_t n_seed, uint8_t *key);
void unload_inputs(struct inputs *inputs);

#endif
