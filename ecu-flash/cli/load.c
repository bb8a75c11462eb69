#include "ecu-flash/cli/load.h"
#include "ecu-flash/flash_units.h"

#include <stdio.h>
#include <string.h>

int load_profile(struct inputs *inputs, const char *path)
{
	struct yaml_error error;

	if (!profile_load_file(path, &inputs->profile, &error))
		return -1;
	fprintf(stderr, "ecu-flash: %s\n", error.text);
	return EXIT_BAD_INPUT;
}

static bool needs_key(const struct profile *profile)
{
	if (profile->security[0].algorithm == PROFILE_SECURITY_NONE)
		return false;
	for (uint8_t i = 0; i < profile->n_steps; i++)
		if (profile->steps[i].kind == FLASH_STEP_SECURITY)
			return true;
	return false;
}

int load_keys(struct inputs *inputs, const char *path)
{
	const char *id = inputs->profile.security[0].key_id;
	const uint8_t seed[16] = {1};
	struct yaml_error error;
	uint8_t key[64];

	if (path && key_ring_load(path, &inputs->keys, &error)) {
		fprintf(stderr, "ecu-flash: %s\n", error.text);
		return EXIT_BAD_INPUT;
	}
	if (!needs_key(&inputs->profile))
		return -1;
	if (!path) {
		fprintf(stderr, "ecu-flash: the profile names the key '%s': --keys FILE is missing\n", id);
		return EXIT_USAGE;
	}
	/* better known now than after the ECU was asked for a seed */
	if (!security_key(inputs->keys, &inputs->profile, seed, sizeof seed, key)) {
		fprintf(stderr,
			"ecu-flash: %s: keys: there is no '%s' that fits the profile's algorithm (AES-128 takes 16 "
			"bytes)\n",
			path, id);
		return EXIT_BAD_INPUT;
	}
	memset(key, 0, sizeof key);
	return -1;
}

int load_images(struct inputs *inputs, char **paths, int n, uint64_t raw_base)
{
	char words[160];
	uint8_t unit;

	for (int i = 0; i < n; i++) {
		struct image_file *file = &inputs->files[i];
		char text[512];

		if (image_load(paths[i], IMAGE_AUTO, raw_base, file, text, sizeof text)) {
			fprintf(stderr, "ecu-flash: %s\n", text);
			return EXIT_BAD_INPUT;
		}
		inputs->units[i] = (struct flash_unit){.image = &file->image};
		memcpy(inputs->units[i].sha256, file->segments_sha256, sizeof inputs->units[i].sha256);
		inputs->n_units++;
	}
	/* known before the bus is touched */
	if (!flash_units_check(&inputs->profile, inputs->units, inputs->n_units, &unit, words, sizeof words)) {
		fprintf(stderr, "ecu-flash: %s: %s\n", paths[unit], words);
		return EXIT_BAD_INPUT;
	}
	return -1;
}

size_t load_answer(const struct inputs *inputs, const uint8_t *seed, size_t n_seed, uint8_t *key)
{
	return security_key(inputs->keys, &inputs->profile, seed, n_seed, key);
}

void unload_inputs(struct inputs *inputs)
{
	key_ring_free(inputs->keys);
	inputs->keys = NULL;
	for (uint8_t i = 0; i < inputs->n_units; i++)
		image_unload(&inputs->files[i]);
	inputs->n_units = 0;
}
