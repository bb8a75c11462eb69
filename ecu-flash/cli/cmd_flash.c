/* 'flash': writes images to an ECU. */
#include "ecu-flash/cli/job.h"

static int run(const struct options *options)
{
	return job_main(options, FLASH_JOB_FLASH);
}

const struct verb verb_flash = {
    .name = "flash",
    .summary = "write the images, check them, and read the version back",
    .usage = "--bus BUS --profile FILE [OPTION]... IMAGE...",
    .about = "IMAGE is Intel HEX, Motorola S-record or raw, told apart by its first bytes. Several images are the\n"
	     "software units of one ECU, written in the order given.\n"
	     "\n"
	     "Ctrl-C stops at the next safe point. Once the ECU's memory is being erased there is none before its\n"
	     "verification.\n",
    .takes = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE) | TAKES(OPTION_KEYS) | TAKES(OPTION_SEED_KEY_DIR) |
	     TAKES(OPTION_SIGNATURE) | TAKES(OPTION_TESTER_SERIAL) | TAKES(OPTION_SHOP_CODE) |
	     TAKES(OPTION_EXPECT_VERSION) | TAKES(OPTION_RECOVER) | TAKES(OPTION_BASE) | TAKES(OPTION_RAW) |
	     TAKES(OPTION_JSON) | TAKES(OPTION_TRACE) | TAKES(OPTION_CANDUMP),
    .needs = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE),
    .min_files = 1,
    .max_files = (int)FLASH_MAX_UNITS,
    .run = run,
};
