/*
 * ecu-flash - flashes one ECU from files, on a bench: no daemon, no backend.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "ecu-flash/cli/show.h"
#include "ecu-flash/cli/summary.h"
#include "ecu-flash/cli/words.h"

static void announce(const struct options *options, const struct inputs *in, struct report *report)
{
	char addresses[WORDS_BYTES], count[WORDS_BYTES];

	words_addressing(&in->profile, addresses);
	report_line(report, "%s on %s (%s)", in->profile.name, options->bus, addresses);
	for (uint8_t i = 0; i < in->n_units; i++) {
		const struct image *image = &in->files[i].image;

		words_count(image->n_bytes, count);
		report_line(report, "  %s: %s, %zu segment%s, %s bytes", options->files[i],
			    image_format_text(image->format), image->n_segments, image->n_segments == 1 ? "" : "s",
			    count);
	}
}

static int run_job(const struct options *options, const struct inputs *in)
{
	static const enum flash_job_kind kinds[] = {[COMMAND_FLASH] = FLASH_JOB_FLASH,
						    [COMMAND_INFO] = FLASH_JOB_IDENTIFY,
						    [COMMAND_VERIFY] = FLASH_JOB_VERIFY};
	struct job_outcome outcome;
	struct report report;
	int r;

	report_init(&report, options->json ? stderr : stdout, &in->profile, options->files, in->n_units);
	if (options->command == COMMAND_FLASH)
		announce(options, in, &report);
	r = job_run(options, in, kinds[options->command], &report, &outcome);
	if (r) {
		fprintf(stderr, "ecu-flash: %s\n", strerror(-r));
		return EXIT_FLASH_FAILED;
	}
	if (options->json)
		summary_json(options, in, &outcome);
	else
		summary_text(options, in, &outcome);
	return (int)summary_exit_code(&outcome);
}

static int on_bus(const struct options *options)
{
	struct inputs *in = calloc(1, sizeof *in);
	int r;

	if (!in) {
		fputs("ecu-flash: out of memory\n", stderr);
		return EXIT_FLASH_FAILED;
	}
	r = load_profile(in, options->profile);
	if (r < 0 && options->command == COMMAND_FLASH)
		r = load_keys(in, options->keys);
	if (r < 0)
		r = load_images(in, options->files, options->n_files, options->base);
	if (r < 0)
		r = run_job(options, in);
	unload_inputs(in);
	free(in);
	return r;
}

int main(int argc, char **argv)
{
	struct options options;
	int r = options_parse(&options, argc, argv);

	if (r >= 0)
		return r;
	/* a reader of our output that goes away must not end a flash */
	signal(SIGPIPE, SIG_IGN);
	switch (options.command) {
	case COMMAND_FLASH:
	case COMMAND_INFO:
	case COMMAND_VERIFY:
		return on_bus(&options);
	case COMMAND_IMAGE_SHOW:
		return show_image(&options);
	case COMMAND_PROFILE_CHECK:
		return show_profile(&options);
	}
	return EXIT_USAGE;
}
