/*
 * gatewayctl - the operator's command: what gatewayd knows and does, over D-Bus.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatewayd/ctl/bus.h"
#include "gatewayd/ctl/document.h"
#include "gatewayd/ctl/state.h"
#include "gatewayd/ctl/text.h"
#include "gatewayd/ctl/verbs.h"
#include "gatewayd/ctl/watch.h"
#include "gatewayd/ctl/when.h"

static const char usage[] =
    "Usage: gatewayctl [OPTION...] COMMAND\n"
    "\n"
    "Shows what gatewayd, the gateway update daemon, knows and does, and tells it what the driver and\n"
    "the operator want.\n"
    "\n"
    "  status                    the vehicle, its ECUs and its campaigns\n"
    "  campaigns                 the campaigns\n"
    "  show CAMPAIGN             one campaign and each of its ECUs\n"
    "  watch [CAMPAIGN]          follow a campaign until it has ended; without a name all that are\n"
    "                            under way, or else the next that begins\n"
    "  consent CAMPAIGN yes|no   agree to an installation, or take it back before it begins\n"
    "  approve CAMPAIGN          let it be installed now: consent, and an end to postponing\n"
    "  postpone CAMPAIGN TIME    not before TIME: +2h, +3d, 2026-12-01T05:00 (local), …T05:00Z\n"
    "  decline CAMPAIGN [REASON] no, in the driver's name\n"
    "  cancel CAMPAIGN [REASON]  end it, in the operator's name, before an ECU is changed\n"
    "  why CAMPAIGN              the decision on it now: each condition, and what is waited for\n"
    "  ecus                      the ECUs\n"
    "  history [CAMPAIGN]        the campaigns that came to an end: versions, results, times, RXSWIN\n"
    "  check-now                 ask the backend for updates now\n"
    "  lock-diagnostics          keep gatewayd off the diagnostic buses until Ctrl-C\n"
    "\n"
    "      --json                one JSON document; with watch a JSON object a line and change\n"
    "      --address ADDR        D-Bus address, as unix:path=/run/x (default: the system bus)\n"
    "      --until STATE         watch: until the campaign is in STATE or has passed it\n"
    "      --patience SECONDS    watch: how long gatewayd may be gone, as in a restart (30)\n"
    "      --version\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 done (watch: the campaign is done, or in the state asked for); 1 refused, no such\n"
    "campaign, or the campaign ended otherwise; 2 wrong usage; 3 gatewayd or the bus is not there;\n"
    "130 interrupted.\n";

struct options {
	const char *address;
	const char *until;
	unsigned patience_s;
	bool json;
};

static int wrong_usage(const char *text, const char *argument)
{
	fprintf(stderr, "gatewayctl: %s%s%s%s\nTry 'gatewayctl --help'.\n", text, argument ? " '" : "",
		argument ? argument : "", argument ? "'" : "");
	return CTL_USAGE;
}

/* Return: CTL_OK, unless memory or stdout failed */
static int print_json(struct json *json)
{
	const char *text = json_text(json);
	int status = text ? CTL_OK : CTL_FAILED;

	if (text)
		puts(text);
	else
		fprintf(stderr, "gatewayctl: out of memory\n");
	json_deinit(json);
	return status;
}

static int print_all(const struct options *options, const struct model *model,
		     void (*document)(struct json *, const struct model *), void (*text)(const struct model *, FILE *))
{
	struct json json;

	if (!options->json) {
		text(model, stdout);
		return CTL_OK;
	}
	json_init(&json);
	document(&json, model);
	return print_json(&json);
}

static int show(const struct options *options, struct model *model, const char *id)
{
	const struct model_campaign *campaign = model_campaign(model, id);
	struct json json;

	if (!campaign) {
		fprintf(stderr, "gatewayctl: there is no campaign '%s'\n", id);
		return CTL_FAILED;
	}
	if (!options->json) {
		text_campaign(campaign, stdout);
		return CTL_OK;
	}
	json_init(&json);
	document_campaign(&json, campaign);
	return print_json(&json);
}

static int read_and_print(sd_bus *bus, const struct options *options, const char *command, const char *id)
{
	struct model *model = calloc(1, sizeof(*model));
	int status;

	if (!model) {
		fprintf(stderr, "gatewayctl: out of memory\n");
		return CTL_FAILED;
	}
	status = bus_read_all(bus, model);
	if (status == CTL_OK) {
		if (strcmp(command, "status") == 0)
			status = print_all(options, model, document_status, text_status);
		else if (strcmp(command, "campaigns") == 0)
			status = print_all(options, model, document_campaigns, text_campaigns);
		else if (strcmp(command, "ecus") == 0)
			status = print_all(options, model, document_ecus, text_ecus);
		else
			status = show(options, model, id);
	}
	free(model);
	return status;
}

static int verb(sd_bus *bus, const struct options *options, const char *command, char **arguments, int n)
{
	const char *id = n > 0 ? arguments[0] : NULL;

	if (strcmp(command, "consent") == 0)
		return verb_consent(bus, options->json, id, strcmp(arguments[1], "yes") == 0);
	if (strcmp(command, "approve") == 0)
		return verb_approve(bus, options->json, id);
	if (strcmp(command, "postpone") == 0)
		return verb_postpone(bus, options->json, id, arguments[1]);
	if (strcmp(command, "decline") == 0 || strcmp(command, "cancel") == 0)
		return verb_end(bus, options->json, command, id, n > 1 ? arguments[1] : NULL);
	if (strcmp(command, "check-now") == 0)
		return verb_check_now(bus, options->json);
	if (strcmp(command, "why") == 0)
		return verb_why(bus, options->json, id);
	if (strcmp(command, "history") == 0)
		return verb_history(bus, options->json, id);
	if (strcmp(command, "lock-diagnostics") == 0)
		return verb_lock_diagnostics(bus, options->json);
	return read_and_print(bus, options, command, id);
}

