/* 'image convert': a firmware file in another format. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ecu-flash/cli/image_out.h"
#include "ecu-flash/cli/load.h"
#include "ecu-flash/cli/out_file.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/words.h"
#include "ecu-flash/image_records.h"

#define MAX_GAPS_BYTES 65536u              /* in a raw image, unless the user says what they hold */
#define MAX_RAW_BYTES  (UINT64_C(1) << 30) /* a raw file of a HEX file that names two far places is a mistake */

struct convert {
	const struct options *options;
	struct image_file source;
	enum image_format to;
	bool keep;                    /* the records of the source as they stand */
	struct image_records records; /* what a source with records said; else zeros */
	bool lf;
	uint64_t lowest, highest; /* addresses */
	uint64_t n_bytes;
	uint64_t entry;
	uint64_t gaps_bytes;
	uint64_t raw_bytes;
};

static bool is_text(enum image_format format)
{
	return format == IMAGE_IHEX || format == IMAGE_SREC;
}

static uint64_t end_of(const struct image *image)
{
	const struct image_segment *last = &image->segments[image->n_segments - 1];

	return last->address + (last->n_bytes - 1);
}

static int wrong_line(const struct convert *self, const struct image_error *error)
{
	return print_failure(self->options, EXIT_BAD_INPUT, "%s:%u: %s", self->options->files[0], error->line,
			     error->text);
}

/* all its records, whatever they say of one address: what they hold, and how the file is laid out */
static int read_records(struct convert *self)
{
	const uint8_t *bytes = self->source.map;
	const uint8_t *end = memchr(bytes, '\n', self->source.map_n);
	struct image_error error;
	int r;

	self->lowest = UINT64_MAX;
	image_records_init(&self->records, self->source.image.format, bytes, self->source.map_n);
	while (!(r = image_records_next(&self->records, &error))) {
		const struct image_records *record = &self->records;

		self->n_bytes += record->n;
		if (record->n && record->address < self->lowest)
			self->lowest = record->address;
		if (record->n && record->address + (record->n - 1) > self->highest)
			self->highest = record->address + (record->n - 1);
	}
	if (r == 1)
		return wrong_line(self, &error);
	self->entry = self->records.entry;
	self->lf = end && (end == bytes || end[-1] != '\r');
	return -1;
}

/* as memory: what a flash would write */
static int read_memory(struct convert *self)
{
	const struct image *image = &self->source.image;
	enum image_format format = image->format;
	char text[512];
	int r;

	image_unload(&self->source);
	r = image_load(self->options->files[0], format, self->options->base, &self->source, text, sizeof text);
	if (r && !self->keep)
		return print_failure(self->options, EXIT_BAD_INPUT, "%s", text);
	if (r) { /* records can be passed on as they stand */
		fprintf(stderr, "note: %s; the records are kept as they are, and 'flash' would refuse them\n", text);
		r = image_map(self->options->files[0], format, &self->source, text, sizeof text);
		if (!r)
			return -1;
		return print_failure(self->options, EXIT_BAD_INPUT, "%s", text);
	}
	self->entry = image->entry;
	self->n_bytes = image->n_bytes;
	self->lowest = image->segments[0].address;
	self->highest = end_of(image);
	return -1;
}

/* ---- raw ---- */

static int check_raw(struct convert *self)
{
	char count[WORDS_BYTES];

	self->raw_bytes = self->highest - self->lowest + 1;
	self->gaps_bytes = self->raw_bytes - self->n_bytes;
	words_count(self->gaps_bytes, count);
	if (self->gaps_bytes > MAX_GAPS_BYTES && !option_given(self->options, OPTION_FILL))
		return options_wrong(self->options->verb,
				     "%s has gaps of %s bytes between its segments, which a raw image would hold: "
				     "say with --fill what they shall be",
				     self->options->files[0], count);
	if (self->raw_bytes <= MAX_RAW_BYTES)
		return -1;
	return print_failure(self->options, EXIT_BAD_INPUT, "%s: raw, it would be larger than 1 GiB, most of it gaps",
			     self->options->files[0]);
}

