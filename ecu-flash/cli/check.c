#include "ecu-flash/cli/check.h"

#include <stdio.h>

#include "ecu-flash/cli/job.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/summary.h"

/* a run that asks and changes nothing: session, key, the check of each unit, the default session */
static void only_check(const struct options *options, struct inputs *inputs)
{
	struct profile *p = &inputs->profile;
	uint8_t n = 0;

	if (options->session)
		p->steps[n++] = (struct flash_step){.kind = FLASH_STEP_SESSION, .sub_function = options->session};
	if (inputs->keys)
		p->steps[n++] = (struct flash_step){.kind = FLASH_STEP_SECURITY};
	p->steps[n++] = (struct flash_step){.kind = FLASH_STEP_CHECK_MEMORY};
	if (options->session)
		p->steps[n++] = (struct flash_step){.kind = FLASH_STEP_SESSION, .sub_function = UDS_SESSION_DEFAULT};
	p->n_steps = n;
	p->n_bus_before = p->n_bus_after = 0;
}

int check_run(const struct options *options, struct inputs *inputs)
{
	const struct profile *p = &inputs->profile;
	struct job_outcome outcome;
	struct report report;
	int r;

	if (!p->routine_check || p->check_argument == PROFILE_CHECK_NONE ||
	    p->check_argument == PROFILE_CHECK_SIGNATURE)
		return print_failure(
		    options, EXIT_BAD_INPUT,
		    "%s: the profile has no check routine that takes a digest (routines.check_argument "
		    "crc32 or sha256)",
		    options->profile);
	only_check(options, inputs);
	report_init(&report, options->json ? stderr : stdout, p, options->files, inputs->n_units);
	r = job_run(options, inputs, FLASH_JOB_FLASH, &report, &outcome);
	if (r >= 0)
		return r;
	if (options->json)
		summary_json(options, inputs, &outcome);
	else if (summary_exit_code(&outcome) == EXIT_DONE)
		printf("the ECU's own check of its memory passed, with the digest of %s\n",
		       inputs->n_units == 1 ? options->files[0] : "each image");
	else
		summary_text(options, inputs, &outcome);
	return (int)summary_exit_code(&outcome);
}
