/*
 * upload - ranges of an ECU's memory read in one time on the bus, with a progress bar: what 'read' and 'verify --read'
 * share.
 */
#ifndef ECU_FLASH_CLI_UPLOAD_H
#define ECU_FLASH_CLI_UPLOAD_H

#include "common/json.h"
#include "ecu-flash/cli/load.h"
#include "ecu-flash/flash_upload.h"

struct upload_range {
	uint64_t address;
	uint64_t n_bytes;
	uint8_t *out;
};

struct upload {
	const struct options *options;
	const struct inputs *inputs; /* profile; keys, without which the ECU is not unlocked */
	const struct upload_range *ranges;
	size_t n_ranges;
	/* filled in */
	struct flash_upload result; /* of the last range begun */
	uint64_t n_bytes;           /* read, of all ranges */
	uint64_t us;
	uint32_t block_repeats;
	int bus_error;
};

/* Return: -1 with what became of it in @self, or the exit code of our own failure after a message on stderr */
int upload_run(struct upload *self);
enum exit_code upload_exit_code(const struct upload *self);
/* why it failed, what that commonly means, what to try, and in which state the ECU is; on stderr */
void upload_say_failure(const struct upload *self);
/* the same as "error", null if there is none */
void upload_json_failure(struct json *json, const struct upload *self);

#endif