static void write_raw(const struct convert *self, FILE *out)
{
	const struct image *image = &self->source.image;
	uint64_t at = self->lowest;
	uint8_t fill[4096];

	memset(fill, self->options->fill, sizeof fill);
	for (size_t i = 0; i < image->n_segments && !ferror(out); i++) {
		const struct image_segment *s = &image->segments[i];

		while (at < s->address) {
			size_t n = s->address - at < sizeof fill ? (size_t)(s->address - at) : sizeof fill;

			at += fwrite(fill, 1, n, out);
			if (ferror(out))
				return;
		}
		fwrite(s->data, 1, s->n_bytes, out);
		at += s->n_bytes;
	}
}

/* ---- records ---- */

static int check_text(const struct convert *self, uint8_t *srec_type)
{
	uint8_t least = image_srec_type(self->highest, self->entry);
	uint8_t wanted = self->options->srec_type;

	if (!least)
		return print_failure(self->options, EXIT_BAD_INPUT,
				     "%s: it reaches 0x%" PRIX64 ", and %s has 32 address bits",
				     self->options->files[0], self->highest, image_format_text(self->to));
	if (wanted && wanted < least)
		return options_wrong(self->options->verb,
				     "--srec-type %u has %u address bits, too few for %s, which needs type %u", wanted,
				     8u * (wanted + 1u), self->options->files[0], least);
	*srec_type = wanted ? wanted : least > self->records.srec_type ? least : self->records.srec_type;
	return -1;
}

static void write_text(struct convert *self, uint8_t srec_type, FILE *out)
{
	const struct options *o = self->options;
	const struct image *image = &self->source.image;
	struct image_write_config config = {
	    .format = self->to,
	    .record_bytes = self->keep ? 255 : o->bytes_per_line,
	    .srec_type = srec_type,
	    .linear = o->linear || self->records.linear,
	    .lf = option_given(o, OPTION_LINE_END) ? o->lf : self->lf,
	    .entry = self->entry,
	    .header = o->header                  ? (const uint8_t *)o->header
		      : self->records.has_header ? self->records.header
						 : NULL,
	    .n_header = o->header ? (uint8_t)strlen(o->header) : self->records.n_header,
	};
	struct image_records records;
	struct image_error unused;
	struct image_writer writer;
	char lines[IMAGE_WRITE_BYTES];

	image_write_init(&writer, &config);
	fwrite(lines, 1, image_write_begin(&writer, lines), out);
	if (self->keep) {
		image_records_init(&records, image->format, self->source.map, self->source.map_n);
		while (!image_records_next(&records, &unused))
			image_out_piece(&writer, (struct image_segment){records.address, records.data, records.n}, out);
	} else {
		for (size_t i = 0; i < image->n_segments; i++)
			image_out_piece(&writer, image->segments[i], out);
	}
	fwrite(lines, 1, image_write_end(&writer, lines), out);
}

/* ---- what is said about it ---- */

static void tell(const struct convert *self)
{
	const struct options *o = self->options;
	FILE *f = strcmp(o->out, "-") == 0 ? stderr : stdout;
	char count[WORDS_BYTES];

	words_count(self->n_bytes, count);
	fprintf(f, "%s: %s, %s bytes, 0x%08" PRIX64 "..0x%08" PRIX64 "%s\n", o->out, image_format_text(self->to), count,
		self->lowest, self->highest, self->keep ? ", records as in the source" : "");
	if (self->to == IMAGE_RAW)
		fprintf(f, "  '--base 0x%" PRIX64 "' says where its first byte belongs when it is read\n",
			self->lowest);
	if (self->to == IMAGE_RAW && self->gaps_bytes)
		fprintf(f, "  gaps of %" PRIu64 " bytes hold 0x%02X\n", self->gaps_bytes, o->fill);
	if (self->to == IMAGE_RAW && self->entry)
		fprintf(f, "  the start address 0x%08" PRIX64 " has no place in it\n", self->entry);
	if (self->to != IMAGE_SREC && self->records.has_header)
		fprintf(f, "  the text of the S0 record has no place in it\n");
}

