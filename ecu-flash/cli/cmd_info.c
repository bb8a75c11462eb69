/* 'info': what an ECU says it is. */
#include "ecu-flash/cli/job.h"

static int run(const struct options *options)
{
	return job_main(options, FLASH_JOB_IDENTIFY);
}

const struct verb verb_info = {
    .name = "info",
    .summary = "read the ECU's identity: hardware, serial number, versions",
    .usage = "--bus BUS --profile FILE [OPTION]...",
    .about = "Reads the identifiers that the profile names.\n",
    .takes = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE) | TAKES(OPTION_KEYS) | TAKES(OPTION_JSON) | TAKES(OPTION_TRACE) |
	     TAKES(OPTION_CANDUMP),
    .needs = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE),
    .run = run,
};
