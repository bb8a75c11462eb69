/* 'image show': what a firmware file holds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ecu-flash/cli/load.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/words.h"

static void print_hex(const char *name, const uint8_t *bytes, size_t n)
{
	printf("  %-14s ", name);
	for (size_t i = 0; i < n; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

static void image_text(const char *path, const struct image_file *file)
{
	const struct image *image = &file->image;
	char count[WORDS_BYTES];

	words_count(image->n_bytes, count);
	printf("%s\n", path);
	printf("  %-14s %s\n", "format", image_format_text(image->format));
	printf("  %-14s %s in %zu segment%s\n", "bytes", count, image->n_segments, image->n_segments == 1 ? "" : "s");
	if (image->entry)
		printf("  %-14s 0x%08" PRIx64 "\n", "start address", image->entry);
	print_hex("sha256, file", file->file_sha256, 32);
	print_hex("sha256, bytes", file->segments_sha256, 32);
	printf("  %-10s  %-10s  %12s  %s\n", "first", "last", "bytes", "CRC-32");
	for (size_t i = 0; i < image->n_segments; i++) {
		const struct image_segment *s = &image->segments[i];

		words_count(s->n_bytes, count);
		printf("  0x%08" PRIx64 "  0x%08" PRIx64 "  %12s  %08" PRIx32 "\n", s->address,
		       s->address + s->n_bytes - 1, count, image_crc32(0, s->data, s->n_bytes));
	}
}

static int image_json(const char *path, const struct image_file *file)
{
	struct json json;

	json_init(&json);
	json_object(&json);
	json_key(&json, "file");
	json_string(&json, path);
	json_key(&json, "format");
	json_string(&json, image_format_text(file->image.format));
	json_key(&json, "bytes");
	json_uint(&json, file->image.n_bytes);
	json_key(&json, "entry");
	json_uint(&json, file->image.entry);
	json_key(&json, "file_sha256");
	json_hex(&json, file->file_sha256, 32);
	json_key(&json, "segments_sha256");
	json_hex(&json, file->segments_sha256, 32);
	json_key(&json, "segments");
	json_array(&json);
	for (size_t i = 0; i < file->image.n_segments; i++) {
		const struct image_segment *s = &file->image.segments[i];

		json_object(&json);
		json_key(&json, "address");
		json_uint(&json, s->address);
		json_key(&json, "bytes");
		json_uint(&json, s->n_bytes);
		json_key(&json, "crc32");
		json_uint(&json, image_crc32(0, s->data, s->n_bytes));
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	return print_json(&json);
}

static int show_image(const struct options *options)
{
	struct image_file file;
	char text[512];
	int r = EXIT_DONE;

	if (image_load(options->files[0], load_format(options), options->base, &file, text, sizeof text))
		return print_failure(options, EXIT_BAD_INPUT, "%s", text);
	if (options->json)
		r = image_json(options->files[0], &file);
	else
		image_text(options->files[0], &file);
	image_unload(&file);
	return r;
}

const struct verb verb_image_show = {
    .name = "image show",
    .summary = "segments, start address and digests of a firmware file",
    .usage = "[OPTION]... FILE",
    .about = "FILE is Intel HEX, Motorola S-record or raw, told apart by its first record.\n",
    .takes = TAKES(OPTION_BASE) | TAKES(OPTION_RAW) | TAKES(OPTION_JSON),
    .min_files = 1,
    .max_files = 1,
    .run = show_image,
};
