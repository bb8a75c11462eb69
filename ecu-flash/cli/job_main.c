#include <stdio.h>
#include <stdlib.h>

#include "ecu-flash/cli/print.h"
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

static int run_job(const struct options *options, const struct inputs *in, enum flash_job_kind kind)
{
	struct job_outcome outcome;
	struct report report;
	int r;

	report_init(&report, options->json ? stderr : stdout, &in->profile, options->files, in->n_units);
	if (kind == FLASH_JOB_FLASH)
		announce(options, in, &report);
	r = job_run(options, in, kind, &report, &outcome);
	if (r >= 0)
		return r;
	if (options->json)
		summary_json(options, in, &outcome);
	else
		summary_text(options, in, &outcome);
	return (int)summary_exit_code(&outcome);
}

int job_main(const struct options *options, enum flash_job_kind kind)
{
	struct inputs *in = calloc(1, sizeof *in);
	int r;

	if (!in)
		return print_failure(options, EXIT_FLASH_FAILED, "out of memory");
	r = load_profile(in, options, options->profile);
	if (r < 0 && kind == FLASH_JOB_FLASH)
		r = load_keys(in, options);
	if (r < 0)
		r = load_images(in, options, options->files, options->n_files);
	if (r < 0)
		r = run_job(options, in, kind);
	unload_inputs(in);
	free(in);
	return r;
}
