/* 'read': a range of an ECU's memory to a file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/image_out.h"
#include "ecu-flash/cli/out_file.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/upload.h"
#include "ecu-flash/cli/words.h"

struct reading {
	const struct options *options;
	struct inputs inputs;
	enum image_format to;
	struct upload_range range;
	struct upload upload;
};

static int write_file(const struct reading *self)
{
	const struct options *o = self->options;
	const struct upload_range *range = &self->range;
	struct image_write_config config = {.format = self->to, .lf = o->lf};
	struct image_writer writer;
	char lines[IMAGE_WRITE_BYTES];
	struct out_file out;
	int r = out_file_open(&out, o->out);

	if (!r && self->to == IMAGE_RAW) {
		fwrite(range->out, 1, (size_t)range->n_bytes, out.stream);
		r = out_file_commit(&out);
	} else if (!r) {
		config.srec_type = image_srec_type(range->address + (range->n_bytes - 1), 0);
		image_write_init(&writer, &config);
		fwrite(lines, 1, image_write_begin(&writer, lines), out.stream);
		image_out_piece(&writer,
				(struct image_segment){
				    .address = range->address, .data = range->out, .n_bytes = (size_t)range->n_bytes},
				out.stream);
		fwrite(lines, 1, image_write_end(&writer, lines), out.stream);
		r = out_file_commit(&out);
	}
	if (!r)
		return -1;
	return print_failure(o, EXIT_FLASH_FAILED, "%s: %s", o->out, strerror(-r));
}

static double rate(const struct upload *upload)
{
	return upload->us ? (double)upload->n_bytes * 1000 / (double)upload->us : 0;
}

static void tell_text(const struct reading *self)
{
	const struct upload_range *range = &self->range;
	FILE *f = strcmp(self->options->out, "-") == 0 ? stderr : stdout;
	char count[WORDS_BYTES];

	words_count(range->n_bytes, count);
	fprintf(f, "%s: %s, %s bytes, 0x%08" PRIX64 "..0x%08" PRIX64 ", CRC-32 %08" PRIx32 ", %.2f kB/s\n",
		self->options->out, image_format_text(self->to), count, range->address,
		range->address + (range->n_bytes - 1), image_crc32(0, range->out, (size_t)range->n_bytes),
		rate(&self->upload));
}

static int tell_json(const struct reading *self, int code)
{
	const struct upload_range *range = &self->range;
	struct json json;
	int r;

	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, "read");
	json_key(&json, "bus");
	json_string(&json, self->options->bus);
	json_key(&json, "ecu");
	json_string(&json, self->inputs.profile.name);
	print_status(&json, self->options, code);
	json_key(&json, "address");
	json_uint(&json, range->address);
	json_key(&json, "bytes");
	json_uint(&json, self->upload.n_bytes);
	json_key(&json, "out");
	json_string(&json, code == EXIT_DONE ? self->options->out : NULL);
	json_key(&json, "format");
	json_string(&json, image_format_text(self->to));
	json_key(&json, "crc32");
	json_uint(&json, code == EXIT_DONE ? image_crc32(0, range->out, (size_t)range->n_bytes) : 0);
	json_key(&json, "seconds");
	json_real(&json, (double)self->upload.us / 1e6, 3);
	json_key(&json, "kb_per_s");
	json_real(&json, rate(&self->upload), 3);
	json_key(&json, "block_repeats");
	json_uint(&json, self->upload.block_repeats);
	upload_json_failure(&json, &self->upload);
	json_object_end(&json);
	r = print_json(&json);
	return r == EXIT_DONE ? code : r;
}

static int read_and_tell(struct reading *self)
{
	int code, r;

	self->upload =
	    (struct upload){.options = self->options, .inputs = &self->inputs, .ranges = &self->range, .n_ranges = 1};
	r = upload_run(&self->upload);
	if (r >= 0)
		return r;
	code = (int)upload_exit_code(&self->upload);
	if (code != EXIT_DONE)
		upload_say_failure(&self->upload);
	r = code == EXIT_DONE ? write_file(self) : -1;
	if (r >= 0)
		return r;
	if (self->options->json)
		return tell_json(self, code);
	if (code == EXIT_DONE)
		tell_text(self);
	return code;
}

static int prepare(struct reading *self)
{
	const struct options *o = self->options;
	int r = image_out_format(o, &self->to);

	if (r >= 0)
		return r;
	if (o->json && strcmp(o->out, "-") == 0)
		return options_wrong(o->verb, "--json and '--out -' both want standard output");
	if (o->candump && strcmp(o->candump, "-") == 0 && strcmp(o->out, "-") == 0)
		return options_wrong(o->verb, "'--candump -' and '--out -' both want standard output");
	if (self->to != IMAGE_RAW && !image_srec_type(o->address + (o->length - 1), 0))
		return options_wrong(o->verb, "%s has 32 address bits: --to raw takes any",
				     image_format_text(self->to));
	r = load_profile(&self->inputs, o, o->profile);
	if (r < 0 && o->keys)
		r = load_keys(&self->inputs, o);
	if (r >= 0)
		return r;
	self->range = (struct upload_range){.address = o->address, .n_bytes = o->length, .out = malloc(o->length)};
	if (self->range.out)
		return -1;
	return print_failure(o, EXIT_FLASH_FAILED, "out of memory");
}

static int run(const struct options *options)
{
	struct reading *self = calloc(1, sizeof *self);
	int r;

	if (!self)
		return print_failure(options, EXIT_FLASH_FAILED, "out of memory");
	self->options = options;
	r = prepare(self);
	if (r < 0)
		r = read_and_tell(self);
	free(self->range.out);
	unload_inputs(&self->inputs);
	free(self);
	return r;
}

const struct verb verb_read = {
    .name = "read",
    .summary = "read a range of the ECU's memory to a file, where it allows that",
    .usage = "--bus BUS --profile FILE --address ADDR --length N --out FILE [OPTION]...",
    .about =
	"RequestUpload, TransferData, RequestTransferExit, in the session that --session says. With --keys the ECU\n"
	"is unlocked first, at the first security level of the profile. Nothing is written to the ECU; Ctrl-C\n"
	"ends after the block at hand, and every way out leads back to the default session. FILE appears only\n"
	"when all is read.\n",
    .takes = TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE) | TAKES(OPTION_KEYS) | TAKES(OPTION_SEED_KEY_DIR) |
	     TAKES(OPTION_ADDRESS) | TAKES(OPTION_LENGTH) | TAKES(OPTION_OUT) | TAKES(OPTION_TO) |
	     TAKES(OPTION_LINE_END) | TAKES(OPTION_SESSION) | TAKES(OPTION_JSON) | TAKES(OPTION_TRACE) |
	     TAKES(OPTION_CANDUMP),
    .needs =
	TAKES(OPTION_BUS) | TAKES(OPTION_PROFILE) | TAKES(OPTION_ADDRESS) | TAKES(OPTION_LENGTH) | TAKES(OPTION_OUT),
    .run = run,
};