static int tell_json(const struct convert *self)
{
	struct json json;

	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, "image convert");
	json_key(&json, "file");
	json_string(&json, self->options->files[0]);
	json_key(&json, "from");
	json_string(&json, image_format_text(self->source.image.format));
	json_key(&json, "out");
	json_string(&json, self->options->out);
	json_key(&json, "to");
	json_string(&json, image_format_text(self->to));
	json_key(&json, "bytes");
	json_uint(&json, self->n_bytes);
	json_key(&json, "address");
	json_uint(&json, self->lowest);
	json_key(&json, "entry");
	json_uint(&json, self->entry);
	json_key(&json, "fill_bytes");
	json_uint(&json, self->to == IMAGE_RAW ? self->gaps_bytes : 0);
	json_key(&json, "records_kept");
	json_bool(&json, self->keep);
	json_object_end(&json);
	return print_json(&json);
}

static int convert(struct convert *self)
{
	const struct options *o = self->options;
	struct out_file out;
	uint8_t srec_type = 0;
	int r;

	self->keep = is_text(self->source.image.format) && is_text(self->to) && !o->bytes_per_line;
	r = is_text(self->source.image.format) ? read_records(self) : -1;
	if (r < 0)
		r = read_memory(self);
	if (r >= 0)
		return r;
	if (option_given(o, OPTION_ENTRY))
		self->entry = o->entry;
	r = self->to == IMAGE_RAW ? check_raw(self) : check_text(self, &srec_type);
	if (r >= 0)
		return r;
	r = out_file_open(&out, o->out);
	if (!r) {
		if (self->to == IMAGE_RAW)
			write_raw(self, out.stream);
		else
			write_text(self, srec_type, out.stream);
		r = out_file_commit(&out);
	}
	if (r)
		return print_failure(o, EXIT_FLASH_FAILED, "%s: %s", o->out, strerror(-r));
	if (o->json)
		return tell_json(self);
	tell(self);
	return EXIT_DONE;
}

static int run(const struct options *options)
{
	struct convert self = {.options = options};
	char text[512];
	int r;

	r = image_out_format(options, &self.to);
	if (r >= 0)
		return r;
	if (options->json && strcmp(options->out, "-") == 0)
		return options_wrong(options->verb, "--json and --out - both want standard output");
	if (image_map(options->files[0], load_format(options), &self.source, text, sizeof text))
		return print_failure(options, EXIT_BAD_INPUT, "%s", text);
	r = convert(&self);
	image_unload(&self.source);
	return r;
}

const struct verb verb_image_convert = {
    .name = "image convert",
    .summary = "between Intel HEX, S-record and raw",
    .usage = "--out FILE [--to ihex|srec|raw] [OPTION]... FILE",
    .about = "Between the two formats with records, each record keeps its place and length, so that there and back\n"
	     "gives the same bytes; records that the target cannot hold whole are split, counting records (S5, S6)\n"
	     "are left out. With --bytes-per-line, and of a raw file, records are made anew, by rising addresses.\n"
	     "'--bytes-per-line 16', and '--header' with the name of the output, give what objcopy writes.\n"
	     "A file that says two different things of one address is passed on with a note, as long as its records\n"
	     "are; anything else that has to know its bytes refuses it.\n",
    .takes = TAKES(OPTION_OUT) | TAKES(OPTION_TO) | TAKES(OPTION_BASE) | TAKES(OPTION_RAW) | TAKES(OPTION_FILL) |
	     TAKES(OPTION_BYTES_PER_LINE) | TAKES(OPTION_SREC_TYPE) | TAKES(OPTION_HEADER) | TAKES(OPTION_ENTRY) |
	     TAKES(OPTION_LINEAR) | TAKES(OPTION_LINE_END) | TAKES(OPTION_JSON),
    .needs = TAKES(OPTION_OUT),
    .min_files = 1,
    .max_files = 1,
    .run = run,
};
