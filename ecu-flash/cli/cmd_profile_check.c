/* 'profile check': whether a profile is valid, and what it does. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/load.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/words.h"
#include "ecu-flash/estimate.h"

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
	return print_json(&json);
}

static int show_profile(const struct options *options)
{
	struct inputs *in = calloc(1, sizeof *in);
	int r;

	if (!in) {
		fputs("ecu-flash: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	r = load_profile(in, options->files[0]);
	if (r < 0)
		r = load_images(in, options, options->files + 1, options->n_files - 1);
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

const struct verb verb_profile_check = {
    .name = "profile check",
    .summary = "validate an ECU profile and print its sequence in words",
    .usage = "[OPTION]... FILE [IMAGE]...",
    .about = "Validates a profile and prints its sequence in words; with images, how long they take to flash.\n",
    .takes = TAKES(OPTION_BASE) | TAKES(OPTION_BITRATE) | TAKES(OPTION_DATA_BITRATE) | TAKES(OPTION_JSON),
    .min_files = 1,
    .max_files = 1 + (int)FLASH_MAX_UNITS,
    .run = show_profile,
};
