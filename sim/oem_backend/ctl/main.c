/* oemctl - campaigns into the reference backend, and what became of them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oem_backend/ctl/ctl.h"
#include "sim/oem_backend/ctl/spec_windows.h"
#include "sim/oem_backend/ctl/talk.h"
#include "sim/oem_backend/json_read.h"

static const char usage[] =
    "oemctl [--control PATH] [--json] COMMAND\n"
    "\n"
    "  image add FILE...      give the backend files (images, profiles); prints SHA-256, length, name\n"
    "  manifest add FILE      give it an author's manifest; it is verified, its files must be there\n"
    "  campaign add           a campaign from --spec FILE.yaml, or completed or made by flags:\n"
    "      --id ID --vehicle ID --manifest FILE|SHA256 --start TIME --end TIME\n"
    "      --recurring days=mon+fri|daily,start=HH:MM,duration_s=N,time_zone=ZONE\n"
    "      --deadline TIME --retry-pause SECONDS\n"
    "      --urgency low|normal|high|critical --mode client_initiated|server_initiated|negotiated\n"
    "      --consent|--no-consent --condition KIND[=VALUE] --supersedes ID\n"
    "      --target ecu=NAME,component=NAME[,hardware_id=ID][,serial_number=NO][,rollback=none|FILE]\n"
    "      --unchecked        not compared with manifest and inventory, to test a vehicle's own refusal\n"
    "      what is not said of urgency, mode, and consent is the strategy's to say\n"
    "      TIME is 2026-11-23T18:00:00Z, or from now +90s, +15m, +2h, +1d\n"
    "  campaign create        the same\n"
    "  campaign list [--all]  those that are not closed, or all\n"
    "  campaign show ID       one with its ECUs\n"
    "  campaign watch ID      follow it until it is over; exit code 0 if it was verified\n"
    "  campaign cancel ID     end one that is not over\n"
    "  campaign close ID      take one that is over off the vehicle's list\n"
    "  strategy show          the rules, classes and modes of the backend's strategy\n"
    "  strategy test FILE|SHA256 [--vehicle ID]\n"
    "                         which rule decides about a manifest and why, and what a campaign of it gets\n"
    "  rollout create --vehicles FILE|all [--waves 1,10%,rest] [--error-threshold PERCENT] [--min-done PERCENT]\n"
    "      [--soak SECONDS]   one campaign for each vehicle, in waves; beside it what `campaign add` takes, without\n"
    "                         --vehicle; FILE has a vehicle a line; a TIME from now counts from each beginning\n"
    "  rollout list           all\n"
    "  rollout show ID [--all] one with its waves, and the vehicles that failed, or all\n"
    "  rollout watch ID       follow it until it is over or stopped; exit code 0 if it is done\n"
    "  rollout pause ID       give no further vehicle its campaign\n"
    "  rollout resume ID [--error-threshold PERCENT]\n"
    "                         go on with one that is paused or was stopped\n"
    "  rollout cancel ID      end it and take back what no vehicle has begun to install\n"
    "  trigger ID             a server-initiated campaign: install it now; the vehicle judges whether it is safe\n"
    "  vehicle list           all that ever connected\n"
    "  vehicle show ID        one with its ECUs and update modes\n"
    "  reports [--campaign ID]\n"
    "  wait --campaign ID [--state STATE] [--timeout SECONDS]\n"
    "                         STATE: verified (default), done, installing, failed, ...; 60 s if not given\n"
    "  wait --vehicle ID [--state online|offline] [--timeout SECONDS]\n"
    "  debug drop-after BYTES close a connection once, after so many bytes of files\n"
    "  debug rate BYTES       of files a second to each vehicle; 0 = no limit\n"
    "  debug disconnect [ID]  cut the vehicle's session, or all\n"
    "\n"
    "  --control PATH         the backend's control socket; else $OEMCTL_CONTROL\n"
    "  --json                 answers as JSON\n"
    "  --help, --version\n"
    "\n"
    "Exit codes: 0 done, or what was waited for has come; 1 refused, or it has not come; 2 wrong usage or a wrong\n"
    "campaign file; 3 the backend is not reachable.\n";

enum {
	OPTION_SPEC = 256,
	OPTION_ID,
	OPTION_VEHICLE,
	OPTION_MANIFEST,
	OPTION_START,
	OPTION_END,
	OPTION_RECURRING,
	OPTION_DEADLINE,
	OPTION_RETRY_PAUSE,
	OPTION_URGENCY,
	OPTION_MODE,
	OPTION_CONSENT,
	OPTION_CONDITION,
	OPTION_SUPERSEDES,
	OPTION_TARGET,
	OPTION_UNCHECKED,
	OPTION_ALL,
	OPTION_CAMPAIGN,
	OPTION_STATE,
	OPTION_TIMEOUT,
	OPTION_VERSION,
	OPTION_NO_CONSENT,
	OPTION_VEHICLES,
	OPTION_WAVES,
	OPTION_THRESHOLD,
	OPTION_MIN_DONE,
	OPTION_SOAK,
};

static const struct option options[] = {
    {"control", required_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"spec", required_argument, NULL, OPTION_SPEC},
    {"id", required_argument, NULL, OPTION_ID},
    {"vehicle", required_argument, NULL, OPTION_VEHICLE},
    {"manifest", required_argument, NULL, OPTION_MANIFEST},
    {"start", required_argument, NULL, OPTION_START},
    {"end", required_argument, NULL, OPTION_END},
    {"recurring", required_argument, NULL, OPTION_RECURRING},
    {"deadline", required_argument, NULL, OPTION_DEADLINE},
    {"retry-pause", required_argument, NULL, OPTION_RETRY_PAUSE},
    {"urgency", required_argument, NULL, OPTION_URGENCY},
    {"mode", required_argument, NULL, OPTION_MODE},
    {"consent", no_argument, NULL, OPTION_CONSENT},
    {"no-consent", no_argument, NULL, OPTION_NO_CONSENT},
    {"vehicles", required_argument, NULL, OPTION_VEHICLES},
    {"waves", required_argument, NULL, OPTION_WAVES},
    {"error-threshold", required_argument, NULL, OPTION_THRESHOLD},
    {"min-done", required_argument, NULL, OPTION_MIN_DONE},
    {"soak", required_argument, NULL, OPTION_SOAK},
    {"condition", required_argument, NULL, OPTION_CONDITION},
    {"supersedes", required_argument, NULL, OPTION_SUPERSEDES},
    {"target", required_argument, NULL, OPTION_TARGET},
    {"unchecked", no_argument, NULL, OPTION_UNCHECKED},
    {"all", no_argument, NULL, OPTION_ALL},
    {"campaign", required_argument, NULL, OPTION_CAMPAIGN},
    {"state", required_argument, NULL, OPTION_STATE},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {NULL, 0, NULL, 0},
};

void ctl_request(struct json *request, const char *command)
{
	json_init(request);
	json_object(request);
	ctl_add_text(request, "command", command);
}

void ctl_add_text(struct json *request, const char *key, const char *value)
{
	json_key(request, key);
	json_string(request, value);
}

enum ctl_exit ctl_ask(struct ctl *self, struct json *request, char **answer)
{
	char error[1024];

	*answer = NULL;
	if (!self->control) {
		json_deinit(request);
		fputs("oemctl: where is the backend? give --control PATH or set OEMCTL_CONTROL\n", stderr);
		return CTL_USAGE;
	}
	if (talk(self->control, request, answer, error)) {
		if (!self->quiet)
			fprintf(stderr, "oemctl: %s\n", error);
		return CTL_UNREACHABLE;
	}
	struct json_read read = {self->db, *answer};
	if (json_read_bool(&read, "$.ok"))
		return CTL_OK;
	if (!self->quiet) {
		(void)json_read_text(&read, "$.error", error, sizeof error);
		fprintf(stderr, "oemctl: %s\n", error[0] ? error : "the backend's answer is not understood");
		if (self->json)
			puts(*answer);
	}
	free(*answer);
	*answer = NULL;
	return CTL_REFUSED;
}

/* a command that says only whether it worked; @key: NULL without argument */
static enum ctl_exit simple(struct ctl *self, const char *command, const char *key, const char *value)
{
	struct json request;
	char *answer;

