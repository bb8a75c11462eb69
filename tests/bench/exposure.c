/*
 * exposure - how long a fleet stays exposed: from the creation of a campaign to the verified ECU, for each update mode
 * and class of urgency, over vehicles with weekly driving patterns. In simulated time, from a seed.
 *
 * What the gateway does is its core's; what the backend does is said in `backends` below, and what a class gives in
 * `classes`.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/fleet_vehicle.h"

#define DAY_S UINT64_C(86400)

static const char usage[] = "exposure [--vehicles N] [--weeks N] [--awake S] [--seed N] [--kinds]\n"
			    "\n"
			    "  --vehicles N  of the fleet; 1000\n"
			    "  --weeks N     that it is watched; 8\n"
			    "  --awake S     that a gateway stays awake once the ignition is off; 900\n"
			    "  --seed N      of patterns and chances; 1\n"
			    "  --kinds       a line for each driving pattern, too\n";

struct options {
	unsigned vehicles;
	unsigned weeks;
	unsigned awake_s;
	uint64_t seed;
	bool kinds;
};

/* the client asks when it connects and every four hours; the others are sent the document at once */
static const struct fleet_backend backends[] = {
    {MODE_CLIENT, 4 * 3600, false},
    {MODE_SERVER, 0, false},
    {MODE_NEGOTIATED, 0, true},
};
static const char *const mode_names[] = {"client", "server", "negotiated"};

/* as sim/demo/strategy.yaml says */
static const struct fleet_class classes[] = {
    {URGENCY_CRITICAL, 300, false},
    {URGENCY_HIGH, 3600, false},
    {URGENCY_NORMAL, 21600, true},
    {URGENCY_LOW, 86400, true},
};
static const char *const class_names[] = {"critical", "high", "normal", "low"};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* @sorted: seconds; hours in words, or that so many vehicles were never done */
static const char *percentile(const uint64_t *sorted, size_t n, unsigned percent, char out[24])
{
	uint64_t value = sorted[(n * percent + 99) / 100 - 1];

	if (value == FLEET_NEVER)
		snprintf(out, 24, "never");
	else
		snprintf(out, 24, "%.1f", (double)value / 3600);
	return out;
}

static void row(const char *mode, const char *class, const char *kind, uint64_t *exposure_s, size_t n)
{
	char median[24], p90[24], p99[24];
	size_t never = 0;

	qsort(exposure_s, n, sizeof *exposure_s, compare);
	for (size_t i = 0; i < n; i++)
		never += exposure_s[i] == FLEET_NEVER;
	printf("%-10s  %-8s  %-14s %8zu  %9s  %9s  %9s  %12.1f\n", mode, class, kind, n,
	       percentile(exposure_s, n, 50, median), percentile(exposure_s, n, 90, p90),
	       percentile(exposure_s, n, 99, p99), 100.0 * (double)never / (double)n);
}

static void rows(const struct options *options, size_t mode, size_t class, const uint64_t *exposure_s, uint64_t *room)
{
	memcpy(room, exposure_s, options->vehicles * sizeof *room);
	row(mode_names[mode], class_names[class], "all", room, options->vehicles);
	for (enum fleet_kind kind = 0; options->kinds && kind < FLEET_KINDS; kind++) {
		size_t n = 0;

		for (unsigned i = 0; i < options->vehicles; i++) {
			if (fleet_kind_of(i) == kind)
				room[n++] = exposure_s[i];
		}
		if (n > 0)
			row(mode_names[mode], class_names[class], fleet_kind_name(kind), room, n);
	}
}

static bool parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
	    {"vehicles", required_argument, NULL, 'v'}, {"weeks", required_argument, NULL, 'w'},
	    {"awake", required_argument, NULL, 'a'},    {"seed", required_argument, NULL, 's'},
	    {"kinds", no_argument, NULL, 'k'},          {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		uint64_t value = optarg ? strtoull(optarg, NULL, 10) : 0;

		if (option == 'v')
			options->vehicles = (unsigned)value;
		else if (option == 'w')
			options->weeks = (unsigned)value;
		else if (option == 'a')
			options->awake_s = (unsigned)value;
		else if (option == 's')
			options->seed = value;
		else if (option == 'k')
			options->kinds = true;
		else
			return false;
	}
	return optind == argc && options->vehicles >= 1 && options->vehicles <= 100000 && options->weeks >= 1 &&
	       options->weeks <= 52;
}

int main(int argc, char **argv)
{
	struct options options = {1000, 8, 900, 1, false};

	if (!parse(&options, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	/* on a Tuesday at ten; a vehicle may be anywhere then */
	struct fleet_model model = {.created_s = DAY_S + 10 * 3600,
				    .end_s = DAY_S + 10 * 3600 + options.weeks * 7 * DAY_S,
				    .awake_s = options.awake_s,
				    .flash_s = 480,
				    .erase_s = 20,
				    .image_bytes = 60000000,
				    .bytes_per_s = 500000,
				    .fails_percent = 2,
				    .consent_percent = 50};
	struct fleet_pattern *patterns = calloc(options.vehicles, sizeof *patterns);
	struct gateway *gateway = malloc(sizeof *gateway);
	uint64_t *exposure_s = calloc(options.vehicles, sizeof *exposure_s);
	uint64_t *room = calloc(options.vehicles, sizeof *room);
	uint64_t random = options.seed;

	if (!patterns || !gateway || !exposure_s || !room) {
		fputs("exposure: out of memory\n", stderr);
		return 1;
	}
	for (unsigned i = 0; i < options.vehicles; i++)
		fleet_pattern_init(&patterns[i], fleet_kind_of(i), options.weeks + 2, &random);
	printf("%-10s  %-8s  %-14s %8s  %9s  %9s  %9s  %12s\n", "mode", "urgency", "pattern", "vehicles", "median h",
	       "90 % h", "99 % h", "not done %");
	for (size_t mode = 0; mode < sizeof backends / sizeof backends[0]; mode++) {
		for (size_t class = 0; class < sizeof classes / sizeof classes[0]; class ++) {
			for (unsigned i = 0; i < options.vehicles; i++)
				exposure_s[i] = fleet_vehicle_run(gateway, &model, &backends[mode], &classes[class],
								  &patterns[i], options.seed * 1000003 + i);
			rows(&options, mode, class, exposure_s, room);
		}
	}
	for (unsigned i = 0; i < options.vehicles; i++)
		fleet_pattern_deinit(&patterns[i]);
	free(patterns);
	free(gateway);
	free(exposure_s);
	free(room);
	return 0;
}
