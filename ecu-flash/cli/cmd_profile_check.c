/* 'profile check': whether a profile is valid, and what it does. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ecu-flash/cli/load.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/sequence.h"
#include "ecu-flash/cli/words.h"

static struct sequence sequence_of(const struct options *options, const struct inputs *in)
{
	return (struct sequence){
	    .profile = &in->profile,
	    .units = in->units,
	    .n_units = in->n_units,
	    .link = {.nominal_bps = options->bitrate, .data_bps = options->data_bitrate},
	};
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

static void profile_text(const struct options *options, const struct inputs *in)
{
	const struct sequence sequence = sequence_of(options, in);
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
	printf("  %-14s %s\n", "banks",
	       p->banks == PROFILE_DUAL_BANK ? "two: written while it runs, then switched over" : "one");
	sequence_text(&sequence);
}

static int profile_json(const struct options *options, const struct inputs *in)
{
	const struct sequence sequence = sequence_of(options, in);
	const struct profile *p = &in->profile;
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
	sequence_json(&sequence, &json);
	json_object_end(&json);
	return print_json(&json);
}

static int show_profile(const struct options *options)
{
	struct inputs *in = calloc(1, sizeof *in);
	int r;

	if (!in)
		return print_failure(options, EXIT_FLASH_FAILED, "out of memory");
	r = load_profile(in, options, options->files[0]);
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
    .about =
	"Validates a profile and prints its sequence in words, with the time that each step takes by estimate: with\n"
	"the images given, else without any. A dual-bank profile has its way back, too.\n",
    .takes = TAKES(OPTION_SIGNATURE) | TAKES(OPTION_BASE) | TAKES(OPTION_RAW) | TAKES(OPTION_BITRATE) |
	     TAKES(OPTION_DATA_BITRATE) | TAKES(OPTION_JSON),
    .min_files = 1,
    .max_files = 1 + (int)FLASH_MAX_UNITS,
    .run = show_profile,
};