	ctl_request(&request, command);
	if (key)
		ctl_add_text(&request, key, value);
	json_object_end(&request);
	enum ctl_exit status = ctl_ask(self, &request, &answer);
	if (status == CTL_OK && self->json)
		puts(answer);
	free(answer);
	return status;
}

static enum ctl_exit number(struct ctl *self, const char *command, const char *key, const char *text)
{
	struct json request;
	char *answer, *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || value > INT64_MAX) {
		fprintf(stderr, "oemctl: \"%s\" is no number of bytes\n", text);
		return CTL_USAGE;
	}
	ctl_request(&request, command);
	json_key(&request, key);
	json_uint(&request, value);
	json_object_end(&request);
	enum ctl_exit status = ctl_ask(self, &request, &answer);
	if (status == CTL_OK && self->json)
		puts(answer);
	free(answer);
	return status;
}

static bool is(char **args, int n, const char *noun, const char *verb, int n_min, int n_max)
{
	return n >= n_min && n <= n_max && strcmp(args[0], noun) == 0 && (!verb || strcmp(args[1], verb) == 0);
}

static enum ctl_exit unknown(const char *first, const char *second)
{
	fprintf(stderr, "oemctl: %s%s%s: no such command, or not with these arguments; see oemctl --help\n", first,
		second ? " " : "", second ? second : "");
	return CTL_USAGE;
}

