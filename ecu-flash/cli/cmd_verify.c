/* 'verify': whether an ECU runs what it should. */
#include "ecu-flash/cli/job.h"

static int run(const struct options *options)
{
	return job_main(options, FLASH_JOB_VERIFY);
}

const struct verb verb_verify = {
    .name = "verify",
    .summary = "read the version and compare it",
    .usage = "--bus BUS --profile FILE --expect-version TEXT [OPTION]...",
    .about = "Reads the version back and compares it with the expected one.\n",
    .takes = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE) | TAKES(OPTION_KEYS) | TAKES(OPTION_EXPECT_VERSION) |
	     TAKES(OPTION_JSON) | TAKES(OPTION_TRACE) | TAKES(OPTION_CANDUMP),
    .needs = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE) | TAKES(OPTION_EXPECT_VERSION),
    .run = run,
};
