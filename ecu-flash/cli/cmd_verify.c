/*
 * 'verify': whether an ECU holds and runs what it should. Three questions, each on its own or together: the version
 * that it says, its memory byte by byte (--read), its own check routine (--check).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/check.h"
#include "ecu-flash/cli/job.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/upload.h"
#include "ecu-flash/cli/words.h"
#include "ecu-flash/image_compare.h"

#define SHOWN_RANGES 8u
#define MAX_RANGES   (FLASH_MAX_UNITS * IMAGE_MAX_SEGMENTS)

struct verifying {
	const struct options *options;
	struct inputs inputs;
	struct upload_range ranges[MAX_RANGES];
	const struct image_segment *wanted[MAX_RANGES];
	size_t n_ranges;
	struct upload upload;
	uint64_t n_differing;
};

/* ---- memory ---- */

static int take_ranges(struct verifying *self)
{
	for (uint8_t u = 0; u < self->inputs.n_units; u++) {
		const struct image *image = self->inputs.units[u].image;

		for (size_t i = 0; i < image->n_segments; i++) {
			const struct image_segment *s = &image->segments[i];
			struct upload_range *range = &self->ranges[self->n_ranges];

			*range = (struct upload_range){
			    .address = s->address, .n_bytes = s->n_bytes, .out = malloc(s->n_bytes)};
			self->wanted[self->n_ranges++] = s;
			if (range->out)
				continue;
			return print_failure(self->options, EXIT_FLASH_FAILED, "out of memory");
		}
	}
	return -1;
}

static void compare(struct verifying *self)
{
	FILE *f = self->options->json ? stderr : stdout;
	size_t n_shown = 0;

	for (size_t i = 0; i < self->n_ranges; i++) {
		const struct image image = {.segments = {*self->wanted[i]}, .n_segments = 1};
		const struct image memory = {
		    .segments = {{self->ranges[i].address, self->ranges[i].out, (size_t)self->ranges[i].n_bytes}},
		    .n_segments = 1};
		struct image_compare differences;
		struct image_range range;

		image_compare_init(&differences, &image, &memory);
		while (image_compare_next(&differences, &range)) {
			self->n_differing += range.n_bytes;
			if (n_shown++ < SHOWN_RANGES)
				fprintf(f, "  0x%08" PRIX64 ": %" PRIu64 " bytes differ, image %02X, ECU %02X\n",
					range.address, range.n_bytes, range.first[0], range.second[0]);
		}
	}
}

static int read_json(const struct verifying *self, int code)
{
	struct json json;
	int r;

	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, "verify");
	json_key(&json, "method");
	json_string(&json, "read");
	json_key(&json, "bus");
	json_string(&json, self->options->bus);
	json_key(&json, "ecu");
	json_string(&json, self->inputs.profile.name);
	json_key(&json, "verdict");
	json_string(&json, code == EXIT_DONE ? "verified" : self->n_differing ? "different" : "not known");
	print_status(&json, self->options, code);
	json_key(&json, "bytes");
	json_uint(&json, self->upload.n_bytes);
	json_key(&json, "bytes_differ");
	json_uint(&json, self->n_differing);
	upload_json_failure(&json, &self->upload);
	json_object_end(&json);
	r = print_json(&json);
	return r == EXIT_DONE ? code : r;
}

static int by_reading(struct verifying *self)
{
	int code, r = take_ranges(self);

	if (r >= 0)
		return r;
	self->upload = (struct upload){
	    .options = self->options, .inputs = &self->inputs, .ranges = self->ranges, .n_ranges = self->n_ranges};
	r = upload_run(&self->upload);
	if (r >= 0)
		return r;
	code = (int)upload_exit_code(&self->upload);
	if (code != EXIT_DONE)
		upload_say_failure(&self->upload);
	else
		compare(self);
	if (self->n_differing)
		code = EXIT_FLASH_FAILED;
	if (self->options->json)
		return read_json(self, code);
	if (self->n_differing)
		printf("the ECU's memory differs from the image in %" PRIu64 " bytes\n", self->n_differing);
	else if (code == EXIT_DONE)
		printf("the ECU's memory equals the image: %" PRIu64 " bytes\n", self->upload.n_bytes);
	return code;
}

/* ---- the verb ---- */

static int with_images(const struct options *options)
{
	struct verifying *self = calloc(1, sizeof *self);
	int r;

	if (!self)
		return print_failure(options, EXIT_FLASH_FAILED, "out of memory");
	self->options = options;
	r = load_profile(&self->inputs, options, options->profile);
	if (r < 0 && options->keys)
		r = load_keys(&self->inputs, options);
	if (r < 0)
		r = load_images(&self->inputs, options, options->files, options->n_files);
	if (r < 0)
		r = option_given(options, OPTION_READ) ? by_reading(self) : check_run(options, &self->inputs);
	for (size_t i = 0; i < self->n_ranges; i++)
		free(self->ranges[i].out);
	unload_inputs(&self->inputs);
	free(self);
	return r;
}

static int run(const struct options *options)
{
	bool read = option_given(options, OPTION_READ), check = option_given(options, OPTION_CHECK);

	if (read && check)
		return options_wrong(options->verb, "--read and --check are two ways: one at a time");
	if ((read || check) && !options->n_files)
		return options_wrong(options->verb, "with --read and --check verify needs the image");
	if ((read || check) && options->expect_version)
		return options_wrong(options->verb, "--expect-version is a way of its own: without --read and --check");
	if (read || check)
		return with_images(options);
	if (options->n_files)
		return options_wrong(options->verb, "an image is compared with --read, or judged by the ECU with "
						    "--check");
	if (!options->expect_version)
		return options_wrong(options->verb, "verify needs --expect-version, --read or --check");
	return job_main(options, FLASH_JOB_VERIFY);
}

const struct verb verb_verify = {
    .name = "verify",
    .summary = "compare an ECU with what it should hold: version, memory, its own check",
    .usage = "--bus BUS --profile FILE (--expect-version TEXT | --read IMAGE... | --check IMAGE...) [OPTION]...",
    .about =
	"--expect-version reads the version back and compares it; nothing in the ECU changes.\n"
	"--read reads the memory that the images fill (35 36 37) and compares it byte by byte; nothing in the ECU\n"
	"changes, but not every ECU allows it.\n"
	"--check has the ECU judge its memory with the profile's check routine and the digest of each image. It\n"
	"erases nothing; but an ECU may take a digest that does not fit as a reason to refuse its application from\n"
	"then on, so give it only the image that was flashed.\n"
	"Both enter the session that --session says, and unlock the ECU if --keys is given.\n",
    .takes = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE) | TAKES(OPTION_KEYS) | TAKES(OPTION_SEED_KEY_DIR) |
	     TAKES(OPTION_SIGNATURE) | TAKES(OPTION_EXPECT_VERSION) | TAKES(OPTION_READ) | TAKES(OPTION_CHECK) |
	     TAKES(OPTION_BASE) | TAKES(OPTION_RAW) | TAKES(OPTION_SESSION) | TAKES(OPTION_JSON) | TAKES(OPTION_TRACE) |
	     TAKES(OPTION_CANDUMP),
    .needs = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE),
    .max_files = (int)FLASH_MAX_UNITS,
    .run = run,
};