static enum ctl_exit rollout(struct ctl *self, char **args, int n)
{
	if (is(args, n, "create", NULL, 1, 1))
		return ctl_rollout_create(self);
	if (is(args, n, "list", NULL, 1, 1))
		return ctl_rollout_list(self);
	if (is(args, n, "show", NULL, 2, 2))
		return ctl_rollout_show(self, args[1]);
	if (is(args, n, "watch", NULL, 2, 2))
		return ctl_rollout_watch(self, args[1]);
	if (is(args, n, "pause", NULL, 2, 2) || is(args, n, "resume", NULL, 2, 2) || is(args, n, "cancel", NULL, 2, 2))
		return ctl_rollout_set(self, args[0], args[1]);
	return unknown("rollout", args[0]);
}

static enum ctl_exit run(struct ctl *self, char **args, int n)
{
	if (is(args, n, "image", "add", 3, 10000))
		return ctl_image_add(self, args + 2, n - 2);
	if (is(args, n, "manifest", "add", 3, 3))
		return ctl_manifest_add(self, args[2]);
	if (is(args, n, "campaign", "add", 2, 2) || is(args, n, "campaign", "create", 2, 2))
		return ctl_campaign_add(self);
	if (is(args, n, "campaign", "list", 2, 2))
		return ctl_campaign_list(self);
	if (is(args, n, "campaign", "show", 3, 3))
		return ctl_campaign_show(self, args[2]);
	if (is(args, n, "campaign", "watch", 3, 3))
		return ctl_campaign_watch(self, args[2]);
	if (is(args, n, "campaign", "cancel", 3, 3))
		return simple(self, "campaign-cancel", "id", args[2]);
	if (is(args, n, "campaign", "close", 3, 3))
		return simple(self, "campaign-close", "id", args[2]);
	if (is(args, n, "strategy", "show", 2, 2))
		return ctl_strategy_show(self);
	if (is(args, n, "strategy", "test", 3, 3))
		return ctl_strategy_test(self, args[2]);
	if (n >= 2 && strcmp(args[0], "rollout") == 0)
		return rollout(self, args + 1, n - 1);
	if (is(args, n, "trigger", NULL, 2, 2))
		return simple(self, "trigger", "id", args[1]);
	if (is(args, n, "vehicle", "list", 2, 2))
		return ctl_vehicle_list(self);
	if (is(args, n, "vehicle", "show", 3, 3))
		return ctl_vehicle_show(self, args[2]);
	if (is(args, n, "reports", NULL, 1, 1))
		return ctl_reports(self);
	if (is(args, n, "wait", NULL, 1, 1))
		return ctl_wait(self);
	if (is(args, n, "debug", "drop-after", 3, 3))
		return number(self, "debug-drop-after", "bytes", args[2]);
	if (is(args, n, "debug", "rate", 3, 3))
		return number(self, "debug-rate", "rate", args[2]);
	if (is(args, n, "debug", "disconnect", 2, 3))
		return simple(self, "debug-disconnect", n == 3 ? "vehicle" : NULL, n == 3 ? args[2] : NULL);
	return unknown(args[0], n > 1 ? args[1] : NULL);
}

