/* 'image compare': where two firmware files differ. */
#include <inttypes.h>
#include <stdio.h>

#include "ecu-flash/cli/load.h"
#include "ecu-flash/cli/print.h"
#include "ecu-flash/cli/words.h"
#include "ecu-flash/image_compare.h"

#define SHOWN_RANGES 16u
#define SHOWN_BYTES  8u
#define JSON_RANGES  1000u

struct totals {
	uint64_t ranges;
	uint64_t bytes[3]; /* by enum image_range_kind */
};

static void show_bytes(const uint8_t *bytes, uint64_t n)
{
	for (uint64_t i = 0; i < n && i < SHOWN_BYTES; i++)
		printf(" %02X", bytes[i]);
	if (n > SHOWN_BYTES)
		printf(" ...");
}

static void show_range(const struct options *o, const struct image_range *range)
{
	char count[WORDS_BYTES];

	words_count(range->n_bytes, count);
	printf("  0x%08" PRIX64 "..0x%08" PRIX64 "  %s byte%s", range->address, range->address + (range->n_bytes - 1),
	       count, range->n_bytes == 1 ? "" : "s");
	if (range->kind == IMAGE_RANGE_DIFFERS) {
		fputs(":", stdout);
		show_bytes(range->first, range->n_bytes);
		fputs(" |", stdout);
		show_bytes(range->second, range->n_bytes);
		putchar('\n');
	} else {
		printf(" only in %s\n", o->files[range->kind == IMAGE_RANGE_ONLY_FIRST ? 0 : 1]);
	}
}

static int compare_text(const struct options *o, const struct image *a, const struct image *b)
{
	struct image_compare compare;
	struct image_range range;
	struct totals totals = {0};

	image_compare_init(&compare, a, b);
	while (image_compare_next(&compare, &range)) {
		if (totals.ranges++ < SHOWN_RANGES)
			show_range(o, &range);
		totals.bytes[range.kind] += range.n_bytes;
	}
	if (totals.ranges > SHOWN_RANGES)
		printf("  and %" PRIu64 " ranges more\n", totals.ranges - SHOWN_RANGES);
	if (a->entry != b->entry)
		printf("  the start addresses are 0x%08" PRIX64 " and 0x%08" PRIX64 "\n", a->entry, b->entry);
	if (!totals.ranges) {
		printf("the same %zu bytes at the same addresses\n", a->n_bytes);
		return EXIT_DONE;
	}
	printf("%" PRIu64 " bytes differ, %" PRIu64 " only in %s, %" PRIu64 " only in %s\n",
	       totals.bytes[IMAGE_RANGE_DIFFERS], totals.bytes[IMAGE_RANGE_ONLY_FIRST], o->files[0],
	       totals.bytes[IMAGE_RANGE_ONLY_SECOND], o->files[1]);
	return EXIT_FLASH_FAILED;
}

static int compare_json(const struct options *o, const struct image *a, const struct image *b)
{
	static const char *const kinds[] = {[IMAGE_RANGE_DIFFERS] = "differs",
					    [IMAGE_RANGE_ONLY_FIRST] = "only_first",
					    [IMAGE_RANGE_ONLY_SECOND] = "only_second"};
	struct image_compare compare;
	struct image_range range;
	struct totals totals = {0};
	struct json json;
	int r;

	json_init(&json);
	json_object(&json);
	json_key(&json, "command");
	json_string(&json, "image compare");
	json_key(&json, "first");
	json_string(&json, o->files[0]);
	json_key(&json, "second");
	json_string(&json, o->files[1]);
	json_key(&json, "first_entry");
	json_uint(&json, a->entry);
	json_key(&json, "second_entry");
	json_uint(&json, b->entry);
	json_key(&json, "ranges"); /* the first JSON_RANGES of them */
	json_array(&json);
	image_compare_init(&compare, a, b);
	while (image_compare_next(&compare, &range)) {
		totals.bytes[range.kind] += range.n_bytes;
		if (totals.ranges++ >= JSON_RANGES)
			continue;
		json_object(&json);
		json_key(&json, "kind");
		json_string(&json, kinds[range.kind]);
		json_key(&json, "address");
		json_uint(&json, range.address);
		json_key(&json, "bytes");
		json_uint(&json, range.n_bytes);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_key(&json, "n_ranges");
	json_uint(&json, totals.ranges);
	json_key(&json, "bytes_differ");
	json_uint(&json, totals.bytes[IMAGE_RANGE_DIFFERS]);
	json_key(&json, "bytes_only_first");
	json_uint(&json, totals.bytes[IMAGE_RANGE_ONLY_FIRST]);
	json_key(&json, "bytes_only_second");
	json_uint(&json, totals.bytes[IMAGE_RANGE_ONLY_SECOND]);
	json_key(&json, "equal");
	json_bool(&json, totals.ranges == 0);
	json_object_end(&json);
	r = print_json(&json);
	return r != EXIT_DONE || totals.ranges == 0 ? r : EXIT_FLASH_FAILED;
}

static int run(const struct options *options)
{
	struct image_file files[2] = {0};
	char text[512];
	int r = -1;

	for (unsigned i = 0; i < 2 && r < 0; i++) {
		if (!image_load(options->files[i], load_format(options), options->base, &files[i], text, sizeof text))
			continue;
		r = print_failure(options, EXIT_BAD_INPUT, "%s", text);
	}
	if (r < 0)
		r = options->json ? compare_json(options, &files[0].image, &files[1].image)
				  : compare_text(options, &files[0].image, &files[1].image);
	for (unsigned i = 0; i < 2; i++)
		image_unload(&files[i]);
	return r;
}

const struct verb verb_image_compare = {
    .name = "image compare",
    .summary = "where two firmware files differ",
    .usage = "[OPTION]... FILE FILE",
    .about = "Compares bytes at addresses, whatever the formats. Ends with 0 if they are the same, with 1 if not.\n",
    .takes = TAKES(OPTION_BASE) | TAKES(OPTION_RAW) | TAKES(OPTION_JSON),
    .min_files = 2,
    .max_files = 2,
    .run = run,
};
