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

static const char usage[] =
    "exposure [--vehicles N] [--weeks N] [--awake S] [--trigger-after S] [--no-alarms] [--seed N] [--kinds] [--why]\n"
    "\n"
    "  --vehicles N  of the fleet; 1000\n"
    "  --weeks N     that it is watched; 8\n"
    "  --awake S     that a gateway stays awake once the ignition is off, or an alarm rang; 900\n"
    "  --no-alarms   a gateway that sleeps is woken by the ignition alone\n"
    "  --seed N      of patterns and chances; 1\n"
    "  --kinds       a line for each driving pattern, too\n"
    "  --why         how the campaigns of those that were not done stand at the end\n";

struct options {
	unsigned vehicles;
	unsigned weeks;
	unsigned awake_s;
	unsigned trigger_after_s;
	uint64_t seed;
	bool no_alarms;
	bool kinds;
	bool why;
};

/* the client asks when it connects and every four hours; the others are sent the document at once */
static const struct fleet_backend backends[] = {
    {.mode = MODE_CLIENT, .poll_s = 4 * 3600},
    {.mode = MODE_SERVER},
    {.mode = MODE_NEGOTIATED, .takes_proposals = true},
};
static const char *const mode_names[] = {"client", "server", "negotiated"};

/* as sim/demo/strategy.yaml says */
static const struct fleet_class classes[] = {
    {URGENCY_CRITICAL, 7, 300, false},
    {URGENCY_HIGH, 30, 3600, false},
    {URGENCY_NORMAL, 90, 21600, true},
    {URGENCY_LOW, 0, 86400, true},
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

/* @kind: FLEET_KINDS = all of them; @room: for as many numbers as there are vehicles */
static void row(const struct options *options, size_t mode, size_t class, enum fleet_kind kind,
		const struct fleet_outcome *outcomes, uint64_t *room)
{
	char median[24], p90[24], p99[24];
	size_t n = 0, never = 0, expired = 0;

	for (unsigned i = 0; i < options->vehicles; i++) {
		if (kind != FLEET_KINDS && fleet_kind_of(i) != kind)
			continue;
		room[n++] = outcomes[i].exposure_s;
		never += outcomes[i].exposure_s == FLEET_NEVER;
		expired += outcomes[i].state == CAMPAIGN_EXPIRED;
	}
	if (n == 0)
		return;
	qsort(room, n, sizeof *room, compare);
	printf("%-10s  %-8s  %-14s %8zu  %9s  %9s  %9s  %9.1f  %10.1f\n", mode_names[mode], class_names[class],
	       kind == FLEET_KINDS ? "all" : fleet_kind_name(kind), n, percentile(room, n, 50, median),
	       percentile(room, n, 90, p90), percentile(room, n, 99, p99), 100.0 * (double)expired / (double)n,
	       100.0 * (double)never / (double)n);
}

/* how the campaigns of those that were not done stand at the end, by pattern: NONE, the vehicle never heard of it */
static void reasons(const struct options *options, const struct fleet_outcome *outcomes)
{
	for (enum fleet_kind kind = 0; kind < FLEET_KINDS; kind++) {
		for (int state = CAMPAIGN_NONE; state <= CAMPAIGN_FAILED; state++) {
			for (unsigned code = 0; code < 300; code++) {
				unsigned n = 0;

				for (unsigned i = 0; i < options->vehicles; i++)
					n += fleet_kind_of(i) == kind && outcomes[i].exposure_s == FLEET_NEVER &&
					     (int)outcomes[i].state == state && outcomes[i].code == code;
				if (n > 0)
					printf("    %4u %-14s  %s, %s\n", n, fleet_kind_name(kind),
					       campaign_state_info((enum campaign_state)state)->name,
					       code ? gateway_code_name(code) : "no code");
			}
		}
	}
}

static void rows(const struct options *options, size_t mode, size_t class, const struct fleet_outcome *outcomes,
		 uint64_t *room)
{
	row(options, mode, class, FLEET_KINDS, outcomes, room);
	for (enum fleet_kind kind = 0; options->kinds && kind < FLEET_KINDS; kind++)
		row(options, mode, class, kind, outcomes, room);
	if (options->why)
		reasons(options, outcomes);
}

static bool parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {{"vehicles", required_argument, NULL, 'v'},
					      {"weeks", required_argument, NULL, 'w'},
					      {"awake", required_argument, NULL, 'a'},
					      {"trigger-after", required_argument, NULL, 't'},
					      {"seed", required_argument, NULL, 's'},
					      {"no-alarms", no_argument, NULL, 'n'},
					      {"kinds", no_argument, NULL, 'k'},
					      {"why", no_argument, NULL, 'y'},
					      {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		uint64_t value = optarg ? strtoull(optarg, NULL, 10) : 0;

		if (option == 'v')
			options->vehicles = (unsigned)value;
		else if (option == 'w')
			options->weeks = (unsigned)value;
		else if (option == 'a')
			options->awake_s = (unsigned)value;
		else if (option == 't')
			options->trigger_after_s = (unsigned)value;
		else if (option == 's')
			options->seed = value;
		else if (option == 'k')
			options->kinds = true;
		else if (option == 'n')
			options->no_alarms = true;
		else if (option == 'y')
			options->why = true;
		else
			return false;
	}
	return optind == argc && options->vehicles >= 1 && options->vehicles <= 100000 && options->weeks >= 1 &&
	       options->weeks <= 52;
}

int main(int argc, char **argv)
{
	struct options options = {.vehicles = 1000, .weeks = 8, .awake_s = 900, .trigger_after_s = 3600, .seed = 1};

	if (!parse(&options, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	/* on a Tuesday at ten; a vehicle may be anywhere then */
	struct fleet_model model = {.created_s = DAY_S + 10 * 3600,
				    .end_s = DAY_S + 10 * 3600 + options.weeks * 7 * DAY_S,
				    .awake_s = options.awake_s,
				    .alarms = !options.no_alarms,
				    .flash_s = 480,
				    .erase_s = 20,
				    .image_bytes = 60000000,
				    .bytes_per_s = 500000,
				    .fails_percent = 2,
				    .consent_percent = 50};
	struct fleet_pattern *patterns = calloc(options.vehicles, sizeof *patterns);
	struct gateway *gateway = malloc(sizeof *gateway);
	struct fleet_outcome *outcomes = calloc(options.vehicles, sizeof *outcomes);
	uint64_t *room = calloc(options.vehicles, sizeof *room);
	uint64_t random = options.seed;

	if (!patterns || !gateway || !outcomes || !room) {
		fputs("exposure: out of memory\n", stderr);
		return 1;
	}
	for (unsigned i = 0; i < options.vehicles; i++)
		fleet_pattern_init(&patterns[i], fleet_kind_of(i), options.weeks + 2, &random);
	printf("%-10s  %-8s  %-14s %8s  %9s  %9s  %9s  %9s  %10s\n", "mode", "urgency", "pattern", "vehicles",
	       "median h", "90 % h", "99 % h", "expired %", "not done %");
	for (size_t mode = 0; mode < sizeof backends / sizeof backends[0]; mode++) {
		struct fleet_backend backend = backends[mode];

		if (backend.mode == MODE_SERVER)
			backend.trigger_after_s = options.trigger_after_s;
		for (size_t class = 0; class < sizeof classes / sizeof classes[0]; class ++) {
			for (unsigned i = 0; i < options.vehicles; i++)
				outcomes[i] = fleet_vehicle_run(gateway, &model, &backend, &classes[class],
								&patterns[i], options.seed * 1000003 + i);
			rows(&options, mode, class, outcomes, room);
		}
	}
	for (unsigned i = 0; i < options.vehicles; i++)
		fleet_pattern_deinit(&patterns[i]);
	free(patterns);
	free(gateway);
	free(outcomes);
	free(room);
	return 0;
}