/* a flag of `campaign add`; Return: whether it was good */
static bool spec_option(struct spec *spec, int option, const char *value)
{
	const char *wrong = NULL;

	switch (option) {
	case OPTION_ID:
		spec_set(&spec->id, value);
		break;
	case OPTION_MANIFEST:
		spec_set(&spec->manifest, value);
		break;
	case OPTION_START:
		spec_set(&spec->window.start, value);
		break;
	case OPTION_END:
		spec_set(&spec->window.end, value);
		break;
	case OPTION_URGENCY:
		spec_set(&spec->urgency, value);
		break;
	case OPTION_MODE:
		spec_set(&spec->mode, value);
		break;
	case OPTION_CONSENT:
	case OPTION_NO_CONSENT:
		spec->consent_required = option == OPTION_CONSENT;
		spec->consent_given = true;
		break;
	case OPTION_RECURRING:
		wrong = spec_add_recurrence(spec, value);
		break;
	case OPTION_DEADLINE:
		spec_set(&spec->deadline, value);
		break;
	case OPTION_RETRY_PAUSE:
		wrong = spec_set_retry_pause(spec, value);
		break;
	case OPTION_CONDITION:
		wrong = spec_add_condition(spec, value);
		break;
	case OPTION_SUPERSEDES:
		spec_add_supersedes(spec, value);
		break;
	case OPTION_TARGET:
		wrong = spec_add_target(spec, value);
		break;
	default:
		return false;
	}
	if (wrong)
		fprintf(stderr, "oemctl: \"%s\": %s\n", value, wrong);
	return !wrong;
}

/* the file first, whatever the order on the command line: flags complete it and go before it */
static bool load_spec(struct ctl *self, int argc, char **argv)
{
	struct yaml_error error;
	const char *path = NULL;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "c:jh", options, NULL)) != -1) {
		if (option == OPTION_SPEC)
			path = optarg;
	}
	opterr = 1;
	optind = 0;
	if (!path) {
		self->spec = spec_new();
		return true;
	}
	if (spec_load(path, &self->spec, &error) == 0)
		return true;
	fprintf(stderr, "oemctl: %s\n", error.text);
	return false;
}

/* Return: -1 go on, else the exit code */
static int parse(struct ctl *self, int argc, char **argv)
{
	char *end;
	int option;

	if (!load_spec(self, argc, argv))
		return CTL_USAGE;
	while ((option = getopt_long(argc, argv, "c:jh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			self->control = optarg;
			break;
		case 'j':
			self->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return CTL_OK;
		case OPTION_VERSION:
			puts("oemctl " GU_VERSION);
			return CTL_OK;
		case OPTION_SPEC:
			break;
		case OPTION_VEHICLE:
			self->vehicle = optarg;
			spec_set(&self->spec->vehicle, optarg);
			break;
		case OPTION_UNCHECKED:
			self->unchecked = true;
			break;
		case OPTION_ALL:
			self->all = true;
			break;
		case OPTION_CAMPAIGN:
			self->campaign = optarg;
			break;
		case OPTION_STATE:
			self->state = optarg;
			break;
		case OPTION_VEHICLES:
			self->vehicles = optarg;
			break;
		case OPTION_WAVES:
			self->waves = optarg;
			break;
		case OPTION_THRESHOLD:
			self->error_threshold = optarg;
			break;
		case OPTION_MIN_DONE:
			self->min_done = optarg;
			break;
		case OPTION_SOAK:
			self->soak = optarg;
			break;
		case OPTION_TIMEOUT:
			self->timeout_given = true;
			self->timeout_s = strtod(optarg, &end);
			if (end == optarg || *end || !(self->timeout_s >= 0)) {
				fprintf(stderr, "oemctl: --timeout %s: no number of seconds\n", optarg);
				return CTL_USAGE;
			}
			break;
		case '?':
			fputs("oemctl: see oemctl --help\n", stderr);
			return CTL_USAGE;
		default:
			if (!spec_option(self->spec, option, optarg))
				return CTL_USAGE;
			break;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.control = getenv("OEMCTL_CONTROL"), .timeout_s = 60};
	int status = parse(&ctl, argc, argv);

	if (status < 0 && optind == argc) {
		fputs("oemctl: which command? see oemctl --help\n", stderr);
		status = CTL_USAGE;
	}
	if (status < 0) {
		if (sqlite3_open(":memory:", &ctl.db) == SQLITE_OK) {
			status = (int)run(&ctl, argv + optind, argc - optind);
		} else {
			fputs("oemctl: out of memory\n", stderr);
			status = CTL_REFUSED;
		}
		sqlite3_close(ctl.db);
	}
	spec_free(ctl.spec);
	return status;
}
