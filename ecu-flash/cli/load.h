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
	uint8_t signatures[FLASH_MAX_UNITS][FLASH_SIGNATURE_BYTES];
};

/* Return: -1, or the exit code after print_failure(); to be unloaded in either case */
int load_profile(struct inputs *inputs, const struct options *options, const char *path);
int load_keys(struct inputs *inputs, const struct options *options);
/* of the images of a command; IMAGE_AUTO without --raw */
static inline enum image_format load_format(const struct options *options)
{
	return option_given(options, OPTION_RAW) ? IMAGE_RAW : IMAGE_AUTO;
}
/* images, and the signatures that belong to them */
int load_images(struct inputs *inputs, const struct options *options, char **paths, int n);
/**
 * load_answer() - the key to a seed
 * @question: its profile is filled in
 * @key: 64 bytes
 * Return: its bytes; 0 if there is none, and why in @text
 */
size_t load_answer(const struct inputs *inputs, const struct options *options, struct security_question *question,
		   uint8_t *key, char *text, size_t n_text);
void unload_inputs(struct inputs *inputs);

#endif