static int run(const struct options *options, const char *command, char **arguments, int n)
{
	struct watch_options watch = {
	    .campaign = n > 0 ? arguments[0] : NULL,
	    .until = options->until,
	    .patience_s = options->patience_s,
	    .json = options->json,
	};
	sd_bus *bus = NULL;
	int status = bus_open(options->address, &bus);

	if (status)
		return status;
	if (strcmp(command, "watch") == 0)
		status = watch_run(bus, &watch);
	else
		status = verb(bus, options, command, arguments, n);
	sd_bus_flush_close_unref(bus);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "gatewayctl: cannot write: %s\n", strerror(errno));
		return CTL_FAILED;
	}
	return status;
}

static int not_ahead(const char *duration)
{
	return wrong_usage("a duration must be positive, as +2h or +3d, not", duration);
}

/* "-5m" behind postpone: a duration to a person, options to getopt; NULL */
static char *negative_duration(int argc, char **argv)
{
	bool postpones = false;

	for (int i = 1; i < argc; i++) {
		if (postpones && argv[i][0] == '-' && when_not_ahead(argv[i]))
			return argv[i];
		postpones = postpones || strcmp(argv[i], "postpone") == 0;
	}
	return NULL;
}

static int check_command(const struct options *options, char **words, int n)
{
	static const struct {
		const char *name;
		int min, max; /* arguments */
		const char *needs;
	} commands[] = {
	    {"status", 0, 0, ""},
	    {"campaigns", 0, 0, ""},
	    {"ecus", 0, 0, ""},
	    {"show", 1, 1, "show needs the name of a campaign"},
	    {"watch", 0, 1, ""},
	    {"consent", 2, 2, "consent needs the name of a campaign, and yes or no"},
	    {"approve", 1, 1, "approve needs the name of a campaign"},
	    {"postpone", 2, 2, "postpone needs the name of a campaign, and until when"},
	    {"decline", 1, 2, "decline needs the name of a campaign"},
	    {"cancel", 1, 2, "cancel needs the name of a campaign"},
	    {"why", 1, 1, "why needs the name of a campaign"},
	    {"check-now", 0, 0, ""},
	    {"history", 0, 1, ""},
	    {"lock-diagnostics", 0, 0, ""},
	};

	uint64_t unused;

	if (n == 0)
		return wrong_usage("no command", NULL);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(words[0], commands[i].name) != 0)
			continue;
		if (n - 1 < commands[i].min)
			return wrong_usage(commands[i].needs, NULL);
		if (n - 1 > commands[i].max)
			return wrong_usage("unexpected argument", words[commands[i].max + 1]);
		if (strcmp(words[0], "consent") == 0 && strcmp(words[2], "yes") != 0 && strcmp(words[2], "no") != 0)
			return wrong_usage("consent takes yes or no, not", words[2]);
		if (strcmp(words[0], "postpone") == 0 && when_not_ahead(words[2]))
			return not_ahead(words[2]);
		if (strcmp(words[0], "postpone") == 0 && !when_parse(words[2], 0, &unused))
			return wrong_usage("postpone takes +2h, +3d or 2026-12-01T05:00, not", words[2]);
		if (n > 1 && words[1][0] == '\0')
			return wrong_usage("the name of a campaign is empty", NULL);
		if (options->until && strcmp(words[0], "watch") != 0)
			return wrong_usage("--until belongs to watch", NULL);
		return CTL_OK;
	}
	return wrong_usage("there is no command", words[0]);
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"address", required_argument, NULL, 'a'},
	    {"until", required_argument, NULL, 'u'},
	    {"patience", required_argument, NULL, 'p'},
	    {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	struct options options = {.patience_s = 30};
	const char *negative = negative_duration(argc, argv);
	unsigned long patience_s;
	int option, status;
	char *rest;

	if (negative)
		return not_ahead(negative);

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (option) {
		case 'j':
			options.json = true;
			break;
		case 'a':
			options.address = optarg;
			break;
		case 'u':
			options.until = optarg;
			if (!state_known(optarg)) {
				char names[STATE_NAMES_BYTES];

				fprintf(stderr, "gatewayctl: --until: there is no state '%s'; there are: %s\n", optarg,
					state_names(names));
				return CTL_USAGE;
			}
			break;
		case 'p':
			patience_s = strtoul(optarg, &rest, 10);
			if (optarg[0] < '0' || optarg[0] > '9' || *rest || patience_s > 86400)
				return wrong_usage("--patience takes 0 to 86400 seconds, not", optarg);
			options.patience_s = (unsigned)patience_s;
			break;
		case 'v':
			puts("gatewayctl " GU_VERSION);
			return CTL_OK;
		case 'h':
			fputs(usage, stdout);
			return CTL_OK;
		default:
			fputs("Try 'gatewayctl --help'.\n", stderr);
			return CTL_USAGE;
		}
	}
	status = check_command(&options, argv + optind, argc - optind);
	return status ? status : run(&options, argv[optind], argv + optind + 1, argc - optind - 1);
}
