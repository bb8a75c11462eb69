#include "ecu-flash/cli/load.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/flash_units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int load_profile(struct inputs *inputs, const struct options *options, const char *path)
{
	struct yaml_error error;

	if (!profile_load_file(path, &inputs->profile, &error))
		return -1;
	return print_failure(options, EXIT_BAD_INPUT, "%s", error.text);
}

/* better known now than after the ECU was asked for a seed */
static int check_keys(const struct inputs *inputs, const struct options *options, const struct flash_step *steps,
		      uint8_t n)
{
	for (uint8_t i = 0; i < n; i++) {
		const struct profile_security *security;
		char text[512];

		if (steps[i].kind != FLASH_STEP_SECURITY)
			continue;
		security = profile_step_security(&inputs->profile, &steps[i]);
		if (security->key_id[0] && security->algorithm != PROFILE_SECURITY_NONE && !options->keys)
			return print_failure(options, EXIT_USAGE,
					     "the profile names the key '%s': --keys FILE is missing",
					     security->key_id);
		if (security->algorithm == PROFILE_SECURITY_LIBRARY && !options->seed_key_dir)
			return print_failure(options, EXIT_USAGE,
					     "the profile names the library '%s': --seed-key-dir DIR is missing",
					     security->library);
		if (!security_ready(inputs->keys, options->seed_key_dir, security, text, sizeof text))
			return print_failure(options, EXIT_BAD_INPUT, "%s%s%s", options->keys ? options->keys : "",
					     options->keys ? ": " : "", text);
	}
	return -1;
}

int load_keys(struct inputs *inputs, const struct options *options)
{
	const struct profile *p = &inputs->profile;
	struct yaml_error error;
	int r;

	if (options->keys && key_ring_load(options->keys, &inputs->keys, &error))
		return print_failure(options, EXIT_BAD_INPUT, "%s", error.text);
	r = check_keys(inputs, options, p->steps, p->n_steps);
	return r < 0 ? check_keys(inputs, options, p->back, p->n_back) : r;
}

static int load_signature(struct inputs *inputs, const struct options *options, int i, const char *path)
{
	uint8_t longer[FLASH_SIGNATURE_BYTES + 1];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return print_failure(options, EXIT_BAD_INPUT, "%s: %s", path, strerror(errno));
	n = fread(longer, 1, sizeof longer, f);
	if (ferror(f) || n < 1 || n > FLASH_SIGNATURE_BYTES) {
		fclose(f);
		return print_failure(options, EXIT_BAD_INPUT, "%s: a signature has 1 to %u bytes", path,
				     FLASH_SIGNATURE_BYTES);
	}
	fclose(f);
	memcpy(inputs->signatures[i], longer, n);
	inputs->units[i].signature = inputs->signatures[i];
	inputs->units[i].n_signature = (uint16_t)n;
	return -1;
}

int load_images(struct inputs *inputs, const struct options *options, char **paths, int n)
{
	char words[160];
	uint8_t unit;

	for (int i = 0; i < n; i++) {
		struct image_file *file = &inputs->files[i];
		char text[512];

		if (image_load(paths[i], load_format(options), options->base, file, text, sizeof text))
			return print_failure(options, EXIT_BAD_INPUT, "%s", text);
		inputs->units[i] = (struct flash_unit){.image = &file->image};
		memcpy(inputs->units[i].sha256, file->segments_sha256, sizeof inputs->units[i].sha256);
		inputs->n_units++;
	}
	if (options->n_signatures > n)
		return print_failure(options, EXIT_USAGE, "--signature belongs to an image, and there %s",
				     n ? "are more signatures than images" : "is none");
	for (int i = 0; i < options->n_signatures; i++) {
		int r = load_signature(inputs, options, i, options->signatures[i]);

		if (r >= 0)
			return r;
	}
	/* known before the bus is touched */
	if (!flash_units_check(&inputs->profile, inputs->units, inputs->n_units, &unit, words, sizeof words))
		return print_failure(options, EXIT_BAD_INPUT, "%s: %s", paths[unit], words);
	return -1;
}

size_t load_answer(const struct inputs *inputs, const struct options *options, struct security_question *question,
		   uint8_t *key, char *text, size_t n_text)
{
	question->profile = &inputs->profile;
	return security_answer(inputs->keys, options->seed_key_dir, question, key, text, n_text);
}

void unload_inputs(struct inputs *inputs)
{
	key_ring_free(inputs->keys);
	inputs->keys = NULL;
	for (uint8_t i = 0; i < inputs->n_units; i++)
		image_unload(&inputs->files[i]);
	inputs->n_units = 0;
}
