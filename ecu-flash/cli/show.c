#include "ecu-flash/cli/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "ecu-flash/cli/load.h"
#include "ecu-flash/cli/words.h"
#include "ecu-flash/estimate.h"

static int print_json(struct json *json)
{
	const char *text = json_text(json);

	if (!text) {
		fputs("ecu-flash: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	puts(text);
	return EXIT_DONE;
}

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
	int r;

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
	r = print_json(&json);
	json_deinit(&json);
	return r;
}

int show_image(const struct options *options)
{
	struct image_file file;
	char text[512];
	int r = EXIT_DONE;

	if (image_load(options->files[0], IMAGE_AUTO, options->base, &file, text, sizeof text)) {
		fprintf(stderr, "ecu-flash: %s\n", text);
		return EXIT_BAD_INPUT;
	}
	if (options->json)
		r = image_json(options->files[0], &file);
	else
		image_text(options->files[0], &file);
	image_unload(&file);
	return r;
}

static struct estimate estimate_of(const struct options *options, const struct inputs *in)
{
	const struct estimate_link link = {.nominal_bps = options->bitrate, .data_bps = options->data_bitrate};

	return estimate_flash(&in->profile, in->units, in->n_units, &link);
}

static const char *supply_word(enum profile_supply supply)
{
	switch (supply) {
	case PROFILE_SUPPLY_KL30:
		return "kl30: always";
	case PROFILE_SUPPLY_KL15:
		return "kl15: with ignition, standing still";
	case PROFILE_SUPPLY_KL15_HELD:
		return "kl15_held: ignition off, held on request";
	}
	return "";
}

static void steps_text(const struct profile *p)
{
	bool erased = false;
	char words[WORDS_BYTES];

	puts("\nOnce for the bus, before its first ECU:");
	for (uint8_t i = 0; i < p->n_bus_before; i++) {
		words_bus_step(p, &p->bus_before[i], words);
		printf("  %s\n", words);
	}
	puts("\nThe ECU:");
	for (uint8_t i = 0; i < p->n_steps; i++) {
		const struct flash_step *s = &p->steps[i];
		bool last_way_back = !erased && (s->kind == FLASH_STEP_ERASE || s->point_of_no_return);

		if (last_way_back)
			puts(
			    "  ---- point of no return: from here on without a valid application until it is verified");
		erased = erased || last_way_back;
		words_step(p, s, words);
		printf("  %2u. %s", i + 1u, words);
		if (s->retries)
			printf("; tried again up to %u time%s", s->retries, s->retries == 1 ? "" : "s");
		putchar('\n');
	}
	puts("\nOnce for the bus, after its last ECU, on every way out:");
	for (uint8_t i = 0; i < p->n_bus_after; i++) {
		words_bus_step(p, &p->bus_after[i], words);
		printf("  %s\n", words);
	}
}

static void estimate_text(const struct options *options, const struct inputs *in)
{
	struct estimate e = estimate_of(options, in);
	char total[WORDS_BYTES], erase[WORDS_BYTES], transfer[WORDS_BYTES], bytes[WORDS_BYTES];
	uint64_t n = 0;

	for (uint8_t i = 0; i < in->n_units; i++)
		n += in->units[i].image->n_bytes;
	words_count(n, bytes);
	words_time(e.total_ms, total);
	words_time(e.erase_ms, erase);
	words_time(e.transfer_ms, transfer);
	printf("\nEstimate for %s bytes at %" PRIu32 " kbit/s: %s, of which %s erasing and %s TransferData.\n", bytes,
	       options->bitrate / 1000, total, erase, transfer);
}

static void profile_text(const struct options *options, const struct inputs *in)
{
	const struct profile *p = &in->profile;
	char words[WORDS_BYTES];

	words_addressing(p, words);
	printf("%s: the profile is valid.\n\n", options->files[0]);
	printf("  %-14s %s\n", "ECU", p->name);
	printf("  %-14s %s\n", "addresses", words);
	printf("  %-14s %s, frames of up to %u bytes%s\n", "link", p->link.fd ? "CAN FD" : "classic CAN", p->link.tx_dl,
	       p->link.fd && p->link.brs ? ", bit rate switched" : "");
	printf("  %-14s P2 %" PRIu64 " ms, P2* %" PRIu64 " ms, tester present each %" PRIu64 " ms\n", "timing",
	       p->timing.p2_us / 1000, p->timing.p2_star_us / 1000, p->timing.s3_client_us / 1000);
	printf("  %-14s %s\n", "supply", supply_word(p->supply));
	steps_text(p);
	if (in->n_units)
		estimate_text(options, in);
}

static int profile_json(const struct options *options, const struct inputs *in)
{
	const struct profile *p = &in->profile;
	char words[WORDS_BYTES];
	struct json json;
	int r;

	json_init(&json);
	json_object(&json);
	json_key(&json, "file");
	json_string(&json, options->files[0]);
	json_key(&json, "valid");
	json_bool(&json, true);
	json_key(&json, "ecu");
	json_string(&json, p->name);
	json_key(&json, "request_id");
	json_uint(&json, p->link.address.tx_id);
	json_key(&json, "response_id");
	json_uint(&json, p->link.address.rx_id);
	json_key(&json, "functional_id");
	json_uint(&json, p->functional.id);
	json_key(&json, "steps");
	json_array(&json);
	for (uint8_t i = 0; i < p->n_steps; i++) {
		json_object(&json);
		json_key(&json, "step");
		json_string(&json, flash_step_text(p->steps[i].kind));
		words_step(p, &p->steps[i], words);
		json_key(&json, "text");
		json_string(&json, words);
		json_key(&json, "retries");
		json_uint(&json, p->steps[i].retries);
		json_key(&json, "point_of_no_return");
		json_bool(&json, p->steps[i].point_of_no_return);
		json_object_end(&json);
	}
	json_array_end(&json);
	if (in->n_units) {
		struct estimate e = estimate_of(options, in);

		json_key(&json, "estimate");
		json_object(&json);
		json_key(&json, "total_ms");
		json_uint(&json, e.total_ms);
		json_key(&json, "erase_ms");
		json_uint(&json, e.erase_ms);
		json_key(&json, "transfer_ms");
		json_uint(&json, e.transfer_ms);
		json_object_end(&json);
	}
	json_object_end(&json);
	r = print_json(&json);
	json_deinit(&json);
	return r;
}

int show_profile(const struct options *options)
{
	struct inputs *in = calloc(1, sizeof *in);
	int r;

	if (!in) {
		fputs("ecu-flash: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	r = load_profile(in, options->files[0]);
	if (r < 0)
		r = load_images(in, options->files + 1, options->n_files - 1, options->base);
	if (r < 0) {
		r = EXIT_DONE;
		if (options->json)
			r = profile_json(options, in);
		else
			profile_text(options, in);
	}
	unload_inputs(in);
	free(in);
	return r;
}
